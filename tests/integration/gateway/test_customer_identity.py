"""Which thread a browser is in: a site's signature, claim codes, and that nobody reads a thread that is not theirs."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest

from gateway.live import CLOSE_NO_SESSION
from gateway.records.claims import WRONG_CODES
from handoff.records.identity import sign
from tests.integration.gateway.harness import Page, RunningGateway


def signed(gateway: RunningGateway, external_id: str = "u-1", *, name: str = "", ago_s: int = 0) -> dict:
    """What the site's server signs for its customer."""
    issued_at = int(time.time()) - ago_s
    signature = sign(gateway.parts.secrets.site_secret, external_id, issued_at, name)
    return {"external_id": external_id, "issued_at": issued_at, "name": name, "signature": signature}


async def call(browser: aiohttp.ClientSession, path: str, **body) -> tuple[int, dict]:
    async with browser.post(path, json=body) as response:
        return response.status, await response.json()


async def session(browser: aiohttp.ClientSession, **body) -> dict:
    status, answer = await call(browser, "/api/customer/session", **body)
    assert status == 200, answer
    return answer


async def say(browser: aiohttp.ClientSession, text: str) -> None:
    status, answer = await call(browser, "/api/customer/say", key=f"k{time.time_ns()}", text=text)
    assert status == 200, answer


async def said(browser: aiohttp.ClientSession) -> list[str]:
    """What the customer of this browser can read of what they said."""
    async with browser.get("/api/customer/log") as response:
        assert response.status == 200
        entries = (await response.json())["entries"]
    return [entry["text"] for entry in entries if entry["author"] == "customer"]


async def test_a_signed_customer_has_one_thread_on_every_device(gateway: RunningGateway) -> None:
    phone, desktop, other = gateway.browser(), gateway.browser(), gateway.browser()
    first = await session(phone, identity=signed(gateway, name="张三"))
    assert first["verified"]
    await say(phone, "我的包裹呢")
    assert await session(desktop, identity=signed(gateway, name="张三")) == first
    assert await said(desktop) == ["我的包裹呢"]
    assert (await session(other, identity=signed(gateway, "u-2")))["conversation_id"] != first["conversation_id"]
    view = await gateway.parts.desk.conversation(first["conversation_id"])
    assert view.profile == {"name": "张三", "verified": True}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"external_id": "u-2"}, "签名不对"),
        ({"name": "老板"}, "签名不对"),
        ({"signature": "0" * 64}, "签名不对"),
        ({"signature": "签"}, "签名不对"),
        ({"external_id": ""}, "external_id"),
    ],
)
async def test_a_forged_signature_is_refused_and_says_what_is_wrong(door: RunningGateway, changes, sentence) -> None:
    browser = door.browser()
    mine = await session(browser)
    status, answer = await call(browser, "/api/customer/session", identity={**signed(door), **changes})
    assert (status, answer["error"]) == (403, "not_allowed")
    assert sentence in answer["message"]
    assert await session(browser) == mine, "the browser stays who it was"


async def test_an_old_and_a_future_signature_are_refused(door: RunningGateway) -> None:
    for ago_s, word in ((601, "过期"), (-120, "将来")):
        status, answer = await call(door.browser(), "/api/customer/session", identity=signed(door, ago_s=ago_s))
        assert (status, word in answer["message"]) == (403, True)


async def test_a_page_that_was_open_for_an_hour_goes_on_as_the_same_customer_and_as_no_other(
    door: RunningGateway,
) -> None:
    browser, mine = door.browser(), signed(door)
    first = await session(browser, identity=mine)
    cookies = [str(cookie) for cookie in browser.cookie_jar]
    assert await session(browser, identity=signed(door, ago_s=3600)) == first
    assert [str(cookie) for cookie in browser.cookie_jar] == cookies, "the cookie lasts no longer for it"
    for other in (signed(door, "u-2", ago_s=3600), {**signed(door, ago_s=3600), "signature": "0" * 64}):
        status, answer = await call(browser, "/api/customer/session", identity=other)
        assert (status, answer["error"]) == (403, "not_allowed")


async def test_what_was_said_before_logging_in_is_linked_and_the_cookie_is_another(gateway: RunningGateway) -> None:
    browser = gateway.browser()
    before = await session(browser)
    await say(browser, "匿名时说的")
    after = await session(browser, identity=signed(gateway))
    assert after["conversation_id"] != before["conversation_id"]
    assert await said(browser) == []
    linked = await gateway.parts.customer_records.merged(after["conversation_id"])
    assert [one.customer_id for one in linked] == [before["conversation_id"]]
    assert [entry.text for entry in await gateway.parts.desk.log(before["conversation_id"])][:1] == ["匿名时说的"]


async def test_a_chat_that_is_under_way_is_not_left_by_logging_in(door: RunningGateway) -> None:
    browser = door.browser()
    page = await door.customer(browser)
    await page.ack(await page.send("request_human"))
    before = await session(browser)
    during = await session(browser, identity=signed(door))
    assert during == before
    await page.ack(await page.send("leave_message", text="请回电"))
    after = await session(browser, identity=signed(door))
    assert after["verified"]
    assert after["conversation_id"] != before["conversation_id"]


