"""A process dies, or Redis does: nothing is lost, nothing is doubled."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time

import pytest

from contracts.conversation import EntryKind
from contracts.turn import BotMessage, TurnResult
from handoff.desk import Desk
from handoff.errors import BackendUnavailable
from handoff.model import AgentStatus
from handoff.policy import DeskPolicy
from handoff.redis.backend import RedisBackend

pytestmark = pytest.mark.redis

WORKER = """
import asyncio, sys
from handoff.desk import Desk
from handoff.redis.backend import RedisBackend
from contracts.turn import BotMessage, TurnResult

async def main(url, tenant, finish):
    desk = Desk(RedisBackend(url, tenant))
    turn = await desk.claim_turn("doomed", wait_ms=5000)
    if finish:
        await desk.finish_turn(turn, TurnResult((BotMessage("答"),)))
    print(turn.turn_id, flush=True)
    await asyncio.sleep(60)

asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3] == "finish"))
"""


def run_and_kill(url: str, tenant: str, root, how: str) -> str:
    """Let a worker claim (and finish) one turn, then kill -9 it; returns the turn's id."""
    command = [sys.executable, "-c", WORKER, url, tenant, how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as worker:
        turn_id = worker.stdout.readline().strip()
        worker.send_signal(signal.SIGKILL)
    return turn_id


@pytest.fixture
async def impatient(redis_url, tenant):
    """A desk that gives a silent worker's turn away after 50 ms."""
    desk = Desk(RedisBackend(redis_url, tenant), DeskPolicy(lease_ms=50))
    yield desk
    await desk.close()


async def test_a_worker_killed_after_its_claim_leaves_the_turn_to_another(impatient, redis_url, tenant, root):
    await impatient.open("c")
    await impatient.say("c", key="k1", text="一")
    await impatient.say("c", key="k2", text="二")
    assert await asyncio.to_thread(run_and_kill, redis_url, tenant, root, "hold") == "c:1"
    for expected in ("一", "二"):
        turn = await impatient.claim_turn("heir", wait_ms=5000)
        assert turn.text == expected
        await impatient.finish_turn(turn, TurnResult((BotMessage(f"答{expected}"),)))
    said = [entry.text for entry in await impatient.log("c") if entry.kind is EntryKind.MESSAGE]
    assert said == ["一", "二", "答一", "答二"]


async def test_a_worker_killed_after_finishing_leaves_nothing_to_be_done_again(impatient, redis_url, tenant, root):
    await impatient.open("c")
    await impatient.say("c", key="k1", text="一")
    assert await asyncio.to_thread(run_and_kill, redis_url, tenant, root, "finish") == "c:1"
    assert await impatient.claim_turn("heir", wait_ms=200) is None
    assert [entry.text for entry in await impatient.log("c")] == ["一", "答"]


async def test_redis_killed_and_started_again_has_lost_nothing(own_redis, tenant):
    desk = Desk(RedisBackend(own_redis.url, tenant), DeskPolicy(lease_ms=50))
    await desk.agent_online("wang", display="小王", cap=2, status=AgentStatus.READY)
    await desk.open("a")
    await desk.open("b")
    await desk.say("a", key="k", text="一")
    claimed = await desk.claim_turn("w", wait_ms=1000)
    case = await desk.request_human("b", key="r")
    await desk.accept("wang", case.case_id)
    before = [await desk.conversation("a"), await desk.conversation("b"), await desk.agents(), await desk.log("b")]

    feed = desk.events()
    heard = asyncio.create_task(anext(feed))
    own_redis.send(signal.SIGKILL)
    with pytest.raises(BackendUnavailable):
        await desk.say("a", key="k2", text="二")
    own_redis.start()

    assert [
        await desk.conversation("a"),
        await desk.conversation("b"),
        await desk.agents(),
        await desk.log("b"),
    ] == before
    again = await desk.claim_turn("w2", wait_ms=5000)
    assert again.turn_id == claimed.turn_id
    assert (await desk.finish_turn(again, TurnResult((BotMessage("答"),)))).accepted
    # A subscription that was cut says so, for events may have been missed. It may have been cut before it began.
    while not heard.done():
        await desk.publish_typing("a", author="bot", on=True)
        await asyncio.wait({heard}, timeout=0.05)
    assert heard.result().kind in ("resync", "typing")
    await feed.aclose()
    await desk.close()


async def test_a_hung_redis_fails_calls_within_their_deadline_and_works_when_it_wakes(own_redis, tenant):
    desk = Desk(RedisBackend(own_redis.url, tenant, command_seconds=0.2))
    await desk.open("c")
    own_redis.send(signal.SIGSTOP)
    started = time.monotonic()
    for call in (desk.say("c", key="k", text="一"), desk.log("c"), desk.claim_turn("w", wait_ms=100)):
        with pytest.raises(BackendUnavailable):
            await asyncio.wait_for(call, 30)
    assert time.monotonic() - started < 30
    own_redis.send(signal.SIGCONT)
    said = await desk.say("c", key="k", text="一")
    assert said.seq == 1
    assert len(await desk.log("c")) == 1
    await desk.close()
