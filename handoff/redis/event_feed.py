"""Everything that is published, as an endless stream that survives a lost connection.

A connection may be gone without a word (a cable, a firewall, a host that hangs): then nothing comes, and nothing says
so. So a quiet one is asked for a sign of life, and one that does not give it is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Sequence

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from contracts.codec import decode
from contracts.conversation import DeskEvent

RECONNECT_SECONDS = 0.2
LISTEN_SECONDS = 1.0
RESYNC = "resync"


class EventFeed:
    """A subscription to one tenant's channel, over a connection of its own.

    `patience_s` is how long the answer to a sign of life may take. `beside` are clients of the same Redis: when this
    line dies, theirs have most likely died with it, and those that lie idle are better not tried.
    """

    def __init__(self, client: Redis, channel: str, *, patience_s: float, beside: Sequence[Redis] = ()) -> None:
        self._client = client
        self._channel = channel
        self._patience_s = patience_s
        self._beside = beside
        self._stopped = False

    def stop(self) -> None:
        """End every stream within a second."""
        self._stopped = True

    async def events(self) -> AsyncIterator[DeskEvent]:
        """Everything published from now on. After a lost connection, one event of kind "resync": re-read all."""
        lost = False
        while not self._stopped:
            listener = self._client.pubsub()
            try:
                await listener.subscribe(self._channel)
                async for event in self._heard(listener):
                    # Whoever re-reads before the subscription stands would miss what comes in between.
                    if event is not None:
                        yield event
                    elif lost:
                        lost = False
                        yield DeskEvent(RESYNC)
            except (RedisConnectionError, RedisTimeoutError, OSError):
                lost = True
                await self._drop_idle()
                await asyncio.sleep(RECONNECT_SECONDS)
            finally:
                await listener.aclose()  # type: ignore[no-untyped-call]

    async def _drop_idle(self) -> None:
        for client in self._beside:
            with contextlib.suppress(RedisError, OSError):
                await client.connection_pool.disconnect(inuse_connections=False)

    async def _heard(self, listener: PubSub) -> AsyncIterator[DeskEvent | None]:
        """What is published; None once the subscription stands. Raises RedisTimeoutError when the line is dead."""
        asked_at: float | None = time.monotonic()  # of a sign of life that is still owed: first, the subscription
        while not self._stopped:
            message = await listener.get_message(timeout=min(LISTEN_SECONDS, self._patience_s))
            if message is None:
                if asked_at is None:
                    await listener.ping()
                    asked_at = time.monotonic()
                elif time.monotonic() - asked_at > self._patience_s:
                    raise RedisTimeoutError("no sign of life")
                continue
            asked_at = None
            if message["type"] == "message":
                yield decode(DeskEvent, json.loads(message["data"]))
            elif message["type"] == "subscribe":
                yield None
