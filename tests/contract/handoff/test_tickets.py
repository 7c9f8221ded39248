"""What is owed to a customer is not forgotten, over every backend."""

from __future__ import annotations

import asyncio

import pytest

from contracts.conversation import Author, EntryKind
from handoff.calendar import BusinessCalendar
from handoff.errors import Invalid, NotFound, Refused, Stale, TooLong
from handoff.model import CaseState
from handoff.policy import HOUR_MS, DeskPolicy
from handoff.records.model import Owner, Ticket, TicketKind, TicketState
from handoff.records.tickets import TicketVerb


async def a_message(shop, who: str = "ann", text: str = "请回电，发票抬头要改"):
    """A customer who left a message; returns the case."""
    await shop.waiting(who)
    return await shop.desk.leave_message(who, key=shop.key(), text=text, contact="13800138000")


async def only(listed) -> Ticket:
    (one,) = await listed
    return one


async def test_a_message_left_is_a_ticket_of_its_group_from_that_moment_on(shop, desk, tickets, clock):
    case = await a_message(shop)
    one = await only(tickets.open())
    assert (one.source, one.state, one.title) == (TicketKind.MESSAGE, TicketState.OPEN, "请回电，发票抬头要改")
    assert (one.conversation_id, one.case_id, one.contact) == ("ann", case.case_id, "13800138000")
    assert (one.owner, one.next_ms) == (Owner(group="default"), clock() + 4 * HOUR_MS)
    assert await tickets.owned(Owner(group="default")) == [one]
    assert await tickets.of_customer("ann") == [one]


async def test_leaving_a_message_again_with_its_key_makes_no_second_ticket(shop, desk, tickets):
    await shop.waiting("ann")
    for _ in range(2):
        await desk.leave_message("ann", key="k", text="请回电")
    assert len(await tickets.open()) == 1
    with pytest.raises(Refused):
        await desk.leave_message("ann", key="other", text="请回电")
    assert len(await tickets.open()) == 1


async def test_answering_the_message_finishes_its_ticket_in_the_same_step(shop, desk, tickets):
    case = await a_message(shop)
    await desk.answer_message("wang", case.case_id, key="a", text="已改好")
    one = await only(tickets.done())
    assert [(said.what, said.author, said.text) for said in await tickets.remarks(one.ticket_id)] == [
        ("opened", "", ""),
        ("answer", "wang", "已改好"),
        ("moved", "wang", ""),
    ]
    assert await tickets.open() == await tickets.owned(Owner(group="default")) == []


async def test_finishing_the_ticket_answers_the_message(shop, desk, tickets):
    case = await a_message(shop)
    one = await only(tickets.open())
    await tickets.move(one.ticket_id, "wang", TicketVerb.FINISH, text="电话里说清了")
    assert (await desk.case(case.case_id)).state is CaseState.CLOSED
    assert (await desk.log("ann"))[-2].text == desk.policy.texts.message_done
    assert [said.what for said in await tickets.remarks(one.ticket_id)] == ["opened", "answer", "moved", "note"]


async def test_an_answer_may_leave_the_ticket_waiting_for_the_customer(shop, desk, tickets):
    case = await a_message(shop)
    one = await only(tickets.open())
    one = await tickets.answer(one.ticket_id, "wang", key="a", text="请发一下订单号", then=TicketVerb.WAIT)
    assert one.state is TicketState.PENDING
    assert (await desk.case(case.case_id)).state is CaseState.CLOSED, "the message has its answer"
    assert await desk.messages_left() == []


async def test_a_wrap_up_with_a_follow_up_leaves_a_ticket_of_the_agent(shop, desk, tickets, clock):
    await shop.agent("wang")
    case, _ = await shop.active("ann", "wang")
    wanted = {"title": "查退款是否到账", "next_ms": clock() + 100 * HOUR_MS}
    for _ in range(2):
        await desk.resolve("wang", case.case_id, outcome={"reason": "refund", "follow_up": wanted})
    one = await only(tickets.owned(Owner("wang")))
    assert (one.source, one.title, one.created_by, one.case_id) == (
        TicketKind.FOLLOW_UP,
        "查退款是否到账",
        "wang",
        case.case_id,
    )
    assert one.next_ms == clock() + 100 * HOUR_MS


