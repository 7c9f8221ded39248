"""What attackers write where words are expected stays words: a corpus through every place that others' words reach.

The guard of `Screen` listens on every page: a dialog, a script's error, an attempt that the content security policy
stopped, or the global that each payload sets, and the test fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import APIResponse, Browser, expect

from tests.e2e.pages import PHONE, AgentConsole, CustomerPage, Screen
from tests.e2e.scripted import ScriptedStack
from tests.e2e.test_files import photo
from tests.payloads import PAYLOADS

pytestmark = pytest.mark.browser

HERE = Path(__file__).parent

BOSS = "<img src=x onerror=window.pwned=1>"
GROUPS = ("default", "<svg/onload=window.pwned=1>", '"><img/src=x/onerror=window.pwned=1//')
SHOP = "<script>window.pwned=1</script>"
SUSPECT = (HERE / "hostile_suspects.js").read_text("utf8")
MARKDOWN = (HERE / "hostile_markdown.js").read_text("utf8")


def clean(screen: Screen) -> None:
    """Nothing on the page acts, and nothing ran."""
    assert screen.page.evaluate(SUSPECT) == []
    assert screen.complaints == []


@pytest.fixture
def hostile_shop() -> Iterator[ScriptedStack]:
    """A shop whose own words are hostile too."""
    with ScriptedStack(
        JIEHUA_SHOP_NAME=SHOP, JIEHUA_CHIPS=",".join(one for one in PAYLOADS if "," not in one)
    ) as stack:
        yield stack


def call(screen: Screen, path: str, **body: Any) -> APIResponse:
    """One call with this screen's cookies; a client that is too fast waits as it is told."""
    address = screen.page.url.partition("#")[0].rstrip("/").removesuffix("/agent") + path
    while (answer := screen.context.request.post(address, data=body)).status == 429:
        screen.page.wait_for_timeout(200)
    return answer


def taken(answers: Sequence[APIResponse]) -> int:
    """How many were taken; the others were refused for what they are, none broke the server."""
    assert {answer.status for answer in answers} <= {200, 201, 400, 413, 415}
    return sum(answer.ok for answer in answers)


def keep_everywhere(console: AgentConsole, one: str) -> None:
    """The corpus into whatever an agent keeps of customer `one`."""
    path = f"/api/agent/customers/{one}"
    assert call(
        console, path, display="<img src=x onerror=window.pwned=1>", tags=[text[:40] for text in PAYLOADS[:20]]
    ).ok
    assert taken([call(console, f"{path}/notes", key=f"n{at}", text=text) for at, text in enumerate(PAYLOADS)]) > 50
    tickets = [
        call(
            console, "/api/agent/tickets", key=f"t{at}", title=text, text=text, contact=text[:100], conversation_id=one
        )
        for at, text in enumerate(PAYLOADS[:30])
    ]
    assert taken(tickets) > 25
    ticket = tickets[0].json()["ticket_id"]
    for at, text in enumerate(PAYLOADS[:30]):
        call(console, f"/api/agent/tickets/{ticket}/answers", key=f"a{at}", text=text)
        call(console, f"/api/agent/tickets/{ticket}/notes", key=f"n{at}", text=text)
    canned = [call(console, "/api/agent/canned", name=text[:30], text=text, shared=True) for text in PAYLOADS]
    assert taken(canned) > 40


def test_the_markdown_renderer_makes_known_elements_with_known_attributes_and_nothing_else(
    customer: Callable[..., CustomerPage],
) -> None:
    page = customer()
    assert page.page.evaluate(MARKDOWN, list(PAYLOADS)) == []
    clean(page)


