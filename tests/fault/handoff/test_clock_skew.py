"""Hosts whose clocks are an hour wrong: leases, offers, presence and times are by the clock of Redis alone."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

import pytest

from contracts.conversation import Author, EntryKind
from handoff.desk import Desk
from handoff.model import AgentStatus, CaseState
from handoff.redis.backend import RedisBackend

pytestmark = pytest.mark.redis

HOUR_S = 3600
TURNS = 30
# A turn worker on a host with a wrong clock. It tells when it has swept a few times; then it works until its end.
WORKER = """
import asyncio, sys, time
url, tenant, shift = sys.argv[1], sys.argv[2], int(sys.argv[3])
true_time, true_time_ns = time.time, time.time_ns
time.time = lambda: true_time() + shift
time.time_ns = lambda: true_time_ns() + shift * 10**9

from contracts.turn import BotMessage, TurnResult
from gateway.settings import Settings
from gateway.turns import TurnWorker
from handoff.desk import Desk
from handoff.redis.backend import RedisBackend

class Bot:
    async def turn(self, request):
        await asyncio.sleep(0.01)
        return TurnResult((BotMessage("答" + request.text),))

class Sweeping(Desk):
    swept = 0
    async def sweep(self):
        result = await super().sweep()
        self.swept += 1
        if self.swept == 10:
            print("swept", flush=True)
        return result

asyncio.run(TurnWorker(Sweeping(RedisBackend(url, tenant)), Bot(), Settings(sweep_s=0.02)).run())
"""


@pytest.fixture
def skewed(redis_url, tenant, root):
    """Two workers, one an hour ahead and one behind, that have swept."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, redis_url, tenant, str(shift)], cwd=root, stdout=subprocess.PIPE, text=True
        )
        for shift in (HOUR_S, -HOUR_S)
    ]
    yield workers
    for worker in workers:
        worker.kill()
        worker.communicate()


async def test_wrong_clocks_take_nothing_from_anybody(redis_url, tenant, skewed):
    desk = Desk(RedisBackend(redis_url, tenant))
    began_ms = time.time_ns() // 1_000_000
    for name, cap in (("wang", 1), ("li", 1)):
        await desk.agent_online(name, display=name, cap=cap, status=AgentStatus.READY)
    cases = []
    for who in ("served", "offered"):
        await desk.open(who)
        cases.append(await desk.request_human(who, key="r"))
    served, offered = [await desk.case(case.case_id) for case in cases]
    await desk.accept(served.offered_to, served.case_id)
    await desk.open("c")
    for number in range(TURNS):
        await desk.say("c", key=f"k{number}", text=f"{number}")
    for worker in skewed:
        assert await asyncio.to_thread(worker.stdout.readline) == "swept\n"
    async with asyncio.timeout(30):
        while (await desk.conversation("c")).last_seq < 2 * TURNS:
            await asyncio.sleep(0.02)

    log = await desk.log("c")
    replies = [entry.text for entry in log if entry.author is Author.BOT]
    assert replies == [f"答{number}" for number in range(TURNS)], "each turn once, none taken from a worker at work"
    assert not [entry for entry in log if entry.kind is EntryKind.FENCED]
    assert (await desk.case(served.case_id)).state is CaseState.ACTIVE, "nobody was given up"
    after = await desk.case(offered.case_id)
    assert (after.state, after.attempts) == (CaseState.OFFERED, 1), "the offer stands its whole time"
    assert after.offer_deadline_ms - after.enqueued_ms >= desk.policy.offer_ms
    times = [entry.at_ms for entry in log]
    assert times == sorted(times)
    assert began_ms - 1000 <= times[0] <= times[-1] <= await desk.now_ms()
    await desk.close()
