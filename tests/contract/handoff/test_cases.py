"""The life of a case, over every backend."""

from __future__ import annotations

import asyncio

import pytest

from contracts.conversation import Author, EntryKind
from contracts.escalation import Reason
from handoff.errors import Invalid, NotAllowed, NotFound, Refused
from handoff.model import AgentStatus, CaseState


def notices(entries):
    return [
        entry.data["notice"] for entry in entries if entry.author is Author.SYSTEM and entry.kind is EntryKind.MESSAGE
    ]


async def test_asking_for_a_person_takes_a_place_at_once_and_asking_again_keeps_it(shop, desk):
    first, second = await shop.waiting("a"), await shop.waiting("b")
    assert [case.case_id for case in await desk.queue()] == [first.case_id, second.case_id]
    assert (await desk.waiting("b")).position == 2
    assert (await desk.request_human("b", key="again", reason=Reason.ANGER)).case_id == second.case_id
    view = await desk.conversation("b")
    assert (view.owner, view.epoch, view.case_state, view.case_id) == ("bot", 1, "waiting", second.case_id)


async def test_an_offer_goes_to_who_has_been_idle_longest(shop, desk):
    await shop.agent("early")
    await shop.agent("late")
    first, second = await shop.waiting("a"), await shop.waiting("b")
    assert (first.state, first.offered_to, second.offered_to) == (CaseState.OFFERED, "early", "late")
    assert (first.attempts, first.offer_deadline_ms) == (1, first.enqueued_ms + desk.policy.offer_ms)


async def test_accepting_changes_owner_and_epoch_and_tells_the_customer(shop, desk):
    await shop.agent("wang")
    case, view = await shop.active("c", "wang")
    assert (view.owner, view.epoch, view.agent_id, view.agent_name, view.wait) == ("agent", 2, "wang", "Wang", None)
    assert (case.state, case.agent_id, case.offered_to) == (CaseState.ACTIVE, "wang", "")
    assert notices(await desk.log("c")) == ["waiting", "accepted"]
    assert (await desk.log("c"))[-1].text == "客服 Wang 已接入，您之前说的内容都能看到，不用再重复。"


async def test_accepting_twice_is_accepting_once(shop, desk):
    await shop.agent("wang")
    case, view = await shop.active("c", "wang")
    assert await desk.accept("wang", case.case_id) == view


async def test_a_case_is_taken_only_by_whom_it_is_offered_to(shop, desk):
    await shop.agent("wang")
    case = await shop.waiting("c")
    with pytest.raises(Refused):
        await desk.accept("li", case.case_id)
    with pytest.raises(NotFound):
        await desk.accept("wang", "no-such-case")
    assert (await desk.case(case.case_id)).offered_to == "wang"


async def test_many_racing_for_one_case_leave_exactly_one_owner(shop, desk):
    names = [await shop.agent(f"agent{number}") for number in range(30)]
    case = await shop.waiting("c")

    async def grab(name: str) -> bool:
        try:
            await desk.accept(name, case.case_id)
        except Refused:
            return False
        return True

    won = [name for name, got in zip(names, await asyncio.gather(*map(grab, names))) if got]
    assert won == [case.offered_to]
    assert (await desk.conversation("c")).epoch == 2


async def test_no_agent_is_offered_more_than_their_cap(shop, desk):
    await shop.agent("wang", cap=2)
    cases = [await shop.waiting(f"c{number}") for number in range(3)]
    assert [case.state for case in cases] == [CaseState.OFFERED, CaseState.OFFERED, CaseState.WAITING]
    (agent,) = await desk.agents()
    assert (agent.load, agent.cap) == (2, 2)
    await desk.accept("wang", cases[0].case_id)
    assert (await desk.case(cases[2].case_id)).state is CaseState.WAITING
    await desk.resolve("wang", cases[0].case_id, outcome={})
    assert (await desk.case(cases[2].case_id)).offered_to == "wang"


async def test_a_declined_case_goes_to_the_next_agent_with_its_place_kept(shop, desk):
    await shop.agent("wang")
    await shop.agent("li")
    case = await shop.waiting("c")
    await desk.decline("wang", case.case_id, reason="不会粤语")
    after = await desk.case(case.case_id)
    assert (after.offered_to, after.enqueued_ms, after.excluded, after.attempts) == (
        "li",
        case.enqueued_ms,
        ("wang",),
        2,
    )
    with pytest.raises(Refused):
        await desk.decline("wang", case.case_id)


