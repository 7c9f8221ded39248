"""BM25 over words and over pairs of characters, as shares of what a query could reach.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with the always positive idf
ln(1 + (N - n + 0.5) / (n + 0.5)). A share near 1 means that every term of the query stands in the document, near 0 that
none does; words unknown to the whole base count with the rarest word's weight, so they lower every share.

A document has two fields: what is `ASKED` (question and variants) and the `WHOLE` (with the answer). Its counts never
change and are kept in parts (`TermCounts`); what depends on all documents together (`Bm25`) is worked out anew for
each version of a base, and costs little.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from knowledge_base.ragged import Ints, Ragged, joined
from language.normalise import normalise

K1 = 1.2  # how fast repeating a term stops to count
B = 0.5  # how much long documents are held back; entries differ in length mostly by their number of variants
ASKED, WHOLE = 0, 1
Floats = NDArray[np.float64]
_MOST_COUNTED = 65_535  # a term that stands more often in one document counts as so often
#: Postings that are added up without first asking whether the rest of the query could bring a better document.
_AT_ONCE = 20_000
#: In more documents than these a term is not looked up: adding up its postings takes less time.
_LOOKED_UP = 1_000


class Vocabulary:
    """Terms by number. It only grows, so that documents counted for one version of a base fit the next."""

    def __init__(self, terms: Iterable[str] = ()) -> None:
        self._numbers: dict[str, int] = {term: number for number, term in enumerate(terms)}

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def learn(self, terms: Iterable[str]) -> list[int]:
        """The number of each of `terms`; new ones get the next."""
        numbers = self._numbers
        return [numbers.setdefault(term, len(numbers)) for term in terms]

    def number(self, term: str) -> int | None:
        """The number of a term, if any document ever held it."""
        return self._numbers.get(term)


@dataclass(frozen=True)
class TermCounts:
    """How often each term stands in each of a fixed set of documents.

    `terms` are the distinct terms of each whole document, `counts` [2, terms] how often each stands in what is asked
    and in the whole. `owners` are, for each term, the documents that hold it in the field that candidates are gathered
    from, `owner_counts` how often, `most` [terms known then] the largest of these.
    """

    terms: Ragged
    counts: NDArray[np.uint16]
    gathered: int
    lengths: Floats  # [2, documents], at least 1
    frequency: Ints  # [2, terms known then]: in how many documents
    owners: Ragged
    owner_counts: NDArray[np.uint16]
    most: NDArray[np.uint16]

    @classmethod
    def of(cls, terms: Ragged, counts: NDArray[np.uint16], gathered: int, known: int) -> TermCounts:
        """Index documents; `known` is how many terms the vocabulary holds."""
        rows = len(terms)
        owner = np.repeat(np.arange(rows, dtype=np.int32), np.diff(terms.starts))
        lengths = np.stack([np.bincount(owner, field, minlength=rows) for field in counts])
        frequency = np.stack([np.bincount(terms.values[field > 0], minlength=known) for field in counts])
        held = counts[gathered] > 0
        shape = (max(1, rows), max(1, known))
        ends = np.searchsorted(np.flatnonzero(held), terms.starts) if rows else np.zeros(2, np.int64)
        by_term = csr_array((counts[gathered][held], terms.values[held], ends), shape=shape).tocsc()
        starts = by_term.indptr.astype(np.int64)
        most = np.zeros(shape[1], np.uint16)
        filled = np.flatnonzero(np.diff(starts))
        if len(filled):
            most[filled] = np.maximum.reduceat(by_term.data, starts[filled])
        owners = Ragged(starts, by_term.indices.astype(np.int32, copy=False))
        return cls(terms, counts, gathered, np.maximum(lengths, 1.0), frequency, owners, by_term.data, most)

    def __len__(self) -> int:
        return len(self.terms)


class Counting:
    """Gathers the counts of documents one by one; `finished` makes them `TermCounts`."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._sizes, self._terms = array("q"), array("i")
        self._counts = array("H"), array("H")

    def add(self, asked: Iterable[str], answer: Iterable[str]) -> None:
        """The next document: the terms of its wordings and those of its answer."""
        of_asked = Counter(self._vocabulary.learn(asked))
        whole = of_asked + Counter(self._vocabulary.learn(answer))
        self._sizes.append(len(whole))
        for term, count in whole.items():
            self._terms.append(term)
            self._counts[ASKED].append(min(of_asked[term], _MOST_COUNTED))
            self._counts[WHOLE].append(min(count, _MOST_COUNTED))

    def finished(self, gathered: int) -> TermCounts:
        """All documents added; candidates are gathered from the field `gathered`."""
        counts = np.stack([np.array(field, np.uint16) for field in self._counts])
        terms = Ragged.sized(np.array(self._sizes, np.int64), np.array(self._terms, np.int32))
        return TermCounts.of(terms, counts, gathered, len(self._vocabulary))


