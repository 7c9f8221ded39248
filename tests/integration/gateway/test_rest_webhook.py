"""Clients made for Rasa's REST channel keep working."""

from __future__ import annotations

import asyncio
import json

from tests.integration.gateway.harness import RunningGateway, running_gateway
from tests.integration.gateway.test_agent_console import in_state, offered


async def test_the_health_address_answers_as_rasas(gateway: RunningGateway) -> None:
    async with gateway.browser().get("/webhooks/rest/") as response:
        assert await response.json() == {"status": "ok"}


async def test_an_answer_has_rasas_form(gateway: RunningGateway) -> None:
    status, replies = await gateway.rest("选", sender="tester")
    assert status == 200
    (reply,) = replies
    assert reply["recipient_id"] == "tester"
    assert reply["text"] == "您想问的是哪一个？"
    assert reply["buttons"] == [
        {"title": "怎么退货？", "payload": "怎么退货？"},
        {"title": "退货运费谁出？", "payload": "退货运费谁出？"},
    ]
    _, (answer,) = await gateway.rest("答", sender="tester")
    assert answer["custom"]["answer"]["entry_id"] == "return-howto"


async def test_a_call_without_content_type_or_sender_works_as_with_rasa(door: RunningGateway) -> None:
    body = json.dumps({"message": "你好"}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with door.browser().post("/webhooks/rest/webhook", data=body, headers=headers) as response:
        assert [reply["recipient_id"] for reply in await response.json()] == ["default"]


async def test_each_call_returns_its_own_replies_once(gateway: RunningGateway) -> None:
    for number in range(5):
        _, replies = await gateway.rest(f"问题{number}")
        assert [reply["text"] for reply in replies] == [f"收到：问题{number}"]


async def test_calls_at_once_of_many_senders_do_not_mix(gateway: RunningGateway) -> None:
    answers = await asyncio.gather(*(gateway.rest(f"我是{n}", sender=f"s{n}") for n in range(12)))
    for number, (status, replies) in enumerate(answers):
        assert status == 200
        assert [(reply["recipient_id"], reply["text"]) for reply in replies] == [(f"s{number}", f"收到：我是{number}")]


async def test_calls_at_once_of_one_sender_deliver_every_reply_once(gateway: RunningGateway) -> None:
    answers = await asyncio.gather(*(gateway.rest(f"第{n}句") for n in range(5)))
    texts = [reply["text"] for _, replies in answers for reply in replies]
    assert sorted(texts) == sorted(f"收到：第{n}句" for n in range(5))


async def test_a_repeated_call_with_its_key_asks_the_bot_once_and_is_answered_again(gateway: RunningGateway) -> None:
    await gateway.rest("先问")
    first = await gateway.rest("只问一次", metadata={"key": "call-1"})
    assert [said["text"] for said in first[1]] == ["收到：只问一次"]
    assert await gateway.rest("只问一次", metadata={"key": "call-1"}) == first
    assert [said["text"] for said in (await gateway.rest("再问"))[1]] == ["收到：再问"]
    assert [turn.text for turn in gateway.bot.asked] == ["先问", "只问一次", "再问"]


async def test_while_a_person_owns_the_conversation_it_returns_what_they_wrote(gateway: RunningGateway) -> None:
    agent = await gateway.agent()
    _, replies = await gateway.rest("转人工")
    assert "人工客服" in replies[0]["text"]
    case = await offered(agent)
    await agent.send("accept", case_id=case["case_id"])
    case = await in_state(agent, "active")
    asked = len(gateway.bot.asked)

    status, replies = await gateway.rest("您好")
    assert status == 200
    assert ["小王" in reply["text"] for reply in replies] == [True]
    assert (await gateway.rest("在吗")) == (200, [])
    await agent.ack(await agent.send("say", conversation_id=case["conversation_id"], text="在的", epoch=case["epoch"]))
    _, replies = await gateway.rest("帮我查一下")
    assert [(reply["text"], reply["custom"]["author"]) for reply in replies] == [("在的", "agent")]
    assert (await gateway.rest("好的")) == (200, [])
    assert len(gateway.bot.asked) == asked


async def test_a_failing_bot_is_an_apology_and_a_place_in_the_queue(gateway: RunningGateway) -> None:
    gateway.bot.failures = [500, 500]
    status, replies = await gateway.rest("你好")
    assert status == 200
    assert len(replies) == 1
    assert replies[0]["custom"]["kind"] == "notice"
    assert [case.reason.value for case in await gateway.desk.queue()] == ["bot_unavailable"]


async def test_without_a_worker_the_call_ends_with_503_and_the_reply_comes_later(tmp_path) -> None:  # type: ignore[no-untyped-def]
    async with running_gateway(tmp_path, with_worker=False, rest_wait_ms=200) as gateway:
        status, body = await gateway.rest("有人吗")
        assert status == 503
        assert body["error"] == "unavailable"
        turn = await gateway.desk.claim_turn("late", wait_ms=100)
        assert turn is not None
        await gateway.desk.fail_turn(turn, error="late")
        page = gateway.browser()
        body = {"sender": "me", "message": "还在吗"}
        async with page.post("/webhooks/rest/webhook?stream=true", json=body) as response:
            lines = [json.loads(line) for line in (await response.text()).splitlines()]
        assert "人工客服" in lines[0]["text"]
        assert lines[1]["error"] == "unavailable"


async def test_streaming_sends_one_document_a_line(gateway: RunningGateway) -> None:
    body = {"sender": "s", "message": "你好"}
    async with gateway.browser().post("/webhooks/rest/webhook?stream=true", json=body) as response:
        lines = (await response.text()).splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["收到：你好"]
