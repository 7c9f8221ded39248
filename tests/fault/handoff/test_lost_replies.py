"""The line to Redis breaks: what was done is done once, what was not done can be sent again."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from contracts.turn import BotMessage, TurnResult
from handoff.desk import Desk
from handoff.errors import BackendUnavailable, NotFound
from handoff.model import AgentStatus, CaseState
from handoff.policy import DeskPolicy
from handoff.redis.backend import RedisBackend
from handoff.redis.keys import WORKERS, Keys

pytestmark = pytest.mark.redis


@pytest.fixture
async def shaky(line, tenant):
    desk = Desk(RedisBackend(line.url, tenant))
    yield desk
    await desk.close()


@pytest.mark.parametrize("fault", ["lose_replies", "lose_commands"])
async def test_a_message_is_said_once_when_the_line_breaks_once(shaky, line, fault):
    await shaky.open("c")
    setattr(line, fault, 1)
    said = await shaky.say("c", key="k", text="在吗")
    assert said.seq == 1
    assert len(await shaky.log("c")) == 1


@pytest.mark.parametrize("fault", ["lose_replies", "lose_commands"])
async def test_a_turn_is_finished_once_when_the_line_breaks_once(shaky, line, fault):
    await shaky.open("c")
    await shaky.say("c", key="k", text="在吗")
    turn = await shaky.claim_turn("w", wait_ms=1000)
    setattr(line, fault, 1)
    finished = await shaky.finish_turn(turn, TurnResult((BotMessage("在的"),)))
    assert finished.accepted
    assert [entry.text for entry in await shaky.log("c")] == ["在吗", "在的"]


async def test_a_line_that_stays_broken_is_said_so_and_the_same_call_succeeds_later(shaky, line):
    await shaky.open("c")
    line.lose_replies = 2
    with pytest.raises(BackendUnavailable):
        await shaky.say("c", key="k", text="在吗")
    assert (await shaky.say("c", key="k", text="在吗")).duplicate
    assert len(await shaky.log("c")) == 1


async def test_a_step_that_must_not_run_twice_is_not_sent_twice(shaky, line):
    await shaky.agent_online("wang", display="小王", cap=1, status=AgentStatus.READY)
    await shaky.agent_online("li", display="小李", cap=1, status=AgentStatus.READY)
    await shaky.open("c")
    case = await shaky.request_human("c", key="k")
    offered = (await shaky.case(case.case_id)).offered_to
    with pytest.raises(NotFound):
        await shaky.decline(offered, "nothing")  # from here on Redis knows the script
    line.lose_replies = 1
    with pytest.raises(BackendUnavailable):
        await shaky.decline(offered, case.case_id)
    await shaky.sweep()
    after = await shaky.case(case.case_id)
    assert (after.state, after.excluded, after.attempts) == (CaseState.OFFERED, (offered,), 2)


async def test_a_turn_whose_news_was_lost_goes_to_another_though_the_worker_lives(redis_url, line, tenant):
    """The worker was given it and does not know; its signs of life speak only for what it runs."""
    shaky = Desk(RedisBackend(line.url, tenant), DeskPolicy(lease_ms=100))
    heir = Desk(RedisBackend(redis_url, tenant), DeskPolicy(lease_ms=100))
    await shaky.open("c")
    assert await shaky.claim_turn("w", wait_ms=0) is None  # from here on Redis knows script and group
    await shaky.say("c", key="k", text="在吗")
    line.lose_replies = 1
    with pytest.raises(BackendUnavailable):
        await shaky.claim_turn("w", wait_ms=0)
    async with asyncio.timeout(20):
        while (turn := await heir.claim_turn("heir", wait_ms=20)) is None:
            await shaky.turn_alive("w", [])
    assert (turn.text, turn.attempt) == ("在吗", 2)
    for desk in (shaky, heir):
        await desk.close()


async def test_a_ticket_that_was_delivered_and_never_begun_is_begun_by_its_worker_next(redis_url, tenant):
    """Redis may stop between delivering a ticket and beginning its turn."""
    desk = Desk(RedisBackend(redis_url, tenant))
    for name in ("a", "b", "c"):
        await desk.open(name)
        await desk.say(name, key="k", text=f"{name} 在吗")
    first = await desk.claim_turn("w", wait_ms=0)
    client = Redis.from_url(redis_url)
    await client.xreadgroup(WORKERS, "w", {Keys(tenant).turns: ">"}, count=1)
    await client.aclose()
    claimed = [first, await desk.claim_turn("w", wait_ms=1000), await desk.claim_turn("w", wait_ms=1000)]
    assert [(turn.conversation_id, turn.attempt) for turn in claimed] == [("a", 1), ("b", 1), ("c", 1)]
    assert await desk.claim_turn("w", wait_ms=0) is None
    await desk.close()
