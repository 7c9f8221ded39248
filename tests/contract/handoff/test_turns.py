"""Turns of the bot: one at a time, in order, fenced, finished once, over every backend."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from contracts.conversation import Author, EntryKind
from contracts.escalation import Escalation, Evidence, Reason
from contracts.turn import BotMessage, Button, TurnResult
from contracts.understanding import Intent, Sentiment, Understanding
from handoff.model import CaseState
from handoff.policy import DeskPolicy

HEARD = Understanding(
    Intent("order_status", 0.9), sentiment=Sentiment("negative", 0.8, 0.1, 0.1, 1.5, 0.1, 0.0, (("慢", 0.4),))
)


def answer(text: str = "明天到", **more) -> TurnResult:
    return TurnResult((BotMessage(text, buttons=(Button("好的"),)),), HEARD, **more)


async def test_a_turn_carries_what_the_bot_needs(shop, desk):
    await desk.open("c", channel="rest", profile={"vip": True})
    await desk.say("c", key="k", text="到哪了", choice="faq-1")
    turn = await desk.claim_turn("w", wait_ms=0)
    assert (turn.turn_id, turn.seq, turn.text, turn.choice, turn.channel, turn.vip) == (
        "c:1", 1, "到哪了", "faq-1", "rest", True,
    )  # fmt: skip
    assert (turn.epoch, turn.bot_session, turn.case_state, turn.outcome, turn.attempt) == (1, 1, "none", "", 1)


async def test_turns_of_one_conversation_run_one_at_a_time_in_order(shop, desk):
    await shop.customer("a")
    await shop.customer("b")
    for _ in range(3):
        await shop.say("a")
    await shop.say("b")
    first, second = await desk.claim_turn("w1", wait_ms=0), await desk.claim_turn("w2", wait_ms=0)
    assert {(first.conversation_id, first.seq), (second.conversation_id, second.seq)} == {("a", 1), ("b", 1)}
    assert await desk.claim_turn("w3", wait_ms=0) is None
    await desk.finish_turn(first if first.conversation_id == "a" else second, answer())
    third = await desk.claim_turn("w3", wait_ms=0)
    assert (third.conversation_id, third.seq) == ("a", 2)


async def test_a_worker_waits_for_a_turn_and_gets_it_when_it_comes(shop, desk):
    await shop.customer("c")
    waiting = asyncio.create_task(desk.claim_turn("w", wait_ms=5000))
    await asyncio.sleep(0)
    await shop.say("c")
    assert (await waiting).seq == 1


async def test_finishing_logs_understanding_and_replies_in_one_step(shop, desk):
    await shop.customer("c")
    await shop.say("c")
    turn = await desk.claim_turn("w", wait_ms=0)
    finished = await desk.finish_turn(turn, answer())
    assert finished.accepted
    annotation, reply = finished.entries
    assert (annotation.seq, annotation.kind, annotation.data["about"]) == (2, EntryKind.ANNOTATION, 1)
    assert annotation.data["understanding"]["intent"] == {"name": "order_status", "confidence": 0.9}
    assert (reply.seq, reply.author, reply.text) == (3, Author.BOT, "明天到")
    assert reply.data["buttons"] == [{"title": "好的", "choice": None, "payload": ""}]
    assert "text" not in reply.data
    assert await desk.log("c", after=1) == list(finished.entries)


async def test_finishing_twice_changes_nothing(shop, desk):
    await shop.customer("c")
    await shop.say("c")
    turn = await desk.claim_turn("w", wait_ms=0)
    first = await desk.finish_turn(turn, answer())
    assert await desk.finish_turn(turn, answer()) == first
    assert (await desk.conversation("c")).last_seq == 3


async def test_an_escalation_puts_the_customer_in_line_in_the_same_step(shop, desk):
    await shop.customer("c")
    await shop.say("c", "你们怎么回事，包裹一周没动")
    turn = await desk.claim_turn("w", wait_ms=0)
    finished = await desk.finish_turn(turn, answer(escalation=Escalation(Reason.ANGER, (Evidence("anger", "x", 2.1),))))
    assert (finished.case.state, finished.case.reason, finished.case.problem) == (
        CaseState.WAITING, Reason.ANGER, "你们怎么回事，包裹一周没动",
    )  # fmt: skip
    assert finished.case.evidence == (Evidence("anger", "x", 2.1, 1),)
    notice = finished.entries[-1]
    assert (notice.author, notice.text) == (
        Author.SYSTEM,
        "已为您转接人工客服，您排在第 1 位。等待时可以继续问我，不影响排队。",
    )
    assert notice.data["card"] == {"problem": "你们怎么回事，包裹一周没动", "seq": 1}
    again = await desk.finish_turn(turn, answer(escalation=Escalation(Reason.ANGER)))
    assert (again.case.case_id, again.entries) == (finished.case.case_id, finished.entries)


async def test_the_bot_keeps_helping_while_the_customer_waits(shop, desk):
    case = await shop.waiting("c")
    said = await shop.say("c")
    assert said.turn_queued
    turn = await desk.claim_turn("w", wait_ms=0)
    assert turn.case_state == "waiting"
    finished = await desk.finish_turn(turn, answer(escalation=Escalation(Reason.ANGER)))
    assert finished.accepted
    assert finished.case.case_id == case.case_id
    assert (await desk.waiting("c")).position == 1


@pytest.mark.parametrize(("confidence", "left"), [(0.9, True), (0.3, False)])
async def test_saying_that_nobody_need_come_gives_up_the_place_if_it_was_surely_said(shop, desk, confidence, left):
    await shop.waiting("c")
    await shop.say("c", "不用等了，我自己解决了")
    turn = await desk.claim_turn("w", wait_ms=100)
    said = Understanding(Intent("cancel_handoff", confidence))
    await desk.finish_turn(turn, TurnResult((BotMessage("好的"),), said))
    assert (await desk.conversation("c")).case_state == ("none" if left else "waiting")


async def test_a_reply_that_comes_after_the_person_is_fenced_and_recorded(shop, desk):
    await shop.agent("wang")
    await shop.customer("c")
    await shop.say("c")
    turn = await desk.claim_turn("w", wait_ms=0)
    case = await desk.request_human("c", key="r")
    await desk.accept("wang", case.case_id)
    finished = await desk.finish_turn(turn, answer(escalation=Escalation(Reason.ANGER)))
    assert not finished.accepted
    assert [entry.kind for entry in finished.entries] == [EntryKind.ANNOTATION, EntryKind.FENCED]
    assert finished.entries[1].data["texts"] == ["明天到"]
    assert not [
        entry for entry in await desk.log("c") if entry.author is Author.BOT and entry.kind is EntryKind.MESSAGE
    ]
    assert await desk.claim_turn("w", wait_ms=0) is None


async def test_a_turn_that_is_stale_when_claimed_is_never_run(shop, desk):
    await shop.agent("wang")
    await shop.customer("c")
    await shop.say("c", "还没轮到机器人")
    case = await desk.request_human("c", key="r")
    await desk.accept("wang", case.case_id)
    assert await desk.claim_turn("w", wait_ms=0) is None
    fenced = [entry for entry in await desk.log("c") if entry.kind is EntryKind.FENCED]
    assert [entry.data["about"] for entry in fenced] == [1]
    await desk.resolve("wang", case.case_id, outcome={})
    said = await shop.say("c", "新的问题")
    assert (await desk.claim_turn("w", wait_ms=0)).seq == said.seq


async def test_the_first_turn_after_a_person_knows_the_outcome_and_later_ones_do_not(shop, desk):
    await shop.agent("wang")
    case, _ = await shop.active("c", "wang")
    await desk.resolve("wang", case.case_id, outcome={"reason": "refunded"})
    await shop.say("c")
    await shop.say("c")
    turn = await desk.claim_turn("w", wait_ms=0)
    assert (turn.outcome, turn.bot_session) == ("refunded", 2)
    await desk.finish_turn(turn, answer())
    assert (await desk.claim_turn("w", wait_ms=0)).outcome == ""


async def test_a_failed_turn_tells_the_customer_and_puts_them_in_line(shop, desk):
    await shop.customer("c")
    await shop.say("c", "我要退货")
    turn = await desk.claim_turn("w", wait_ms=0)
    finished = await desk.fail_turn(turn, error="timeout")
    assert (finished.case.reason, finished.case.state) == (Reason.BOT_UNAVAILABLE, CaseState.WAITING)
    assert "没能回答您" in finished.entries[-1].text
    await shop.say("c", "还有一个问题")
    turn = await desk.claim_turn("w", wait_ms=0)
    again = await desk.fail_turn(turn, error="timeout")
    assert again.case.case_id == finished.case.case_id
    assert "排队位置不变" in again.entries[-1].text


class TestADeadWorker:
    @pytest.fixture
    def policy(self):
        return DeskPolicy(lease_ms=0, max_attempts=2)

    async def test_loses_its_turn_to_another_and_the_first_to_finish_wins(self, shop, desk):
        await shop.customer("c")
        await shop.say("c")
        dead = await desk.claim_turn("dead", wait_ms=0)
        other = await desk.claim_turn("other", wait_ms=0)
        assert (other.turn_id, other.attempt) == (dead.turn_id, 2)
        finished = await desk.finish_turn(other, answer("一次"))
        late = await desk.finish_turn(dead, answer("两次"))
        assert finished.accepted
        assert not late.accepted
        assert late.entries == ()
        assert [entry.text for entry in await desk.log("c") if entry.kind is EntryKind.MESSAGE][1:] == ["一次"]

    async def test_after_too_many_attempts_the_customer_gets_a_person(self, shop, desk):
        await shop.customer("c")
        await shop.say("c")
        assert [(await desk.claim_turn(f"w{n}", wait_ms=0)).attempt for n in (1, 2)] == [1, 2]
        assert await desk.claim_turn("w3", wait_ms=0) is None
        view = await desk.conversation("c")
        assert view.case_state == "waiting"
        assert (await desk.case(view.case_id)).reason is Reason.BOT_UNAVAILABLE

    async def test_attempts_are_counted_anew_for_the_next_turn(self, shop, desk):
        await shop.customer("c")
        await shop.say("c")
        await shop.say("c")
        await desk.claim_turn("w1", wait_ms=0)
        await desk.finish_turn(await desk.claim_turn("w2", wait_ms=0), answer())
        turn = await desk.claim_turn("w3", wait_ms=0)
        assert (turn.seq, turn.attempt) == (2, 1)


async def test_a_worker_that_gives_signs_of_life_keeps_its_turn(shop, backend, desk):
    await shop.customer("c")
    await shop.say("c")
    turn = await desk.claim_turn("w", wait_ms=0)
    for _ in range(3):
        await asyncio.sleep(0.04)  # less than the lease each time, more in all
        await desk.turn_alive("w", [turn])
        assert await backend.claim_turn("thief", wait_ms=0, lease_ms=100) is None


async def test_a_result_for_a_turn_that_was_never_queued_is_not_accepted(shop, desk):
    await shop.customer("c")
    await shop.say("c")
    turn = await desk.claim_turn("w", wait_ms=0)
    ghost = replace(turn, turn_id="c:9", seq=9)
    assert not (await desk.finish_turn(ghost, answer())).accepted
    assert (await desk.conversation("c")).last_seq == 1


async def test_a_dead_claim_that_is_fenced_does_not_hide_the_next_dead_one(shop, backend):
    await shop.agent("wang")
    for who in ("ann", "bob"):
        await shop.customer(who)
        await shop.say(who)
        assert await backend.claim_turn("dead", wait_ms=0, lease_ms=3_600_000)
    await shop.active("ann", "wang")  # her turn's epoch has passed
    turn = await backend.claim_turn("heir", wait_ms=0, lease_ms=0)
    assert (turn.conversation_id, turn.attempt) == ("bob", 2)
