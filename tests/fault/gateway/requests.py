"""One request for every route that changes something, with what must be there before it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from tests.fault.gateway.shop import Asked, Shop
from tests.integration.gateway.test_customer_identity import signed

Row = Callable[[Shop], Awaitable[Asked]]
ROWS: dict[str, Row] = {}


def asks(route: str) -> Callable[[Row], Row]:
    """The request of this route."""

    def add(row: Row) -> Row:
        assert route not in ROWS
        ROWS[route] = row
        return row

    return add


@asks("POST /api/agent/login")
async def _(shop: Shop) -> Asked:
    await shop.agent()
    # Each login is one of its own: another browser may ask with the same words.
    body = {"name": "wang", "password": "password-wang"}
    return Asked(shop.gateway.browser(), "/api/agent/login", body, anew=(r"redis gw:login:.*",))


@asks("POST /api/agent/logout")
async def _(shop: Shop) -> Asked:
    return Asked(await shop.agent(), "/api/agent/logout")


@asks("POST /api/customer/say")
async def _(shop: Shop) -> Asked:
    browser, _ = await shop.customer()
    return Asked(browser, "/api/customer/say", {"key": "k", "text": "再问一句"})


@asks("POST /api/customer/session")
async def _(shop: Shop) -> Asked:
    return Asked(shop.gateway.browser(), "/api/customer/session", {"identity": signed(shop.gateway)})


@asks("POST /api/customer/logout")
async def _(shop: Shop) -> Asked:
    browser, _ = await shop.customer()
    return Asked(browser, "/api/customer/logout")


@asks("POST /api/customer/claim")
async def _(shop: Shop) -> Asked:
    browser, _ = await shop.customer()
    # A code is shown once and voids the one before it, which may have been read by somebody else.
    return Asked(browser, "/api/customer/claim", anew=(r"redis gw:claim(-of)?:.*",))


@asks("POST /api/customer/claim/redeem")
async def _(shop: Shop) -> Asked:
    desktop, _ = await shop.customer()
    shown = (await Asked(desktop, "/api/customer/claim").send())[1]
    phone, _ = await shop.customer()
    return Asked(phone, "/api/customer/claim/redeem", {"code": shown["code"]})


@asks("POST /api/customer/attachments")
async def _(shop: Shop) -> Asked:
    browser, _ = await shop.customer()
    return Asked(browser, "/api/customer/attachments?name=a.txt&key=k", "订单号 12345".encode())


@asks("POST /api/agent/conversations/{conversation_id}/attachments")
async def _(shop: Shop) -> Asked:
    conversation_id, agent, _ = await shop.served()
    path = f"/api/agent/conversations/{conversation_id}/attachments?name=a.txt&key=k"
    return Asked(agent.browser, path, "订单号 12345".encode())


@asks("POST /api/agent/conversations/{conversation_id}/faq_drafts")
async def _(shop: Shop) -> Asked:
    conversation_id, agent, said = await shop.served()
    body = {"seq": said["seq"], "question": "多久到账", "answer": "三个工作日内。"}
    return Asked(agent.browser, f"/api/agent/conversations/{conversation_id}/faq_drafts", body)


@asks("POST /api/agent/cases/{case_id}/reassign")
async def _(shop: Shop) -> Asked:
    _, _, said = await shop.served()
    await shop.gateway.agent("li")
    return Asked(await shop.boss(), f"/api/agent/cases/{said['case_id']}/reassign", {"to_agent": "li", "note": "请接"})


@asks("POST /api/agent/canned")
async def _(shop: Shop) -> Asked:
    return Asked(await shop.agent(), "/api/agent/canned", {"name": "查件", "text": "正在为您查询。", "shared": False})


async def a_reply(shop: Shop, browser: aiohttp.ClientSession) -> str:
    done = await Asked(browser, "/api/agent/canned", {"name": "查件", "text": "查询。", "shared": False}).send()
    return f"/api/agent/canned/{done[1]['id']}"


@asks("PUT /api/agent/canned/{reply_id}")
async def _(shop: Shop) -> Asked:
    browser = await shop.agent()
    body = {"name": "查件", "text": "改过。", "shared": False}
    return Asked(browser, await a_reply(shop, browser), body, method="PUT")


@asks("DELETE /api/agent/canned/{reply_id}")
async def _(shop: Shop) -> Asked:
    browser = await shop.agent()
    return Asked(browser, await a_reply(shop, browser), method="DELETE")


@asks("POST /api/agent/customers/{customer_id}")
async def _(shop: Shop) -> Asked:
    _, customer_id = await shop.customer()
    body = {"display": "王女士", "tags": ["老客户"], "owner_agent": "boss"}
    return Asked(await shop.boss(), f"/api/agent/customers/{customer_id}", body)


@asks("POST /api/agent/customers/{customer_id}/notes")
async def _(shop: Shop) -> Asked:
    _, customer_id = await shop.customer()
    return Asked(await shop.boss(), f"/api/agent/customers/{customer_id}/notes", {"key": "k", "text": "爱打电话"})


async def two_customers(shop: Shop) -> tuple[str, str]:
    return (await shop.customer())[1], (await shop.customer())[1]


@asks("POST /api/agent/customers/{customer_id}/merge")
async def _(shop: Shop) -> Asked:
    one, other = await two_customers(shop)
    return Asked(await shop.boss(), f"/api/agent/customers/{one}/merge", {"into": other})


@asks("POST /api/agent/customers/{customer_id}/split")
async def _(shop: Shop) -> Asked:
    one, other = await two_customers(shop)
    boss = await shop.boss()
    assert (await Asked(boss, f"/api/agent/customers/{one}/merge", {"into": other}).send())[0] == 200
    return Asked(boss, f"/api/agent/customers/{one}/split")


@asks("POST /api/agent/tickets")
async def _(shop: Shop) -> Asked:
    _, customer_id = await shop.customer()
    body = {"key": "k", "title": "回电", "text": "答应过", "conversation_id": customer_id}
    return Asked(await shop.boss(), "/api/agent/tickets", body)


@asks("POST /api/agent/tickets/{ticket_id}")
async def _(shop: Shop) -> Asked:
    browser = await shop.agent()
    ticket = await shop.ticket(browser)
    return Asked(browser, f"/api/agent/tickets/{ticket['ticket_id']}", {"title": "改名", "contact": "13800138000"})


@asks("POST /api/agent/tickets/{ticket_id}/notes")
async def _(shop: Shop) -> Asked:
    browser = await shop.agent()
    ticket = await shop.ticket(browser)
    return Asked(browser, f"/api/agent/tickets/{ticket['ticket_id']}/notes", {"key": "k", "text": "没人接"})


@asks("POST /api/agent/tickets/{ticket_id}/answers")
async def _(shop: Shop) -> Asked:
    browser = await shop.agent()
    ticket = await shop.ticket(browser)
    body = {"key": "k", "text": "已为您改好", "then": "finish"}
    return Asked(browser, f"/api/agent/tickets/{ticket['ticket_id']}/answers", body)


@asks("POST /api/agent/tickets/{ticket_id}/move")
async def _(shop: Shop) -> Asked:
    browser = await shop.agent()
    ticket = await shop.ticket(browser)
    return Asked(browser, f"/api/agent/tickets/{ticket['ticket_id']}/move", {"verb": "wait", "text": "等客户"})


async def a_link(shop: Shop) -> str:
    return (await shop.ticket(await shop.agent()))["link"].removeprefix("/ticket#")


@asks("POST /api/ticket")
async def _(shop: Shop) -> Asked:
    return Asked(shop.gateway.browser(), "/api/ticket", {"token": await a_link(shop)})


@asks("POST /api/ticket/reply")
async def _(shop: Shop) -> Asked:
    body = {"token": await a_link(shop), "key": "k", "text": "还是不对"}
    return Asked(shop.gateway.browser(), "/api/ticket/reply", body)


@asks("POST /api/agent/departures/{name}")
async def _(shop: Shop) -> Asked:
    _, agent, _ = await shop.served()
    await shop.ticket(agent.browser)
    await shop.boss()
    return Asked(await shop.admin(), "/api/agent/departures/xiaowang", {"to_agent": "boss"})


@asks("POST /api/admin/people")
async def _(shop: Shop) -> Asked:
    return Asked(await shop.admin(), "/api/admin/people", {"name": "zhao", "display": "小赵"})


@asks("PUT /api/admin/people/{name}")
async def _(shop: Shop) -> Asked:
    await shop.agent()
    body = {"display": "老王", "groups": ["售后"], "cap": 3}
    return Asked(await shop.admin(), "/api/admin/people/wang", body, method="PUT")


@asks("POST /api/admin/people/{name}/suspend")
async def _(shop: Shop) -> Asked:
    await shop.agent()
    return Asked(await shop.admin(), "/api/admin/people/wang/suspend")


@asks("POST /api/admin/people/{name}/restore")
async def _(shop: Shop) -> Asked:
    await shop.agent()
    admin = await shop.admin()
    assert (await Asked(admin, "/api/admin/people/wang/suspend").send())[0] == 200
    return Asked(admin, "/api/admin/people/wang/restore")


@asks("POST /api/admin/people/{name}/password")
async def _(shop: Shop) -> Asked:
    await shop.agent()
    # A password is shown once and kept nowhere, so the one of a lost answer can only be replaced.
    return Asked(await shop.admin(), "/api/admin/people/wang/password", anew=(r"table \w+\.people",))


@asks("PUT /api/admin/settings/{kind}")
async def _(shop: Shop) -> Asked:
    document = {"groups": [{"name": "default"}, {"name": "售后"}]}
    body = {"document": document, "version": 0}
    return Asked(await shop.admin(), "/api/admin/settings/groups", body, method="PUT")


@asks("POST /api/admin/channels/site-secret")
async def _(shop: Shop) -> Asked:
    return Asked(await shop.admin(), "/api/admin/channels/site-secret")


@asks("POST /api/knowledge/reviewed")
async def _(shop: Shop) -> Asked:
    editor = await shop.editor()
    async with editor.get("/api/knowledge/entry?id=return") as response:
        version = (await response.json())["version"]
    return Asked(editor, "/api/knowledge/reviewed", {"entry_id": "return", "version": version})


@asks("POST /api/knowledge/check")
async def _(shop: Shop) -> Asked:
    return Asked(await shop.editor(), "/api/knowledge/check", {"form": {"question": "能寄国外吗"}})


@asks("POST /api/knowledge/drafts")
async def _(shop: Shop) -> Asked:
    return Asked(await shop.editor(), "/api/knowledge/drafts", {"form": {"question": "能寄国外吗", "answer": "能。"}})


@asks("POST /api/knowledge/drafts/drop")
async def _(shop: Shop) -> Asked:
    editor = await shop.editor()
    return Asked(editor, "/api/knowledge/drafts/drop", {"key": (await shop.draft(editor))["key"]})


@asks("POST /api/knowledge/warm")
async def _(shop: Shop) -> Asked:
    return Asked(await shop.editor(), "/api/knowledge/warm")


@asks("POST /api/knowledge/hits")
async def _(shop: Shop) -> Asked:
    return Asked(await shop.editor(), "/api/knowledge/hits", {"text": "退款多久到账"})


@asks("POST /api/knowledge/replay")
async def _(shop: Shop) -> Asked:
    editor = await shop.editor()
    return Asked(editor, "/api/knowledge/replay", {"drafts": {"refund": (await shop.draft(editor))["number"]}})


@asks("POST /api/knowledge/publish")
async def _(shop: Shop) -> Asked:
    editor = await shop.editor()
    return Asked(editor, "/api/knowledge/publish", {"drafts": {"refund": (await shop.draft(editor))["number"]}})


@asks("POST /api/knowledge/golden")
async def _(shop: Shop) -> Asked:
    return Asked(await shop.editor(), "/api/knowledge/golden", {"text": "东西不要了", "gold": ["return"]})


@asks("POST /api/knowledge/golden/remove")
async def _(shop: Shop) -> Asked:
    editor = await shop.editor()
    async with editor.get("/api/knowledge/golden") as response:
        row = (await response.json())["rows"][0]
    body = {name: row[name] for name in ("text", "gold", "style", "oos", "line", "mark")}
    return Asked(editor, "/api/knowledge/golden/remove", body)


@asks("POST /api/knowledge/history/restore")
async def _(shop: Shop) -> Asked:
    editor = await shop.editor()
    draft = await shop.draft(editor, "错的。")
    done = await Asked(editor, "/api/knowledge/publish", {"drafts": {"refund": draft["number"]}}).send()
    assert done[0] == 200, done
    async with editor.get("/api/knowledge/history?id=refund") as response:
        first = (await response.json())["versions"][-1]
    return Asked(editor, "/api/knowledge/history/restore", {"number": first["number"]})


@asks("POST /api/knowledge/gaps/draft")
async def _(shop: Shop) -> Asked:
    gap: dict[str, Any] = {"question": "能寄国外吗", "wordings": ["能寄国外吗"], "reply": ""}
    gap["form"] = {"id": "abroad", "question": "能寄国外吗", "answer": ""}
    bench = shop.gateway.parts.workbench
    inside = bench.voice._scoring.ask

    async def ask(what: str, **fields: Any) -> Any:
        return {"gaps": [gap], "trends": []} if what == "gaps" else await inside(what, **fields)

    bench.voice._scoring.ask = ask  # type: ignore[method-assign]
    return Asked(await shop.editor(), "/api/knowledge/gaps/draft", {"question": "能寄国外吗"})


@asks("POST /api/knowledge/gaps/tell")
async def _(shop: Shop) -> Asked:
    return Asked(await shop.editor(), "/api/knowledge/gaps/tell", {"entry_id": "refund"})


@asks("POST /webhooks/rest/webhook")
async def _(shop: Shop) -> Asked:
    body = {"sender": "me", "message": "你好", "metadata": {"key": "k"}}
    return Asked(shop.gateway.browser(), "/webhooks/rest/webhook", body)
