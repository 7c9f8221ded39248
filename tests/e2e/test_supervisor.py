"""The supervisor's live view: who waits, who is overdue, and handing a chat to somebody else with one press."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.pages import AgentConsole, CustomerPage
from tests.e2e.test_accessibility import findings

pytestmark = pytest.mark.browser


def test_a_chat_goes_to_the_freest_colleague_by_one_press_and_to_another_by_choice(
    customer: Callable[..., CustomerPage], agent: Callable[..., AgentConsole]
) -> None:
    first, boss = agent("小王"), agent("老张", role="supervisor")
    first.ready()
    page = customer()
    page.ask("我的锅裂了，转人工")
    first.take("锅裂了")
    page.write("在吗")
    boss.page.get_by_role("button", name="主管").click()
    chat = boss.page.locator(".supervisor tr").filter(has_text="锅裂了")
    expect(chat).to_contain_text("没有空闲的客服")
    second = agent("小李")
    second.ready()
    chat.get_by_role("button", name="改派给 小李").click()
    expect(second.offer).to_contain_text("锅裂了")
    expect(chat.get_by_role("button", name="改派给 小李")).to_have_count(0)
    second.offer.get_by_role("button", name="接入").click()
    expect(chat).to_contain_text("小李")
    expect(second.turns.filter(has_text="主管改派")).to_be_visible()
    expect(page.served_by).to_contain_text("小李")
    third = agent("小赵")
    third.ready()
    expect(chat.get_by_role("button", name="改派给别人")).to_be_visible()
    assert findings(boss) == []
    chat.get_by_role("button", name="改派给别人").click()
    dialog = boss.page.get_by_role("dialog", name="改派")
    dialog.get_by_label("派给").select_option(label="客服：小赵（0/5，接待中）")
    dialog.get_by_label("说明").fill("小赵懂锅")
    assert findings(boss) == []
    dialog.get_by_role("button", name="改派").click()
    expect(dialog).to_have_count(0)
    expect(third.offer).to_contain_text("锅裂了")
    third.offer.get_by_role("button", name="接入").click()
    expect(third.turns.filter(has_text="小赵懂锅")).to_be_visible()
    third.resolve()
    for console in (first, second, third):
        console.rest()


def test_a_colleague_who_has_just_left_is_not_given_a_chat_and_the_supervisor_is_told(
    customer: Callable[..., CustomerPage], agent: Callable[..., AgentConsole]
) -> None:
    first, second, boss = agent("小王"), agent("小李"), agent("老张", role="supervisor")
    first.ready()
    page = customer()
    page.ask("杯子碎了，转人工")
    first.take("杯子碎了")
    second.ready()
    boss.page.get_by_role("button", name="主管").click()
    chat = boss.page.locator(".supervisor tr").filter(has_text="杯子碎了")
    button = chat.get_by_role("button", name="改派给 小李")
    expect(button).to_be_visible()
    # The answer to a press that came too late, as the server gives it.
    refusal = '{"error":"refused","message":"没有改派：对方不在"}'
    boss.page.route("**/reassign", lambda route: route.fulfill(status=409, body=refusal))
    button.click()
    expect(boss.page.get_by_role("alert").filter(has_text="没有改派")).to_be_visible()
    expect(button).to_be_enabled()
    first.resolve()
    for console in (first, second):
        console.rest()
