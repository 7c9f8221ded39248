"""Groups at work, over every backend: levels, capacity, who owns a customer, and where a line overflows to."""

from __future__ import annotations

import pytest

from contracts.conversation import Author, EntryKind
from handoff.config.config import Config, with_document
from handoff.errors import Invalid
from handoff.model import AgentStatus, CaseState
from handoff.records.model import Owner


@pytest.fixture
def groups(desk):
    """Puts groups into force at the desk."""

    def put(*documents) -> None:
        desk.use(with_document(Config(), "groups", {"groups": [*documents]}))

    return put


async def graded(shop, name: str, *, cap: int = 1, **levels: int) -> str:
    """An agent who is ready, with a level in each group."""
    await shop.desk.agent_online(
        name, display=name, groups=tuple(levels), levels=tuple(levels.values()), cap=cap, status=AgentStatus.READY
    )
    shop.clock.forward(10)
    return name


async def pass_time(shop, seconds: int, *agents: str) -> None:
    """Time passes, second by second, with heartbeats and sweeps."""
    for _ in range(seconds):
        shop.clock.forward(1000)
        for agent in agents:
            await shop.desk.heartbeat(agent)
        await shop.desk.sweep()


async def test_the_best_who_is_free_is_asked_first(shop, desk):
    await graded(shop, "low", default=1)
    await graded(shop, "best", default=5)
    await graded(shop, "middle", default=3)
    cases = [await shop.waiting(name) for name in "abc"]
    assert [case.offered_to for case in cases] == ["best", "middle", "low"]
    log = await desk.log("a")
    assert any(entry.data.get("why", "").startswith("level 5, idle longest") for entry in log)


async def test_a_lower_level_has_a_case_only_after_a_while(shop, desk, groups):
    groups({"name": "default", "widen_s": 5})
    await graded(shop, "best", default=2)
    await graded(shop, "low", default=1)
    assert (await shop.waiting("a")).offered_to == "best"
    later = await shop.waiting("b")
    assert later.state is CaseState.WAITING
    await pass_time(shop, 4, "best", "low")
    assert (await desk.case(later.case_id)).state is CaseState.WAITING
    await pass_time(shop, 1, "best", "low")
    assert (await desk.case(later.case_id)).offered_to == "low"


async def test_a_new_level_holds_from_the_next_offer_on(shop, desk):
    await graded(shop, "wang", default=1)
    await graded(shop, "li", default=2)
    await graded(shop, "wang", default=3)
    assert (await shop.waiting("a")).offered_to == "wang"
    assert [agent.levels for agent in await desk.agents()] == [(2,), (3,)]
    await graded(shop, "wang", refund=3)
    assert (await shop.waiting("b")).offered_to == "li"


async def test_a_level_is_from_one_to_five_and_there_is_one_for_each_group(desk):
    for levels in ((0,), (6,), (1, 2)):
        with pytest.raises(Invalid):
            await desk.agent_online("wang", display="小王", groups=("default",), levels=levels)


async def test_agents_hold_no_more_cases_of_a_group_than_it_may_have(shop, desk, groups):
    groups({"name": "default", "cap": 2})
    await graded(shop, "wang", cap=5, default=1)
    await graded(shop, "li", cap=5, default=1)
    cases = [await shop.waiting(name) for name in "abc"]
    assert [case.state for case in cases] == [CaseState.OFFERED, CaseState.OFFERED, CaseState.WAITING]
    await desk.accept(cases[0].offered_to, cases[0].case_id)
    await desk.sweep()
    assert (await desk.case(cases[2].case_id)).state is CaseState.WAITING
    await desk.resolve(cases[0].offered_to, cases[0].case_id, outcome={})
    assert (await desk.case(cases[2].case_id)).state is CaseState.OFFERED


async def test_the_capacity_is_checked_with_the_offer_however_many_make_one(shop, desk, backend):
    await graded(shop, "wang", cap=5, default=1)
    await desk.set_status("wang", AgentStatus.BREAK)
    cases = [await shop.waiting(name) for name in "abc"]
    await backend.set_status("wang", AgentStatus.READY)
    made = [await backend.offer(case.case_id, "wang", offer_ms=1000, why="", cap=2) for case in cases]
    assert made == [True, True, False]


async def test_who_owns_the_customer_is_asked_before_who_served_them_last(shop, desk, customers):
    await shop.agent("wang")
    case, _ = await shop.active("c", "wang")
    await desk.resolve("wang", case.case_id, outcome={})
    await customers.describe("c", "boss", owner=Owner(agent="li"))
    await shop.agent("li")
    assert (await shop.waiting("c")).offered_to == "li"


