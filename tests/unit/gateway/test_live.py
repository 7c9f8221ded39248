"""A live socket keeps its promises whatever the browser does first."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, ClassVar

from gateway.live import LiveSocket
from gateway.relay import Inbox


@dataclass(frozen=True)
class Say:
    """The only frame of these tests."""

    text: str
    key: str = ""


class Browser:
    """The far end of a socket: has one frame to say at once, then stays silent."""

    def __init__(self, frame: str) -> None:
        self._said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._said.put_nowait({"type": "websocket.receive", "text": frame})
        self.heard: list[str] = []

    async def receive(self) -> dict[str, Any]:
        return await self._said.get()

    async def send_text(self, text: str) -> None:
        self.heard.append(text)

    async def close(self, code: int) -> None:
        return None

    def leave(self) -> None:
        self._said.put_nowait({"type": "websocket.disconnect"})

    def has_been_read(self) -> bool:
        return self._said.empty()


class SlowToGreet(LiveSocket):
    """Its snapshot takes as long as the test likes."""

    known: ClassVar[dict[str, Any]] = {"say": Say}

    def __init__(self, socket: Any) -> None:
        super().__init__(socket, inbox=Inbox(9), max_frame_bytes=999)
        self.may_greet = asyncio.Event()
        self.order: list[str] = []

    async def greet(self) -> None:
        await self.may_greet.wait()
        self.order.append("greeted")

    async def handle(self, frame: Any) -> None:
        self.order.append(frame.text)
        self.socket.leave()  # type: ignore[attr-defined]


async def test_what_a_browser_says_before_its_snapshot_is_handled_after_it() -> None:
    """The snapshot opens the conversation: handled before it, a first message would find none."""
    browser = Browser('{"type": "say", "text": "在吗", "key": "k"}')
    served = SlowToGreet(browser)
    running = asyncio.create_task(served.run())
    while not browser.has_been_read():
        await asyncio.sleep(0)
    for _ in range(20):  # no input or output here: whatever would happen happens in these rounds
        await asyncio.sleep(0)
    assert served.order == []
    served.may_greet.set()
    await running
    assert served.order == ["greeted", "在吗"]
