"""One subscription to the desk's events a process, fanned out to the sockets of this process.

A socket listens through an `Inbox`: a bounded queue of what it should look at next. An inbox that overflows belongs
to a browser that cannot keep up; its socket is closed and the browser comes back with the last number it has.

What may be missed while the subscription is broken is made good by `RESYNC`: after every (re)connection each inbox
gets one, and its socket reads the log after the last number it sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from typing import Any

from contracts.conversation import DeskEvent
from handoff.desk import Desk
from handoff.errors import DeskError

log = logging.getLogger("jiehua.relay")

RESYNC = DeskEvent(kind="resync")
# The line has moved, so places may have changed: told at most this often, once however much has moved.
MOVED = DeskEvent(kind="queue")
MOVED_EVERY_S = 0.25
PROBE_S = 5.0
PROBE_EVERY_S = 0.1
BACKOFF_S = (0.1, 0.3, 1.0, 2.0)


class Inbox:
    """What one socket has to look at: events of the desk, and frames (plain dicts) to send as they are."""

    def __init__(self, limit: int) -> None:
        self._items: deque[DeskEvent | dict[str, Any]] = deque()
        self._limit = limit
        self._ready = asyncio.Event()
        self._nudged: set[str] = set()
        self.overflowed = asyncio.Event()

    def put(self, item: DeskEvent | dict[str, Any]) -> None:
        """Append; when full, give up on the whole inbox."""
        if self.overflowed.is_set():
            return
        if len(self._items) >= self._limit:
            self._items.clear()
            self.overflowed.set()
            return
        self._items.append(item)
        self._ready.set()

    def nudge(self, event: DeskEvent) -> None:
        """Append an event that only says "look again", unless one of its kind is waiting already."""
        if event.kind not in self._nudged:
            self._nudged.add(event.kind)
            self.put(event)

    async def get(self) -> DeskEvent | dict[str, Any]:
        """The oldest item, waiting for one."""
        while not self._items:
            self._ready.clear()
            await self._ready.wait()
        item = self._items.popleft()
        if isinstance(item, DeskEvent):
            self._nudged.discard(item.kind)
        return item

    def __len__(self) -> int:
        return len(self._items)


class Relay:
    """Routes the desk's events to inboxes by conversation and by agent, and to listeners that want all of them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._conversations: defaultdict[str, set[Inbox]] = defaultdict(set)
        self._agents: defaultdict[str, set[Inbox]] = defaultdict(set)
        self._queue: set[Inbox] = set()
        self._moved: asyncio.TimerHandle | None = None
        self._listeners: list[Callable[[DeskEvent], None]] = []
        self._task: asyncio.Task[None] | None = None
        self._standing = asyncio.Event()
        self._probe = f"relay-probe:{secrets.token_hex(8)}"

    async def start(self) -> None:
        """Begin to listen; returns once the subscription stands, shown by an event of our own that comes back.

        When the desk cannot be reached it returns all the same, and the subscription is retried meanwhile.
        """
        self._task = asyncio.create_task(self._run())
        loop = asyncio.get_running_loop()
        until = loop.time() + PROBE_S
        while not self._standing.is_set() and loop.time() < until:
            with contextlib.suppress(DeskError):
                await self._desk.publish_typing(self._probe, author="bot", on=False)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._standing.wait(), PROBE_EVERY_S)

    async def close(self) -> None:
        """Stop listening."""
        if self._moved is not None:
            self._moved.cancel()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def listen(self, listener: Callable[[DeskEvent], None]) -> None:
        """Call `listener` with every event, and with RESYNC after a (re)connection."""
        self._listeners.append(listener)

    @contextlib.contextmanager
    def conversation(self, conversation_id: str, inbox: Inbox) -> Iterator[None]:
        """While inside, events of this conversation reach the inbox."""
        self.follow(conversation_id, inbox)
        try:
            yield
        finally:
            self.unfollow(conversation_id, inbox)

    def follow(self, conversation_id: str, inbox: Inbox) -> None:
        """Let events of a conversation reach the inbox; again changes nothing."""
        self._conversations[conversation_id].add(inbox)

    def unfollow(self, conversation_id: str, inbox: Inbox) -> None:
        """The reverse of `follow`."""
        _discard(self._conversations, conversation_id, inbox)

    @contextlib.contextmanager
    def agent(self, agent_id: str, inbox: Inbox) -> Iterator[None]:
        """While inside, events that concern this agent reach the inbox."""
        self._agents[agent_id].add(inbox)
        try:
            yield
        finally:
            _discard(self._agents, agent_id, inbox)

    def watch_queue(self, inbox: Inbox, *, on: bool) -> None:
        """Let the inbox know, now and then, that the queue has moved (a waiting customer's place changes with it)."""
        if on:
            self._queue.add(inbox)
        else:
            self._queue.discard(inbox)

    @property
    def watching_queue(self) -> int:
        """How many inboxes watch the queue."""
        return len(self._queue)

    def agent_sockets(self, agent_id: str) -> int:
        """How many sockets of this agent are open in this process."""
        return len(self._agents.get(agent_id, ()))

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                async for event in self._desk.events():
                    failures = 0
                    if event.conversation_id == self._probe:
                        self._standing.set()
                    elif event.kind == RESYNC.kind:
                        self._resync()
                    else:
                        self._dispatch(event)
                log.warning("the subscription to events ended")
            except asyncio.CancelledError:
                raise
            except Exception as error:
                log.warning("the subscription to events broke: %s", type(error).__name__)
            await asyncio.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
            failures += 1
            self._resync()

    def _resync(self) -> None:
        for listener in self._listeners:
            listener(RESYNC)
        everyone = set().union(*self._conversations.values(), *self._agents.values())
        for inbox in everyone:
            inbox.nudge(RESYNC)

    def _dispatch(self, event: DeskEvent) -> None:
        for listener in self._listeners:
            listener(event)
        reached = self._conversations.get(event.conversation_id) if event.conversation_id else None
        concerned = self._agents.get(event.agent_id) if event.agent_id else None
        if reached:
            for inbox in tuple(reached):
                inbox.put(event)
        if concerned:
            for inbox in tuple(concerned):
                if not reached or inbox not in reached:
                    inbox.put(event)
        if event.kind == "queue" and self._queue and self._moved is None:
            self._moved = asyncio.get_running_loop().call_later(MOVED_EVERY_S, self._tell_moved)

    def _tell_moved(self) -> None:
        self._moved = None
        for inbox in self._queue:
            inbox.nudge(MOVED)


def _discard(table: defaultdict[str, set[Inbox]], name: str, inbox: Inbox) -> None:
    found = table.get(name)
    if found is not None:
        found.discard(inbox)
        if not found:
            del table[name]
