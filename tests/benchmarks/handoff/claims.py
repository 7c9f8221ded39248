"""Claiming and accepting: the two steps by which a waiting customer gets a person, against an empty script.

The floor is what the same client gets from the same Redis for two scripts that do nothing, given as many keys as the
two steps touch; the keys are counted in Redis's own monitor.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable

import redis
from redis.asyncio import Redis

from contracts.escalation import Reason
from handoff.model import AgentStatus
from handoff.ports import NewCase
from handoff.redis.backend import RedisBackend
from handoff.redis.keys import Keys
from tests.benchmarks.handoff.measured import EMPTY_SCRIPT, Spent, all_of, own_redis
from tests.benchmarks.table import Table

AGENTS = 200
CYCLES = 3_000
ROUNDS = 5
AT_ONCE = 16
OFFER_MS = 30_000
LINE = "{agent} 为您服务"

Step = Callable[[int], Awaitable[object]]


def run() -> list[Table]:
    """Half a minute."""
    with own_redis() as url:
        return [asyncio.run(_claims(url))]


async def _claims(url: str) -> Table:
    backend = RedisBackend(url)
    client = Redis.from_url(url, decode_responses=True, max_connections=256)
    await all_of(lambda n=n: _agent(backend, n) for n in range(AGENTS))
    await all_of(lambda n=n: _customer(backend, n) for n in range(CYCLES * ROUNDS + 2))

    async def claim(number: int) -> None:
        if not await backend.offer(f"case{number}", f"a{number % AGENTS}", offer_ms=OFFER_MS, why="idle longest"):
            raise RuntimeError("the claim was refused")

    async def accept(number: int) -> None:
        await backend.accept(f"a{number % AGENTS}", f"case{number}", line=LINE)

    first = CYCLES * ROUNDS
    await _both(claim, accept, first)  # from here on Redis knows the scripts
    keys = await _keys(url, claim, first + 1), await _keys(url, accept, first + 1)
    sha = str(await client.script_load(EMPTY_SCRIPT))

    async def nothing(number: int) -> None:
        for names in keys:
            await client.evalsha(sha, len(names), *names)

    spent = Spent(url)
    rates: dict[str, list[float]] = {"real": [], "floor": []}
    used: dict[str, list[float]] = {"real": [], "floor": []}
    for part in range(ROUNDS):
        rates["floor"].append(await _rate(nothing, range(CYCLES)))
        used["floor"].append(spent.since(CYCLES)[0])
        cycles = range(part * CYCLES, (part + 1) * CYCLES)
        rates["real"].append(await _rate(lambda n: _both(claim, accept, n), cycles))
        used["real"].append(spent.since(CYCLES)[0])
    spent.close()
    await client.aclose()
    await backend.close()
    floor, real = max(rates["floor"]), max(rates["real"])
    about = (
        f"Waiting → offered → accepted, {AT_ONCE} at a time by one client, {ROUNDS} rounds of {CYCLES:,} in turn with "
        f"the floor: two empty scripts with the {len(keys[0])} and {len(keys[1])} keys that the two steps touch. "
        "The best round of each, for the machine may have other work; the last column is Redis's own time for both "
        "scripts of a cycle."
    )
    rows = [
        ("claim and accept", real, f"{real / floor:.0%}", min(used["real"])),
        ("two empty scripts (floor)", floor, "100%", min(used["floor"])),
    ]
    return Table("Claim and accept", about, ("what", "cycles/s", "share of the floor", "µs in Redis"), rows)


async def _both(claim: Step, accept: Step, number: int) -> None:
    await claim(number)
    await accept(number)


async def _rate(step: Step, numbers: range) -> float:
    started = time.perf_counter()
    await all_of((lambda n=n: step(n) for n in numbers), at_once=AT_ONCE)
    return len(numbers) / (time.perf_counter() - started)


async def _keys(url: str, step: Step, number: int) -> list[str]:
    """The keys that a step touches, as Redis's monitor shows them."""
    root, found, listening = Keys("default").root, set(), threading.Event()

    def watch() -> None:
        client = redis.Redis.from_url(url)
        with client.monitor() as monitor:
            listening.set()
            for one in monitor.listen():
                command, *arguments = one["command"].split()
                if command == "ECHO":
                    return
                if one["client_type"] == "lua":
                    found.update(word for word in arguments[:1] if word.startswith(root))

    watching = asyncio.create_task(asyncio.to_thread(watch))
    await asyncio.to_thread(listening.wait)
    await step(number)
    end = Redis.from_url(url)
    await end.echo("the end")
    await end.aclose()
    await watching
    if not found:
        raise RuntimeError("the monitor showed no key")
    return sorted(found)


async def _agent(backend: RedisBackend, number: int) -> None:
    await backend.agent_online(
        f"a{number}", display=f"客服{number}", groups=("default",), cap=10**6, status=AgentStatus.READY, resume_ms=0
    )


async def _customer(backend: RedisBackend, number: int) -> None:
    await backend.open(f"c{number}", channel="web", profile={})
    await backend.open_case(f"c{number}", NewCase(f"case{number}", Reason.EXPLICIT_REQUEST))
