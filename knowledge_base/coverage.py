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

from knowledge_base import ragged
from knowledge_base.encoder import Encoder, Vectors
from knowledge_base.ragged import Ints, Ragged

#: Names of the measures, in the order of the rows that `SpokenWords.measure` gives.
MEASURES = (
    "covered_asked",  # weighted mean over the query's words of the best cosine in question and variants
    "covered_whole",  # the same with the answer text
    "largest_gap",  # the heaviest thing missing: greatest share of weight x (1 - best cosine in the whole entry)
    "covers_wording",  # the other way round: how much of the nearest wording the query speaks of
)


class WordTable:
    """Unit vectors and weights of all words of a base's texts, each once. It only grows, like the vocabularies."""

    def __init__(
        self,
        dimension: int,
        words: Sequence[str] = (),
        units: Vectors | None = None,
        weights: NDArray[np.float32] | None = None,
    ) -> None:
        self._rows = {word: row for row, word in enumerate(words)}
        self._units = np.zeros((max(1, len(words)), dimension), np.float32) if units is None else units
        self._weights = np.zeros(max(1, len(words)), np.float32) if weights is None else weights

    def rows(self, encoder: Encoder, text: str) -> list[int]:
        """Rows of the distinct words of `text`, learning new ones; none where the encoder has no word table."""
        if encoder.words is None:
            return []
        words = dict.fromkeys(encoder.words.tokens(text))
        new = [word for word in words if word not in self._rows]
        if new:
            self._learn(new, encoder.words.rows(new))
        return [self._rows[word] for word in words]

    def _learn(self, words: Sequence[str], vectors: Vectors) -> None:
        held = len(self._rows)
        if held + len(words) > len(self._units):  # a search that runs meanwhile keeps the arrays it has
            more = held + len(words)
            self._units = np.concatenate([self._units, np.zeros((more, self._units.shape[1]), np.float32)])
            self._weights = np.concatenate([self._weights, np.zeros(more, np.float32)])
        weights = np.linalg.norm(vectors, axis=1)
        self._units[held : held + len(words)] = vectors / np.maximum(weights[:, None], 1e-12)
        self._weights[held : held + len(words)] = weights
        self._rows.update((word, held + at) for at, word in enumerate(words))

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def words(self) -> list[str]:
        """The words in the order of their rows."""
        return list(self._rows)

    @property
    def units(self) -> Vectors:
        """Their unit vectors [words, dimension]."""
        return self._units[: len(self._rows)]

    @property
    def weights(self) -> NDArray[np.float32]:
        """How much each counts [words]: the length of its vector."""
        return self._weights[: len(self._rows)]


@dataclass(frozen=True)
class SpokenWords:
    """Rows in the word table of what a fixed set of entries says.

    `wordings`: a row a wording, those of entry i from `starts[i]` on; `asked`: the words of all wordings of an entry,
    each once; `answers`: those of its answer.
    """

    starts: Ints
    wordings: Ragged
    asked: Ragged
    answers: Ragged

    @classmethod
    def of(cls, wordings: Sequence[Sequence[Sequence[int]]], answers: Sequence[Sequence[int]]) -> SpokenWords:
        """From rows of the words of each entry's wordings, and of its answer."""
        asked = [sorted({row for wording in entry for row in wording}) for entry in wordings]
        each = Ragged.of([wording for entry in wordings for wording in entry], np.int32)
        starts = np.concatenate([[0], np.cumsum([len(entry) for entry in wordings], dtype=np.int64)])
        return cls(starts.astype(np.int64), each, Ragged.of(asked, np.int32), Ragged.of(answers, np.int32))

    def take(self, entries: Ints) -> SpokenWords:
        """Only `entries`, in that order."""
        places, sizes = Ragged(self.starts, self.wordings.starts).places(entries)
        starts = np.concatenate([np.zeros(1, np.int64), sizes.cumsum()])
        return SpokenWords(starts, self.wordings.take(places), self.asked.take(entries), self.answers.take(entries))

    def measure(self, heard: Vectors, table: WordTable, entries: Ints, matched: Ints) -> NDArray[np.float32]:
        """Measures [4, c] of `entries` [c] for a query's word vectors `heard` [m, dimension].

        `matched` [c] is which wording of each entry is the nearest to the query.
        """
        count = len(entries)
        out = np.zeros((len(MEASURES), count), np.float32)
        weights = np.linalg.norm(heard, axis=1)
        if not len(table) or not weights.sum():
            return out
        share = weights / weights.sum()
        parts = (self.asked, entries), (self.answers, entries), (self.wordings, self.starts[entries] + matched)
        places = [one.places(rows) for one, rows in parts]
        sizes = np.concatenate([size for _, size in places])
        spoken = np.concatenate([one.values[place] for (one, _), (place, _) in zip(parts, places)])
        said = np.zeros(len(table), bool)  # np.unique sorts, which takes several times as long
        said[spoken] = True
        needed = said.nonzero()[0]
        column = np.empty(len(table), np.int64)
        column[needed] = np.arange(len(needed))
        at = column[spoken]
        units = heard / np.maximum(weights[:, None], 1e-12)
        cosines = np.maximum(table.units.take(needed, axis=0) @ units.T, 0)
        best = _largest(cosines.take(at, axis=0), sizes)  # [parts, m]
        asked, whole = best[:count], np.maximum(best[:count], best[count : 2 * count])
        out[0] = asked @ share
        out[1] = whole @ share
        out[2] = (share * (1 - whole)).max(axis=1)
        of_wording = np.arange(count).repeat(sizes[2 * count :])
        at = at[len(at) - len(of_wording) :]
        heavy = table.weights[needed[at]]
        told = np.bincount(of_wording, cosines[at].max(axis=1) * heavy, minlength=count)
        out[3] = told / np.maximum(np.bincount(of_wording, heavy, minlength=count), 1e-12)
        return out


def joined(parts: Sequence[SpokenWords]) -> SpokenWords:
    """The entries of all `parts`, one part behind the other."""
    counts = np.concatenate([np.diff(part.starts) for part in parts])
    return SpokenWords(
        np.concatenate([np.zeros(1, np.int64), counts.cumsum()]),
        ragged.joined([part.wordings for part in parts]),
        ragged.joined([part.asked for part in parts]),
        ragged.joined([part.answers for part in parts]),
    )


def words_of(encoder: Encoder, text: str) -> tuple[list[str], Vectors]:
    """Words of `text` and their vectors [m, word dimension]; none where the encoder has no word table."""
    if encoder.words is None:
        return [], np.zeros((0, word_dimension(encoder)), np.float32)
    words, vectors = encoder.words.words(text)
    return words, vectors


def word_dimension(encoder: Encoder) -> int:
    """Length of a word's vector; 1 where the encoder has no word table."""
    return encoder.words.dimension if encoder.words is not None else 1


def _largest(values: NDArray[np.float32], sizes: NDArray[np.int64]) -> NDArray[np.float32]:
    """Largest value of each column within each part of the rows, [parts, columns]; zero in an empty part."""
    out = np.zeros((len(sizes), values.shape[1]), np.float32)
    filled = sizes.nonzero()[0]
    if len(filled):
        starts = np.concatenate([[0], sizes.cumsum()])[filled]
        out[filled] = np.maximum.reduceat(values, starts, axis=0)
    return out
