"""The values of the handoff engine: frozen, one meaning a field, integer `_ms` UTC times."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from contracts.conversation import Entry
from contracts.escalation import Evidence, Reason
from handoff.records.model import Record, Remark


class CaseState(str, Enum):
    """Where a case is between the call for a person and its end; the transitions are in `lifecycle`."""

    WAITING = "waiting"
    OFFERED = "offered"
    ACTIVE = "active"
    WRAP_UP = "wrap_up"
    CLOSED = "closed"
    ABANDONED = "abandoned"
    MESSAGE_LEFT = "message_left"

    @property
    def is_open(self) -> bool:
        """True while somebody still owes this case something."""
        return self in OPEN_STATES


OPEN_STATES = frozenset({CaseState.WAITING, CaseState.OFFERED, CaseState.ACTIVE, CaseState.WRAP_UP})


class AgentStatus(str, Enum):
    """What an agent says of themselves; whether they are really there is told by `last_heard_ms`."""

    READY = "ready"
    BREAK = "break"
    OFFLINE = "offline"


@dataclass(frozen=True)
class Agent:
    """One agent as routing knows them.

    `agent_id` is the login name, `cap` how many cases they may hold at once, `load` how many they hold (offered,
    active and in wrap-up), `idle_since_ms` when a case last came to or left them, `missed` how many offers in a row
    they let lapse. `away` is True between their last connection closing and their coming back or being given up.
    `levels` are how well they serve each of `groups`, in the same order (none: level 1).
    """

    agent_id: str
    display: str
    groups: tuple[str, ...]
    cap: int
    status: AgentStatus
    last_heard_ms: int
    load: int = 0
    idle_since_ms: int = 0
    missed: int = 0
    away: bool = False
    levels: tuple[int, ...] = ()

    def level_in(self, group: str) -> int:
        """How well they serve a group; 0 when they are not of it."""
        if group not in self.groups:
            return 0
        return self.levels[self.groups.index(group)] if self.levels else 1


@dataclass(frozen=True)
class Case:
    """One call for a person.

    `enqueued_ms` is kept through every requeue, so that the place is kept; `order_ms` is where the case stands in
    its line (`enqueued_ms` less the head start of its reason), `order_tie` how many stood there before it in the same
    millisecond. `offered_to` and `offer_deadline_ms` are set while
    it is offered, `agent_id` while it is active or in wrap-up (and, during a transfer, the agent who hands it over).
    `attempts` counts offers; `excluded` are agents who let it lapse or dropped it, `released_ms` when the last did.
    `problem` is the customer's own wording with its log number. `preferred` is the agent who served this customer
    last, or who owns the customer, asked first for a while. `note` is the last transfer note, `outcome` what the
    agent closed it with. `joined_ms` is when it joined the line of its group, `overflow_step` how many of that group's
    rules of overflow have been applied since.
    """

    case_id: str
    conversation_id: str
    state: CaseState
    reason: Reason
    evidence: tuple[Evidence, ...] = ()
    priority: int = 0
    group: str = "default"
    enqueued_ms: int = 0
    order_ms: int = 0
    order_tie: int = 0
    offered_to: str = ""
    offer_deadline_ms: int = 0
    agent_id: str = ""
    attempts: int = 0
    excluded: tuple[str, ...] = ()
    released_ms: int = 0
    opened_seq: int = 0
    accepted_ms: int = 0
    closed_ms: int = 0
    problem: str = ""
    problem_seq: int = 0
    preferred: str = ""
    note: str = ""
    outcome: dict[str, Any] = field(default_factory=dict)
    joined_ms: int = 0
    overflow_step: int = 0


@dataclass(frozen=True)
class Said:
    """What became of one message: its number, who owns the conversation, and whether a turn of the bot was queued.

    `duplicate` means that this key had been said before; the rest then tells of the first time.
    """

    seq: int
    at_ms: int
    epoch: int
    owner: str
    duplicate: bool = False
    turn_queued: bool = False


@dataclass(frozen=True)
class Turn:
    """One customer message, claimed by one worker.

    `turn_id` names it for ever; `attempt` counts claims from 1. The other fields are those of contracts.TurnRequest.
    `ticket` is the claim's place in the ready stream: the backend's business. `attachments` counts the files that came
    with the message; `wordless` tells that the customer wrote nothing beside them.
    """

    turn_id: str
    conversation_id: str
    seq: int
    text: str
    epoch: int
    bot_session: int
    channel: str = "web"
    case_state: str = "none"
    choice: str | None = None
    outcome: str = ""
    vip: bool = False
    attempt: int = 1
    ticket: str = ""
    attachments: int = 0
    wordless: bool = False


@dataclass(frozen=True)
class Finished:
    """What became of a turn's result: `accepted` is False when it was fenced, or another worker was faster."""

    accepted: bool
    entries: tuple[Entry, ...] = ()
    case: Case | None = None