async def test_an_offer_lapses_only_after_its_deadline(shop, desk, clock):
    await shop.agent("wang")
    await shop.agent("li")
    case = await shop.waiting("c")
    clock.forward(desk.policy.offer_ms - 1)
    for name in ("wang", "li"):
        await desk.heartbeat(name)
    await desk.sweep()
    assert (await desk.case(case.case_id)).offered_to == "wang"
    clock.forward(1)
    await desk.sweep()
    assert (await desk.case(case.case_id)).offered_to == "li"


async def test_the_only_agent_gets_a_declined_case_again_after_a_rest(shop, desk, clock):
    await shop.agent("wang")
    case = await shop.waiting("c")
    await desk.decline("wang", case.case_id)
    assert (await desk.case(case.case_id)).state is CaseState.WAITING
    clock.forward(desk.policy.retry_ms)
    await desk.sweep()
    assert (await desk.case(case.case_id)).offered_to == "wang"


async def test_who_misses_offers_in_a_row_goes_on_break(shop, desk, clock):
    await shop.agent("wang")
    await shop.waiting("c")
    for _ in range(desk.policy.max_missed):
        for wait_ms in (desk.policy.offer_ms, desk.policy.retry_ms):  # the offer lapses; then it is made again
            clock.forward(wait_ms)
            await desk.heartbeat("wang")
            await desk.sweep()
    (agent,) = await desk.agents()
    assert agent.status is AgentStatus.BREAK
    assert (await desk.queue())[0].state is CaseState.WAITING


async def test_a_lost_agent_gives_back_everything_and_the_customers_keep_their_places(shop, desk, clock):
    await shop.agent("wang", cap=2)
    active, view = await shop.active("a", "wang")
    offered = await shop.waiting("b")
    later = await shop.waiting("c")
    clock.forward(desk.policy.grace_ms)
    await desk.sweep()
    assert [case.case_id for case in await desk.queue()] == [active.case_id, offered.case_id, later.case_id]
    after = await desk.conversation("a")
    assert (after.owner, after.epoch, after.agent_id, after.case_state) == ("bot", view.epoch + 1, "", "waiting")
    assert (after.wait.position, notices(await desk.log("a"))) == (1, ["waiting", "accepted", "lost"])
    (agent,) = await desk.agents()
    assert (agent.status, agent.load) == (AgentStatus.OFFLINE, 0)


async def test_an_agent_who_is_heard_in_time_is_not_lost(shop, desk, clock):
    await shop.agent("wang")
    case, _ = await shop.active("c", "wang")
    for _ in range(5):
        clock.forward(desk.policy.grace_ms - 1)
        await desk.heartbeat("wang")
        await desk.sweep()
    assert (await desk.case(case.case_id)).agent_id == "wang"


async def test_an_agent_who_comes_back_after_being_lost_is_offered_cases_again(shop, desk, clock):
    await shop.agent("wang")
    case, _ = await shop.active("c", "wang")
    clock.forward(desk.policy.grace_ms)
    await desk.sweep()
    await desk.agent_online("wang", display="Wang", cap=1)
    assert (await desk.agents())[0].status is AgentStatus.READY
    clock.forward(desk.policy.retry_ms)
    await desk.sweep()
    assert (await desk.case(case.case_id)).offered_to == "wang"


async def test_an_agent_away_gets_no_offers_but_keeps_their_cases(shop, desk):
    await shop.agent("wang", cap=2)
    case, _ = await shop.active("a", "wang")
    await desk.agent_offline("wang")
    waiting = await shop.waiting("b")
    assert waiting.state is CaseState.WAITING
    assert (await desk.case(case.case_id)).agent_id == "wang"
    await desk.heartbeat("wang")
    await desk.sweep()
    assert (await desk.case(waiting.case_id)).offered_to == "wang"


async def test_a_new_agent_starts_on_break_and_a_ready_one_is_offered_at_once(shop, desk):
    case = await shop.waiting("c")
    agent = await desk.agent_online("wang", display="小王")
    assert (agent.status, (await desk.case(case.case_id)).state) == (AgentStatus.BREAK, CaseState.WAITING)
    await desk.set_status("wang", AgentStatus.READY)
    assert (await desk.case(case.case_id)).offered_to == "wang"


