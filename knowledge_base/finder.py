"""From a customer's words to what we do with them: answer, offer choices, or admit a miss.

One scorer serves chat, hit test, replay and evaluation. A finder never changes: a new base is a new finder, so a
query sees one version from beginning to end, and any number of threads may ask at once.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from contracts.answer import Answer, Candidate, Finding, Outcome
from knowledge_base.encoder import Encoder, Vectors
from knowledge_base.entry import FaqEntry, digest_of
from knowledge_base.features import ENTRY_FEATURES, LONGEST_QUERY, Base, Measured
from knowledge_base.fusion import Calibration, CalibrationError, Thresholds, load_calibration, rule_of_thumb
from knowledge_base.preparation import Preparation
from knowledge_base.segment import Progress
from knowledge_base.vectors import EmbeddingCache

MOST_CHOICES = 3
_DENSE = ENTRY_FEATURES.index("best_wording")
_LEXICAL = ENTRY_FEATURES.index("words_whole")


@dataclass(frozen=True)
class Ranked:
    """The candidates of one query by falling probability [c], with all that was measured: for hit tests and fitting."""

    measured: Measured
    order: NDArray[np.int64]
    probabilities: NDArray[np.float32]


@dataclass(frozen=True)
class Explained:
    """A finding with what stands behind it: all candidates, whatever was decided, and their measures.

    `measures` are by candidate, by the names of ENTRY_FEATURES; `covered` is the probability that any entry answers.
    """

    finding: Finding
    candidates: tuple[Candidate, ...]
    measures: tuple[dict[str, float], ...]
    covered: float


class Finder:
    """A base that answers. Build one with `Finder.build`."""

    def __init__(
        self, base: Base, calibration: Calibration, today: Callable[[], date] = date.today, version: str = ""
    ) -> None:
        self.base = base
        self.calibration = calibration
        self.version = version
        self._today = today
        self._rows = {entry.id: row for row, entry in enumerate(base.entries)}
        self._served: dict[tuple[date, str], NDArray[np.bool_]] = {}

    @classmethod
    def build(
        cls,
        entries: Sequence[FaqEntry],
        encoder: Encoder,
        calibration: Calibration | None = None,
        cache: EmbeddingCache | None = None,
        today: Callable[[], date] = date.today,
        previous: Preparation | None = None,
        progress: Progress | None = None,
    ) -> Finder:
        """Index `entries`. Without a `calibration` the shipped one is used.

        `cache` spares encoding texts known from earlier runs, `previous` preparing the entries that it holds already;
        `progress` hears how many of the others are prepared.
        """
        if calibration is None:
            try:
                calibration = load_calibration()
            except CalibrationError:
                calibration = rule_of_thumb()
        parts = f"{digest_of(entries)} {encoder.digest} {calibration.digest}"
        version = hashlib.sha256(parts.encode()).hexdigest()[:12]
        base = Base(entries, encoder, cache, previous, progress)
        return cls(base, calibration, today, version)

    @property
    def entries(self) -> tuple[FaqEntry, ...]:
        """Every entry of the base, served or not."""
        return self.base.entries

    def find(self, text: str, *, k: int = 5, channel: str = "web") -> Finding:
        """Decide on one question; the finding holds at most `k` candidates, best first."""
        began = time.perf_counter()
        vector = self.base.encoder.encode([text[:LONGEST_QUERY]])[0]
        return self._decide(text, vector, k, channel, began)

    def find_many(self, texts: Sequence[str], *, k: int = 5, channel: str = "web") -> list[Finding]:
        """Decide on many questions; the texts are encoded in one batch, which `took_ms` leaves out."""
        vectors = self.base.encoder.encode([text[:LONGEST_QUERY] for text in texts])
        return [self._decide(text, vector, k, channel, time.perf_counter()) for text, vector in zip(texts, vectors)]

    def explain(self, text: str, *, k: int = 8, channel: str = "web") -> Explained:
        """`find` with its reasons: what the hit test shows is what the chat decides."""
        finding = self.find(text, channel=channel)
        ranked = self.rank(text, channel=channel)
        shown = range(min(k, len(ranked.order)))
        rows = [ranked.measured.features[ranked.order[at]] for at in shown]
        return Explained(
            finding,
            tuple(self._candidate(ranked, at) for at in shown),
            tuple({name: round(float(value), 4) for name, value in zip(ENTRY_FEATURES, row)} for row in rows),
            round(float(ranked.probabilities.sum()), 4),
        )

    def answer(self, entry_id: str) -> Answer | None:
        """The answer of an entry as it is shown, or None when there is none or it is not served today."""
        row = self._rows.get(entry_id)
        if row is None:
            return None
        entry = self.base.entries[row]
        channel = entry.channels[0] if entry.channels else ""
        if not entry.is_served(self._today(), channel):
            return None
        updated = entry.updated.isoformat() if entry.updated else ""
        return Answer(entry.id, entry.question, entry.answer, entry.category, updated, entry.source, entry.escalate)

    def rank(self, text: str, vector: Vectors | None = None, channel: str = "web") -> Ranked:
        """All candidates of one question with their measures."""
        if vector is None:
            vector = self.base.encoder.encode([text[:LONGEST_QUERY]])[0]
        measured = self.base.measure(text, vector, self._mask(channel))
        probabilities = self.calibration.probabilities(measured.features, measured.query)
        order = np.argsort(-probabilities, kind="stable")
        return Ranked(measured, order, probabilities[order])

    def rank_many(self, texts: Sequence[str], channel: str = "web") -> list[Ranked]:
        """`rank` of many questions, encoded in one batch."""
        vectors = self.base.encoder.encode([text[:LONGEST_QUERY] for text in texts])
        return [self.rank(text, vector, channel) for text, vector in zip(texts, vectors)]

    def _decide(self, text: str, vector: Vectors, k: int, channel: str, began: float) -> Finding:
        if not any(c.isalnum() for c in text[:LONGEST_QUERY]):
            return Finding(Outcome.MISS, (), self.version, "no word in the message", _since(began))
        ranked = self.rank(text, vector, channel)
        candidates = tuple(self._candidate(ranked, at) for at in range(min(max(k, MOST_CHOICES), len(ranked.order))))
        thresholds = self.calibration.thresholds
        if candidates and candidates[0].lexical == 0 and candidates[0].dense < thresholds.foreign:
            return Finding(Outcome.MISS, candidates[:k], self.version, "nothing in common with the base", _since(began))
        outcome, why = decide(
            [candidate.probability for candidate in candidates],
            thresholds,
            [candidate.dense for candidate in candidates],
            float(ranked.probabilities.sum()),
        )
        if outcome is Outcome.CLARIFY:
            least = thresholds.choice
            choices = tuple(candidate for candidate in candidates[:MOST_CHOICES] if candidate.probability >= least)
            return Finding(outcome, choices, self.version, why, _since(began))
        return Finding(outcome, candidates[:k], self.version, why, _since(began))

    def _candidate(self, ranked: Ranked, at: int) -> Candidate:
        row = ranked.order[at]
        measured = ranked.measured
        entry = self.base.entries[measured.entries[row]]
        return Candidate(
            entry_id=entry.id,
            question=entry.question,
            matched=entry.wordings[measured.matched[row]],
            probability=round(float(ranked.probabilities[at]), 4),
            dense=round(float(measured.features[row, _DENSE]), 4),
            lexical=round(float(measured.features[row, _LEXICAL]), 4),
        )

    def _mask(self, channel: str) -> NDArray[np.bool_] | None:
        """Which entries `channel` may see today, [entries]; None when all."""
        today = self._today()
        mask = self._served.get((today, channel))
        if mask is None:
            mask = self.base.served(today, channel)
            if len(self._served) > 64:  # channels are few; a caller that makes them up shall not fill the memory
                self._served.clear()
            self._served[today, channel] = mask
        return None if mask.all() else mask


def decide(
    probabilities: Sequence[float], thresholds: Thresholds, cosines: Sequence[float] = (), covered: float = 0.0
) -> tuple[Outcome, str]:
    """The outcome for candidates' falling `probabilities`, and one line that says what decided it.

    `cosines` are the candidates' best cosines to a wording: who asks in the editor's own words is answered, unless a
    second entry has the same words. `covered` is the probability that any entry answers: a vague question has many
    candidates and no favourite, and is asked back about.
    """
    if not probabilities:
        return Outcome.MISS, "no candidate"
    if cosines and cosines[0] >= thresholds.same and max(cosines[1:], default=0.0) < thresholds.same:
        return Outcome.ANSWER, f"same words, cosine {cosines[0]:.2f} >= {thresholds.same:.2f}"
    best = probabilities[0]
    second = probabilities[1] if len(probabilities) > 1 else 0.0
    offered = sum(p for p in probabilities[:MOST_CHOICES] if p >= thresholds.choice)
    if best >= thresholds.answer and best - second >= thresholds.lead:
        return Outcome.ANSWER, f"best {best:.2f} >= {thresholds.answer:.2f}, lead {best - second:.2f}"
    if offered >= thresholds.clarify:
        reason = "two close rivals" if best >= thresholds.answer else f"best {best:.2f} < {thresholds.answer:.2f}"
        return Outcome.CLARIFY, f"{reason}, choices together {offered:.2f} >= {thresholds.clarify:.2f}"
    if covered >= thresholds.vague and offered > 0:
        return Outcome.CLARIFY, f"vague: some entry answers with {covered:.2f} >= {thresholds.vague:.2f}"
    return Outcome.MISS, f"choices together {offered:.2f} < {thresholds.clarify:.2f}"


def _since(began: float) -> float:
    return round(1000 * (time.perf_counter() - began), 3)