def test_a_corpus_through_every_place_that_words_reach_runs_nowhere(
    browser: Browser, hostile_shop: ScriptedStack, screens: list[Screen]
) -> None:
    page = CustomerPage(browser, hostile_shop.url)
    screens.append(page)
    for text in PAYLOADS:
        call(page, "/api/customer/say", key=f"k{PAYLOADS.index(text)}", text=text)
    page.ask("CORPUS")
    expect(page.page.locator(".by-bot .chip")).to_have_count(len(PAYLOADS) + 1)
    picture = photo()["buffer"]
    named = [
        page.context.request.post(f"{hostile_shop.url}/api/customer/attachments?name={quote(text)}.png", data=picture)
        for text in PAYLOADS[:9]
    ]
    ids = [answer.json()["attachment"]["id"] for answer in named if answer.ok]
    assert len(ids) > 5
    assert call(page, "/api/customer/say", key="files", text="看图", attachments=ids).ok
    clean(page)

    # The last thing said is a payload: the card asks for what can be read out.
    page.write(f"快递丢了，转人工 {PAYLOADS[2]}")
    expect(page.waiting_card).to_contain_text("已转告客服：「快递丢了，转人工」对吗？")
    clean(page)
    page.waiting_card.get_by_role("button", name="修改").click()
    page.waiting_card.get_by_role("textbox").fill(PAYLOADS[4])
    page.waiting_card.get_by_role("button", name="转告").click()
    expect(page.waiting_card).to_contain_text(PAYLOADS[4])
    clean(page)

    hostile_shop.agent("colleague", display=BOSS, groups=GROUPS)
    password = hostile_shop.agent("boss", display=BOSS, role="supervisor", groups=GROUPS)
    console = AgentConsole(browser, hostile_shop.url, "boss", password)
    screens.append(console)
    console.ready()
    expect(console.offer).to_be_visible()
    clean(console)
    console.accept()
    one = console.side("客户").locator(".profile-id").inner_text().partition("：")[2]
    keep_everywhere(console, one)
    expect(console.page.locator(".own-tag")).to_have_count(20)
    expect(console.page.locator(".context-note").first).to_be_attached()
    clean(console)
    look_at_everything(console)
    console.write(f"收到 {PAYLOADS[2]}")
    console.write_as("note", f"@{BOSS} {PAYLOADS[0]}")
    console.resolve(PAYLOADS[2])
    page.human_button.click()
    console.accept()
    console.side("客户").locator(".earlier-case").first.click()
    expect(console.page.locator(".history-dialog .turn").first).to_be_visible()
    clean(console)
    console.page.keyboard.press("Escape")
    console.resolve(PAYLOADS[0])

    expect(page.rating_card).to_be_visible()
    page.page.reload()  # the greeting stands further back than what is loaded at first
    expect(page.rating_card).to_contain_text(BOSS)
    page.page.get_by_role("button", name="更多").click()
    address = page.page.locator(".own-ticket").first
    expect(address).to_be_visible()
    clean(page)
    ticket = Screen(browser, viewport=PHONE)
    screens.append(ticket)
    ticket.page.goto(hostile_shop.url + str(address.get_attribute("href")))
    expect(ticket.page.locator("[data-state]")).to_be_visible()
    clean(ticket)
    console.rest()


def look_at_everything(console: AgentConsole) -> None:
    """Each place of the console that shows somebody's words."""
    console.side("工单").locator(".ticket-line").first.click()
    expect(console.dialog.locator(".facts")).to_be_visible()
    clean(console)
    console.page.keyboard.press("Escape")
    console.page.locator(".bar").get_by_role("button", name="工单").click()
    expect(console.dialog.locator(".ticket-line").first).to_be_visible()
    clean(console)
    console.page.keyboard.press("Escape")
    console.page.get_by_role("button", name="转派").click()
    expect(console.dialog.locator("option", has_text=GROUPS[1])).to_have_count(1)
    clean(console)
    console.page.keyboard.press("Escape")
    console.field.fill("/")
    expect(console.page.get_by_role("option").first).to_be_visible()
    clean(console)
    console.page.locator(".canned-foot button").click()
    expect(console.dialog.locator(".canned-row").first).to_be_visible()
    clean(console)
    console.page.keyboard.press("Escape")
    console.page.get_by_role("button", name="主管").click()
    expect(console.page.locator(".supervisor")).to_contain_text(BOSS)
    clean(console)
    console.page.get_by_role("button", name="会话").click()