async def test_an_agent_who_comes_online_again_still_has_their_load(shop, desk):
    await shop.agent("wang", cap=2)
    await shop.active("c", "wang")
    assert (await desk.agent_online("wang", display="小王", cap=2)).load == 1


async def test_giving_up_waiting_frees_the_place_and_the_agent(shop, desk):
    await shop.agent("wang")
    first, second = await shop.waiting("a"), await shop.waiting("b")
    view = await desk.cancel_wait("a")
    assert (view.case_state, view.case_id, view.owner, view.epoch) == ("none", "", "bot", 1)
    assert (await desk.case(first.case_id)).state is CaseState.ABANDONED
    assert (await desk.case(second.case_id)).offered_to == "wang"
    assert await desk.cancel_wait("a") == view
    assert notices(await desk.log("a")) == ["waiting", "cancelled"]


async def test_a_message_may_be_left_instead_once_a_key(shop, desk):
    case = await shop.waiting("c")
    left = await desk.leave_message("c", key="m", text="请查包裹", contact="13800000000")
    assert (left.case_id, left.state, left.outcome) == (
        case.case_id, CaseState.MESSAGE_LEFT, {"message": "请查包裹", "contact": "13800000000"},
    )  # fmt: skip
    assert await desk.leave_message("c", key="m", text="请查包裹") == left
    with pytest.raises(Refused):
        await desk.leave_message("c", key="m2", text="再来一条")
    assert await desk.queue() == []


async def test_nobody_gives_up_or_leaves_a_message_once_an_agent_is_there(shop, desk):
    await shop.agent("wang")
    await shop.active("c", "wang")
    for call in (desk.cancel_wait("c"), desk.leave_message("c", key="m", text="算了")):
        with pytest.raises(Refused):
            await call
    assert (await desk.conversation("c")).owner == "agent"


async def test_resolving_gives_the_conversation_back_to_the_bot_in_a_new_session(shop, desk):
    await shop.agent("wang")
    case, view = await shop.active("c", "wang")
    with pytest.raises(NotAllowed):
        await desk.resolve("li", case.case_id, outcome={})
    after = await desk.resolve("wang", case.case_id, outcome={"reason": "done", "tags": [], "solved": True})
    assert (after.owner, after.epoch, after.bot_session, after.case_state) == ("bot", view.epoch + 1, 2, "none")
    assert await desk.resolve("wang", case.case_id, outcome={"reason": "other"}) == after
    closed = await desk.case(case.case_id)
    assert (closed.state, closed.outcome) == (CaseState.CLOSED, {"reason": "done", "tags": [], "solved": True})
    assert await desk.agent_cases("wang") == []


async def test_wrap_up_reopens_when_the_customer_writes_again(shop, desk):
    await shop.agent("wang")
    case, view = await shop.active("c", "wang")
    assert (await desk.wrap_up("wang", case.case_id)).state is CaseState.WRAP_UP
    assert (await desk.wrap_up("wang", case.case_id)).state is CaseState.WRAP_UP
    said = await shop.say("c", "对了，还有一件事")
    assert (said.owner, said.epoch) == ("agent", view.epoch)
    assert (await desk.case(case.case_id)).state is CaseState.ACTIVE


async def test_an_agent_lost_in_wrap_up_leaves_a_closed_case(shop, desk, clock):
    await shop.agent("wang")
    case, _ = await shop.active("c", "wang")
    await desk.wrap_up("wang", case.case_id)
    clock.forward(desk.policy.grace_ms)
    await desk.sweep()
    view = await desk.conversation("c")
    assert ((await desk.case(case.case_id)).state, view.owner, view.case_state) == (CaseState.CLOSED, "bot", "none")


