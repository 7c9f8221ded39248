"""Wishes in Redis: the scripts `wish`, `wishes` and `tell`."""

from __future__ import annotations

from typing import Any

from contracts.conversation import Entry
from handoff.redis import rows
from handoff.redis.scripts import ScriptRunner
from handoff.wishes import KEPT_MS, MOST_WISHES, WISH, Telling, Wish


class RedisWishes:
    """A WishStore of one tenant."""

    def __init__(self, run: ScriptRunner) -> None:
        self._run = run

    async def make(
        self, conversation_id: str, *, key: str, about: int, seq: int, question: str, wanted: bool, key_ttl_ms: int
    ) -> Entry:
        (entry,) = await self._run(
            "wish",
            conversation_id=conversation_id,
            key=key,
            seq=seq,
            question=question,
            wanted=wanted,
            data=rows.to_json({"what": WISH, "about": about, "wanted": wanted}),
            key_ttl_ms=key_ttl_ms,
            most=MOST_WISHES,
            kept_ms=KEPT_MS,
        )
        return rows.entry_of(entry)

    async def all(self, *, limit: int) -> list[Wish]:
        found, since_ms = await self._run("wishes", limit=limit, kept_ms=KEPT_MS)
        wishes = []
        for conversation_id, flat in found:
            of_one = []
            for seq, held in rows.pairs(flat).items():
                at_ms, _, question = held.partition(" ")
                of_one.append(Wish(conversation_id, int(seq), question, int(at_ms)))
            wishes += sorted((one for one in of_one if one.at_ms >= int(since_ms)), key=lambda one: one.seq)
        return wishes[:limit]

    async def tell(self, conversation_id: str, seq: int, *, text: str, data: dict[str, Any]) -> Telling:
        (told,) = await self._run("tell", conversation_id=conversation_id, seq=seq, text=text, data=rows.to_json(data))
        return Telling(told)
