"""The outbox of the memory backend."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from contracts.conversation import Entry
from handoff.model import Case, Opened, Parcel
from handoff.records.model import Record, Remark

LONGEST_WAIT_MS = 1000


class MemoryOutbox:
    """Parcels in a dictionary by version, which keeps their order."""

    def __init__(self) -> None:
        self._parcels: dict[int, Parcel] = {}
        self._last = 0
        self._wake = asyncio.Event()

    def put(self, conversation_id: str, content: Entry | Case | Opened | Record | Remark) -> None:
        """Add one change; for the backend alone."""
        self._last += 1
        self._parcels[self._last] = Parcel(self._last, conversation_id, content)
        self._wake.set()

    async def take(self, limit: int, *, wait_ms: int) -> list[Parcel]:
        """See `ports.Outbox`."""
        if not self._parcels and wait_ms > 0:
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), min(wait_ms, LONGEST_WAIT_MS) / 1000)
            except asyncio.TimeoutError:
                return []
        return [parcel for parcel, _ in zip(self._parcels.values(), range(limit))]

    async def settle(self, parcels: Sequence[Parcel]) -> None:
        """See `ports.Outbox`."""
        for parcel in parcels:
            self._parcels.pop(parcel.version, None)

    async def backlog(self) -> int:
        """See `ports.Outbox`."""
        return len(self._parcels)
