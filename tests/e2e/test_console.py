"""The agent's console in a real browser, on the real gateway."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.pages import AgentConsole, CustomerPage, Screen
from tests.e2e.scripted import ORDER, ScriptedStack
from tests.e2e.test_customer_page import COMPOSING_ENTER

pytestmark = pytest.mark.browser

OpenCustomer = Callable[..., CustomerPage]
LogIn = Callable[..., AgentConsole]

ANGRY = f"太气人了，我的订单 {ORDER} 三天没动静"


@pytest.fixture
def scripted() -> Iterator[ScriptedStack]:
    """A gateway for each test: nobody else's customers wait in its queue."""
    with ScriptedStack() as stack:
        yield stack


def served(customer: OpenCustomer, agent: LogIn) -> tuple[CustomerPage, AgentConsole]:
    """An angry customer in the hands of an agent."""
    page = customer()
    page.ask("退款多久到账").get_by_role("button", name="没用").click()
    page.ask(ANGRY)
    console = agent()
    console.ready()
    console.accept()
    return page, console


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
        expect(screen.page.get_by_text("那就好").first).to_be_visible()
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
    expect(console.brief).to_contain_text("<img src=x onerror=alert(1)>")
    assert console.page.locator("a[href^=javascript]").count() == 0


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


def test_logging_out_ends_the_session(customer: OpenCustomer, agent: LogIn) -> None:
    console = agent()
    console.page.get_by_role("button", name="退出").click()
    expect(console.page.get_by_label("账号")).to_be_focused()
    console.page.reload()
    expect(console.page.get_by_label("账号")).to_be_visible()


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
