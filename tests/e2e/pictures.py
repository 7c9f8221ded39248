"""Makes the pictures of `docs/screens` anew:  python -m tests.e2e.pictures"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.conftest import ARGUMENTS, CHROMIUM
from tests.e2e.pages import AgentConsole, CustomerPage, Screen
from tests.e2e.scripted import ORDER, ScriptedStack

SCREENS = Path(__file__).resolve().parents[2] / "docs" / "screens"
MOST_BYTES = 300_000
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
    picture(customer, "customer-person")
    waiting = CustomerPage(browser, stack.url)
    console.page.locator(".bar [data-status=break]").click()
    waiting.ask("火星上能送货吗")
    waiting.ask("月球呢？")
    console.page.get_by_role("button", name="主管").click()
    expect(console.page.locator(".supervisor tbody tr").first).to_contain_text("连续未命中")
    expect(console.page.locator(".supervisor tr").filter(has_text=ORDER)).to_contain_text("小王")
    picture(console, "supervisor")
    console.page.get_by_role("button", name="会话").click()
    console.resolve("已催发货，预计今天发出")
    expect(customer.rating_card).to_be_visible()
    picture(customer, "customer-rating")


def main() -> None:
    """Play the story and keep its pictures."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    with ScriptedStack(JIEHUA_CHIPS=CHIPS) as stack, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        play(browser, stack, SCREENS)
        browser.close()
    large = [picture.name for picture in SCREENS.glob("*.png") if picture.stat().st_size > MOST_BYTES]
    if large:
        sys.exit(f"larger than {MOST_BYTES} bytes: {', '.join(large)}")


if __name__ == "__main__":
    main()
