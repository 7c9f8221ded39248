"""Every change is in the outbox, in full and in order, until it is settled."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from contracts.conversation import Entry
from contracts.escalation import Reason
from contracts.turn import BotMessage, TurnResult
from handoff.errors import Refused
from handoff.model import Case, CaseState, Opened, Parcel
from handoff.ports import DeskBackend, Outbox


async def everything(outbox: Outbox, limit: int = 1000) -> list[Parcel]:
    """All parcels, settled as they come."""
    found: list[Parcel] = []
    while parcels := await outbox.take(limit, wait_ms=0):
        found += parcels
        await outbox.settle(parcels)
    return found


def entries(parcels: Sequence[Parcel], conversation_id: str) -> list[Entry]:
    return [one.content for one in parcels if one.conversation_id == conversation_id and isinstance(one.content, Entry)]


def cases(parcels: Sequence[Parcel]) -> list[Case]:
    return [one.content for one in parcels if isinstance(one.content, Case)]


async def a_day(shop) -> None:
    """A question that the bot answers, a call, a talk, a note, a message left and its answer, a transfer, a rating."""
    desk = shop.desk
    await shop.agent("wang")
    await shop.customer("ann")
    await shop.say("ann", '退款"多久"到账\n😀')
    turn = await desk.claim_turn("w", wait_ms=0)
    await desk.finish_turn(turn, TurnResult((BotMessage("三个工作日"),)))
    await desk.feedback("ann", key=shop.key(), seq=2, useful=False)
    case, view = await shop.active("ann", "wang")
    await desk.correct_problem("ann", key=shop.key(), text="其实是发票")
    await desk.agent_say("wang", "ann", key=shop.key(), text="您好", epoch=view.epoch)
    await desk.note("wang", "ann", key=shop.key(), text="老客户")
    await desk.transfer("wang", case.case_id, note="请看", to_group="refund")
    await desk.cancel_wait("ann")
    await desk.rate("ann", key=shop.key(), score=5, stretch=case.case_id)
    left = await shop.waiting("bob")
    await desk.leave_message("bob", key=shop.key(), text="请回电", contact="138")
    await desk.answer_message("wang", left.case_id, key=shop.key(), text="已处理")


async def test_the_outbox_holds_the_whole_log(shop, backend: DeskBackend):
    await a_day(shop)
    parcels = await everything(backend.outbox)
    for who in ("ann", "bob"):
        assert entries(parcels, who) == await shop.desk.log(who, limit=1000)


async def test_the_last_parcel_of_a_case_is_the_case_as_it_is(shop, backend: DeskBackend):
    await a_day(shop)
    last = {case.case_id: case for case in cases(await everything(backend.outbox))}
    known = [*await shop.desk.cases_of("ann"), *await shop.desk.cases_of("bob")]
    assert sorted(last) == sorted(case.case_id for case in known)
    for case in last.values():
        assert case == await shop.desk.case(case.case_id)


async def test_every_state_a_case_passes_is_handed_in(shop, backend: DeskBackend):
    await shop.agent("wang")
    case, _ = await shop.active("ann", "wang")
    await shop.desk.resolve("wang", case.case_id, outcome={"reason": "done"})
    states = [one.state for one in cases(await everything(backend.outbox))]
    assert states == [CaseState.WAITING, CaseState.OFFERED, CaseState.ACTIVE, CaseState.CLOSED]


async def test_an_agent_lost_while_handing_over_is_handed_in_too(shop, backend: DeskBackend):
    for name in ("wang", "li"):
        await shop.agent(name)
    case = await shop.waiting("ann")
    await shop.desk.accept(case.offered_to, case.case_id)
    other = "li" if case.offered_to == "wang" else "wang"
    await shop.desk.transfer(case.offered_to, case.case_id, note="请看", to_agent=other)
    await shop.desk.depart(case.offered_to)
    assert cases(await everything(backend.outbox))[-1] == await shop.desk.case(case.case_id)


async def test_a_conversation_is_handed_in_when_it_is_new_and_when_its_profile_changes(shop, clock, backend):
    await shop.desk.open("ann", channel="rest", profile={"name": "安"})
    await shop.desk.open("ann", channel="rest")
    await shop.desk.open("ann", channel="rest", profile={"name": "安"})
    clock.forward(5)
    await shop.desk.open("ann", channel="rest", profile={"vip": True})
    opened = [one.content for one in await everything(backend.outbox)]
    first = clock.now_ms - 5
    assert opened == [
        Opened("rest", first, {"name": "安"}),
        Opened("rest", clock.now_ms, {"name": "安", "vip": True}),
    ]


async def test_versions_rise_in_the_order_of_the_changes(shop, backend: DeskBackend):
    await a_day(shop)
    versions = [parcel.version for parcel in await everything(backend.outbox, limit=3)]
    assert versions == sorted(set(versions))


async def test_what_is_not_settled_is_handed_out_again_before_anything_newer(shop, backend: DeskBackend):
    await shop.customer("ann")
    for number in range(4):
        await shop.say("ann", f"第{number}句")
    taken = await backend.outbox.take(3, wait_ms=0)
    await shop.say("ann", "后来的一句")
    assert await backend.outbox.take(3, wait_ms=0) == taken
    await backend.outbox.settle(taken[:1])
    again = await backend.outbox.take(100, wait_ms=0)
    assert again[:2] == taken[1:]


async def test_what_is_settled_is_gone_for_good_and_may_be_settled_twice(shop, backend: DeskBackend):
    await shop.customer("ann")
    await shop.say("ann")
    taken = await backend.outbox.take(100, wait_ms=0)
    assert await backend.outbox.backlog() == len(taken) == 2
    await backend.outbox.settle(taken)
    await backend.outbox.settle(taken)
    await backend.outbox.settle([])
    assert await backend.outbox.backlog() == 0
    assert await backend.outbox.take(100, wait_ms=0) == []


async def test_taking_waits_for_the_next_change(shop, backend: DeskBackend):
    await shop.customer("ann")
    await everything(backend.outbox)
    waiting = asyncio.create_task(backend.outbox.take(10, wait_ms=1000))
    await asyncio.sleep(0)
    await shop.say("ann", "在吗")
    parcels = await waiting or await backend.outbox.take(10, wait_ms=1000)
    assert [entry.text for entry in entries(parcels, "ann")] == ["在吗"]


async def test_a_refusal_and_a_second_call_with_the_same_key_hand_in_nothing(shop, backend: DeskBackend):
    await shop.agent("wang")
    case, _ = await shop.active("ann", "wang")
    await shop.desk.say("ann", key="same", text="在吗")
    await everything(backend.outbox)
    await shop.desk.say("ann", key="same", text="在吗")
    await shop.desk.request_human("ann", key="again", reason=Reason.ANGER)
    with pytest.raises(Refused):
        await shop.desk.accept("li", case.case_id)
    assert await backend.outbox.backlog() == 0
