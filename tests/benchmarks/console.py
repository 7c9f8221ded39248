"""How quick the agent's console is with thirty open chats: time to interactive, and from an event to its pixels.

    python -m tests.benchmarks console

The real gateway (in memory) and Debian's chromium on one machine. An event's time begins when the browser hands the
frame to the page and ends after the frame of the screen that shows it; customers write at a fixed rate meanwhile.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.benchmarks.table import Table
from tests.e2e.conftest import ARGUMENTS, CHROMIUM
from tests.e2e.pages import DESKTOP
from tests.e2e.scripted import ScriptedStack

CHATS = 30
LONG_THREAD = 2000
EVENTS = 300
EVENTS_A_SECOND = 20
OPENINGS = 5
AGENT = "bench"
LIMITS = {f"JIEHUA_{who}_{what}": "1000000" for who in ("CUSTOMER", "ADDRESS") for what in ("BURST", "PER_MINUTE")}

# Runs before the page's own scripts. `came` are the marks of messages that reached the page and are not yet drawn.
PROBE = Path(__file__).with_name("console_probe.js")


class Shop:
    """Thirty customers in the hands of one agent, over HTTP and one socket."""

    def __init__(self, url: str, password: str) -> None:
        self._url = url
        self._password = password
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.customers: list[aiohttp.ClientSession] = []
        self._marks = itertools.count()

    def do(self, work: Any) -> Any:
        """Run something in the shop's own thread and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(600)

    def begin(self, work: Any) -> Any:
        """Run something in the shop's own thread meanwhile."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def open(self) -> None:
        """The agent takes one customer after the other."""
        agent = self._browser()
        async with agent.post("/api/agent/login", json={"name": AGENT, "password": self._password}) as answer:
            assert answer.status == 200
        socket = await agent.ws_connect("/api/agent/live", headers={"Origin": self._url})
        await socket.send_json({"type": "status", "status": "ready"})
        for number in range(CHATS):
            customer = self._browser()
            self.customers.append(customer)
            await (await customer.post("/api/customer/session", json={})).read()
            await self.say(number, f"我是第 {number} 位，请转人工")
            while True:
                frame = json.loads((await socket.receive()).data)
                if frame["type"] == "case" and frame["case"]["state"] == "offered":
                    await socket.send_json({"type": "accept", "case_id": frame["case"]["case_id"]})
                if frame["type"] == "case" and frame["case"]["state"] == "active":
                    break
        await agent.close()

    async def say(self, customer: int, text: str) -> None:
        body = {"key": f"k{next(self._marks)}", "text": text}
        async with self.customers[customer].post("/api/customer/say", json=body) as answer:
            assert answer.status == 200, await answer.text()

    async def talk(self, first: int) -> None:
        """Customers in turn, at a fixed rate; every third line is in the open chat (customer 0)."""
        begun = time.monotonic()
        for number in range(EVENTS):
            await asyncio.sleep(max(0.0, begun + number / EVENTS_A_SECOND - time.monotonic()))
            await self.say(0 if number % 3 == 0 else number % CHATS, f"mark-{first + number:06}")

    async def fill(self, lines: int) -> None:
        for number in range(lines):
            await self.say(
                0, f"第 {number} 句：我的包裹到了吗，已经等了好几天，请帮我看一下。" + "补充说明。" * (number % 7)
            )

    async def close(self) -> None:
        for session in self.customers:
            await session.close()

    def _browser(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(base_url=self._url, cookie_jar=aiohttp.CookieJar(unsafe=True))


def run() -> list[Table]:
    """Measure with a short and with a long thread open."""
    with ScriptedStack(**LIMITS) as stack, sync_playwright() as playwright:
        password = stack.agent(AGENT, display="小王", cap=CHATS)
        shop = Shop(stack.url, password)
        shop.do(shop.open())
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        context = _logged_in(browser, stack.url, password)
        opening = [_time_to_interactive(context, stack.url) for _ in range(OPENINGS)]
        rows = [_row("short", *_measured(context, shop, stack.url, first=0))]
        shop.do(shop.fill(LONG_THREAD))
        rows.append(_row(f"{LONG_THREAD:,} messages", *_measured(context, shop, stack.url, first=EVENTS)))
        shop.do(shop.close())
        browser.close()
    about = (
        f"{CHATS} open chats, {EVENTS_A_SECOND} messages a second for {EVENTS // EVENTS_A_SECOND} s, a third of them "
        "in the open chat; from the frame's arrival in the page to after the frame of the screen that shows it."
    )
    return [
        Table(
            "Agent console: event to pixel",
            about,
            ("open thread", "lines in the page", "events", "p50 ms", "p95 ms", "max ms", "long tasks", "longest ms"),
            rows,
        ),
        Table(
            "Agent console: time to interactive",
            f"From navigation (logged in, nothing cached) to {CHATS} chats, the first thread and an enabled box.",
            ("openings", "median ms", "slowest ms"),
            [(OPENINGS, statistics.median(opening), max(opening))],
        ),
    ]


def _logged_in(browser: Browser, url: str, password: str) -> BrowserContext:
    context = browser.new_context(viewport=DESKTOP, locale="zh-CN")  # type: ignore[arg-type]
    answer = context.request.post(f"{url}/api/agent/login", data={"name": AGENT, "password": password})
    assert answer.ok
    context.add_init_script(path=PROBE)
    return context


def _time_to_interactive(context: BrowserContext, url: str) -> float:
    page = context.new_page()
    page.goto(f"{url}/agent")
    page.wait_for_function("() => probe.interactiveMs > 0")
    taken = float(page.evaluate("probe.interactiveMs"))
    page.close()
    return taken


def _measured(context: BrowserContext, shop: Shop, url: str, *, first: int) -> tuple[int, list[float], list[float]]:
    """(lines in the page, spans in ms, long tasks in ms) while the customers write, the first one's chat open."""
    page = context.new_page()
    page.goto(f"{url}/agent")
    expect(page.locator(".chat")).to_have_count(CHATS)
    _open_chat_of_first(page)
    _read_whole_thread(page)
    page.evaluate("() => { probe.spans.length = 0; probe.longTasks.length = 0; }")
    shop.begin(shop.talk(first)).result(120)
    page.wait_for_function("most => probe.spans.length >= most", arg=EVENTS * 0.98, timeout=60_000)
    lines = page.locator(".turn").count()
    spans, tasks = page.evaluate("[probe.spans, probe.longTasks]")
    page.close()
    return lines, spans, tasks


