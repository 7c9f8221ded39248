"""Several people at the console: chats side by side, transfers, supervisors, whispers and calls."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.console_stories import ANGRY, LogIn, OpenCustomer, served
from tests.e2e.scripted import ScriptedStack

pytestmark = pytest.mark.browser


@pytest.fixture
def scripted() -> Iterator[ScriptedStack]:
    """A gateway for each test: nobody else's customers wait in its queue."""
    with ScriptedStack() as stack:
        yield stack


def test_two_customers_and_two_agents_at_once_never_cross(customer: OpenCustomer, agent: LogIn) -> None:
    first, second = customer(), customer()
    wang, li = agent("小王", cap=1), agent("小李", cap=1)
    wang.ready()
    first.ask("我是甲，请转人工")
    wang.accept()
    li.ready()
    second.ask("我是乙，请转人工")
    li.accept()
    for number in range(4):
        wang.write(f"给甲的第{number}句")
        first.write(f"甲说第{number}句")
        li.write(f"给乙的第{number}句")
        second.write(f"乙说第{number}句")
    expect(first.from_agent).to_have_text([f"给甲的第{number}句" for number in range(4)])
    expect(second.from_agent).to_have_text([f"给乙的第{number}句" for number in range(4)])
    expect(wang.turns.filter(has_text="甲说第")).to_have_count(4)
    expect(wang.turns.filter(has_text="乙说第")).to_have_count(0)
    expect(li.turns.filter(has_text="乙说第")).to_have_count(4)
    expect(li.turns.filter(has_text="甲说第")).to_have_count(0)


def test_a_transfer_needs_a_note_and_takes_it_along(customer: OpenCustomer, agent: LogIn) -> None:
    page, console = served(customer, agent)
    colleague = agent("小李")
    colleague.ready()
    console.page.get_by_role("button", name="转派").click()
    dialog = console.page.get_by_role("dialog", name="转派会话")
    option = dialog.locator("option", has_text="小李")  # their status may still be on its way to this page
    dialog.get_by_label("转给").select_option(value=option.get_attribute("value"))
    dialog.get_by_role("button", name="转派").click()
    expect(dialog).to_be_visible()
    dialog.get_by_label("说明").fill("要退运费，我没有权限")
    dialog.get_by_role("button", name="转派").click()
    expect(dialog).to_be_hidden()
    expect(colleague.brief).to_contain_text("要退运费，我没有权限")
    colleague.accept()
    colleague.write("我来处理运费")
    expect(page.from_agent.last).to_have_text("我来处理运费")
    expect(page.served_by).to_have_text("人工客服 小李 为您服务")


def test_a_supervisor_sees_who_waits_and_takes_over(customer: OpenCustomer, agent: LogIn) -> None:
    page = customer()
    page.ask("请转人工")
    boss = agent("主管老张", role="supervisor")
    boss.page.get_by_role("button", name="主管").click()
    tile = boss.page.locator("[data-tile=waiting] dd")
    expect(tile).to_have_text(re.compile(r"^[1-9]"))
    boss.page.get_by_role("button", name="查看").last.click()
    expect(boss.turns.filter(has_text="请转人工")).to_have_count(1)
    boss.page.get_by_role("button", name="接管").click()
    boss.page.get_by_role("dialog", name="接管").get_by_role("button", name="接管").click()
    expect(page.served_by).to_have_text("人工客服 主管老张 为您服务")


def test_a_supervisor_sees_the_chats_of_others_and_takes_one_over(customer: OpenCustomer, agent: LogIn) -> None:
    page, console = served(customer, agent)
    console.write("我看一下")
    boss = agent("主管老张", role="supervisor")
    boss.page.get_by_role("button", name="主管").click()
    row = boss.page.locator(".supervisor tr").filter(has_text=ANGRY)
    expect(row).to_contain_text("小王")
    row.get_by_role("button", name="查看").click()
    # Watching: what is said comes live, and the customer notices nothing.
    page.write("怎么还没好")
    expect(boss.turns.filter(has_text="怎么还没好")).to_have_count(1)
    expect(page.served_by).to_have_text("人工客服 小王 为您服务")
    boss.page.keyboard.press("Alt+p")
    boss.field.fill("先补偿十元")
    boss.field.press("Enter")
    expect(console.thread.locator(".turn-note")).to_contain_text("先补偿十元")
    boss.page.get_by_role("button", name="接管").click()
    boss.page.get_by_role("dialog", name="接管").get_by_role("button", name="接管").click()
    expect(page.served_by).to_have_text("人工客服 主管老张 为您服务")
    expect(console.chats).to_have_count(0)
    boss.write("我是主管，由我来处理")
    expect(page.from_agent.last).to_have_text("我是主管，由我来处理")


def test_a_message_left_is_seen_by_the_supervisor(customer: OpenCustomer, agent: LogIn) -> None:
    page = customer()
    page.ask("请转人工")
    page.waiting_card.get_by_role("button", name="留言").click()
    page.waiting_card.get_by_label("您的问题").fill("杯子碎了两个，请补发")
    page.waiting_card.get_by_role("button", name="提交留言").click()
    expect(page.waiting_card).to_be_hidden()
    boss = agent("主管老张", role="supervisor")
    boss.page.get_by_role("button", name="主管").click()
    panel = boss.page.locator(".panel").filter(has_text="留言（最早在前）")
    panel.get_by_role("button", name="查看").click()
    expect(boss.turns.filter(has_text="杯子碎了两个")).to_have_count(1)


def test_a_whisper_is_for_the_agents_eyes_and_a_called_colleague_comes(customer: OpenCustomer, agent: LogIn) -> None:
    page, console = served(customer, agent)
    boss = agent("老张", role="supervisor")
    boss.page.get_by_role("button", name="主管").click()
    boss.page.locator(".supervisor tr").filter(has_text=ANGRY).get_by_role("button", name="查看").click()
    # Each sees that the other is there.
    expect(console.page.locator(".viewers")).to_have_text("老张 也在看这个会话")
    expect(boss.page.locator(".viewers")).to_have_text("小王 也在看这个会话")
    expect(boss.page.get_by_role("button", name="悄悄话")).to_have_attribute("aria-pressed", "true")
    boss.field.press_sequentially("先补偿")
    expect(console.page.locator(".viewers")).to_have_text("老张 正在这里写…")
    boss.field.press_sequentially("十元")
    boss.field.press("Enter")
    expect(console.thread.locator(".turn-whisper")).to_contain_text("悄悄话 · 老张（客户看不到）")
    expect(console.page.locator(".desk-toast")).to_have_text("主管悄悄话：先补偿十元")

    li = agent("小李")
    console.page.keyboard.press("Alt+p")
    console.page.keyboard.type("@小")
    console.page.get_by_role("option", name="小李").click()
    console.page.keyboard.type("仓库归你们管吗")
    console.page.keyboard.press("Enter")
    expect(console.thread.locator(".turn-note mark")).to_have_text("@小李")
    calls = li.page.locator(".calls")
    expect(calls).to_have_text("@我 1")
    calls.click()
    li.page.locator(".mention").click()
    expect(li.thread.locator(".turn-note")).to_contain_text("仓库归你们管吗")
    expect(calls).to_have_text("@我")
    console.write("这就给您补偿")
    expect(page.from_agent).to_have_text(["这就给您补偿"])
    page.reload()
    expect(page.from_agent).to_have_text(["这就给您补偿"])
    assert "先补偿十元" not in page.page.content()
    boss.page.get_by_role("button", name="主管").click()
    expect(console.page.locator(".viewers")).not_to_contain_text("老张")
