"""What can be asked of the Redis backend without changing anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts.conversation import ConversationView, Entry
from handoff.errors import BackendUnavailable
from handoff.estimate import GroupLoad
from handoff.model import Agent, Case, Glance
from handoff.ports import Late
from handoff.redis import rows
from handoff.redis.keys import Keys
from handoff.redis.scripts import ScriptRunner

HISTORY_LIMIT = 50


class RedisReads:
    """The reading half of the backend."""

    _keys: Keys
    _client: Redis
    _run: ScriptRunner

    async def conversation(self, conversation_id: str) -> ConversationView:
        return rows.view_of(await self._run("view", conversation_id=conversation_id))

    async def log(self, conversation_id: str, *, after: int, before: int | None, limit: int) -> list[Entry]:
        name = self._keys.log(conversation_id)
        found: list[Any]
        try:
            if before is None:
                found = await self._client.xrange(name, f"({after}-0" if after else "-", "+", count=limit) or []
            else:
                end = f"{max(before - 1, 0)}-0"
                found = await self._client.xrevrange(name, end, f"{after + 1}-0", count=limit) or []
                found.reverse()
        except (RedisError, OSError) as error:
            raise BackendUnavailable(f"Redis does not answer ({type(error).__name__})") from error
        if not found:
            await self.conversation(conversation_id)  # an empty log, or no such conversation
        return [rows.entry_of(row) for row in found]

    async def case(self, case_id: str) -> Case:
        return rows.case_of((await self._run("cases", by="case", id=case_id, limit=1))[0])

    async def cases_of(self, conversation_id: str) -> list[Case]:
        found = await self._run("cases", by="conversation", id=conversation_id, limit=HISTORY_LIMIT)
        return [rows.case_of(row) for row in found]

    async def agent_cases(self, agent_id: str) -> list[Case]:
        found = [rows.case_of(row) for row in await self._run("cases", by="agent", id=agent_id, limit=0)]
        return sorted(found, key=lambda case: (case.enqueued_ms, case.case_id))

    async def line(self, limit: int) -> list[Case]:
        found = [rows.case_of(row) for row in await self._run("cases", by="line", id="", limit=limit)]
        return sorted(found, key=lambda case: (case.order_ms, case.order_tie, case.case_id))[:limit]

    async def active(self, limit: int) -> list[Case]:
        return [rows.case_of(row) for row in await self._run("cases", by="active", id="", limit=limit)]

    async def late(self, limit: int) -> Late:
        n, *found = await self._run("late", limit=limit)
        return Late(int(n), tuple((rows.clock_of(row), int(row[8])) for row in found))

    async def messages(self, limit: int) -> list[Case]:
        return [rows.case_of(row) for row in await self._run("cases", by="messages", id="", limit=limit)]

    async def group_load(self, group: str) -> GroupLoad:
        slots, free, handled, *more = await self._run("group_load", group=group)
        return GroupLoad(int(slots), int(free), tuple(int(ms) for ms in handled), *(int(one) for one in more))

    async def now_ms(self) -> int:
        return int((await self._run("clock"))[0])

    async def ping(self) -> None:
        try:
            await self._client.ping()
        except (RedisError, OSError) as error:
            raise BackendUnavailable(f"Redis does not answer ({type(error).__name__})") from error

    async def agents(self) -> list[Agent]:
        found = [rows.agent_of(flat, load) for flat, load in await self._run("agents")]
        return sorted(found, key=lambda agent: agent.agent_id)

    async def glance(self, conversation_ids: Sequence[str]) -> list[Glance]:
        return [rows.glance_of(row) for row in await self._run("glance", ids=list(conversation_ids))]
