"""Makes the pictures of `docs/screens` anew:  python -m tests.e2e.pictures [desk] [knowledge] [reports] [admin]"""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.conftest import ARGUMENTS, CHROMIUM
from tests.e2e.month import fill_archive
from tests.e2e.pages import DESKTOP, PHONE, AdminPage, AgentConsole, CustomerPage, EditorPage, ReportsPage, Screen
from tests.e2e.scripted import ORDER, ScriptedStack

SCREENS = Path(__file__).resolve().parents[2] / "docs" / "screens"
KNOWLEDGE = Path(__file__).resolve().parents[2] / "knowledge_base"
ENCODER = Path(__file__).resolve().parents[2] / "models" / "encoder"
MOST_BYTES = 300_000
DRAFTED = (
    "退款成功后原路退回：\n\n- 微信、支付宝：**即时**到账\n- 银行卡：1–3 个工作日\n- 信用卡：最长 7 个工作日\n\n"
    "我们保证不收手续费，节假日银行处理会慢一些。"
)
CHIPS = "退款多久到账,怎么修改收货地址,如何开发票,优惠券怎么用"


def play(browser: Browser, stack: ScriptedStack, keep: Path) -> None:
    """The story of one customer and one agent, with a picture at each turn of it."""

    def picture(screen: Screen, name: str) -> None:
        screen.page.screenshot(path=keep / f"{name}.png")

    customer = CustomerPage(browser, stack.url)
    picture(customer, "customer-greeting")
    customer.ask("退款多久能到账呀")
    picture(customer, "customer-answer")
    customer.page.get_by_role("button", name="没用").last.click()
    customer.ask("订单")
    picture(customer, "customer-choices")
    customer.ask(f"你们也太气人了，我的订单 {ORDER} 三天了还没有动静")
    expect(customer.waiting_card).to_be_visible()
    picture(customer, "customer-waiting")
    customer.page.emulate_media(color_scheme="dark")
    picture(customer, "customer-waiting-dark")
    customer.page.emulate_media(color_scheme="light")

    console = AgentConsole(browser, stack.url, "xiaowang", stack.agent("xiaowang", display="小王", role="supervisor"))
    console.ready()
    expect(console.turns.first).to_be_visible()
    expect(console.offer).to_be_visible()
    picture(console, "console-offer")
    console.accept()
    console.write("您好，我是客服小王，前面的记录我都看到了，正在为您催发货。")
    customer.write("好的，麻烦快一点，谢谢")
    expect(console.turns.filter(has_text="麻烦快一点")).to_be_visible()
    console.thread.locator(".explain summary").last.click()
    console.thread.evaluate("log => { log.scrollTop = log.scrollHeight; }")
    picture(console, "console-chat")
    console.page.emulate_media(color_scheme="dark")
    picture(console, "console-chat-dark")
    console.page.emulate_media(color_scheme="light")
    keep_record(console)
    console.side("客户")
    picture(console, "console-customer")
    console.page.emulate_media(color_scheme="dark")
    picture(console, "console-customer-dark")
    console.page.emulate_media(color_scheme="light")
    console.side("工单").locator(".ticket-line").first.click()
    expect(console.dialog.locator(".remark").first).to_be_visible()
    picture(console, "console-ticket")
    console.page.keyboard.press("Escape")
    console.side("摘要")
    picture(customer, "customer-person")
    customer.page.get_by_role("button", name="更多").click()
    expect(customer.page.get_by_role("dialog", name="更多")).to_contain_text("等待您补充")
    picture(customer, "customer-more")
    customer.page.emulate_media(color_scheme="dark")
    picture(customer, "customer-more-dark")
    customer.page.emulate_media(color_scheme="light")
    customer.page.keyboard.press("Escape")
    waiting = CustomerPage(browser, stack.url)
    console.page.locator(".bar [data-status=break]").click()
    waiting.ask("火星上能送货吗")
    waiting.ask("月球呢？")
    console.page.get_by_role("button", name="主管").click()
    expect(console.page.locator(".supervisor tbody tr").first).to_contain_text("连续未命中")
    expect(console.page.locator(".supervisor tr").filter(has_text=ORDER)).to_contain_text("小王")
    picture(console, "supervisor")
    console.page.emulate_media(color_scheme="dark")
    picture(console, "supervisor-dark")
    console.page.emulate_media(color_scheme="light")
    console.page.get_by_role("button", name="会话").click()
    console.resolve("已催发货，预计今天发出")
    expect(customer.rating_card).to_be_visible()
    picture(customer, "customer-rating")


def keep_record(console: AgentConsole) -> None:
    """What an agent keeps of the open customer: a name, tags, notes, and two tickets, one of them late."""

    def call(path: str, **body: object) -> dict[str, Any]:
        answer = console.context.request.post(f"{console.page.url.rpartition('/')[0]}/api/agent/{path}", data=body)
        assert answer.ok, answer.text()
        return answer.json()  # type: ignore[no-any-return]

    panel = console.side("客户")
    one = panel.locator(".profile-id").inner_text().partition("：")[2]
    call(f"customers/{one}", display="安女士", tags=["老客户", "江浙沪"], owner_agent="xiaowang")
    call(f"customers/{one}/notes", key="n", text="对发货慢很敏感，先说清楚预计时间。")
    late = call(
        "tickets",
        key="a",
        title="回电说明补偿方案",
        conversation_id=one,
        contact="13800138000",
        next_ms=int(time.time() - 3600) * 1000,
    )
    call(f"tickets/{late['ticket_id']}/notes", key="n", text="上午打过，没人接。")
    call(f"tickets/{late['ticket_id']}/answers", key="w", text="您好，补偿券已经发到您的账户。", then="wait")
    call("tickets", key="b", title="催仓库发货", conversation_id=one)
    expect(panel.locator(".context-note")).to_be_visible()
    expect(console.page.get_by_role("tab", name="工单 2")).to_be_visible()


