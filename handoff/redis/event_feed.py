"""Everything that is published, as an endless stream that survives a lost connection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from contracts.codec import decode
from contracts.conversation import DeskEvent

RECONNECT_SECONDS = 0.2
LISTEN_SECONDS = 1.0
RESYNC = "resync"


class EventFeed:
    """A subscription to one tenant's channel, over a connection of its own."""

    def __init__(self, client: Redis, channel: str) -> None:
        self._client = client
        self._channel = channel
        self._stopped = False

    def stop(self) -> None:
        """End every stream within a second."""
        self._stopped = True

    async def events(self) -> AsyncIterator[DeskEvent]:
        """Everything published from now on. After a lost connection, one event of kind "resync": re-read all."""
        lost = False
        while not self._stopped:
            listener = self._client.pubsub(ignore_subscribe_messages=True)
            try:
                await listener.subscribe(self._channel)
                if lost:
                    yield DeskEvent(RESYNC)
                    lost = False
                async for event in self._heard(listener):
                    yield event
            except (RedisConnectionError, RedisTimeoutError, OSError):
                lost = True
                await asyncio.sleep(RECONNECT_SECONDS)
            finally:
                await listener.aclose()  # type: ignore[no-untyped-call]

    async def _heard(self, listener: PubSub) -> AsyncIterator[DeskEvent]:
        while not self._stopped:
            message = await listener.get_message(timeout=LISTEN_SECONDS)
            if message is not None:
                yield decode(DeskEvent, json.loads(message["data"]))
