"""A shop in full swing while Redis restarts, hangs, or the line to it breaks: nothing lost, doubled or out of order."""

from __future__ import annotations

import asyncio
import signal

import pytest

from tests.fault.handoff.traffic import COMMAND_S, Traffic
from tests.fault.proxy import Proxy

pytestmark = pytest.mark.redis


async def test_calm(redis_url, tenant, chance):
    """Without a fault: what is proved in storms is true in calm weather."""

    async def nothing(_traffic: Traffic) -> None:
        return

    traffic = Traffic(redis_url, tenant, chance)
    await traffic.run(nothing)
    await traffic.check()
    await traffic.desk.close()


async def test_redis_killed_and_restarted_with_its_append_only_file(own_redis, tenant, chance):
    async def restarts(_traffic: Traffic) -> None:
        for _ in range(3):
            await asyncio.sleep(chance.uniform(0.1, 0.5))
            own_redis.send(signal.SIGKILL)
            await asyncio.sleep(chance.uniform(0, 0.3))
            await asyncio.to_thread(own_redis.start)

    traffic = Traffic(own_redis.url, tenant, chance)
    await traffic.run(restarts)
    await traffic.check()
    await traffic.desk.close()


async def test_redis_hangs_longer_than_every_deadline_and_lease(own_redis, tenant, chance):
    async def hangs(_traffic: Traffic) -> None:
        for _ in range(2):
            await asyncio.sleep(chance.uniform(0.2, 0.5))
            own_redis.send(signal.SIGSTOP)
            await asyncio.sleep(chance.uniform(2, 6) * COMMAND_S)
            own_redis.send(signal.SIGCONT)

    traffic = Traffic(own_redis.url, tenant, chance)
    await traffic.run(hangs)
    await traffic.check()
    await traffic.desk.close()


async def test_the_line_is_cut_refused_hung_and_half_dead(redis_url, tenant, chance):
    async with Proxy(redis_url) as proxy:

        async def breaks(_traffic: Traffic) -> None:
            faults = ["cut", "cut", "refuse", "hang", "half"]
            chance.shuffle(faults)
            for fault in faults:
                await asyncio.sleep(chance.uniform(0.05, 0.4))
                match fault:
                    case "cut":
                        proxy.cut()
                    case "refuse":
                        with proxy.refusing():
                            await asyncio.sleep(chance.uniform(0.05, 0.4))
                    case "hang":
                        with proxy.hanging():
                            await asyncio.sleep(chance.uniform(1, 5) * COMMAND_S)
                    case "half":
                        proxy.half_kill()

        traffic = Traffic(proxy.url, tenant, chance)
        await traffic.run(breaks)
        await traffic.check()
        await traffic.desk.close()