def edit(browser: Browser, stack: ScriptedStack, keep: Path) -> None:
    """The story of an editor, with a picture of each page of the workbench."""
    fill_archive(stack.data)
    editor = EditorPage(browser, stack.url, "xiaolin", stack.agent("xiaolin", display="小林", role="editor"))

    def picture(name: str) -> None:
        expect(editor.page.locator(".toast")).to_have_count(0)
        editor.page.screenshot(path=keep / f"{name}.png")

    editor.open("退款多久到账")
    editor.change("answer", DRAFTED)
    expect(editor.page.locator("#field-answer-faults")).to_contain_text("承诺")
    picture("knowledge-entry")
    editor.page.emulate_media(color_scheme="dark")
    picture("knowledge-entry-dark")
    editor.page.emulate_media(color_scheme="light")
    editor.page.get_by_role("button", name="下线…").click()
    expect(editor.dialog.locator("tbody tr").first).to_be_visible(timeout=120_000)
    picture("knowledge-replay")
    editor.page.keyboard.press("Escape")
    editor.field("status").select_option("published")
    editor.change("answer", DRAFTED.replace("保证", "一般"))
    editor.publish()
    editor.tab("命中测试")
    field = editor.page.get_by_label("客户会怎么问？")
    field.fill("寄回去三天了钱还没退")
    field.press("Enter")
    expect(editor.page.locator(".hit").first).to_be_visible()
    picture("knowledge-hits")
    editor.tab("缺口")
    editor.page.locator("tr", has_text="停车").first.get_by_role("button", name="生成草稿").click(timeout=60_000)
    editor.publish()
    editor.tab("缺口")
    expect(editor.page.locator(".trends li").first).to_be_visible(timeout=60_000)
    picture("knowledge-gaps")
    editor.tab("洞察")
    expect(editor.page.locator(".tile").first).to_be_visible()
    picture("knowledge-insight")
    editor.tab("历史")
    editor.page.locator(".version summary").last.click()
    expect(editor.page.locator(".version .difference").last).to_be_visible()
    picture("knowledge-history")


def report(browser: Browser, stack: ScriptedStack, keep: Path) -> None:
    """A month, on a desk and on a phone."""
    fill_archive(stack.data)
    for name, display in (("wang", "小王"), ("li", "小李")):
        stack.agent(name, display=display)
    password = stack.agent("xiaozhou", display="小周", role="supervisor")
    for size, viewport in (("", DESKTOP), ("-phone", PHONE)):
        page = ReportsPage(browser, stack.url, "xiaozhou", password, viewport=viewport, period="days=30")
        expect(page.page.locator("svg.chart").first).to_be_visible()
        page.page.screenshot(path=keep / f"reports{size}.png")
        page.page.emulate_media(color_scheme="dark")
        page.page.screenshot(path=keep / f"reports{size}-dark.png")
        page.context.close()


def administer(browser: Browser, stack: ScriptedStack, keep: Path) -> None:
    """People and targets, on a desk and on a phone."""
    for name, display, role in (
        ("xiaowang", "小王", "agent"),
        ("xiaoli", "小李", "supervisor"),
        ("lin", "小林", "editor"),
    ):
        stack.agent(name, display=display, role=role)
    password = stack.agent("laoban", display="老板", role="admin")
    for size, viewport in (("", DESKTOP), ("-phone", PHONE)):
        page = AdminPage(browser, stack.url, "laoban", password, section="people", viewport=viewport)
        page.page.screenshot(path=keep / f"admin-people{size}.png")
        page.section("服务目标")
        page.page.screenshot(path=keep / f"admin-targets{size}.png")
        page.page.emulate_media(color_scheme="dark")
        page.page.screenshot(path=keep / f"admin-targets{size}-dark.png")
        page.context.close()


@contextlib.contextmanager
def demo_shop() -> Iterator[Path]:
    """A copy of the demo shop's FAQ with its golden questions, to be edited."""
    with tempfile.TemporaryDirectory(prefix="jh-faq-") as folder:
        shutil.copytree(KNOWLEDGE / "faq", Path(folder) / "faq")
        for name in ("golden.jsonl", "golden_oos.jsonl"):
            shutil.copy(KNOWLEDGE / name, folder)
        yield Path(folder) / "faq"


def main() -> None:
    """Play the stories and keep their pictures."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[1:] or ["desk", "knowledge", "reports", "admin"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        if "desk" in wanted:
            with ScriptedStack(JIEHUA_CHIPS=CHIPS) as stack:
                play(browser, stack, SCREENS)
        if "knowledge" in wanted:
            with demo_shop() as faq, ScriptedStack(JIEHUA_FAQ=str(faq), JIEHUA_ENCODER=str(ENCODER)) as stack:
                edit(browser, stack, SCREENS)
        for name, story in (("reports", report), ("admin", administer)):
            if name in wanted:
                with ScriptedStack() as stack:
                    story(browser, stack, SCREENS)
        browser.close()
    large = [picture.name for picture in SCREENS.glob("*.png") if picture.stat().st_size > MOST_BYTES]
    if large:
        sys.exit(f"larger than {MOST_BYTES} bytes: {', '.join(large)}")


if __name__ == "__main__":
    main()
