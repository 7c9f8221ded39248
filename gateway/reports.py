"""The supervisors' reports over HTTP: the page's figures, and each of its tables as a spreadsheet."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from gateway import wire
from gateway.figures import MOST_DAYS
from gateway.parts import Parts
from gateway.people import Person, Role

DAYS = 7


def routes(parts: Parts) -> APIRouter:
    """The endpoints of the reports page."""
    router = APIRouter(prefix="/api/reports")

    async def supervisor(request: Request) -> Person:
        return await parts.staff.require(request.cookies, Role.SUPERVISOR)

    @router.get("")
    async def page(request: Request) -> Response:
        await supervisor(request)
        return wire.answer(await parts.figures.page(*wire.days(request), days=_days(request)))

    @router.get("/{name}.csv")
    async def table(request: Request, name: str) -> Response:
        person = await supervisor(request)
        file, content = await parts.figures.table(name, *wire.days(request), days=_days(request))
        # What leaves the house as a file is on record; looking at the page is not.
        await asyncio.to_thread(parts.people.audit, person.name, "report_export", file)
        headers = {"Content-Disposition": f'attachment; filename="{file}"', "Cache-Control": "no-store"}
        return Response(content, media_type="text/csv; charset=utf-8", headers=headers)

    return router


def _days(request: Request) -> int:
    return wire.integer(request, "days", default=DAYS, least=1, most=MOST_DAYS)
