"""Customers and tickets at the console, in a real browser on the real gateway."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.console_stories import ANGRY, LogIn, OpenCustomer, served
from tests.e2e.pages import PHONE, AgentConsole, CustomerPage, Screen
from tests.e2e.scripted import ScriptedStack

pytestmark = pytest.mark.browser


@pytest.fixture
def scripted() -> Iterator[ScriptedStack]:
    """A gateway for each test: nobody else's customers wait in its queue."""
    with ScriptedStack() as stack:
        yield stack


def new_ticket(console: AgentConsole, title: str) -> Locator:
    """A ticket for the open customer, opened: its dialog."""
    panel = console.side("工单")
    panel.get_by_role("button", name="新建工单").click()
    console.dialog.get_by_label("要做什么").fill(title)
    console.dialog.get_by_role("button", name="建工单").click()
    panel.get_by_role("button", name=f"打开工单：{title}").click()
    expect(console.dialog.get_by_label("要做什么")).to_have_value(title)
    return console.dialog


def ask_for_a_person_again(page: CustomerPage) -> None:
    page.rating_card.get_by_role("button", name="不评价").click()
    expect(page.rating_card).to_be_hidden()
    page.human_button.click()


def test_name_tags_owner_and_notes_are_kept_and_seen_by_the_next_agent(customer: OpenCustomer, agent: LogIn) -> None:
    page, console = served(customer, agent)
    panel = console.side("客户")
    expect(panel.locator(".profile-name")).to_have_text(re.compile("^访客 "))
    panel.get_by_role("button", name="编辑").click()
    console.dialog.get_by_label("名字").fill("安女士")
    console.dialog.get_by_label("负责人").select_option(label="客服：小王")
    console.dialog.get_by_role("button", name="保存").click()
    expect(panel.locator(".profile-name")).to_have_text("安女士")
    tag = panel.get_by_label("加标签")
    for text in ("老客户", "怕吵"):
        tag.fill(text)
        tag.press("Enter")
        expect(panel.locator(".own-tag", has_text=text)).to_be_visible()
        expect(tag).to_be_focused()
    panel.get_by_role("button", name="去掉标签 怕吵").click()
    expect(panel.locator(".own-tag")).to_have_count(1)
    note = panel.get_by_label("写一条备注")
    note.fill("上次答应过补发")
    note.press("Enter")
    expect(panel.locator(".context-note")).to_contain_text("上次答应过补发")
    expect(console.page.locator(".context-strip")).to_have_text("安女士老客户负责人：小王")
    # A supervisor who looks on sees the same, and what they change is seen here at once.
    boss = agent("老张", role="supervisor")
    boss.page.get_by_role("button", name="主管").click()
    boss.page.locator(".supervisor tr").filter(has_text=ANGRY).get_by_role("button", name="查看").click()
    watched = boss.side("客户")
    expect(watched.locator(".context-note")).to_contain_text("小王")
    watched.get_by_label("加标签").fill("补偿过")
    watched.get_by_label("加标签").press("Enter")
    expect(panel.locator(".own-tag")).to_have_text([re.compile("老客户"), re.compile("补偿过")])
    page.reload()
    assert "上次答应过补发" not in page.page.content()


def test_what_is_left_to_do_becomes_a_ticket_and_the_next_visit_shows_the_last_one(
    customer: OpenCustomer, agent: LogIn
) -> None:
    page, console = served(customer, agent)
    console.write("已催发货")
    console.page.keyboard.press("Alt+e")
    console.dialog.get_by_label("服务小结").fill("催发货，明天再看")
    console.dialog.get_by_label("还要跟进").check()
    console.dialog.get_by_role("button", name="结束并交还机器人").click()  # nothing is said of what is to be done
    title = console.dialog.get_by_label("要做什么")
    expect(title).to_be_focused()
    title.fill("看看发货了没有")
    console.dialog.get_by_role("button", name="结束并交还机器人").click()
    expect(console.page.locator("dialog[open]")).to_have_count(0)
    expect(page.rating_card).to_be_visible()
    ask_for_a_person_again(page)
    console.accept()
    expect(console.page.locator(".context").get_by_role("tab", name="工单 1")).to_be_visible()
    expect(console.side("工单").locator(".ticket-line")).to_contain_text("看看发货了没有")
    expect(console.page.locator(".ticket-line")).to_contain_text("跟进")
    console.side("客户").locator(".earlier-case").click()
    past = console.page.get_by_role("dialog", name="以往会话（只读）")
    expect(past).to_contain_text("催发货，明天再看")
    expect(past.locator(".turn-customer").first).to_contain_text("退款多久到账")
    expect(past.locator(".turn-agent")).to_contain_text("已催发货")
    expect(past.locator("textarea, .write-field")).to_have_count(0)
    console.page.keyboard.press("Escape")
    expect(past).to_have_count(0)


