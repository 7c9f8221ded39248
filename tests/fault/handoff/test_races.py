"""Many at once: no case with two owners, no turn run twice, no order broken."""

from __future__ import annotations

import asyncio
import random

import pytest

from contracts.conversation import Author, EntryKind
from contracts.turn import BotMessage, TurnResult
from handoff.errors import Refused
from handoff.model import AgentStatus, CaseState

pytestmark = pytest.mark.redis


async def test_two_hundred_agents_racing_for_one_case_leave_one_owner(desks):
    names = [f"agent{number}" for number in range(200)]
    for name in names:
        await desks[0].agent_online(name, display=name, cap=3, status=AgentStatus.READY)
    await desks[0].open("c")
    requests = [desk.request_human("c", key=f"k{number}") for number, desk in enumerate(desks)]
    cases = await asyncio.gather(*requests, *(desk.drain() for desk in desks))
    assert len({case.case_id for case in cases[: len(desks)]}) == 1
    case_id = cases[0].case_id

    async def grab(number: int, name: str) -> str | None:
        try:
            return (await desks[number % len(desks)].accept(name, case_id)).agent_id
        except Refused:
            return None

    owners = [owner for owner in await asyncio.gather(*(grab(n, name) for n, name in enumerate(names))) if owner]
    case = await desks[0].case(case_id)
    assert owners == [case.agent_id]
    assert case.attempts == 1
    assert (await desks[0].conversation("c")).epoch == 2
    assert sum(agent.load for agent in await desks[0].agents()) == 1


async def test_many_desks_draining_at_once_offer_each_case_once_and_exceed_no_cap(desks):
    for number in range(10):
        await desks[0].agent_online(f"agent{number}", display="x", cap=2, status=AgentStatus.BREAK)
    for number in range(30):
        await desks[0].open(f"c{number}")
        await desks[0].request_human(f"c{number}", key="k")
    ready = [desks[n % 8].set_status(f"agent{n}", AgentStatus.READY) for n in range(10)]
    await asyncio.gather(*ready, *(desk.sweep() for desk in desks))
    await desks[0].drain()
    cases = await desks[0].queue()
    assert sum(case.state is CaseState.OFFERED for case in cases) == 20
    assert all(case.attempts <= 1 for case in cases)
    assert [agent.load for agent in await desks[0].agents()] == [2] * 10
    # The first to come are the first to be offered.
    assert {case.conversation_id for case in cases if case.state is CaseState.OFFERED} == {f"c{n}" for n in range(20)}


async def test_many_workers_run_every_turn_once_and_each_conversation_in_order(desks):
    spoken = {f"c{number}": 12 for number in range(6)}
    for name in spoken:
        await desks[0].open(name)
    ran: list[tuple[str, int]] = []
    busy: set[str] = set()

    async def speak(name: str, count: int) -> None:
        for number in range(count):
            await random.choice(desks).say(name, key=f"k{number}", text=f"第{number}句")

    async def work(number: int) -> None:
        desk = desks[number % len(desks)]
        while len(ran) < 72:
            turn = await desk.claim_turn(f"w{number}", wait_ms=200)
            if turn is None:
                continue
            assert turn.conversation_id not in busy, "two turns of one conversation at a time"
            busy.add(turn.conversation_id)
            await asyncio.sleep(0)
            ran.append((turn.conversation_id, turn.seq))
            busy.discard(turn.conversation_id)
            await desk.finish_turn(turn, TurnResult((BotMessage(f"答{turn.text}"),)))

    await asyncio.gather(*(speak(*item) for item in spoken.items()), *(work(number) for number in range(12)))
    assert len(ran) == len(set(ran)) == 72
    for name, count in spoken.items():
        assert [seq for who, seq in ran if who == name] == sorted(seq for who, seq in ran if who == name)
        log = [entry for entry in await desks[0].log(name) if entry.kind is EntryKind.MESSAGE]
        asked = [entry.text for entry in log if entry.author is Author.CUSTOMER]
        answered = [entry.text for entry in log if entry.author is Author.BOT]
        assert answered == [f"答{text}" for text in asked]
        assert len(asked) == count


async def test_the_same_message_sent_by_many_at_once_is_said_once(desks):
    await desks[0].open("c")
    said = await asyncio.gather(*(desk.say("c", key="k", text="一句") for desk in desks * 5))
    assert {one.seq for one in said} == {1}
    assert sum(not one.duplicate for one in said) == 1
    assert len(await desks[0].log("c")) == 1


async def test_accepting_while_the_bot_finishes_never_shows_a_bot_line_after_the_person(desks):
    await desks[0].agent_online("wang", display="小王", cap=100, status=AgentStatus.READY)
    for number in range(25):
        name = f"c{number}"
        await desks[0].open(name)
        await desks[0].say(name, key="k", text="喂，我要查件")
        turn = await desks[1].claim_turn("w", wait_ms=1000)
        case = await desks[0].request_human(name, key="r")
        calls = [desks[2].accept("wang", case.case_id), desks[1].finish_turn(turn, TurnResult((BotMessage("答"),)))]
        random.shuffle(calls)
        await asyncio.gather(*calls)
        log = await desks[0].log(name)
        accepted = next(entry.seq for entry in log if entry.data.get("verb") == "accept")
        spoke = [e.seq for e in log if e.kind is EntryKind.MESSAGE and e.author is Author.BOT]
        fenced = [e.seq for e in log if e.kind is EntryKind.FENCED]
        assert len(spoke) + len(fenced) == 1
        assert all(seq < accepted for seq in spoke)


async def test_two_workers_with_the_same_turn_finish_it_once_whoever_is_faster(redis_url, tenant, desks, chance):
    """The lease of the first ended while it was at work, so a second one has the turn too."""
    backend = desks[0]._backend
    for number in range(20):
        name = f"c{number}"
        await desks[0].open(name)
        await desks[0].say(name, key="k", text="在吗")
        await desks[0].say(name, key="k2", text="还在吗")
        turns = [
            await backend.claim_turn(worker, wait_ms=1000, lease_ms=lease_ms)
            for worker, lease_ms in (("slow", 3_600_000), ("quick", 0))
        ]
        assert turns[0].turn_id == turns[1].turn_id
        calls = [desks[who].finish_turn(turns[who], TurnResult((BotMessage(f"答 {who}"),), None)) for who in (0, 1)]
        chance.shuffle(calls)
        finished = await asyncio.gather(*calls)
        assert sum(one.accepted for one in finished) == 1
        texts = [entry.text for entry in await desks[0].log(name)]
        assert texts[:2] == ["在吗", "还在吗"]
        assert len(texts) == 3
        following = await backend.claim_turn("third", wait_ms=1000, lease_ms=3_600_000)
        assert (following.text, following.attempt) == ("还在吗", 1)
        await desks[0].finish_turn(following, TurnResult((BotMessage("在"),)))
