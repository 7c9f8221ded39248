"""Nearest texts by cosine, in FAISS: exact while that is fast enough, then a graph, then cells of a coarse partition.

`IndexFlatIP` compares with every vector. `IndexHNSWSQ` walks a graph of near neighbours: the fastest to search, slow
to build. `IndexIVFScalarQuantizer` compares with the vectors of the nearest cells: slower to search, several times
faster to build, and smaller. Both hold eight bits a number, and the best few are then compared exactly. How far they
look (`effort`: nodes kept in sight, or cells visited) is raised at build until the ten nearest of sampled questions are
found as the exact scan finds them (`recall`). A later version of cells lends the partition of the one before, so that
only the assignment to cells is done again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from knowledge_base.encoder import Vectors

#: Above this many numbers (vectors x dimension) the exact scan takes more than about a millisecond on one core.
EXACT_UP_TO_NUMBERS = 3_000_000
#: Above this many numbers the graph would take minutes to build on one core; cells take its place.
GRAPH_UP_TO_NUMBERS = 100_000_000
#: Above this many numbers vectors are kept with sixteen bits a number instead of thirty-two.
WHOLE_UP_TO_NUMBERS = 64_000_000
ENOUGH_RECALL = 0.98
#: Aimed at on a sample of the base's own texts, so that other questions find enough.
_AIMED_RECALL = 0.985
#: So many times the nearest asked for come from the eight-bit comparison into the exact one.
_COMPARED_AGAIN = 2
_SAMPLE = 400  # questions whose neighbours are compared with the exact scan
_NEAREST = 10
_TRAIN_PER_CELL = 40  # FAISS wants at least 39
_LINKS = 16  # of each node of the graph, twice as many on its lowest level
#: A graph that must keep more in sight to find enough is given up for cells: vectors in tight clusters (answers that
#: say nearly the same) leave it in parts that no walk joins, however far it looks.
_MOST_SIGHT = 640
_SIGHT_AT_BUILD = 80  # nodes kept in sight while a vector finds its place in the graph
_CHUNK = 16_384
_FIXED_POINT = 32_767.0
_FAISS: Any = faiss  # what it says of its own types does not fit its classes
_EIGHT_BITS = faiss.ScalarQuantizer.QT_8bit
Kept = NDArray[Any]  # float32, or int16 in units of 1 / _FIXED_POINT


@dataclass(frozen=True)
class IndexReport:
    """How an index searches. `recall`: share of the ten nearest that it finds, against the exact scan."""

    index: str
    vectors: int
    recall: float
    effort: int = 0  # nodes of the graph kept in sight, or cells visited; 0 where the scan is exact
    cells: int = 0

    def __str__(self) -> str:
        if not self.effort:
            return f"{self.index}, {self.vectors} vectors, exact"
        how = f"{self.effort}/{self.cells} cells" if self.cells else f"{self.effort} in sight"
        return f"{self.index}, {self.vectors} vectors, recall@10 {self.recall:.3f}, {how}"


class TextIndex:
    """Unit vectors [n, dimension], searched by inner product, which is their cosine."""

    def __init__(
        self,
        vectors: Kept,
        previous: TextIndex | None = None,
        *,
        exact: bool | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Index `vectors` (see `kept`), which must not change afterwards.

        `previous` lends its partition; `exact` overrides the choice by size; `progress` hears how many are indexed.
        """
        rows, dimension = vectors.shape
        self.exact = rows < 2 or (rows * dimension <= EXACT_UP_TO_NUMBERS if exact is None else exact)
        self.recall = 1.0
        self._vectors = vectors
        self._index: Any = None  # FAISS's classes share no useful type
        self._coarse: Any = None  # FAISS keeps a bare pointer to the partition, so we hold it
        faiss.omp_set_num_threads(os.cpu_count() or 1)
        if self.exact:
            self._index = faiss.IndexFlatIP(dimension)
            self._fill(progress)
            return
        if rows * dimension <= GRAPH_UP_TO_NUMBERS and (previous is None or previous._coarse is None):
            self._index = _FAISS.IndexHNSWSQ(dimension, _EIGHT_BITS, _LINKS, faiss.METRIC_INNER_PRODUCT)
            self._index.hnsw.efConstruction = _SIGHT_AT_BUILD
            self._fill(progress)
            self._tune(4 * _NEAREST, min(rows, _MOST_SIGHT))
            if self.recall >= ENOUGH_RECALL:
                return
            faiss.omp_set_num_threads(os.cpu_count() or 1)  # the tuning searched with one
        effort, cells = 4, max(1, min(int(4 * rows**0.5), rows // 8))
        if previous is not None and previous._coarse is not None and cells / 2 <= previous._coarse.ntotal <= cells * 2:
            self._coarse, effort = previous._coarse, previous.effort
        else:
            self._coarse = _partition(vectors, cells)
        self._index = _FAISS.IndexIVFScalarQuantizer(
            self._coarse, dimension, self._coarse.ntotal, _EIGHT_BITS, faiss.METRIC_INNER_PRODUCT
        )
        self._fill(progress)
        self._tune(effort, self._coarse.ntotal)

    def _fill(self, progress: Callable[[int], None] | None) -> None:
        if not self.exact:
            self._index.train(_sample(self._vectors, 64 * 1024))
        for start in range(0, len(self._vectors), _CHUNK):
            self._index.add(unpacked(self._vectors[start : start + _CHUNK]))
            if progress is not None:
                progress(min(len(self._vectors), start + _CHUNK))

    @classmethod
    def open(cls, path: Path, vectors: Kept, recall: float) -> TextIndex:
        """Read a partitioned index written by `save`; raises OSError or ValueError where the file is none."""
        try:
            index = faiss.read_index(str(path))
        except RuntimeError as error:
            raise ValueError(str(error).splitlines()[0]) from error
        if not isinstance(index, (faiss.IndexHNSWSQ, faiss.IndexIVFScalarQuantizer)) or index.ntotal != len(vectors):
            raise ValueError(f"{path.name} holds a {type(index).__name__} of {index.ntotal} vectors")
        opened = cls.__new__(cls)
        opened.exact, opened.recall, opened._index, opened._vectors = False, recall, index, vectors
        opened._coarse = index.quantizer if isinstance(index, faiss.IndexIVFScalarQuantizer) else None
        return opened

    def save(self, path: Path) -> None:
        """Write the index as a FAISS file."""
        faiss.write_index(self._index, str(path))

    @property
    def name(self) -> str:
        """The FAISS class that searches."""
        return type(self._index).__name__

    @property
    def size(self) -> int:
        """Number of vectors."""
        return int(self._index.ntotal)

    @property
    def report(self) -> IndexReport:
        """How it searches."""
        if self.exact:
            return IndexReport(self.name, self.size, 1.0)
        cells = self._coarse.ntotal if self._coarse is not None else 0
        return IndexReport(self.name, self.size, round(self.recall, 4), self.effort, cells)

    @property
    def effort(self) -> int:
        """How many nodes of the graph are kept in sight, or cells visited; 0 where the scan is exact."""
        if self.exact:
            return 0
        return int(self._index.hnsw.efSearch if self._coarse is None else self._index.nprobe)

    @effort.setter
    def effort(self, effort: int) -> None:
        if self._coarse is None:
            self._index.hnsw.efSearch = effort
        else:
            self._index.nprobe = effort

    def nearest(
        self, query: Vectors, k: int, without: NDArray[np.int64] | None = None, *, roughly: bool = False
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Cosines and rows of the `k` nearest to each query [q, dimension], best first: two arrays [q, k].

        Rows in `without` are passed over. Where fewer than `k` are found the rows are -1. `roughly`: without the exact
        comparison, for a caller that makes it anyhow.
        """
        # Threads waiting for each other cost one query more than they save; the setting belongs to the calling thread.
        faiss.omp_set_num_threads(1)
        query = np.ascontiguousarray(query, np.float32)
        chosen = faiss.IDSelectorNot(faiss.IDSelectorBatch(without)) if without is not None and len(without) else None
        settings: dict[str, Any] = {"sel": chosen}
        if self.exact:
            parameters = _FAISS.SearchParameters(**settings) if chosen is not None else None
            cosines, rows = self._index.search(query, k, params=parameters)
            return cosines, rows
        if chosen is not None and self._coarse is None:
            parameters = _FAISS.SearchParametersHNSW(efSearch=self.effort, **settings)
        elif chosen is not None:
            parameters = _FAISS.SearchParametersIVF(nprobe=self.effort, **settings)
        else:
            parameters = None
        if roughly:
            cosines, rows = self._index.search(query, k, params=parameters)
            return cosines, rows
        _, rows = self._index.search(query, min(_COMPARED_AGAIN * k, self.size), params=parameters)
        return self._compared(query, rows, k)

    def _compared(
        self, query: Vectors, rows: NDArray[np.int64], k: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The `k` nearest of `rows` [q, more], by their exact cosines."""
        cosines = np.stack([unpacked(self._vectors[found]) @ one for one, found in zip(query, rows)])
        cosines[rows < 0] = -np.inf
        order = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(cosines, order, 1), np.take_along_axis(rows, order, 1)

    def _tune(self, effort: int, most: int) -> None:
        """Look as far as the recall takes, `most` at most; measured on indexed texts, each left out as its own answer.

        An editor's other wording of a question is as good a question as any that the base is not made of.
        """
        draw = np.random.default_rng(0)
        drawn = np.sort(draw.choice(self.size, min(_SAMPLE, self.size), replace=False))
        questions = unpacked(self._vectors[drawn])
        few = min(_NEAREST, self.size - 1)
        # Equally near texts are equally right, so what counts is how near they are.
        limit = _without(questions, self._vectors, exact_nearest(self._vectors, questions, few + 1), drawn, few)[:, -1:]
        effort = min(effort, most)
        while True:
            self.effort = effort
            found = _without(questions, self._vectors, self.nearest(questions, few + 1)[1], drawn, few)
            self.recall = float((found >= limit - 1e-5).mean())
            if self.recall >= _AIMED_RECALL or effort >= most:
                return
            effort = min(most, effort + max(1, effort // 5))


def kept(vectors: Vectors, *, numbers: int | None = None) -> Kept:
    """`vectors` as they are held in memory, where `numbers` (default: theirs) are held: half the size when many.

    Sixteen bits in fixed point: cosines differ by about 0.00001.
    """
    if (vectors.size if numbers is None else numbers) <= WHOLE_UP_TO_NUMBERS:
        return np.ascontiguousarray(vectors, np.float32)
    return np.asarray(np.rint(vectors * np.float32(_FIXED_POINT)), np.int16)


def unpacked(vectors: Kept) -> Vectors:
    """Float32 vectors of those that are held."""
    if vectors.dtype == np.int16:
        return vectors.astype(np.float32) / np.float32(_FIXED_POINT)
    return np.ascontiguousarray(vectors, np.float32)


def exact_nearest(vectors: Kept, queries: Vectors, few: int) -> NDArray[np.int64]:
    """Rows of the `few` nearest of all `vectors` to each query, best first, [q, few]."""
    best = np.full((len(queries), few), -np.inf, np.float32)
    rows = np.full((len(queries), few), -1, np.int64)
    for start in range(0, len(vectors), _CHUNK):
        cosines = np.concatenate([best, queries @ unpacked(vectors[start : start + _CHUNK]).T], axis=1)
        order = np.argpartition(-cosines, few - 1, axis=1)[:, :few]
        rows = np.where(order < few, np.take_along_axis(rows, np.minimum(order, few - 1), 1), order - few + start)
        best = np.take_along_axis(cosines, order, 1)
    order = np.argsort(-best, axis=1, kind="stable")
    return np.asarray(np.take_along_axis(rows, order, 1), np.int64)


def _without(
    questions: Vectors, vectors: Kept, rows: NDArray[np.int64], own: NDArray[np.int64], few: int
) -> NDArray[np.float32]:
    """Cosines of `questions` [q] with the first `few` of `rows` [q, more] other than the `own` row [q]: [q, few]."""
    out = np.full((len(questions), few), -2, np.float32)
    for at, (question, line) in enumerate(zip(questions, rows)):
        others = line[(line != own[at]) & (line >= 0)][:few]
        out[at, : len(others)] = unpacked(vectors[others]) @ question
    return out


def _sample(vectors: Kept, most: int) -> Vectors:
    draw = np.random.default_rng(0)
    rows = draw.choice(len(vectors), min(len(vectors), most), replace=False)
    return unpacked(vectors[np.sort(rows)])


def _partition(vectors: Kept, cells: int) -> faiss.IndexFlatIP:
    """Centres of `cells` cells by spherical k-means, as an index of its own."""
    means = faiss.Kmeans(vectors.shape[1], cells, niter=8, spherical=True, seed=1, min_points_per_centroid=1)
    means.train(_sample(vectors, cells * _TRAIN_PER_CELL))
    coarse = faiss.IndexFlatIP(vectors.shape[1])
    coarse.add(np.asarray(means.centroids, np.float32))
    return coarse
