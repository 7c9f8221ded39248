"""A customer page: snapshot, events, sending, coming back."""

from __future__ import annotations

import asyncio

import pytest

from contracts.conversation import DeskEvent
from tests.integration.gateway.harness import RunningGateway


async def test_a_question_is_acknowledged_and_answered(gateway: RunningGateway) -> None:
    page = await gateway.customer()
    assert page.snapshot["entries"] == []
    assert page.snapshot["conversation"]["owner"] == "bot"
    assert page.snapshot["shop"]["chips"]

    key = await page.send("say", text="你好")
    said = await page.entry("你好", author="customer")
    assert said["key"] == key
    reply = await page.entry("收到：你好", author="bot")
    assert reply["seq"] > said["seq"]


async def test_the_ack_carries_the_number_of_the_message(gateway: RunningGateway) -> None:
    page = await gateway.customer()
    ack = await page.ack(await page.send("say", text="第一句"))
    assert ack["type"] == "ack"
    assert ack["seq"] == 1
    assert ack["at_ms"] > 0


async def test_the_same_key_twice_is_one_message_and_one_answer(gateway: RunningGateway) -> None:
    page = await gateway.customer()
    first = await page.ack(await page.send("say", text="重复", key="k1"))
    second = await page.ack(await page.send("say", text="重复", key="k1"))
    assert first["seq"] == second["seq"]
    await page.ack(await page.send("say", text="结束", key="k2"))
    await page.entry("收到：结束")
    assert [turn.text for turn in gateway.bot.asked] == ["重复", "结束"]


async def test_coming_back_with_after_brings_exactly_what_was_missed(gateway: RunningGateway) -> None:
    page = await gateway.customer()
    await page.send("say", text="一")
    seen = (await page.entry("收到：一"))["seq"]
    browser = page.browser
    await page.close()
    other = await gateway.customer(browser)
    await other.send("say", text="二")
    await other.entry("收到：二")

    back = await gateway.customer(browser, after=seen)
    assert [entry["text"] for entry in back.snapshot["entries"]] == ["二", "收到：二"]
    assert min(entry["seq"] for entry in back.snapshot["entries"]) > seen


async def test_two_pages_of_one_customer_see_the_same(gateway: RunningGateway) -> None:
    browser = gateway.browser()
    one, two = await gateway.customer(browser), await gateway.customer(browser)
    await one.send("say", text="两个标签页")
    assert (await one.entry("收到"))["seq"] == (await two.entry("收到"))["seq"]


async def test_a_burst_arrives_in_order_once_each(gateway: RunningGateway) -> None:
    page = await gateway.customer()
    texts = [f"第{number}句" for number in range(12)]
    for text in texts:
        await page.send("say", text=text)
    entries = []
    while sum(entry["author"] == "bot" for entry in entries) < len(texts):
        entries.append(await page.entry())
    assert [entry["text"] for entry in entries if entry["author"] == "customer"] == texts
    assert [entry["text"] for entry in entries if entry["author"] == "bot"] == [f"收到：{text}" for text in texts]
    numbers = [entry["seq"] for entry in entries]
    assert numbers == sorted(set(numbers))


async def test_events_while_the_snapshot_is_read_are_neither_lost_nor_doubled(gateway: RunningGateway) -> None:
    browser = gateway.browser()
    first = await gateway.customer(browser)

    async def talk() -> None:
        for number in range(15):
            await first.send("say", text=f"消息{number}")

    async def join() -> list[int]:
        page = await gateway.customer(browser)
        numbers = [entry["seq"] for entry in page.snapshot["entries"]]
        while True:
            if any("收到：消息14" in text for text in texts_of(page)):
                return numbers
            frame = await page.until(lambda frame: frame["type"] == "entry")
            numbers.append(frame["entry"]["seq"])
            if "收到：消息14" in frame["entry"]["text"]:
                return numbers

    def texts_of(page) -> list[str]:  # type: ignore[no-untyped-def]
        return [entry["text"] for entry in page.snapshot["entries"]]

    *joined, _ = await asyncio.gather(*(join() for _ in range(4)), talk())
    log = await gateway.desk.log((await first_id(first)), limit=500)
    visible = [entry.seq for entry in log if entry.kind.value == "message"]
    for numbers in joined:
        assert numbers == visible


async def first_id(page) -> str:  # type: ignore[no-untyped-def]
    return page.snapshot["conversation"]["conversation_id"]


