"""Messages, keys, owners and logs, over every backend."""

from __future__ import annotations

import asyncio

import pytest

from contracts.conversation import Author, EntryKind
from handoff.errors import Invalid, NotAllowed, NotFound, Stale, TooLong


async def test_opening_twice_is_opening_once_and_the_profile_is_merged(desk):
    await desk.open("c", profile={"name": "李雷", "tags": []})
    view = await desk.open("c", channel="other", profile={"vip": True})
    assert (view.owner, view.epoch, view.last_seq, view.channel) == ("bot", 1, 0, "web")
    assert view.profile == {"name": "李雷", "tags": [], "vip": True}


async def test_what_was_never_opened_is_not_found(desk):
    for call in (desk.conversation("x"), desk.say("x", key="k", text="喂"), desk.log("x"), desk.case("x")):
        with pytest.raises(NotFound):
            await call


async def test_a_message_is_logged_numbered_and_queued_for_the_bot(shop, desk):
    await shop.customer("c")
    said = await desk.say("c", key="k", text="  我的包裹\x00到哪了 \n", choice="faq-7")
    assert (said.seq, said.owner, said.epoch, said.turn_queued, said.duplicate) == (1, "bot", 1, True, False)
    (entry,) = await desk.log("c")
    assert (entry.seq, entry.kind, entry.author, entry.text) == (
        1,
        EntryKind.MESSAGE,
        Author.CUSTOMER,
        "我的包裹到哪了",
    )
    assert (entry.key, entry.data, entry.at_ms) == ("k", {"choice": "faq-7"}, said.at_ms)


async def test_the_same_key_again_changes_nothing_and_tells_of_the_first_time(shop, desk):
    await shop.customer("c")
    first = await desk.say("c", key="k", text="一")
    again = await desk.say("c", key="k", text="一")
    assert again.duplicate
    assert (again.seq, again.at_ms, again.turn_queued) == (first.seq, first.at_ms, first.turn_queued)
    assert len(await desk.log("c")) == 1
    assert (await desk.claim_turn("w", wait_ms=0)) is not None
    assert (await desk.claim_turn("w2", wait_ms=0)) is None


async def test_keys_of_two_conversations_do_not_meet(shop, desk):
    await shop.customer("a")
    await shop.customer("b")
    assert not (await desk.say("a", key="k", text="一")).duplicate
    assert not (await desk.say("b", key="k", text="一")).duplicate


@pytest.mark.parametrize("text", ["", "   ", "\x00\x07", "\ud800"])
async def test_nothing_to_say_is_refused(shop, desk, text):
    await shop.customer("c")
    with pytest.raises(Invalid):
        await desk.say("c", key="k", text=text)
    assert await desk.log("c") == []


async def test_too_much_to_say_is_refused_and_the_limit_is_taken(shop, desk):
    await shop.customer("c")
    with pytest.raises(TooLong):
        await desk.say("c", key="k", text="啊" * 2001)
    assert (await desk.say("c", key="k", text="啊" * 2000)).seq == 1


@pytest.mark.parametrize("text", ['{"a":null}', "%s %d", "{position} {agent}", "😀🤖", "a\tb\nc", "\\u0000 \\", "'\"`"])
async def test_any_text_comes_back_as_it_was_said(shop, desk, text):
    await shop.customer("c")
    await desk.say("c", key="k", text=text)
    assert (await desk.log("c"))[0].text == text
    case = await desk.request_human("c", key="r")
    assert (await desk.case(case.case_id)).conversation_id == "c"


async def test_the_log_is_read_forwards_from_a_number_and_backwards_to_one(shop, desk):
    await shop.customer("c")
    for number in range(1, 8):
        await shop.say("c", f"第{number}句")
    assert [entry.seq for entry in await desk.log("c", after=2, limit=3)] == [3, 4, 5]
    assert [entry.seq for entry in await desk.log("c", before=6, limit=3)] == [3, 4, 5]
    assert [entry.seq for entry in await desk.log("c", before=2)] == [1]
    assert await desk.log("c", before=1) == []
    assert await desk.log("c", after=7) == []


