"""Login names to displayed names, kept in memory: asked for every line an agent writes."""

from __future__ import annotations

import asyncio
import time

from gateway.people import People


class Directory:
    """The names that customers and colleagues see."""

    STALE_S = 30.0

    def __init__(self, people: People) -> None:
        self._people = people
        self._names: dict[str, str] = {}
        self._missing: set[str] = set()  # looked for since the last reading of all, and not there
        self._read_at = time.monotonic() - self.STALE_S

    async def refresh(self, name: str = "") -> None:
        """Read all names again when the last reading is old, or when `name` is not among them."""
        stale = time.monotonic() - self._read_at >= self.STALE_S
        unheard = bool(name) and name not in self._names and name not in self._missing
        if not stale and not unheard:
            return
        if stale:
            self._missing.clear()
        self._read_at = time.monotonic()
        everybody = await asyncio.to_thread(self._people.all)
        self._names = {person.name: person.display for person in everybody}
        if name and name not in self._names:
            self._missing.add(name)

    def display(self, name: str) -> str:
        """The displayed name; 「客服」 for somebody not (or no longer) known, never the login name."""
        return self._names.get(name, "客服")
