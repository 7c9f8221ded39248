"""The chat in a page of somebody else's."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Frame, Request, expect

from gateway.secret_file import load_secrets
from handoff.records.identity import sign
from tests.e2e.pages import DESKTOP, Screen
from tests.e2e.scripted import ScriptedStack

pytestmark = pytest.mark.browser
MOST_BYTES = 30 * 1024


class _Shop(BaseHTTPRequestHandler):
    """A shop's page with the one line; its own style would ruin ours if it could reach in."""

    script = ""
    # What the shop's server says of its customer, as attributes of the script.
    customer: dict[str, str] | None = None

    def do_GET(self) -> None:
        said = "".join(f" {name}='{escape(value)}'" for name, value in (self.customer or {}).items())
        body = (
            "<!doctype html><style>button, iframe { display: none !important; color: lime !important }</style>"
            f"<h1>商店</h1><script src='{self.script}' defer{said}></script>"
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


class Shop:
    """A shop's page and the stack that it embeds."""

    def __init__(self, address: str, stack: ScriptedStack, handler: type[_Shop]) -> None:
        self.address = address
        self.stack = stack
        self._handler = handler

    def identity(self, user: str, name: str = "", *, ago_s: int = 0) -> dict[str, object]:
        """What the shop's server signs."""
        at = int(time.time()) - ago_s
        signature = sign(load_secrets(self.stack.data).site_secret, user, at, name)
        return {"external_id": user, "issued_at": at, "name": name, "signature": signature}

    def logged_in(self, user: str, name: str = "", *, ago_s: int = 0) -> None:
        """From now on the page names this customer; "" for nobody."""
        one = self.identity(user, name, ago_s=ago_s)
        signed = {"data-issued-at": str(one["issued_at"]), "data-name": name, "data-signature": str(one["signature"])}
        self._handler.customer = {"data-user": user, **(signed if user else {})}

    def silent(self) -> None:
        """The page says nothing of its customers."""
        self._handler.customer = None


@pytest.fixture(scope="module")
def running_shop() -> Iterator[Shop]:
    handler = type("Shop", (_Shop,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{server.server_port}"
    with ScriptedStack(JIEHUA_EMBED_ORIGINS=origin) as stack:
        handler.script = f"{stack.url}/widget.js"
        yield Shop(origin, stack, handler)
    server.shutdown()
    server.server_close()


@pytest.fixture
def shop(running_shop: Shop) -> Shop:
    running_shop.silent()
    return running_shop


class Visitor(Screen):
    """Somebody in the shop's page, with everything that their browser fetched."""

    def __init__(self, browser: Browser, shop: Shop) -> None:
        super().__init__(browser, viewport=DESKTOP)
        self.fetched: list[Request] = []
        self.page.on("requestfinished", lambda request: self.fetched.append(request))
        self.address = shop.address
        self.page.goto(shop.address)
        expect(self.page.locator("jiehua-launcher")).to_be_attached()

    def chat(self) -> Frame:
        """Open the chat as a person without a mouse does: its shadow root is closed to scripts and to Playwright."""
        self.page.keyboard.press("Tab")
        self.page.keyboard.press("Enter")
        return self.frame()

    def embedded(self) -> Frame:
        """The chat's frame, as soon as it is there."""
        if not any("embed=1" in frame.url for frame in self.page.frames):
            self.page.wait_for_event("framenavigated", predicate=lambda frame: "embed=1" in frame.url)
        return next(frame for frame in self.page.frames if "embed=1" in frame.url)

    def frame(self) -> Frame:
        """The chat's frame, with a conversation in it."""
        chat = self.embedded()
        expect(chat.locator(".greeting")).to_be_attached()
        return chat

    def ask(self, text: str) -> None:
        chat = self.frame()
        before = chat.locator(".by-bot").count()
        chat.get_by_label("输入您的问题").fill(text)
        chat.get_by_label("输入您的问题").press("Enter")
        expect(chat.locator(".by-bot")).to_have_count(before + 1)


Visit = Callable[[], Visitor]


@pytest.fixture
def visitor(browser: Browser, shop: Shop, screens: list[Screen]) -> Visit:
    def visit() -> Visitor:
        come = Visitor(browser, shop)
        screens.append(come)
        return come

    return visit


def test_one_script_tag_opens_a_chat_that_works_and_closes(visitor: Visit, shop: Shop) -> None:
    screen = visitor()
    assert screen.page.locator("jiehua-launcher").evaluate("element => element.shadowRoot") is None
    assert len(screen.page.frames) == 1
    chat = screen.chat()
    screen.ask("退款多久到账")
    expect(chat.locator(".by-bot .source")).to_be_visible()
    chat.get_by_role("button", name="收起对话").click()
    expect(chat.locator(".top")).to_be_hidden()
    assert "token" not in chat.url
    assert "conversation" not in chat.url


def test_all_that_a_page_loads_for_a_chat_fits_into_thirty_kilobytes(visitor: Visit, shop: Shop) -> None:
    screen = visitor()
    script = [one for one in screen.fetched if one.url.startswith(shop.stack.url)]
    assert [one.url for one in script] == [f"{shop.stack.url}/widget.js"], "until it is opened, a button is all"
    screen.chat()
    screen.ask("退款多久到账")
    files = [one for one in screen.fetched if one.url.startswith(shop.stack.url) and "/api/" not in one.url]
    sizes = {one.url: one.sizes()["responseBodySize"] for one in files}
    plain = [one.url for one in files if one.response().header_value("content-encoding") != "gzip"]  # type: ignore[union-attr]
    assert plain == []
    assert len(files) > 10
    assert all(sizes.values())
    assert sum(sizes.values()) <= MOST_BYTES, sizes


def test_whom_the_site_names_has_one_conversation_and_no_address_holds_the_name(visitor: Visit, shop: Shop) -> None:
    shop.logged_in("kunde-0001", "安女士")
    first = visitor()
    first.chat()
    first.ask("退款多久到账")
    second = visitor()
    expect(second.frame().locator(".by-customer .words")).to_have_text(["退款多久到账"])
    for screen in (first, second):
        urls = json.dumps([one.url for one in screen.fetched])
        assert "kunde-0001" not in urls
        assert "signature" not in urls
        assert screen.page.evaluate("Object.keys(localStorage).length") == 0


def test_a_customer_who_logs_in_and_out_is_never_shown_the_other_ones_words(visitor: Visit, shop: Shop) -> None:
    screen = visitor()
    screen.chat()
    screen.ask("匿名时问的退款")
    own = screen.frame().locator(".by-customer .words")
    # By a function that is asked when the name is wanted, as one that calls the shop's server.
    screen.page.evaluate("one => window.jiehua.identify(async () => one)", shop.identity("kunde-a"))
    expect(screen.frame().locator(".by-customer")).to_have_count(0)
    screen.ask("甲问的退款")
    screen.page.evaluate("one => window.jiehua.identify(one)", shop.identity("kunde-b"))
    expect(own).to_have_count(0)
    screen.ask("乙问的退款")
    screen.page.evaluate("() => window.jiehua.identify(null)")
    expect(own).to_have_count(0)
    screen.page.evaluate("one => window.jiehua.identify(one)", shop.identity("kunde-a"))
    expect(own).to_have_text(["甲问的退款"])


def test_a_wrong_signature_opens_nobodys_conversation(visitor: Visit, shop: Shop) -> None:
    shop.logged_in("kunde-c", ago_s=3600)
    screen = visitor()
    chat = screen.embedded()
    expect(chat.locator(".banner")).to_have_text("登录状态已失效，请刷新网页后再打开对话。")
    expect(chat.locator(".greeting")).to_have_count(0)
    assert [one for one in screen.complaints if "403" not in one] == []
    screen.complaints.clear()


def test_a_site_that_was_not_named_cannot_show_the_page(browser: Browser, shop: Shop) -> None:
    screen = Screen(browser, viewport=DESKTOP)
    with screen.page.expect_console_message(lambda message: "frame-ancestors" in message.text):
        screen.page.set_content(f"<iframe src='{shop.stack.url}/?embed=1&host=https://elsewhere.example'></iframe>")
    screen.context.close()
