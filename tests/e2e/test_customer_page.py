"""The customer's page in a real browser, on the real gateway."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.pages import CustomerPage
from tests.e2e.scripted import HOSTILE

pytestmark = pytest.mark.browser

Open = Callable[..., CustomerPage]

# What an input method's Enter looks like: composing (Chromium), and key code 229 alone (Safari).
COMPOSING_ENTER = """(field, how) => field.dispatchEvent(new KeyboardEvent("keydown",
    {key: "Enter", bubbles: true, cancelable: true, ...how}))"""


def test_a_chip_asks_and_the_answer_comes_with_source_date_and_votes(customer: Open) -> None:
    page = customer()
    page.page.locator(".greeting .chip").first.click()
    expect(page.own.first).to_have_text("怎么退货")
    answer = page.ask("退款多久能到账呀")
    expect(answer.locator("strong")).to_have_text("质检通过")
    expect(answer.locator("li")).to_have_count(2)
    expect(answer.locator(".source")).to_contain_text("退款多久到账 · 退款售后 · 更新于 2026-10-12")
    link = answer.get_by_role("link", name="退款说明")
    expect(link).to_have_attribute("href", "https://example.com/refund")
    expect(link).to_have_attribute("rel", re.compile("noopener"))
    expect(answer.get_by_role("button", name="有用", exact=True)).to_be_visible()


def test_a_vote_is_still_there_after_a_reload_and_in_another_browser_tab(customer: Open) -> None:
    page = customer()
    page.ask("退款").get_by_role("button", name="没用").click()
    expect(page.from_bot.locator(".voted")).to_contain_text("没用")
    page.page.evaluate("localStorage.clear()")
    page.reload()
    expect(page.from_bot.locator(".voted")).to_contain_text("没用")
    expect(page.page.locator(".votes")).to_have_count(0)


def test_who_gets_no_answer_can_ask_to_be_told_and_take_it_back(customer: Open) -> None:
    page = customer()
    miss = page.ask("火星上能送货吗")
    miss.get_by_role("button", name="有答案了告诉我").click()
    expect(miss.locator(".voted")).to_contain_text("有答案了会在这里告诉您")
    page.reload()
    expect(page.from_bot.last.locator(".voted")).to_contain_text("有答案了会在这里告诉您")
    page.from_bot.last.get_by_role("button", name="不用了").click()
    expect(page.from_bot.last.get_by_role("button", name="有答案了告诉我")).to_be_visible()
    helped = page.ask("退款多久到账")
    expect(helped.get_by_role("button", name="有答案了告诉我")).to_have_count(0)
    helped.get_by_role("button", name="没用").click()
    expect(helped.get_by_role("button", name="有答案了告诉我")).to_be_visible()


def test_a_vague_question_gets_choices_and_none_of_these(customer: Open) -> None:
    page = customer()
    asked = page.ask("订单")
    expect(asked.locator(".chip")).to_have_text(["退款多久到账", "怎么修改收货地址", "怎么取消订单", "都不是"])
    asked.get_by_role("button", name="退款多久到账").click()
    expect(page.own.last).to_have_text("退款多久到账")
    expect(page.from_bot.last.locator(".source")).to_be_visible()
    # Choices of an earlier moment can no longer be pressed.
    expect(page.from_bot.first.locator(".chip").first).to_be_disabled()


def test_the_enter_that_picks_a_word_in_an_input_method_does_not_send(customer: Open) -> None:
    page = customer()
    page.field.fill("tuikuan")
    page.field.evaluate(COMPOSING_ENTER, {"isComposing": True})
    page.field.evaluate(COMPOSING_ENTER, {"keyCode": 229})
    expect(page.own).to_have_count(0)
    expect(page.field).to_have_value("tuikuan")
    page.field.press("Shift+Enter")
    page.page.keyboard.type("duojiu")
    expect(page.field).to_have_value("tuikuan\nduojiu")
    page.field.press("Enter")
    expect(page.own).to_have_text(["tuikuan\nduojiu"])


def test_near_the_limit_the_rest_is_counted_and_beyond_it_nothing_is_sent(customer: Open) -> None:
    page = customer()
    page.field.fill("退" * 1990)
    expect(page.page.locator(".count")).to_have_text("还可以输入 10 字")
    page.field.fill("👍" * 2000)
    expect(page.page.locator(".count")).to_have_text("还可以输入 0 字")
    page.field.fill("退" * 2003)
    expect(page.page.locator(".count")).to_have_text("超出 3 字，请精简")
    page.field.press("Enter")
    expect(page.own).to_have_count(0)
    expect(page.page.get_by_role("button", name="发送")).to_be_disabled()


def test_hostile_text_stays_text_on_both_sides_of_the_bot(customer: Open) -> None:
    page = customer()
    answer = page.ask(f"HOSTILE {HOSTILE}")
    page.reload()
    expect(answer.locator("img, script, svg, iframe")).to_have_count(0)
    expect(page.page.locator(".by-customer").locator("img, script, svg, a")).to_have_count(0)
    expect(answer.get_by_role("link")).to_have_count(0)
    expect(answer.locator(".bubble")).to_contain_text("<img src=x onerror=alert(1)>")
    # `screens` fails the test when an alert opened or the content security policy had to step in.


def test_an_unsent_draft_and_the_whole_conversation_survive_a_reload(customer: Open) -> None:
    page = customer()
    page.ask("退款")
    page.ask("你好")
    page.field.fill("写到一半")
    before = page.words()
    page.reload()
    expect(page.said).to_have_count(4)
    assert page.words() == before
    expect(page.field).to_have_value("写到一半")


def test_what_is_written_without_a_connection_arrives_once_when_it_is_back(customer: Open) -> None:
    page = customer()
    page.ask("你好")
    page.context.set_offline(True)
    page.write("断线时写的一句")
    expect(page.own.last).to_have_text("断线时写的一句")
    page.context.set_offline(False)
    expect(page.from_bot.last).to_contain_text("收到：断线时写的一句")
    expect(page.page.locator(".banner")).to_be_hidden()
    page.reload()
    expect(page.own).to_have_text(["你好", "断线时写的一句"])
    expect(page.from_bot).to_have_count(2)


def test_a_message_on_its_way_when_the_page_reloads_is_neither_lost_nor_doubled(customer: Open) -> None:
    page = customer()
    page.ask("你好")
    page.context.set_offline(True)
    page.write("还没送到就刷新了")
    page.page.locator(".by-customer.pending, .by-customer.failed").wait_for()
    page.context.set_offline(False)
    page.reload()
    expect(page.from_bot.last).to_contain_text("收到：还没送到就刷新了")
    expect(page.own).to_have_text(["你好", "还没送到就刷新了"])


def test_a_lost_cookie_begins_a_new_conversation_instead_of_a_dead_page(customer: Open) -> None:
    page = customer()
    page.ask("你好")
    page.context.clear_cookies()
    page.context.set_offline(True)
    page.context.set_offline(False)
    expect(page.said).to_have_count(0)
    expect(page.ask("又来了")).to_contain_text("收到：又来了")


def test_a_refused_message_says_why_and_is_not_sent_again_by_itself(customer: Open) -> None:
    page = customer()
    page.ask("你好")
    # A message the page would never let through, as a changed limit or a stale page might.
    page.page.evaluate(
        """() => {
            const [name] = Object.keys(sessionStorage).filter((key) => key.startsWith("jiehua.outbox."));
            const item = { key: "k-too-long", text: "长".repeat(2500), atMs: 0, state: "sending", message: "" };
            sessionStorage.setItem(name, JSON.stringify([item]));
        }"""
    )
    page.reload()
    failed = page.page.locator(".by-customer.failed")
    expect(failed).to_contain_text("2000")
    page.context.set_offline(True)
    page.context.set_offline(False)
    expect(page.ask("还在吗")).to_be_visible()
    expect(failed).to_have_count(1)
    failed.get_by_role("button", name="删除").click()
    expect(failed).to_have_count(0)
    expect(page.own).to_have_text(["你好", "还在吗"])


def test_two_tabs_of_one_customer_show_the_same_and_two_customers_do_not(customer: Open) -> None:
    page = customer()
    page.ask("你好")
    tab = page.context.new_page()
    tab.goto(page.url)
    expect(tab.locator(".by-customer .words")).to_have_text(["你好"])
    page.write("再问一句")
    expect(tab.locator(".by-customer .words")).to_have_text(["你好", "再问一句"])
    other = customer()
    expect(other.said).to_have_count(0)


def test_the_waiting_card_tells_the_truth_and_each_way_out_works(customer: Open) -> None:
    page = customer()
    page.ask("我的订单 SG202611030017 到现在也没发货")
    page.human_button.click()
    card = page.waiting_card
    expect(card).to_contain_text(re.compile(r"第 \d+ 位"))
    expect(card).to_contain_text("机器人仍可继续帮您")
    expect(card).to_contain_text("已转告客服：「我的订单 SG202611030017 到现在也没发货」对吗？")
    card.get_by_role("button", name="修改").click()
    card.get_by_label("想让客服先知道什么？").fill("其实是想退款")
    card.get_by_role("button", name="转告").click()
    expect(card).to_contain_text("已转告客服：「其实是想退款」")
    # The bot still helps, and the place is kept.
    page.ask("退款多久到账")
    expect(card).to_be_visible()
    page.reload()
    expect(card).to_contain_text("其实是想退款")
    card.get_by_role("button", name="不用等了").click()
    expect(card).to_be_hidden()
    expect(page.human_button).to_be_enabled()

    page.human_button.click()
    card.get_by_role("button", name="留言").click()
    card.get_by_label("您的问题").fill("请明天联系我")
    card.get_by_label("手机号或邮箱").fill("13800000000")
    card.get_by_role("button", name="提交留言").click()
    expect(card).to_be_hidden()
    expect(page.page.locator(".line.system").last).to_contain_text("留言")


def test_two_unknown_questions_in_a_row_bring_the_queue(customer: Open) -> None:
    page = customer()
    page.ask("火星上能送货吗")
    expect(page.waiting_card).to_have_count(0)
    page.ask("那月球呢？")
    expect(page.waiting_card).to_be_visible()
    expect(page.human_button).to_have_text("排队中")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_sticks_out_at_360_pixels(customer: Open, dark: bool) -> None:
    page = customer(dark=dark)
    page.ask("退款 " + "长" * 300 + " https://example.com/" + "a" * 200)
    page.ask("订单")
    page.human_button.click()
    expect(page.waiting_card).to_be_visible()
    wide = page.page.evaluate("document.documentElement.scrollWidth")
    log_wide = page.page.evaluate(
        "(() => { const log = document.querySelector('.log'); return log.scrollWidth - log.clientWidth; })()"
    )
    assert (wide, log_wide) == (360, 0)


def test_the_keyboard_alone_is_enough(customer: Open) -> None:
    page = customer()
    press = page.page.keyboard.press
    page.page.locator("body").press("Tab")
    expect(page.human_button).to_be_focused()
    page.field.focus()
    page.page.keyboard.type("退款")
    press("Enter")
    expect(page.page.locator(".vote")).to_have_count(2)
    for _ in range(20):
        press("Shift+Tab")
        if page.page.evaluate("document.activeElement.textContent") == "没用":
            break
    press("Enter")
    expect(page.page.locator(".voted")).to_contain_text("没用")


def test_a_long_history_opens_at_its_end_and_older_lines_come_on_request(customer: Open) -> None:
    page = customer()
    # Each line gets an answer and a note of what was understood, so 80 lines fill more than one page of the log.
    for number in range(80):
        data = {"key": f"line-{number}", "text": f"第{number}句"}
        assert page.context.request.post(f"{page.url}/api/customer/say", data=data).ok
    expect(page.from_bot.last).to_contain_text("第79句")
    page.page.reload()
    expect(page.own.last).to_have_text("第79句")
    expect(page.own.first).not_to_have_text("第0句")
    page.page.get_by_role("button", name="更早的消息").click()
    expect(page.own.first).to_have_text("第0句")
    expect(page.own).to_have_count(80)
    expect(page.page.locator(".greeting")).to_be_visible()
