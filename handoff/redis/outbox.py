"""The outbox over Redis: a stream that a consumer group reads, trimmed as the archive takes it over.

There is one consumer, so what an archiver took and never settled is pending under a name that the next one has too:
it is read first, with no lease to wait for. Two archivers at once do the same work twice, and no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from handoff.errors import BackendUnavailable
from handoff.model import Parcel
from handoff.redis import rows
from handoff.redis.groups import ensure_group
from handoff.redis.keys import ARCHIVE, Keys

ARCHIVER = "archiver"
PENDING, NEW = "0", ">"


class RedisOutbox:
    """The outbox of one tenant. `blocking` is a client whose timeout is longer than `longest_wait_ms`."""

    def __init__(self, client: Redis, blocking: Redis, keys: Keys, longest_wait_ms: int) -> None:
        self._client = client
        self._blocking = blocking
        self._stream = keys.outbox
        self._longest_wait_ms = longest_wait_ms

    async def take(self, limit: int, *, wait_ms: int) -> list[Parcel]:
        """See `ports.Outbox`. Raises BackendUnavailable; ValueError for a parcel that a newer version has put in."""
        items = await self._read(self._client, PENDING, limit, None)
        if not items:
            wait = min(wait_ms, self._longest_wait_ms)
            items = await self._read(self._blocking, NEW, limit, wait if wait > 0 else None)
        gone = [item for item, fields in items if not fields]
        if gone:  # somebody trimmed the stream by hand
            await self._forget(gone)
        return [rows.parcel_of(item, fields) for item, fields in items if fields]

    async def settle(self, parcels: Sequence[Parcel]) -> None:
        """See `ports.Outbox`. Raises BackendUnavailable."""
        if parcels:
            await self._forget([parcel.ticket for parcel in parcels])

    async def backlog(self) -> int:
        """See `ports.Outbox`. Raises BackendUnavailable."""
        try:
            return int(await self._client.xlen(self._stream))
        except (RedisError, OSError) as error:
            raise BackendUnavailable(f"Redis does not answer ({type(error).__name__})") from error

    async def _read(self, client: Redis, start: str, limit: int, block_ms: int | None) -> list[tuple[str, Any]]:
        streams: dict[Any, Any] = {self._stream: start}
        try:
            reply: Any = await client.xreadgroup(ARCHIVE, ARCHIVER, streams, count=limit, block=block_ms)
        except ResponseError as error:
            await ensure_group(self._client, self._stream, ARCHIVE, error)
            return []
        except (RedisError, OSError) as error:
            raise BackendUnavailable(f"Redis does not answer ({type(error).__name__})") from error
        return list(reply[0][1]) if reply else []

    async def _forget(self, items: Sequence[str]) -> None:
        """In one step, or an item could be acknowledged and stay for ever."""
        try:
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.xack(self._stream, ARCHIVE, *items)
                pipe.xdel(self._stream, *items)
                await pipe.execute()
        except (RedisError, OSError) as error:
            raise BackendUnavailable(f"Redis does not answer ({type(error).__name__})") from error