class TestTransfer:
    async def test_to_an_agent_must_be_accepted_and_the_first_stays_the_owner_until_then(self, shop, desk):
        await shop.agent("wang")
        case, view = await shop.active("c", "wang")
        await shop.agent("li")
        moved = await desk.transfer("wang", case.case_id, note="要退款权限", to_agent="li")
        assert (moved.state, moved.offered_to, moved.agent_id, moved.note) == (
            CaseState.OFFERED, "li", "wang", "要退款权限",
        )  # fmt: skip
        during = await desk.conversation("c")
        assert (during.owner, during.agent_id, during.epoch, during.wait) == ("agent", "wang", view.epoch, None)
        await desk.agent_say("wang", "c", key="a", text="稍等", epoch=view.epoch)
        after = await desk.accept("li", case.case_id)
        assert (after.agent_id, after.epoch) == ("li", view.epoch + 1)
        assert {agent.agent_id: agent.load for agent in await desk.agents()} == {"li": 1, "wang": 0}

    async def test_that_the_other_declines_comes_back_to_the_first(self, shop, desk):
        await shop.agent("wang")
        case, view = await shop.active("c", "wang")
        await shop.agent("li")
        await desk.transfer("wang", case.case_id, note="帮忙", to_agent="li")
        await desk.decline("li", case.case_id)
        after = await desk.case(case.case_id)
        assert (after.state, after.agent_id, after.offered_to) == (CaseState.ACTIVE, "wang", "")
        assert (await desk.conversation("c")).epoch == view.epoch

    async def test_whose_giver_is_lost_stays_offered_and_the_bot_helps_meanwhile(self, shop, desk, clock):
        await shop.agent("wang")
        case, view = await shop.active("c", "wang")
        await shop.agent("li")
        clock.forward(desk.policy.grace_ms - 20)
        await desk.heartbeat("li")
        await desk.transfer("wang", case.case_id, note="帮忙", to_agent="li")
        clock.forward(20)
        await desk.sweep()
        after = await desk.conversation("c")
        assert (after.owner, after.epoch, after.case_state) == ("bot", view.epoch + 1, "offered")
        assert (await desk.accept("li", case.case_id)).agent_id == "li"

    async def test_to_a_group_keeps_the_enqueue_time_and_spares_the_giver(self, shop, desk):
        await shop.agent("wang", groups=("default", "refund"))
        case, view = await shop.active("c", "wang")
        moved = await desk.transfer("wang", case.case_id, note="退款组看下", to_group="refund")
        assert (moved.group, moved.enqueued_ms, moved.excluded, moved.agent_id) == (
            "refund", case.enqueued_ms, ("wang",), "",
        )  # fmt: skip
        after = await desk.conversation("c")
        assert (after.owner, after.epoch, after.case_state) == ("bot", view.epoch + 1, "waiting")
        await shop.agent("li", groups=("refund",))
        await desk.sweep()
        assert (await desk.case(case.case_id)).offered_to == "li"

    async def test_needs_a_note_one_target_ownership_and_a_free_colleague(self, shop, desk):
        await shop.agent("wang")
        case, _ = await shop.active("c", "wang")
        await desk.agent_online("li", display="小李", cap=1)
        for more in ({"note": " ", "to_group": "x"}, {"note": "n"}, {"note": "n", "to_agent": "li", "to_group": "x"}):
            with pytest.raises(Invalid):
                await desk.transfer("wang", case.case_id, **more)
        with pytest.raises(NotAllowed):
            await desk.transfer("li", case.case_id, note="n", to_group="x")
        for target in ("li", "wang", "nobody"):
            with pytest.raises(Refused):
                await desk.transfer("wang", case.case_id, note="n", to_agent=target)
        assert (await desk.case(case.case_id)).state is CaseState.ACTIVE


