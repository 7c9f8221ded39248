"""The life of a ticket: one table. A pair that is not in it is refused, and a refusal changes nothing. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from types import MappingProxyType
from typing import Any

from handoff.calendar import ALWAYS_OPEN, BusinessCalendar
from handoff.errors import Refused
from handoff.model import Case
from handoff.records.change import Change, changed
from handoff.records.model import Owner, Remark, Ticket, TicketKind, TicketState

# No letters that are read as digits, or as one another.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
ID_LETTERS = 12
TITLE_CHARACTERS = 80


class TicketVerb(str, Enum):
    """What may happen to a ticket.

    WAIT for the customer · RESUME the customer answered · FINISH nothing more is owed · REOPEN it was not finished.
    """

    WAIT = "wait"
    RESUME = "resume"
    FINISH = "finish"
    REOPEN = "reopen"


_S = TicketState
_V = TicketVerb
TRANSITIONS: Mapping[tuple[TicketState, TicketVerb], TicketState] = MappingProxyType(
    {
        (_S.OPEN, _V.WAIT): _S.PENDING,
        (_S.OPEN, _V.FINISH): _S.DONE,
        (_S.PENDING, _V.RESUME): _S.OPEN,
        (_S.PENDING, _V.FINISH): _S.DONE,
        (_S.DONE, _V.REOPEN): _S.REOPENED,
        (_S.REOPENED, _V.WAIT): _S.PENDING,
        (_S.REOPENED, _V.FINISH): _S.DONE,
    }
)


def can(state: TicketState, verb: TicketVerb) -> bool:
    """True when the table has a row for this."""
    return (state, verb) in TRANSITIONS


def next_state(state: TicketState, verb: TicketVerb) -> TicketState:
    """The state that follows. Raises Refused when the table has no such row."""
    try:
        return TRANSITIONS[state, verb]
    except KeyError:
        raise Refused(f"the ticket is {state.value}; {verb.value} is not possible now") from None


def as_mermaid() -> str:
    """The table as a Mermaid state diagram, for the documents."""
    lines = ["stateDiagram-v2", "    [*] --> open"]
    lines += [f"    {of.value} --> {to.value}: {verb.value}" for (of, verb), to in TRANSITIONS.items()]
    return "\n".join(lines)


def moved(ticket: Ticket, verb: TicketVerb, *, now_ms: int, next_ms: int = 0) -> Ticket:
    """The ticket after one row of the table; one that is owed again gets `next_ms`. Raises Refused."""
    state = next_state(ticket.state, verb)
    done_ms = now_ms if state is TicketState.DONE else 0
    again = verb is TicketVerb.REOPEN
    return replace(
        ticket,
        state=state,
        changed_ms=now_ms,
        done_ms=done_ms,
        next_ms=next_ms or ticket.next_ms,
        reopened=ticket.reopened + again,
    )


def due_ms(calendar: BusinessCalendar | None, now_ms: int, *, wanted_ms: int | None = None, after_ms: int = 0) -> int:
    """The next-action date: the one wanted, moved to the next opening, or `after_ms` of business time from now on."""
    calendar = calendar or ALWAYS_OPEN
    found = calendar.next_open(max(wanted_ms, now_ms)) if wanted_ms else calendar.after(now_ms, after_ms)
    return found if found is not None else (wanted_ms or now_ms + after_ms)


def ticket_id(source: str) -> str:
    """A name for the ticket that comes from `source`: always the same one, so that there is never a second."""
    number = int.from_bytes(hashlib.sha256(source.encode("utf-8", "surrogatepass")).digest()[:16], "big")
    letters = []
    for _ in range(ID_LETTERS):
        number, rest = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[rest])
    return "T" + "".join(letters)


def opened(ticket: Ticket, *, once: bool = True) -> Change:
    """The change that makes a ticket."""
    remark = Remark(Ticket.kind, ticket.ticket_id, ticket.created_ms, "opened", ticket.created_by)
    return changed(None, ticket, remark, once=once)


def from_message(case: Case, text: str, contact: str, *, now_ms: int, next_ms: int) -> Change:
    """The ticket of a message that a customer left."""
    return opened(
        Ticket(
            ticket_id(f"message {case.case_id}"),
            TicketKind.MESSAGE,
            TicketState.OPEN,
            short(text),
            text=text,
            contact=contact,
            conversation_id=case.conversation_id,
            case_id=case.case_id,
            owner=Owner(group=case.group),
            next_ms=next_ms,
            created_ms=now_ms,
            changed_ms=now_ms,
        )
    )


def from_wrap_up(case: Case, wanted: Mapping[str, Any], *, now_ms: int, next_ms: int) -> Change:
    """The ticket of what an agent has still to do; `wanted` has title, text and to_group."""
    group = str(wanted.get("to_group", ""))
    return opened(
        Ticket(
            ticket_id(f"follow_up {case.case_id}"),
            TicketKind.FOLLOW_UP,
            TicketState.OPEN,
            short(str(wanted["title"])),
            text=str(wanted.get("text", "")),
            conversation_id=case.conversation_id,
            case_id=case.case_id,
            owner=Owner(group=group) if group else Owner(agent=case.agent_id),
            next_ms=next_ms,
            created_ms=now_ms,
            created_by=case.agent_id,
            changed_ms=now_ms,
        )
    )


def from_rating(
    conversation_id: str,
    stretch: str,
    case: Case | None,
    *,
    score: int,
    comment: str,
    group: str,
    now_ms: int,
    next_ms: int,
) -> Change:
    """The ticket to call a customer back who was not content with one stretch; one a stretch, however often rated.

    The group answers, not the agent who was rated.
    """
    return opened(
        Ticket(
            ticket_id(f"call_back {conversation_id} {stretch}"),
            TicketKind.CALL_BACK,
            TicketState.OPEN,
            short(f"评价 {score} 分，回访" + (f"：{comment}" if comment else "")),
            text=comment,
            conversation_id=conversation_id,
            case_id=case.case_id if case is not None else "",
            owner=Owner(group=case.group if case is not None else group),
            next_ms=next_ms,
            created_ms=now_ms,
            changed_ms=now_ms,
        )
    )


def answered(
    ticket: Ticket, agent_id: str, text: str, *, key: str, now_ms: int, verb: TicketVerb | None = None, next_ms: int = 0
) -> Change:
    """The ticket with an answer that the customer sees, and moved by `verb`. Raises Refused."""
    after = moved(ticket, verb, now_ms=now_ms, next_ms=next_ms) if verb else replace(ticket, changed_ms=now_ms)
    remarks = [Remark(Ticket.kind, ticket.ticket_id, now_ms, "answer", agent_id, text, key)]
    if verb is not None:
        remarks.append(move_remark(ticket, after, verb, agent_id))
    return changed(ticket, after, *remarks)


def move_remark(before: Ticket, after: Ticket, verb: TicketVerb, author: str) -> Remark:
    """The line of history that tells of a move."""
    data = {"from": before.state.value, "to": after.state.value, "verb": verb.value}
    return Remark(Ticket.kind, after.ticket_id, after.changed_ms, "moved", author, data=data)


def short(text: str) -> str:
    """A title of one line."""
    line = " ".join(text.split())
    return line if len(line) <= TITLE_CHARACTERS else line[: TITLE_CHARACTERS - 1] + "…"
