"""The console: offer, brief, both sides chatting, resolution, and who may do what."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from gateway.people import Role
from tests.integration.gateway.harness import Page, RunningGateway, running_gateway


async def offered(page: Page) -> dict:
    """The next case offered to this agent."""
    frame = await page.until(lambda frame: frame["type"] == "case" and frame["case"]["state"] == "offered")
    return frame["case"]


async def in_state(page: Page, state: str) -> dict:
    frame = await page.until(lambda frame: frame["type"] == "case" and frame["case"]["state"] == state)
    return frame["case"]


async def handed_over(gateway: RunningGateway) -> tuple[Page, Page, dict]:
    """(customer, agent, case) with the agent talking to the customer."""
    agent = await gateway.agent()
    customer = await gateway.customer()
    await customer.send("say", text="我的包裹不见了")
    await customer.entry("收到")
    await customer.send("say", text="转人工")
    case = await offered(agent)
    await agent.send("accept", case_id=case["case_id"])
    case = await in_state(agent, "active")
    await customer.entry("小王 已接入", author="system")
    return customer, agent, case


async def test_the_whole_story_from_question_to_resolution(gateway: RunningGateway) -> None:
    agent = await gateway.agent()
    customer = await gateway.customer()
    await customer.send("say", text="我的包裹不见了")
    await customer.entry("收到")
    await customer.send("say", text="转人工")
    await customer.entry("人工客服", author="system")

    case = await offered(agent)
    assert case["reason"] == "explicit_request"
    assert case["problem"] == "我的包裹不见了"
    async with agent.browser.get(f"/api/agent/cases/{case['case_id']}/brief") as response:
        brief = await response.json()
    assert brief["problem"] == "我的包裹不见了"
    assert brief["timeline"]
    async with agent.browser.get(f"/api/agent/conversations/{case['conversation_id']}/log") as response:
        kinds = [entry["kind"] for entry in (await response.json())["entries"]]
    assert "annotation" in kinds

    await agent.send("accept", case_id=case["case_id"])
    case = await in_state(agent, "active")
    view = await customer.until(
        lambda frame: frame["type"] == "conversation" and frame["conversation"]["owner"] == "agent"
    )
    assert view["conversation"]["agent_name"] == "小王"
    assert view["conversation"]["agent_id"] == ""

    await agent.send("say", conversation_id=case["conversation_id"], text="您好，我来查", epoch=case["epoch"])
    heard = await customer.entry("您好，我来查", author="agent")
    assert heard["author_id"] == "小王"
    await customer.send("say", text="谢谢")
    assert (await agent.entry("谢谢"))["author"] == "customer"
    asked = len(gateway.bot.asked)

    outcome = {"reason": "物流", "tags": ["丢件"], "summary": "已补发", "solved": True}
    await agent.send("resolve", case_id=case["case_id"], outcome=outcome)
    closed = await in_state(agent, "closed")
    assert closed["case_id"] == case["case_id"]
    await customer.until(lambda frame: frame["type"] == "conversation" and frame["conversation"]["owner"] == "bot")
    await customer.send("say", text="再问一句")
    await customer.entry("收到：再问一句", author="bot")
    assert [turn.text for turn in gateway.bot.asked[asked:]] == ["再问一句"]


async def test_while_a_person_owns_the_conversation_the_bot_is_not_asked(gateway: RunningGateway) -> None:
    customer, agent, _ = await handed_over(gateway)
    asked = len(gateway.bot.asked)
    for number in range(3):
        await customer.ack(await customer.send("say", text=f"在吗{number}"))
        await agent.entry(f"在吗{number}")
    assert len(gateway.bot.asked) == asked


async def test_a_late_bot_reply_is_fenced_when_a_person_took_over(gateway: RunningGateway) -> None:
    agent = await gateway.agent()
    customer = await gateway.customer()
    await customer.ack(await customer.send("request_human"))
    case = await offered(agent)
    gateway.bot.hold = asyncio.Event()
    await customer.ack(await customer.send("say", text="还有一个问题"))
    while not gateway.bot.asked:
        await asyncio.sleep(0.01)
    await agent.send("accept", case_id=case["case_id"])
    case = await in_state(agent, "active")
    gateway.bot.hold.set()
    fenced = await agent.until(lambda frame: frame["type"] == "entry" and frame["entry"]["kind"] == "fenced")
    assert fenced["entry"]["data"]["texts"] == ["收到：还有一个问题"]

    await agent.send("say", conversation_id=case["conversation_id"], text="我来回答", epoch=case["epoch"])
    await customer.entry("我来回答")
    async with customer.browser.get("/api/customer/log") as response:
        said = [entry["text"] for entry in (await response.json())["entries"]]
    assert "收到：还有一个问题" not in said


async def test_a_reply_under_an_old_epoch_is_refused_as_stale(gateway: RunningGateway) -> None:
    _, agent, case = await handed_over(gateway)
    key = await agent.send("say", conversation_id=case["conversation_id"], text="迟到", epoch=case["epoch"] - 1)
    refused = await agent.ack(key)
    assert refused["type"] == "error"
    assert refused["code"] == "stale"


async def test_an_agent_cannot_write_to_a_customer_of_a_colleague(gateway: RunningGateway) -> None:
    _, _, case = await handed_over(gateway)
    other = await gateway.agent("xiaoli", display="小李")
    for kind, fields in (
        ("say", {"conversation_id": case["conversation_id"], "text": "插话", "epoch": case["epoch"]}),
        ("note", {"conversation_id": case["conversation_id"], "text": "备注"}),
        ("watch", {"conversation_id": case["conversation_id"]}),
        ("resolve", {"case_id": case["case_id"]}),
        ("take_over", {"case_id": case["case_id"]}),
    ):
        answer = await other.ack(await other.send(kind, **fields))
        assert answer["type"] == "error", kind
        assert answer["code"] == "not_allowed", kind
    async with other.browser.get(f"/api/agent/conversations/{case['conversation_id']}/log") as response:
        assert response.status == 403
    async with other.browser.get(f"/api/agent/cases/{case['case_id']}/brief") as response:
        assert response.status == 403


async def test_a_supervisor_watches_and_takes_over(gateway: RunningGateway) -> None:
    customer, agent, case = await handed_over(gateway)
    boss = await gateway.agent("zhuguan", display="主管", roles=(Role.SUPERVISOR,))
    await boss.send("watch", conversation_id=case["conversation_id"], after=0)
    assert (await boss.entry())["seq"] == 1
    await customer.send("say", text="我要找主管")
    await boss.entry("我要找主管")
    await boss.send("take_over", case_id=case["case_id"])
    mine = await in_state(boss, "active")
    assert mine["agent_id"] == "zhuguan"
    gone = await agent.until(lambda frame: frame["type"] == "case" and frame["case"]["agent_id"] == "zhuguan")
    assert gone["case"]["case_id"] == case["case_id"]
    refused = await agent.ack(
        await agent.send("say", conversation_id=case["conversation_id"], text="我还在", epoch=case["epoch"])
    )
    assert refused["code"] in ("stale", "not_allowed")
    lines = [(line.who, line.action) for line in await asyncio.to_thread(gateway.people.audited)]
    assert ("zhuguan", "takeover") in lines
    assert ("zhuguan", "watch") in lines


async def test_two_agents_cannot_take_one_case(gateway: RunningGateway) -> None:
    one, two = await gateway.agent(), await gateway.agent("xiaoli", display="小李")
    customer = await gateway.customer()
    await customer.send("request_human")
    case = await asyncio.wait_for(first_offer(one, two), 20)
    for page in (one, two):
        await page.send("accept", case_id=case["case_id"], key=f"k-{id(page)}")
    await customer.until(lambda frame: frame["type"] == "conversation" and frame["conversation"]["owner"] == "agent")
    view = await gateway.desk.conversation(case["conversation_id"])
    winner, loser = (one, two) if view.agent_id == "xiaowang" else (two, one)
    assert (await in_state(winner, "active"))["agent_id"] == view.agent_id
    refused = await loser.until(lambda frame: frame["type"] == "error")
    assert refused["code"] in ("refused", "not_allowed")


async def first_offer(*pages: Page) -> dict:
    tasks = [asyncio.create_task(offered(page)) for page in pages]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    return done.pop().result()


async def test_the_queue_is_shown_to_every_console(gateway: RunningGateway) -> None:
    agent = await gateway.agent(ready=False)
    customer = await gateway.customer()
    await customer.send("say", text="发票怎么开")
    await customer.entry("收到")
    await customer.send("request_human")
    frame = await agent.until(lambda frame: frame["type"] == "queue" and frame["queue"])
    assert frame["queue"][0]["problem"] == "发票怎么开"
    assert frame["queue"][0]["owed_since_ms"]
    await customer.send("cancel_wait")
    await agent.until(lambda frame: frame["type"] == "queue" and not frame["queue"])


async def test_a_reload_of_the_console_keeps_its_chats(gateway: RunningGateway) -> None:
    _, agent, case = await handed_over(gateway)
    again = await Page.open(gateway, agent.browser, "/api/agent/live")
    assert [one["case_id"] for one in again.snapshot["cases"]] == [case["case_id"]]
    assert again.snapshot["cases"][0]["state"] == "active"
    assert again.snapshot["cases"][0]["epoch"] == case["epoch"]
    assert again.snapshot["me"]["display"] == "小王"
    assert again.snapshot["status"] == "ready"


async def test_a_declined_case_goes_to_the_next_agent(gateway: RunningGateway) -> None:
    one = await gateway.agent()
    customer = await gateway.customer()
    await customer.send("request_human")
    case = await offered(one)
    two = await gateway.agent("xiaoli", display="小李")
    await one.send("decline", case_id=case["case_id"], reason="在忙")
    assert (await offered(two))["case_id"] == case["case_id"]


async def test_notes_reach_colleagues_not_customers(gateway: RunningGateway) -> None:
    customer, agent, case = await handed_over(gateway)
    await agent.ack(await agent.send("note", conversation_id=case["conversation_id"], text="客户是老用户"))
    await agent.send("say", conversation_id=case["conversation_id"], text="好的", epoch=case["epoch"])
    heard = await customer.entry()
    while "好的" not in heard["text"]:
        assert "老用户" not in heard["text"]
        heard = await customer.entry()


async def test_typing_is_seen_by_the_other_side(gateway: RunningGateway) -> None:
    customer, agent, case = await handed_over(gateway)
    await customer.send("typing", on=True)
    seen = await agent.until(lambda frame: frame["type"] == "typing")
    assert seen == {"type": "typing", "conversation_id": case["conversation_id"], "author": "customer", "on": True}
    await agent.send("typing", conversation_id=case["conversation_id"], on=True)
    seen = await customer.until(lambda frame: frame["type"] == "typing" and frame["author"] == "agent")
    assert seen["on"] is True


async def test_when_the_last_console_closes_the_agent_gets_no_more_offers(gateway: RunningGateway) -> None:
    watcher = await gateway.agent("boss", roles=(Role.SUPERVISOR,), ready=False)
    one = await gateway.agent()
    two = await Page.open(gateway, one.browser, "/api/agent/live")
    await one.close()
    customer = await gateway.customer()
    await customer.send("request_human")
    case = await offered(two)
    await two.send("decline", case_id=case["case_id"])
    await two.close()
    gone = await watcher.until(
        lambda frame: frame["type"] == "agents" and any(not is_there(agent, "xiaowang") for agent in frame["agents"])
    )
    assert gone
    second = await gateway.customer()
    await second.ack(await second.send("request_human"))
    assert {case.state.value for case in await gateway.desk.queue()} == {"waiting"}


def is_there(agent: dict, name: str) -> bool:
    return agent["agent_id"] != name or agent["status"] != "offline"


async def test_suspending_a_person_ends_their_console(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.agent_socket.LOGIN_CHECK_S", 0.05)
    monkeypatch.setattr("gateway.access.Staff.RECHECK_S", 0.0)
    agent = await gateway.agent()
    await asyncio.to_thread(gateway.people.suspend, "xiaowang")
    assert await agent.closed() == 4409
    async with agent.browser.get("/api/agent/me") as response:
        assert response.status == 401


async def test_logging_out_ends_the_login_for_good(gateway: RunningGateway) -> None:
    agent = await gateway.agent()
    token = agent.cookie("jiehua_agent", gateway.url)
    await agent.browser.post("/api/agent/logout", json={})
    thief = gateway.browser()
    async with thief.get("/api/agent/me", headers={"Cookie": f"jiehua_agent={token}"}) as response:
        assert response.status == 401


async def test_an_editor_has_no_console(gateway: RunningGateway) -> None:
    await asyncio.to_thread(lambda: gateway.people.add("bianji", roles=(Role.EDITOR,), password="password-bianji"))
    browser = gateway.browser()
    await browser.post("/api/agent/login", json={"name": "bianji", "password": "password-bianji"})
    async with browser.get("/api/agent/me") as response:
        assert (await response.json())["roles"] == ["editor"]
    socket = await browser.ws_connect("/api/agent/live", headers={"Origin": gateway.url})
    assert (await socket.receive_json())["code"] == "not_allowed"
    assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
    assert socket.close_code == 4403


async def test_a_brief_suggests_answers_as_the_editors_wrote_them(tmp_path: Path) -> None:
    faq = tmp_path / "faq"
    faq.mkdir()
    (faq / "returns.yml").write_text(
        "- id: return-howto\n  question: 怎么退货？\n  answer: 七天内可以退货，运费由我们承担。\n", "utf-8"
    )
    async with running_gateway(tmp_path, faq=faq) as gateway:
        agent, customer = await gateway.agent(), await gateway.customer()
        await customer.send("say", text="答")
        await customer.entry("七天内")
        await customer.send("request_human")
        case = await offered(agent)
        async with agent.browser.get(f"/api/agent/cases/{case['case_id']}/brief") as response:
            (suggestion,) = (await response.json())["suggestions"]
        assert suggestion["text"] == "七天内可以退货，运费由我们承担。"


async def test_a_supervisor_lists_what_is_active_and_agents_may_not(gateway: RunningGateway) -> None:
    _, agent, case = await handed_over(gateway)
    boss = await gateway.agent("zhuguan", roles=(Role.SUPERVISOR,), ready=False)
    async with boss.browser.get("/api/agent/cases?state=active") as response:
        assert [one["case_id"] for one in (await response.json())["cases"]] == [case["case_id"]]
    async with agent.browser.get("/api/agent/cases?state=active") as response:
        assert response.status == 403
    async with boss.browser.get("/api/agent/cases?state=everything") as response:
        assert response.status == 400


async def test_a_message_left_is_found_and_answered_later(gateway: RunningGateway) -> None:
    customer = await gateway.customer()
    await customer.ack(await customer.send("request_human"))
    await customer.ack(await customer.send("leave_message", text="请回电", contact="13800000000"))
    agent = await gateway.agent()
    async with agent.browser.get("/api/agent/cases?state=message_left") as response:
        (left,) = (await response.json())["cases"]
    answer = await agent.ack(await agent.send("answer_message", case_id=left["case_id"], text="已为您处理好了"))
    assert answer["type"] == "ack", answer
    assert (await customer.entry("已为您处理好了"))["author"] == "agent"


@pytest.mark.redis
async def test_customer_and_agent_may_be_on_different_gateways(tmp_path: Path, redis_url: str, tenant: str) -> None:
    async with (
        running_gateway(tmp_path, redis_url=redis_url, tenant=tenant) as one,
        running_gateway(tmp_path, redis_url=redis_url, tenant=tenant, with_worker=False) as two,
    ):
        agent = await two.agent()
        customer = await one.customer()
        await customer.send("say", text="转人工")
        case = await offered(agent)
        await agent.send("accept", case_id=case["case_id"])
        case = await in_state(agent, "active")
        await agent.send("say", conversation_id=case["conversation_id"], text="从另一台来", epoch=case["epoch"])
        assert (await customer.entry("从另一台来"))["author_id"] == "小王"
        await customer.send("say", text="收到了")
        await agent.entry("收到了")
        # The login holds on the other gateway too.
        token = agent.cookie("jiehua_agent", two.url)
        async with one.browser().get("/api/agent/me", headers={"Cookie": f"jiehua_agent={token}"}) as response:
            assert (await response.json())["display"] == "小王"


async def test_an_open_console_keeps_its_agent_present(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, heartbeat_s=0.02) as gateway:
        page = await gateway.agent()
        (before,) = await gateway.desk.agents()
        async with asyncio.timeout(20):
            while (await gateway.desk.agents())[0].last_heard_ms <= before.last_heard_ms:
                await asyncio.sleep(0.02)
        await page.close()


async def test_the_largest_number_of_a_browser_asks_for_the_newest_page(gateway: RunningGateway) -> None:
    customer, agent, case = await handed_over(gateway)
    for number in range(4):
        await customer.ack(await customer.send("say", text=f"第{number}句"))
    path = f"/api/agent/conversations/{case['conversation_id']}/log?limit=2&before={2**53 - 1}"
    async with agent.browser.get(path) as response:
        page = await response.json()
    assert [entry["text"] for entry in page["entries"]] == ["第2句", "第3句"]
    assert (page["count"], page["last"]) == (2, page["entries"][-1]["seq"])
