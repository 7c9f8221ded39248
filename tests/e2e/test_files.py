"""Pictures and files in a real browser: picked, pasted, dropped, sent once, seen on both sides."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import FilePayload, Locator, Route, expect

from tests.e2e.pages import AgentConsole, CustomerPage

pytestmark = pytest.mark.browser

OpenCustomer = Callable[..., CustomerPage]
LogIn = Callable[..., AgentConsole]

# What a browser makes of pasting or dropping files; the bytes come as base64.
GIVE = """(target, [kind, name, type, data]) => {
    const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
    const moved = new DataTransfer();
    moved.items.add(new File([bytes], name, { type }));
    const Kind = kind === "paste" ? ClipboardEvent : DragEvent;
    const how = kind === "paste" ? { clipboardData: moved } : { dataTransfer: moved };
    target.dispatchEvent(new Kind(kind, { bubbles: true, cancelable: true, ...how }));
}"""


def photo(name: str = "破损.jpg", size: tuple[int, int] = (640, 480)) -> FilePayload:
    out = BytesIO()
    image = Image.new("RGB", size, (214, 219, 224))
    ImageDraw.Draw(image).line([(0, 0), size], fill=(150, 40, 30), width=18)
    image.save(out, "JPEG")
    return {"name": name, "mimeType": "image/jpeg", "buffer": out.getvalue()}


RULES: FilePayload = {"name": "换货说明.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 rules"}


def shown(pictures: Locator) -> int:
    """Wait until every picture has really been drawn; returns how many there are."""
    expect(pictures.first).to_be_visible()
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("picture => picture.naturalWidth") > 0
    return pictures.count()


def served(customer: OpenCustomer, agent: LogIn) -> tuple[CustomerPage, AgentConsole]:
    page, console = customer(), agent()
    console.ready()
    page.ask("杯子碎了，转人工")
    console.take("杯子碎了")
    return page, console


def test_both_sides_send_pictures_and_files_and_see_them(customer: OpenCustomer, agent: LogIn) -> None:
    page, console = served(customer, agent)
    page.pick(photo(), photo("包装.jpg", (300, 900)))
    page.write("是这样的")
    said = console.turns.filter(has_text="是这样的")
    assert shown(said.locator("img")) == 2
    expect(said.locator("img").first).to_have_attribute("alt", "图片：破损.jpg")
    assert shown(page.page.locator(".by-customer img")) == 2
    expect(page.tray).to_have_count(0)

    console.pick(RULES)
    expect(console.tray).to_contain_text("14 B")
    console.page.keyboard.press("Alt+l")
    console.field.press("Enter")
    link = page.page.locator(".by-agent .file-link")
    expect(link).to_contain_text("换货说明.pdf")
    with page.page.expect_download() as downloading:
        link.click()
    assert downloading.value.suggested_filename == "换货说明.pdf"
    page.reload()
    assert shown(page.page.locator(".by-customer img")) == 2


def test_a_picture_is_pasted_or_dropped_and_the_bot_says_that_it_cannot_see(customer: OpenCustomer) -> None:
    page = customer()
    data = base64.b64encode(photo()["buffer"]).decode()
    page.field.evaluate(GIVE, ["paste", "image.png", "image/png", data])
    expect(page.tray).to_have_count(1)
    page.page.locator("jiehua-chat").evaluate(GIVE, ["drop", "拖来的.jpg", "image/jpeg", data])
    expect(page.tray).to_have_count(2)
    expect(page.page.locator(".tray progress")).to_have_count(0)
    page.reload()
    expect(page.tray).to_have_count(2)  # what is uploaded is still there
    page.field.press("Enter")
    expect(page.from_bot.last).to_contain_text("看不了图片")
    expect(page.from_bot.last.get_by_role("button", name="转人工")).to_be_enabled()
    assert shown(page.page.locator(".by-customer img")) == 2
    expect(page.page.locator(".by-customer .words")).to_have_count(0)


def test_a_file_that_is_not_taken_is_told_and_the_words_are_sent_without_it(customer: OpenCustomer) -> None:
    page = customer()
    page.pick({"name": "图.png", "mimeType": "image/png", "buffer": b"<svg onload='alert(1)'></svg>"})
    expect(page.tray).to_contain_text("不支持这种文件")
    page.write("只有文字")
    expect(page.page.locator(".toast")).to_have_text("请先重试或移除没有上传成功的文件")
    expect(page.own).to_have_count(0)
    page.tray.get_by_role("button", name="移除 图.png").click()
    page.field.press("Enter")
    expect(page.own).to_have_text(["只有文字"])


def test_sent_while_it_uploads_a_message_goes_out_once_when_the_upload_is_done(customer: OpenCustomer) -> None:
    page = customer()
    held: list[Route] = []
    page.page.route(re.compile(r"attachments\?name"), lambda route: held.append(route))
    page.pick(photo())
    expect(page.page.locator(".tray progress")).to_be_visible()
    page.write("上传着就发")
    page.field.press("Enter")
    expect(page.own).to_have_count(0)
    expect(page.page.locator(".toast").last).to_have_text("上传完成后自动发送")
    held[0].continue_()
    expect(page.own).to_have_text(["上传着就发"])
    assert shown(page.page.locator(".by-customer img")) == 1
    page.ask("完了")
    expect(page.own).to_have_text(["上传着就发", "完了"])


def test_an_interrupted_upload_is_tried_again_by_hand(customer: OpenCustomer) -> None:
    page = customer()
    page.context.set_offline(True)
    page.pick(photo())
    expect(page.tray).to_contain_text("上传中断")
    page.context.set_offline(False)
    page.tray.get_by_role("button", name="重新上传").click()
    expect(page.tray).to_contain_text("KB")
    page.field.press("Enter")
    assert shown(page.page.locator(".by-customer img")) == 1
