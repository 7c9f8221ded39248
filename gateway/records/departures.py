"""The console's endpoints about departures: administrators only."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from gateway import frames, wire
from gateway.errors import BadRequest, Missing, NotNow
from gateway.parts import Parts
from gateway.people import Person, Role
from gateway.records.bodies import Heir
from gateway.records.rights import wanted_owner
from gateway.records.views import departure_view, display
from handoff.errors import Refused
from handoff.records.model import NOBODY


def routes(parts: Parts) -> APIRouter:
    """The endpoints."""
    router = APIRouter()

    async def admin(request: Request) -> Person:
        if request.method == "POST":
            parts.origins.check(request, required=False)
        return await parts.staff.require(request.cookies, Role.ADMIN)

    async def leaver(name: str) -> Person:
        person = await asyncio.to_thread(parts.people.get, name)
        if person is None:
            raise Missing(f"没有叫 {name[:32]} 的人。")
        return person

    @router.get("/api/agent/departures")
    async def listed(request: Request) -> Response:
        await admin(request)
        return wire.answer({"departures": [await departure_view(parts, one) for one in await parts.departures.all()]})

    @router.get("/api/agent/departures/{name}")
    async def one(request: Request, name: str) -> Response:
        await admin(request)
        await leaver(name)
        found = await parts.departures.departure(name) or await parts.departures.held(name)
        return wire.answer(await departure_view(parts, found))

    @router.post("/api/agent/departures/{name}")
    async def depart(request: Request, name: str) -> Response:
        person = await admin(request)
        form = frames.body(await wire.read_object(request, limit=parts.settings.max_frame_bytes), Heir)
        leaving = await leaver(name)
        if name == person.name:
            raise BadRequest("不能办理自己的离职，请另一位管理员来办。")
        heir = await wanted_owner(parts, form.to_agent, form.to_group) or NOBODY
        under_way = await parts.departures.departure(name)
        if heir == NOBODY and (under_way is None or under_way.finished_ms):
            raise BadRequest("请指定 to_agent 或 to_group：由谁接手。")
        await asyncio.to_thread(parts.people.audit, person.name, "depart", f"{name} {heir.agent or heir.group}")
        try:
            done = await parts.departures.depart(
                name,
                person.name,
                heir=heir,
                display=leaving.display,
                heir_display=await display(parts, heir.agent),
            )
        except Refused as error:
            raise NotNow("接手的人已离职、就是本人，或者这次离职正在交给别人。") from error
        await asyncio.to_thread(parts.people.audit, person.name, "departed", name)
        return wire.answer(await departure_view(parts, done))

    return router
