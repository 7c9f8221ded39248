"""What floor and board have in common: they read again what moved, once for all consoles, and tell the difference."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from typing import Any

from contracts.conversation import DeskEvent
from gateway.relay import Inbox, Relay
from handoff.errors import DeskError

log = logging.getLogger("jiehua.console")

# How often, at most, shared views are read again and sent.
EVERY_S = 0.25


class Follower(ABC):
    """Follows the desk's events while somebody looks; a reading that fails is tried again."""

    def __init__(self, relay: Relay) -> None:
        self._consoles: set[Inbox] = set()
        self._reading = asyncio.Lock()
        self._moved = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        relay.listen(self._on_event)

    def start(self) -> None:
        """Begin to follow what moves."""
        self._task = asyncio.create_task(self._follow())

    async def close(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @abstractmethod
    def _touches(self, event: DeskEvent) -> bool:
        """Mark as stale what an event touches; False when it touches nothing of this view."""

    def look_again(self) -> None:
        """Targets or hours are others now, and with them what is told of every case: read everything again."""
        self._on_event(DeskEvent("resync"))

    @abstractmethod
    async def _read(self) -> None:
        """Read what is stale and tell what differs; what could not be read stays stale."""

    def _tell(self, frame: dict[str, Any]) -> None:
        for inbox in tuple(self._consoles):
            inbox.put(frame)

    def _on_event(self, event: DeskEvent) -> None:
        if self._touches(event):
            self._moved.set()

    async def _follow(self) -> None:
        while True:
            await self._moved.wait()
            self._moved.clear()
            if self._consoles:
                try:
                    await self._read()
                except DeskError as error:
                    log.warning("%s cannot be read: %s", type(self).__name__, type(error).__name__)
                    self._moved.set()
            await asyncio.sleep(EVERY_S)
