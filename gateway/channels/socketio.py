"""Rasa's Socket.IO channel: `session_request` → `session_confirm`, `user_uttered` → `bot_uttered`.

Clients such as rasa-webchat connect unchanged. Unlike Rasa's, a session id cannot be made up: the gateway mints it
and signs it, an unsigned or foreign one is answered by a fresh one. Conversations are `socketio:{random}`. What a
person writes arrives by itself, and what was said while the client was away follows on its return. A message may
carry a `key` (of its own, or in `customData`), under which it can be sent again and is said once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from dataclasses import dataclass, field
from typing import Any

import socketio
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from contracts.codec import encode
from contracts.conversation import DeskEvent
from gateway import text
from gateway.access import Origins, address_of
from gateway.channels.replies import buttons_of, is_reply
from gateway.errors import GatewayError, Unavailable, from_desk
from gateway.parts import Parts
from gateway.relay import Inbox
from handoff.errors import DeskError

log = logging.getLogger("jiehua.socketio")

PATH = "/socket.io/"
PREFIX = "socketio:"
PAGE = 200
CURSOR_LIFE_S = 30 * 86400


def mount(app: ASGIApp, parts: Parts) -> ASGIApp:
    """`app` with the Socket.IO endpoint in front of it."""
    channel = SocketIoChannel(parts)
    served = socketio.ASGIApp(channel.server, socketio_path=PATH.strip("/"))

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and scope["path"].startswith(PATH):
            await served(scope, receive, send)
        else:
            await app(scope, receive, send)

    return dispatch


def bot_uttered(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """An encoded entry as the events of Rasa's Socket.IO channel."""
    data = entry.get("data") or {}
    said: dict[str, Any] = {"text": entry["text"]}
    buttons = buttons_of(data)
    if buttons:
        said["quick_replies"] = [{"content_type": "text", **button} for button in buttons]
    said["metadata"] = {"author": entry["author"], "seq": entry["seq"]}
    events = [said]
    if data.get("image"):
        events.append({"attachment": {"type": "image", "payload": {"src": data["image"]}}})
    return events


@dataclass
class _Client:
    """One connection: the conversation it speaks in, once it has asked for a session."""

    address: str
    conversation_id: str = ""
    session_id: str = ""
    following: asyncio.Task[None] | None = None
    # Events of one connection are handled side by side: what is said waits until the session is there.
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)


