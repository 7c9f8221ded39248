"""The agent's console in a real browser, on the real gateway: from the offer to the resolution."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.console_stories import ANGRY, LogIn, OpenCustomer, served
from tests.e2e.pages import Screen
from tests.e2e.scripted import ORDER, ScriptedStack

pytestmark = pytest.mark.browser


@pytest.fixture
def scripted() -> Iterator[ScriptedStack]:
    """A gateway for each test: nobody else's customers wait in its queue."""
    with ScriptedStack() as stack:
        yield stack


def test_a_wrong_password_is_told_and_lets_nobody_in(
    browser: Browser, scripted: ScriptedStack, screens: list[Screen]
) -> None:
    scripted.agent("careful", display="小心")
    screen = Screen(browser, viewport={"width": 1280, "height": 800})
    screens.append(screen)
    screen.page.goto(f"{scripted.url}/agent")
    screen.page.get_by_label("账号").fill("careful")
    screen.page.get_by_label("密码").fill("not-the-password")
    screen.page.get_by_role("button", name="登录").click()
    expect(screen.page.get_by_role("alert")).not_to_be_empty()
    expect(screen.page.locator("jiehua-desk")).to_have_count(0)


def test_the_offer_shows_what_happened_before_it_is_accepted(customer: OpenCustomer, agent: LogIn) -> None:
    page = customer()
    page.ask("退款多久到账").get_by_role("button", name="没用").click()
    page.ask(ANGRY)
    console = agent()
    console.ready()
    expect(console.offer).to_contain_text("情绪激动")
    expect(console.offer).to_contain_text(ANGRY)
    expect(console.offer.locator("wait-timer")).to_have_text(re.compile(r"\d:\d\d"))
    # Nothing else was open, so the whole of it stands behind the offer.
    expect(console.turns.locator(".words").first).to_have_text("退款多久到账")
    expect(console.thread.locator(".turn-reaction")).to_have_text("客户：没用")
    expect(console.thread.locator("mark")).to_have_text(ORDER)
    explained = console.thread.locator(".explain").last
    expect(explained.locator("summary")).to_contain_text("投诉抱怨 93%")
    expect(explained.locator("summary")).to_contain_text("负面 · 愤怒 2.6 / 3")
    explained.locator("summary").click()
    expect(explained.locator(".facts")).to_contain_text("太气人 1.92")
    expect(explained.locator(".candidates li")).to_have_text(
        [re.compile("91%.*退款多久到账"), re.compile("34%.*怎么查退款进度")]
    )
    expect(console.brief.locator(".entity")).to_contain_text(ORDER)
    expect(console.brief.locator(".mood")).to_have_count(2)
    expect(console.brief.locator(".context-line.problem")).to_have_text(ANGRY)


def test_a_line_of_the_brief_leads_to_its_message(customer: OpenCustomer, agent: LogIn) -> None:
    _, console = served(customer, agent)
    for number in range(8):
        console.write(f"说明第 {number} 点，" + "请您看一下。" * 12)
    first = console.turns.filter(has_text=ANGRY)
    expect(first).not_to_be_in_viewport()
    console.brief.locator(".context-line.problem").click()
    expect(first).to_be_in_viewport()
    expect(first).to_be_focused()


def test_both_sides_talk_live_and_reload_without_losing_a_word(customer: OpenCustomer, agent: LogIn) -> None:
    page, console = served(customer, agent)
    expect(page.served_by).to_have_text("人工客服 小王 为您服务")
    expect(page.page.locator(".line.system").last).to_contain_text("客服 小王 已接入")
    console.write("您好，记录我都看到了")
    expect(page.from_agent).to_have_text(["您好，记录我都看到了"])
    page.write("那就好")
    expect(console.turns.filter(has_text="那就好")).to_have_count(1)
    expect(page.from_bot.last).not_to_contain_text("那就好")
    for screen in (page, console):
        before = screen.words()
        screen.reload()
        expect(screen.said.filter(has_text="那就好")).to_have_count(1)
        assert screen.words() == before
    console.write("已经为您催发货")
    expect(page.from_agent.last).to_have_text("已经为您催发货")


def test_after_the_resolution_the_bot_is_back_and_the_service_is_rated_once(
    customer: OpenCustomer, agent: LogIn
) -> None:
    page, console = served(customer, agent)
    console.write("已处理好了")
    console.resolve("催发货，已发出")
    expect(console.chats).to_have_count(0)
    expect(page.served_by).to_have_text("智能客服为您服务")
    expect(page.human_button).to_be_enabled()
    page.rating_card.get_by_role("radio", name=re.compile("很满意")).check()
    page.rating_card.get_by_label("还想说点什么").fill("很快")
    page.rating_card.get_by_role("button", name="提交评价").click()
    expect(page.rating_card).to_be_hidden()
    expect(page.ask("你好")).to_contain_text("收到：你好")
    page.page.evaluate("localStorage.clear()")
    page.reload()
    expect(page.rating_card).to_have_count(0)


def test_a_case_of_the_past_is_told_to_the_next_agent(customer: OpenCustomer, agent: LogIn) -> None:
    page, console = served(customer, agent)
    console.write("已处理好了")
    console.resolve("催发货，已发出")
    page.rating_card.get_by_role("button", name="不评价").click()
    expect(page.rating_card).to_be_hidden()
    page.human_button.click()
    console.accept()
    expect(console.brief).to_contain_text("催发货，已发出")


