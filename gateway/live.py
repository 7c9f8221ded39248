"""What every live socket does: read frames, write frames, and give up on a browser that cannot keep up.

One task reads, one writes, and everything that is sent goes through the inbox, so frames keep their order. The
socket subscribes before its snapshot is read, so nothing falls between the two; what the snapshot already holds is
dropped by its sequence number.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from contracts.conversation import DeskEvent
from gateway import frames, wire
from gateway.errors import BadRequest, GatewayError, Unavailable, from_desk
from gateway.relay import Inbox
from handoff.errors import DeskError

log = logging.getLogger("jiehua.live")

CLOSE_NO_SESSION = 4401
CLOSE_NOT_ALLOWED = 4403
CLOSE_TOO_SLOW = 4408
CLOSE_ENDED = 4409
CLOSE_UNAVAILABLE = 1013


class EndSocket(Exception):
    """Close this socket with a code."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(str(code))


class LiveSocket:
    """Base of the customer's and the agent's socket: `greet`, `handle` and `deliver` are theirs."""

    known: dict[str, type]

    def __init__(self, socket: WebSocket, *, inbox: Inbox, max_frame_bytes: int) -> None:
        self.socket = socket
        self.inbox = inbox
        self._max_frame_bytes = max_frame_bytes
        self._greeted = asyncio.Event()

    async def greet(self) -> None:
        """Send the snapshot; the socket is subscribed already."""
        raise NotImplementedError

    async def handle(self, frame: Any) -> None:
        """Do what a frame of the browser asks; raises GatewayError or DeskError."""
        raise NotImplementedError

    async def deliver(self, event: DeskEvent) -> None:
        """Send what an event of the desk means to this browser."""
        raise NotImplementedError

    async def send(self, frame: dict[str, Any]) -> None:
        """Write one frame; for the writing task only, others use `inbox.put`."""
        await self.send_text(wire.dumps(frame))

    async def send_text(self, frame: str) -> None:
        """Write one frame that is JSON already, as `send`."""
        await self.socket.send_text(frame)

    async def run(self) -> None:
        """Serve the accepted socket until either side ends it."""
        tasks = [
            asyncio.create_task(self._write()),
            asyncio.create_task(self._read()),
            asyncio.create_task(self._watch_overflow()),
        ]
        code = 1000
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                code = self._code_of(task.exception())
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            # A browser that does not read may not take the closing handshake either.
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self.socket.close(code), 2)

    def _code_of(self, error: BaseException | None) -> int:
        if error is None or isinstance(error, (WebSocketDisconnect, ConnectionError)):
            return 1000
        if isinstance(error, EndSocket):
            return error.code
        if isinstance(error, (DeskError, GatewayError)):
            log.warning("socket ended: %s", type(error).__name__)
            return CLOSE_UNAVAILABLE
        log.error("socket failed", exc_info=error)
        return 1011

    async def _watch_overflow(self) -> None:
        await self.inbox.overflowed.wait()
        raise EndSocket(CLOSE_TOO_SLOW)

    async def _write(self) -> None:
        await self.greet()
        self._greeted.set()
        while True:
            item = await self.inbox.get()
            if isinstance(item, dict):
                await self.send(item)
            else:
                await self.deliver(item)

    async def _read(self) -> None:
        while True:
            message = await self.socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            # Greeting opens the conversation; a client that speaks without waiting for its snapshot must find it open.
            await self._greeted.wait()
            await self._answer(message)

    async def _answer(self, message: Any) -> None:
        document: dict[str, Any] = {}
        try:
            if message.get("text") is None:
                raise BadRequest("只接受文本帧。")
            document = frames.parse(message["text"], limit=self._max_frame_bytes)
            await self.handle(frames.frame(document, self.known))
        except GatewayError as error:
            self.inbox.put(error.frame(frames.key_of(document)))
        except DeskError as error:
            self.inbox.put(from_desk(error).frame(frames.key_of(document)))
        except (EndSocket, WebSocketDisconnect):
            raise
        except Exception:
            # One bad frame must not take the socket down, nor show its insides.
            log.exception("a frame failed")
            self.inbox.put(Unavailable().frame(frames.key_of(document)))
