"""What the bot understood of one customer message."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.answer import Finding


@dataclass(frozen=True)
class Sentiment:
    """Sentiment and signals of one line.

    `scores` are the probabilities of negative, neutral and positive; `anger` is an expectation from 0 (none) to
    3 (furious); `wants_human` and `threat` are probabilities; `words` are the words that weighed most towards
    negative, strongest first, with their weights.
    """

    label: str
    negative: float
    neutral: float
    positive: float
    anger: float
    wants_human: float
    threat: float
    words: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Entity:
    """A thing named in the message; `start` and `end` are character offsets into the text."""

    name: str
    value: str
    start: int
    end: int


@dataclass(frozen=True)
class Intent:
    """One intent with the classifier's probability."""

    name: str
    confidence: float


@dataclass(frozen=True)
class Understanding:
    """Everything the bot made of one customer message; shown to the agent beside it.

    `repeat_of` is the log sequence number of the earlier message that asked the same thing, `repeat_similarity`
    the cosine between the two; `finding` is what the knowledge base found, when it was asked.
    """

    intent: Intent
    ranking: tuple[Intent, ...] = ()
    entities: tuple[Entity, ...] = ()
    sentiment: Sentiment | None = None
    finding: Finding | None = None
    repeat_of: int | None = None
    repeat_similarity: float = 0.0
