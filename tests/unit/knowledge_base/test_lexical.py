from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.lexical import K1, B, Bm25, Vocabulary, bigrams, joined


def index(*documents: str) -> Bm25:
    vocabulary = Vocabulary()
    return Bm25(vocabulary, [vocabulary.count(document.split()) for document in documents])


def test_a_score_is_the_published_formula_over_what_the_query_could_reach():
    documents = ["a a b", "b c", "c c c d"]
    scores, unknown = index(*documents).shares(["a", "b", "zzz"])
    idf = {term: math.log(1 + (3 - n + 0.5) / (n + 0.5)) for term, n in {"a": 1, "b": 2, "zzz": 0}.items()}
    total = sum(idf.values())

    def part(term: str, document: list[str]) -> float:
        count = document.count(term)
        return idf[term] * count * (K1 + 1) / (count + K1 * (1 - B + B * len(document) / 3))

    expected = [sum(part(t, d.split()) for t in "ab") / total / (K1 + 1) for d in documents]
    assert scores == pytest.approx(expected, abs=1e-6)
    assert unknown == pytest.approx(idf["zzz"] / total)


def test_a_query_of_unknown_terms_finds_nothing_and_says_so():
    scores, unknown = index("a b", "c").shares(["x", "y"])
    assert not scores.any()
    assert unknown == 1.0
    assert index("a").shares([])[1] == 0.0


def test_an_empty_base_finds_nothing():
    scores, _ = Bm25(Vocabulary(), []).shares(["a"])
    assert scores.shape == (0,)


def test_terms_learnt_for_a_later_version_are_unknown_to_an_earlier_one():
    vocabulary = Vocabulary()
    early = Bm25(vocabulary, [vocabulary.count(["a"])])
    vocabulary.count(["new"])
    scores, unknown = early.shares(["new"])
    assert not scores.any()
    assert unknown == 1.0


def test_bigrams_leave_punctuation_out_and_keep_a_lone_letter():
    assert bigrams("退款,多久?") == ["退款", "款多", "多久"]
    assert bigrams("退!") == ["退"]
    assert bigrams("😀") == []


@settings(deadline=None)
@given(st.lists(st.sampled_from("abcde")), st.lists(st.sampled_from("abcde")))
def test_joining_counts_is_counting_the_joined_text(first, second):
    vocabulary = Vocabulary()
    numbers, counts = joined(vocabulary.count(first), vocabulary.count(second))
    whole = dict(zip(*(part.tolist() for part in vocabulary.count(first + second))))
    assert dict(zip(numbers.tolist(), counts.tolist())) == whole


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcdef"), min_size=1), min_size=1), st.lists(st.sampled_from("abcdefg")))
def test_shares_lie_between_nothing_and_everything(documents, query):
    scores, unknown = index(*(" ".join(document) for document in documents)).shares(query)
    assert (scores >= 0).all()
    assert (scores <= 1 + 1e-5).all()
    assert 0 <= unknown <= 1
    assert np.isfinite(scores).all()
