"""Which words of a query an entry speaks of, by meaning: each word's nearest word in the entry.

A sentence vector says how alike two texts are as a whole; a plausible question that the base does not answer is alike
as a whole and differs in one word that matters. The words' vectors are those of the table that every encoder carries
(`SentenceEncoder.words`); without one every measure here is zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge_base.encoder import Encoder, Vectors

Rows = NDArray[np.int32]
#: Names of the measures, in the order of the columns that `Coverage.measure` gives.
MEASURES = (
    "covered_asked",  # weighted mean over the query's words of the best cosine in question and variants
    "covered_whole",  # the same with the answer text
    "largest_gap",  # the heaviest thing missing: greatest share of weight x (1 - best cosine in the whole entry)
    "covers_wording",  # the other way round: how much of the nearest wording the query speaks of
)


class WordTable:
    """Vectors of all words of a base's texts, each once. It only grows, like the vocabularies."""

    def __init__(self, dimension: int, words: Sequence[str] = (), vectors: Vectors | None = None) -> None:
        self._rows = {word: row for row, word in enumerate(words)}
        self._vectors = np.zeros((max(1, len(words)), dimension), np.float32) if vectors is None else vectors

    def rows(self, encoder: Encoder, text: str) -> Rows:
        """Rows of the distinct words of `text`, learning new ones; none where the encoder has no word table."""
        words, vectors = words_of(encoder, text)
        found: dict[int, None] = {}
        for word, vector in zip(words, vectors):
            row = self._rows.get(word)
            if row is None:
                row = self._rows[word] = len(self._rows)
                if row >= len(self._vectors):
                    self._vectors = np.concatenate([self._vectors, np.zeros_like(self._vectors), vector[None]])
                self._vectors[row] = vector
            found[row] = None
        return np.fromiter(found, np.int32, len(found))

    @property
    def words(self) -> list[str]:
        """The words in the order of their rows."""
        return list(self._rows)

    @property
    def vectors(self) -> Vectors:
        """Their vectors [words, dimension]; the length of a vector is the word's weight."""
        return self._vectors[: len(self._rows)]


@dataclass(frozen=True)
class EntryWords:
    """Rows of an entry's words in the table: one array a wording, and one for the answer."""

    wordings: tuple[Rows, ...]
    answer: Rows


class Coverage:
    """The words of a fixed set of entries."""

    def __init__(self, table: WordTable, entries: Sequence[EntryWords]) -> None:
        vectors = table.vectors
        self._weights = np.linalg.norm(vectors, axis=1)
        self._units = vectors / np.maximum(self._weights[:, None], 1e-12)
        self._asked = [_distinct(entry.wordings) for entry in entries]
        self._answers = [entry.answer for entry in entries]
        self._wordings = [wording for entry in entries for wording in entry.wordings]
        self.empty = not len(vectors)

    def measure(self, words: Vectors, chosen: NDArray[np.int64], matched: NDArray[np.int64]) -> NDArray[np.float32]:
        """Measures [c, 4] of the entries `chosen` [c] for a query's word vectors [m, dimension].

        `matched` are the rows of each entry's nearest wording among all wordings of the base.
        """
        out = np.zeros((len(chosen), len(MEASURES)), np.float32)
        weights = np.linalg.norm(words, axis=1)
        if self.empty or not weights.sum():
            return out
        share = weights / weights.sum()
        count = len(chosen)
        parts = [self._asked[entry] for entry in chosen] + [self._answers[entry] for entry in chosen]
        parts += [self._wordings[row] for row in matched]
        sizes = np.array([len(part) for part in parts])
        needed, at = np.unique(np.concatenate(parts), return_inverse=True)
        cosines = np.maximum((words / np.maximum(weights[:, None], 1e-12)) @ self._units[needed].T, 0)
        best = _largest(cosines[:, at], sizes)  # [m, parts]
        asked, whole = best[:, :count], np.maximum(best[:, :count], best[:, count : 2 * count])
        out[:, 0] = share @ asked
        out[:, 1] = share @ whole
        out[:, 2] = (share[:, None] * (1 - whole)).max(axis=0)
        spoken = cosines.max(axis=0)[at] * self._weights[needed[at]]
        of_wording = np.repeat(np.arange(len(parts)), sizes)
        weight = np.bincount(of_wording, self._weights[needed[at]], minlength=len(parts))
        out[:, 3] = (np.bincount(of_wording, spoken, minlength=len(parts)) / np.maximum(weight, 1e-12))[2 * count :]
        return out


def words_of(encoder: Encoder, text: str) -> tuple[list[str], Vectors]:
    """Words of `text` and their vectors [m, word dimension]; none where the encoder has no word table."""
    if encoder.words is None:
        return [], np.zeros((0, word_dimension(encoder)), np.float32)
    words, vectors = encoder.words.words(text)
    return words, vectors


def word_dimension(encoder: Encoder) -> int:
    """Length of a word's vector; 1 where the encoder has no word table."""
    return encoder.words.dimension if encoder.words is not None else 1


def _distinct(parts: Sequence[Rows]) -> Rows:
    return np.unique(np.concatenate([np.zeros(0, np.int32), *parts]))


def _largest(values: NDArray[np.float32], sizes: NDArray[np.int64]) -> NDArray[np.float32]:
    """Largest value of each row within each part of the columns, [rows, parts]; zero in an empty part."""
    out = np.zeros((len(values), len(sizes)), np.float32)
    filled = np.flatnonzero(sizes)
    if len(filled):
        starts = np.concatenate([[0], np.cumsum(sizes)])[filled]
        out[:, filled] = np.maximum.reduceat(values, starts, axis=1)
    return out
