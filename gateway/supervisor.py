"""The supervisors' door: put a case before an agent of their choice."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from gateway import frames, text, wire
from gateway.console import case_views
from gateway.errors import NotNow
from gateway.parts import Parts
from gateway.people import Role
from handoff.errors import Refused

MAX_NOTE = 1000
#: The note that the colleague reads when the supervisor gives no other.
NOTE = "主管改派，请接着处理。"


@dataclass(frozen=True)
class Reassignment:
    to_agent: str
    note: str = ""


def routes(parts: Parts) -> APIRouter:
    """The endpoints."""
    router = APIRouter()

    @router.post("/api/agent/cases/{case_id}/reassign")
    async def reassign(request: Request, case_id: str) -> Response:
        parts.origins.check(request, required=False)
        person = await parts.staff.require(request.cookies, Role.SUPERVISOR)
        parts.limits.agent.take(person.name)
        form = frames.body(await wire.read_object(request, limit=parts.settings.max_frame_bytes), Reassignment)
        note = text.short(form.note, limit=MAX_NOTE, name="说明") or NOTE
        await asyncio.to_thread(parts.people.audit, person.name, "reassign", f"{case_id} {form.to_agent[:32]}")
        try:
            case = await parts.desk.reassign(person.name, case_id, to_agent=form.to_agent, note=note)
        except Refused as error:
            raise NotNow("没有改派：对方不在、已满或不在这个技能组，或者会话刚换了状态。") from error
        return wire.answer((await case_views(parts.desk, [case]))[0])

    return router