def merged(parts: Sequence[tuple[TermCounts, Ints]], known: int) -> TermCounts:
    """The documents `rows` of each part, as one; `known` is how many terms the vocabulary holds."""
    places = [part.terms.places(rows)[0] for part, rows in parts]
    terms = joined([part.terms.take(rows) for part, rows in parts])
    counts = np.concatenate([part.counts[:, place] for (part, _), place in zip(parts, places)], axis=1)
    return TermCounts.of(terms, counts, parts[0][0].gathered, known)


@dataclass(frozen=True)
class Weights:
    """A query's terms that the base knows, ascending [t], what each weighs in each field [2, t] (0: unknown there),
    what the query could reach at most [2], and the share of it that is unknown [2]."""

    terms: NDArray[np.int32]
    idf: Floats
    reach: Floats
    unknown: Floats


@dataclass(frozen=True)
class Gathered:
    """The best documents of a part [d], their shares [d], and every document's score where they were worked out."""

    rows: Ints
    shares: Floats
    every: Floats | None


class Bm25:
    """Several parts as one base, without the documents that are `gone` (rows of each part)."""

    def __init__(self, vocabulary: Vocabulary, parts: Sequence[TermCounts], gone: Sequence[Ints] | None = None) -> None:
        gone = gone or [np.zeros(0, np.int64) for _ in parts]
        self._vocabulary = vocabulary
        self._parts = parts
        self._gone = gone
        self.documents = sum(len(part) - len(rows) for part, rows in zip(parts, gone))
        self._frequency = np.zeros((2, max([0, *(part.frequency.shape[1] for part in parts)])), np.int64)
        total = np.zeros(2)
        for part, rows in zip(parts, gone):
            self._frequency[:, : part.frequency.shape[1]] += part.frequency
            total += part.lengths.sum(axis=1) - part.lengths[:, rows].sum(axis=1)
            places, _ = part.terms.places(rows)
            for field in (ASKED, WHOLE):
                lost = part.terms.values[places][part.counts[field, places] > 0]
                self._frequency[field] -= np.bincount(lost, minlength=self._frequency.shape[1])
        self._mean = np.maximum(total / max(1, self.documents), 1.0)  # a document counts as one term at least
        self._shortest = [float(part.lengths[part.gathered].min()) if len(part) else 1.0 for part in parts]
        self.unknown_idf = float(np.log1p((self.documents + 0.5) / 0.5))

    def weigh(self, query: Iterable[str]) -> Weights:
        """What the terms of a query weigh in this base."""
        distinct = list(dict.fromkeys(query))
        numbers = (self._vocabulary.number(term) for term in distinct)
        # The vocabulary may have grown for a later version of the base since this one was made.
        terms = np.array(sorted(n for n in numbers if n is not None and n < self._frequency.shape[1]), np.int32)
        frequency = self._frequency[:, terms]
        known = frequency > 0
        idf = np.where(known, np.log1p((self.documents - frequency + 0.5) / (frequency + 0.5)), 0.0)
        missing = (len(distinct) - known.sum(axis=1)) * self.unknown_idf
        total = idf.sum(axis=1) + missing
        unknown = np.where(total > 0, missing / np.where(total > 0, total, 1.0), 0.0)
        return Weights(terms, idf, total * (K1 + 1), unknown)

    def shares(self, part: int, rows: Ints, weights: Weights) -> Floats:
        """BM25 of the documents `rows` [d] of a part over what the query could reach, in both fields [2, d]."""
        counts = self._parts[part]
        out = np.zeros((2, len(rows)))
        if not len(weights.terms) or not len(rows):
            return out
        places, sizes = counts.terms.places(rows)
        found = counts.terms.values[places]
        at = np.minimum(np.searchsorted(weights.terms, found), len(weights.terms) - 1)
        hit = np.flatnonzero(weights.terms[at] == found)
        at, places = at[hit], places[hit]
        document = np.repeat(np.arange(len(rows)), sizes)[hit]
        for field in (ASKED, WHOLE):
            count = counts.counts[field, places].astype(np.float64)
            held_back = self._held_back(field, counts.lengths[field, rows])[document]
            gained = weights.idf[field, at] * count * (K1 + 1) / (count + held_back)
            if weights.reach[field] > 0:
                out[field] = np.bincount(document, gained, minlength=len(rows)) / weights.reach[field]
        return out

    def gather(self, part: int, weights: Weights, few: int) -> Gathered:
        """The `few` best documents of a part in the field it gathers from, equally good ones included.

        Exact: a term that stands in many documents is left for last, and then only looked up in the documents that
        could still be among the best, when it alone can bring no other there (as in MaxScore, Turtle and Flood 1995).
        """
        counts, gone = self._parts[part], self._gone[part]
        field = counts.gathered
        here = weights.terms < len(counts.owners)
        terms, idf = weights.terms[here].astype(np.int64), weights.idf[field, here]
        sizes = counts.owners.starts[terms + 1] - counts.owners.starts[terms]
        if not len(terms):
            return Gathered(np.zeros(0, np.int64), np.zeros(0), None)
        if int(sizes.sum()) <= _AT_ONCE:
            scores = self._added(counts, terms, idf)
            scores[gone] = 0.0
        else:
            order = sizes.argsort(kind="stable")
            terms, idf, sizes = terms[order], idf[order], sizes[order]
            most = counts.most[terms].astype(np.float64)
            bounds = idf * most * (K1 + 1) / (most + self._held_back(field, np.array(self._shortest[part])))
            scores = np.zeros(0)
            while len(terms):
                some = max(1, int(np.searchsorted(sizes.cumsum(), _AT_ONCE)))
                added = self._added(counts, terms[:some], idf[:some])
                scores = scores + added if len(scores) else added
                scores[gone] = 0.0
                terms, idf, sizes, bounds = terms[some:], idf[some:], sizes[some:], bounds[some:]
                least, rest = _kth(scores, few), float(bounds.sum())
                if len(terms) and rest < least:
                    rows = (scores >= least - rest).nonzero()[0]
                    if len(rows) <= _LOOKED_UP:
                        exact = self.shares(part, rows, weights)[field]
                        return Gathered(*_first(rows, exact, few), None)
        rows = (scores > max(_kth(scores, few) - 1e-9, 0.0)).nonzero()[0]
        return Gathered(*_first(rows, scores[rows] / weights.reach[field], few), scores)

    def gathered_shares(self, part: int, rows: Ints, weights: Weights, gathered: Gathered) -> Floats:
        """`shares` of the documents `rows` [d] in the field that was gathered from, [d]."""
        if gathered.every is None:
            return np.asarray(self.shares(part, rows, weights)[self._parts[part].gathered])
        return np.asarray(gathered.every[rows] / weights.reach[self._parts[part].gathered])

    def _added(self, counts: TermCounts, terms: Ints, idf: Floats) -> Floats:
        places, sizes = counts.owners.places(terms)
        owners, count = counts.owners.values[places], counts.owner_counts[places].astype(np.float64)
        held_back = self._held_back(counts.gathered, counts.lengths[counts.gathered, owners])
        gained = np.repeat(idf, sizes) * count * (K1 + 1) / (count + held_back)
        return np.bincount(owners, gained, minlength=len(counts)).astype(np.float64, copy=False)

    def _held_back(self, field: int, lengths: Floats) -> Floats:
        return np.asarray(K1 * (1 - B + B * lengths / self._mean[field]))


