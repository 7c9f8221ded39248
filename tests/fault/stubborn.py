"""A customer's page reduced to its protocol, which does not give up."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp


class Unwelcome(Exception):
    """The gateway gave no session just now."""


class Customer:
    """A browser reduced to its protocol: says with a key, says again what got no ack, keeps what it has by seq."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.entries: dict[int, dict[str, Any]] = {}
        self.unacknowledged: dict[str, str] = {}
        self._last = 0
        self.cookies = aiohttp.CookieJar(unsafe=True)

    @asynccontextmanager
    async def live(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Connect with the last sequence number, as the page does."""
        async with aiohttp.ClientSession(cookie_jar=self.cookies) as http:
            headers = {"Origin": self.url}
            async with http.post(f"{self.url}/api/customer/session", json={}, headers=headers) as response:
                if response.status != 200:
                    raise Unwelcome(await response.text())
            after = max(self.entries, default=0)
            async with http.ws_connect(f"{self.url}/api/customer/live?after={after}", headers=headers) as socket:
                self._last = after
                yield socket

    async def talk(self, text: str | None, *, until: Any, seconds: float = 90.0, on_ack: Any = None) -> None:
        """Say `text` and read, reconnecting as long as needed, until `until(self)` holds."""
        if text is not None:
            self.unacknowledged[uuid.uuid4().hex] = text
        async with asyncio.timeout(seconds):
            while True:
                try:
                    async with self.live() as socket:
                        for key, said in self.unacknowledged.items():
                            await socket.send_json({"type": "say", "key": key, "text": said})
                        async for frame in socket:
                            refused = self.take(json.loads(frame.data))
                            if refused:
                                await asyncio.sleep(0.05)
                                await socket.send_json(
                                    {"type": "say", "key": refused, "text": self.unacknowledged[refused]}
                                )
                            if on_ack and not self.unacknowledged:
                                on_ack, hit = None, on_ack
                                hit()
                            if until(self):
                                return
                except (aiohttp.ClientError, Unwelcome, OSError):
                    pass
                await asyncio.sleep(0.1)  # the page's own pause before it connects again

    def take(self, frame: dict[str, Any]) -> str:
        """Keep what a frame tells; returns the key of what was refused and is to be said again, or ""."""
        if frame["type"] == "ack":
            self.unacknowledged.pop(frame["key"], None)
        for entry in [frame["entry"]] if frame["type"] == "entry" else frame.get("entries", []):
            assert entry["seq"] > self._last, "twice, or out of order, on one socket"
            self._last = entry["seq"]
            assert self.entries.get(entry["seq"], entry) == entry, "one number, two messages"
            self.entries[entry["seq"]] = entry
        key = str(frame.get("key", ""))
        return key if frame["type"] == "error" and key in self.unacknowledged else ""

    def said(self, author: str) -> list[str]:
        """Messages of `author` in order."""
        ordered = [self.entries[seq] for seq in sorted(self.entries)]
        return [e["text"] for e in ordered if e["kind"] == "message" and e["author"] == author]
