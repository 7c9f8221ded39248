"""Pictures and files: brought, sent once with a message, read by those who may read the conversation."""

from __future__ import annotations

import errno
import os
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image

from gateway import unseen
from gateway.attachments import UNSENT_LIFE_S
from tests.integration.gateway.harness import Page, RunningGateway, running_gateway
from tests.integration.gateway.test_agent_console import handed_over

Answer = tuple[int, dict[str, Any]]


def photo(size: tuple[int, int] = (700, 500)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, (20, 120, 90)).save(out, "JPEG")
    return out.getvalue()


async def bring(page: Page, raw: bytes, name: str = "破损.jpg", *, conversation: str = "") -> Answer:
    """Bring a file as the customer, or as an agent into a conversation: (status, body)."""
    path = f"/api/agent/conversations/{conversation}/attachments" if conversation else "/api/customer/attachments"
    async with page.browser.post(path, params={"name": name}, data=raw) as response:
        return response.status, await response.json()


async def read(page: Page, attachment_id: str, *, conversation: str = "", query: str = "") -> tuple[int, Any, bytes]:
    base = f"/api/agent/conversations/{conversation}" if conversation else "/api/customer"
    async with page.browser.get(f"{base}/attachments/{attachment_id}{query}") as response:
        return response.status, response.headers, await response.read()


async def brought(page: Page, raw: bytes, name: str = "破损.jpg", *, conversation: str = "") -> dict[str, Any]:
    status, body = await bring(page, raw, name, conversation=conversation)
    assert status == 201, body
    return body["attachment"]


async def test_a_picture_is_sent_once_with_its_message_and_read_by_both_sides(gateway: RunningGateway) -> None:
    customer, agent, case = await handed_over(gateway)
    picture = await brought(customer, photo())
    for _ in range(2):
        ack = await customer.ack(await customer.send("say", key="p1", text="杯子碎了", attachments=[picture["id"]]))
        assert ack["type"] == "ack"
    seen = await agent.entry("杯子碎了")
    assert seen["data"]["attachments"] == [picture]
    async with customer.browser.get("/api/customer/log") as response:
        log = [entry for entry in (await response.json())["entries"] if entry["text"] == "杯子碎了"]
    assert [entry["data"] for entry in log] == [{"attachments": [picture]}]
    await customer.ack(await customer.send("say", text="完"))
    assert (await agent.entry())["text"] == "完"

    for page, conversation in ((customer, ""), (agent, case["conversation_id"])):
        status, headers, raw = await read(page, picture["id"], conversation=conversation)
        assert status == 200
        assert headers["Content-Type"] == "image/jpeg"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Disposition"].startswith("inline; filename*=UTF-8''%E7%A0%B4")
        assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        with Image.open(BytesIO(raw)) as shown:
            assert shown.size == (700, 500)
        _, headers, raw = await read(page, picture["id"], conversation=conversation, query="?small=1")
        assert headers["Content-Type"] == "image/webp"
        with Image.open(BytesIO(raw)) as shown:
            assert shown.size == (480, 343)


async def test_an_agent_sends_a_document_which_is_for_saving_alone(gateway: RunningGateway) -> None:
    customer, agent, case = await handed_over(gateway)
    there = {"conversation": case["conversation_id"]}
    document = await brought(agent, b"%PDF-1.7 rules", "换货说明.exe", **there)
    assert document["name"] == "换货说明.exe.pdf"
    assert (await read(customer, document["id"]))[0] == 404  # not sent yet
    await agent.send("say", text="", epoch=case["epoch"], conversation_id=there["conversation"], attachments=["x"])
    assert (await agent.until(lambda frame: frame["type"] == "error"))["code"] == "file_gone"
    files = {"attachments": [document["id"]]}
    await agent.send("say", text=" ", epoch=case["epoch"], conversation_id=there["conversation"], **files)
    heard = await customer.entry("[文件] 换货说明.exe.pdf", author="agent")
    assert heard["data"] == {"attachments": [document], "wordless": True}
    status, headers, raw = await read(customer, document["id"])
    assert (status, raw) == (200, b"%PDF-1.7 rules")
    assert headers["Content-Disposition"].startswith("attachment; ")


async def test_nobody_reads_a_file_through_another_conversation_whatever_id_they_know(gateway: RunningGateway) -> None:
    customer, agent, case = await handed_over(gateway)
    other, stranger = await gateway.customer(), await gateway.agent("xiaoli", display="小李")
    picture = await brought(customer, photo())
    await customer.ack(await customer.send("say", text="看", attachments=[picture["id"]]))
    assert (await read(other, picture["id"]))[0] == 404
    await other.send("say", text="偷", attachments=[picture["id"]])
    assert (await other.until(lambda frame: frame["type"] == "error"))["code"] == "file_gone"
    assert (await read(stranger, picture["id"], conversation=case["conversation_id"]))[0] == 403
    assert (await bring(stranger, photo(), conversation=case["conversation_id"]))[0] == 403
    async with gateway.browser().get(f"/api/customer/attachments/{picture['id']}") as response:
        assert response.status == 401
    for bad in ("..%2F..%2Fsecrets.json", "x" * 24, picture["id"] + ".json"):
        assert (await read(agent, bad, conversation=case["conversation_id"]))[0] == 404


