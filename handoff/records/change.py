"""One change of one record, and the lists in which a record stands. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from handoff.records.model import Customer, Departure, Owner, Record, Remark, Setting, Ticket

R = TypeVar("R", Customer, Ticket, Departure, Setting)

OPEN_TICKETS = "tickets:open"
DONE_TICKETS = "tickets:done"
DEPARTURES = "departures"
SETTINGS = "settings"


@dataclass(frozen=True)
class Line:
    """What the system tells a customer in their thread; `notice` names the occasion."""

    conversation_id: str
    text: str
    notice: str


@dataclass(frozen=True)
class Change:
    """A record as it is to be, if it still is as it was read.

    `remarks` are added to its history and `lines` to customers' threads in the same step. With `once`, a record that
    exists already is left as it is, and nothing else happens either. `given` are other records on which the decision
    rests: they too must be as they were read, (kind, id, revision) each.
    """

    before: Record | None
    after: Record
    remarks: tuple[Remark, ...] = ()
    lines: tuple[Line, ...] = ()
    once: bool = False
    given: tuple[tuple[str, str, int], ...] = ()

    @property
    def rev(self) -> int:
        """The revision at which the record must be: that it was read at, 0 for a new one."""
        return self.after.rev - 1

    @property
    def left(self) -> tuple[str, ...]:
        """The lists that the record leaves."""
        if self.before is None:
            return ()
        return tuple(sorted(standing(self.before).keys() - standing(self.after).keys()))


def changed(before: R | None, after: R, *remarks: Remark, lines: tuple[Line, ...] = (), once: bool = False) -> Change:
    """The change from `before` to `after`, one revision on."""
    rev = before.rev if before is not None else 0
    return Change(before, replace(after, rev=rev + 1), remarks, lines, once)


def standing(record: Record) -> dict[str, int]:
    """The lists in which this record stands, each with its place there."""
    if isinstance(record, Customer):
        lists = _owned("customers", record.owner, record.created_ms)
        if record.merged_into:
            lists[merged_list(record.merged_into)] = record.created_ms
        return lists
    if isinstance(record, Ticket):
        lists = {tickets_of(record.conversation_id): record.created_ms} if record.conversation_id else {}
        if not record.state.is_open:
            return {**lists, DONE_TICKETS: record.done_ms}
        return {**lists, OPEN_TICKETS: record.next_ms, **_owned("tickets", record.owner, record.next_ms)}
    if isinstance(record, Setting):
        return {SETTINGS: record.changed_ms}
    return {DEPARTURES: record.started_ms}


def names(record: Record) -> tuple[str, ...]:
    """Names that lead to this record and to no other."""
    if isinstance(record, Customer) and record.external_id:
        return (external_name(record.external_id),)
    return ()


def answerable(record: Record) -> tuple[str, ...]:
    """The agents in whose hands this record would be: none of them may have departed."""
    if isinstance(record, Departure):
        return (record.heir.agent,) if record.heir.agent and not record.finished_ms else ()
    if isinstance(record, Setting) or (isinstance(record, Ticket) and not record.state.is_open):
        return ()
    return (record.owner.agent,) if record.owner.agent else ()


def owned_list(what: str, owner: Owner) -> str:
    """The list of what an owner has: `what` is "tickets" (open ones) or "customers"."""
    return f"{what}:agent:{owner.agent}" if owner.agent else f"{what}:group:{owner.group}"


def merged_list(customer_id: str) -> str:
    """The list of the records that are linked to a customer."""
    return f"merged:{customer_id}"


def tickets_of(conversation_id: str) -> str:
    """The list of all tickets of a conversation."""
    return f"tickets:of:{conversation_id}"


def external_name(external_id: str) -> str:
    """The name by which a site's customer is found."""
    return f"external:{external_id}"


def _owned(what: str, owner: Owner, place: int) -> dict[str, int]:
    return {owned_list(what, owner): place} if owner.agent or owner.group else {}
