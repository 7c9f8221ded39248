"""Ticket locks on Redis, atomic: the turns of one conversation run one at a time, in the order they came.

A ticket is a member of a sorted set whose score is the time it lapses; its number comes from a counter beside the
set. The smallest number that has not lapsed is served. Both keys lapse by themselves when nobody is left. Rasa's own
Redis lock reads, changes and writes in three steps, so two workers can both believe that they hold it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import redis
from rasa.core.lock import TicketLock
from rasa.core.lock_store import LockError, LockStore

from bot.redis_client import StoreUnavailable, connect, key

#: A ticket lapses after this, so that a killed worker does not hold a conversation for longer.
LIFETIME_SECONDS = 15.0
POLL_SECONDS = 0.02

# KEYS: tickets, counter. ARGV: lifetime ms. Returns {number, 1 if served}.
_ENTER = """
local now = redis.call('TIME')
local at = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at)
local number = redis.call('INCR', KEYS[2])
local first = redis.call('ZCARD', KEYS[1]) == 0
redis.call('ZADD', KEYS[1], at + ARGV[1], string.format('%d', number))
redis.call('PEXPIRE', KEYS[1], ARGV[1] * 2)
redis.call('PEXPIRE', KEYS[2], ARGV[1] * 2)
return {number, first and 1 or 0}
"""

# KEYS: tickets. ARGV: number. Returns 1 served, 0 waiting, -1 the ticket has lapsed.
_ASK = """
local now = redis.call('TIME')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now[1] * 1000 + math.floor(now[2] / 1000))
local mine = tonumber(ARGV[1])
local found = false
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local number = tonumber(member)
  if number < mine then return 0 end
  if number == mine then found = true end
end
return found and 1 or -1
"""


class RedisTicketLocks(LockStore):
    """Lock store for endpoints.yml: `type: bot.lock_store.RedisTicketLocks`, `url: ${JIEHUA_REDIS_URL}`."""

    def __init__(self, endpoint_config: Any = None, url: str = "") -> None:
        super().__init__()
        self._redis = connect(url or endpoint_config.url)
        self._enter = self._redis.register_script(_ENTER)
        self._ask = self._redis.register_script(_ASK)

    @asynccontextmanager
    async def lock(
        self,
        conversation_id: str,
        lock_lifetime: float = LIFETIME_SECONDS,
        wait_time_in_seconds: float = POLL_SECONDS,
    ) -> AsyncGenerator[TicketLock, None]:
        """Hold the conversation; raises LockError when the ticket lapses first, StoreUnavailable without Redis."""
        number, served = self._call(self._enter, conversation_id, int(lock_lifetime * 1000))
        try:
            give_up = time.monotonic() + lock_lifetime
            while not served:
                if time.monotonic() > give_up:
                    raise LockError(f"waited {lock_lifetime} s for the turn before in {conversation_id!r}")
                await asyncio.sleep(wait_time_in_seconds)
                state = self._call(self._ask, conversation_id, number)
                if state < 0:
                    raise LockError(f"the ticket for {conversation_id!r} lapsed while it waited")
                served = state == 1
            yield TicketLock(conversation_id)
        finally:
            self._leave(conversation_id, number)

    def _call(self, script: Any, conversation_id: str, argument: int) -> Any:
        keys = [key("lock", conversation_id), key("lock-counter", conversation_id)]
        try:
            return script(keys=keys, args=[argument])
        except redis.RedisError as error:
            raise StoreUnavailable(f"locking {conversation_id!r}: {error}") from error

    def _leave(self, conversation_id: str, number: int) -> None:
        try:
            self._redis.zrem(key("lock", conversation_id), str(number))
        except redis.RedisError as error:
            raise StoreUnavailable(f"unlocking {conversation_id!r}: {error}") from error
