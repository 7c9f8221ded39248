"""Nobody reads or writes what is not theirs."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from itsdangerous import URLSafeTimedSerializer

from gateway.people import Role
from tests.integration.gateway.harness import RunningGateway, running_gateway


async def live_with(gateway: RunningGateway, cookie: str, *, path: str = "/api/customer/live") -> int | None:
    """Open a live socket with this Cookie header; returns the close code."""
    socket = await gateway.browser().ws_connect(path, headers={"Origin": gateway.url, "Cookie": cookie})
    first = await socket.receive_json()
    assert first["type"] == "error"
    assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
    return socket.close_code


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda good, other: "", id="none"),
        pytest.param(lambda good, other: good[:-1] + ("A" if good[-1] != "A" else "B"), id="broken signature"),
        pytest.param(lambda good, other: other.partition(".")[0] + "." + good.partition(".")[2], id="foreign id"),
        pytest.param(lambda good, other: "web:guess", id="bare conversation id"),
        pytest.param(
            lambda good, other: URLSafeTimedSerializer("k" * 40, salt="jiehua.customer").dumps("web:guess"),
            id="another key",
        ),
    ],
)
async def test_a_cookie_that_was_not_signed_here_opens_nothing(door: RunningGateway, forge) -> None:  # type: ignore[no-untyped-def]
    mine, theirs = await door.customer(), await door.customer()
    await theirs.send("say", text="我的订单号是 12345678")
    await theirs.entry("收到")
    good = mine.cookie("jiehua_customer", door.url)
    other = theirs.cookie("jiehua_customer", door.url)
    cookie = f"jiehua_customer={forge(good, other)}"
    assert await live_with(door, cookie) == 4401
    for method, path in (("GET", "/api/customer/log"), ("POST", "/api/customer/say")):
        async with door.browser().request(
            method, path, headers={"Cookie": cookie}, json={"key": "k", "text": "t"}
        ) as response:
            assert response.status == 401
            assert (await response.json())["error"] == "no_session"


async def test_a_cookie_signed_for_another_purpose_opens_nothing(door: RunningGateway) -> None:
    key = door.parts.secrets.cookie_key
    for value in (
        URLSafeTimedSerializer(key, salt="jiehua.socketio").dumps("web:guess"),
        URLSafeTimedSerializer(key, salt="jiehua.customer").dumps("rest:me"),
        URLSafeTimedSerializer(key, salt="jiehua.customer").dumps({"id": "web:guess"}),
    ):
        assert await live_with(door, f"jiehua_customer={value}") == 4401


async def test_an_expired_cookie_opens_nothing_and_a_new_one_is_given(tmp_path) -> None:  # type: ignore[no-untyped-def]
    async with running_gateway(tmp_path, customer_session_days=0) as door:
        browser = door.browser()
        async with browser.post("/api/customer/session", json={}) as response:
            first = response.cookies["jiehua_customer"].value
        await asyncio.sleep(1.1)  # cookies are dated to the second
        assert await live_with(door, f"jiehua_customer={first}") == 4401


async def test_a_customer_sees_only_their_own_conversation(gateway: RunningGateway) -> None:
    one, two = await gateway.customer(), await gateway.customer()
    await one.send("say", text="只有我知道")
    await one.entry("收到")
    await two.send("say", text="别的问题")
    entry = await two.entry("收到", author="bot")
    assert "只有我知道" not in entry["text"]
    async with two.browser.get("/api/customer/log") as response:
        assert all("只有我知道" not in entry["text"] for entry in (await response.json())["entries"])
    ids = {page.snapshot["conversation"]["conversation_id"] for page in (one, two)}
    assert len(ids) == 2


async def test_a_rest_sender_never_reaches_a_web_conversation(gateway: RunningGateway) -> None:
    page = await gateway.customer()
    conversation_id = page.snapshot["conversation"]["conversation_id"]
    await page.send("say", text="秘密")
    await page.entry("收到：秘密")
    for prefix in ("", "web:", "rest:", "../", "socketio:", "x y", "~", "汉字"):
        status, replies = await gateway.rest("你好", sender=prefix + conversation_id)
        assert status == 200
        assert [reply["text"] for reply in replies] == ["收到：你好"]
    log = await gateway.desk.log(conversation_id)
    assert "你好" not in {entry.text for entry in log}


async def test_senders_with_odd_names_are_told_apart(gateway: RunningGateway) -> None:
    await gateway.rest("甲的话", sender="客户 甲")
    _, replies = await gateway.rest("乙的话", sender="客户 乙")
    assert [reply["text"] for reply in replies] == ["收到：乙的话"]
    assert replies[0]["recipient_id"] == "客户 乙"


async def test_sockets_of_foreign_pages_are_refused(door: RunningGateway) -> None:
    page = await door.customer()
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1", f"{door.url}.evil.example"):
        for path in ("/api/customer/live", "/api/agent/live"):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await page.browser.ws_connect(path, headers={"Origin": origin})
            assert refused.value.status == 403
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await page.browser.ws_connect("/api/customer/live")


async def test_posts_of_foreign_pages_are_refused(door: RunningGateway) -> None:
    browser = door.browser()
    for path in ("/api/customer/session", "/api/customer/say", "/api/agent/login", "/webhooks/rest/webhook"):
        async with browser.post(path, json={}, headers={"Origin": "https://evil.example"}) as response:
            assert response.status == 403
            assert (await response.json())["error"] == "not_allowed"


async def test_a_name_that_was_rebound_to_this_machine_is_refused(door: RunningGateway) -> None:
    port = door.url.rpartition(":")[2]
    headers = {"Host": f"evil.example:{port}", "Origin": f"http://evil.example:{port}"}
    async with door.browser().post("/webhooks/rest/webhook", json={"message": "hi"}, headers=headers) as response:
        assert response.status == 403


async def test_nothing_of_the_console_without_a_login(door: RunningGateway) -> None:
    for path in ("/api/agent/me", "/api/agent/conversations/web:x/log", "/api/agent/cases/c1/brief"):
        async with door.browser().get(path) as response:
            assert response.status == 401
            assert (await response.json())["error"] == "no_session"
    assert await live_with(door, "jiehua_agent=made-up", path="/api/agent/live") == 4401


async def test_a_customer_cookie_is_no_login(door: RunningGateway) -> None:
    page = await door.customer()
    cookie = page.cookie("jiehua_customer", door.url)
    assert await live_with(door, f"jiehua_agent={cookie}", path="/api/agent/live") == 4401


async def test_wrong_passwords_are_slowed_down_whoever_exists(door: RunningGateway) -> None:
    await asyncio.to_thread(lambda: door.people.add("xiaowang", password="right-password"))
    for name in ("xiaowang", "nobody"):
        statuses = []
        for _ in range(6):
            async with door.browser().post(
                "/api/agent/login", json={"name": name, "password": "wrong-password"}
            ) as response:
                statuses.append(response.status)
                body = await response.json()
        assert statuses == [401] * 5 + [429]
        assert body["error"] == "rate_limited"
    async with door.browser().post(
        "/api/agent/login", json={"name": "xiaowang", "password": "right-password"}
    ) as response:
        assert response.status == 429
        assert int(response.headers["Retry-After"]) > 0


async def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(door: RunningGateway) -> None:
    await asyncio.to_thread(lambda: door.people.add("xiaowang", roles=(Role.AGENT,), password="right-password"))
    browser = door.browser()
    async with browser.post("/api/customer/session", json={}) as response:
        customer = response.headers["Set-Cookie"].lower()
    async with browser.post("/api/agent/login", json={"name": "xiaowang", "password": "right-password"}) as response:
        agent = response.headers["Set-Cookie"].lower()
    assert "httponly" in customer
    assert "samesite=lax" in customer
    assert "httponly" in agent
    assert "samesite=strict" in agent


async def test_a_second_session_call_keeps_the_conversation(door: RunningGateway) -> None:
    browser = door.browser()
    ids = []
    for _ in range(2):
        async with browser.post("/api/customer/session", json={}) as response:
            ids.append((await response.json())["conversation_id"])
    assert ids[0] == ids[1]


async def test_every_page_carries_a_strict_policy(door: RunningGateway) -> None:
    for path in ("/", "/agent", "/health", "/nowhere", "/static/shared/live.js"):
        async with door.browser().get(path) as response:
            policy = response.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert "frame-ancestors" in policy
            assert "Server" not in response.headers


async def test_the_webhook_without_token_is_for_this_machine_only(door: RunningGateway) -> None:
    async with door.browser().post(
        "/webhooks/rest/webhook", json={"sender": "me", "message": "hi"}, headers={"X-Forwarded-For": "203.0.113.9"}
    ) as response:
        assert response.status == 403


async def test_the_webhook_with_a_token_wants_it(tmp_path) -> None:  # type: ignore[no-untyped-def]
    async with running_gateway(tmp_path, rest_token="t" * 30) as door:
        for header, status in (("", 401), ("Bearer wrong", 401), (f"Bearer {'t' * 30}", 200)):
            async with door.browser().post(
                "/webhooks/rest/webhook",
                json={"sender": "me", "message": "你好"},
                headers={"Authorization": header} if header else {},
            ) as response:
                assert response.status == status


async def test_other_sites_may_load_the_launcher_and_nothing_else(door: RunningGateway) -> None:
    async with door.browser().get("/widget.js") as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/javascript")
        assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    async with door.browser().get("/static/shared/live.js") as response:
        assert "Cross-Origin-Resource-Policy" not in response.headers


async def test_sites_named_for_embedding_may_frame_the_customer_page_only(tmp_path) -> None:  # type: ignore[no-untyped-def]
    async with running_gateway(tmp_path, embed_origins=("https://shop.example",)) as door:
        for path, ancestors in (("/", "'self' https://shop.example"), ("/agent", "'none'")):
            async with door.browser().get(path) as response:
                policy = response.headers["Content-Security-Policy"]
            assert f"frame-ancestors {ancestors}" in policy.split("; ")
