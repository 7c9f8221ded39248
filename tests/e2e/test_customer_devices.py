"""Behind 「更多」 of the customer's page: tickets, the conversation on another device, leaving this one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.pages import CustomerPage
from tests.e2e.test_accessibility import findings

pytestmark = pytest.mark.browser


def more(page: CustomerPage) -> Locator:
    page.page.get_by_role("button", name="更多").click()
    dialog = page.page.get_by_role("dialog", name="更多")
    expect(dialog).to_be_visible()
    return dialog


def test_a_code_shown_on_one_device_and_typed_on_another_brings_the_conversation_there(
    customer: Callable[..., CustomerPage],
) -> None:
    desktop, phone = customer(), customer()
    desktop.ask("退款多久到账")
    shown = more(desktop)
    expect(shown).to_contain_text("没有工单")
    shown.get_by_role("button", name="获取认领码").click()
    code = shown.locator(".claim-code")
    expect(code).to_have_text(re.compile(r"^[2-9A-Z]{4} [2-9A-Z]{4}$"))
    expect(shown.locator("p[role=status]")).to_contain_text("只能用一次")
    assert findings(desktop) == []
    typed = more(phone)
    field = typed.get_by_label("输入另一台设备上的认领码")
    field.fill("WRONGWRO")
    field.press("Enter")
    expect(typed.locator("p[role=status]")).to_contain_text("认领码不对")
    assert all("status of 400" in one for one in phone.complaints)  # the refusal, which the page tells itself
    phone.complaints.clear()
    field.fill(code.inner_text().lower())
    field.press("Enter")
    expect(typed).to_have_count(0)
    expect(phone.own).to_have_text(["退款多久到账"])
    assert code.inner_text().replace(" ", "") not in phone.page.url
    phone.ask("退款")
    expect(desktop.own).to_have_text(["退款多久到账", "退款"])


def test_customers_find_the_messages_they_left_and_follow_what_became_of_them(
    customer: Callable[..., CustomerPage],
) -> None:
    page = customer()
    page.ask("请转人工")
    page.waiting_card.get_by_role("button", name="留言").click()
    page.waiting_card.get_by_label("您的问题").fill("杯子碎了两个，请补发")
    page.waiting_card.get_by_role("button", name="提交留言").click()
    expect(page.waiting_card).to_be_hidden()
    ticket = more(page).locator(".own-ticket")
    expect(ticket).to_contain_text("杯子碎了两个，请补发")
    expect(ticket).to_contain_text("处理中")
    with page.context.expect_page() as opened:
        ticket.click()
    follower: Any = opened.value
    expect(follower.locator("[data-state]")).to_have_text("处理中")


def test_who_leaves_a_device_leaves_nothing_on_it(customer: Callable[..., CustomerPage]) -> None:
    page = customer()
    page.ask("退款多久到账").get_by_role("button", name="没用").click()
    page.field.fill("还没发出去的话")
    dialog = more(page)
    dialog.get_by_role("button", name="从这台设备上移除").click()
    dialog.get_by_role("button", name="确定移除，开始新的对话").click()
    expect(page.said).to_have_count(0)
    expect(page.page.locator(".greeting")).to_be_visible()
    expect(page.field).to_have_value("")
    kept = page.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "还没发出去的话" not in kept
    assert "votes" not in kept or '"votes":{}' in kept.replace("\\", "")
    expect(page.ask("你好")).to_contain_text("收到：你好")
