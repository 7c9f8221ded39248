"""How other sites and programs reach this service, for the administrators' page."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from gateway import wire
from gateway.parts import Parts
from gateway.people import Role


def routes(parts: Parts) -> APIRouter:
    """The endpoints."""
    router = APIRouter()

    @router.get("/api/admin/channels")
    async def channels(request: Request) -> Response:
        await parts.staff.require(request.cookies, Role.ADMIN)
        return wire.answer(
            {
                "embed_origins": list(parts.settings.embed_origins),
                "public_origins": list(parts.settings.public_origins),
                "rest_token": bool(parts.settings.rest_token),
            }
        )

    @router.post("/api/admin/channels/site-secret")
    async def site_secret(request: Request) -> Response:
        # As `jiehua agents site-secret` shows it; whoever has it can sign in as any customer, so it is on record.
        parts.origins.check(request, required=False)
        person = await parts.staff.require(request.cookies, Role.ADMIN)
        await asyncio.to_thread(parts.people.audit, person.name, "site_secret", "")
        return wire.answer({"site_secret": parts.secrets.site_secret})

    return router
