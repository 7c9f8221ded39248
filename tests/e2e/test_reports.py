"""The supervisors' reports in a real browser, on the real gateway, over a month that the real desk lived."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.month import PARKING, fill_archive
from tests.e2e.pages import DESKTOP, ReportsPage, Screen
from tests.e2e.scripted import ScriptedStack
from tests.e2e.test_accessibility import findings

pytestmark = pytest.mark.browser
_numbers = iter(range(1, 1000))
OpenReports = Callable[..., ReportsPage]


@pytest.fixture(scope="module")
def shop() -> Iterator[ScriptedStack]:
    """A gateway whose archive holds a month."""
    with ScriptedStack() as stack:
        fill_archive(stack.data)
        stack.agent("wang", display="小王")
        stack.agent("li", display="小李")
        yield stack


@pytest.fixture
def reports(browser: Browser, shop: ScriptedStack, screens: list[Screen]) -> OpenReports:
    """Log a new supervisor in."""

    def log_in(role: str = "supervisor", *, viewport: dict[str, int] = DESKTOP, period: str = "days=30") -> ReportsPage:
        name = f"boss{next(_numbers)}"
        page = ReportsPage(browser, shop.url, name, shop.agent(name, role=role), viewport=viewport, period=period)
        screens.append(page)
        return page

    return log_in


def number(place: Locator) -> int:
    return int(re.sub(r"\D", "", place.inner_text()))


def test_a_supervisor_sees_a_month_and_each_chart_agrees_with_its_table(reports: OpenReports) -> None:
    page = reports()
    expect(page.tile("rate")).to_contain_text("%")
    expect(page.panel("agents").get_by_role("row").filter(has_text="小王")).to_contain_text("超时")
    expect(page.panel("agents").get_by_role("row").filter(has_text="排队中")).to_be_visible()
    expect(page.panel("reasons").get_by_role("row").filter(has_text="要求人工")).to_contain_text("100.0%")
    expect(page.panel("misses")).to_contain_text(PARKING[0])
    expect(page.page.locator("body")).not_to_contain_text("13812345678")
    charts = page.page.locator("svg.chart")
    expect(charts).to_have_count(6)
    for chart in charts.all():
        assert chart.get_attribute("role") == "img"
        assert chart.get_attribute("aria-label")
    volumes = page.panel("volumes")
    volumes.locator("summary").click()
    rows = volumes.locator("tbody tr")
    expect(rows).to_have_count(30)
    told = sum(number(cell) for cell in volumes.locator("tbody td:nth-child(2)").all())
    assert told == number(page.tile("conversations").locator("dd").first)
    assert volumes.locator(".chart-bar.series-1").count() - 1 == sum(  # one is the legend's
        number(cell) > 0 for cell in volumes.locator("tbody td:nth-child(6)").all()
    )


def test_another_period_is_chosen_and_the_address_keeps_it(reports: OpenReports) -> None:
    page = reports(period="days=7")
    everything = number(page.tile("conversations").locator("dd").first)
    page.page.get_by_role("button", name="近 30 天").click()
    expect(page.page.get_by_role("button", name="近 30 天")).to_have_attribute("aria-pressed", "true")
    expect(page.panel("volumes").locator("tbody tr")).to_have_count(30)
    assert number(page.tile("conversations").locator("dd").first) > everything
    last = page.page.get_by_label("到", exact=True)
    last.fill("2020-01-01")
    page.page.get_by_role("button", name="查看").click()
    expect(page.page.locator("#rep-fault")).to_contain_text("起始日要在截止日之前")
    expect(last).to_have_attribute("aria-invalid", "true")
    page.page.get_by_label("从", exact=True).fill("2020-01-01")
    page.page.get_by_role("button", name="查看").click()
    expect(page.page.locator(".page-note")).to_have_text("这段时间没有会话。换一段时间看看。")
    expect(page.page.locator("#rep-fault")).to_be_empty()
    page.page.reload()
    expect(page.page.get_by_label("从", exact=True)).to_have_value("2020-01-01")
    page.page.go_back()
    page.page.go_back()
    expect(page.panel("volumes").locator("tbody tr")).to_have_count(30)
    # The refusal that the page tells, each time one comes by it.
    page.complaints = [one for one in page.complaints if "status of 400" not in one]


def test_a_table_is_taken_along_as_a_spreadsheet(reports: OpenReports) -> None:
    page = reports()
    for name, head in (("agents", "客服,待答"), ("volumes", "起始,会话"), ("misses", "话题,次数")):
        with page.page.expect_download() as taken:
            page.panel(name).get_by_role("link", name="导出 CSV").click()
        lines = Path(taken.value.path()).read_text("utf-8-sig").splitlines()
        assert lines[0].startswith(head)
        assert len(lines) > 1


def test_on_paper_there_are_figures_and_no_buttons(reports: OpenReports) -> None:
    page = reports()
    page.page.emulate_media(media="print", color_scheme="dark")
    expect(page.page.get_by_role("heading", name="运营报表", level=2)).to_be_visible()
    for gone in (".bar", ".csv", ".numbers", ".page-head .button"):
        assert page.page.locator(gone).locator("visible=true").count() == 0, gone
    expect(page.page.locator("svg.chart").first).to_be_visible()
    paper = page.page.locator(".tile").first.evaluate("tile => getComputedStyle(tile).backgroundColor")
    assert paper == "rgb(255, 255, 255)", "dark screens print light"


def test_a_server_that_does_not_answer_is_said_and_tried_again(reports: OpenReports) -> None:
    page = reports()
    page.context.set_offline(True)
    page.page.get_by_role("button", name="近 7 天").click()
    expect(page.page.get_by_role("alert").filter(has_text="连不上服务器")).to_be_visible()
    page.context.set_offline(False)
    page.page.get_by_role("button", name="重试").click()
    expect(page.panel("volumes").locator("tbody tr")).to_have_count(7)


def test_who_is_no_supervisor_is_told_so_and_finds_no_way_there(
    browser: Browser, shop: ScriptedStack, screens: list[Screen]
) -> None:
    screen = Screen(browser, viewport=DESKTOP)
    screens.append(screen)
    screen.page.goto(f"{shop.url}/reports")
    screen.page.get_by_label("账号").fill("plain")
    screen.page.get_by_label("密码").fill(shop.agent("plain", display="小周"))
    screen.page.get_by_role("button", name="登录").click()
    expect(screen.page.get_by_role("alert")).to_contain_text("没有「主管」的权限")
    screen.page.goto(f"{shop.url}/agent")
    expect(screen.page.locator("jiehua-desk")).to_be_visible()
    expect(screen.page.get_by_role("link", name="报表")).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 1024, 400])
def test_the_reports_have_no_serious_finding_and_nothing_is_cut_off(reports: OpenReports, width: int) -> None:
    page = reports(viewport={"width": width, "height": 900})
    page.panel("wait_chart").locator("summary").click()
    assert findings(page) == []
    wide = page.page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
