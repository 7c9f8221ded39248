"""Customers who want to be told an answer that the bot did not have: over every backend."""

from __future__ import annotations

import asyncio

import pytest

from contracts.answer import Answer
from contracts.conversation import Author, EntryKind
from contracts.turn import BotMessage, TurnResult
from handoff.contacts import Reaction, exchanges
from handoff.errors import Invalid, NotFound, Refused
from handoff.wishes import KEPT_MS, MOST_WISHES, Telling, Wish

MISS = BotMessage("抱歉，没找到答案。", kind="miss")
ANSWER = BotMessage(
    "门店有地下车库。", kind="answer", answer=Answer("park", "停车", "门店有地下车库。", "门店", "2026-11-01")
)


async def asked(shop, customer: str, text: str = "门店能停车吗", reply: BotMessage = MISS) -> int:
    """A question and the bot's reply; returns the reply's number."""
    await shop.customer(customer)
    await shop.say(customer, text)
    turn = await shop.desk.claim_turn("w", wait_ms=0)
    finished = await shop.desk.finish_turn(turn, TurnResult((reply,)))
    return finished.entries[-1].seq


async def wishes(desk) -> list[tuple[str, int, str]]:
    return [(one.conversation_id, one.seq, one.question) for one in await desk.wishes(limit=100)]


async def test_a_wish_stands_with_the_conversation_names_the_question_and_can_be_taken_back(shop, desk):
    seq = await asked(shop, "c")
    made = await desk.wish("c", key="w1", seq=seq)
    assert (made.kind, made.author, made.data) == (
        EntryKind.FEEDBACK, Author.CUSTOMER, {"what": "wish", "about": seq, "wanted": True},
    )  # fmt: skip
    assert await wishes(desk) == [("c", 1, "门店能停车吗")]
    assert await desk.wish("c", key="w1", seq=seq) == made
    await desk.wish("c", key="w2", seq=seq, wanted=False)
    assert await wishes(desk) == []
    assert await desk.tell(Wish("c", 1, "门店能停车吗", 0), ANSWER) is Telling.GONE
    assert [entry.data.get("wanted") for entry in await desk.log("c")][-2:] == [True, False]


async def test_telling_is_said_once_by_the_bot_whoever_tries_and_however_often(shop, desk):
    await desk.wish("c", key="w1", seq=await asked(shop, "c"))
    (wish,) = await desk.wishes(limit=10)
    told = await asyncio.gather(*(desk.tell(wish, ANSWER) for _ in range(8)))
    assert sorted(told) == sorted([Telling.DONE, *[Telling.BEFORE] * 7])
    said = [entry for entry in await desk.log("c") if entry.data.get("told")]
    assert [(entry.author, entry.kind, entry.text, entry.data["told"]) for entry in said] == [
        (Author.BOT, EntryKind.MESSAGE, ANSWER.text, 1)
    ]
    assert said[0].data["answer"]["entry_id"] == "park"
    assert await wishes(desk) == []


async def test_who_was_told_is_not_told_again_though_they_wish_again(shop, desk):
    seq = await asked(shop, "c")
    await desk.wish("c", key="w1", seq=seq)
    (wish,) = await desk.wishes(limit=10)
    await desk.tell(wish, ANSWER)
    await desk.wish("c", key="w2", seq=seq)
    assert await wishes(desk) == []
    assert await desk.tell(wish, ANSWER) is Telling.BEFORE


async def test_what_became_of_the_question_when_it_was_asked_stays_as_it_was(shop, desk):
    await desk.wish("c", key="w1", seq=await asked(shop, "c"))
    before = exchanges(await desk.log("c"))
    (wish,) = await desk.wishes(limit=10)
    await desk.tell(wish, ANSWER)
    assert exchanges(await desk.log("c")) == before
    assert before[1].reaction is not Reaction.ANSWER


async def test_nobody_is_told_while_a_person_serves_or_is_called_and_then_the_wish_still_stands(shop, desk):
    await desk.wish("c", key="w1", seq=await asked(shop, "c"))
    (wish,) = await desk.wishes(limit=10)
    await shop.agent("wang")
    case = await desk.request_human("c", key="human")
    with pytest.raises(Refused):
        await desk.tell(wish, ANSWER)
    await desk.accept("wang", case.case_id)
    before = await desk.log("c")
    with pytest.raises(Refused):
        await desk.tell(wish, ANSWER)
    assert await desk.log("c") == before
    await desk.wrap_up("wang", case.case_id)
    with pytest.raises(Refused):
        await desk.tell(wish, ANSWER)
    await desk.resolve("wang", case.case_id, outcome={})
    assert await desk.tell(wish, ANSWER) is Telling.DONE


async def test_a_wish_is_offered_where_the_bot_had_no_answer_or_one_that_did_not_help_and_nowhere_else(shop, desk):
    helped = await asked(shop, "c", "怎么退货", ANSWER)
    await desk.wish("c", key="w1", seq=helped)
    chat = await asked(shop, "c", "你好", BotMessage("您好！"))
    for seq in (chat, 1, 0, -3, 999):
        with pytest.raises(Invalid):
            await desk.wish("c", key=f"no{seq}", seq=seq)
    with pytest.raises(NotFound):
        await desk.wish("nobody", key="x", seq=1)
    assert await wishes(desk) == [("c", 1, "怎么退货")]


async def test_so_many_wishes_stand_at_a_time_and_no_more(shop, desk):
    replies = [await asked(shop, "c", f"问题 {number}") for number in range(MOST_WISHES + 1)]
    for number, seq in enumerate(replies[:-1]):
        await desk.wish("c", key=f"w{number}", seq=seq)
    before = await desk.log("c", limit=1000)
    with pytest.raises(Refused):
        await desk.wish("c", key="more", seq=replies[-1])
    assert await desk.log("c", limit=1000) == before
    await desk.wish("c", key="again", seq=replies[0])
    await desk.wish("c", key="less", seq=replies[0], wanted=False)
    await desk.wish("c", key="more", seq=replies[-1])
    assert len(await wishes(desk)) == MOST_WISHES


async def test_who_wished_longest_ago_comes_first_and_what_was_wished_too_long_ago_is_forgotten(shop, desk):
    for customer in ("a", "b"):
        await desk.wish(customer, key="w", seq=await asked(shop, customer, f"{customer}能停车吗"))
        shop.clock.forward(1000)
    assert [one[0] for one in await wishes(desk)] == ["a", "b"]
    assert [one.conversation_id for one in await desk.wishes(limit=1)] == ["a"]
    shop.clock.forward(KEPT_MS - 1500)
    assert [one[0] for one in await wishes(desk)] == ["b"]
    await desk.wish("c", key="w", seq=await asked(shop, "c"))
    assert [one[0] for one in await wishes(desk)] == ["b", "c"]
