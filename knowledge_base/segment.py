"""Entries prepared for searching, kept together: vectors, counted terms, words, and who may see them.

A segment never changes. A base is one or two of them: a large one, and a small one with what was edited since, so that
an edit costs what it changes. Rows of a segment are its entries.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from knowledge_base import coverage, lexical, ragged
from knowledge_base.coverage import SpokenWords, WordTable, word_dimension
from knowledge_base.encoder import Encoder, Vectors
from knowledge_base.entry import FaqEntry, Status
from knowledge_base.lexical import ASKED, WHOLE, Counting, TermCounts, Vocabulary, bigrams
from knowledge_base.ragged import Ints
from knowledge_base.text_index import Kept, TextIndex, kept, unpacked
from knowledge_base.vectors import EmbeddingCache, encode
from language import segment as cut

#: Entries that are prepared at a time.
CHUNK = 512
#: What `Segment.dense` measures, in the order of its rows.
DENSE = ("best_wording", "mean_wording", "second_wording", "centre", "answer", "has_answer", "nearest")
Progress = Callable[[int, int], None]  # done, of how many


@dataclass(frozen=True)
class Terms:
    """What numbers mean in every segment of a base: words, character pairs, and rows of the word table."""

    words: Vocabulary
    pairs: Vocabulary
    table: WordTable
    growing: threading.Lock = field(default_factory=threading.Lock, compare=False)  # two may prepare at once

    @classmethod
    def none(cls, encoder: Encoder) -> Terms:
        """None known yet."""
        return cls(Vocabulary(), Vocabulary(), WordTable(word_dimension(encoder)))


@dataclass(frozen=True)
class Served:
    """Who may see each entry: `published`, from and until which day (ordinal), and channels where there are any."""

    published: NDArray[np.bool_]
    since: NDArray[np.int32]
    until: NDArray[np.int32]
    channels: dict[int, tuple[str, ...]]

    @classmethod
    def of(cls, entries: Sequence[FaqEntry]) -> Served:
        """What `entries` say of themselves."""
        count = len(entries)
        return cls(
            np.fromiter((entry.status is Status.PUBLISHED for entry in entries), bool, count),
            np.fromiter((_day(entry.effective_from, 0) for entry in entries), np.int32, count),
            np.fromiter((_day(entry.effective_until, date.max.toordinal()) for entry in entries), np.int32, count),
            {row: entry.channels for row, entry in enumerate(entries) if entry.channels},
        )

    def on(self, today: date, channel: str) -> NDArray[np.bool_]:
        """`FaqEntry.is_served` of every entry."""
        day = today.toordinal()
        served = self.published & (self.since <= day) & (day <= self.until)
        for row, channels in self.channels.items():
            served[row] &= channel in channels
        return served


@dataclass(frozen=True)
class Segment:
    """`asked` holds the vectors of all wordings, those of entry i from `starts[i]` on; `answers` one an entry (zeros
    without a text); `spread` is the length of the sum of an entry's wordings."""

    digests: tuple[str, ...]
    starts: Ints
    asked: Kept
    answers: Kept
    has_answer: NDArray[np.bool_]
    spread: NDArray[np.float32]
    words: TermCounts
    pairs: TermCounts
    spoken: SpokenWords
    served: Served
    asked_index: TextIndex
    answer_index: TextIndex

    def __len__(self) -> int:
        return len(self.digests)

    @cached_property
    def rows(self) -> dict[str, int]:
        """The row of each entry by its digest."""
        return {digest: row for row, digest in enumerate(self.digests)}

    @cached_property
    def owner(self) -> Ints:
        """The row that each wording belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    def wordings_of(self, rows: Ints) -> Ints:
        """Places of all wordings of `rows` in `asked`."""
        return ragged.Ragged(self.starts, self.asked).places(rows)[0]

    def dense(self, rows: Ints, vector: Vectors) -> NDArray[np.float32]:
        """Cosines of the entries `rows` [c] with a unit `vector` [dimension], and which wording is nearest: [7, c]."""
        places, counts = ragged.Ragged(self.starts, self.asked).places(rows)
        cosines = unpacked(self.asked.take(places, axis=0)) @ vector
        first = counts.cumsum() - counts
        order = np.lexsort((-cosines, np.arange(len(rows)).repeat(counts)))
        total = np.add.reduceat(cosines, first)
        best = cosines[order[first]]
        second = np.where(counts > 1, cosines[order[first + (counts > 1)]], best)
        centre = total / np.maximum(self.spread[rows], 1e-12)
        answer = unpacked(self.answers.take(rows, axis=0)) @ vector
        measured = (best, total / counts, second, centre, answer, self.has_answer[rows], order[first] - first)
        return np.stack(measured).astype(np.float32)


def prepared(
    entries: Sequence[FaqEntry],
    encoder: Encoder,
    terms: Terms,
    cache: EmbeddingCache | None = None,
    progress: Progress | None = None,
) -> Segment:
    """Prepare `entries`, some hundreds at a time; what is encoded goes into `cache` each time."""
    wordings = [entry.wordings for entry in entries]
    counts = np.fromiter((len(one) for one in wordings), np.int64, len(entries))
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    numbers = int(starts[-1]) * encoder.dimension
    none = np.zeros((0, encoder.dimension), np.float32)
    asked = np.empty((int(starts[-1]), encoder.dimension), kept(none, numbers=numbers).dtype)
    answers = np.empty((len(entries), encoder.dimension), asked.dtype)
    spread = np.zeros(len(entries), np.float32)
    words, pairs = Counting(terms.words), Counting(terms.pairs)
    spoken = [SpokenWords.of([], [])]
    for begin in range(0, len(entries), CHUNK):
        chunk = entries[begin : begin + CHUNK]
        end = begin + len(chunk)
        texts = [text for at, entry in enumerate(chunk, begin) for text in (*wordings[at], entry.answer)]
        vectors = encode(encoder, texts, cache)
        of_answer = np.cumsum(counts[begin:end] + 1) - 1
        says = np.array([bool(entry.answer) for entry in chunk])
        answers[begin:end] = kept(vectors[of_answer] * says[:, None], numbers=numbers)
        of_asked = np.delete(vectors, of_answer, axis=0)
        asked[starts[begin] : starts[end]] = kept(of_asked, numbers=numbers)
        sums = np.add.reduceat(of_asked, starts[begin:end] - starts[begin])
        spread[begin:end] = np.linalg.norm(sums, axis=1)
        with terms.growing:
            table = terms.table
            said = [[table.rows(encoder, one) for one in wordings[at]] for at in range(begin, end)]
            spoken.append(SpokenWords.of(said, [table.rows(encoder, entry.answer) for entry in chunk]))
            for at, entry in enumerate(chunk, begin):
                words.add((w for one in wordings[at] for w in cut.content_words(one)), cut.content_words(entry.answer))
                pairs.add((p for one in wordings[at] for p in bigrams(one)), bigrams(entry.answer))
        if progress is not None:
            progress(end, len(entries))
    return Segment(
        tuple(entry.digest for entry in entries),
        starts,
        asked,
        answers,
        np.fromiter((bool(entry.answer) for entry in entries), bool, len(entries)),
        spread,
        words.finished(WHOLE),
        pairs.finished(ASKED),
        coverage.joined(spoken),
        Served.of(entries),
        TextIndex(asked),
        TextIndex(answers),
    )


def merged(parts: Sequence[tuple[Segment, Ints]], terms: Terms) -> Segment:
    """The entries `rows` of each part as one segment; the first part lends the partitions of its indexes."""
    numbers = sum(int(np.diff(part.starts)[rows].sum()) * part.asked.shape[1] for part, rows in parts)
    counts = np.concatenate([np.diff(part.starts)[rows] for part, rows in parts])
    places = [part.wordings_of(rows) for part, rows in parts]
    asked = np.concatenate([_as_kept(part.asked, place, numbers) for (part, _), place in zip(parts, places)])
    answers = np.concatenate([_as_kept(part.answers, rows, numbers) for part, rows in parts])
    channels: dict[int, tuple[str, ...]] = {}
    begin = 0
    for part, rows in parts:
        channels |= {
            begin + at: part.served.channels[row]
            for at, row in enumerate(rows.tolist() if part.served.channels else ())
            if row in part.served.channels
        }
        begin += len(rows)
    served = Served(
        np.concatenate([part.served.published[rows] for part, rows in parts]),
        np.concatenate([part.served.since[rows] for part, rows in parts]),
        np.concatenate([part.served.until[rows] for part, rows in parts]),
        channels,
    )
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    return Segment(
        tuple(part.digests[row] for part, rows in parts for row in rows.tolist()),
        starts,
        asked,
        answers,
        np.concatenate([part.has_answer[rows] for part, rows in parts]),
        np.concatenate([part.spread[rows] for part, rows in parts]),
        lexical.merged([(part.words, rows) for part, rows in parts], len(terms.words)),
        lexical.merged([(part.pairs, rows) for part, rows in parts], len(terms.pairs)),
        coverage.joined([part.spoken.take(rows) for part, rows in parts]),
        served,
        TextIndex(asked, parts[0][0].asked_index),
        TextIndex(answers, parts[0][0].answer_index),
    )


def _as_kept(vectors: Kept, rows: Ints, numbers: int) -> Kept:
    """The vectors `rows` as they are held among `numbers` numbers."""
    if vectors.dtype == np.int16 and kept(np.zeros((0, 1), np.float32), numbers=numbers).dtype == np.int16:
        return vectors[rows]
    return kept(unpacked(vectors[rows]), numbers=numbers)


def _day(day: date | None, otherwise: int) -> int:
    return otherwise if day is None else day.toordinal()
