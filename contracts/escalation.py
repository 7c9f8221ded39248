"""Why a conversation needs a person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Reason(str, Enum):
    """Why a person is called; the names are those of the evaluation formats."""

    EXPLICIT_REQUEST = "explicit_request"
    ANGER = "anger"
    REPEATED_FAILURE = "repeated_failure"
    REPEATED_QUESTION = "repeated_question"
    THREAT = "threat"
    SENSITIVE = "sensitive"
    MISSES = "misses"
    BOT_UNAVAILABLE = "bot_unavailable"
    DOWNVOTE = "downvote"
    SUPERVISOR = "supervisor"
    PERSON_FIRST = "person_first"


@dataclass(frozen=True)
class Evidence:
    """One piece of why: `signal` names it, `detail` quotes it, `value` is its strength, `seq` the message."""

    signal: str
    detail: str = ""
    value: float = 0.0
    seq: int | None = None


@dataclass(frozen=True)
class Escalation:
    """The bot's decision that a person is due."""

    reason: Reason
    evidence: tuple[Evidence, ...] = ()
