"""The endpoints of pictures and files, for customers and for those who serve them.

A file is the body of a POST; its name is in the query, with a `key` under which it can be brought again and is there
once. It is served only through its conversation, pictures to be shown and everything else to be saved, and neither can
run anything: no guessing of types, and a policy that forbids all for the document itself.
"""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from contracts.codec import encode
from gateway import text, wire
from gateway.access import address_of
from gateway.agent import CONSOLE_ROLES
from gateway.attachments import CUSTOMER, Kept
from gateway.errors import NotAllowed, NotNow
from gateway.parts import Parts
from gateway.records.identity import own_thread

LIFE_S = 7 * 86400
_TO_SHOW = "image/"


def routes(parts: Parts) -> APIRouter:
    """Bringing and reading files."""
    router = APIRouter()

    @router.post("/api/customer/attachments")
    async def bring(request: Request) -> Response:
        parts.origins.check(request, required=False)
        conversation_id = await own_thread(parts, request.cookies)
        parts.limits.uploads.take(conversation_id)
        parts.limits.address.take(address_of(request))
        return await _keep(parts, request, conversation_id, by=CUSTOMER)

    @router.get("/api/customer/attachments/{attachment_id}")
    async def read(request: Request, attachment_id: str) -> Response:
        conversation_id = await own_thread(parts, request.cookies)
        return await _file(parts, request, conversation_id, attachment_id, by=CUSTOMER)

    @router.post("/api/agent/conversations/{conversation_id}/attachments")
    async def agent_bring(request: Request, conversation_id: str) -> Response:
        parts.origins.check(request, required=False)
        person = await parts.staff.require(request.cookies, *CONSOLE_ROLES)
        view = await parts.desk.conversation(conversation_id)
        if view.agent_id != person.name:
            raise NotAllowed("接入会话后才能发文件。")
        if view.channel != "web":
            raise NotNow("客户所在的渠道收不到文件，请用文字说明。")
        parts.limits.uploads.take(person.name)
        return await _keep(parts, request, conversation_id, by=person.name)

    @router.get("/api/agent/conversations/{conversation_id}/attachments/{attachment_id}")
    async def agent_read(request: Request, conversation_id: str, attachment_id: str) -> Response:
        person = await parts.staff.require(request.cookies, *CONSOLE_ROLES)
        if not await parts.may_read(person, conversation_id):
            raise NotAllowed
        return await _file(parts, request, conversation_id, attachment_id, by=person.name)

    return router


async def _keep(parts: Parts, request: Request, conversation_id: str, *, by: str) -> Response:
    announced, key = request.headers.get("content-length", ""), request.query_params.get("key", "")
    kept = await parts.attachments.keep(
        conversation_id,
        request.stream(),
        announced=int(announced) if announced.isascii() and announced.isdigit() else 0,
        name=request.query_params.get("name", ""),
        by=by,
        key=text.key(key) if key else "",
    )
    return wire.answer({"attachment": encode(kept)}, status=201)


async def _file(parts: Parts, request: Request, conversation_id: str, attachment_id: str, *, by: str) -> Response:
    small = request.query_params.get("small") == "1"
    kept = await parts.attachments.read(conversation_id, attachment_id, by=by, small=small)
    return FileResponse(kept.path, media_type=kept.attachment.media_type, headers=_headers(kept))


def _headers(kept: Kept) -> dict[str, str]:
    how = "inline" if kept.attachment.media_type.startswith(_TO_SHOW) else "attachment"
    return {
        "Content-Disposition": f"{how}; filename*=UTF-8''{quote(kept.attachment.name)}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        # What an id stands for never changes; the browser alone may keep it.
        "Cache-Control": f"private, max-age={LIFE_S}, immutable",
    }
