"""axe-core over every screen, light and dark: nothing serious may be found."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.e2e.pages import AgentConsole, CustomerPage, Screen
from tests.e2e.scripted import ORDER

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
    console.page.keyboard.press("Alt+e")
    assert findings(console) == []
    console.page.keyboard.press("Escape")
    console.page.get_by_role("button", name="主管").click()
    assert findings(console) == []
