"""Colleagues around one chat: whispers, calls by @, and who else is looking."""

from __future__ import annotations

import json
from typing import Any

from gateway.people import Role
from tests.integration.gateway.harness import Page, RunningGateway
from tests.integration.gateway.test_agent_console import handed_over


async def watching(gateway: RunningGateway, case: dict[str, Any]) -> Page:
    """A supervisor who watches the chat."""
    boss = await gateway.agent("zhang", display="老张", roles=(Role.SUPERVISOR,), ready=False)
    await boss.send("watch", conversation_id=case["conversation_id"])
    await boss.until(lambda frame: frame["type"] == "watching")
    return boss


async def log_of(page: Page, case: dict[str, Any]) -> list[str]:
    async with page.browser.get(f"/api/agent/conversations/{case['conversation_id']}/log") as response:
        assert response.status == 200
        return [entry["text"] for entry in (await response.json())["entries"]]


async def test_a_whisper_reaches_the_agent_and_never_the_customers_socket(gateway: RunningGateway) -> None:
    customer, agent, case = await handed_over(gateway)
    boss = await watching(gateway, case)
    there = {"conversation_id": case["conversation_id"]}
    for _ in range(2):  # sent again after a lost connection
        assert (await boss.ack(await boss.send("whisper", key="w1", text="先补偿十元", **there)))["type"] == "ack"
    heard = await agent.entry("先补偿十元")
    assert (heard["kind"], heard["author_id"]) == ("note", "zhang")
    assert heard["data"] == {"whisper": True, "to": "xiaowang"}

    await agent.send("say", text="我们补偿您十块", epoch=case["epoch"], **there)
    wire: list[dict[str, Any]] = []
    while not wire or "我们补偿您十块" not in json.dumps(wire[-1], ensure_ascii=False):
        wire.append(await customer.next())
    back = await gateway.customer(customer.browser)
    async with customer.browser.get("/api/customer/log") as response:
        everything = json.dumps([wire, back.snapshot, await response.json()], ensure_ascii=False)
    assert "我们补偿您十块" in everything
    assert "先补偿十元" not in everything
    assert "whisper" not in everything
    assert (await log_of(agent, case)).count("先补偿十元") == 1


async def test_a_whisper_is_for_that_agent_and_supervisors_also_after_a_transfer(gateway: RunningGateway) -> None:
    _, agent, case = await handed_over(gateway)
    boss = await watching(gateway, case)
    there = {"conversation_id": case["conversation_id"]}
    refused = await agent.ack(await agent.send("whisper", text="喂", **there))
    assert refused["code"] == "not_allowed"
    await boss.ack(await boss.send("whisper", text="语气软一点", **there))
    other = await gateway.agent("xiaoli", display="小李")
    await agent.send("transfer", case_id=case["case_id"], note="请接手", to_agent="xiaoli")
    offer = await other.until(lambda frame: frame["type"] == "case" and frame["case"]["state"] == "offered")
    await other.send("accept", case_id=offer["case"]["case_id"])
    await other.until(lambda frame: frame["type"] == "case" and frame["case"]["state"] == "active")
    assert "语气软一点" not in await log_of(other, case)
    assert "请接手" in await log_of(other, case)
    assert "语气软一点" in await log_of(boss, case)


async def test_a_whisper_into_a_chat_that_nobody_serves_is_refused(gateway: RunningGateway) -> None:
    boss = await gateway.agent("zhang", display="老张", roles=(Role.SUPERVISOR,), ready=False)
    customer = await gateway.customer()
    await customer.ack(await customer.send("request_human"))
    conversation = customer.snapshot["conversation"]["conversation_id"]
    refused = await boss.ack(await boss.send("whisper", text="喂", conversation_id=conversation))
    assert refused["code"] == "refused"


async def test_who_is_called_in_a_note_is_told_may_read_and_finds_it_later(gateway: RunningGateway) -> None:
    customer, agent, case = await handed_over(gateway)
    li = await gateway.agent("xiaoli", display="小李", ready=False)
    await gateway.agent("xiaolizi", display="小李子", ready=False)
    there = {"conversation_id": case["conversation_id"]}
    async with li.browser.get(f"/api/agent/conversations/{there['conversation_id']}/log") as response:
        assert response.status == 403
    for _ in range(2):
        await agent.ack(
            await agent.send("note", key="n1", text="@小李子 @小李 仓库归你们管吗 @小王 @没有这人", **there)
        )
    note = (await li.until(lambda frame: frame["type"] == "mention"))["mention"]
    assert note["text"].startswith("@小李子 @小李")
    assert (note["by"], note["by_display"], note["case_id"]) == ("xiaowang", "小王", case["case_id"])
    assert any(text.startswith("@小李子") for text in await log_of(li, case))
    async with li.browser.get(f"/api/agent/cases/{case['case_id']}") as response:
        assert response.status == 200
    assert (await li.ack(await li.send("note", text="归我们管", **there)))["type"] == "ack"
    assert (await li.ack(await li.send("say", text="你好", epoch=case["epoch"], **there)))["code"] == "not_allowed"

    later = await gateway.agent("xiaolizi", ready=False)
    assert [mention["seq"] for mention in later.snapshot["mentions"]] == [note["seq"]]
    assert (await gateway.agent("xiaowang", ready=False)).snapshot["mentions"] == []
    async with customer.browser.get("/api/customer/log") as response:
        assert "仓库归你们管吗" not in await response.text()


async def test_colleagues_see_who_else_has_a_chat_open_and_the_customer_does_not(gateway: RunningGateway) -> None:
    customer, agent, case = await handed_over(gateway)
    there = {"conversation_id": case["conversation_id"]}
    await agent.send("viewing", **there)
    boss = await watching(gateway, case)

    def seen(name: str):  # type: ignore[no-untyped-def]
        return lambda frame: frame["type"] == "viewing" and frame["who"]["name"] == name

    await boss.send("viewing", **there)
    came = await agent.until(seen("zhang"))
    assert (came["on"], came["typing"], came["who"]["display"]) == (True, False, "老张")
    assert (await boss.until(seen("xiaowang")))["on"]  # who was here before says so
    await boss.send("viewing", typing=True, **there)
    assert (await agent.until(seen("zhang")))["typing"]
    await boss.send("viewing", conversation_id="")
    assert not (await agent.until(seen("zhang")))["on"]
    await boss.send("viewing", **there)
    assert (await agent.until(seen("zhang")))["on"]
    await boss.close()
    assert not (await agent.until(seen("zhang")))["on"]

    stranger = await gateway.agent("xiaoli", display="小李", ready=False)
    await stranger.send("viewing", **there)  # not theirs to look at: nobody is told
    await agent.send("say", text="到此为止", epoch=case["epoch"], **there)
    wire = [await customer.next()]
    while wire[-1].get("entry", {}).get("text") != "到此为止":
        wire.append(await customer.next())
    assert all(frame["type"] != "viewing" for frame in wire)
    frames = [await agent.next()]
    while frames[-1].get("entry", {}).get("text") != "到此为止":
        frames.append(await agent.next())
    assert all(frame["type"] != "viewing" for frame in frames)
