"""Other ways to find an entry, to hold the finder against: each only ranks, none decides whether to answer.

`Rank` takes texts and gives for each the entry ids, best first. Rasa's own ResponseSelector is such a way too, but runs
in Rasa's environment (`training/response_selector.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from knowledge_base.encoder import SentenceEncoder
from knowledge_base.entry import FaqEntry
from knowledge_base.evaluate import hits
from knowledge_base.finder import Finder
from knowledge_base.lexical import bigrams, over
from knowledge_base.queries import Query
from language import segment

Rank = Callable[[Sequence[str]], Sequence[Sequence[str]]]


@dataclass(frozen=True)
class Compared:
    """hit@1, hit@3, hit@5 and mrr of one way, milliseconds a question on average, seconds to make it ready."""

    name: str
    figures: dict[str, float | None]
    query_ms: float
    build_s: float


def compared(name: str, make: Callable[[], Rank], queries: Sequence[Query]) -> Compared:
    """Make a way ready and rank every query by it."""
    began = time.perf_counter()
    rank = make()
    ready = time.perf_counter()
    found = rank([query.text for query in queries])
    took = time.perf_counter() - ready
    ranks = [
        next((at for at, entry_id in enumerate(ids, 1) if entry_id in query.gold), 0)
        for query, ids in zip(queries, found, strict=True)
    ]
    return Compared(name, hits(ranks), 1000 * took / max(1, len(queries)), ready - began)


def by_words(entries: Sequence[FaqEntry]) -> Rank:
    """BM25 over words and pairs of characters of everything an entry says, wordings and answer."""
    ids = np.array([entry.id for entry in entries])
    texts = [" ".join((*entry.wordings, entry.answer)) for entry in entries]
    shares_of = over(_terms(text) for text in texts)

    def rank(texts: Sequence[str]) -> list[list[str]]:
        found = []
        for text in texts:
            shares = shares_of(_terms(text))
            order = np.argsort(-shares, kind="stable")
            found.append(ids[order[shares[order] > 0]].tolist())
        return found

    return rank


def _terms(text: str) -> list[str]:
    return [*segment.words(text), *bigrams(text)]


def by_cosine(entries: Sequence[FaqEntry], encoder: SentenceEncoder) -> Rank:
    """The largest cosine of an encoder over an entry's wordings, with no other measure: the encoder alone."""
    wordings = [(row, text) for row, entry in enumerate(entries) for text in entry.wordings]
    owners = np.array([row for row, _ in wordings])
    ids = np.array([entry.id for entry in entries])
    vectors = encoder.encode([text for _, text in wordings])
    starts = np.flatnonzero(np.diff(owners, prepend=-1))

    def rank(texts: Sequence[str]) -> list[list[str]]:
        found = []
        for text in texts:  # one at a time, as customers come
            best = np.maximum.reduceat(vectors @ encoder.encode([text])[0], starts)
            found.append(ids[np.argsort(-best, kind="stable")].tolist())
        return found

    return rank


def by_finder(finder: Finder) -> Rank:
    """The finder itself."""

    def rank(texts: Sequence[str]) -> list[list[str]]:
        return [
            [finder.entries[ranked.measured.entries[row]].id for row in ranked.order]
            for text in texts
            for ranked in finder.rank_many([text])
        ]

    return rank
