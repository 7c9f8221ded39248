"""A freed place with a long line: how soon the next customer is offered to the agent, and what that costs Redis.

The number of agents stays the same while the line grows a hundredfold, so that what grows is the line's doing. No full
scan hides in an operation whose commands stay the same in number and whose time does not follow the line's length.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import redis.asyncio

from contracts.escalation import Reason
from handoff.desk import Desk
from handoff.model import AgentStatus, Case
from handoff.ports import NewCase
from handoff.redis.backend import RedisBackend
from handoff.redis.keys import Keys
from tests.benchmarks.handoff.measured import EMPTY_SCRIPT, Spent, all_of, ms, own_redis, timed
from tests.benchmarks.table import Table

AGENTS = 8_500
LINES = (1_000, 10_000, 100_000)
SAMPLE = 500
SWEEPS = 20


@dataclass(frozen=True)
class Cost:
    """One operation at one length of the line: seconds a call; microseconds and commands in Redis, on average."""

    seconds: Sequence[float]
    script_us: float
    commands: float


def run() -> list[Table]:
    """Some five minutes, nearly all of them to fill the lines."""
    found = {}
    for waiting in LINES:
        with own_redis() as url:
            found[waiting] = asyncio.run(_line(url, waiting))
    return [_freed(found), _costs(found)]


def _freed(found: dict[int, dict[str, Cost]]) -> Table:
    freed = "resolve, and the next is offered"
    rows = [
        (f"{AGENTS:,}", f"{waiting:,}", ms(one[freed].seconds, 0.5), ms(one[freed].seconds, 0.99), _floor(one))
        for waiting, one in found.items()
    ]
    about = (
        f"Every agent holds one case; {SAMPLE} of them resolve theirs one after another, and whoever is next in line "
        "is offered to them before the call returns. Floor: an empty script."
    )
    columns = ("agents online", "waiting", "freed place → offer p50 ms", "p99 ms", "floor p50 ms")
    return Table("A freed place with a long line", about, columns, rows)


def _floor(one: dict[str, Cost]) -> str:
    return ms(one["empty script (floor)"].seconds, 0.5)


def _costs(found: dict[int, dict[str, Cost]]) -> Table:
    shortest, longest = min(found), max(found)
    rows = []
    for name in found[shortest]:
        costs = [found[waiting][name] for waiting in found]
        rows.append(
            (
                name,
                *(f"{cost.script_us:.0f}" for cost in costs),
                f"{costs[-1].script_us / costs[0].script_us:.2f}",
                *(f"{cost.commands:.1f}" for cost in costs),
            )
        )
    about = (
        "Redis's own time in scripts for one operation, and the commands inside them, on average. From "
        f"{shortest:,} to {longest:,} waiting log n grows {math.log(longest) / math.log(shortest):.2f} times."
    )
    columns = (
        "operation",
        *(f"µs at {waiting:,}" for waiting in found),
        "grown",
        *(f"commands at {waiting:,}" for waiting in found),
    )
    return Table("What an operation costs by the length of the line", about, columns, rows)


async def _line(url: str, waiting: int) -> dict[str, Cost]:
    backend = RedisBackend(url)
    desk, client = Desk(backend), redis.asyncio.Redis.from_url(url)
    await all_of(lambda n=n: _agent(backend, n) for n in range(AGENTS))
    everybody = waiting + AGENTS
    await all_of(lambda n=n: _customer(backend, n) for n in range(everybody))
    await desk.drain()
    held: list[Case] = []
    for number in range(SAMPLE):
        held += await backend.agent_cases(f"a{number}")
    in_line = await client.zcard(f"{Keys('default').root}:line:default")
    if len(held) != SAMPLE or in_line != everybody:
        raise RuntimeError("the line is not as it should be")
    spent = Spent(url)

    async def cost(calls: Sequence[Callable[[], Awaitable[object]]]) -> Cost:
        spent.since(1)
        seconds = [await timed(call) for call in calls]
        return Cost(seconds, *spent.since(len(calls)))

    found = {
        "accept": await cost([lambda c=case: desk.accept(c.offered_to, c.case_id) for case in held]),
        "resolve, and the next is offered": await cost(
            [lambda c=case: desk.resolve(c.offered_to, c.case_id, outcome={}) for case in held]
        ),
        "position of one far back": await cost(
            [lambda n=n: backend.conversation(f"c{everybody - 1 - n}") for n in range(SAMPLE)]
        ),
        "how busy the group is, for the wait range": await cost(
            [lambda: backend.group_load("default") for _ in range(SAMPLE)]
        ),
        "one more joins the line": await cost([lambda n=n: _customer(backend, everybody + n) for n in range(SAMPLE)]),
        "one far back leaves it": await cost(
            [lambda n=n: desk.cancel_wait(f"c{everybody - 1 - n}") for n in range(SAMPLE)]
        ),
        "sweep": await cost([desk.sweep for _ in range(SWEEPS)]),
        "empty script (floor)": await cost([lambda: client.eval(EMPTY_SCRIPT, 1, "jh:{x}") for _ in range(SAMPLE)]),
    }
    spent.close()
    await desk.close()
    await client.aclose()
    return found


async def _agent(backend: RedisBackend, number: int) -> None:
    await backend.agent_online(
        f"a{number}", display=f"客服{number}", groups=("default",), cap=1, status=AgentStatus.READY, resume_ms=0
    )


async def _customer(backend: RedisBackend, number: int) -> None:
    await backend.open(f"c{number}", channel="web", profile={})
    await backend.open_case(f"c{number}", NewCase(f"case{number:06}", Reason.EXPLICIT_REQUEST))
