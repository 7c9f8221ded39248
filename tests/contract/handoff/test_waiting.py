"""What waiting is like: the range, the agent one knows, after hours, messages left, and agents who leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from contracts.conversation import Author, EntryKind
from handoff.calendar import BusinessCalendar
from handoff.desk import Desk
from handoff.errors import Refused
from handoff.model import AgentStatus, CaseState
from handoff.policy import DeskPolicy


async def handled(shop, agent: str, count: int, ms: int = 60_000) -> None:
    """Let `agent` close some cases, each after `ms`."""
    for number in range(count):
        case, _ = await shop.active(f"past{number}", agent)
        shop.clock.forward(ms)
        await shop.desk.heartbeat(agent)
        await shop.desk.resolve(agent, case.case_id, outcome={})


async def test_customers_of_the_same_millisecond_stand_in_the_order_they_came(desk):
    customers = [f"c{number}" for number in range(12)]
    for name in customers:  # the clock stands still
        await desk.open(name)
        await desk.request_human(name, key=name)
    assert [case.conversation_id for case in await desk.queue()] == customers
    assert [(await desk.waiting(name)).position for name in customers] == list(range(1, 13))


async def test_a_range_is_told_only_when_there_is_something_to_tell_it_from(shop, desk, policy, backend):
    await shop.agent("wang")
    await shop.active("busy", "wang")
    await shop.waiting("c")
    wait = await desk.waiting("c")
    assert (wait.position, wait.low_ms, wait.high_ms) == (1, None, None)
    await desk.resolve("wang", (await desk.active_cases())[0].case_id, outcome={})
    await desk.accept("wang", (await desk.queue())[0].case_id)
    await desk.resolve("wang", (await desk.active_cases())[0].case_id, outcome={})
    await handled(shop, "wang", 6)
    await shop.active("busy2", "wang")
    await shop.waiting("d")
    later = Desk(backend, policy)  # the other remembers the load of a moment ago
    wait = await later.waiting("d")
    assert wait.position == 1
    assert 0 <= wait.low_ms < wait.high_ms <= 2 * 60_000


async def test_a_customer_gets_the_agent_they_know_even_if_others_are_idle_longer(shop, desk, clock):
    await shop.agent("wang")
    case, _ = await shop.active("c", "wang")
    await shop.agent("li")
    await desk.resolve("wang", case.case_id, outcome={})
    again = await shop.waiting("c")
    assert (again.preferred, again.offered_to) == ("wang", "wang")
    offered = [entry for entry in await desk.log("c") if entry.data.get("verb") == "offer"]
    assert offered[-1].data["why"] == "owns this customer, or served them last"


async def test_the_agent_they_know_is_waited_for_a_little_and_then_no_longer(shop, desk, clock):
    await shop.agent("wang")
    case, _ = await shop.active("c", "wang")
    await desk.resolve("wang", case.case_id, outcome={})
    await shop.active("other", "wang")
    await shop.agent("li")
    again = await shop.waiting("c")
    assert again.state is CaseState.WAITING
    clock.forward(desk.policy.sticky_hold_ms)
    await desk.heartbeat("li")
    await desk.sweep()
    assert (await desk.case(again.case_id)).offered_to == "li"


async def test_who_served_long_ago_is_not_preferred(shop, desk, clock):
    await shop.agent("wang")
    case, _ = await shop.active("c", "wang")
    await desk.resolve("wang", case.case_id, outcome={})
    clock.forward(desk.policy.sticky_ms + 1)
    assert (await shop.waiting("c")).preferred == ""


async def test_after_hours_a_customer_is_told_when_somebody_will_be_there(shop, backend):
    shop_hours = BusinessCalendar.parse("Asia/Shanghai", {"mon-fri": "9:00-18:00"})
    friday_night = int(datetime(2026, 10, 9, 20, 0, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp() * 1000)
    desk = Desk(backend, replace(DeskPolicy(), calendar=shop_hours), clock=lambda: friday_night)
    await shop.customer("c")
    await desk.request_human("c", key="k")
    text = (await desk.log("c"))[-1].text
    assert "10月12日 9:00" in text
    assert "第 1 位" in text
    wait = await desk.waiting("c")
    assert (wait.low_ms, wait.high_ms) == (None, None)


async def test_a_message_left_waits_for_an_answer_which_the_customer_finds_in_their_conversation(shop, desk):
    case = await shop.waiting("c")
    await desk.leave_message("c", key="m", text="请查包裹", contact="13800000000")
    again = await shop.waiting("c")
    (left,) = await desk.messages_left()
    assert (left.case_id, left.outcome["message"]) == (case.case_id, "请查包裹")
    answered = await desk.answer_message("wang", case.case_id, key="a", text="包裹明天送到")
    assert (answered.state, answered.outcome["reason"], answered.agent_id) == (CaseState.CLOSED, "answered", "wang")
    assert await desk.answer_message("wang", case.case_id, key="a", text="包裹明天送到") == answered
    assert await desk.messages_left() == []
    with pytest.raises(Refused):
        await desk.answer_message("li", case.case_id, key="b", text="重复")
    said = [e for e in await desk.log("c") if e.author is Author.AGENT and e.kind is EntryKind.MESSAGE]
    assert [(entry.text, entry.data) for entry in said] == [("包裹明天送到", {"answers": case.case_id})]
    assert (await desk.conversation("c")).case_id == again.case_id, "the case of today is not touched"


async def test_an_agent_who_leaves_for_good_leaves_no_customer_behind(shop, desk):
    await shop.agent("wang", cap=2)
    case, view = await shop.active("a", "wang")
    offered = await shop.waiting("b")
    await shop.agent("li", cap=2)
    assert sorted(await desk.depart("wang")) == sorted([case.case_id, offered.case_id])
    assert await desk.agent_cases("wang") == []
    assert {(await desk.case(one)).offered_to for one in (case.case_id, offered.case_id)} == {"li"}
    after = await desk.conversation("a")
    assert (after.owner, after.epoch) == ("bot", view.epoch + 1)
    assert "已离开" in next(e.text for e in reversed(await desk.log("a")) if e.data.get("notice") == "lost")
    assert {agent.agent_id: agent.status for agent in await desk.agents()}["wang"] is AgentStatus.OFFLINE


async def test_a_supervisor_sees_every_case_that_is_with_an_agent(shop, desk):
    await shop.agent("wang")
    await shop.agent("li")
    first, _ = await shop.active("a", "wang")
    second, _ = await shop.active("b", "li")
    await desk.wrap_up("li", second.case_id)
    await shop.waiting("c")
    assert [case.case_id for case in await desk.active_cases()] == [first.case_id, second.case_id]
    await desk.resolve("wang", first.case_id, outcome={})
    assert [case.case_id for case in await desk.active_cases()] == [second.case_id]
    await desk.ping()


async def test_how_long_people_have_patience_is_learned_from_those_who_left_and_those_who_did_not(shop, desk, backend):
    await shop.agent("wang", cap=2)
    assert (await backend.group_load("default")).patience_ms == 0
    await shop.active("ann", "wang")
    await shop.active("bob", "wang")
    assert (await backend.group_load("default")).patience_ms == 0, "nobody has left"

    for name in ("cid", "dan", "eve"):
        await shop.waiting(name)
    shop.clock.forward(60_000)
    await desk.cancel_wait("cid")
    shop.clock.forward(60_000)
    await desk.leave_message("dan", key="m", text="请回电")
    (anns,) = await desk.cases_of("ann")
    (eves,) = await desk.cases_of("eve")
    await desk.resolve("wang", anns.case_id, outcome={})
    shop.clock.forward(10_000)
    await desk.accept("wang", eves.case_id)
    await desk.transfer("wang", eves.case_id, note="请看", to_group="default")
    await desk.cancel_wait("eve")  # had an agent before: not the first wait

    waits = [
        (case.accepted_ms or case.closed_ms) - case.enqueued_ms
        for name in ("ann", "bob", "cid", "dan", "eve")
        for case in await desk.cases_of(name)
    ]
    assert len(waits) == 5
    assert min(waits[2:]) >= 60_000
    assert (await backend.group_load("default")).patience_ms == sum(waits) // 2
