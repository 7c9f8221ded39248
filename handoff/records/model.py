"""The values of customers, tickets, departures and settings: frozen, one meaning a field, integer `_ms` UTC times.

A *record* is one of them; `rev` counts its changes from 1, and 0 is a record that was never stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar


class TicketState(str, Enum):
    """Where a ticket is; the transitions are in `tickets`. PENDING waits for the customer."""

    OPEN = "open"
    PENDING = "pending"
    DONE = "done"
    REOPENED = "reopened"

    @property
    def is_open(self) -> bool:
        """True while somebody still owes this ticket something."""
        return self is not TicketState.DONE


class TicketKind(str, Enum):
    """What a ticket comes from: a wrap-up, a message left, a bad rating, or an agent who thought of it."""

    FOLLOW_UP = "follow_up"
    MESSAGE = "message"
    CALL_BACK = "call_back"
    MANUAL = "manual"


@dataclass(frozen=True)
class Owner:
    """Who answers for a record: one agent, one group, or (both empty) nobody yet."""

    agent: str = ""
    group: str = ""


NOBODY = Owner()


@dataclass(frozen=True)
class Customer:
    """One customer, named by the conversation that is their own thread.

    `external_id` is the embedding site's name of a verified customer, "" for an anonymous one. `merged_into` is the
    customer this record is linked to: a link alone, nothing is moved. `display` is the name agents gave or the site
    signed, "" for none.
    """

    kind: ClassVar[str] = "customer"

    customer_id: str
    rev: int = 0
    display: str = ""
    external_id: str = ""
    tags: tuple[str, ...] = ()
    owner: Owner = NOBODY
    merged_into: str = ""
    created_ms: int = 0

    @property
    def record_id(self) -> str:
        """The name under which it is stored."""
        return self.customer_id

    @property
    def conversation_id(self) -> str:
        """The customer's own thread."""
        return self.customer_id


@dataclass(frozen=True)
class Ticket:
    """Something owed to a customer, with the date of the next thing to do.

    `contact` is how the customer wants to be reached, `case_id` the case it comes from, `created_by` an agent or ""
    (the customer's doing). `reopened` counts how often it was finished and was not. `link` is the number of the
    customer's link; an older one is void.
    """

    kind: ClassVar[str] = "ticket"

    ticket_id: str
    source: TicketKind
    state: TicketState
    title: str
    rev: int = 0
    text: str = ""
    contact: str = ""
    conversation_id: str = ""
    case_id: str = ""
    owner: Owner = NOBODY
    next_ms: int = 0
    created_ms: int = 0
    created_by: str = ""
    changed_ms: int = 0
    done_ms: int = 0
    reopened: int = 0
    link: int = 1

    @property
    def record_id(self) -> str:
        """The name under which it is stored."""
        return self.ticket_id


@dataclass(frozen=True)
class Departure:
    """An agent's leaving for good, and what was handed on; `finished_ms` is 0 until nothing is left to hand on.

    `cases`, `tickets` and `customers` are the ids of what they held. `by` is who ordered it.
    """

    kind: ClassVar[str] = "departure"

    agent_id: str
    rev: int = 0
    display: str = ""
    heir: Owner = NOBODY
    heir_display: str = ""
    by: str = ""
    started_ms: int = 0
    finished_ms: int = 0
    cases: tuple[str, ...] = ()
    tickets: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()

    @property
    def record_id(self) -> str:
        """The name under which it is stored."""
        return self.agent_id

    @property
    def conversation_id(self) -> str:
        """It belongs to no conversation."""
        return ""


@dataclass(frozen=True)
class Setting:
    """One document of settings; `rev` is its version, and 0 is one that was never changed. See `handoff.config`."""

    kind: ClassVar[str] = "setting"

    name: str
    rev: int = 0
    document: dict[str, Any] = field(default_factory=dict)
    changed_ms: int = 0
    changed_by: str = ""

    @property
    def record_id(self) -> str:
        """The name under which it is stored."""
        return self.name

    @property
    def conversation_id(self) -> str:
        """It belongs to no conversation."""
        return ""


Record = Customer | Ticket | Departure | Setting
KINDS: dict[str, type[Customer] | type[Ticket] | type[Departure] | type[Setting]] = {
    one.kind: one for one in (Customer, Ticket, Departure, Setting)
}


@dataclass(frozen=True)
class Remark:
    """One line of a record's history; `seq` counts from 1 without gaps and is given by the store.

    `what` is note, answer, customer, moved, owner, date, edited, merged, split, verified, opened or set; `author` a
    login name, or "" for the customer or the system. `key` is the idempotency key of who wrote it.
    """

    kind: str
    record_id: str
    at_ms: int
    what: str
    author: str = ""
    text: str = ""
    key: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    seq: int = 0
