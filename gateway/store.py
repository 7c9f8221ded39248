"""Small facts that live for a while and are shared by all gateways: logins, throttles, cursors, signs of life.

`MemoryStore` serves one process, `RedisStore` any number. Keys in Redis: `jh:{tenant}:gw:<name>`.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from redis import asyncio as redis_asyncio
from redis.exceptions import RedisError

from gateway.errors import Unavailable


class Store(Protocol):
    """What the gateway needs to remember; every method raises Unavailable when the store is away."""

    async def get(self, name: str) -> str | None:
        """The value, unless it has expired."""

    async def put(self, name: str, value: str, *, ttl_s: float) -> None:
        """Keep a value for `ttl_s` seconds."""

    async def drop(self, name: str) -> None:
        """Forget a value; no error when there is none."""

    async def take(self, name: str) -> str | None:
        """The value, which is forgotten in the same step: of many who take it, one gets it."""

    async def count(self, name: str, *, ttl_s: float) -> int:
        """Add one to a counter that starts at 0 and expires `ttl_s` after its last increase; returns it."""

    async def rise(self, name: str, value: int, *, ttl_s: float) -> int:
        """Set a number to the larger of itself and `value`; returns what it was before (0 for none)."""

    async def push(self, name: str, value: str, *, ttl_s: float, most: int) -> None:
        """Add to a list that keeps its `most` newest values and expires `ttl_s` after its last one."""

    async def pushed(self, name: str) -> list[str]:
        """The values of a list, the oldest first."""

    async def ping(self) -> None:
        """Raise Unavailable when the store does not answer."""

    async def close(self) -> None:
        """Give connections back."""


class MemoryStore:
    """The store of a single process; holds at most `limit` names, the oldest leave first."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, limit: int = 100_000) -> None:
        self._values: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._clock = clock
        self._limit = limit

    async def get(self, name: str) -> str | None:
        found = self._values.get(name)
        if found is None:
            return None
        if found[1] <= self._clock():
            del self._values[name]
            return None
        return found[0]

    async def put(self, name: str, value: str, *, ttl_s: float) -> None:
        self._values[name] = (value, self._clock() + ttl_s)
        self._values.move_to_end(name)
        while len(self._values) > self._limit:
            self._values.popitem(last=False)

    async def drop(self, name: str) -> None:
        self._values.pop(name, None)

    async def take(self, name: str) -> str | None:
        found = await self.get(name)
        self._values.pop(name, None)
        return found

    async def count(self, name: str, *, ttl_s: float) -> int:
        counted = int(await self.get(name) or 0) + 1
        await self.put(name, str(counted), ttl_s=ttl_s)
        return counted

    async def rise(self, name: str, value: int, *, ttl_s: float) -> int:
        before = int(await self.get(name) or 0)
        await self.put(name, str(max(before, value)), ttl_s=ttl_s)
        return before

    async def push(self, name: str, value: str, *, ttl_s: float, most: int) -> None:
        await self.put(name, json.dumps([*await self.pushed(name), value][-most:]), ttl_s=ttl_s)

    async def pushed(self, name: str) -> list[str]:
        values: list[str] = json.loads(await self.get(name) or "[]")
        return values

    async def ping(self) -> None:
        return

    async def close(self) -> None:
        self._values.clear()


# KEYS[1] a number; ARGV[1] the new value, ARGV[2] life in ms. Returns the number before.
_RISE = """
local before = tonumber(redis.call('GET', KEYS[1]) or '0')
redis.call('SET', KEYS[1], math.max(before, tonumber(ARGV[1])), 'PX', ARGV[2])
return before
"""
# KEYS[1] a counter; ARGV[1] life in ms after this increase. Returns the counter.
_COUNT = """
local counted = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return counted
"""


# KEYS[1] a list; ARGV[1] the value, ARGV[2] how many to keep, ARGV[3] life in ms. Returns how many there are.
_PUSH = """
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('LTRIM', KEYS[1], -tonumber(ARGV[2]), -1)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return redis.call('LLEN', KEYS[1])
"""


class RedisStore:
    """The store of any number of gateways."""

    def __init__(self, url: str, *, tenant: str = "default") -> None:
        self._redis = redis_asyncio.Redis.from_url(
            url, decode_responses=True, socket_connect_timeout=2, socket_timeout=2, health_check_interval=15
        )
        self._prefix = f"jh:{{{tenant}}}:gw:"
        self._rise = self._redis.register_script(_RISE)
        self._count = self._redis.register_script(_COUNT)
        self._push = self._redis.register_script(_PUSH)

    async def get(self, name: str) -> str | None:
        try:
            found = await self._redis.get(self._prefix + name)
        except (RedisError, OSError) as error:
            raise Unavailable from error
        return None if found is None else str(found)

    async def put(self, name: str, value: str, *, ttl_s: float) -> None:
        try:
            await self._redis.set(self._prefix + name, value, px=int(ttl_s * 1000))
        except (RedisError, OSError) as error:
            raise Unavailable from error

    async def drop(self, name: str) -> None:
        try:
            await self._redis.delete(self._prefix + name)
        except (RedisError, OSError) as error:
            raise Unavailable from error

    async def take(self, name: str) -> str | None:
        try:
            found = await self._redis.getdel(self._prefix + name)
        except (RedisError, OSError) as error:
            raise Unavailable from error
        return None if found is None else str(found)

    async def count(self, name: str, *, ttl_s: float) -> int:
        try:
            return int(await self._count(keys=[self._prefix + name], args=[int(ttl_s * 1000)]))
        except (RedisError, OSError) as error:
            raise Unavailable from error

    async def rise(self, name: str, value: int, *, ttl_s: float) -> int:
        try:
            return int(await self._rise(keys=[self._prefix + name], args=[value, int(ttl_s * 1000)]))
        except (RedisError, OSError) as error:
            raise Unavailable from error

    async def push(self, name: str, value: str, *, ttl_s: float, most: int) -> None:
        try:
            await self._push(keys=[self._prefix + name], args=[value, most, int(ttl_s * 1000)])
        except (RedisError, OSError) as error:
            raise Unavailable from error

    async def pushed(self, name: str) -> list[str]:
        try:
            return [str(value) for value in await self._redis.lrange(self._prefix + name, 0, -1)]
        except (RedisError, OSError) as error:
            raise Unavailable from error

    async def ping(self) -> None:
        try:
            await self._redis.ping()
        except (RedisError, OSError) as error:
            raise Unavailable from error

    async def close(self) -> None:
        await self._redis.aclose()