async def test_an_owner_who_is_not_there_keeps_nobody_waiting(shop, desk, customers):
    await shop.agent("wang")
    await shop.customer("c")
    await customers.describe("c", "boss", owner=Owner(agent="li"))
    assert (await shop.waiting("c")).offered_to == "wang"


async def test_a_case_that_waited_too_long_moves_to_another_line_with_its_place(shop, desk, groups):
    groups(
        {"name": "default", "overflow": [{"after_s": 10, "to": "group", "group": "night"}]},
        {"name": "night"},
    )
    case = await shop.waiting("a")
    await pass_time(shop, 9)
    assert (await desk.case(case.case_id)).group == "default"
    await graded(shop, "owl", night=1)
    await pass_time(shop, 1, "owl")
    after = await desk.case(case.case_id)
    assert (after.group, after.enqueued_ms, after.offered_to) == ("night", case.enqueued_ms, "owl")
    assert (after.joined_ms, after.overflow_step) == (shop.clock.now_ms, 0)
    (moved,) = [entry for entry in await desk.log("a") if entry.data.get("verb") == "overflow"]
    assert moved.data["why"] == "waited 10 s in default"
    await pass_time(shop, 30, "owl")
    assert len([entry for entry in await desk.log("a") if entry.data.get("verb") == "overflow"]) == 1


async def test_who_waited_too_long_is_invited_once_to_leave_a_message(shop, desk, groups):
    groups({"name": "default", "overflow": [{"after_s": 3, "to": "message"}]})
    case = await shop.waiting("a")
    await pass_time(shop, 10)
    said = [
        entry.data["notice"]
        for entry in await desk.log("a")
        if entry.author is Author.SYSTEM and entry.kind is EntryKind.MESSAGE
    ]
    assert said == ["waiting", "leave_message"]
    assert (await desk.waiting("a")).position == 1
    left = await desk.leave_message("a", key="k", text="请回电")
    assert (left.case_id, left.state) == (case.case_id, CaseState.MESSAGE_LEFT)
    await pass_time(shop, 3)


async def test_people_named_for_emergencies_get_a_case_of_a_group_they_are_not_in(shop, desk, groups):
    groups({"name": "default", "overflow": [{"after_s": 3, "to": "staff", "agents": ["boss", "deputy"]}]})
    await graded(shop, "deputy", office=1)
    case = await shop.waiting("a")
    await pass_time(shop, 2, "deputy")
    assert (await desk.case(case.case_id)).state is CaseState.WAITING
    await pass_time(shop, 1, "deputy")
    assert (await desk.case(case.case_id)).offered_to == "deputy"
    await graded(shop, "boss", office=1)
    await desk.decline("deputy", case.case_id)
    assert (await desk.case(case.case_id)).state is CaseState.WAITING
    await pass_time(shop, 6, "deputy", "boss")
    assert (await desk.case(case.case_id)).offered_to == "boss"
    await desk.accept("boss", case.case_id)
    assert (await desk.conversation("a")).agent_id == "boss"


async def test_a_case_that_comes_back_to_the_line_goes_on_where_its_rules_were(shop, desk, groups):
    groups(
        {
            "name": "default",
            "overflow": [{"after_s": 3, "to": "message"}, {"after_s": 60, "to": "group", "group": "n"}],
        },
        {"name": "n"},
    )
    await graded(shop, "wang", default=1)
    await desk.agent_offline("wang")
    case = await shop.waiting("a")
    await pass_time(shop, 5)
    await desk.heartbeat("wang")
    await desk.sweep()
    await desk.accept("wang", case.case_id)
    await pass_time(shop, 50, "wang")
    await desk.transfer("wang", case.case_id, note="请看", to_group="default")
    await desk.set_status("wang", AgentStatus.BREAK)
    await pass_time(shop, 4, "wang")
    assert (await desk.case(case.case_id)).group == "default"
    await pass_time(shop, 2, "wang")
    assert (await desk.case(case.case_id)).group == "n"
    invited = [entry for entry in await desk.log("a") if entry.data.get("notice") == "leave_message"]
    assert len(invited) == 1


async def test_rules_set_while_somebody_waits_hold_for_those_who_come_after(shop, desk, groups):
    early = await shop.waiting("a")
    groups({"name": "default", "overflow": [{"after_s": 2, "to": "message"}]})
    late = await shop.waiting("b")
    await pass_time(shop, 3)
    steps = [(await desk.case(one.case_id)).overflow_step for one in (early, late)]
    assert steps == [0, 1]