async def test_the_bot_says_that_it_cannot_see_and_offers_a_person(gateway: RunningGateway) -> None:
    customer = await gateway.customer()
    picture = await brought(customer, photo())
    await customer.ack(await customer.send("say", text="", attachments=[picture["id"]]))
    said = await customer.entry("[图片]", author="customer")
    assert said["data"]["wordless"]
    answer = await customer.entry(unseen.ALONE, author="bot")
    assert [button["title"] for button in answer["data"]["buttons"]] == ["转人工"]
    assert gateway.bot.asked == []

    await customer.send("say", text="怎么赔", attachments=[picture["id"]])
    await customer.entry("收到：怎么赔", author="bot")
    await customer.entry(unseen.BESIDE, author="bot")
    await customer.ack(await customer.send("request_human"))
    await customer.send("say", text="", attachments=[picture["id"]])
    await customer.entry(unseen.ALONE_WAITING, author="bot")
    assert [turn.text for turn in gateway.bot.asked] == ["怎么赔"]


@pytest.mark.parametrize(
    ("raw", "name", "status", "code"),
    [
        (b"<svg onload='alert(1)'/>", "a.png", 415, "bad_file"),
        (b"MZ\x90\x00 program", "a.jpg", 415, "bad_file"),
        (photo()[:300], "a.jpg", 415, "bad_file"),
        (b"", "a.txt", 415, "bad_file"),
        (b"x" * 70_000, "a.txt", 413, "file_too_big"),
    ],
)
async def test_what_cannot_be_taken_is_told_in_words_and_nothing_is_kept(
    tmp_path: Path, raw: bytes, name: str, status: int, code: str
) -> None:
    async with running_gateway(tmp_path, with_worker=False, attachment_bytes=65_536) as gateway:
        customer = await gateway.customer()
        got, body = await bring(customer, raw, name)
        assert (got, body["error"]) == (status, code)
        assert body["message"].endswith("。")
        assert [path for path in (tmp_path / "attachments").rglob("*") if path.is_file()] == []


async def test_a_stream_without_a_length_is_cut_off_at_the_limit(tmp_path: Path) -> None:
    async def endless():  # type: ignore[no-untyped-def]
        for _ in range(1000):
            yield b"x" * 65_536

    async with running_gateway(tmp_path, with_worker=False, attachment_bytes=200_000) as gateway:
        customer = await gateway.customer()
        try:
            async with customer.browser.post("/api/customer/attachments?name=a.txt", data=endless()) as response:
                assert response.status == 413
        except aiohttp.ClientOSError:  # the server hung up on the rest
            pass
        assert [path for path in (tmp_path / "attachments").rglob("*") if path.is_file()] == []


async def test_a_conversation_keeps_only_so_many_files(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, with_worker=False, attachments_per_conversation=2) as gateway:
        customer, other = await gateway.customer(), await gateway.customer()
        for _ in range(2):
            await brought(customer, b"words", "a.txt")
        assert (await bring(customer, b"words", "a.txt"))[1]["error"] == "too_many_files"
        await brought(other, b"words", "a.txt")


async def test_a_full_disk_is_told_and_words_still_get_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_gateway(tmp_path, with_worker=False, disk_reserve_bytes=2**60) as gateway:
        customer = await gateway.customer()
        status, body = await bring(customer, photo())
        assert (status, body["error"]) == (507, "no_space")
        assert "存储空间满了" in body["message"]
        assert (await customer.ack(await customer.send("say", text="那我用文字说")))["type"] == "ack"

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async with running_gateway(tmp_path / "later", with_worker=False, disk_reserve_bytes=0) as gateway:
        customer = await gateway.customer()
        monkeypatch.setattr(Path, "write_bytes", full)  # between the check and the writing the disk ran full
        status, body = await bring(customer, photo())
        assert (status, body["error"]) == (507, "no_space")
        kept = (tmp_path / "later" / "attachments").rglob("*")
        assert [path.name for path in kept if path.is_file()] == []


async def test_what_was_brought_and_never_sent_is_swept_away_after_a_day_and_what_was_sent_stays(
    tmp_path: Path,
) -> None:
    async with running_gateway(tmp_path, with_worker=False) as gateway:
        customer = await gateway.customer()
        sent, unsent = await brought(customer, photo()), await brought(customer, b"words", "a.txt")
        await customer.ack(await customer.send("say", text="看", attachments=[sent["id"]]))
        long_ago = time.time() - UNSENT_LIFE_S - 1
        for path in (tmp_path / "attachments").rglob("*"):
            os.utime(path, (long_ago, long_ago))
        gateway.parts.attachments.sweep()
        assert (await read(customer, sent["id"]))[0] == 200
        assert (await read(customer, unsent["id"]))[0] == 404
        await customer.send("say", text="", attachments=[unsent["id"]])
        refused = await customer.until(lambda frame: frame["type"] == "error")
        assert refused["message"] == "文件已失效，请重新选择后再发。"
