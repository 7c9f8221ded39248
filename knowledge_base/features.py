"""What the finder measures between one query and each entry that comes into question.

Candidates are gathered by the dense indexes (wordings and answers) and by both lexical scores; everything is then
measured exactly for these few. All measures are comparable across bases: cosines, and shares between 0 and about 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge_base import coverage
from knowledge_base.encoder import Encoder, Vectors
from knowledge_base.entry import FaqEntry
from knowledge_base.lexical import ASKED, WHOLE, Bm25, Gathered, bigrams
from knowledge_base.preparation import Preparation, prepare
from knowledge_base.ragged import Ints
from knowledge_base.segment import DENSE, Progress
from knowledge_base.text_index import IndexReport, unpacked
from knowledge_base.vectors import EmbeddingCache
from language.normalise import normalise
from language.segment import content_words

#: Measures of one entry for one query, in the order of the columns.
ENTRY_FEATURES = (
    "best_wording",  # largest cosine with the question and its variants
    "mean_wording",  # mean cosine over them: one lucky wording is worth less than several near ones
    "second_wording",  # second largest cosine (the largest where there is one wording)
    "centre",  # cosine with the mean of the wordings
    "answer",  # cosine with the answer text, 0 where there is none
    "has_answer",  # 1, or 0 for an entry without an answer text
    "words_whole",  # BM25 share of the query's words in question, variants and answer
    "words_asked",  # BM25 share of the query's words in question and variants
    "pairs_asked",  # BM25 share of the query's character pairs in question and variants
    "pairs_whole",  # the same over the answer too
    *coverage.MEASURES,
)
#: Measures of a query against the whole base, in the order of the columns.
QUERY_FEATURES = (
    "best_wording",  # the best cosine of any entry
    "field",  # mean of the best cosines of the ten nearest entries: how crowded the neighbourhood is
    "best_answer",  # the best cosine with any answer
    "best_words",  # the best share of the query's words
    "best_pairs",  # the best share of the query's character pairs
    "best_covered",  # the best coverage of the query's words by any whole entry
    "smallest_gap",  # the smallest of the entries' largest gaps
    "unknown_words",  # share of the query's words that stand nowhere in the base
    "unknown_pairs",
    "length",  # ln(1 + letters of the query)
    "content",  # ln(1 + content words)
)
_BEST, _MEAN, _ANSWER = (DENSE.index(name) for name in ("best_wording", "mean_wording", "answer"))
_FIELD = 10
#: Of the entries gathered, so many are measured in full: those that promise most by a plain sum.
_MEASURED = 16
_NEAREST_WORDINGS = 64
_NEAREST_ANSWERS = 8
_NEAREST_LEXICAL = 8
#: Characters of a query that are read; more is no question, and costs time.
LONGEST_QUERY = 600


@dataclass(frozen=True)
class Measured:
    """One query against a base: rows of the candidate entries [c], their features [c, F], the query's own [G].

    `matched` says which of its wordings is each candidate's nearest one [c].
    """

    entries: Ints
    features: NDArray[np.float32]
    query: NDArray[np.float32]
    matched: Ints


class _Scored(list[tuple[NDArray[Any], Ints]]):
    """Scores, and the rows of the entries that have them (negative: none), of each segment."""

    def first(self, few: int) -> Ints:
        """The `few` rows of the best scores, equal ones by ascending row."""
        if not self:
            return np.zeros(0, np.int64)
        scores, rows = (np.concatenate(one) for one in zip(*self))
        scores, rows = scores[rows >= 0], rows[rows >= 0]
        return rows[np.lexsort((rows, -scores))[:few]] if len(rows) > few else rows


class Base:
    """The searchable form of a set of entries."""

    def __init__(
        self,
        entries: Sequence[FaqEntry],
        encoder: Encoder,
        cache: EmbeddingCache | None = None,
        previous: Preparation | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Prepare `entries`; those that `previous`, made with the same encoder, held already cost nothing."""
        self.entries = tuple(entries)
        self.encoder = encoder
        self.preparation = prepare(self.entries, encoder, cache, previous, progress)
        self._segments, self._places = self.preparation.segments, self.preparation.places
        self._gone = self.preparation.gone
        self._gone_wordings = [segment.wordings_of(rows) for segment, rows in zip(self._segments, self._gone)]
        # Where each entry stands: in which segment, and in which row of it.
        self._segment_of, self._row_of = np.zeros((2, len(self.entries)), np.int64)
        for number, place in enumerate(self._places):
            here = np.flatnonzero(place >= 0)
            self._segment_of[place[here]], self._row_of[place[here]] = number, here
        terms = self.preparation.terms
        self._words = Bm25(terms.words, [segment.words for segment in self._segments], self._gone)
        self._pairs = Bm25(terms.pairs, [segment.pairs for segment in self._segments], self._gone)

    @property
    def index(self) -> IndexReport | None:
        """How most wordings are searched; None in an empty base."""
        return self._segments[0].asked_index.report if self._segments else None

    @cached_property
    def wordings(self) -> list[str]:
        """Every wording, entry by entry."""
        return [wording for entry in self.entries for wording in entry.wordings]

    @cached_property
    def owners(self) -> Ints:
        """Row of the entry that each of `wordings` belongs to [wordings]."""
        return np.repeat(np.arange(len(self.entries)), self._wording_counts)

    @property
    def vectors(self) -> Vectors:
        """Unit vectors of `wordings` [wordings, dimension]; a copy."""
        out = np.zeros((int(self._wording_counts.sum()), self.encoder.dimension), np.float32)
        for segment, numbers in zip(self._segments, self._wording_numbers):
            out[numbers[numbers >= 0]] = unpacked(segment.asked[numbers >= 0])
        return out

    def served(self, today: date, channel: str) -> NDArray[np.bool_]:
        """Which entries `channel` may see on the day `today`, [entries]."""
        out = np.zeros(len(self.entries), bool)
        for segment, place in zip(self._segments, self._places):
            out[place[place >= 0]] = segment.served.on(today, channel)[place >= 0]
        return out

    def nearest_wordings(self, queries: Vectors, k: int) -> tuple[NDArray[np.float32], Ints]:
        """Cosines and rows in `wordings` of the `k` nearest to each query, best first, [q, k]; -1: none left."""
        parts = []
        for segment, gone, numbers in zip(self._segments, self._gone_wordings, self._wording_numbers):
            cosines, rows = segment.asked_index.nearest(queries, k, gone)
            parts.append((np.where(rows < 0, -2, cosines), np.where(rows < 0, -1, numbers[rows])))
        cosines, rows = (np.concatenate(one, axis=1) for one in zip(*parts))
        order = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(cosines, order, 1), np.take_along_axis(rows, order, 1)

    def measure(self, text: str, vector: Vectors, served: NDArray[np.bool_] | None = None) -> Measured:
        """Measure `text` with its unit `vector` [dimension] against the candidates; `served` [entries] filters."""
        text = normalise(text[: 4 * LONGEST_QUERY])[:LONGEST_QUERY]
        words, pairs = content_words(text), bigrams(text)
        by_words, by_pairs = self._words.weigh(words), self._pairs.weigh(pairs)
        numbers = range(len(self._segments))
        in_words = [self._words.gather(at, by_words, _NEAREST_LEXICAL) for at in numbers]
        in_pairs = [self._pairs.gather(at, by_pairs, _NEAREST_LEXICAL) for at in numbers]
        chosen = self._candidates(vector, (in_words, in_pairs), served)
        if not len(chosen):
            empty = np.zeros(0, np.int64)
            none = np.zeros((0, len(ENTRY_FEATURES)), np.float32)
            return Measured(empty, none, np.zeros(len(QUERY_FEATURES), np.float32), empty)

        def first_look(at: int, rows: Ints) -> NDArray[np.float64]:
            said = self._words.gathered_shares(at, rows, by_words, in_words[at])
            spelt = self._pairs.gathered_shares(at, rows, by_pairs, in_pairs[at])
            return np.concatenate([self._segments[at].dense(rows, vector), [said, spelt]])

        seen = self._each(first_look, chosen)
        best, mean, answer = seen[_BEST], seen[_MEAN], seen[_ANSWER]
        field = np.sort(best)[-_FIELD:].mean()
        promise = best + mean + 0.5 * answer + seen[-2] + seen[-1]
        keep = (-promise).argsort(kind="stable")[:_MEASURED]
        chosen, dense = chosen[keep], seen[: len(DENSE), keep]
        matched = dense[-1].astype(np.int64)
        word_shares = self._each(lambda at, rows: self._words.shares(at, rows, by_words), chosen)
        pair_shares = self._each(lambda at, rows: self._pairs.shares(at, rows, by_pairs), chosen)
        lexical = (word_shares[WHOLE], word_shares[ASKED], pair_shares[ASKED], pair_shares[WHOLE])
        heard, table = coverage.words_of(self.encoder, text)[1], self.preparation.terms.table
        meaning = self._each(lambda at, *rows: self._segments[at].spoken.measure(heard, table, *rows), chosen, matched)
        features = np.concatenate([dense[:-1], lexical, meaning]).T.astype(np.float32)
        query = (
            dense[_BEST].max(),
            field,
            dense[_ANSWER].max(),
            lexical[0].max(),
            lexical[2].max(),
            meaning[1].max(),
            meaning[2].min(),
            by_words.unknown[WHOLE],
            by_pairs.unknown[WHOLE],
            np.log1p(len(text)),
            np.log1p(len(words)),
        )
        return Measured(chosen, features, np.array(query, np.float32), matched)

    def _candidates(
        self, vector: Vectors, lexical: Sequence[Sequence[Gathered]], served: NDArray[np.bool_] | None
    ) -> Ints:
        """Rows of the entries that come into question, ascending: by wordings, by answers, by each `lexical` score."""
        asked, answers = _Scored(), _Scored()
        for at, (one, place) in enumerate(zip(self._segments, self._places)):
            few = min(_NEAREST_WORDINGS, one.asked_index.size)
            cosines, rows = one.asked_index.nearest(vector[None], few, self._gone_wordings[at], roughly=True)
            asked.append((cosines[0], np.where(rows[0] < 0, -1, place[one.owner[rows[0]]])))
            few = min(_NEAREST_ANSWERS, one.answer_index.size)
            cosines, rows = one.answer_index.nearest(vector[None], few, self._gone[at], roughly=True)
            answers.append((cosines[0], np.where(rows[0] < 0, -1, place[rows[0]])))
        found = [asked.first(_NEAREST_WORDINGS), answers.first(_NEAREST_ANSWERS)]
        for parts in lexical:
            scored = _Scored((one.shares, place[one.rows]) for one, place in zip(parts, self._places))
            found.append(scored.first(_NEAREST_LEXICAL))
        chosen = np.unique(np.concatenate(found))
        return chosen if served is None else chosen[served[chosen]]

    def _each(self, measure: Callable[..., NDArray[Any]], chosen: Ints, *more: Ints) -> NDArray[Any]:
        """What `measure` gives for the entries `chosen` [c], [m, c].

        It is called with the number of a segment, rows there [r], and what belongs to them of `more` [c] each; it gives
        [m, r].
        """
        rows = self._row_of[chosen]
        if len(self._segments) == 1:
            return measure(0, rows, *more)
        numbers = self._segment_of[chosen]
        where = [np.flatnonzero(numbers == at) for at in range(len(self._segments))]
        parts = [measure(at, rows[here], *(one[here] for one in more)) for at, here in enumerate(where) if len(here)]
        out = np.empty((len(parts[0]), len(chosen)), parts[0].dtype)
        out[:, np.concatenate(where)] = np.concatenate(parts, axis=1)
        return out

    @cached_property
    def _wording_counts(self) -> Ints:
        counts = np.zeros(len(self.entries), np.int64)
        for one, place in zip(self._segments, self._places):
            counts[place[place >= 0]] = np.diff(one.starts)[place >= 0]
        return counts

    @cached_property
    def _wording_numbers(self) -> list[Ints]:
        """For each segment, the row in `wordings` of each of its wordings, -1 where it is gone."""
        starts = np.concatenate([[0], np.cumsum(self._wording_counts)])
        out = []
        for one, place in zip(self._segments, self._places):
            nth = np.arange(len(one.owner)) - one.starts[one.owner]
            out.append(np.where(place[one.owner] < 0, -1, starts[place[one.owner]] + nth))
        return out
