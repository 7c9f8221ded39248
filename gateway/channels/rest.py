"""Rasa's REST webhook: `POST /webhooks/rest/webhook` with `{sender, message, metadata}`.

Answers a list of `{recipient_id, text, buttons?, image?, custom?}` as Rasa does. Unlike Rasa it fails loudly: a bot
that fails is an apology and a place in the queue, or a 503, never an empty list. While a person owns the
conversation it answers what the person wrote since the last call, or `[]`.

A sender's conversation is `rest:{sender}`: no sender can reach a web customer's conversation. Whoever may call this
webhook may speak as any sender, so without a token only callers on this machine are served.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from gateway import frames, text, wire
from gateway.access import address_of, is_loopback
from gateway.channels.exchange import Exchange
from gateway.channels.replies import rasa_message
from gateway.errors import BadRequest, GatewayError, NoSession, NotAllowed, from_desk
from gateway.parts import Parts
from handoff.errors import DeskError

PREFIX = "rest:"
MAX_SENDER = 200
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+:\-]{0,99}")


@dataclass(frozen=True)
class RestMessage:
    """The body of a call. `metadata.key`, if given, makes a repeated call harmless, which is answered as the first was;
    `metadata.choice` names the FAQ entry picked from a clarification."""

    message: str
    sender: str = "default"
    metadata: dict[str, Any] | None = field(default=None)


def _check_caller(parts: Parts, request: Request) -> None:
    parts.origins.check(request, required=False)
    token = parts.settings.rest_token
    if token:
        header = request.headers.get("authorization", "")
        if not hmac.compare_digest(header.encode(), f"Bearer {token}".encode()):
            raise NoSession("缺少或错误的访问令牌（Authorization: Bearer …）。")
        return
    direct = "x-forwarded-for" not in request.headers and "forwarded" not in request.headers
    if not (direct and request.client is not None and is_loopback(request.client.host)):
        raise NotAllowed("未设置 JIEHUA_REST_TOKEN 时，这个接口只接受本机调用。")


def _sender(value: str) -> str:
    sender = value.strip()
    if not sender or len(sender) > MAX_SENDER or text.clean(sender) != sender or "\n" in sender:
        raise BadRequest(f"sender 应当是 1 到 {MAX_SENDER} 个字符，不含控制字符。")
    return sender


def conversation_of(sender: str) -> str:
    """The conversation of a sender; names that are no plain words are kept apart by their digest."""
    if _PLAIN.fullmatch(sender):
        return PREFIX + sender
    return f"{PREFIX}~{hashlib.sha256(sender.encode('utf-8')).hexdigest()}"


def _wants_stream(request: Request) -> bool:
    return request.query_params.get("stream", "").lower() in ("true", "1", "yes")


def routes(parts: Parts) -> APIRouter:
    """The webhook and its health address."""
    router = APIRouter()

    @router.get("/webhooks/rest/")
    @router.get("/webhooks/rest", include_in_schema=False)
    async def health() -> Response:
        return wire.answer({"status": "ok"})

    @router.post("/webhooks/rest/webhook")
    async def webhook(request: Request) -> Response:
        _check_caller(parts, request)
        document = await wire.read_object(request, limit=parts.settings.max_frame_bytes)
        call = frames.body(document, RestMessage)
        sender = _sender(call.sender)
        words = text.message(call.message, limit=parts.settings.max_text_characters)
        conversation_id = conversation_of(sender)
        parts.limits.customer.take(conversation_id)
        if not parts.settings.rest_token:
            parts.limits.address.take(address_of(request))
        metadata = call.metadata or {}
        key, choice = metadata.get("key"), metadata.get("choice")
        exchange = Exchange(
            parts, conversation_id, cursor=f"cursor:{conversation_id}", wait_ms=parts.settings.rest_wait_ms
        )
        replies = exchange.run(
            key=text.key(key) if isinstance(key, str) else secrets.token_urlsafe(12),
            may_repeat=isinstance(key, str),
            text=words,
            channel="rest",
            choice=text.short(choice, limit=100, name="choice") if isinstance(choice, str) and choice else None,
        )
        if _wants_stream(request):
            return StreamingResponse(_lines(replies, sender), media_type="text/plain; charset=utf-8")
        return wire.answer([rasa_message(entry, sender) async for entry in replies])

    return router


async def _lines(replies: AsyncIterator[dict[str, Any]], sender: str) -> AsyncIterator[str]:
    """One JSON document a line, each as soon as it is said; a failure is the last line, `{error, message}`."""
    try:
        async for entry in replies:
            yield wire.dumps(rasa_message(entry, sender)) + "\n"
    except GatewayError as error:
        yield wire.dumps(error.body()) + "\n"
    except DeskError as error:
        yield wire.dumps(from_desk(error).body()) + "\n"
