"""The screens as a person works them: what they see and press, not how it is built."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Browser, BrowserContext, FilePayload, Locator, Page, expect

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 800}


# Whatever a screen runs that it should not: a global that the payloads of `tests/payloads.py` set, or an attempt that
# the content security policy stopped.
GUARD = """
Object.defineProperty(window, "pwned", { set() { console.error("a payload ran"); }, get() { return undefined; } });
document.addEventListener("securitypolicyviolation", (event) => {
    console.error(`stopped by the policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
"""


class Screen:
    """A page that remembers everything the browser complained of."""

    def __init__(self, browser: Browser, *, viewport: dict[str, int], dark: bool = False) -> None:
        self.context: BrowserContext = browser.new_context(
            viewport=viewport,  # type: ignore[arg-type]
            color_scheme="dark" if dark else "light",
            locale="zh-CN",
            reduced_motion="reduce",
        )
        self.context.set_default_timeout(15_000)
        self.context.add_init_script(GUARD)
        self.complaints: list[str] = []
        self.page: Page = self._watched(self.context.new_page())

    def _watched(self, page: Page) -> Page:
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("console", self._heard)
        return page

    def _heard(self, message: Any) -> None:
        # A refused login or file, a conflict and a lost connection are stories of their own, told by the page itself.
        expected = re.search(r"status of 4(?:01|04|09|15)|ERR_INTERNET_DISCONNECTED|WebSocket connection", message.text)
        if message.type == "error" and not expected:
            self.complaints.append(f"console: {message.text}")

    def close(self) -> None:
        """Close it; whatever the browser complained of fails the test."""
        self.context.close()
        assert self.complaints == []


class CustomerPage(Screen):
    """The customer's chat."""

    def __init__(
        self, browser: Browser, url: str, *, dark: bool = False, viewport: dict[str, int] | None = None
    ) -> None:
        super().__init__(browser, viewport=viewport or PHONE, dark=dark)
        self.url = url
        self.page.goto(url)
        expect(self.page.locator(".greeting")).to_be_visible()

    @property
    def field(self) -> Locator:
        return self.page.get_by_label("输入您的问题")

    @property
    def said(self) -> Locator:
        """Everything said, in order."""
        return self.page.locator(".said")

    @property
    def from_bot(self) -> Locator:
        return self.page.locator(".by-bot")

    @property
    def from_agent(self) -> Locator:
        return self.page.locator(".by-agent .words")

    @property
    def own(self) -> Locator:
        """The customer's own words."""
        return self.page.locator(".by-customer .words")

    @property
    def waiting_card(self) -> Locator:
        return self.page.locator(".card.wait")

    @property
    def rating_card(self) -> Locator:
        return self.page.locator(".card.rating")

    @property
    def served_by(self) -> Locator:
        """The line that says who answers."""
        return self.page.locator(".served")

    @property
    def human_button(self) -> Locator:
        return self.page.locator(".human")

    def write(self, text: str) -> None:
        """Type a message and press Enter."""
        self.field.fill(text)
        self.field.press("Enter")

    def ask(self, text: str) -> Locator:
        """Say something to the bot and wait for its answer, which is returned."""
        before = self.from_bot.count()
        self.write(text)
        expect(self.from_bot).not_to_have_count(before)
        return self.from_bot.last

    @property
    def tray(self) -> Locator:
        """The files that will go with the next message."""
        return self.page.locator(".tray-item")

    def pick(self, *files: FilePayload) -> None:
        """Choose files with the button."""
        self.page.locator("input[type=file]").set_input_files(list(files))

    def reload(self) -> None:
        self.page.reload()
        expect(self.page.locator(".greeting")).to_be_visible()

    def words(self) -> list[str]:
        """What was said, as plain lines, for comparing before and after."""
        return [re.sub(r"\s+", " ", text) for text in self.page.locator(".said .bubble").all_inner_texts()]


class AgentConsole(Screen):
    """The agent's console, logged in."""

    def __init__(self, browser: Browser, url: str, name: str, password: str, *, dark: bool = False) -> None:
        super().__init__(browser, viewport=DESKTOP, dark=dark)
        self.page.goto(f"{url}/agent")
        self.page.get_by_label("账号").fill(name)
        self.page.get_by_label("密码").fill(password)
        self.page.get_by_role("button", name="登录").click()
        self._connected()

    def _connected(self) -> None:
        """The desk is there and its snapshot has come: before that the page can send nothing."""
        expect(self.page.locator("jiehua-desk")).to_be_visible()
        expect(self.page.locator(".bar [data-status][aria-pressed=true]")).to_have_count(1)

    @property
    def offer(self) -> Locator:
        return self.page.locator("dialog.offer[open]")

    @property
    def chats(self) -> Locator:
        """The rows of the list."""
        return self.page.locator(".chat")

    @property
    def thread(self) -> Locator:
        return self.page.locator(".column.thread .scroll")

    @property
    def turns(self) -> Locator:
        return self.thread.locator(".turn")

    @property
    def said(self) -> Locator:
        """Everything said, in order; the list of chats quotes the last line too, which does not count."""
        return self.turns

    @property
    def brief(self) -> Locator:
        return self.page.locator(".column.context")

    def side(self, name: str) -> Locator:
        """One part of the right column (摘要, 客户, 工单), brought to the front."""
        tab = self.page.locator(".context").get_by_role("tab", name=name)
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")
        return self.page.locator(".context-panel:not([hidden])")

    @property
    def dialog(self) -> Locator:
        """The dialog on top, offers apart."""
        return self.page.locator("dialog[open]:not(.offer)").last

    @property
    def field(self) -> Locator:
        return self.page.locator(".write-field")

    def ready(self) -> None:
        """Take work."""
        button = self.page.locator(".bar [data-status=ready]")
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")

    def rest(self) -> None:
        """Take no more work: who only closes the page stays in the routing until the grace is over."""
        button = self.page.locator(".bar [data-status=break]")
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")

    def accept(self) -> None:
        """Take the offer and wait until the chat is mine."""
        expect(self.offer).to_be_visible()
        self.offer.get_by_role("button", name="接入").click()
        expect(self.page.locator(".thread-head .tag.quiet")).to_have_text("进行中")

    def take(self, text: str) -> None:
        """Take the offer whose problem holds `text`, wherever it stands among others."""
        row = self.chats.filter(has_text=text)
        row.click()
        self.page.locator(".thread-head").get_by_role("button", name="接入").click()
        expect(self.page.locator(".thread-head .tag.quiet")).to_have_text("进行中")

    def open(self, text: str) -> None:
        """Open the chat whose row shows `text`."""
        self.chats.filter(has_text=text).first.click()

    def write(self, text: str) -> None:
        """Answer the customer."""
        self.page.keyboard.press("Alt+l")
        self.field.fill(text)
        self.field.press("Enter")
        expect(self.turns.filter(has_text=text)).to_have_count(1)

    def write_as(self, kind: str, text: str) -> None:
        """Write a note or a whisper."""
        self.page.locator(f".write-modes [data-mode={kind}]").click()
        self.field.fill(text)
        self.field.press("Enter")
        expect(self.turns.filter(has_text=text)).to_have_count(1)

    @property
    def tray(self) -> Locator:
        """The files that will go with the next message."""
        return self.page.locator(".tray-item")

    def pick(self, *files: FilePayload) -> None:
        """Choose files with the button."""
        self.page.locator("input[type=file]").set_input_files(list(files))

    def resolve(self, summary: str = "已处理") -> None:
        """Close the open chat with a summary."""
        self.page.keyboard.press("Alt+e")
        dialog = self.page.get_by_role("dialog", name="结束会话")
        dialog.get_by_label("服务小结").fill(summary)
        dialog.get_by_role("button", name="结束并交还机器人").click()
        expect(dialog).to_be_hidden()

    def reload(self) -> None:
        self.page.reload()
        self._connected()

    def words(self) -> list[str]:
        """What the thread shows as said."""
        return [re.sub(r"\s+", " ", text) for text in self.turns.locator(".turn-body").all_inner_texts()]


class EditorPage(Screen):
    """The knowledge workbench, logged in."""

    def __init__(self, browser: Browser, url: str, name: str, password: str, *, dark: bool = False) -> None:
        super().__init__(browser, viewport=DESKTOP, dark=dark)
        self.url = url
        self.page.goto(f"{url}/knowledge")
        self.page.get_by_label("账号").fill(name)
        self.page.get_by_label("密码").fill(password)
        self.page.get_by_role("button", name="登录").click()
        expect(self.rows.first).to_be_visible()

    @property
    def rows(self) -> Locator:
        """The entries in the list."""
        return self.page.locator(".entry-row")

    @property
    def title(self) -> Locator:
        return self.page.locator(".editor-title")

    @property
    def saved(self) -> Locator:
        """What became of the draft."""
        return self.page.locator(".editor-state")

    @property
    def preview(self) -> Locator:
        return self.page.locator(".preview-answer")

    @property
    def banner(self) -> Locator:
        return self.page.locator(".editor-banner")

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def field(self, name: str) -> Locator:
        return self.page.locator(f"#field-{name}")

    def tab(self, name: str) -> None:
        """Go to another page of the workbench."""
        self.page.get_by_role("navigation", name="页面").get_by_role("link", name=name).click()

    def open(self, question: str) -> None:
        """Open the entry of that question."""
        self.rows.filter(has_text=question).first.click()
        expect(self.title).to_have_text(question)

    def change(self, name: str, value: str) -> None:
        """Type into a field and wait until the draft is kept."""
        self.field(name).fill(value)
        expect(self.saved).to_contain_text("草稿已保存")

    def compare(self) -> None:
        """Ask to publish, and wait for what would change."""
        self.page.locator(".editor-actions").get_by_role("button", name="发布…").click()
        expect(self.dialog.locator(".counts")).to_be_visible(timeout=90_000)

    def publish(self) -> None:
        """Publish what is open."""
        self.compare()
        self.dialog.get_by_role("button", name="发布", exact=True).click()
        expect(self.dialog).to_have_count(0, timeout=60_000)


class ReportsPage(Screen):
    """The supervisors' reports, logged in, of the period that the address names."""

    def __init__(
        self, browser: Browser, url: str, name: str, password: str, *, viewport: dict[str, int], period: str
    ) -> None:
        super().__init__(browser, viewport=viewport)
        self.page.goto(f"{url}/reports#{period}")
        self.page.get_by_label("账号").fill(name)
        self.page.get_by_label("密码").fill(password)
        self.page.get_by_role("button", name="登录").click()
        expect(self.page.locator(".tile").first).to_be_visible()

    def tile(self, name: str) -> Locator:
        return self.page.locator(f"[data-tile={name}]")

    def panel(self, name: str) -> Locator:
        return self.page.locator(f"[data-panel={name}]")


class AdminPage(Screen):
    """The administration, logged in, with one section open."""

    def __init__(
        self, browser: Browser, url: str, name: str, password: str, *, section: str, viewport: dict[str, int]
    ) -> None:
        super().__init__(browser, viewport=viewport)
        self.page.goto(f"{url}/admin#{section}")
        self.page.get_by_label("账号").fill(name)
        self.page.get_by_label("密码").fill(password)
        self.page.get_by_role("button", name="登录").click()
        self._read()

    def _read(self) -> None:
        expect(self.page.locator(".setting .slot > *").first).to_be_visible()
        expect(self.page.locator(".setting .slot").first).not_to_have_attribute("aria-busy", "true")

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def trouble(self) -> Locator:
        """What kept a document from being saved."""
        return self.page.locator(".setting-trouble")

    def person(self, name: str) -> Locator:
        return self.page.locator(f"[data-person={name}]")

    def section(self, title: str) -> None:
        """Go to another section."""
        self.page.get_by_role("navigation", name="设置").get_by_role("link", name=title).click()
        expect(self.page.get_by_role("heading", name=title, level=2).first).to_be_visible()
        self._read()

    def save(self, version: int) -> None:
        """Save what is open, which then is of this version."""
        self.page.get_by_role("button", name="保存").click()
        expect(self.page.locator(".setting-state")).to_contain_text(f"已保存为第 {version} 版")

    def told_refusals(self) -> None:
        """Leave out of the complaints what the server refused and the page told."""
        self.complaints = [one for one in self.complaints if "status of 400" not in one]
