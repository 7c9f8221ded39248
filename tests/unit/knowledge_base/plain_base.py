"""The measures of `knowledge_base.features` worked out the plain way: every entry, every document, nothing pruned.

Slow and short: what the quick path finds is compared with it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from knowledge_base.encoder import Encoder
from knowledge_base.entry import FaqEntry
from knowledge_base.features import Measured
from knowledge_base.lexical import K1, B, bigrams
from language.segment import content_words

WORDINGS, ANSWERS, LEXICAL, MEASURED, FIELD = 64, 8, 8, 16, 10


class PlainBm25:
    """Documents as lists of terms."""

    def __init__(self, documents: Sequence[list[str]]) -> None:
        self.counts = [Counter(document) for document in documents]
        self.mean = sum(max(1, len(document)) for document in documents) / len(documents)
        self.frequency = Counter(term for counts in self.counts for term in counts)

    def shares(self, query: list[str]) -> tuple[np.ndarray, float]:
        """Share of each document, and of what is unknown."""
        n = len(self.counts)
        idf = {t: math.log(1 + (n - self.frequency[t] + 0.5) / (self.frequency[t] + 0.5)) for t in query}
        reach = sum(idf.values())
        missing = sum(idf[t] for t in idf if not self.frequency[t])
        out = np.zeros(n)
        for row, counts in enumerate(self.counts):
            back = K1 * (1 - B + B * max(1, counts.total()) / self.mean)
            out[row] = sum(idf[t] * counts[t] * (K1 + 1) / (counts[t] + back) for t in idf if counts[t])
        return (out / reach / (K1 + 1) if reach else out), (missing / reach if reach else 0.0)


class PlainBase:
    """Entries of a base with an encoder."""

    def __init__(self, entries: Sequence[FaqEntry], encoder: Encoder) -> None:
        self.entries, self.encoder = entries, encoder
        self.asked = [encoder.encode(entry.wordings) for entry in entries]
        self.answers = np.concatenate([encoder.encode([entry.answer]) * bool(entry.answer) for entry in entries])
        for name, terms in (("words", content_words), ("pairs", bigrams)):
            asked = [[t for wording in entry.wordings for t in terms(wording)] for entry in entries]
            whole = [[*one, *terms(entry.answer)] for one, entry in zip(asked, entries)]
            setattr(self, f"{name}_asked", PlainBm25(asked))
            setattr(self, f"{name}_whole", PlainBm25(whole))

    def measure(self, text: str, vector: np.ndarray) -> Measured:
        """As `Base.measure`, for a normalised text."""
        words, pairs = content_words(text), bigrams(text)
        words_whole, unknown_words = self.words_whole.shares(words)
        pairs_whole, unknown_pairs = self.pairs_whole.shares(pairs)
        words_asked, pairs_asked = self.words_asked.shares(words)[0], self.pairs_asked.shares(pairs)[0]
        cosines = [one @ vector for one in self.asked]
        answer = self.answers @ vector
        owners = np.repeat(np.arange(len(cosines)), [len(one) for one in cosines])
        chosen = set(owners[np.argsort(-np.concatenate(cosines), kind="stable")[:WORDINGS]])
        chosen |= set(np.argsort(-answer, kind="stable")[:ANSWERS])
        for scores in (words_whole, pairs_asked):
            chosen |= {row for row in np.argsort(-scores, kind="stable")[:LEXICAL] if scores[row] > 0}
        rows = np.array(sorted(chosen))
        best = np.array([cosines[row].max() for row in rows])
        mean = np.array([cosines[row].mean() for row in rows])
        field = np.sort(best)[-FIELD:].mean()
        promise = best + mean + 0.5 * answer[rows] + words_whole[rows] + pairs_asked[rows]
        rows = rows[np.argsort(-promise, kind="stable")[:MEASURED]]
        features = []
        for row in rows:
            found = cosines[row]
            centre = self.asked[row].sum(axis=0)
            features.append(
                [
                    found.max(),
                    found.mean(),
                    np.sort(found)[-2:][0],
                    centre @ vector / max(np.linalg.norm(centre), 1e-12),
                    answer[row],
                    bool(self.entries[row].answer),
                    words_whole[row],
                    words_asked[row],
                    pairs_asked[row],
                    pairs_whole[row],
                    *self._coverage(text, self.entries[row], int(found.argmax())),
                ]
            )
        held = np.array(features)
        lexical = held[:, 6].max(), held[:, 8].max()
        unknown = unknown_words, unknown_pairs
        length = np.log1p(len(text)), np.log1p(len(words))
        query = [held[:, 0].max(), field, held[:, 4].max(), *lexical, held[:, 11].max(), held[:, 12].min()]
        matched = np.array([int(cosines[row].argmax()) for row in rows])
        return Measured(rows, held.astype(np.float32), np.array([*query, *unknown, *length], np.float32), matched)

    def _coverage(self, text: str, entry: FaqEntry, matched: int) -> tuple[float, float, float, float]:
        if self.encoder.words is None:
            return 0.0, 0.0, 0.0, 0.0
        asked = self._words(*entry.wordings)
        whole = self._words(*entry.wordings, entry.answer)
        wording = self._words(entry.wordings[matched])
        _, heard = self.encoder.words.words(text)
        weights = np.linalg.norm(heard, axis=1)
        if not weights.sum():
            return 0.0, 0.0, 0.0, 0.0
        share = weights / weights.sum()

        def near(these: np.ndarray, those: np.ndarray) -> np.ndarray:
            return np.maximum(_units(these) @ _units(those).T, 0)

        in_whole = near(heard, whole).max(axis=1)
        heavy = np.linalg.norm(wording, axis=1)
        spoken = near(heard, wording).max(axis=0) @ heavy / max(heavy.sum(), 1e-12) if len(heavy) else 0.0
        in_asked = near(heard, asked).max(axis=1, initial=0)
        return share @ in_asked, share @ in_whole, (share * (1 - in_whole)).max(), spoken

    def _words(self, *texts: str) -> np.ndarray:
        found: dict[str, np.ndarray] = {}
        for text in texts:
            found |= dict(zip(*self.encoder.words.words(text)))
        return np.array(list(found.values())).reshape(len(found), -1)


def _units(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
