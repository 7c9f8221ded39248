"""Records as the console's pages get them; see docs/subsystems/records.md."""

from __future__ import annotations

import re
from typing import Any

from contracts.codec import encode
from gateway.parts import Parts
from gateway.people import Person
from gateway.records.rights import sees_all
from handoff.model import Case
from handoff.records.model import Customer, Departure, Owner, Remark, Ticket
from handoff.records.tickets import TicketVerb, can

_NUMBER = re.compile(r"(?<!\d)(\d{3})\d{4,}(\d{4})(?!\d)")


def masked(text: str) -> str:
    """Long numbers as 138****5678, and of what has none only the ends: `a***z`."""
    if not text or _NUMBER.search(text):
        return _NUMBER.sub(r"\1****\2", text)
    return text[0] + "***" + (text[-1] if len(text) > 4 else "")


async def display(parts: Parts, name: str) -> str:
    """The displayed name of a login name, also of somebody who came just now; "" for nobody."""
    if not name:
        return ""
    await parts.directory.refresh(name)
    return parts.directory.display(name)


async def owner_view(parts: Parts, owner: Owner) -> dict[str, Any]:
    """The three fields that tell of an owner."""
    shown = await display(parts, owner.agent) or owner.group
    return {"owner_agent": owner.agent, "owner_group": owner.group, "owner_display": shown}


async def customer_view(parts: Parts, person: Person, customer: Customer) -> dict[str, Any]:
    """A `Customer`."""
    full = sees_all(person, customer.owner)
    return {
        "customer_id": customer.customer_id,
        "conversation_id": customer.conversation_id,
        "display": customer.display,
        "verified": bool(customer.external_id),
        "external_id": customer.external_id if full else masked(customer.external_id),
        "channel": customer.customer_id.partition(":")[0],
        "tags": list(customer.tags),
        **await owner_view(parts, customer.owner),
        "merged_into": customer.merged_into,
        "created_ms": customer.created_ms,
        "rev": customer.rev,
    }


async def case_line(parts: Parts, case: Case, *, full: bool) -> dict[str, Any]:
    """One line of a customer's history."""
    outcome = dict(case.outcome)
    if not full and outcome.get("contact"):
        outcome["contact"] = masked(str(outcome["contact"]))
    return {
        "case_id": case.case_id,
        "state": case.state.value,
        "reason": case.reason.value,
        "agent_id": case.agent_id,
        "agent_display": await display(parts, case.agent_id),
        "enqueued_ms": case.enqueued_ms,
        "accepted_ms": case.accepted_ms,
        "closed_ms": case.closed_ms,
        "outcome": outcome,
    }


async def ticket_view(parts: Parts, person: Person, ticket: Ticket, customer: str = "") -> dict[str, Any]:
    """A `Ticket`; `customer` is the name shown."""
    full = sees_all(person, ticket.owner)
    return {
        "ticket_id": ticket.ticket_id,
        "kind": ticket.source.value,
        "state": ticket.state.value,
        "title": ticket.title,
        "text": ticket.text,
        "contact": ticket.contact if full else masked(ticket.contact),
        "conversation_id": ticket.conversation_id,
        "customer": customer,
        "case_id": ticket.case_id,
        **await owner_view(parts, ticket.owner),
        "next_ms": ticket.next_ms,
        "overdue": ticket.state.is_open and ticket.next_ms <= parts.desk.clock_ms(),
        "created_ms": ticket.created_ms,
        "created_by": ticket.created_by,
        "changed_ms": ticket.changed_ms,
        "done_ms": ticket.done_ms,
        "reopened": ticket.reopened,
        "rev": ticket.rev,
        "verbs": [verb.value for verb in TicketVerb if can(ticket.state, verb)],
        "link": f"/ticket#{parts.ticket_links.token(ticket)}",
    }


async def remark_view(parts: Parts, remark: Remark) -> dict[str, Any]:
    """A `Remark`."""
    return {
        "seq": remark.seq,
        "at_ms": remark.at_ms,
        "what": remark.what,
        "author": remark.author,
        "author_display": await display(parts, remark.author),
        "text": remark.text,
        "data": encode(remark.data),
    }


async def departure_view(parts: Parts, departure: Departure) -> dict[str, Any]:
    """A `Departure`; one that was never stored tells what would be handed on."""
    state = "none" if not departure.rev else "done" if departure.finished_ms else "running"
    return {
        "name": departure.agent_id,
        "display": departure.display or await display(parts, departure.agent_id),
        "state": state,
        "to_agent": departure.heir.agent,
        "to_group": departure.heir.group,
        "by": departure.by,
        "started_ms": departure.started_ms,
        "finished_ms": departure.finished_ms,
        "cases": list(departure.cases),
        "tickets": list(departure.tickets),
        "customers": list(departure.customers),
    }