class SocketIoChannel:
    """The Socket.IO server and its clients in this process."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._signer = URLSafeTimedSerializer(parts.secrets.cookie_key, salt="jiehua.socketio")
        self._max_age_s = parts.settings.customer_session_days * 86400
        self._clients: dict[str, _Client] = {}
        self.server = socketio.AsyncServer(
            async_mode="asgi",
            cors_allowed_origins=_OriginRule(parts.origins, parts.settings.embed_origins),
            max_http_buffer_size=parts.settings.max_frame_bytes,
            logger=False,
            engineio_logger=False,
        )
        self.server.on("connect", self._connect)
        self.server.on("disconnect", self._disconnect)
        self.server.on("session_request", self._session_request)
        self.server.on("user_uttered", self._user_uttered)

    async def _connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> bool:
        address = address_of(HTTPConnection(environ["asgi.scope"]))
        try:
            self._parts.limits.sockets.enter(address)
        except GatewayError:
            return False
        self._clients[sid] = _Client(address)
        return True

    async def _disconnect(self, sid: str, reason: Any = None) -> None:
        client = self._clients.pop(sid, None)
        if client is None:
            return
        self._parts.limits.sockets.leave(client.address)
        if client.following is not None:
            client.following.cancel()

    async def _session_request(self, sid: str, data: Any = None) -> None:
        client = self._clients.get(sid)
        if client is None:
            return
        wanted = data.get("session_id") if isinstance(data, dict) else None
        known = self._conversation_of(wanted)
        session_id = wanted
        try:
            async with client.opening:
                if known is None and client.session_id:  # it asks again: an answer may have been lost
                    session_id, known = client.session_id, self._conversation_of(client.session_id)
                elif known is None:
                    self._parts.limits.sessions.take(client.address)
                    session_id, known = self._mint()
                    client.session_id = session_id
                await self.server.emit("session_confirm", session_id, to=sid)
                if known is not None:
                    await self._follow(sid, client, known)
        except GatewayError as error:
            await self._tell(sid, error)
        except DeskError as error:
            await self._tell(sid, from_desk(error))

    async def _user_uttered(self, sid: str, data: Any = None) -> None:
        client = self._clients.get(sid)
        if client is None:
            return
        try:
            await self._say(sid, client, data if isinstance(data, dict) else {})
        except GatewayError as error:
            await self._tell(sid, error)
        except DeskError as error:
            await self._tell(sid, from_desk(error))
        except Exception:
            log.exception("a message failed")
            await self._tell(sid, Unavailable())

    async def _say(self, sid: str, client: _Client, data: dict[str, Any]) -> None:
        named = self._conversation_of(data.get("session_id"))
        async with client.opening:
            if named is not None or not client.conversation_id:
                # A client that never asked for a session gets one for this connection.
                await self._follow(sid, client, named or self._mint()[1])
        message = data.get("message")
        words = text.message(
            message if isinstance(message, str) else "", limit=self._parts.settings.max_text_characters
        )
        self._parts.limits.customer.take(client.conversation_id)
        self._parts.limits.address.take(client.address)
        key = _key_of(data) or secrets.token_urlsafe(12)
        await self._parts.desk.say(client.conversation_id, key=key, text=words, channel="socketio")

    async def _tell(self, sid: str, error: GatewayError) -> None:
        """Rasa's channel has no event for errors, so the sentence is said."""
        await self.server.emit("bot_uttered", {"text": error.sentence, "metadata": {"error": error.code}}, to=sid)

    def _mint(self) -> tuple[str, str]:
        """(signed session id, conversation id)."""
        conversation_id = PREFIX + secrets.token_urlsafe(18)
        return self._signer.dumps(conversation_id), conversation_id

    def _conversation_of(self, session_id: Any) -> str | None:
        if not isinstance(session_id, str) or not session_id or len(session_id) > 512:
            return None
        try:
            found = self._signer.loads(session_id, max_age=self._max_age_s)
        except BadSignature:
            return None
        return found if isinstance(found, str) and found.startswith(PREFIX) else None

    async def _follow(self, sid: str, client: _Client, conversation_id: str) -> None:
        """Send what is said in the conversation to this connection, from its cursor on; under `client.opening`."""
        if client.conversation_id == conversation_id:
            return
        if client.following is not None:
            client.following.cancel()
        await self._parts.desk.open(conversation_id, channel="socketio")
        client.conversation_id = conversation_id
        if sid not in self._clients:  # it left meanwhile: nobody would end the task
            return
        client.following = asyncio.create_task(self._push(sid, conversation_id))

    async def _push(self, sid: str, conversation_id: str) -> None:
        inbox = Inbox(self._parts.settings.socket_queue)
        cursor = f"cursor:{conversation_id}"
        with self._parts.relay.conversation(conversation_id, inbox):
            try:
                seen = int(await self._parts.store.get(cursor) or 0)
                while True:
                    seen = await self._send_after(sid, conversation_id, seen, cursor)
                    item = await inbox.get()
                    while isinstance(item, DeskEvent) and item.kind not in ("entry", "resync"):
                        item = await inbox.get()
            except (DeskError, GatewayError) as error:
                # The client reconnects and is brought up to date from its cursor.
                log.warning("a follower ended: %s", type(error).__name__)
                with contextlib.suppress(Exception):
                    await self.server.disconnect(sid)

    async def _send_after(self, sid: str, conversation_id: str, seen: int, cursor: str) -> int:
        """Send the replies after `seen`; returns the last number looked at."""
        while True:
            entries = await self._parts.desk.log(conversation_id, after=seen, limit=PAGE)
            for entry in entries:
                document = encode(entry)
                if is_reply(document):
                    for event in bot_uttered(document):
                        await self.server.emit("bot_uttered", event, to=sid)
                seen = entry.seq
            if entries:
                await self._parts.store.rise(cursor, seen, ttl_s=CURSOR_LIFE_S)
            if len(entries) < PAGE:
                return seen


def _key_of(data: dict[str, Any]) -> str:
    """The key under which a client sends a message again: beside it, or in what Rasa's clients may add to each."""
    beside = data.get("customData")
    key = data.get("key") or (beside.get("key") if isinstance(beside, dict) else None)
    return text.key(key) if isinstance(key, str) and key else ""


class _OriginRule:
    """Pages of our own origins and of the sites that may embed us."""

    def __init__(self, origins: Origins, embed: tuple[str, ...]) -> None:
        self._origins = origins
        self._embed = {origin.rstrip("/").lower() for origin in embed}

    def __call__(self, origin: str | None, environ: dict[str, Any]) -> bool:
        if origin and origin.rstrip("/").lower() in self._embed:
            return True
        try:
            self._origins.check(HTTPConnection(environ["asgi.scope"]), required=False)
        except GatewayError:
            return False
        return True
