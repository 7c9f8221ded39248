from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.lexical import ASKED, K1, WHOLE, B, Bm25, Counting, TermCounts, Vocabulary, bigrams, over


def counted(vocabulary: Vocabulary, *documents: str, answers: Sequence[str] = ()) -> TermCounts:
    counting = Counting(vocabulary)
    for row, document in enumerate(documents):
        counting.add(document.split(), answers[row].split() if answers else ())
    return counting.finished(ASKED)


class index:
    """Documents of one field."""

    def __init__(self, *documents: str) -> None:
        self.documents = documents
        vocabulary = Vocabulary()
        self.bm25 = Bm25(vocabulary, [counted(vocabulary, *documents)])

    def shares(self, query: Sequence[str]) -> tuple[np.ndarray, float]:
        return over(text.split() for text in self.documents)(query), float(self.bm25.weigh(query).unknown[ASKED])


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
    vocabulary = Vocabulary()
    bm25 = Bm25(vocabulary, [counted(vocabulary)])
    weights = bm25.weigh(["a"])
    assert bm25.shares(0, np.arange(0), weights).shape == (2, 0)
    assert len(bm25.gather(0, weights, 3).rows) == 0


def test_terms_learnt_for_a_later_version_are_unknown_to_an_earlier_one():
    vocabulary = Vocabulary()
    early = Bm25(vocabulary, [counted(vocabulary, "a")])
    vocabulary.learn(["new"])
    weights = early.weigh(["new"])
    assert not early.shares(0, np.arange(1), weights).any()
    assert weights.unknown.tolist() == [1.0, 1.0]


def test_bigrams_leave_punctuation_out_and_keep_a_lone_letter():
    assert bigrams("退款,多久?") == ["退款", "款多", "多久"]
    assert bigrams("退!") == ["退"]
    assert bigrams("😀") == []


def test_the_answer_counts_for_the_whole_and_not_for_what_is_asked():
    vocabulary = Vocabulary()
    bm25 = Bm25(vocabulary, [counted(vocabulary, "a b", "b", answers=["c", "a"])])
    shares = bm25.shares(0, np.arange(2), bm25.weigh(["a"]))
    assert shares[ASKED].tolist() == [pytest.approx(shares[ASKED, 0]), 0.0]
    assert (shares[WHOLE] > 0).all()
    assert bm25.weigh(["c"]).unknown.tolist() == [1.0, 0.0]


DOCUMENTS = st.lists(st.lists(st.sampled_from("abcdef"), min_size=1).map(" ".join), min_size=1, max_size=12)


@settings(deadline=None)
@given(DOCUMENTS, DOCUMENTS, st.data())
def test_parts_with_documents_gone_score_as_one_base_of_what_is_left(first, second, data):
    vocabulary = Vocabulary()
    parts = [counted(vocabulary, *first), counted(vocabulary, *second)]
    gone = [np.array(sorted(data.draw(st.sets(st.integers(0, len(p) - 1), max_size=len(p) - 1)))) for p in parts]
    gone = [rows.astype(np.int64) for rows in gone]
    left = [np.setdiff1d(np.arange(len(p)), rows) for p, rows in zip(parts, gone)]
    whole = index(*(documents[row] for documents, rows in zip((first, second), left) for row in rows))
    bm25 = Bm25(vocabulary, parts, gone)
    query = data.draw(st.lists(st.sampled_from("abcdefg"), min_size=1))
    weights = bm25.weigh(query)
    scores = np.concatenate([bm25.shares(at, rows, weights)[ASKED] for at, rows in enumerate(left)])
    expected, unknown = whole.shares(query)
    assert scores == pytest.approx(expected, abs=1e-9)
    assert weights.unknown[ASKED] == pytest.approx(unknown)
    for at, rows in enumerate(left):
        gathered = bm25.gather(at, weights, 3)
        found, gained = gathered.rows, gathered.shares
        mine = bm25.shares(at, rows, weights)[ASKED]
        assert set(found) <= set(rows), "what is gone is not found"
        nth = sorted(mine)[-3:][0] if len(mine) >= 3 else 0.0
        assert set(rows[(mine > nth + 1e-6)]) <= set(found)
        assert (gained > 0).all()


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcdef"), min_size=1), min_size=1), st.lists(st.sampled_from("abcdefg")))
def test_shares_lie_between_nothing_and_everything(documents, query):
    scores, unknown = index(*(" ".join(document) for document in documents)).shares(query)
    assert (scores >= 0).all()
    assert (scores <= 1 + 1e-5).all()
    assert 0 <= unknown <= 1
    assert np.isfinite(scores).all()