def _open_chat_of_first(page: Page) -> None:
    """Open the chat of customer 0, whose log is the long one; the brief tells whose it is."""
    for number in range(CHATS):
        page.locator(".chat").nth(number).click()
        page.wait_for_timeout(100)
        if page.locator(".context-line.problem").filter(has_text="我是第 0 位").count():
            return
    raise AssertionError("the chat of the first customer is not in the list")


def _read_whole_thread(page: Page) -> None:
    """Scroll up page by page until the first line is there, then back to the end."""
    log, earlier = page.locator(".thread .scroll"), page.locator(".thread .earlier")
    while page.locator(".turn, .turn-line").first.get_attribute("data-seq") != "1":
        log.evaluate("log => { log.scrollTop = 0; }")
        page.wait_for_timeout(100)
        if earlier.is_visible():
            earlier.click()
    while not log.evaluate("log => log.scrollHeight - log.scrollTop - log.clientHeight < 2"):
        log.evaluate("log => { log.scrollTop = log.scrollHeight; }")
        page.wait_for_timeout(100)


def _row(name: str, lines: int, spans: Sequence[float], tasks: Sequence[float]) -> tuple[object, ...]:
    ordered = sorted(spans)
    p95 = ordered[int(len(ordered) * 0.95)]
    return (name, lines, len(spans), statistics.median(ordered), p95, ordered[-1], len(tasks), max(tasks, default=0.0))
