from __future__ import annotations

from pathlib import Path

import numpy as np

from training.corpora import Question, questions
from training.split import UNSEEN_DOMAIN, bigrams, by_domain, hard_queries, retrieval, split_questions

DATA = Path(__file__).parents[3] / "data" / "paraphrases"


def question(domain: str, canonical: str, *paraphrases: str) -> Question:
    return Question(domain, canonical, paraphrases, ())


def test_every_question_falls_into_one_part_and_the_unseen_domain_whole() -> None:
    found = questions(DATA)
    split = split_questions(found)
    parts = [*split.train, *split.seen_domains, *split.unseen_domain]
    assert sorted(q.canonical + q.domain for q in parts) == sorted(q.canonical + q.domain for q in found)
    assert {q.domain for q in split.unseen_domain} == {UNSEEN_DOMAIN}
    assert UNSEEN_DOMAIN not in {q.domain for q in (*split.train, *split.seen_domains)}
    assert len(split.train) > 5 * len(split.seen_domains) > 0


def test_the_division_does_not_depend_on_the_order() -> None:
    found = questions(DATA)
    assert set(split_questions(found[::-1]).train) == set(split_questions(found).train)


def test_hard_queries_are_those_that_overlap_least_with_what_the_base_lists() -> None:
    asked = question(
        "d", "怎么申请退货", "退货", "如何退货", "怎么申请退货呀", "东西不想要了", "买错了咋整", "退货怎么申请"
    )
    assert set(hard_queries(asked)) == {"东西不想要了", "买错了咋整"}


def test_a_short_text_has_itself_as_its_only_gram() -> None:
    assert bigrams("退") == {"退"}


def letters(texts: list[str]) -> np.ndarray:
    """An encoder that sees which letters a text holds."""
    table = np.array([[text.count(c) for c in "abcdefgh"] for text in texts], dtype=np.float32)
    return table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)


def test_retrieval_counts_entries_not_variants() -> None:
    base = [
        question("d", "a", "aa", "ab", "aab"),
        question("d", "h", "hh", "hg", "hhf"),
        question("d", "c", "cd", "d", "ha"),
    ]
    found = retrieval(letters, base, base)
    assert found["queries"] == 3
    assert found["hit@1"] == round(2 / 3, 4)  # "ha" is nearer to "h" than to its own question "c"
    assert found["hit@3"] == 1.0


def test_each_domain_is_its_own_base() -> None:
    base = [question("x", "a", "aa", "ab", "aab"), question("y", "c", "cd", "d", "ca")]
    assert retrieval(letters, base, base)["hit@1"] <= by_domain(letters, base, base)["hit@1"] == 1.0