async def test_notes_and_annotations_never_reach_the_customer(gateway: RunningGateway) -> None:
    page = await gateway.customer()
    await page.send("say", text="转人工")
    await page.entry("人工客服", author="system")
    conversation_id = await first_id(page)
    await gateway.desk.note("xiaowang", conversation_id, key="n1", text="内部备注")
    await page.send("say", text="还在吗")
    entries = [await page.entry("收到：还在吗")]
    async with page.browser.get("/api/customer/log?after=0") as response:
        entries += (await response.json())["entries"]
    assert {entry["kind"] for entry in entries} <= {"message", "case"}
    assert all("内部备注" not in entry["text"] for entry in entries)
    kinds = {entry.kind.value for entry in await gateway.desk.log(conversation_id)}
    assert {"note", "annotation"} <= kinds


async def test_a_long_log_opens_with_its_newest_part_and_the_rest_can_be_fetched(gateway: RunningGateway) -> None:
    page = await gateway.customer()
    conversation_id = await first_id(page)
    for number in range(230):
        await gateway.desk.correct_problem(conversation_id, key=f"c{number}", text=f"第{number}次")
    fresh = await gateway.customer(page.browser)
    numbers = [entry["seq"] for entry in fresh.snapshot["entries"]]
    assert numbers[-1] == fresh.snapshot["conversation"]["last_seq"] == 230
    assert len(numbers) == 200
    async with page.browser.get(f"/api/customer/log?before={numbers[0]}") as response:
        older = [entry["seq"] for entry in (await response.json())["entries"]]
    assert older == list(range(1, numbers[0]))


async def test_without_sockets_the_same_works_over_http(gateway: RunningGateway) -> None:
    browser = gateway.browser()
    await browser.post("/api/customer/session", json={})
    async with browser.post("/api/customer/say", json={"key": "k1", "text": "你好"}) as response:
        assert (await response.json())["seq"] == 1
    async with browser.post("/api/customer/say", json={"key": "k1", "text": "你好"}) as response:
        assert (await response.json())["seq"] == 1
    page = await gateway.customer(browser)
    if not any(entry["author"] == "bot" for entry in page.snapshot["entries"]):
        await page.entry("收到：你好")
    async with browser.get("/api/customer/log?after=1") as response:
        assert [entry["text"] for entry in (await response.json())["entries"]] == ["收到：你好"]


async def test_the_waiting_customer_sees_their_place_and_may_leave(gateway: RunningGateway) -> None:
    first, second = await gateway.customer(), await gateway.customer()
    await first.ack(await first.send("request_human"))
    await second.send("request_human")
    view = await second.until(lambda frame: frame["type"] == "conversation" and frame["conversation"]["wait"])
    assert view["conversation"]["wait"]["position"] == 2
    await first.send("cancel_wait")
    view = await second.until(
        lambda frame: frame["type"] == "conversation" and frame["conversation"]["wait"]["position"] == 1
    )
    assert view["conversation"]["case_state"] == "waiting"
    back = await first.until(
        lambda frame: frame["type"] == "conversation" and frame["conversation"]["case_state"] == "none"
    )
    assert back["conversation"]["wait"] is None


async def test_a_vote_survives_a_reload(gateway: RunningGateway) -> None:
    page = await gateway.customer()
    await page.send("say", text="答")
    answer = await page.entry("七天内")
    assert answer["data"]["answer"]["entry_id"] == "return-howto"
    await page.ack(await page.send("feedback", seq=answer["seq"], useful=False))
    again = await gateway.customer(page.browser)
    votes = [entry for entry in again.snapshot["entries"] if entry["kind"] == "feedback"]
    assert votes[0]["data"] == {"what": "vote", "about": answer["seq"], "useful": False}


async def test_events_that_were_missed_are_fetched_in_their_place(
    gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await gateway.customer()
    relay, seen = gateway.parts.relay, []
    dispatch = relay._dispatch

    def forgetful(event: DeskEvent) -> None:
        """Every second event of a log is lost on the way."""
        seen.append(event)
        if event.kind != "entry" or len(seen) % 2:
            dispatch(event)

    monkeypatch.setattr(relay, "_dispatch", forgetful)
    for number in range(8):
        await page.send("say", text=f"消息{number}")
    texts: list[str] = []
    # Nothing later shows that the very last entry is missing, so all but one reply must have come.
    while sum(text.startswith("收到") for text in texts) < 7:
        texts.append((await page.entry())["text"])
    log = await gateway.desk.log(await first_id(page))
    spoken = [entry.text for entry in log if entry.kind.value == "message"]
    assert texts == spoken[: len(texts)]