async def test_a_follow_up_may_go_to_a_group_and_must_say_what_is_to_be_done(shop, desk, tickets):
    await shop.agent("wang")
    case, _ = await shop.active("ann", "wang")
    with pytest.raises(Invalid):
        await desk.resolve("wang", case.case_id, outcome={"follow_up": {"title": "  "}})
    assert (await desk.case(case.case_id)).state is CaseState.ACTIVE
    await desk.resolve("wang", case.case_id, outcome={"follow_up": {"title": "换货", "to_group": "refund"}})
    assert (await only(tickets.owned(Owner(group="refund")))).created_by == "wang"


async def test_a_wrap_up_that_is_refused_makes_no_ticket(shop, desk, tickets):
    await shop.agent("wang")
    case, _ = await shop.active("ann", "wang")
    with pytest.raises(Exception, match="not yours"):
        await desk.resolve("li", case.case_id, outcome={"follow_up": {"title": "换货"}})
    assert await tickets.open() == []


@pytest.mark.parametrize("score", [1, 2, 3, 5])
async def test_a_bad_rating_and_no_other_is_called_back_by_the_group_not_the_agent(shop, desk, tickets, score):
    await shop.agent("wang", groups=("refund", "default"))
    case, _ = await shop.active("ann", "wang")
    await desk.resolve("wang", case.case_id, outcome={})
    for _ in range(2):
        await desk.rate("ann", key="r", score=score, comment="不耐烦", stretch=case.case_id)
    found = await tickets.open()
    if score > 2:
        assert found == []
    else:
        assert [(one.source, one.owner, one.text) for one in found] == [
            (TicketKind.CALL_BACK, Owner(group="default"), "不耐烦")
        ]
        assert str(score) in found[0].title


async def test_a_stretch_is_called_back_once_however_often_it_is_rated(shop, desk, tickets):
    await shop.customer("ann")
    for number in range(3):
        await desk.rate("ann", key=f"r{number}", score=1, stretch=f"made-up-{number}")
    assert len(await tickets.open()) == 1


async def test_nobody_is_called_back_about_a_chat_of_another_customer(shop, desk, tickets):
    await shop.agent("wang")
    case, _ = await shop.active("ann", "wang")
    await shop.customer("eve")
    await desk.rate("eve", key="r", score=1, stretch=case.case_id)
    one = await only(tickets.open())
    assert (one.conversation_id, one.case_id) == ("eve", "")


async def test_a_ticket_goes_the_way_of_its_table_and_tells_of_it(shop, tickets, clock):
    one = await tickets.open_one("wang", key="k", title="回电", text="客户下午有空")
    assert one.owner == Owner("wang")
    one = await tickets.move(one.ticket_id, "wang", TicketVerb.WAIT)
    with pytest.raises(Refused):
        await tickets.move(one.ticket_id, "wang", TicketVerb.REOPEN)
    assert await tickets.ticket(one.ticket_id) == one, "a refusal changes nothing"
    clock.forward(5000)
    one = await tickets.move(one.ticket_id, "li", TicketVerb.FINISH, text="已说清")
    assert (one.state, one.done_ms) == (TicketState.DONE, clock())
    assert await tickets.done() == [one]
    one = await tickets.move(one.ticket_id, "li", TicketVerb.REOPEN)
    assert (one.state, one.reopened, one.next_ms) == (TicketState.REOPENED, 1, clock() + 8 * HOUR_MS)
    history = await tickets.remarks(one.ticket_id)
    assert [said.data.get("to") for said in history if said.what == "moved"] == ["pending", "done", "reopened"]
    assert [said.seq for said in history] == [1, 2, 3, 4, 5]


async def test_the_customer_hears_the_answer_in_their_thread_and_may_add_something(shop, desk, tickets):
    await shop.customer("ann")
    one = await tickets.open_one("wang", key="k", title="查订单", conversation_id="ann")
    for _ in range(2):
        await tickets.answer(one.ticket_id, "wang", key="a", text="请发订单号", then=TicketVerb.WAIT)
    said = [entry for entry in await desk.log("ann") if entry.kind is EntryKind.MESSAGE]
    assert [(entry.author, one.ticket_id in entry.text, "请发订单号" in entry.text) for entry in said] == [
        (Author.SYSTEM, True, True)
    ]
    for _ in range(2):
        one = await tickets.reply(one.ticket_id, key="b", text="SG1")
    assert one.state is TicketState.OPEN
    await tickets.move(one.ticket_id, "wang", TicketVerb.FINISH)
    one = await tickets.reply(one.ticket_id, key="c", text="还没收到")
    assert (one.state, one.reopened) == (TicketState.REOPENED, 1)
    assert [said.text for said in await tickets.remarks(one.ticket_id) if said.what == "customer"] == [
        "SG1",
        "还没收到",
    ]


