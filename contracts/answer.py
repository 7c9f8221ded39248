"""What the knowledge base found for one question."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Outcome(str, Enum):
    """What the finder decides to do with a question."""

    ANSWER = "answer"
    CLARIFY = "clarify"
    MISS = "miss"


@dataclass(frozen=True)
class Candidate:
    """One FAQ entry that may answer, best first.

    `matched` is the question or variant nearest to the query; `probability` is calibrated: of candidates shown with
    0.8, eight in ten answer the question. `dense` is the best cosine, `lexical` the best BM25 share of the query.
    """

    entry_id: str
    question: str
    matched: str
    probability: float
    dense: float
    lexical: float


@dataclass(frozen=True)
class Finding:
    """The finder's decision with its candidates and what decided it (`why`, one readable English line)."""

    outcome: Outcome
    candidates: tuple[Candidate, ...]
    version: str
    why: str = ""
    took_ms: float = 0.0


@dataclass(frozen=True)
class Answer:
    """An FAQ answer as it is shown: Markdown text, where it comes from and how fresh it is (ISO date)."""

    entry_id: str
    question: str
    text: str
    category: str
    updated: str
    source: str = ""
    escalate: bool = False
