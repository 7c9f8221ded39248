"""Wishes: a customer whose question the bot could not answer wants to be told once it can.

A wish is made at the bot's reply that did not help, stands with the conversation, and may be taken back. Telling is one
atomic step of the backend: it happens once for each question, only while the wish stands, and never into a conversation
that a person serves or is called to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from contracts.conversation import Author, Entry, EntryKind

#: What an entry of kind FEEDBACK is about, in `data.what`.
WISH = "wish"
#: Replies of the bot, by `data.kind`, at which a wish can be made: it had no answer, or it had one that did not help.
OFFERED_AT = frozenset({"miss", "answer"})
#: Nobody still waits for an answer after so long; a wish older than this is forgotten.
KEPT_MS = 90 * 86_400_000
#: Wishes of one conversation that stand at a time.
MOST_WISHES = 20


@dataclass(frozen=True)
class Wish:
    """One question that a customer wants answered: its text, its number in the log, and when the wish was made."""

    conversation_id: str
    seq: int
    question: str
    at_ms: int


class Telling(str, Enum):
    """What became of telling: DONE now, BEFORE (an earlier time), or GONE: there is no such wish (any more)."""

    DONE = "done"
    BEFORE = "before"
    GONE = "gone"


class WishStore(Protocol):
    """Where a backend keeps wishes."""

    async def make(
        self, conversation_id: str, *, key: str, about: int, seq: int, question: str, wanted: bool, key_ttl_ms: int
    ) -> Entry:
        """Log that the wish for question `seq` is made at reply `about`, or taken back; once a key.

        Raises Refused when MOST_WISHES stand. A question that was told already makes no wish again.
        """

    async def all(self, *, limit: int) -> list[Wish]:
        """The wishes that stand and are no older than KEPT_MS, the conversations that wished longest ago first."""

    async def tell(self, conversation_id: str, seq: int, *, text: str, data: dict[str, Any]) -> Telling:
        """Say `text` as the bot and end the wish, in one step. Raises Refused while a person serves or is called."""


def question_at(entries: Sequence[Entry], about: int) -> Entry | None:
    """The customer's question that reply `about` belongs to, where a wish may be made at it."""
    by_seq = {entry.seq: entry for entry in entries}
    reply = by_seq.get(about)
    if reply is None or reply.kind is not EntryKind.MESSAGE or reply.author is not Author.BOT:
        return None
    asked = by_seq.get(int(reply.data.get("about") or 0))
    if reply.data.get("kind") not in OFFERED_AT or asked is None or asked.author is not Author.CUSTOMER:
        return None
    return asked if asked.kind is EntryKind.MESSAGE and not asked.data.get("wordless") else None