async def test_lists_are_by_date_and_the_overdue_are_those_whose_date_has_come(shop, tickets, clock):
    late = await tickets.open_one("wang", key="1", title="晚", next_ms=clock() + 3000)
    soon = await tickets.open_one("wang", key="2", title="早", next_ms=clock() + 1000)
    other = await tickets.open_one("li", key="3", title="别人的", next_ms=clock() + 2000)
    assert await tickets.open() == [soon, other, late]
    assert await tickets.owned(Owner("wang")) == [soon, late]
    assert await tickets.overdue() == []
    clock.forward(1999)
    assert await tickets.overdue() == [soon]
    clock.forward(1)
    assert await tickets.overdue() == [soon, other]
    moved = await tickets.edit(soon.ticket_id, "wang", next_ms=clock() + 9000)
    assert await tickets.open() == [other, late, moved]
    await tickets.move(other.ticket_id, "li", TicketVerb.FINISH)
    assert await tickets.overdue() == []


async def test_a_ticket_changes_hands_and_lists_follow(shop, tickets):
    one = await tickets.open_one("wang", key="1", title="换货")
    given = await tickets.edit(one.ticket_id, "wang", owner=Owner(group="refund"), seen=one.rev)
    assert await tickets.owned(Owner("wang")) == []
    assert await tickets.owned(Owner(group="refund")) == [given]
    with pytest.raises(Stale):
        await tickets.edit(one.ticket_id, "li", owner=Owner("li"), seen=one.rev)
    assert await tickets.ticket(one.ticket_id) == given


async def test_two_who_change_a_ticket_at_once_both_count(shop, tickets):
    one = await tickets.open_one("wang", key="1", title="换货")
    await asyncio.gather(
        *(tickets.note(one.ticket_id, f"agent{number}", key="n", text=f"第 {number} 条") for number in range(8)),
        tickets.edit(one.ticket_id, "boss", title="换货和退差价"),
    )
    history = await tickets.remarks(one.ticket_id)
    assert sorted(said.text for said in history if said.what == "note") == [f"第 {number} 条" for number in range(8)]
    assert (await tickets.ticket(one.ticket_id)).title == "换货和退差价"
    assert [said.seq for said in history] == list(range(1, 11))


async def test_bad_input_is_refused_and_changes_nothing(shop, tickets):
    with pytest.raises(Invalid):
        await tickets.open_one("wang", key="k", title=" \x00 ")
    with pytest.raises(NotFound):
        await tickets.open_one("wang", key="k", title="回电", conversation_id="nobody")
    with pytest.raises(NotFound):
        await tickets.move("T-none", "wang", TicketVerb.FINISH)
    one = await tickets.open_one("wang", key="k", title='"]]--\n${redis.call("FLUSHALL")}' + "长" * 100)
    assert "\n" not in one.title
    assert len(one.title) == 80
    with pytest.raises(TooLong):
        await tickets.note(one.ticket_id, "wang", key="n", text="长" * 5000)
    assert await tickets.open() == [one]


class TestDuringOfficeHours:
    @pytest.fixture
    def policy(self) -> DeskPolicy:
        return DeskPolicy(calendar=BusinessCalendar.parse("Asia/Shanghai", {"mon-fri": "9:00-18:00"}))

    async def test_a_message_left_at_night_is_due_in_the_morning(self, shop, tickets, clock):
        assert clock.now_ms == 1_800_000_000_000, "Friday, 15 January 2027, 16:00 in Shanghai"
        clock.forward(10 * HOUR_MS)
        await a_message(shop)
        monday_at_13 = 1_800_000_000_000 + (2 * 24 + 21) * HOUR_MS
        assert (await only(tickets.open())).next_ms == monday_at_13
