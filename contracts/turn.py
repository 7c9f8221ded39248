"""One turn of the bot: what the worker sends to Rasa and what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from contracts.answer import Answer
from contracts.escalation import Escalation
from contracts.understanding import Understanding

MAX_TEXT_CHARACTERS = 2000


@dataclass(frozen=True)
class TurnRequest:
    """A customer message for the bot.

    `conversation_id` and `bot_session` together name the Rasa tracker: each return to the bot starts a new one.
    `seq` is the message's number in the conversation's log. `case_state` tells the bot that the customer already
    waits for a person ("waiting" or "offered", else "none"). `choice` is the entry the customer picked from a
    clarification. `outcome` is how the last case ended (empty: none), for the first turn after a person. `triggers` is
    what the shop has set about calling a person, laid over the bot's own file (see `handoff.config.thresholds`).
    """

    conversation_id: str
    bot_session: int
    seq: int
    text: str
    channel: str = "web"
    case_state: str = "none"
    choice: str | None = None
    outcome: str = ""
    vip: bool = False
    deadline_ms: int = 5000
    triggers: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Button:
    """A choice under a bot message: pressing it says `title`; `choice` is the FAQ entry it stands for."""

    title: str
    choice: str | None = None
    payload: str = ""


@dataclass(frozen=True)
class BotMessage:
    """One thing the bot says.

    `kind` is "text", "answer" (an FAQ answer, with `answer`), "clarify" (with `buttons`), "miss" (no answer was found)
    or "notice".
    """

    text: str
    kind: str = "text"
    buttons: tuple[Button, ...] = ()
    answer: Answer | None = None
    image: str = ""


@dataclass(frozen=True)
class TurnResult:
    """What the bot made of the turn: what to say, what it understood, and whether a person is due."""

    messages: tuple[BotMessage, ...]
    understanding: Understanding | None = None
    escalation: Escalation | None = None


@dataclass(frozen=True)
class TurnFailure:
    """Body of a 4xx or 5xx of the bot: `error` is a stable code, `reason` one sentence for the log."""

    error: str
    reason: str
