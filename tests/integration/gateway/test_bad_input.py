"""Whatever is sent, the answer is a clear error or a sensible reply; never a crash, never our insides."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.integration.gateway.harness import RunningGateway, running_gateway

PATHS = ("/api/customer/say", "/api/agent/login", "/webhooks/rest/webhook")

BODIES = {
    "empty body": b"",
    "not json": b"hello",
    "broken utf-8": b'{"key":"k","text":"\xff\xfe"}',
    "an array": b"[1,2,3]",
    "a string": b'"text"',
    "null": b"null",
    "nested very deeply": b'{"text":' + b"[" * 7000 + b"]" * 7000 + b"}",
    "a number with ten thousand digits": b'{"key":"k","text":"t","seq":' + b"9" * 10_000 + b"}",
    "wrong types": b'{"key":1,"text":["a"],"name":{},"password":3,"message":false,"sender":[]}',
    "missing fields": b"{}",
    "nulls": b'{"key":null,"text":null,"name":null,"password":null,"message":null,"sender":null}',
}


@pytest.mark.parametrize("path", PATHS)
async def test_a_broken_body_is_a_clear_400(door: RunningGateway, path: str) -> None:
    browser = door.browser()
    await browser.post("/api/customer/session", json={})
    for name, body in BODIES.items():
        async with browser.post(path, data=body, headers={"Content-Type": "application/json"}) as response:
            text = await response.text()
            assert response.status == 400, (name, text)
            document = json.loads(text)
            assert document["error"] == "bad_request", name
            assert document["message"], name
            assert "Traceback" not in text, name


async def test_a_body_over_the_limit_is_a_413(door: RunningGateway) -> None:
    browser = door.browser()
    await browser.post("/api/customer/session", json={})
    for path in PATHS:
        async with browser.post(path, data=b'{"text":"' + b"a" * 20_000 + b'"}') as response:
            assert response.status == 413, path
            assert (await response.json())["error"] == "too_long", path


async def test_unknown_fields_are_ignored(door: RunningGateway) -> None:
    page = await door.customer()
    ack = await page.ack(await page.send("say", text="你好", colour="red", epoch=99, seq={"a": 1}))
    assert ack["type"] == "ack"
    status, replies = await door.rest("你好", colour="red", metadata={"a": [1]})
    assert status == 200
    assert replies


FRAMES = {
    "not json": "hello",
    "an array": "[]",
    "no type": "{}",
    "a type that is no string": '{"type":1}',
    "an unknown type": '{"type":"drop_tables"}',
    "a type of the other side": '{"type":"resolve","case_id":"c"}',
    "no text": '{"type":"say","key":"k"}',
    "a wrong type": '{"type":"say","key":"k","text":5}',
    "no key": '{"type":"say","text":"t"}',
    "a key with blanks": '{"type":"say","key":"a b","text":"t"}',
    "an endless key": json.dumps({"type": "say", "key": "k" * 200, "text": "t"}),
    "empty text": '{"type":"say","key":"k","text":""}',
    "only blanks": '{"type":"say","key":"k","text":"  \\n\\t "}',
    "only control characters": '{"type":"say","key":"k","text":"\\u0000\\u0007"}',
    "a lone surrogate": '{"type":"say","key":"k","text":"\\ud800"}',
    "a score out of range": '{"type":"rate","key":"k","score":9}',
    "a number too large": '{"type":"feedback","key":"k","seq":99999999999999999999,"useful":true}',
    "true as a number": '{"type":"feedback","key":"k","seq":true,"useful":true}',
}


async def test_broken_frames_are_answered_and_the_socket_lives(door: RunningGateway) -> None:
    page = await door.customer()
    for name, frame in FRAMES.items():
        await page.socket.send_str(frame)
        answer = await page.until(lambda frame: frame["type"] in ("error", "ack"))
        assert answer["type"] == "error", name
        assert answer["code"] == "bad_request", name
        assert answer["message"], name
    await page.socket.send_bytes(b"\x00\x01")
    assert (await page.until(lambda frame: frame["type"] == "error"))["code"] == "bad_request"
    await page.send("ping")
    await page.until(lambda frame: frame["type"] == "pong")
    assert door.bot.asked == []


async def test_ten_thousand_characters_are_too_long(door: RunningGateway) -> None:
    page = await door.customer()
    for text in ("长" * 2001, "长" * 10_000):
        answer = await page.ack_or_error(await page.send("say", text=text))
        assert answer["code"] == "too_long"
    assert (await page.ack(await page.send("say", text="长" * 2000)))["type"] == "ack"
    status, body = await door.rest("长" * 2001)
    assert status == 413
    assert body["error"] == "too_long"


async def test_a_frame_beyond_all_measure_ends_only_that_socket(door: RunningGateway) -> None:
    page = await door.customer()
    await page.socket.send_str("x" * 2_000_000)
    assert await page.closed() == 1009
    again = await door.customer(page.browser)
    assert (await again.ack(await again.send("say", text="还在")))["type"] == "ack"


SAYABLE = {
    "emoji only": "😀👨‍👩‍👧🎉",
    "markup": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "a command to the bot": "/restart",
    "an intent with entities": '/request_human{"a":"b"}',
    "quotes of sql and lua": "'; DROP TABLE x; -- \" ]] .. os.exit()",
    "a template": "{{7*7}} ${7*7} %s %(x)s {position} {agent}",
    "several lines": "第一行\n第二行",
    "full width": "ＡＢＣ１２３，。！",
}


async def test_odd_but_honest_text_arrives_as_it_was_sent(gateway: RunningGateway) -> None:
    page = await gateway.customer()
    for name, text in SAYABLE.items():
        await page.send("say", text=text)
        assert (await page.entry(author="customer"))["text"] == text, name
        await page.entry("收到")
        assert gateway.bot.asked[-1].text == text, name


async def test_control_characters_and_direction_overrides_are_taken_out(gateway: RunningGateway) -> None:
    page = await gateway.customer()
    await page.send("say", text="退\x00款\u202e给\u0007我\r\n谢谢\ufeff")
    assert (await page.entry(author="customer"))["text"] == "退款给我\n谢谢"


async def test_too_many_messages_at_once_are_slowed_down(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, customer_burst=5, customer_per_minute=1) as door:
        page = await door.customer()
        keys = [await page.send("say", text="刷屏", key=f"k{number}") for number in range(9)]
        answers = [await page.ack_or_error(key) for key in keys]
        assert [answer["type"] for answer in answers] == ["ack"] * 5 + ["error"] * 4
        assert {answer["code"] for answer in answers[5:]} == {"rate_limited"}
        other = await door.customer()
        assert (await other.ack(await other.send("say", text="你好")))["type"] == "ack"


async def test_wrong_methods_and_addresses_answer_in_json(door: RunningGateway) -> None:
    browser = door.browser()
    for method, path, status in (
        ("GET", "/api/customer/say", 405),
        ("GET", "/nowhere", 404),
        ("GET", "/static/../secrets.json", 404),
        ("GET", "/static/%2e%2e/wiring.py", 404),
        ("GET", "/static/nothing.js", 404),
        ("GET", "/docs", 404),
        ("GET", "/openapi.json", 404),
    ):
        async with browser.request(method, path) as response:
            assert response.status == status, path
            assert (await response.json())["error"]


async def test_a_browser_that_does_not_read_is_cut_off_and_nothing_is_lost(
    door: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await door.customer()
    conversation_id = page.snapshot["conversation"]["conversation_id"]
    inboxes = door.parts.relay._conversations[conversation_id]
    (inbox,) = inboxes
    monkeypatch.setattr(inbox, "_limit", 2)
    # A burst within one step of the loop, as from a busy Redis: the writer had no turn in between.
    for number in range(5):
        inbox.put({"type": "filler", "number": number})
    assert await page.closed() == 4408
    await asyncio.sleep(0)
    back = await door.customer(page.browser)
    await back.send("say", text="回来了")
    await back.entry("收到：回来了")