def test_a_ticket_is_dated_answered_and_finished_and_its_customer_follows_it(
    browser: Browser, customer: OpenCustomer, agent: LogIn, screens: list[Screen]
) -> None:
    page, console = served(customer, agent)
    ticket = new_ticket(console, "查一下运费")
    ticket.get_by_label("下次处理").fill("2030-03-04T10:30")
    ticket.get_by_role("button", name="保存修改").click()
    expect(ticket.locator(".remark").first).to_contain_text("下次处理改到 3月4日 10:30")
    ticket.get_by_role("button", name="内部备注").click()
    ticket.locator("#ticket-words").fill("仓库没人接电话")
    ticket.get_by_role("button", name="提交").click()
    expect(ticket.locator(".remark-note")).to_contain_text("仓库没人接电话")
    address = ticket.get_by_role("link", name="打开").get_attribute("href")
    assert address
    ticket.get_by_role("button", name="放进回复框").click()
    expect(console.field).to_have_value(address)
    ticket.get_by_role("button", name="回复客户").click()
    ticket.locator("#ticket-words").fill("运费已退")
    ticket.get_by_label("然后").select_option(label="完成")
    ticket.get_by_role("button", name="提交").click()
    expect(ticket.locator(".facts [data-state]")).to_have_text("已完成")
    expect(ticket.locator("[data-verb]")).to_have_text(["重新打开"])
    expect(page.page.locator(".log")).to_contain_text("运费已退")
    follower = Screen(browser, viewport=PHONE)
    screens.append(follower)
    follower.page.goto(address)
    expect(follower.page.locator("[data-state]")).to_have_text("已完成")
    follower.page.get_by_label("补充说明").fill("没有收到")
    follower.page.get_by_role("button", name="提交").click()
    expect(follower.page.locator("[data-state]")).to_have_text("重新处理中")
    assert "仓库没人接电话" not in follower.page.content()
    console.page.keyboard.press("Escape")
    # The list of the open customer knows of it without being asked.
    expect(console.page.locator(".context-panel .ticket-line")).to_contain_text("重新处理")
    console.page.locator(".bar").get_by_role("button", name="工单").click()
    expect(console.dialog.locator(".ticket-line")).to_contain_text("查一下运费")
    console.dialog.get_by_role("button", name="已完成").click()
    expect(console.dialog).to_contain_text("没有工单")


def test_a_supervisor_merges_two_devices_after_a_warning_and_splits_them_again(
    customer: OpenCustomer, agent: LogIn
) -> None:
    phone, page, console = customer(), customer(), agent("老张", role="supervisor")
    console.ready()
    phone.ask("在手机上问过，转人工")
    console.take("在手机上问过")
    other = console.side("客户").locator(".profile-id").inner_text().partition("：")[2]
    console.resolve("手机上的聊完了")
    expect(phone.served_by).to_have_text("智能客服为您服务")
    page.ask("在电脑上又来了，转人工")
    console.take("在电脑上又来了")
    panel = console.side("客户")
    panel.get_by_role("button", name="合并另一份档案").click()
    console.dialog.get_by_label("客户编号").fill("web:nobody")
    console.dialog.get_by_role("button", name="下一步").click()
    expect(console.dialog.get_by_role("alert")).not_to_be_empty()
    console.dialog.get_by_label("客户编号").fill(other)
    console.dialog.get_by_role("button", name="下一步").click()
    expect(console.dialog).to_contain_text("已经看到的收不回来")
    console.dialog.get_by_role("button", name="确认合并").click()
    expect(panel.locator(".linked")).to_have_count(1)
    # The phone is in this conversation now; what was said there is read from here.
    expect(phone.own).to_have_text(["在电脑上又来了，转人工"])
    panel.locator(".earlier-case", has_text="另一台设备").click()
    past = console.page.get_by_role("dialog", name="以往会话（只读）")
    expect(past.locator(".turn-customer")).to_contain_text("在手机上问过")
    console.page.keyboard.press("Escape")
    panel.get_by_role("button", name="拆分").click()
    console.dialog.get_by_role("button", name="拆分").click()
    expect(panel.locator(".linked")).to_have_count(0)
    expect(phone.own).to_have_text(["在手机上问过，转人工"])
    console.write("电脑上还在")
    expect(page.from_agent).to_have_text(["电脑上还在"])
