"""The settings in force in this process: read at the start, and again when an event tells of a change."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from contracts.conversation import DeskEvent
from handoff.config.store import SettingsStore
from handoff.desk import Desk
from handoff.errors import DeskError
from handoff.records.model import Setting

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0


class LiveSettings:
    """Keeps one desk on the settings in force; it must hear every event of the desk (`hear`)."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.store = SettingsStore(desk.records, desk.clock_ms)
        self._stale = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each change that came into force here."""
        self._listeners.append(listener)

    def hear(self, event: DeskEvent) -> None:
        """An event of the desk: a document has changed, or events may have been missed."""
        if event.kind == "resync" or (event.kind == "record" and event.data.get("kind") == Setting.kind):
            self._stale.set()

    async def refresh(self) -> None:
        """Read the settings and put them into force here. Raises BackendUnavailable."""
        config = await self.store.config(self._desk.config)
        if config != self._desk.config:
            self._desk.use(config)
            for listener in self._listeners:
                listener()

    async def start(self) -> None:
        """Read the settings, and follow them from now on; the subscription to events must stand already.

        When the store does not answer it returns all the same, and reading is tried again.
        """
        try:
            await self.refresh()
        except DeskError as error:
            log.warning("settings: %s", type(error).__name__)
            self._stale.set()
        self._task = asyncio.create_task(self._follow())

    async def close(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _follow(self) -> None:
        while True:
            await self._stale.wait()
            self._stale.clear()
            try:
                await self.refresh()
            except DeskError as error:
                log.warning("settings: %s", type(error).__name__)
                self._stale.set()
                await asyncio.sleep(RETRY_SECONDS)
