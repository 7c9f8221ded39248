"""Records in memory: the twin of `redis/records.py` and of `prelude_records.lua`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import cast

from handoff.errors import Refused, Stale
from handoff.memory.outbox import MemoryOutbox
from handoff.records.change import Change, Line, R, answerable, names, standing
from handoff.records.model import Record, Remark


class MemoryRecords:
    """A RecordStore; `tell` logs a line in a customer's thread, `announce` tells the relays of a change."""

    def __init__(self, outbox: MemoryOutbox, tell: Callable[[Line], None], announce: Callable[[Record], None]) -> None:
        self._outbox = outbox
        self._tell = tell
        self._announce = announce
        self._records: dict[tuple[str, str], Record] = {}
        self._remarks: dict[tuple[str, str], list[Remark]] = {}
        self._names: dict[str, str] = {}
        self._lists: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self.gone: set[str] = set()

    async def record(self, kind: type[R], record_id: str) -> R | None:
        return cast("R | None", self._records.get((kind.kind, record_id)))

    async def named(self, name: str) -> str:
        return self._names.get(name, "")

    async def listed(
        self, kind: type[R], index: str, *, until: int | None = None, limit: int, latest: bool = False
    ) -> list[R]:
        places = self._lists.get(index, {})
        found = sorted((place, one) for one, place in places.items() if until is None or place <= until)
        if latest:
            found.reverse()
        return [cast("R", self._records[kind.kind, one]) for _, one in found[:limit]]

    async def remarks(self, kind: type[R], record_id: str, *, limit: int) -> list[Remark]:
        return self._remarks.get((kind.kind, record_id), [])[-limit:]

    async def save(self, change: Change) -> bool:
        if not self.check(change):
            return False
        self.keep(change)
        return True

    async def departed(self) -> frozenset[str]:
        return frozenset(self.gone)

    def prepare(self, change: Change | None) -> Callable[[], None]:
        """Check a change that is part of a larger step, raising as `save` does; returns what makes it."""
        if change is not None and self.check(change):
            return partial(self.keep, change)
        return lambda: None

    def check(self, change: Change) -> bool:
        """Whether there is anything to do; raises as `save` does."""
        record = change.after
        kept = self._records.get((record.kind, record.record_id))
        if change.once and kept is not None:
            return False
        if (kept.rev if kept is not None else 0) != change.rev:
            raise Stale("the record has changed meanwhile")
        for kind, one, rev in change.given:
            other = self._records.get((kind, one))
            if (other.rev if other is not None else 0) != rev:
                raise Stale("another record has changed meanwhile")
        if any(self._names.get(name, record.record_id) != record.record_id for name in names(record)):
            raise Stale("the name leads to another record")
        if self.gone.intersection(answerable(record)):
            raise Refused("this agent has left")
        return True

    def keep(self, change: Change) -> None:
        """Do what `check` allowed."""
        record, one = change.after, change.after.record_id
        self._records[record.kind, one] = record
        for name in names(record):
            self._names[name] = one
        for index in change.left:
            self._lists[index].pop(one, None)
        for index, place in standing(record).items():
            self._lists[index][one] = place
        self._outbox.put(record.conversation_id, record)
        history = self._remarks.setdefault((record.kind, one), [])
        for remark in change.remarks:
            history.append(replace(remark, seq=len(history) + 1))
            self._outbox.put(record.conversation_id, history[-1])
        self._announce(record)
        for line in change.lines:
            self._tell(line)
