"""What helps an agent to write: notes, suggestions, canned replies, drafts for the editors, input methods."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.console_stories import LogIn, OpenCustomer, served
from tests.e2e.scripted import ORDER, ScriptedStack
from tests.e2e.test_customer_page import COMPOSING_ENTER

pytestmark = pytest.mark.browser


@pytest.fixture
def scripted() -> Iterator[ScriptedStack]:
    """A gateway for each test: nobody else's customers wait in its queue."""
    with ScriptedStack() as stack:
        yield stack


def test_a_note_is_for_colleagues_only(customer: OpenCustomer, agent: LogIn) -> None:
    page, console = served(customer, agent)
    console.page.keyboard.press("Alt+p")
    console.field.fill("客户上次也催过，先补偿")
    console.field.press("Enter")
    expect(console.thread.locator(".turn-note")).to_contain_text("客户上次也催过")
    console.write("马上处理")
    expect(page.from_agent).to_have_text(["马上处理"])
    page.reload()
    assert "客户上次也催过" not in page.page.content()


def test_a_suggestion_is_inserted_by_one_key_and_sent_only_by_the_agent(customer: OpenCustomer, agent: LogIn) -> None:
    page, console = served(customer, agent)
    expect(console.brief.locator(".suggestion").first).to_contain_text("退款多久到账")
    console.page.keyboard.press("Alt+1")
    expect(console.field).to_have_value(re.compile("质检通过后原路退回"))
    expect(page.from_agent).to_have_count(0)
    console.field.press("Enter")
    expect(page.from_agent).to_contain_text(["· 微信、支付宝：即时到账"])


def test_a_canned_reply_is_found_by_name_or_initials_and_filled_from_the_case(
    customer: OpenCustomer, agent: LogIn
) -> None:
    page, console = served(customer, agent)
    console.page.keyboard.press("Alt+l")
    console.page.keyboard.type("/cd")
    expect(console.page.get_by_role("option")).to_have_count(1)
    console.page.keyboard.press("Enter")
    expect(console.field).to_have_value(f"我正在为您查询订单 {ORDER}，请稍等。")
    console.field.fill("/您好")
    console.page.keyboard.press("Enter")
    expect(console.field).to_have_value(re.compile("我是客服小王"))
    console.field.fill("请问 {{phone}} 是您的号码吗")
    console.field.press("Enter")
    expect(console.page.locator(".write-hint")).to_have_text("还有没填的内容：{{phone}}")
    expect(page.from_agent).to_have_count(0)


def test_an_agent_adds_changes_and_deletes_a_canned_reply_of_their_own(customer: OpenCustomer, agent: LogIn) -> None:
    _, console = served(customer, agent)
    console.field.fill("/")
    console.page.locator(".canned-foot button").click()
    dialog = console.page.get_by_role("dialog", name="快捷回复")
    expect(dialog.get_by_role("button", name="修改 您好")).to_have_count(0)  # a shared one is not theirs
    dialog.get_by_label("名称").fill("补发")
    dialog.get_by_label("内容").fill("这就为您补发，")
    dialog.get_by_role("button", name="订单号").click()
    dialog.get_by_role("button", name="保存").click()
    expect(dialog.locator(".canned-row").first).to_contain_text("这就为您补发，{{order_number}}")
    console.page.keyboard.press("Escape")
    console.field.fill("/bf")
    console.page.keyboard.press("Enter")
    expect(console.field).to_have_value(f"这就为您补发，{ORDER}")
    console.field.fill("/")
    console.page.locator(".canned-foot button").click()
    dialog.get_by_role("button", name="删除 补发").click()
    expect(dialog.locator(".canned-row").filter(has_text="补发")).to_have_count(0)


def test_an_own_answer_becomes_a_draft_with_the_customers_question_and_without_their_numbers(
    customer: OpenCustomer, agent: LogIn, scripted: ScriptedStack
) -> None:
    _, console = served(customer, agent)
    console.write("订单三天没动静，我们会催仓库")
    answer = console.turns.filter(has_text="我们会催仓库")
    answer.hover()
    answer.get_by_role("button", name="变成 FAQ").click()
    dialog = console.page.get_by_role("dialog", name="这条回答变成 FAQ")
    expect(dialog.get_by_label("问题")).to_have_value("太气人了，我的订单 [号码] 三天没动静")
    dialog.get_by_label("问题").fill("订单三天没动静怎么办")
    dialog.get_by_role("button", name="存为草稿").click()
    expect(console.page.locator(".desk-toast")).to_have_text("已存为草稿，等知识编辑审阅")
    written = (scripted.faq / "drafts.yml").read_text("utf-8")
    assert "订单三天没动静怎么办" in written
    assert "status: draft" in written


def test_asking_for_what_was_already_given_is_pointed_out(customer: OpenCustomer, agent: LogIn) -> None:
    _, console = served(customer, agent)
    console.field.fill("请提供一下订单号")
    expect(console.page.locator(".write-hint")).to_have_text(f"客户已提供订单号：{ORDER}")


def test_the_enter_of_an_input_method_sends_no_reply(customer: OpenCustomer, agent: LogIn) -> None:
    page, console = served(customer, agent)
    console.field.fill("nihao")
    console.field.evaluate(COMPOSING_ENTER, {"isComposing": True})
    console.field.evaluate(COMPOSING_ENTER, {"keyCode": 229})
    expect(console.field).to_have_value("nihao")
    console.field.press("Enter")
    expect(page.from_agent).to_have_text(["nihao"])


def test_an_offer_does_not_take_the_words_out_of_the_agents_hands(customer: OpenCustomer, agent: LogIn) -> None:
    _, console = served(customer, agent)
    console.page.keyboard.press("Alt+l")
    console.page.keyboard.type("我正在写")
    other = customer()
    other.human_button.click()
    expect(console.offer).to_be_visible()
    console.page.keyboard.type("一句长话")
    expect(console.field).to_have_value("我正在写一句长话")
    expect(console.field).to_be_focused()
    expect(console.page).to_have_title(re.compile(r"^\(\d\) "))
    console.offer.get_by_role("button", name="婉拒").click()
    expect(console.offer).to_be_hidden()
    expect(other.waiting_card).to_be_visible()
