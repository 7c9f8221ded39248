"""One message in, its replies out: how a request-and-answer channel uses the desk.

The caller waits for the end of the bot's turn, which the worker announces; nothing is polled. Whatever was said to
the customer since their previous call comes too (a person who wrote meanwhile), once: a cursor in the store remembers
how far each sender has been answered. A call that is repeated under its key, because its answer was lost, is answered
from where the first one was.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from contracts.codec import encode
from contracts.conversation import DeskEvent
from gateway.channels.replies import is_reply
from gateway.errors import Unavailable
from gateway.parts import Parts
from gateway.relay import Inbox
from handoff.errors import NotFound
from handoff.model import Said

PAGE = 200
CURSOR_LIFE_S = 30 * 86400
#: As long as the desk knows a key again (`DeskPolicy.key_ttl_ms`).
REPEATED_LIFE_S = 86400


def _closes(entry: dict[str, Any], seq: int) -> bool:
    """Whether an encoded entry shows that the turn of message `seq` has ended.

    A turn is written in one atomic step, so when one of its entries is there, all are.
    """
    data = entry.get("data") or {}
    if entry["kind"] in ("annotation", "fenced") or entry["author"] == "bot":
        return bool(data.get("about") == seq)
    return entry["author"] == "system" and data.get("notice") == "unavailable"


def _bot_stopped_typing(event: DeskEvent) -> bool:
    return event.kind == "typing" and event.data.get("author") == "bot" and not event.data.get("on")


class Exchange:
    """The replies to one message of one conversation, in order, each once; all of them again to a repeated call."""

    def __init__(self, parts: Parts, conversation_id: str, *, cursor: str, wait_ms: int) -> None:
        self._parts = parts
        self._id = conversation_id
        self._cursor = cursor
        self._wait_s = wait_ms / 1000
        self._seen = 0
        self._again = False

    async def run(
        self, *, key: str, text: str, channel: str, choice: str | None = None, may_repeat: bool = False
    ) -> AsyncIterator[dict[str, Any]]:
        """Say `text` and yield the encoded entries said to the customer since they were last answered.

        With `may_repeat` the caller knows the key, and may come with it again.
        Ends when the bot's turn has ended; at once when a person owns the conversation. Raises Unavailable when the
        turn does not end in time: what comes later is delivered with the next call.
        """
        inbox = Inbox(self._parts.settings.socket_queue)
        with self._parts.relay.conversation(self._id, inbox):
            said, seen = await asyncio.gather(
                self._say(key=key, text=text, channel=channel, choice=choice), self._parts.store.get(self._cursor)
            )
            self._seen = int(seen or 0)
            if may_repeat:
                await self._stand(said, f"{self._cursor}:{key}")
            # Between the last number delivered and this message there is mostly nothing to look for.
            if said.duplicate or self._seen < said.seq - 1:
                async for entry in self._since():
                    yield entry
            if said.turn_queued:
                async for entry in self._until_answered(said, inbox):
                    yield entry

    async def _stand(self, said: Said, started: str) -> None:
        """Note where this call starts, or, when it was made before, start there."""
        if not said.duplicate:
            await self._parts.store.put(started, str(self._seen), ttl_s=REPEATED_LIFE_S)
            return
        self._again = True
        self._seen = int(await self._parts.store.get(started) or said.seq)

    async def _say(self, *, key: str, text: str, channel: str, choice: str | None) -> Said:
        """Say it, opening the conversation when this is its first message."""
        try:
            return await self._parts.desk.say(self._id, key=key, text=text, choice=choice, channel=channel)
        except NotFound:
            await self._parts.desk.open(self._id, channel=channel)
            return await self._parts.desk.say(self._id, key=key, text=text, choice=choice, channel=channel)

    async def _until_answered(self, said: Said, inbox: Inbox) -> AsyncIterator[dict[str, Any]]:
        """Follow the events until the turn has ended. What is yielded comes from the log, so events may be missed."""
        ended = said.duplicate and await self._answered(said.seq)
        deadline = asyncio.get_running_loop().time() + self._wait_s
        while not ended:
            left = deadline - asyncio.get_running_loop().time()
            try:
                event = await asyncio.wait_for(inbox.get(), left)
            except TimeoutError as error:
                raise Unavailable("回复还没有准备好，请稍后再发一条消息查看。") from error
            if not isinstance(event, DeskEvent):
                continue
            if event.kind == "entry" and event.data["seq"] > said.seq:
                ended = _closes(event.data, said.seq)
                if not (ended or is_reply(event.data)):
                    continue
            elif event.kind == "resync" or _bot_stopped_typing(event):
                ended = await self._answered(said.seq)
            else:
                continue
            async for entry in self._since():
                yield entry

    async def _answered(self, seq: int) -> bool:
        """Whether the log shows the end of the turn, or anything said after the message."""
        entries = [encode(entry) for entry in await self._parts.desk.log(self._id, after=seq, limit=PAGE)]
        return any(is_reply(entry) or _closes(entry, seq) for entry in entries)

    async def _since(self) -> AsyncIterator[dict[str, Any]]:
        """What was said to the customer after the last number seen; moves the cursor."""
        while True:
            entries = await self._parts.desk.log(self._id, after=self._seen, limit=PAGE)
            if not entries:
                return
            self._seen = entries[-1].seq
            # Of two calls at once only one moves the cursor forward, and only that one delivers.
            before = await self._parts.store.rise(self._cursor, self._seen, ttl_s=CURSOR_LIFE_S)
            for entry in entries:
                if (self._again or entry.seq > before) and is_reply(document := encode(entry)):
                    yield document
            if len(entries) < PAGE:
                return
