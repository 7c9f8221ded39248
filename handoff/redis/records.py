"""Records in Redis: one script changes one, whole; see `prelude_records.lua`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts.codec import loads
from handoff.errors import BackendUnavailable
from handoff.records.change import Change, R
from handoff.records.model import Remark
from handoff.redis import rows
from handoff.redis.keys import Keys
from handoff.redis.scripts import ScriptRunner


class RedisRecords:
    """A RecordStore of one tenant. Every method raises BackendUnavailable when Redis does not answer."""

    def __init__(self, client: Redis, keys: Keys, run: ScriptRunner) -> None:
        self._client = client
        self._keys = keys
        self._run = run

    async def record(self, kind: type[R], record_id: str) -> R | None:
        found = await self._run("records", kind=kind.kind, id=record_id, list="", until_ms=False, limit=1, latest=False)
        return loads(kind, found[0]) if found else None

    async def named(self, name: str) -> str:
        return str(await self._ask(self._client.get(self._keys.unique(name))) or "")

    async def listed(
        self, kind: type[R], index: str, *, until: int | None = None, limit: int, latest: bool = False
    ) -> list[R]:
        until_ms = until if until is not None else False
        found = await self._run(
            "records", kind=kind.kind, id="", list=index, until_ms=until_ms, limit=limit, latest=latest
        )
        return [loads(kind, document) for document in found]

    async def remarks(self, kind: type[R], record_id: str, *, limit: int) -> list[Remark]:
        name = self._keys.remarks(kind.kind, record_id)
        count = int(await self._ask(self._client.llen(name)))
        # From a fixed place, so that what is added meanwhile does not shift the numbers.
        first = max(count - limit, 0)
        found = await self._ask(self._client.lrange(name, first, -1))
        return [replace(loads(Remark, one), seq=seq) for seq, one in enumerate(found[:limit], first + 1)]

    async def save(self, change: Change) -> bool:
        (new,) = await self._run("save_record", record=rows.change_row(change))
        return bool(int(new))

    async def departed(self) -> frozenset[str]:
        return frozenset(await self._ask(self._client.smembers(self._keys.departed)))

    async def _ask(self, command: Any) -> Any:
        try:
            return await command
        except (RedisError, OSError) as error:
            raise BackendUnavailable(f"Redis does not answer ({type(error).__name__})") from error
