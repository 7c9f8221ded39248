"""The customer's ticket page, and their thread on a second device, in a real browser on the real gateway."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.e2e.pages import PHONE, AgentConsole, CustomerPage, Screen

pytestmark = pytest.mark.browser
HOSTILE = "<img src=x onerror=alert(1)>\n第二行 [点我](javascript:alert(1))"


def call(screen: Screen, path: str, **body: Any) -> Any:
    """One call with this screen's cookies, as its own page would make it."""
    url = re.match(r"https?://[^/]+", screen.page.url).group(0)  # type: ignore[union-attr]
    answer = screen.context.request.post(url + path, data=body)
    assert answer.ok, answer.text()
    return answer.json()


class TicketPage(Screen):
    """A customer who opened the link of their ticket."""

    def __init__(self, browser: Browser, url: str) -> None:
        super().__init__(browser, viewport=PHONE)
        self.asked: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(url)


def test_the_customer_follows_their_ticket_and_says_that_it_is_not_solved(
    browser: Browser, agent: Callable[..., AgentConsole], screens: list[Screen], scripted: Any
) -> None:
    console = agent("小王")
    ticket = call(console, "/api/agent/tickets", key="t", title="内部标题：难缠的客户")
    page = TicketPage(browser, scripted.url + ticket["link"])
    screens.append(page)
    expect(page.page.get_by_role("heading")).to_have_text(f"工单 {ticket['ticket_id']}")
    expect(page.page.locator("[data-state]")).to_have_text("处理中")
    path = f"/api/agent/tickets/{ticket['ticket_id']}"
    call(console, f"{path}/notes", key="n", text="内部备注")
    call(console, f"{path}/answers", key="a", text=HOSTILE, then="finish")
    page.page.reload()
    expect(page.page.locator("[data-state]")).to_have_text("已完成")
    expect(page.page.locator(".ticket-answers .ticket-text")).to_have_text(HOSTILE)
    expect(page.page.locator(".ticket-answers")).to_contain_text("小王")
    shown = page.page.locator("body").inner_text()
    assert "内部" not in shown
    page.page.get_by_label("补充说明").fill("还是没收到")
    page.page.get_by_role("button", name="提交").click()
    expect(page.page.get_by_role("status")).to_have_text("已收到您的补充。")
    expect(page.page.locator("[data-state]")).to_have_text("重新处理中")
    expect(page.page.get_by_label("补充说明")).to_have_value("")
    token = ticket["link"].partition("#")[2]
    assert [url for url in page.asked if token in url.partition("#")[0]] == [], "no address holds the token"
    found = [one for one in Axe().run(page.page).response["violations"] if one["impact"] in ("serious", "critical")]
    assert found == []


def test_a_link_that_was_mistyped_says_so(browser: Browser, screens: list[Screen], scripted: Any) -> None:
    page = TicketPage(browser, f"{scripted.url}/ticket#no-such-token")
    expect(page.page.get_by_role("status")).to_have_text("这个工单链接无效。")
    assert [one for one in page.complaints if "404" not in one] == []
    page.context.close()


def test_a_claim_code_brings_the_thread_to_an_open_page_on_another_device(
    customer: Callable[..., CustomerPage],
) -> None:
    desktop, phone = customer(), customer()
    desktop.ask("退款多久到账")
    phone.ask("订单")
    code = call(desktop, "/api/customer/claim")["code"]
    call(phone, "/api/customer/claim/redeem", code=code)
    expect(phone.own).to_have_text(["退款多久到账"])
    phone.ask("退款")
    expect(desktop.own).to_have_text(["退款多久到账", "退款"])
