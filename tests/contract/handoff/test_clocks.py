"""Service targets at work, over every backend: warned of before, told of at the deadline, once; late until it ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from contracts.conversation import DeskEvent
from handoff.config.config import Config, with_document
from handoff.desk import Desk
from handoff.sla import What

TARGETS = {"standard": {"first_s": 10, "next_s": 20, "resolution_s": 100}, "warn_percent": 50}


class Heard:
    """The events of clocks; `so_far` waits until everything published before it has come."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._told: list[DeskEvent] = []
        self._marks: set[str] = set()
        self._came = asyncio.Event()
        self._number = 0

    async def follow(self) -> None:
        async for event in self._desk.events():
            if event.kind == "sla":
                self._told.append(event)
            elif event.kind == "typing":
                self._marks.add(event.conversation_id)
                self._came.set()

    async def so_far(self) -> list[tuple[str, str, str]]:
        """(conversation, what, stage) of each, in order."""
        self._number += 1
        mark = f"mark-{self._number}"
        async with asyncio.timeout(20):
            while mark not in self._marks:
                await self._desk.publish_typing(mark, author="bot", on=False)
                self._came.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._came.wait(), 0.1)
        return [(one.conversation_id, one.data["what"], one.data["stage"]) for one in self._told]

    @property
    def last(self) -> DeskEvent:
        return self._told[-1]


@pytest.fixture
async def heard(desk) -> AsyncIterator[Heard]:
    desk.use(with_document(Config(), "targets", TARGETS))
    found = Heard(desk)
    following = asyncio.create_task(found.follow())
    await found.so_far()  # the subscription stands
    yield found
    following.cancel()


async def pass_time(shop, seconds: int, *agents: str) -> None:
    for _ in range(seconds):
        shop.clock.forward(1000)
        for agent in agents:
            await shop.desk.heartbeat(agent)
        await shop.desk.sweep()


async def test_a_wait_is_warned_of_before_its_deadline_and_told_of_at_it_once(shop, desk, heard):
    case = await shop.waiting("c")
    await pass_time(shop, 4)
    assert await heard.so_far() == []
    await pass_time(shop, 1)
    assert await heard.so_far() == [("c", "first", "warned")]
    assert (await desk.late()).n == 0
    await pass_time(shop, 5)
    assert await heard.so_far() == [("c", "first", "warned"), ("c", "first", "breached")]
    assert heard.last.data == {
        "case_id": case.case_id, "what": "first", "stage": "breached", "since_ms": case.enqueued_ms,
        "due_ms": case.enqueued_ms + 10_000, "group": "default",
    }  # fmt: skip
    await pass_time(shop, 20)
    assert len(await heard.so_far()) == 2


async def test_what_is_late_stays_on_the_board_until_it_is_answered(shop, desk, heard):
    await shop.agent("wang")
    case, view = await shop.active("c", "wang")
    await pass_time(shop, 12, "wang")
    late = await desk.late()
    ((clock, due_ms),) = late.clocks
    assert (late.n, clock.case_id, clock.what, clock.agent_id) == (1, case.case_id, What.FIRST, "wang")
    assert due_ms == case.enqueued_ms + 10_000
    assert await heard.so_far() == [("c", "first", "warned"), ("c", "first", "breached")]
    assert heard.last.agent_id == "wang"
    await desk.agent_say("wang", "c", key="a", text="您好", epoch=view.epoch)
    assert (await desk.late()).n == 0


async def test_each_further_answer_has_a_clock_of_its_own(shop, desk, heard):
    await shop.agent("wang")
    _, view = await shop.active("c", "wang")
    await desk.agent_say("wang", "c", key="a", text="您好", epoch=view.epoch)
    await pass_time(shop, 15, "wang")
    assert await heard.so_far() == []
    await shop.say("c", "我的包裹呢")
    await shop.say("c", "在吗")
    await pass_time(shop, 20, "wang")
    assert await heard.so_far() == [("c", "next", "warned"), ("c", "next", "breached")]
    await desk.agent_say("wang", "c", key="b", text="在查", epoch=view.epoch)
    await shop.say("c", "好的")
    await pass_time(shop, 10, "wang")
    assert (await heard.so_far())[2:] == [("c", "next", "warned")]


async def test_the_whole_case_has_a_clock_that_answers_do_not_stop(shop, desk, heard):
    await shop.agent("wang")
    case, view = await shop.active("c", "wang")
    await desk.agent_say("wang", "c", key="a", text="您好", epoch=view.epoch)
    await pass_time(shop, 100, "wang")
    assert await heard.so_far() == [("c", "resolution", "warned"), ("c", "resolution", "breached")]
    assert [clock.what for clock, _ in (await desk.late()).clocks] == [What.RESOLUTION]
    await desk.resolve("wang", case.case_id, outcome={})
    assert (await desk.late()).n == 0


async def test_clocks_of_a_case_that_has_ended_tell_nothing(shop, desk, heard):
    await shop.waiting("c")
    await desk.cancel_wait("c")
    await pass_time(shop, 200)
    assert await heard.so_far() == []


async def test_many_processes_tell_of_a_clock_once(shop, desk, heard, backend, policy, clock):
    others = [Desk(backend, policy, clock=clock) for _ in range(4)]
    for other in others:
        other.use(desk.config)
    await shop.waiting("c")
    for _ in range(12):
        clock.forward(1000)
        await asyncio.gather(*(one.sweep() for one in (desk, *others)))
    assert await heard.so_far() == [("c", "first", "warned"), ("c", "first", "breached")]


async def test_a_clock_stands_still_after_hours(shop, desk, heard, clock):
    day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[(clock.now_ms // 86_400_000 + 5) % 7]
    desk.use(with_document(desk.config, "calendar", {"zone": "UTC", "week": {day: "12:00-13:00"}}))
    await shop.waiting("c")
    await pass_time(shop, 60)
    assert await heard.so_far() == []


async def test_lists_tell_when_an_answer_and_the_end_are_due(shop, desk, heard):
    case = await shop.waiting("c")
    (glance,) = await desk.glance(["c"])
    found = desk.deadlines(case, glance)
    assert glance.owed_first
    assert (found["answer"].warn_ms, found["answer"].due_ms) == (case.enqueued_ms + 5_000, case.enqueued_ms + 10_000)
    assert found["resolution"].due_ms == case.enqueued_ms + 100_000
    await desk.cancel_wait("c")
    (glance,) = await desk.glance(["c"])
    assert desk.deadlines(await desk.case(case.case_id), glance) == {}