def test_a_reply_written_without_a_connection_arrives_once(customer: OpenCustomer, agent: LogIn) -> None:
    page, console = served(customer, agent)
    console.context.set_offline(True)
    console.field.fill("断线时写的回复")
    console.field.press("Enter")
    expect(console.thread.locator(".turn.pending, .turn.failed")).to_have_count(1)
    console.context.set_offline(False)
    expect(page.from_agent).to_have_text(["断线时写的回复"])
    expect(console.turns.filter(has_text="断线时写的回复")).to_have_count(1)
    expect(console.thread.locator(".turn.pending, .turn.failed")).to_have_count(0)


def test_keys_move_between_chats_and_a_sheet_lists_them(customer: OpenCustomer, agent: LogIn) -> None:
    console = agent()
    console.ready()
    for words in ("甲来了，转人工", "乙来了，转人工"):
        customer().ask(words)
        console.accept()
    expect(console.chats).to_have_count(2)
    name = console.page.locator(".thread-name")
    names = set()
    for key in ("Alt+j", "Alt+j", "Alt+k"):
        before = name.inner_text()
        console.page.keyboard.press(key)
        expect(name).not_to_have_text(before)  # drawn with the next frame of the screen
        expect(console.page.locator(".chat[aria-current]")).to_have_count(1)
        names.add(name.inner_text())
    assert len(names) == 2
    console.page.locator(".bar-title").click()
    console.page.keyboard.press("?")
    sheet = console.page.get_by_role("dialog", name="快捷键")
    expect(sheet).to_contain_text("Alt+J")
    console.page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()


def test_hostile_words_of_a_customer_stay_words_in_the_console(customer: OpenCustomer, agent: LogIn) -> None:
    page = customer()
    page.ask("HOSTILE")
    page.ask("太气人了 <img src=x onerror=alert(1)> <script>alert(1)</script> [x](javascript:alert(1))")
    console = agent()
    console.ready()
    console.accept()
    console.thread.locator(".explain summary").first.click()
    expect(console.page.locator("jiehua-desk").locator("img, script, iframe, svg")).to_have_count(0)
    expect(console.thread).to_contain_text("<img src=x onerror=alert(1)>")
    assert console.page.locator("a[href^=javascript]").count() == 0


def test_logging_out_ends_the_session(customer: OpenCustomer, agent: LogIn) -> None:
    console = agent()
    console.page.get_by_role("button", name="退出").click()
    expect(console.page.get_by_label("账号")).to_be_focused()
    console.page.reload()
    expect(console.page.get_by_label("账号")).to_be_visible()


def test_of_a_long_thread_only_a_part_is_in_the_page_and_every_line_can_be_reached(
    customer: OpenCustomer, agent: LogIn
) -> None:
    page, console = served(customer, agent)
    page.page.evaluate(
        """async () => {
            for (let number = 0; number < 260; number += 1) {
                const body = JSON.stringify({ key: `n${number}`, text: `第${String(number).padStart(3, "0")}句` });
                const headers = { "Content-Type": "application/json" };
                await fetch("/api/customer/say", { method: "POST", headers, body });
            }
        }"""
    )
    expect(console.turns.last).to_contain_text("第259句")
    expect(console.turns.last).to_be_in_viewport()
    assert console.turns.count() <= 120
    console.reload()
    expect(console.turns.last).to_contain_text("第259句")
    for _ in range(60):
        console.thread.hover()
        console.page.mouse.wheel(0, -4000)
        earlier = console.thread.get_by_role("button", name="更早的消息")
        if earlier.is_visible():
            earlier.click()
        if console.turns.filter(has_text="第000句").count():
            break
    expect(console.turns.filter(has_text="第000句")).to_have_count(1)
    assert console.turns.count() <= 300
    console.write("看完了")  # writing leads back to the end
    expect(console.turns.last).to_be_in_viewport()
    expect(console.turns.filter(has_text="第000句")).to_have_count(0)
    console.brief.locator(".context-line.problem").click()  # a line of the brief leads to what is not in the page
    expect(console.turns.filter(has_text=ANGRY).first).to_be_in_viewport()


def test_a_status_chosen_without_a_connection_holds_once_it_is_back(agent: LogIn) -> None:
    console = agent()
    console.ready()
    console.context.set_offline(True)
    expect(console.page.locator(".desk-banner")).to_be_visible()
    console.rest()
    console.context.set_offline(False)
    expect(console.page.locator(".desk-banner")).to_be_hidden()
    console.reload()  # what it shows now, the server said
    expect(console.page.locator(".bar [data-status=break]")).to_have_attribute("aria-pressed", "true")


def test_a_wait_is_overdue_by_the_target_in_force(customer: OpenCustomer, agent: LogIn) -> None:
    boss = agent("老板", role="admin")

    def promise(first_s: int, version: int) -> None:
        document = {"standard": {"first_s": first_s, "next_s": 1}}
        settings = f"{boss.page.url.rpartition('/')[0]}/api/admin/settings/targets"
        answer = boss.context.request.put(settings, data={"document": document, "version": version})
        assert answer.ok, answer.text()

    boss.page.get_by_role("button", name="主管").click()
    waiting = boss.page.locator(".supervisor tr")
    overdue = boss.page.locator("[data-tile=overdue] dd")
    promise(86_400, 0)
    customer().ask("不着急，转人工")
    calm = waiting.filter(has_text="不着急").locator("wait-timer")
    expect(calm).to_have_attribute("data-level", "fresh")
    promise(1, 1)
    customer().ask("着急得很，转人工")
    expect(waiting.filter(has_text="着急得很").locator("wait-timer")).to_have_attribute("data-level", "overdue")
    expect(boss.page.locator("[data-tile=longest]")).to_have_attribute("data-level", "overdue")
    expect(overdue).not_to_have_text("0")
