# ruff: noqa: PT009, PT027 (these tests run on unittest alone)
from __future__ import annotations

import asyncio
import unittest

from rasa.core.lock_store import LockError

from bot.lock_store import RedisTicketLocks
from bot.redis_client import StoreUnavailable, connect, key
from tests.rasa_env.support import fresh_sender, redis_url


class ATicketLock(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.url = redis_url()
        self.locks = RedisTicketLocks(url=self.url)
        self.sender = fresh_sender()

    async def test_turns_of_one_conversation_run_one_at_a_time_and_in_order(self) -> None:
        running: list[int] = []
        seen: list[int] = []

        async def turn(number: int, locks: RedisTicketLocks) -> None:
            async with locks.lock(self.sender):
                running.append(number)
                self.assertEqual([number], running)
                await asyncio.sleep(0.005)
                running.remove(number)
                seen.append(number)

        tasks = []
        for number in range(6):  # two workers in turn: the tickets are Redis's, not the process's
            locks = self.locks if number % 2 else RedisTicketLocks(url=self.url)
            tasks.append(asyncio.create_task(turn(number, locks)))
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        self.assertEqual(list(range(6)), seen)

    async def test_other_conversations_do_not_wait(self) -> None:
        async with self.locks.lock(self.sender), self.locks.lock(fresh_sender()):
            pass

    async def test_a_turn_that_fails_gives_its_ticket_back(self) -> None:
        with self.assertRaises(RuntimeError):
            async with self.locks.lock(self.sender):
                raise RuntimeError
        self.assertEqual(0, connect(self.url).zcard(key("lock", self.sender)))
        async with self.locks.lock(self.sender):
            pass

    async def test_a_killed_holder_is_passed_over_when_its_ticket_lapses(self) -> None:
        entered = self.locks.lock(self.sender, lock_lifetime=0.05)
        await entered.__aenter__()  # and never left: the worker was killed
        async with self.locks.lock(self.sender, lock_lifetime=5):
            pass

    async def test_waiting_ends_with_an_error_when_the_own_ticket_lapses(self) -> None:
        async with self.locks.lock(self.sender, lock_lifetime=30):
            with self.assertRaises(LockError):
                async with self.locks.lock(self.sender, lock_lifetime=0.05):
                    self.fail("two turns at once")

    async def test_the_keys_lapse_by_themselves(self) -> None:
        async with self.locks.lock(self.sender):
            for kind in ("lock", "lock-counter"):
                self.assertGreater(connect(self.url).pttl(key(kind, self.sender)), 0)

    async def test_without_redis_it_raises(self) -> None:
        with self.assertRaises(StoreUnavailable):
            async with RedisTicketLocks(url="unix:///nowhere/redis.sock").lock(self.sender):
                self.fail("held a lock that nobody keeps")


if __name__ == "__main__":
    unittest.main()
