"""Customers, tickets and departures as the console and the ticket page ask for them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from gateway.people import Role
from tests.integration.gateway.harness import Page, RunningGateway
from tests.integration.gateway.test_agent_console import handed_over


async def get(browser: aiohttp.ClientSession, path: str, status: int = 200) -> Any:
    async with browser.get(path) as response:
        assert response.status == status, await response.text()
        return await response.json()


async def post(browser: aiohttp.ClientSession, path: str, status: int = 200, **body: Any) -> Any:
    async with browser.post(path, json=body) as response:
        assert response.status == status, await response.text()
        return await response.json()


async def person(gateway: RunningGateway, name: str, **options: Any) -> aiohttp.ClientSession:
    """A logged-in browser without an open console."""
    await asyncio.to_thread(lambda: gateway.people.add(name, password=f"password-{name}", **options))
    browser = gateway.browser()
    await post(browser, "/api/agent/login", name=name, password=f"password-{name}")
    return browser


async def a_message(gateway: RunningGateway) -> Page:
    """A customer who left a message with their telephone number."""
    customer = await gateway.customer()
    await customer.ack(await customer.send("request_human"))
    await customer.ack(await customer.send("leave_message", text="请回电", contact="13800138000"))
    return customer


async def test_a_message_left_is_a_ticket_that_is_answered_and_seen_by_its_customer(gateway: RunningGateway) -> None:
    customer = await a_message(gateway)
    agent = await person(gateway, "xiaowang", display="小王")
    assert (await get(agent, "/api/agent/tickets"))["tickets"] == []
    (ticket,) = (await get(agent, "/api/agent/tickets?list=groups"))["tickets"]
    assert (ticket["kind"], ticket["state"], ticket["title"], ticket["contact"]) == (
        "message",
        "open",
        "请回电",
        "13800138000",
    )
    assert (ticket["owner_group"], ticket["overdue"], ticket["verbs"]) == ("default", False, ["wait", "finish"])
    path, token = f"/api/agent/tickets/{ticket['ticket_id']}", ticket["link"].removeprefix("/ticket#")

    stranger = gateway.browser()
    assert (await post(stranger, "/api/ticket", token=token))["answers"] == []
    await post(agent, f"{path}/notes", key="n", text="打过，没人接")
    mine = await post(agent, path, owner_agent="xiaowang", owner_group="", rev=ticket["rev"] + 1)
    assert (mine["owner_agent"], mine["owner_display"]) == ("xiaowang", "小王")
    done = await post(agent, f"{path}/answers", key="a", text="已为您改好", then="finish")
    assert (done["state"], done["verbs"]) == ("done", ["reopen"])
    assert (await customer.entry("已为您改好"))["author"] == "agent"

    seen = await post(stranger, "/api/ticket", token=token)
    assert set(seen) == {"ticket_id", "state", "created_ms", "changed_ms", "answers"}
    assert [(one["text"], one["by"]) for one in seen["answers"]] == [("已为您改好", "小王")]
    assert "没人接" not in json.dumps(seen, ensure_ascii=False)
    for _ in range(2):
        again = await post(stranger, "/api/ticket/reply", token=token, key="r", text="还是不对")
        assert again["state"] == "reopened"
    shown = await get(agent, path)
    assert [one["what"] for one in shown["history"]] == [
        "opened",
        "note",
        "owner",
        "answer",
        "moved",
        "customer",
        "moved",
    ]
    assert (shown["reopened"], shown["state"]) == (1, "reopened")


async def test_customers_see_their_own_tickets_and_no_word_that_is_not_for_them(door: RunningGateway) -> None:
    customer = await a_message(door)
    stranger = await door.customer()
    agent = await person(door, "xiaowang", display="小王")
    one = customer.snapshot["conversation"]["conversation_id"]
    boss = await person(door, "zhuguan", roles=(Role.SUPERVISOR,))
    await post(boss, "/api/agent/tickets", key="t", title="难缠，先拖着", conversation_id=one)
    own = (await get(customer.browser, "/api/customer/tickets"))["tickets"]
    assert sorted((found["kind"], found["about"]) for found in own) == [("manual", ""), ("message", "请回电")]
    assert "难缠" not in json.dumps(own, ensure_ascii=False)
    assert {tuple(found) for found in own} == {
        ("ticket_id", "kind", "state", "about", "created_ms", "changed_ms", "link")
    }
    for found in own:
        seen = await post(customer.browser, "/api/ticket", token=found["link"].removeprefix("/ticket#"))
        assert seen["ticket_id"] == found["ticket_id"]
    assert (await get(stranger.browser, "/api/customer/tickets"))["tickets"] == []
    await get(agent, "/api/customer/tickets", 401)


async def test_a_wrap_up_and_a_bad_rating_leave_tickets(door: RunningGateway) -> None:
    customer, agent, case = await handed_over(door)
    later = {"title": "查退款", "text": "答应明天回复", "next_ms": None, "to_group": ""}
    await agent.send("resolve", case_id=case["case_id"], outcome={"reason": "退款", "follow_up": later})
    await agent.until(lambda frame: frame["type"] == "case" and frame["case"]["state"] == "closed")
    (ticket,) = (await get(agent.browser, "/api/agent/tickets"))["tickets"]
    assert (ticket["kind"], ticket["title"], ticket["text"], ticket["case_id"]) == (
        "follow_up",
        "查退款",
        "答应明天回复",
        case["case_id"],
    )
    await customer.ack(await customer.send("rate", score=1, comment="太慢", stretch=case["case_id"]))
    (bad,) = (await get(agent.browser, "/api/agent/tickets?list=groups"))["tickets"]
    assert (bad["kind"], bad["owner_group"], bad["text"]) == ("call_back", "default", "太慢")
    found = (await get(agent.browser, f"/api/agent/tickets?conversation_id={case['conversation_id']}"))["tickets"]
    assert {one["ticket_id"] for one in found} == {ticket["ticket_id"], bad["ticket_id"]}


async def test_tickets_are_made_dated_moved_and_listed(door: RunningGateway) -> None:
    agent, boss = await person(door, "xiaowang"), await person(door, "zhuguan", roles=(Role.SUPERVISOR,))
    now = (await get(agent, "/api/agent/tickets"))["now_ms"]
    for _ in range(2):
        made = await post(agent, "/api/agent/tickets", key="k", title="回电", contact="13800138000", next_ms=now)
    assert made["owner_agent"] == "xiaowang"
    later = await post(boss, "/api/agent/tickets", key="k", title="给小王", owner_agent="xiaowang", next_ms=now + 9**9)
    mine = (await get(agent, "/api/agent/tickets?list=mine"))["tickets"]
    assert [one["ticket_id"] for one in mine] == [made["ticket_id"], later["ticket_id"]]
    assert [one["overdue"] for one in mine] == [True, False]
    assert [one["ticket_id"] for one in (await get(boss, "/api/agent/tickets?list=overdue"))["tickets"]] == [
        made["ticket_id"]
    ]
    path = f"/api/agent/tickets/{made['ticket_id']}"
    await post(agent, f"{path}/move", verb="wait", text="等客户")
    refused = await post(agent, f"{path}/move", 409, verb="reopen")
    assert refused["error"] == "refused"
    await post(agent, f"{path}/move", verb="finish")
    assert [one["ticket_id"] for one in (await get(boss, "/api/agent/tickets?list=done"))["tickets"]] == [
        made["ticket_id"]
    ]
    stale = await post(agent, path, 409, title="改名", rev=1)
    assert stale["error"] == "stale"


async def test_an_agent_reaches_what_is_theirs_and_no_more(door: RunningGateway) -> None:
    await a_message(door)
    wang = await person(door, "xiaowang", groups=("售前",))
    li = await person(door, "xiaoli")
    boss = await person(door, "zhuguan", roles=(Role.SUPERVISOR,))
    editor = await person(door, "bianji", roles=(Role.EDITOR,))
    (left,) = (await get(boss, "/api/agent/tickets?list=open"))["tickets"]
    path = f"/api/agent/tickets/{left['ticket_id']}"
    assert (await get(wang, "/api/agent/tickets?list=open"))["tickets"] == []
    for browser in (wang, editor):
        await get(browser, path, 403)
        await post(browser, f"{path}/answers", 403, key="a", text="x")
        await get(browser, f"/api/agent/customers/{left['conversation_id']}", 403)
    await get(wang, "/api/agent/tickets?owner=xiaoli", 403)
    await get(wang, "/api/agent/customers?owner=xiaoli", 403)
    await get(door.browser(), path, 401)
    await post(boss, path, owner_agent="xiaoli")
    await get(li, path)
    await post(li, path, 400, owner_agent="nobody")
    await post(li, path, 400, owner_agent="xiaoli", owner_group="售前")
    given = await post(li, path, owner_agent="xiaowang")
    assert given["contact"] == "138****8000", "once given away it is somebody else's customer"
    await get(li, path, 403)
    assert (await get(wang, path))["contact"] == "13800138000"
    for verb in ("merge", "split"):
        await post(wang, f"/api/agent/customers/{left['conversation_id']}/{verb}", 403, into="x")


async def test_a_customers_card_has_notes_tags_owner_history_and_tickets(gateway: RunningGateway) -> None:
    customer, agent, case = await handed_over(gateway)
    path = f"/api/agent/customers/{case['conversation_id']}"
    blank = await get(agent.browser, path)
    assert (blank["display"], blank["tags"], blank["rev"], blank["owner_agent"]) == ("", [], 0, "")
    edited = await post(agent.browser, path, display="安女士", tags=["老客户"], owner_agent="xiaowang")
    assert (edited["display"], edited["owner_display"]) == ("安女士", "小王")
    for _ in range(2):
        note = await post(agent.browser, f"{path}/notes", key="n", text="<b>怕吵</b>")
    assert (note["author"], note["text"]) == ("xiaowang", "<b>怕吵</b>")
    await post(agent.browser, "/api/agent/tickets", key="t", title="回电", conversation_id=case["conversation_id"])
    card = await get(agent.browser, path)
    assert [one["text"] for one in card["notes"]] == ["<b>怕吵</b>"]
    assert [one["title"] for one in card["tickets"]] == ["回电"]
    (conversation,) = card["conversations"]
    assert conversation["current"]
    assert [one["case_id"] for one in conversation["cases"]] == [case["case_id"]]
    mine = (await get(agent.browser, "/api/agent/customers"))["customers"]
    assert [one["customer_id"] for one in mine] == [case["conversation_id"]]
    stale = await post(agent.browser, path, 409, tags=["x"], rev=1)
    assert stale["error"] == "stale"
    async with customer.browser.get("/api/customer/log") as response:
        assert "怕吵" not in await response.text()
    assert (await get(agent.browser, f"/api/agent/cases/{case['case_id']}"))["customer"] == "安女士"


async def test_a_supervisor_merges_and_splits(door: RunningGateway) -> None:
    boss = await person(door, "zhuguan", roles=(Role.SUPERVISOR,))
    first, second = await door.customer(), await door.customer()
    one, other = (page.snapshot["conversation"]["conversation_id"] for page in (first, second))
    merged = await post(boss, f"/api/agent/customers/{one}/merge", into=other)
    assert merged["merged_into"] == other
    assert [found["customer_id"] for found in (await get(boss, f"/api/agent/customers/{other}"))["merged"]] == [one]
    again = await post(boss, f"/api/agent/customers/{other}/merge", 409, into=one)
    assert "合并" in again["message"]
    assert (await post(boss, f"/api/agent/customers/{one}/split"))["merged_into"] == ""
    await post(boss, f"/api/agent/customers/{one}/split", 409)
    await second.ack(await second.send("request_human"))
    busy = await post(boss, f"/api/agent/customers/{other}/merge", 409, into=one)
    assert "结束以后" in busy["message"], "nobody is taken out of a queue or a chat"


async def test_who_serves_a_customer_reads_what_they_said_on_a_merged_device_and_no_longer_after_the_split(
    door: RunningGateway,
) -> None:
    _, agent, case = await handed_over(door)
    phone = await door.customer()
    await phone.ack(await phone.send("say", text="在手机上问过一次"))
    there = phone.snapshot["conversation"]["conversation_id"]
    boss = await person(door, "zhuguan", roles=(Role.SUPERVISOR,))
    log = f"/api/agent/conversations/{there}/log"
    await get(agent.browser, log, 403)
    await post(boss, f"/api/agent/customers/{there}/merge", into=case["conversation_id"])
    assert "在手机上问过一次" in [one["text"] for one in (await get(agent.browser, log))["entries"]]
    await post(boss, f"/api/agent/customers/{there}/split")
    await get(agent.browser, log, 403)


@pytest.mark.parametrize("token", ["", "x", "x" * 3000, "WyJUMSIsMV0.forged", '"]]--', "\u0000"])
async def test_a_link_that_is_not_ours_shows_nothing(door: RunningGateway, token: str) -> None:
    for path, more in (("/api/ticket", {}), ("/api/ticket/reply", {"key": "k", "text": "x"})):
        assert (await post(door.browser(), path, 404, token=token, **more))["error"] == "not_found"


async def test_bad_bodies_are_refused_with_a_sentence(door: RunningGateway) -> None:
    await a_message(door)
    agent = await person(door, "xiaowang")
    (ticket,) = (await get(agent, "/api/agent/tickets?list=groups"))["tickets"]
    path = f"/api/agent/tickets/{ticket['ticket_id']}"
    for url, body in (
        ("/api/agent/tickets", {"key": "k"}),
        ("/api/agent/tickets", {"key": "k k", "title": "x"}),
        ("/api/agent/tickets", {"key": "k", "title": " "}),
        ("/api/agent/tickets", {"key": "k", "title": "x", "next_ms": 10**30}),
        ("/api/agent/tickets", {"key": "k", "title": "x", "next_ms": -1}),
        (path, {"next_ms": "明天"}),
        (path, {"rev": []}),
        (f"{path}/move", {"verb": "explode"}),
        (f"{path}/answers", {"key": "a", "text": "x", "then": "explode"}),
        (f"{path}/notes", {"key": "a", "text": "\u0000"}),
    ):
        answer = await post(agent, url, 400, **body)
        assert answer["message"]
    assert (await get(agent, "/api/agent/tickets/T-none", 404))["error"] == "not_found"
    assert (await get(agent, "/api/agent/tickets?list=all", 400))["message"]
    async with agent.post("/api/agent/tickets", data=b"[", headers={"Origin": "https://evil.example"}) as response:
        assert response.status == 403
    assert (await get(agent, path))["rev"] == ticket["rev"], "nothing was changed"


async def test_a_departure_ends_the_console_at_once_and_hands_everything_on(gateway: RunningGateway) -> None:
    customer, agent, case = await handed_over(gateway)
    heir = await gateway.agent("xiaoli", display="小李")
    admin = await person(gateway, "guanli", roles=(Role.ADMIN,))
    await post(agent.browser, "/api/agent/tickets", key="t", title="回电", conversation_id=case["conversation_id"])
    path = "/api/agent/departures/xiaowang"
    before = await get(admin, path)
    assert (before["state"], before["cases"], len(before["tickets"])) == ("none", [case["case_id"]], 1)
    for mistaken in ({}, {"to_agent": "xiaowang"}, {"to_agent": "nobody"}, {"to_agent": "xiaoli", "to_group": "x"}):
        await post(admin, path, 409 if mistaken == {"to_agent": "xiaowang"} else 400, **mistaken)
    await post(admin, "/api/agent/departures/guanli", 400, to_agent="xiaoli")
    await post(admin, "/api/agent/departures/nobody", 404, to_agent="xiaoli")
    await get(heir.browser, path, 403)
    await post(heir.browser, path, 403, to_agent="xiaoli")

    done = await post(admin, path, to_agent="xiaoli")
    assert (done["state"], done["cases"], done["display"]) == ("done", [case["case_id"]], "小王")
    assert await agent.closed() == 4409
    await get(agent.browser, "/api/agent/me", 401)
    offered = await heir.until(lambda frame: frame["type"] == "case" and frame["case"]["state"] == "offered")
    assert offered["case"]["case_id"] == case["case_id"]
    assert "已离开" in (await customer.entry("已离开"))["text"]
    assert "小李" in (await customer.entry("工单"))["text"]
    (ticket,) = (await get(heir.browser, "/api/agent/tickets"))["tickets"]
    assert ticket["owner_agent"] == "xiaoli"
    assert await post(admin, path, to_agent="xiaoli") == done, "again changes nothing"
    assert [one["name"] for one in (await get(admin, "/api/agent/departures"))["departures"]] == ["xiaowang"]
    actions = [(line.who, line.action) for line in await asyncio.to_thread(gateway.people.audited)]
    assert {("guanli", "depart"), ("guanli", "departed")} <= set(actions)


async def test_the_ticket_page_is_served_and_shows_nothing_by_itself(door: RunningGateway) -> None:
    async with door.browser().get("/ticket") as response:
        assert response.status == 200
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert "jiehua-ticket" in await response.text()
