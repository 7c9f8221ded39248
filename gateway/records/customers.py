"""The console's endpoints about customers."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from fastapi import APIRouter, Request, Response

from gateway import frames, text, wire
from gateway.errors import NotAllowed, NotNow, OutOfDate
from gateway.parts import Parts
from gateway.people import Person, Role
from gateway.records.bodies import EditCustomer, MergeInto, Written
from gateway.records.rights import is_theirs, may_give, reach_customer, sees_all, wanted_owner
from gateway.records.views import case_line, customer_view, remark_view, ticket_view
from handoff.errors import NotFound, Refused, Stale
from handoff.records.model import Customer, Owner

CONSOLE_ROLES = (Role.AGENT, Role.SUPERVISOR)
MAX_NOTE = 2000
CHANGED = "有人刚改过这条记录，请刷新后再改。"


async def card(parts: Parts, person: Person, customer: Customer) -> dict[str, Any]:
    """A `CustomerCard`: the record with its notes, linked records, conversations and tickets."""
    records = parts.customer_records
    merged = await records.merged(customer.customer_id)
    full = sees_all(person, customer.owner)
    conversations, tickets = [], []
    for one in (customer, *merged):
        try:
            cases = await parts.desk.cases_of(one.conversation_id)
        except NotFound:  # a verified record whose thread was never opened
            cases = []
        conversations.append(
            {
                "conversation_id": one.conversation_id,
                "current": one.customer_id == customer.customer_id,
                "cases": [await case_line(parts, case, full=full) for case in reversed(cases)],
            }
        )
        tickets += await parts.tickets.of_customer(one.conversation_id)
    notes = [one for one in await records.remarks(customer.customer_id) if one.what == "note"]
    return {
        **await customer_view(parts, person, customer),
        "notes": [await remark_view(parts, one) for one in notes],
        "merged": [await customer_view(parts, person, one) for one in merged],
        "conversations": conversations,
        "tickets": [await ticket_view(parts, person, one, customer.display) for one in tickets],
    }


def routes(parts: Parts) -> APIRouter:
    """The endpoints."""
    router = APIRouter()
    records = parts.customer_records

    async def who(request: Request, *roles: Role) -> Person:
        if request.method == "POST":
            parts.origins.check(request, required=False)
        person = await parts.staff.require(request.cookies, *(roles or CONSOLE_ROLES))
        parts.limits.agent.take(person.name)
        return person

    async def reached(person: Person, customer_id: str) -> Customer:
        customer = await records.customer(customer_id)
        await reach_customer(parts, person, customer)
        return customer

    async def audit(person: Person, action: str, target: str) -> None:
        await asyncio.to_thread(parts.people.audit, person.name, action, target)

    @router.get("/api/agent/customers")
    async def listed(request: Request) -> Response:
        person = await who(request)
        named = request.query_params.get("owner", "me")
        group = named.removeprefix("group:") if named.startswith("group:") else ""
        owner = Owner(group=group) if group else Owner(person.name if named == "me" else named)
        if not (person.may(Role.SUPERVISOR) or is_theirs(person, owner)):
            raise NotAllowed
        found = await records.owned(owner)
        return wire.answer({"customers": [await customer_view(parts, person, one) for one in found]})

    @router.get("/api/agent/customers/{customer_id}")
    async def one(request: Request, customer_id: str) -> Response:
        person = await who(request)
        customer = await reached(person, customer_id)
        await audit(person, "customer", customer_id)
        return wire.answer(await card(parts, person, customer))

    @router.post("/api/agent/customers/{customer_id}")
    async def edit(request: Request, customer_id: str) -> Response:
        person = await who(request)
        form = frames.body(await wire.read_object(request, limit=parts.settings.max_frame_bytes), EditCustomer)
        customer = await reached(person, customer_id)
        owner = await wanted_owner(parts, form.owner_agent, form.owner_group)
        may_give(person, customer.owner, owner)
        display = None if form.display is None else text.short(form.display, limit=64, name="名字")
        tags = None if form.tags is None else [text.short(tag, limit=40, name="标签") for tag in form.tags]
        # Whoever changes the owner decided it from the owner they saw: nobody takes over what was just given away.
        seen = form.rev if form.rev is not None or owner is None else customer.rev
        try:
            customer = await records.describe(
                customer_id, person.name, display=display, tags=tags, owner=owner, seen=seen
            )
        except Stale as error:
            raise OutOfDate(CHANGED) from error
        if display:
            await parts.desk.open(customer_id, profile={"name": display})
        await audit(person, "customer_edit", customer_id)
        return wire.answer(await customer_view(parts, person, customer))

    @router.post("/api/agent/customers/{customer_id}/notes")
    async def note(request: Request, customer_id: str) -> Response:
        person = await who(request)
        form = frames.body(await wire.read_object(request, limit=parts.settings.max_frame_bytes), Written)
        await reached(person, customer_id)
        words = text.message(form.text, limit=MAX_NOTE)
        remark = await records.note(customer_id, person.name, key=text.key(form.key), text=words)
        await audit(person, "customer_note", customer_id)
        return wire.answer(await remark_view(parts, remark))

    @router.post("/api/agent/customers/{customer_id}/merge")
    async def merge(request: Request, customer_id: str) -> Response:
        person = await who(request, Role.SUPERVISOR)
        form = frames.body(await wire.read_object(request, limit=parts.settings.max_frame_bytes), MergeInto)
        with contextlib.suppress(NotFound):  # a verified record whose thread was never opened
            # Their device will be in the other thread, and nobody is to be taken out of a chat.
            if (await parts.desk.conversation(customer_id)).case_state != "none":
                raise NotNow("要并入的客户正在排队或由人工接待，结束以后才能合并。")
        try:
            customer = await records.merge(customer_id, form.into, person.name)
        except Refused as error:
            raise NotNow("这条档案已验证、已并入别处，或者对方就是并入它的，不能这样合并。") from error
        await audit(person, "customer_merge", f"{customer_id} {form.into}")
        return wire.answer(await customer_view(parts, person, customer))

    @router.post("/api/agent/customers/{customer_id}/split")
    async def split(request: Request, customer_id: str) -> Response:
        person = await who(request, Role.SUPERVISOR)
        try:
            customer = await records.split(customer_id, person.name)
        except Refused as error:
            raise NotNow("这条档案没有并入别处，不用拆分。") from error
        await audit(person, "customer_split", customer_id)
        return wire.answer(await customer_view(parts, person, customer))

    return router
