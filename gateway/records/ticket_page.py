"""A ticket as its customer sees it, behind an unguessable link: its state and the answers, nothing else."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from gateway import frames, text, wire
from gateway.access import address_of
from gateway.errors import Missing
from gateway.parts import Parts
from gateway.records.bodies import TicketLink, TicketReply
from gateway.records.identity import own_thread
from gateway.records.views import display
from handoff.errors import NotFound
from handoff.records.model import Ticket, TicketKind

LISTED = 50


def _line(parts: Parts, ticket: Ticket) -> dict[str, Any]:
    """One ticket in its customer's list. Titles are the agents' own words, but for what the customer wrote."""
    own_words = ticket.source is TicketKind.MESSAGE
    return {
        "ticket_id": ticket.ticket_id,
        "kind": ticket.source.value,
        "state": ticket.state.value,
        "about": ticket.title if own_words else "",
        "created_ms": ticket.created_ms,
        "changed_ms": ticket.changed_ms,
        "link": f"/ticket#{parts.ticket_links.token(ticket)}",
    }


def routes(parts: Parts) -> APIRouter:
    """The endpoints of the page, and the customer's list of their tickets."""
    router = APIRouter()

    async def behind(token: str) -> Ticket:
        one, link = parts.ticket_links.read(token)
        try:
            ticket = await parts.tickets.ticket(one)
        except NotFound as error:
            raise Missing("这个工单链接无效。") from error
        if ticket.link != link:
            raise Missing("这个工单链接已失效。")
        return ticket

    async def shown(ticket: Ticket) -> dict[str, Any]:
        answers = [one for one in await parts.tickets.remarks(ticket.ticket_id) if one.what == "answer"]
        return {
            "ticket_id": ticket.ticket_id,
            "state": ticket.state.value,
            "created_ms": ticket.created_ms,
            "changed_ms": ticket.changed_ms,
            "answers": [
                {"at_ms": one.at_ms, "text": one.text, "by": await display(parts, one.author)} for one in answers
            ],
        }

    @router.get("/api/customer/tickets")
    async def own(request: Request) -> Response:
        thread = await own_thread(parts, request.cookies)
        parts.limits.customer.take(thread)
        linked = await parts.customer_records.merged(thread)
        found: list[Ticket] = []
        for one in (thread, *(customer.conversation_id for customer in linked)):
            found += await parts.tickets.of_customer(one)
        latest = sorted(found, key=lambda ticket: -ticket.changed_ms)[:LISTED]
        return wire.answer({"tickets": [_line(parts, ticket) for ticket in latest]})

    @router.post("/api/ticket")
    async def look(request: Request) -> Response:
        parts.origins.check(request, required=False)
        parts.limits.address.take(address_of(request))
        form = frames.body(await wire.read_object(request, limit=parts.settings.max_frame_bytes), TicketLink)
        return wire.answer(await shown(await behind(form.token)))

    @router.post("/api/ticket/reply")
    async def reply(request: Request) -> Response:
        parts.origins.check(request, required=False)
        parts.limits.address.take(address_of(request))
        form = frames.body(await wire.read_object(request, limit=parts.settings.max_frame_bytes), TicketReply)
        ticket = await behind(form.token)
        parts.limits.customer.take(ticket.ticket_id)
        words = text.message(form.text, limit=parts.settings.max_text_characters)
        return wire.answer(await shown(await parts.tickets.reply(ticket.ticket_id, key=text.key(form.key), text=words)))

    return router