def over(documents: Iterable[Iterable[str]]) -> Callable[[Iterable[str]], Floats]:
    """BM25 over documents that are no entries: terms of a query to the share of each document, [documents]."""
    vocabulary = Vocabulary()
    counting = Counting(vocabulary)
    for document in documents:
        counting.add(document, ())
    bm25 = Bm25(vocabulary, [counting.finished(ASKED)])
    every = np.arange(bm25.documents)

    def shares(query: Iterable[str]) -> Floats:
        return np.asarray(bm25.shares(0, every, bm25.weigh(query))[ASKED])

    return shares


def bigrams(text: str) -> list[str]:
    """Pairs of neighbouring letters of the normalised text, punctuation left out; a lone letter stands for itself."""
    letters = [c for c in normalise(text) if c.isalnum()]
    return [a + b for a, b in pairwise(letters)] or letters


def _kth(scores: Floats, few: int) -> float:
    """The score that the `few`-th best document has, 0 where there are fewer."""
    filled = scores[scores > 0]
    return float(np.partition(filled, -few)[-few]) if len(filled) >= few else 0.0


def _first(rows: Ints, scores: Floats, few: int) -> tuple[Ints, Floats]:
    """The `few` best and all that are as good as the last of them, ascending by row."""
    scores = np.round(scores, 9)  # the order of adding up must not decide between equals
    if len(rows) > few:
        keep = scores >= np.partition(scores, -few)[-few]
        rows, scores = rows[keep], scores[keep]
    return rows, scores
