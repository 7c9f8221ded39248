"""rasa-webchat, a client made for Rasa's own Socket.IO channel, unchanged, against the gateway's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Route, expect

from tests.conftest import missing
from tests.e2e.pages import DESKTOP, AgentConsole, Screen
from tests.e2e.scripted import ORDER, ScriptedStack

pytestmark = pytest.mark.browser

CLIENT = Path(__file__).resolve().parents[2] / ".tools" / "client" / "lib" / "index.js"
# As its README tells a site to embed it; the bot's replies are shown at once instead of after a while.
PAGE = """<!doctype html><meta charset="utf-8"><title>商店</title><link rel="icon" href="data:,">
<script src="/client.js"></script>
<script>
WebChat.default({
    socketUrl: "%s", socketPath: "/socket.io/", title: "客服", customData: {language: "zh"},
    inputTextFieldHint: "输入", customMessageDelay: () => 0, params: {storage: "session"},
});
</script>"""


class _Site(BaseHTTPRequestHandler):
    """Somebody's site with the client in it."""

    gateway = ""

    def do_GET(self) -> None:
        script = self.path == "/client.js"
        body = CLIENT.read_bytes() if script else (PAGE % self.gateway).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript; charset=utf-8" if script else "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """Where the site is."""
    if not CLIENT.exists():
        missing("rasa-webchat (setup.sh dev brings it with npm)")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def scripted(site: str) -> Iterator[ScriptedStack]:
    """The gateway, to which the site's pages may connect."""
    with ScriptedStack(JIEHUA_EMBED_ORIGINS=site) as stack:
        _Site.gateway = stack.url
        yield stack


class RasaWebchat(Screen):
    """The client in the site's page, opened."""

    def __init__(self, browser: Browser, site: str) -> None:
        super().__init__(browser, viewport=DESKTOP)
        self.page.route(lambda address: not address.startswith("http://127.0.0.1"), self._kept_here)
        self.page.goto(site)
        self.page.locator(".rw-launcher").click()
        expect(self.field).to_be_enabled()

    def _kept_here(self, route: Route) -> None:
        """Its style sheet asks for a font from elsewhere; anything else would be a surprise."""
        if route.request.resource_type != "stylesheet":
            self.complaints.append(f"asked for {route.request.url}")
        route.fulfill(content_type="text/css", body="")

    @property
    def field(self) -> Locator:
        return self.page.locator(".rw-new-message")

    @property
    def own(self) -> Locator:
        return self.page.locator(".rw-client .rw-message-text")

    @property
    def replies(self) -> Locator:
        """What the customer was told, by whomever."""
        return self.page.locator(".rw-response .rw-message-text")

    def write(self, text: str) -> None:
        self.field.fill(text)
        self.field.press("Enter")


def test_a_client_made_for_rasa_holds_a_conversation_through_a_person_and_back(
    browser: Browser, site: str, scripted: ScriptedStack, agent: Callable[..., AgentConsole], screens: list[Screen]
) -> None:
    customer = RasaWebchat(browser, site)
    screens.append(customer)
    replies = customer.replies

    customer.write("退款多久能到账")
    expect(replies.last).to_contain_text("银行卡：1–3 个工作日")
    expect(replies.last.get_by_role("link", name="退款说明")).to_have_attribute("href", "https://example.com/refund")
    customer.write("订单")
    customer.page.locator(".rw-reply").filter(has_text="退款多久到账").click()
    expect(replies.filter(has_text="银行卡：1–3 个工作日")).to_have_count(2)

    console = agent("小王")
    console.ready()
    customer.write(f"太气人了，订单 {ORDER} 三天没动静")
    expect(replies.filter(has_text="请人工客服")).to_have_count(1)
    console.take(ORDER)
    # The person knows all that was said before.
    expect(console.turns.filter(has_text="退款多久能到账")).to_have_count(1)
    expect(replies.filter(has_text="小王")).to_have_count(1)
    console.write("您好，我是小王，这就催发货")
    expect(replies.last).to_have_text("您好，我是小王，这就催发货")
    customer.write("退款呢？")
    expect(console.turns.filter(has_text="退款呢？")).to_have_count(1)

    # What the person says while the customer's page is closed is there when it opens again, once.
    customer.page.goto("about:blank")
    console.write("已经催了，今天发出")
    customer.page.goto(site)
    expect(customer.field).to_be_enabled()
    expect(replies.filter(has_text="已经催了，今天发出")).to_have_count(1)
    expect(customer.own.filter(has_text="退款呢？")).to_have_count(1)
    # The bot did not answer what the person was asked.
    expect(replies.filter(has_text="银行卡：1–3 个工作日")).to_have_count(2)

    console.resolve("已催发货")
    customer.write("退款多久到账来着")
    expect(replies.filter(has_text="银行卡：1–3 个工作日")).to_have_count(3)
    console.rest()
