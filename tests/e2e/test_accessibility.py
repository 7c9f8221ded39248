"""axe-core over every screen, light and dark: nothing serious may be found."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.e2e.pages import AgentConsole, CustomerPage, Screen
from tests.e2e.scripted import ORDER
from tests.e2e.test_files import RULES, photo

pytestmark = pytest.mark.browser

SERIOUS = {"serious", "critical"}


def findings(screen: Screen) -> list[str]:
    """Serious findings as lines, in both colour schemes."""
    found = []
    for scheme in ("light", "dark"):
        screen.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for violation in Axe().run(screen.page).response["violations"]:
            if violation["impact"] in SERIOUS:
                nodes = [f"{node['target']} {node['any'][:1]}" for node in violation["nodes"][:3]]
                found.append(f"{scheme} {violation['id']}: {'; '.join(nodes)}")
    return found


def test_the_customers_page_has_no_serious_finding_at_any_turn(customer: Callable[..., CustomerPage]) -> None:
    page = customer()
    assert findings(page) == []
    page.ask("退款").get_by_role("button", name="没用").click()
    page.ask("订单")
    page.ask("退款多久到账")
    assert findings(page) == []
    page.human_button.click()
    expect(page.waiting_card).to_be_visible()
    assert findings(page) == []
    page.waiting_card.get_by_role("button", name="不用等了").click()  # nobody waits in the next test
    expect(page.waiting_card).to_be_hidden()


def test_the_console_and_the_supervisors_view_have_no_serious_finding(
    customer: Callable[..., CustomerPage], agent: Callable[..., AgentConsole]
) -> None:
    page = customer()
    page.ask("退款").get_by_role("button", name="没用").click()
    page.ask(f"太气人了 {ORDER}")
    console = agent(role="supervisor")
    assert findings(console) == []
    console.ready()
    expect(console.offer).to_be_visible()
    expect(console.turns.first).to_be_visible()
    assert findings(console) == []
    console.take(ORDER)  # the customer of another test may be waiting too
    console.thread.locator(".explain summary").first.click()
    console.write("您好")
    page.write("您好呀")
    expect(console.turns.filter(has_text="您好呀")).to_be_visible()
    assert findings(console) == []
    records(console)
    console.page.keyboard.press("Alt+e")
    console.dialog.get_by_label("还要跟进").check()
    assert findings(console) == []
    console.page.keyboard.press("Escape")
    console.resolve()
    console.page.get_by_role("button", name="主管").click()
    assert findings(console) == []
    console.rest()


def records(console: AgentConsole) -> None:
    """The customer's record and a ticket, with the dialogs that belong to them."""
    panel = console.side("客户")
    panel.get_by_label("加标签").fill("老客户")
    panel.get_by_label("加标签").press("Enter")
    expect(panel.locator(".own-tag")).to_be_visible()
    panel.get_by_label("写一条备注").fill("怕吵")
    panel.get_by_label("写一条备注").press("Enter")
    expect(panel.locator(".context-note")).to_be_visible()
    assert findings(console) == []
    panel.get_by_role("button", name="合并另一份档案").click()
    assert findings(console) == []
    console.page.keyboard.press("Escape")
    panel = console.side("工单")
    panel.get_by_role("button", name="新建工单").click()
    console.dialog.get_by_label("要做什么").fill("回电")
    assert findings(console) == []
    console.dialog.get_by_role("button", name="建工单").click()
    panel.locator(".ticket-line").click()
    expect(console.dialog.locator(".remark")).to_be_visible()
    assert findings(console) == []
    console.page.keyboard.press("Escape")
    console.page.locator(".bar").get_by_role("button", name="工单").click()
    expect(console.dialog.locator(".ticket-line")).to_be_visible()
    assert findings(console) == []
    console.page.keyboard.press("Escape")


def test_files_and_the_tools_of_the_console_have_no_serious_finding(
    customer: Callable[..., CustomerPage], agent: Callable[..., AgentConsole]
) -> None:
    page, console = customer(), agent("小王")
    console.ready()
    page.ask("杯子裂了，转人工")
    console.take("杯子裂了")
    page.pick(photo(), RULES, {"name": "坏.png", "mimeType": "image/png", "buffer": b"<svg/>"})
    expect(page.tray.filter(has_text="不支持")).to_be_visible()
    expect(page.page.locator(".tray progress")).to_have_count(0)
    assert findings(page) == []
    page.tray.get_by_role("button", name="移除 坏.png").click()
    page.field.press("Enter")
    expect(console.turns.last.locator("img")).to_be_visible()
    boss = agent("老张", role="supervisor")
    boss.page.get_by_role("button", name="主管").click()
    boss.page.locator(".supervisor tr").filter(has_text="杯子裂了").get_by_role("button", name="查看").click()
    boss.write_as("whisper", "先道歉")
    expect(console.page.locator(".viewers")).to_be_visible()
    console.write("这就为您补发")
    console.write_as("note", "@老张 可以补发吗")
    console.page.keyboard.press("Alt+l")
    console.pick(photo())
    expect(console.tray).to_contain_text("KB")
    expect(console.page.locator(".desk-toast")).to_have_count(0)
    assert findings(console) == []
    console.field.fill("/")
    expect(console.page.get_by_role("option").first).to_be_visible()
    assert findings(console) == []
    console.page.locator(".canned-foot button").click()
    assert findings(console) == []
    console.page.keyboard.press("Escape")
    console.turns.filter(has_text="这就为您补发").get_by_role("button", name="变成 FAQ").focus()
    console.page.keyboard.press("Enter")
    assert findings(console) == []
    boss.page.locator(".calls").click()
    assert findings(boss) == []