async def test_after_logging_out_the_browser_is_a_stranger(door: RunningGateway) -> None:
    browser = door.browser()
    mine = await session(browser, identity=signed(door))
    await say(browser, "只给我看")
    assert (await call(browser, "/api/customer/logout"))[0] == 200
    async with browser.get("/api/customer/log") as response:
        assert response.status == 401
    stranger = await session(browser)
    assert stranger["conversation_id"] != mine["conversation_id"]
    assert not stranger["verified"]


async def test_the_anonymous_cookie_of_a_verified_customer_does_not_open_their_thread(door: RunningGateway) -> None:
    browser, thief = door.browser(), door.browser()
    await session(browser)
    await say(browser, "匿名时说的")
    stolen = {cookie.key: cookie.value for cookie in browser.cookie_jar}
    await session(browser, identity=signed(door))
    await say(browser, "登录后说的")
    thief.cookie_jar.update_cookies(stolen)
    assert await said(thief) == ["匿名时说的"]
    assert not (await session(thief))["verified"]


async def claimed(gateway: RunningGateway) -> tuple[aiohttp.ClientSession, aiohttp.ClientSession, str]:
    """(desktop, phone, the thread): the phone typed the code that the desktop showed."""
    desktop, phone = gateway.browser(), gateway.browser()
    thread = (await session(desktop))["conversation_id"]
    await say(desktop, "电脑上说的")
    await session(phone)
    await say(phone, "手机上说的")
    status, shown = await call(desktop, "/api/customer/claim")
    assert status == 200
    status, answer = await call(phone, "/api/customer/claim/redeem", code=shown["code"].lower())
    assert (status, answer) == (200, {"conversation_id": thread})
    return desktop, phone, thread


async def test_a_claim_code_puts_another_device_into_the_thread(gateway: RunningGateway) -> None:
    desktop, phone, thread = await claimed(gateway)
    assert (await session(phone))["conversation_id"] == thread
    await say(phone, "换手机了")
    assert await said(desktop) == await said(phone) == ["电脑上说的", "换手机了"]


async def test_a_code_works_once_and_a_new_one_makes_the_old_void(gateway: RunningGateway) -> None:
    desktop = gateway.browser()
    await session(desktop)
    old, new = [(await call(desktop, "/api/customer/claim"))[1]["code"] for _ in range(2)]
    results = await asyncio.gather(
        *(call(gateway.browser(), "/api/customer/claim/redeem", code=code) for code in (old, new, new))
    )
    assert sorted(status for status, _ in results) == [200, 400, 400]
    assert results[0][0] == 400
    assert "认领码不对" in results[0][1]["message"]


async def test_codes_cannot_be_guessed_nor_asked_for_without_end(door: RunningGateway) -> None:
    browser = door.browser()
    await session(browser)
    tries = [await call(browser, "/api/customer/claim/redeem", code="22222222") for _ in range(WRONG_CODES + 1)]
    assert [status for status, _ in tries] == [400] * WRONG_CODES + [429]
    right = (await call(browser, "/api/customer/claim"))[1]["code"]
    assert (await call(door.browser(), "/api/customer/claim/redeem", code=right))[0] == 429, "the address waits"
    asked = [(await call(browser, "/api/customer/claim"))[0] for _ in range(5)]
    assert asked[-1] == 429


async def test_a_verified_customer_neither_gives_nor_takes_codes(door: RunningGateway) -> None:
    browser = door.browser()
    await session(browser, identity=signed(door))
    for path, body in (("/api/customer/claim", {}), ("/api/customer/claim/redeem", {"code": "23456789"})):
        assert (await call(browser, path, **body))[0] == 409
    assert (await call(door.browser(), "/api/customer/claim"))[0] == 401


async def test_after_a_split_the_other_device_is_back_in_its_own_thread_at_once(gateway: RunningGateway) -> None:
    desktop, phone, thread = await claimed(gateway)
    page = await Page.open(gateway, phone, "/api/customer/live?after=0")
    assert page.snapshot["conversation"]["conversation_id"] == thread
    linked = (await gateway.parts.customer_records.merged(thread))[0]
    await gateway.parts.customer_records.split(linked.customer_id, "boss")
    assert await page.closed() == CLOSE_NO_SESSION
    assert await said(phone) == ["手机上说的"]
    assert await said(desktop) == ["电脑上说的"]
    assert (await session(phone))["conversation_id"] == linked.customer_id


async def test_typing_a_code_moves_an_open_page_over(door: RunningGateway) -> None:
    desktop, phone = door.browser(), door.browser()
    await session(desktop)
    page = await door.customer(phone)
    code = (await call(desktop, "/api/customer/claim"))[1]["code"]
    assert (await call(phone, "/api/customer/claim/redeem", code=code))[0] == 200
    assert await page.closed() == CLOSE_NO_SESSION