@dataclass(frozen=True)
class Opened:
    """A conversation that is new, or whose profile has changed: `at_ms` is when, `profile` all that is known now."""

    channel: str
    at_ms: int
    profile: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Parcel:
    """One change on its way to the archive, in full: an entry, a case or record as it is now, a conversation, a remark.

    `version` rises with each change of the tenant: of two parcels about the same thing the higher one is the truth.
    `ticket` is its place in the outbox: the backend's business.
    """

    version: int
    conversation_id: str
    content: Entry | Case | Opened | Record | Remark
    ticket: str = ""


@dataclass(frozen=True)
class Thread:
    """What the archive tells of one conversation: its log, oldest first, and its cases, the earliest called first."""

    conversation_id: str
    entries: tuple[Entry, ...]
    cases: tuple[Case, ...] = ()


@dataclass(frozen=True)
class Glance:
    """One line about a conversation for lists: its last message, and since when a person owes an answer (or None).

    `owed_first` tells that it is the first answer of the case that is owed.
    """

    conversation_id: str
    last_text: str = ""
    last_author: str = ""
    last_seq: int = 0
    owed_since_ms: int | None = None
    customer: str = ""
    epoch: int = 0
    owed_first: bool = False


@dataclass(frozen=True)
class Heard:
    """What the bot understood of one customer message; one step of the brief's timeline."""

    seq: int
    text: str
    intent: str
    confidence: float
    sentiment: str = ""
    anger: float = 0.0
    candidates: tuple[Suggestion, ...] = ()


@dataclass(frozen=True)
class Suggestion:
    """An FAQ entry that may answer, found for message `seq`."""

    entry_id: str
    question: str
    probability: float
    seq: int


@dataclass(frozen=True)
class Named:
    """A thing the customer named: an order number, a phone, a product."""

    name: str
    value: str
    seq: int


@dataclass(frozen=True)
class BotTurn:
    """One thing the bot said, with what the customer made of it: `reaction` is "useful", "not_useful" or ""."""

    seq: int
    text: str
    kind: str
    entry_id: str = ""
    reaction: str = ""


@dataclass(frozen=True)
class Promise:
    """Something that was promised to the customer, by `author`, in message `seq`."""

    seq: int
    author: str
    text: str


@dataclass(frozen=True)
class EarlierCase:
    """A case of this customer that has ended."""

    case_id: str
    closed_ms: int
    state: str
    reason: str
    outcome: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Brief:
    """What an agent reads first; every line carries the number of the message it comes from."""

    case_id: str
    conversation_id: str
    problem: str
    problem_seq: int
    corrected: bool
    reason: Reason
    evidence: tuple[Evidence, ...] = ()
    timeline: tuple[Heard, ...] = ()
    entities: tuple[Named, ...] = ()
    bot_turns: tuple[BotTurn, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    promises: tuple[Promise, ...] = ()
    notes: tuple[str, ...] = ()
    earlier: tuple[EarlierCase, ...] = ()
    profile: dict[str, Any] = field(default_factory=dict)