async def test_an_agent_speaks_only_as_owner_and_only_under_the_present_epoch(shop, desk):
    await shop.agent("wang", cap=2)
    await shop.agent("li")
    case, view = await shop.active("c", "wang")
    said = await desk.agent_say("wang", "c", key="a1", text="您好", epoch=view.epoch)
    assert (said.owner, said.turn_queued) == ("agent", False)
    assert (await desk.agent_say("wang", "c", key="a1", text="您好", epoch=view.epoch)).duplicate
    with pytest.raises(NotAllowed):
        await desk.agent_say("li", "c", key="a1", text="我来", epoch=view.epoch)
    with pytest.raises(Stale):
        await desk.agent_say("wang", "c", key="a2", text="早了", epoch=view.epoch - 1)
    await desk.resolve("wang", case.case_id, outcome={"reason": "solved"})
    with pytest.raises(Stale):
        await desk.agent_say("wang", "c", key="a3", text="晚了", epoch=view.epoch)
    assert [entry.text for entry in await desk.log("c") if entry.author is Author.AGENT] == ["您好"]


async def test_while_an_agent_owns_it_a_message_queues_no_turn(shop, desk):
    await shop.agent("wang")
    await shop.active("c", "wang")
    said = await shop.say("c")
    assert (said.owner, said.turn_queued) == ("agent", False)
    assert await desk.claim_turn("w", wait_ms=0) is None


async def test_feedback_ratings_and_notes_are_logged_once_a_key(shop, desk):
    await shop.customer("c")
    await shop.say("c")
    vote = await desk.feedback("c", key="f", seq=1, useful=False)
    assert await desk.feedback("c", key="f", seq=1, useful=False) == vote
    rating = await desk.rate("c", key="r", score=2, comment="太慢", stretch="bot")
    note = await desk.note("wang", "c", key="n", text="注意语气")
    assert [entry.seq for entry in await desk.log("c")] == [1, 2, 3, 4]
    assert vote.data == {"what": "vote", "about": 1, "useful": False}
    assert (rating.text, rating.data["score"], note.kind, note.author_id) == ("太慢", 2, EntryKind.NOTE, "wang")
    with pytest.raises(Invalid):
        await desk.rate("c", key="r2", score=6)


async def test_a_glance_tells_the_last_message_and_since_when_an_answer_is_owed(shop, desk, clock):
    await shop.agent("wang")
    await desk.open("c", profile={"name": "韩梅梅"})
    await shop.say("c", "你好")
    (glance,) = await desk.glance(["c", "nobody"])
    assert (glance.customer, glance.last_text, glance.last_author, glance.owed_since_ms) == (
        "韩梅梅",
        "你好",
        "customer",
        None,
    )
    asked = clock()
    case = await desk.request_human("c", key="r")
    view = await desk.accept("wang", case.case_id)
    clock.forward(500)
    await shop.say("c", "还在吗")
    assert (await desk.glance(["c"]))[0].owed_since_ms == asked
    await desk.agent_say("wang", "c", key="a", text="在的", epoch=view.epoch)
    (glance,) = await desk.glance(["c"])
    assert (glance.owed_since_ms, glance.last_text, glance.last_author) == (None, "在的", "agent")


async def test_everything_that_happens_is_published_in_order(shop, desk):
    feed = desk.events()
    first = asyncio.create_task(anext(feed))
    for _ in range(200):  # the subscription takes a moment over Redis; typing is stored nowhere, so it may be repeated
        await desk.publish_typing("c", author="customer", on=True)
        done, _ = await asyncio.wait({first}, timeout=0.02)
        if done:
            break
    assert first.result().kind == "typing"
    await shop.agent("wang")
    await shop.customer("c")
    await shop.say("c", "喂，有人吗")
    await desk.request_human("c", key="r")
    seen = []
    while not seen or seen[-1].data.get("data", {}).get("state") != "offered":
        seen.append(await asyncio.wait_for(anext(feed), 5))
    entries = [event.data for event in seen if event.kind == "entry"]
    assert [entry["seq"] for entry in entries] == [1, 2, 3, 4]
    assert (entries[0]["text"], entries[0]["author"]) == ("喂，有人吗", "customer")
    assert {event.kind for event in seen if event.kind != "typing"} == {"agent", "entry", "conversation", "queue"}
    await feed.aclose()
