"""The console's endpoints about tickets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from gateway import frames, text, wire
from gateway.errors import BadRequest, NotAllowed, OutOfDate
from gateway.parts import Parts, now_ms
from gateway.people import Person, Role
from gateway.records.bodies import Answer, EditTicket, Move, OpenTicket, Written
from gateway.records.customers import CHANGED, CONSOLE_ROLES, MAX_NOTE
from gateway.records.rights import groups_of, is_for, may_give, reach_customer, reach_ticket, wanted_owner
from gateway.records.views import remark_view, ticket_view
from handoff.errors import Stale
from handoff.records.model import Owner, Ticket
from handoff.records.tickets import TicketVerb

LISTED = 200
MAX_TITLE = 200
MAX_CONTACT = 100


async def views(parts: Parts, person: Person, found: Sequence[Ticket]) -> list[dict[str, Any]]:
    """The views of several tickets, with one reading of their customers' names."""
    named = sorted({one.conversation_id for one in found if one.conversation_id})
    names = {glance.conversation_id: glance.customer for glance in await parts.desk.glance(named)} if named else {}
    return [await ticket_view(parts, person, one, names.get(one.conversation_id, "")) for one in found]


async def wanted(parts: Parts, person: Person, request: Request, limit: int) -> list[Ticket]:
    """The tickets of the list that was asked for, of those the person may see."""
    tickets, query = parts.tickets, request.query_params
    if named := query.get("conversation_id", ""):
        await reach_customer(parts, person, await parts.customer_records.customer(named))
        return await tickets.of_customer(named, limit=limit)
    if named := query.get("owner", ""):
        if named != person.name and not person.may(Role.SUPERVISOR):
            raise NotAllowed
        return await tickets.owned(Owner(named), limit=limit)
    kind = query.get("list", "mine")
    if kind == "mine":
        return await tickets.owned(Owner(person.name), limit=limit)
    if kind == "groups":
        found = [one for group in groups_of(person) for one in await tickets.owned(Owner(group=group), limit=limit)]
        return sorted(found, key=lambda one: (one.next_ms, one.ticket_id))[:limit]
    lists = {"open": tickets.open, "overdue": tickets.overdue, "done": tickets.done}
    if kind not in lists:
        raise BadRequest("list 只能是 mine、groups、open、overdue 或 done。")
    return [one for one in await lists[kind]() if is_for(person, one.owner)][:limit]


def routes(parts: Parts) -> APIRouter:
    """The endpoints."""
    router = APIRouter()
    tickets = parts.tickets

    async def who(request: Request) -> Person:
        if request.method == "POST":
            parts.origins.check(request, required=False)
        person = await parts.staff.require(request.cookies, *CONSOLE_ROLES)
        parts.limits.agent.take(person.name)
        return person

    async def reached(person: Person, ticket_id: str) -> Ticket:
        ticket = await tickets.ticket(ticket_id)
        await reach_ticket(parts, person, ticket)
        return ticket

    async def answer(person: Person, action: str, ticket: Ticket) -> Response:
        await asyncio.to_thread(parts.people.audit, person.name, action, ticket.ticket_id)
        return wire.answer((await views(parts, person, [ticket]))[0])

    async def body(request: Request) -> dict[str, Any]:
        return await wire.read_object(request, limit=parts.settings.max_frame_bytes)

    @router.get("/api/agent/tickets")
    async def listed(request: Request) -> Response:
        person = await who(request)
        limit = wire.integer(request, "limit", default=LISTED, least=1, most=500)
        found = await wanted(parts, person, request, limit)
        return wire.answer({"tickets": await views(parts, person, found), "now_ms": now_ms()})

    @router.post("/api/agent/tickets")
    async def create(request: Request) -> Response:
        person = await who(request)
        form = frames.body(await body(request), OpenTicket)
        if form.conversation_id:
            await reach_customer(parts, person, await parts.customer_records.customer(form.conversation_id))
        ticket = await tickets.open_one(
            person.name,
            key=text.key(form.key),
            title=text.message(form.title, limit=MAX_TITLE),
            text=text.short(form.text, limit=MAX_NOTE, name="说明"),
            contact=text.short(form.contact, limit=MAX_CONTACT, name="联系方式"),
            conversation_id=form.conversation_id,
            next_ms=form.next_ms,
            owner=await wanted_owner(parts, form.owner_agent, form.owner_group),
        )
        return await answer(person, "ticket_open", ticket)

    @router.get("/api/agent/tickets/{ticket_id}")
    async def one(request: Request, ticket_id: str) -> Response:
        person = await who(request)
        view = (await views(parts, person, [await reached(person, ticket_id)]))[0]
        history = [await remark_view(parts, remark) for remark in await tickets.remarks(ticket_id)]
        return wire.answer({**view, "history": history})

    @router.post("/api/agent/tickets/{ticket_id}")
    async def edit(request: Request, ticket_id: str) -> Response:
        person = await who(request)
        form = frames.body(await body(request), EditTicket)
        ticket = await reached(person, ticket_id)
        owner = await wanted_owner(parts, form.owner_agent, form.owner_group)
        may_give(person, ticket.owner, owner)
        try:
            ticket = await tickets.edit(
                ticket_id,
                person.name,
                title=None if form.title is None else text.message(form.title, limit=MAX_TITLE),
                contact=None if form.contact is None else text.short(form.contact, limit=MAX_CONTACT, name="联系方式"),
                next_ms=form.next_ms,
                owner=owner,
                # As for customers: who gives it away saw whose it is.
                seen=form.rev if form.rev is not None or owner is None else ticket.rev,
            )
        except Stale as error:
            raise OutOfDate(CHANGED) from error
        return await answer(person, "ticket_edit", ticket)

    @router.post("/api/agent/tickets/{ticket_id}/notes")
    async def note(request: Request, ticket_id: str) -> Response:
        person = await who(request)
        form = frames.body(await body(request), Written)
        await reached(person, ticket_id)
        words = text.message(form.text, limit=MAX_NOTE)
        remark = await tickets.note(ticket_id, person.name, key=text.key(form.key), text=words)
        return wire.answer(await remark_view(parts, remark))

    @router.post("/api/agent/tickets/{ticket_id}/answers")
    async def say(request: Request, ticket_id: str) -> Response:
        person = await who(request)
        form = frames.body(await body(request), Answer)
        await reached(person, ticket_id)
        words = text.message(form.text, limit=parts.settings.max_text_characters)
        then = None if form.then is None else _verb(form.then)
        ticket = await tickets.answer(ticket_id, person.name, key=text.key(form.key), text=words, then=then)
        return await answer(person, "ticket_answer", ticket)

    @router.post("/api/agent/tickets/{ticket_id}/move")
    async def move(request: Request, ticket_id: str) -> Response:
        person = await who(request)
        form = frames.body(await body(request), Move)
        await reached(person, ticket_id)
        words = text.short(form.text, limit=MAX_NOTE, name="备注")
        ticket = await tickets.move(ticket_id, person.name, _verb(form.verb), text=words)
        return await answer(person, f"ticket_{form.verb}", ticket)

    return router


def _verb(name: str) -> TicketVerb:
    try:
        return TicketVerb(name)
    except ValueError as error:
        raise BadRequest("动作只能是 wait、resume、finish 或 reopen。") from error
