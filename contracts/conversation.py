"""The conversation's log and state, as stored and as sent to browsers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class EntryKind(str, Enum):
    """What a log entry is.

    MESSAGE: something said (customer, bot, agent or system notice). ANNOTATION: what the bot understood of message
    `data.about`, an `Understanding`. NOTE: an agent's private note or a supervisor's whisper. CASE: the case changed
    state. FEEDBACK: a vote or a rating. FENCED: a write refused because the owner had changed.
    """

    MESSAGE = "message"
    ANNOTATION = "annotation"
    NOTE = "note"
    CASE = "case"
    FEEDBACK = "feedback"
    FENCED = "fenced"


class Author(str, Enum):
    CUSTOMER = "customer"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


@dataclass(frozen=True)
class Attachment:
    """A picture or file that belongs to one message. `id` leads to it within its conversation and nowhere else.

    `media_type` was found by looking at the content; `size` is in bytes, `width` and `height` of a picture in pixels.
    """

    id: str
    name: str
    media_type: str
    size: int
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Entry:
    """One line of a conversation's log. `seq` counts from 1 without gaps; `at_ms` is Redis time, UTC.

    `key` is the client's idempotency key; `author_id` the agent's name for Author.AGENT. `data` depends on kind:
    a bot MESSAGE carries an encoded `BotMessage` without its text; CASE carries {case_id, state, reason, agent_id}.
    A MESSAGE with files carries their `attachments`; `wordless` tells that its text only stands for them.
    """

    seq: int
    at_ms: int
    kind: EntryKind
    author: Author
    text: str = ""
    key: str = ""
    author_id: str = ""
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class WaitView:
    """What a waiting customer is told: place from 1, and an honest range or None (暂无法估计)."""

    position: int
    low_ms: int | None = None
    high_ms: int | None = None


@dataclass(frozen=True)
class ConversationView:
    """State of one conversation. `owner` is "bot" or "agent"; `epoch` rises at each change of owner.

    `case_state` is "none", "waiting", "offered", "active" or "wrap_up"; `agent_id` the agent who owns it.
    """

    conversation_id: str
    channel: str
    owner: str
    epoch: int
    bot_session: int
    last_seq: int
    case_id: str = ""
    case_state: str = "none"
    agent_id: str = ""
    agent_name: str = ""
    wait: WaitView | None = None
    profile: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DeskEvent:
    """One thing that happened, published to the relays of every gateway.

    `kind`: "entry" (a log entry; `data` is the encoded Entry), "conversation" (its state changed), "queue" (the
    queue or an offer changed), "agent" (presence changed), "typing" (`data`: {author, on}); between
    gateways also "viewing" (an agent looks at a conversation) and "mention" (one was called in a note). `agent_id` is
    set when it concerns one agent (an offer to them, their chat).
    """

    kind: str
    conversation_id: str = ""
    agent_id: str = ""
    data: dict[str, Any] = field(default_factory=dict)
