"""The story of one customer on the whole stack: Rasa, actions, knowledge base, Redis, worker, gateway, two browsers."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.pages import AgentConsole, CustomerPage, Screen
from tests.running_stack import RunningStack

pytestmark = [pytest.mark.browser, pytest.mark.rasa, pytest.mark.slow]

# The demo shop has an entry for the first, several for the second, none for the others.
KNOWN = "在哪里查退款进度"
VAGUE = "退款"
UNKNOWN = ("唐朝一共有多少位皇帝", "请问量子纠缠和相对论是怎么统一的")


@pytest.fixture
def order() -> str:
    """An order number that no other test has said."""
    return f"SG2026{secrets.randbelow(10**8):08d}"


@pytest.fixture
def console(browser: Browser, stack: RunningStack, screens: list[Screen]) -> Iterator[AgentConsole]:
    """An agent of this test alone, with room for whatever else waits; on break again at its end."""
    name = f"story-{secrets.token_hex(3)}"
    opened = AgentConsole(browser, stack.url, name, stack.agent(name, display="小王", cap=50))
    screens.append(opened)
    yield opened
    opened.page.locator(".bar [data-status=break]").click()


@pytest.fixture
def customer(browser: Browser, stack: RunningStack, screens: list[Screen]) -> CustomerPage:
    """A new customer."""
    page = CustomerPage(browser, stack.url)
    screens.append(page)
    return page


def test_a_known_question_is_answered_with_its_source_and_can_be_voted_on(customer: CustomerPage) -> None:
    answer = customer.ask(KNOWN)
    expect(answer.locator(".source")).to_contain_text("更新于")
    answer.get_by_role("button", name="有用", exact=True).click()
    expect(answer.locator(".voted")).to_be_visible()
    customer.reload()
    expect(customer.from_bot.last.locator(".voted")).to_be_visible()


def test_a_vague_question_gets_up_to_three_choices_and_one_of_them_is_answered(customer: CustomerPage) -> None:
    asked = customer.ask(VAGUE)
    chips = asked.locator(".chip")
    expect(chips.first).to_be_visible()
    assert 2 <= chips.count() <= 4  # up to three, and "none of these"
    expect(chips.last).to_have_text("都不是")
    chips.first.click()
    expect(customer.from_bot.last.locator(".source")).to_be_visible()


def test_two_questions_nobody_knows_are_admitted_and_bring_a_person(customer: CustomerPage) -> None:
    customer.ask(UNKNOWN[0])
    expect(customer.waiting_card).to_have_count(0)
    customer.ask(UNKNOWN[1])
    expect(customer.waiting_card).to_be_visible()
    expect(customer.waiting_card).to_contain_text(re.compile(r"第 \d+ 位"))


def test_asking_for_a_person_in_words_takes_a_place_at_once(customer: CustomerPage) -> None:
    customer.write("转人工")
    expect(customer.waiting_card).to_be_visible()
    customer.waiting_card.get_by_role("button", name="不用等了").click()
    expect(customer.waiting_card).to_be_hidden()
    customer.human_button.click()
    expect(customer.waiting_card).to_be_visible()


def test_from_an_angry_word_to_a_person_and_back_to_the_bot(
    customer: CustomerPage, console: AgentConsole, order: str
) -> None:
    customer.ask(KNOWN).get_by_role("button", name="没用").click()
    customer.write(f"气死我了，你们太过分了！订单 {order} 拖了半个月还没人管，垃圾店铺！")
    expect(customer.waiting_card).to_be_visible()

    console.ready()
    row = console.chats.filter(has_text=order)
    expect(row).to_contain_text("情绪激动")
    row.click()
    # Before accepting: the whole transcript, each turn explained.
    turns = console.thread.locator(".turn-customer")
    expect(turns).to_have_count(2)
    expect(console.thread.locator(".turn-reaction")).to_have_text("客户：没用")
    furious = turns.filter(has_text=order)
    expect(furious.locator("mark")).to_have_text(order)
    expect(furious.locator("summary")).to_contain_text("负面")
    asked = turns.first.locator(".explain")
    asked.locator("summary").click()
    expect(asked.locator(".candidates li").first).to_contain_text(re.compile(r"\d+%"))
    expect(console.brief.locator(".context-line.problem")).to_contain_text(order)
    expect(console.brief.locator(".entity")).to_contain_text(order)
    expect(console.brief.locator(".context-part").nth(1)).to_contain_text("愤怒")

    console.take(order)
    expect(customer.served_by).to_have_text("人工客服 小王 为您服务")
    console.write("您好，前面的记录我都看到了，马上为您处理。")
    expect(customer.from_agent).to_have_text(["您好，前面的记录我都看到了，马上为您处理。"])
    customer.write("那麻烦快一点")
    expect(console.turns.filter(has_text="那麻烦快一点")).to_have_count(1)

    for screen in (customer, console):
        before = screen.words()
        screen.reload()
        if screen is console:
            console.open(order if console.chats.filter(has_text=order).count() else "那麻烦快一点")
        expect(screen.said.filter(has_text="那麻烦快一点")).to_have_count(1)
        assert screen.words() == before

    console.resolve("已催发货并致歉")
    expect(customer.served_by).to_have_text("智能客服为您服务")
    expect(customer.rating_card).to_be_visible()
    customer.rating_card.get_by_role("button", name="不评价").click()
    expect(customer.ask(KNOWN).locator(".source")).to_be_visible()
