from __future__ import annotations

import numpy as np

from knowledge_base.text_index import ENOUGH_RECALL, TextIndex


def texts(rows: int, dimension: int = 32, seed: int = 0) -> np.ndarray:
    """Unit vectors in loose clusters, as texts of a few topics are."""
    draw = np.random.default_rng(seed)
    topics = draw.normal(size=(40, dimension))
    vectors = topics[draw.integers(0, 40, rows)] + 0.7 * draw.normal(size=(rows, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_an_exact_index_gives_the_cosines_in_order():
    vectors = texts(500)
    cosines, rows = TextIndex(vectors).nearest(vectors[7:8], 5)
    expected = np.argsort(-(vectors @ vectors[7]))[:5]
    assert rows[0].tolist() == expected.tolist()
    assert np.allclose(cosines[0], (vectors @ vectors[7])[expected], atol=1e-5)


def test_more_than_there_are_are_filled_with_minus_one():
    _, rows = TextIndex(texts(3)).nearest(texts(1), 5)
    assert sorted(rows[0].tolist())[:2] == [-1, -1]


def test_a_partitioned_index_finds_what_the_exact_one_finds():
    vectors = texts(5000)
    partitioned = TextIndex(vectors, exact=False)
    assert partitioned.recall >= ENOUGH_RECALL
    queries = texts(5200)[5000:]
    _, found = partitioned.nearest(queries, 10)
    _, exact = TextIndex(vectors, exact=True).nearest(queries, 10)
    shared = np.mean([len(np.intersect1d(a, b)) / 10 for a, b in zip(found, exact)])
    assert shared > 0.9


def test_an_edit_keeps_the_partition_and_its_recall():
    vectors = texts(5000)
    before = TextIndex(vectors, exact=False)
    after = TextIndex(np.concatenate([vectors, texts(300, seed=9)]), before, exact=False)
    assert after._coarse is before._coarse
    assert after.size == 5300
    assert after.recall >= ENOUGH_RECALL


def test_large_bases_are_partitioned_by_themselves(monkeypatch):
    monkeypatch.setattr("knowledge_base.text_index.EXACT_UP_TO_NUMBERS", 1000)
    assert TextIndex(texts(20)).exact
    assert TextIndex(texts(500)).name == "IndexIVFFlat"
