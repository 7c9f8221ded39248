"""The chat in a page of somebody else's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.pages import DESKTOP, Screen
from tests.e2e.scripted import ScriptedStack

pytestmark = pytest.mark.browser


class _Shop(BaseHTTPRequestHandler):
    """A shop's page with the one line; its own style would ruin ours if it could reach in."""

    script = ""

    def do_GET(self) -> None:
        body = (
            "<!doctype html><style>button, iframe { display: none !important; color: lime !important }</style>"
            f"<h1>商店</h1><script src='{self.script}' defer></script>"
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        # What a careful shop would allow.
        self.send_header(
            "Content-Security-Policy",
            f"default-src 'none'; style-src 'unsafe-inline'; script-src {self.script}; frame-src {self.script[:-10]}",
        )
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def shop() -> Iterator[tuple[str, ScriptedStack]]:
    """(address of the shop's page, the stack it embeds)."""
    handler = type("Shop", (_Shop,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{server.server_port}"
    with ScriptedStack(JIEHUA_EMBED_ORIGINS=origin) as stack:
        handler.script = f"{stack.url}/widget.js"
        yield origin, stack
    server.shutdown()
    server.server_close()


def test_one_script_tag_opens_a_chat_that_works_and_closes(
    browser: Browser, shop: tuple[str, ScriptedStack], screens: list[Screen]
) -> None:
    address, _ = shop
    screen = Screen(browser, viewport=DESKTOP)
    screens.append(screen)
    screen.page.goto(address)
    # The shadow root is closed to scripts and to Playwright; the keyboard reaches the button as a person does.
    launcher = screen.page.locator("jiehua-launcher")
    expect(launcher).to_be_attached()
    assert launcher.evaluate("element => element.shadowRoot") is None
    assert len(screen.page.frames) == 1
    screen.page.keyboard.press("Tab")
    screen.page.keyboard.press("Enter")
    screen.page.wait_for_event("framenavigated", predicate=lambda frame: "embed=1" in frame.url)
    chat = next(frame for frame in screen.page.frames if "embed=1" in frame.url)
    chat.get_by_label("输入您的问题").fill("退款多久到账")
    chat.get_by_label("输入您的问题").press("Enter")
    expect(chat.locator(".by-bot .source")).to_be_visible()
    chat.get_by_role("button", name="收起对话").click()
    expect(chat.locator(".top")).to_be_hidden()
    assert "token" not in chat.url
    assert "conversation" not in chat.url


def test_a_site_that_was_not_named_cannot_show_the_page(browser: Browser, shop: tuple[str, ScriptedStack]) -> None:
    _, stack = shop
    screen = Screen(browser, viewport=DESKTOP)
    with screen.page.expect_console_message(lambda message: "frame-ancestors" in message.text):
        screen.page.set_content(f"<iframe src='{stack.url}/?embed=1&host=https://elsewhere.example'></iframe>")
    screen.context.close()
