"""Read, decide, save; and decide anew when somebody was faster."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

from handoff.errors import Stale
from handoff.records.change import Change, R
from handoff.records.ports import RecordStore

RACES = 20


async def change(records: RecordStore, read: Callable[[], Awaitable[R]], decide: Callable[[R], Change | None]) -> R:
    """The record after what `decide` makes of it (None: it stays as it is). `decide` may run several times.

    Raises what `decide` raises, and Stale when the record changes all the time.
    """
    for _ in range(RACES):
        before = await read()
        wanted = decide(before)
        if wanted is None:
            return before
        try:
            await records.save(wanted)
        except Stale:
            continue
        return cast("R", wanted.after)
    raise Stale("the record changes all the time")


def unchanged_since(seen: int | None, rev: int) -> None:
    """Raises Stale when the caller saw another revision than this."""
    if seen is not None and seen != rev:
        raise Stale(f"seen at revision {seen}, it is at {rev} by now")
