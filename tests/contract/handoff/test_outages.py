"""Nobody is blamed for the time in which nothing ran: over every backend."""

from __future__ import annotations

import pytest

from handoff.model import AgentStatus, CaseState
from handoff.policy import DeskPolicy

STEP_MS = 1_000


@pytest.fixture
def policy() -> DeskPolicy:
    return DeskPolicy()


async def sweep_for(shop, desk, ms: int) -> None:
    """Time passes with a sweep every second, as in a running shop."""
    for _ in range(ms // STEP_MS):
        shop.clock.forward(STEP_MS)
        await desk.sweep()


async def test_an_agent_unheard_in_a_running_shop_is_given_up_after_the_grace_period(shop, desk, policy):
    await shop.agent("wang")
    case, _ = await shop.active("c", "wang")
    await desk.sweep()
    await sweep_for(shop, desk, policy.grace_ms - STEP_MS)
    assert (await desk.case(case.case_id)).state is CaseState.ACTIVE
    await sweep_for(shop, desk, 2 * STEP_MS)
    assert (await desk.case(case.case_id)).state is CaseState.WAITING


@pytest.mark.parametrize("back", [True, False])
async def test_after_an_outage_agents_have_the_grace_period_to_be_heard_of(shop, desk, policy, back):
    await shop.agent("wang")
    case, _ = await shop.active("c", "wang")
    await desk.sweep()
    shop.clock.forward(20 * policy.grace_ms)
    await desk.sweep()
    await sweep_for(shop, desk, policy.grace_ms // 2)
    assert (await desk.case(case.case_id)).state is CaseState.ACTIVE
    if back:
        await desk.heartbeat("wang")
    await sweep_for(shop, desk, policy.grace_ms // 2 + STEP_MS)
    assert (await desk.case(case.case_id)).state is (CaseState.ACTIVE if back else CaseState.WAITING)


async def test_an_offer_that_ran_out_during_an_outage_can_still_be_accepted(shop, desk, policy):
    await shop.agent("wang")
    await desk.sweep()
    case = await shop.waiting("c")
    shop.clock.forward(20 * policy.grace_ms)
    await desk.sweep()
    await sweep_for(shop, desk, policy.outage_ms // 2)
    assert (await desk.accept("wang", case.case_id)).owner == "agent"


async def test_an_offer_that_ran_out_during_an_outage_lapses_a_little_after_it(shop, desk, policy):
    await shop.agent("wang")
    await shop.agent("li")
    await desk.sweep()
    case = await shop.waiting("c")
    shop.clock.forward(20 * policy.grace_ms)
    await desk.sweep()
    await sweep_for(shop, desk, policy.outage_ms + STEP_MS)
    after = await desk.case(case.case_id)
    assert (after.offered_to, after.attempts) == ("li", 2)
    assert [agent.status for agent in await desk.agents()] == [AgentStatus.READY] * 2


@pytest.mark.parametrize("lost_ms", [3_000, 8_000])
@pytest.mark.parametrize("left_ms", [1_000, 20_000, -1_000])
async def test_an_offer_stands_as_much_longer_as_nobody_could_answer_it(shop, desk, policy, lost_ms, left_ms):
    """`left_ms` is what was left of the offer when the store came back; below zero it ran out before."""
    await shop.agent("wang")
    await shop.agent("li")
    await desk.sweep()
    case = await shop.waiting("c")
    await sweep_for(shop, desk, policy.offer_ms - lost_ms - left_ms)
    shop.clock.forward(lost_ms)
    await desk.sweep()
    await sweep_for(shop, desk, max(left_ms, 0) + lost_ms - STEP_MS)
    assert (await desk.case(case.case_id)).offered_to == case.offered_to
    await sweep_for(shop, desk, 2 * STEP_MS)
    after = await desk.case(case.case_id)
    assert (after.offered_to, after.attempts) == ("li" if case.offered_to == "wang" else "wang", 2)


async def test_offers_made_after_an_outage_lapse_when_they_run_out(shop, desk, policy):
    await shop.agent("wang")
    await shop.agent("li")
    await desk.sweep()
    shop.clock.forward(8_000)
    await desk.sweep()
    case = await shop.waiting("c")
    await sweep_for(shop, desk, policy.offer_ms - STEP_MS)
    assert (await desk.case(case.case_id)).attempts == 1
    await sweep_for(shop, desk, STEP_MS)
    assert (await desk.case(case.case_id)).attempts == 2


async def test_those_who_come_in_one_millisecond_stand_in_order_though_others_have_left(shop, desk):
    names = [f"c{number}" for number in (3, 1, 4, 15, 9, 2, 6, 5)]
    for name in names:
        await desk.open(name)
        await desk.request_human(name, key="k")
    await desk.cancel_wait(names[0])
    await desk.cancel_wait(names[3])
    await desk.open("late")
    await desk.request_human("late", key="k")
    shop.clock.forward(1)
    await desk.open("later")
    await desk.request_human("later", key="k")
    expected = [*names[1:3], *names[4:], "late", "later"]
    assert [case.conversation_id for case in await desk.queue()] == expected
    assert [(await desk.waiting(name)).position for name in expected] == list(range(1, len(expected) + 1))
