from __future__ import annotations

import numpy as np
import pytest

from knowledge_base.text_index import ENOUGH_RECALL, TextIndex, exact_nearest, kept, unpacked


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


@pytest.fixture(params=["IndexHNSWSQ", "IndexIVFScalarQuantizer"])
def kind(request, monkeypatch) -> str:
    """The graph and the cells."""
    monkeypatch.setattr("knowledge_base.text_index.GRAPH_UP_TO_NUMBERS", 10**9 if request.param == "IndexHNSWSQ" else 0)
    return request.param


def test_a_quick_index_finds_what_the_exact_one_finds(kind):
    vectors = texts(5200)
    vectors, queries = vectors[:5000], vectors[5000:]  # of the same topics
    quick = TextIndex(vectors, exact=False)
    assert quick.name == kind
    assert quick.recall >= ENOUGH_RECALL
    _, found = quick.nearest(queries, 10)
    _, exact = TextIndex(vectors, exact=True).nearest(queries, 10)
    shared = np.mean([len(np.intersect1d(a, b)) / 10 for a, b in zip(found, exact)])
    assert shared >= 0.97


def test_an_edit_keeps_the_partition_and_its_recall(monkeypatch):
    monkeypatch.setattr("knowledge_base.text_index.GRAPH_UP_TO_NUMBERS", 0)
    vectors = texts(5000)
    before = TextIndex(vectors, exact=False)
    after = TextIndex(np.concatenate([vectors, texts(300, seed=9)]), before, exact=False)
    assert after._coarse is before._coarse
    assert after.size == 5300
    assert after.recall >= ENOUGH_RECALL


def alike(clusters: int = 8, each: int = 600, dimension: int = 32) -> np.ndarray:
    """Vectors in tight clusters far apart, as answers that differ in one word."""
    draw = np.random.default_rng(3)
    middles = np.repeat(draw.normal(size=(clusters, dimension)), each, axis=0)
    vectors = middles + 0.2 * draw.normal(size=(clusters * each, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_a_graph_that_cannot_find_enough_gives_way_to_cells(monkeypatch):
    monkeypatch.setattr("knowledge_base.text_index._MOST_SIGHT", 10)  # so few that no graph would do
    vectors = alike()
    index = TextIndex(vectors, exact=False)
    assert index.name == "IndexIVFScalarQuantizer"
    assert index.recall >= ENOUGH_RECALL
    later = TextIndex(np.concatenate([vectors, vectors[:5]]), index, exact=False)
    assert later._coarse is index._coarse, "the next version does not try the graph again"


def test_the_size_decides(monkeypatch):
    monkeypatch.setattr("knowledge_base.text_index.GRAPH_UP_TO_NUMBERS", 20_000)
    monkeypatch.setattr("knowledge_base.text_index.EXACT_UP_TO_NUMBERS", 1000)
    assert TextIndex(texts(20)).exact
    assert TextIndex(texts(500)).name == "IndexHNSWSQ"
    assert TextIndex(texts(1000)).name == "IndexIVFScalarQuantizer"


def test_many_vectors_are_kept_in_half_the_space_and_found_all_the_same(kind, monkeypatch):
    vectors = texts(3000)
    monkeypatch.setattr("knowledge_base.text_index.WHOLE_UP_TO_NUMBERS", 1000)
    small = kept(vectors)
    assert small.nbytes == vectors.nbytes / 2
    assert np.abs(unpacked(small) - vectors).max() < 2e-5
    cosines, rows = TextIndex(small, exact=False).nearest(vectors[5:6], 3)
    assert rows[0, 0] == 5
    assert cosines[0, 0] == np.float32(1) or abs(cosines[0, 0] - 1) < 1e-4


def test_the_exact_scan_in_pieces_is_the_exact_scan(monkeypatch):
    monkeypatch.setattr("knowledge_base.text_index._CHUNK", 7)
    vectors, queries = texts(100), texts(5, seed=3)
    expected = np.argsort(-(queries @ vectors.T), axis=1)[:, :4]
    assert exact_nearest(vectors, queries, 4).tolist() == expected.tolist()


def test_rows_passed_over_are_not_found_and_others_come_up(kind):
    vectors = texts(2000)
    for exact in (True, False):
        index = TextIndex(vectors, exact=exact)
        _, before = index.nearest(vectors[7:8], 6)
        _, after = index.nearest(vectors[7:8], 5, before[0, :1])
        assert after[0].tolist() == before[0, 1:].tolist()


def test_the_report_says_how_it_searches(kind):
    assert str(TextIndex(texts(20)).report) == "IndexFlatIP, 20 vectors, exact"
    report = TextIndex(texts(2000), exact=False).report
    assert report.recall >= ENOUGH_RECALL
    assert report.effort > 0
    assert kind in str(report)
    assert bool(report.cells) is (kind == "IndexIVFScalarQuantizer")
