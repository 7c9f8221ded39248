"""Nearest texts by cosine, in FAISS: exact while that is fast enough, cells of a coarse partition above.

`IndexFlatIP` compares with every vector. `IndexIVFFlat` compares with those of the nearest cells only; how many cells
are visited is raised at build until the ten nearest of sampled vectors are found as the exact scan finds them
(`recall`). An edit keeps the partition of the version before, so only the assignment to cells is done again.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from knowledge_base.encoder import Vectors

#: Above this many numbers (vectors x dimension) the exact scan takes more than about a millisecond on one core.
EXACT_UP_TO_NUMBERS = 3_000_000
ENOUGH_RECALL = 0.98
_SAMPLE = 200  # vectors whose neighbours are compared with the exact scan
_NEAREST = 10
_TRAIN_PER_CELL = 64  # FAISS wants at least 39


class TextIndex:
    """Unit vectors [n, dimension], searched by inner product, which is their cosine."""

    def __init__(self, vectors: Vectors, previous: TextIndex | None = None, *, exact: bool | None = None) -> None:
        """Index `vectors`; `previous` lends its partition; `exact` overrides the choice by size."""
        rows, dimension = vectors.shape
        vectors = np.ascontiguousarray(vectors, np.float32)
        self.exact = rows < 2 or (rows * dimension <= EXACT_UP_TO_NUMBERS if exact is None else exact)
        self.recall = 1.0
        self._index: Any = None  # FAISS's classes share no useful type
        self._coarse: Any = None  # FAISS keeps a bare pointer to the partition, so we hold it
        faiss.omp_set_num_threads(os.cpu_count() or 1)
        if self.exact:
            self._index = faiss.IndexFlatIP(dimension)
            self._index.add(vectors)
            return
        cells = max(1, min(int(4 * rows**0.5), rows // 8))
        lent = previous is not None and not previous.exact and cells / 2 <= previous._index.nlist <= cells * 2
        if lent and previous is not None:
            coarse, cells = previous._coarse, previous._index.nlist
        else:
            coarse = _partition(vectors, cells)
        self._coarse = coarse
        self._index = faiss.IndexIVFFlat(coarse, dimension, cells, faiss.METRIC_INNER_PRODUCT)
        self._index.add(vectors)
        self._tune(vectors, previous._index.nprobe if lent and previous is not None else 4)

    @classmethod
    def open(cls, path: Path) -> TextIndex:
        """Read a partitioned index written by `save`; raises OSError or ValueError where the file is none."""
        try:
            index = faiss.read_index(str(path))
        except RuntimeError as error:
            raise ValueError(str(error).splitlines()[0]) from error
        if not isinstance(index, faiss.IndexIVFFlat):
            raise ValueError(f"{path.name} holds a {type(index).__name__}")
        opened = cls.__new__(cls)
        opened.exact, opened.recall, opened._index = False, float("nan"), index
        opened._coarse = index.quantizer
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

    def nearest(self, query: Vectors, k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Cosines and rows of the `k` nearest to each query [q, dimension], best first: two arrays [q, k].

        Where fewer than `k` are found the rows are -1.
        """
        # Threads waiting for each other cost one query more than they save; the setting belongs to the calling thread.
        faiss.omp_set_num_threads(1)
        scores, rows = self._index.search(np.ascontiguousarray(query, np.float32), k)
        return scores, rows

    def _tune(self, vectors: Vectors, cells_visited: int) -> None:
        """Visit as many cells as `ENOUGH_RECALL` takes, measured on a sample nudged away from the indexed texts."""
        draw = np.random.default_rng(0)
        sample = vectors[draw.choice(len(vectors), min(_SAMPLE, len(vectors)), replace=False)]
        sample = sample + draw.normal(0, 0.3 / sample.shape[1] ** 0.5, sample.shape).astype(np.float32)
        few = min(_NEAREST, len(vectors) - 1)
        nearest = np.argpartition(-(sample @ vectors.T), few, axis=1)[:, :few]
        visited = cells_visited
        while True:
            self._index.nprobe = visited
            _, rows = self._index.search(sample, few)
            found = [len(np.intersect1d(exact, got)) for exact, got in zip(nearest, rows)]
            self.recall = float(np.mean(found)) / few
            if self.recall >= ENOUGH_RECALL or visited >= self._index.nlist:
                return
            visited = min(self._index.nlist, visited + max(1, visited // 3))


def _partition(vectors: Vectors, cells: int) -> faiss.IndexFlatIP:
    """Centres of `cells` cells by spherical k-means, as an index of its own."""
    draw = np.random.default_rng(0)
    few = min(len(vectors), cells * _TRAIN_PER_CELL)
    means = faiss.Kmeans(vectors.shape[1], cells, niter=8, spherical=True, seed=1, min_points_per_centroid=1)
    means.train(vectors[draw.choice(len(vectors), few, replace=False)])
    coarse = faiss.IndexFlatIP(vectors.shape[1])
    coarse.add(np.asarray(means.centroids, np.float32))
    return coarse
