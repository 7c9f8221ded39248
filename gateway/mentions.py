"""Colleagues called by `@name` in a private note: told at once, and found again when they come later.

Who is called may read that conversation for as long as the call is kept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from contracts.codec import ContractError, encode, loads
from contracts.conversation import DeskEvent, Entry
from gateway.directory import Directory
from gateway.store import Store
from handoff.desk import Desk

LIFE_S = 7 * 86400
MOST_KEPT = 50
MOST_TEXT = 120


@dataclass(frozen=True)
class Mention:
    """One call: who called (login and displayed name), where, with which words."""

    conversation_id: str
    case_id: str
    seq: int
    at_ms: int
    by: str
    by_display: str
    text: str


class Mentions:
    """The calls of everybody."""

    def __init__(self, desk: Desk, store: Store, directory: Directory) -> None:
        self._desk = desk
        self._store = store
        self._directory = directory

    async def called_in(self, text: str, *, by: str) -> tuple[str, ...]:
        """The colleagues whom a note calls, without its writer."""
        if "@" not in text and "＠" not in text:
            return ()
        await self._directory.refresh(now=True)  # a colleague who came today must be found
        return tuple(name for name in self._directory.named_in(text) if name != by)

    async def tell(self, conversation_id: str, case_id: str, note: Entry) -> None:
        """Keep and announce the calls of a note that is in the log; telling twice is seen once."""
        for name in note.data.get("mentions", ()):
            mention = Mention(
                conversation_id=conversation_id,
                case_id=case_id,
                seq=note.seq,
                at_ms=note.at_ms,
                by=note.author_id,
                by_display=self._directory.display(note.author_id),
                text=note.text[:MOST_TEXT],
            )
            kept = json.dumps(encode(mention), ensure_ascii=False)
            await self._store.push(_name(name), kept, ttl_s=LIFE_S, most=MOST_KEPT)
            # Without the conversation's id: it is for this colleague alone.
            await self._desk.publish(DeskEvent("mention", agent_id=name, data=encode(mention)))

    async def of(self, name: str) -> list[Mention]:
        """The calls of one person, the oldest first, each once."""
        found = {}
        for kept in await self._store.pushed(_name(name)):
            try:
                mention = loads(Mention, kept)
            except ContractError:
                continue
            found[mention.conversation_id, mention.seq] = mention
        return list(found.values())

    async def allow(self, name: str, conversation_id: str) -> bool:
        """Whether a person was called to this conversation."""
        return any(mention.conversation_id == conversation_id for mention in await self.of(name))


def _name(name: str) -> str:
    return f"mentions:{name}"
