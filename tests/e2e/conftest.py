"""Browser, gateway and people for the tests of the screens."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.conftest import missing
from tests.e2e.pages import AgentConsole, CustomerPage, Screen
from tests.e2e.scripted import ScriptedStack

# Generous: a machine that builds at the same time is slow, and a test that passes does not wait.
expect.set_options(timeout=20_000)
CHROMIUM = Path("/usr/bin/chromium")
_numbers = itertools.count()  # a stack may serve several tests, and no name may come twice
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium. Not for the whole session: Playwright keeps an event loop, which async tests want too."""
    if not CHROMIUM.exists():
        missing("chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def scripted() -> Iterator[ScriptedStack]:
    """The real gateway with a bot that follows a script."""
    with ScriptedStack() as stack:
        yield stack


@pytest.fixture
def screens() -> Iterator[list[Screen]]:
    """Screens opened by a test; closed after it, and the browser must not have complained on any."""
    opened: list[Screen] = []
    yield opened
    for screen in opened:
        screen.context.close()
    assert [complaint for screen in opened for complaint in screen.complaints] == []


@pytest.fixture
def customer(browser: Browser, scripted: ScriptedStack, screens: list[Screen]) -> Callable[..., CustomerPage]:
    """Open the page as a new customer."""

    def open_page(**options: object) -> CustomerPage:
        page = CustomerPage(browser, scripted.url, **options)  # type: ignore[arg-type]
        screens.append(page)
        return page

    return open_page


@pytest.fixture
def agent(browser: Browser, scripted: ScriptedStack, screens: list[Screen]) -> Callable[..., AgentConsole]:
    """Log a new agent in."""

    def log_in(display: str = "小王", *, role: str = "agent", cap: int = 5) -> AgentConsole:
        name = f"agent{next(_numbers)}"
        password = scripted.agent(name, display=display, role=role, cap=cap)
        console = AgentConsole(browser, scripted.url, name, password)
        screens.append(console)
        return console

    return log_in
