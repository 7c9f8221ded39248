"""A message through the engine, step by step."""

from __future__ import annotations

import asyncio
import time

from redis.asyncio import Redis

from contracts.turn import BotMessage, TurnResult
from handoff.desk import Desk
from handoff.redis.backend import RedisBackend
from tests.benchmarks.handoff.measured import EMPTY_SCRIPT, ms, own_redis, timed
from tests.benchmarks.table import Table

ROUNDS = 500


def run() -> list[Table]:
    """A few seconds."""
    with own_redis() as url:
        return [asyncio.run(_messages(url))]


async def _messages(url: str) -> Table:
    desk, worker = Desk(RedisBackend(url)), Desk(RedisBackend(url))
    client = Redis.from_url(url)
    await desk.open("c")
    await worker.claim_turn("w", wait_ms=0)
    took: dict[str, list[float]] = {"empty script (floor)": [], "say": [], "say → claimed": [], "finish": []}
    for number in range(ROUNDS):
        took["empty script (floor)"].append(await timed(lambda: client.eval(EMPTY_SCRIPT, 1, "jh:{default}")))
        claim = asyncio.create_task(worker.claim_turn("w", wait_ms=5000))
        await asyncio.sleep(0.002)  # let the claim block, as it does between messages
        started = time.perf_counter()
        took["say"].append(await timed(lambda n=number: desk.say("c", key=f"k{n}", text="我的包裹到哪了")))
        turn = await claim
        took["say → claimed"].append(time.perf_counter() - started)
        result = TurnResult((BotMessage("明天送到"),))
        took["finish"].append(await timed(lambda t=turn, r=result: worker.finish_turn(t, r)))
    for one in (desk, worker):
        await one.close()
    await client.aclose()
    rows = [(name, ms(values, 0.5), ms(values, 0.99)) for name, values in took.items()]
    about = f"{ROUNDS} messages of one conversation, two desks over one Redis (Unix socket, append-only file)."
    return Table("A message through the engine", about, ("step", "p50 ms", "p99 ms"), rows)