class TestReassignment:
    async def test_of_a_chat_in_somebodys_hands_is_an_offer_with_the_supervisors_note(self, shop, desk):
        await shop.agent("wang")
        case, view = await shop.active("c", "wang")
        await shop.agent("li")
        await desk.agent_online("boss", display="老张", cap=0)
        moved = await desk.reassign("boss", case.case_id, to_agent="li", note="小李来处理")
        assert (moved.state, moved.offered_to, moved.agent_id) == (CaseState.OFFERED, "li", "wang")
        notes = [entry for entry in await desk.log("c") if entry.kind is EntryKind.NOTE]
        assert [(note.author_id, note.text) for note in notes] == [("boss", "小李来处理")]
        assert (await desk.conversation("c")).epoch == view.epoch, "the first answers until the other accepts"
        await desk.decline("li", case.case_id)
        assert (await desk.case(case.case_id)).agent_id == "wang"

    async def test_of_a_waiting_case_goes_before_the_agent_chosen_and_nobody_else(self, shop, desk):
        case = await shop.waiting("c")
        for name in ("wang", "li"):
            await shop.agent(name)
            await desk.decline(name, case.case_id)  # both are spared it for a while
        assert (await desk.case(case.case_id)).state is CaseState.WAITING
        moved = await desk.reassign("boss", case.case_id, to_agent="wang", note="")
        assert (moved.state, moved.offered_to) == (CaseState.OFFERED, "wang")

    async def test_is_refused_where_the_agent_cannot_take_it_and_changes_nothing(self, shop, desk):
        await shop.agent("wang")
        case, _ = await shop.active("c", "wang")
        await desk.agent_online("li", display="小李", cap=1)  # there, and not ready
        for target in ("li", "wang", "nobody"):
            with pytest.raises(Refused):
                await desk.reassign("boss", case.case_id, to_agent=target, note="n")
        assert (await desk.case(case.case_id)).state is CaseState.ACTIVE
        await desk.resolve("wang", case.case_id, outcome={"reason": "done"})
        with pytest.raises(Refused):
            await desk.reassign("boss", case.case_id, to_agent="li", note="n")
        await desk.set_status("wang", AgentStatus.BREAK)
        waiting = await shop.waiting("d")
        with pytest.raises(Refused):
            await desk.reassign("boss", waiting.case_id, to_agent="li", note="")
        assert (await desk.case(waiting.case_id)).state is CaseState.WAITING


async def test_a_supervisor_takes_over_whoever_has_it(shop, desk):
    await shop.agent("wang")
    case, view = await shop.active("c", "wang")
    await desk.agent_online("boss", display="主管", cap=0)
    after = await desk.take_over("boss", case.case_id)
    assert (after.agent_id, after.epoch) == ("boss", view.epoch + 1)
    assert await desk.take_over("boss", case.case_id) == after
    with pytest.raises(NotFound):
        await desk.take_over("nobody", case.case_id)
    assert [one.case_id for one in await desk.agent_cases("boss")] == [case.case_id]
    assert await desk.agent_cases("wang") == []


async def test_graver_cases_overtake_but_only_those_who_came_shortly_before(shop, desk, clock):
    old = await shop.waiting("old")
    clock.forward(16 * 60_000)
    plain = await shop.waiting("plain")
    await shop.customer("grave")
    grave = await desk.request_human("grave", key="g", reason=Reason.SENSITIVE)
    assert [case.case_id for case in await desk.queue()] == [old.case_id, grave.case_id, plain.case_id]
    assert [(await desk.waiting(name)).position for name in ("old", "grave", "plain")] == [1, 2, 3]


async def test_a_brief_is_built_from_the_log_and_a_correction_rewords_the_problem(shop, desk):
    await shop.customer("c")
    await shop.say("c", "洗衣机一直报E21，师傅说好今天来")
    case = await desk.request_human("c", key="r")
    await desk.correct_problem("c", key="p", text="不是报修，是要退货")
    brief = await desk.brief(case.case_id)
    assert (brief.problem, brief.problem_seq, brief.corrected) == ("不是报修，是要退货", 4, True)
    assert [(step.seq, step.text) for step in brief.timeline] == [(1, "洗衣机一直报E21，师傅说好今天来")]
    assert (await desk.case(case.case_id)).problem == "不是报修，是要退货"
    await desk.cancel_wait("c")
    again = await desk.request_human("c", key="r2")
    brief = await desk.brief(again.case_id)
    assert [(one.case_id, one.state) for one in brief.earlier] == [(case.case_id, "abandoned")]


async def test_every_number_of_the_log_is_used_once(shop, desk, clock):
    await shop.agent("wang")
    await shop.agent("li")
    case, view = await shop.active("c", "wang")
    await desk.agent_say("wang", "c", key="a", text="您好", epoch=view.epoch)
    await desk.transfer("wang", case.case_id, note="n", to_agent="li")
    await desk.accept("li", case.case_id)
    await desk.resolve("li", case.case_id, outcome={})
    log = await desk.log("c")
    assert [entry.seq for entry in log] == list(range(1, (await desk.conversation("c")).last_seq + 1))
