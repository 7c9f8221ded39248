"""What the finder measures between one query and each entry that comes into question.

Candidates are gathered by the dense indexes (wordings and answers) and by both lexical scores; everything is then
measured exactly for these few. All measures are comparable across bases: cosines, and shares between 0 and about 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from knowledge_base import coverage
from knowledge_base.encoder import Encoder, Vectors
from knowledge_base.entry import FaqEntry
from knowledge_base.lexical import Bm25, bigrams
from knowledge_base.preparation import Preparation, prepare
from knowledge_base.text_index import TextIndex
from knowledge_base.vectors import EmbeddingCache
from language import segment
from language.normalise import normalise

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

    `matched` are rows of each candidate's nearest wording [c].
    """

    entries: NDArray[np.int64]
    features: NDArray[np.float32]
    query: NDArray[np.float32]
    matched: NDArray[np.int64]


class Base:
    """The searchable form of a set of entries."""

    def __init__(
        self,
        entries: Sequence[FaqEntry],
        encoder: Encoder,
        cache: EmbeddingCache | None = None,
        previous: Preparation | None = None,
    ) -> None:
        """Prepare `entries`; those that `previous`, made with the same encoder, held already cost nothing."""
        self.entries = tuple(entries)
        self.encoder = encoder
        self.wordings = [wording for entry in entries for wording in entry.wordings]
        self.preparation = prepare(self.entries, encoder, cache, previous)
        ready = [self.preparation.by_digest[entry.digest] for entry in entries]
        counts = np.array([len(one.asked) for one in ready], np.int64)
        self._starts = np.concatenate([[0], np.cumsum(counts)])
        self._owner = np.repeat(np.arange(len(entries)), counts)
        nothing = np.zeros((0, encoder.dimension), np.float32)
        self._asked = np.concatenate([nothing, *(one.asked for one in ready)])
        self._answers = np.stack([one.answer for one in ready]) if ready else nothing
        self._has_answer = np.array([bool(entry.answer) for entry in entries], np.float32)
        centres = np.add.reduceat(self._asked, self._starts[:-1]) if ready else nothing
        self._centres = centres / np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-12)
        self.asked_index = TextIndex(self._asked, self.preparation.asked_index)
        self.answer_index = TextIndex(self._answers, self.preparation.answer_index)
        # The next version starts from this one's partitions.
        self.preparation = replace(self.preparation, asked_index=self.asked_index, answer_index=self.answer_index)
        words, pairs = self.preparation.words, self.preparation.pairs
        self._words_asked = Bm25(words, [one.asked_words for one in ready])
        self._words_whole = Bm25(words, [one.whole_words for one in ready])
        self._pairs_asked = Bm25(pairs, [one.asked_pairs for one in ready])
        self._pairs_whole = Bm25(pairs, [one.whole_pairs for one in ready])
        self._coverage = coverage.Coverage(self.preparation.table, [one.meaning for one in ready])

    @property
    def vectors(self) -> Vectors:
        """Unit vectors of `wordings` [wordings, dimension]."""
        return self._asked

    @property
    def owners(self) -> NDArray[np.int64]:
        """Row of the entry that each of `wordings` belongs to [wordings]."""
        return self._owner

    def measure(self, text: str, vector: Vectors, served: NDArray[np.bool_] | None = None) -> Measured:
        """Measure `text` with its unit `vector` [dimension] against the candidates; `served` [entries] filters."""
        text = normalise(text[: 4 * LONGEST_QUERY])[:LONGEST_QUERY]
        words, pairs = segment.content_words(text), bigrams(text)
        words_whole, unknown_words = self._words_whole.shares(words)
        words_asked, _ = self._words_asked.shares(words)
        pairs_asked, _ = self._pairs_asked.shares(pairs)
        pairs_whole, unknown_pairs = self._pairs_whole.shares(pairs)

        lexical = (words_whole, words_asked, pairs_asked, pairs_whole)
        chosen = self._candidates(vector, lexical, served)
        if not len(chosen):
            empty = np.zeros(0, np.int64)
            none = np.zeros((0, len(ENTRY_FEATURES)), np.float32)
            return Measured(empty, none, np.zeros(len(QUERY_FEATURES), np.float32), empty)
        best, mean, second, matched = self._wording_cosines(chosen, vector)
        answer = self._answers[chosen] @ vector
        field = np.sort(best)[-_FIELD:].mean()
        promise = best + mean + 0.5 * answer + lexical[0][chosen] + lexical[2][chosen]
        keep = np.argsort(-promise, kind="stable")[:_MEASURED]
        chosen, best, mean, second = chosen[keep], best[keep], mean[keep], second[keep]
        matched, answer = matched[keep], answer[keep]
        dense = (best, mean, second, self._centres[chosen] @ vector, answer, self._has_answer[chosen])
        meaning = self._coverage.measure(coverage.words_of(self.encoder, text)[1], chosen, matched)
        columns = [*dense, *(part[chosen] for part in lexical), *meaning.T]
        features = np.stack(columns, axis=1).astype(np.float32)
        query = (
            best.max(),
            field,
            answer.max(),
            features[:, len(dense)].max(),
            features[:, len(dense) + 2].max(),
            meaning[:, 1].max(),
            meaning[:, 2].min(),
            unknown_words,
            unknown_pairs,
            np.log1p(len(text)),
            np.log1p(len(words)),
        )
        return Measured(chosen, features, np.array(query, np.float32), matched)

    def _candidates(
        self, vector: Vectors, lexical: Sequence[NDArray[np.float32]], served: NDArray[np.bool_] | None
    ) -> NDArray[np.int64]:
        if not self.entries:
            return np.zeros(0, np.int64)
        _, asked = self.asked_index.nearest(vector[None], min(_NEAREST_WORDINGS, len(self.wordings)))
        _, answers = self.answer_index.nearest(vector[None], min(_NEAREST_ANSWERS, len(self.entries)))
        found = [self._owner[asked[0][asked[0] >= 0]], answers[0][answers[0] >= 0]]
        few = min(_NEAREST_LEXICAL, len(self.entries))
        for shares in (lexical[0], lexical[2]):
            rows = np.flatnonzero(shares)
            found.append(rows if len(rows) <= few else rows[np.argpartition(shares[rows], -few)[-few:]])
        chosen = np.unique(np.concatenate(found))
        return chosen if served is None else chosen[served[chosen]]

    def _wording_cosines(
        self, chosen: NDArray[np.int64], vector: Vectors
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
        """Best, mean and second best cosine of each chosen entry's wordings, and the row of the best."""
        counts = self._starts[chosen + 1] - self._starts[chosen]
        widest = int(counts.max())
        columns = np.arange(widest)
        rows = self._starts[chosen][:, None] + np.minimum(columns, counts[:, None] - 1)
        cosines = self._asked[rows] @ vector
        real = columns < counts[:, None]
        mean = np.where(real, cosines, 0).sum(axis=1) / counts
        masked = np.where(real, cosines, -2.0)
        at = masked.argmax(axis=1)
        line = np.arange(len(chosen))
        best = masked[line, at].copy()
        masked[line, at] = -2.0
        second = np.where(counts > 1, masked.max(axis=1), best)
        return best, mean, second, rows[line, at]
