"""BM25 over words and over pairs of characters, as shares of what a query could reach.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with the always positive idf
ln(1 + (N - n + 0.5) / (n + 0.5)). A share near 1 means that every term of the query stands in the document, near 0 that
none does; words unknown to the whole base count with the rarest word's weight, so they lower every share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from language.normalise import normalise

K1 = 1.2  # how fast repeating a term stops to count
B = 0.5  # how much long documents are held back; entries differ in length mostly by their number of variants
Ints = NDArray[np.int64]
#: A document: distinct term numbers [t] and how often each stands in it [t].
Counts = tuple[Ints, Ints]


class Vocabulary:
    """Terms by number. It only grows, so that documents counted for one version of a base fit the next."""

    def __init__(self, terms: Iterable[str] = ()) -> None:
        self._numbers: dict[str, int] = {term: number for number, term in enumerate(terms)}

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def count(self, terms: Iterable[str]) -> Counts:
        """Number and count each of `terms`, learning new ones."""
        numbers = self._numbers
        counted = Counter(numbers.setdefault(term, len(numbers)) for term in terms)
        return np.fromiter(counted, np.int64, len(counted)), np.fromiter(counted.values(), np.int64, len(counted))

    def number(self, term: str) -> int | None:
        """The number of a term, if any document ever held it."""
        return self._numbers.get(term)


def joined(first: Counts, second: Counts) -> Counts:
    """The counts of two texts as one."""
    numbers, at = np.unique(np.concatenate([first[0], second[0]]), return_inverse=True)
    return numbers, np.bincount(at, np.concatenate([first[1], second[1]]), minlength=len(numbers)).astype(np.int64)


class Bm25:
    """Postings of a fixed set of documents."""

    def __init__(self, vocabulary: Vocabulary, documents: Sequence[Counts]) -> None:
        self.documents = len(documents)
        self._vocabulary = vocabulary
        terms = len(vocabulary)
        if not documents:
            documents = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
        lengths = np.array([max(1, counts.sum()) for _, counts in documents], np.float32)
        hold_back = K1 * (1 - B + B * lengths / lengths.mean())
        sizes = [len(numbers) for numbers, _ in documents]
        term_of = np.concatenate([numbers for numbers, _ in documents])
        count_of = np.concatenate([counts for _, counts in documents]).astype(np.float32)
        frequency = np.bincount(term_of, minlength=terms)
        self._known = frequency > 0
        self._idf = np.log1p((self.documents - frequency + 0.5) / (frequency + 0.5))
        self.unknown_idf = float(np.log1p((self.documents + 0.5) / 0.5))
        impacts = self._idf[term_of] * count_of * (K1 + 1) / (count_of + np.repeat(hold_back, sizes))
        ends = np.concatenate([[0], np.cumsum(sizes)])
        by_document = csr_array((impacts.astype(np.float32), term_of, ends), shape=(len(documents), max(1, terms)))
        by_term = by_document.tocsc()
        self._starts, self._owners, self._impacts = by_term.indptr, by_term.indices, by_term.data

    def shares(self, query: Iterable[str]) -> tuple[NDArray[np.float32], float]:
        """BM25 of each document over the query's total weight, [documents], and the share of unknown weight."""
        known, unknown = [], 0
        for term in dict.fromkeys(query):
            number = self._vocabulary.number(term)
            # The vocabulary may have grown for a later version of the base since these postings were made.
            if number is None or number >= len(self._known) or not self._known[number]:
                unknown += 1
            else:
                known.append(number)
        missing = unknown * self.unknown_idf
        if not known:
            return np.zeros(self.documents, np.float32), 1.0 if unknown else 0.0
        total = float(self._idf[known].sum()) + missing
        spans = [slice(self._starts[number], self._starts[number + 1]) for number in known]
        owners = np.concatenate([self._owners[span] for span in spans])
        impacts = np.concatenate([self._impacts[span] for span in spans])
        scores = np.bincount(owners, impacts, minlength=self.documents)
        return (scores / (total * (K1 + 1))).astype(np.float32), missing / total


def bigrams(text: str) -> list[str]:
    """Pairs of neighbouring letters of the normalised text, punctuation left out; a lone letter stands for itself."""
    letters = [c for c in normalise(text) if c.isalnum()]
    return [a + b for a, b in pairwise(letters)] or letters
