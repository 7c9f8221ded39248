"""Login names to displayed names, kept in memory: asked for every line an agent writes."""

from __future__ import annotations

import asyncio
import re
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

    async def refresh(self, name: str = "", *, now: bool = False) -> None:
        """Read all names again when the last reading is old, when `name` is not among them, or `now`."""
        stale = now or time.monotonic() - self._read_at >= self.STALE_S
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

    def named_in(self, text: str) -> tuple[str, ...]:
        """The login names of those whom `text` calls by `@` and their displayed or login name, each once."""
        names = {shown: name for name, shown in self._names.items()} | {name: name for name in self._names}
        if "@" not in text or not names:
            return ()
        # The longest first, so that 小王 does not take what was meant for 小王子.
        every = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
        found = re.finditer(rf"[@＠](?:({every}))(?![A-Za-z0-9_])", text)
        return tuple(dict.fromkeys(names[one[1]] for one in found))

    def display(self, name: str) -> str:
        """The displayed name; 「客服」 for somebody not (or no longer) known, never the login name."""
        return self._names.get(name, "客服")
