"""What a store of records must do, so that the use cases are the same over memory and over Redis."""

from __future__ import annotations

from typing import Protocol

from handoff.records.change import Change, R
from handoff.records.model import Remark


class RecordStore(Protocol):
    """Records, their histories and the lists they stand in; see `change` for what one change is."""

    async def record(self, kind: type[R], record_id: str) -> R | None:
        """The record as it is now, or None for one that was never stored."""

    async def named(self, name: str) -> str:
        """The id of the record that a name leads to, or ""."""

    async def listed(
        self, kind: type[R], index: str, *, until: int | None = None, limit: int, latest: bool = False
    ) -> list[R]:
        """The first `limit` records of a list by place (at most `until`), or the last ones, the last first."""

    async def remarks(self, kind: type[R], record_id: str, *, limit: int) -> list[Remark]:
        """The last `limit` remarks about a record, oldest first."""

    async def save(self, change: Change) -> bool:
        """Make one change, whole; False when it has `once` and the record exists.

        Raises Stale when the record has changed since it was read, or another has its name; Refused when it would be
        in the hands of an agent who has departed. Then nothing has happened.
        """

    async def departed(self) -> frozenset[str]:
        """Agents who have left for good."""
