"""What the memory backend keeps of a conversation and of a turn."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from contracts.conversation import Entry
from handoff.model import Said, Turn
from handoff.sla import Stage

BOT, AGENT = "bot", "agent"


@dataclass
class Conversation:
    """One conversation and its log.

    `turns` are the queued turns, the first of which may be claimed; `said`, `written` and `left` remember the keys of
    messages, of other entries and of messages left, with what they led to.
    """

    conversation_id: str
    channel: str
    profile: dict[str, Any]
    owner: str = BOT
    epoch: int = 1
    bot_session: int = 1
    case_id: str = ""
    agent_id: str = ""
    outcome: str = ""
    owed_since_ms: int = 0
    owed_first: bool = False
    owed_stage: Stage = Stage.RUNNING
    last_agent: str = ""
    last_agent_ms: int = 0
    log: list[Entry] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)
    said: dict[str, Said] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    turns: deque[Turn] = field(default_factory=deque)


@dataclass
class Claim:
    """Who runs the head turn of a conversation, and when (monotonic seconds) they last gave a sign of life."""

    worker_id: str
    renewed: float


@dataclass(frozen=True)
class Done:
    """How a turn was finished: by which attempt, and with what."""

    attempt: int
    accepted: bool
    entries: tuple[Entry, ...]
    case_id: str
