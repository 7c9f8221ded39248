"""Wishes of the memory backend; the twin of `redis/scripts/wish.lua` and `tell.lua`."""

from __future__ import annotations

from typing import Any

from contracts.conversation import Author, Entry, EntryKind
from handoff.errors import Refused
from handoff.memory.state import State
from handoff.memory.values import BOT
from handoff.wishes import KEPT_MS, MOST_WISHES, WISH, Telling, Wish


class MemoryWishes:
    """A WishStore beside the conversations of `state`."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._wishes: dict[str, dict[int, Wish]] = {}
        self._told: set[tuple[str, int]] = set()

    async def make(
        self, conversation_id: str, *, key: str, about: int, seq: int, question: str, wanted: bool, key_ttl_ms: int
    ) -> Entry:
        conversation = self._state._find(conversation_id)
        if key in conversation.written:
            return conversation.log[conversation.written[key] - 1]
        held = self._wishes.setdefault(conversation_id, {})
        if wanted and seq not in held and len(held) >= MOST_WISHES:
            raise Refused("too many wishes stand")
        data = {"what": WISH, "about": about, "wanted": wanted}
        entry = self._state._append(conversation, EntryKind.FEEDBACK, Author.CUSTOMER, key=key, data=data)
        conversation.written[key] = entry.seq
        if not wanted:
            held.pop(seq, None)
        elif (conversation_id, seq) not in self._told:
            held[seq] = Wish(conversation_id, seq, question, entry.at_ms)
        return entry

    async def all(self, *, limit: int) -> list[Wish]:
        since_ms = self._state._now() - KEPT_MS
        groups = [[one for one in held.values() if one.at_ms >= since_ms] for held in self._wishes.values()]
        groups = sorted(filter(None, groups), key=lambda group: max(one.at_ms for one in group))
        return [one for group in groups for one in sorted(group, key=lambda one: one.seq)][:limit]

    async def tell(self, conversation_id: str, seq: int, *, text: str, data: dict[str, Any]) -> Telling:
        conversation = self._state._find(conversation_id)
        if (conversation_id, seq) in self._told:
            return Telling.BEFORE
        held = self._wishes.get(conversation_id, {})
        if seq not in held:
            return Telling.GONE
        if conversation.owner != BOT or self._state._open_case_of(conversation) is not None:
            raise Refused("a person serves this conversation or is called to it")
        self._state._append(conversation, EntryKind.MESSAGE, Author.BOT, text, data=data)
        del held[seq]
        self._told.add((conversation_id, seq))
        return Telling.DONE
