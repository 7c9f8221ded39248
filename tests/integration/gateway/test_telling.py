"""Customers who wished for an answer are told once it is published: in their own thread, once, whatever dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.people import Role
from gateway.shelf import Shelf
from gateway.telling import Teller, granting, message
from handoff.desk import Desk
from handoff.errors import BackendUnavailable
from knowledge_base.entry import FaqEntry
from knowledge_base.workbook import NAME, Topic, ToTell, Workbook
from tests.integration.gateway.editing import REFUND, InProcess, log_in
from tests.integration.gateway.harness import Page, RunningGateway, running_gateway

ABROAD = "- {id: abroad, question: 能寄国外吗, answer: '可以，**十天**左右到。', variants: [寄到国外可以吗]}\n"
ASKED = "你们能寄国外吗"


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
async def shop(request: pytest.FixtureRequest, tmp_path: Path, tenant: str) -> AsyncIterator[RunningGateway]:
    url = request.getfixturevalue("redis_url") if request.param == "redis" else ""
    faq = tmp_path / "kb" / "faq"
    faq.mkdir(parents=True)
    (faq / "a.yml").write_text(REFUND, "utf-8")
    async with running_gateway(tmp_path / "data", faq=faq, redis_url=url, tenant=tenant) as running:
        bench = running.parts.workbench
        bench.scoring = bench.voice._scoring = InProcess(faq)  # type: ignore[assignment]
        yield running


async def wishing(shop: RunningGateway, *, text: str = ASKED) -> Page:
    """A customer who got no answer and wants to be told."""
    page = await shop.customer()
    await page.send("say", text=text)
    reply = await page.entry("没找到答案", author="bot")
    assert reply["data"]["kind"] == "miss"
    made = await page.send("wish", seq=reply["seq"])
    assert (await page.ack(made))["type"] == "ack"
    return page


def publish(shop: RunningGateway) -> None:
    """Somebody writes the entry for the gap that was taken up."""
    topic = Topic("abroad", "能寄国外吗", (ASKED,), "bian", 1, 2)
    shop.parts.workbench.workbook.take_up(topic)
    (shop.parts.settings.faq / "b.yml").write_text(ABROAD, "utf-8")


async def told(desk: Desk, conversation_id: str) -> list[str]:
    return [entry.text for entry in await desk.log(conversation_id) if entry.data.get("told")]


def id_of(page: Page) -> str:
    return page.snapshot["conversation"]["conversation_id"]


async def test_who_wished_is_told_in_their_own_thread_when_an_editor_says_so(shop: RunningGateway) -> None:
    page, other = await wishing(shop), await shop.customer()
    editor = await log_in(shop, "bian", Role.EDITOR)
    assert (await editor.post("gaps/tell", {"entry_id": "abroad"}))["ordered"] == 0
    publish(shop)
    (trend,) = (await editor.get("gaps"))["trends"]
    assert (trend["entry_id"], trend["wishing"], trend["told"], trend["telling"]) == ("abroad", 1, 0, 0)
    assert (await editor.post("gaps/tell", {"entry_id": "abroad"}))["ordered"] == 1
    entry = await page.entry("现在有答案了")
    assert entry["text"] == f"您之前问「{ASKED}」，现在有答案了：\n\n可以，**十天**左右到。"
    assert (entry["author"], entry["data"]["answer"]["entry_id"], entry["data"]["told"]) == ("bot", "abroad", 1)
    while (trend := (await editor.get("gaps"))["trends"][0])["telling"]:
        await asyncio.sleep(0.01)
    assert (trend["wishing"], trend["told"]) == (0, 1)
    assert (await editor.post("gaps/tell", {"entry_id": "abroad"}))["ordered"] == 0
    assert len(await told(shop.desk, id_of(page))) == 1
    assert await shop.desk.log(id_of(other)) == []
    assert shop.people.audited()[0].action == "kb_tell"


async def test_a_wish_that_was_taken_back_is_not_told_and_others_see_nothing_of_it(shop: RunningGateway) -> None:
    page = await wishing(shop)
    (wish,) = await shop.desk.wishes(limit=10)
    seq = next(entry.seq for entry in await shop.desk.log(id_of(page)) if entry.data.get("kind") == "miss")
    await page.ack(await page.send("wish", seq=seq, wanted=False))
    publish(shop)
    assert await shop.parts.teller.order("abroad", who="bian") == 0
    shop.parts.workbench.workbook.to_tell([ToTell(wish.conversation_id, wish.seq, wish.question, "abroad", "bian")])
    assert (await shop.parts.teller.round()).told == 0
    assert await told(shop.desk, id_of(page)) == []
    assert shop.parts.workbench.workbook.untold() == []


async def test_a_wish_needs_a_reply_that_did_not_help(shop: RunningGateway) -> None:
    page = await shop.customer()
    await page.send("say", text="你好")
    echo = await page.entry("收到", author="bot")
    for seq in (echo["seq"], 1, -1, 77):
        refused = await page.ack(await page.send("wish", seq=seq))
        assert (refused["type"], refused["code"]) == ("error", "bad_request")
    stranger = await shop.customer()
    assert (await stranger.ack(await stranger.send("wish", seq=echo["seq"])))["type"] == "error"


async def test_who_is_with_a_person_is_told_after_it_and_not_before(shop: RunningGateway) -> None:
    page = await wishing(shop)
    await page.send("request_human")
    await page.entry("", kind="case")
    publish(shop)
    teller, workbook = shop.parts.teller, shop.parts.workbench.workbook
    assert await teller.order("abroad", who="bian") == 1
    done = await teller.round()
    assert (done.told, done.held) == (0, 1)
    assert await told(shop.desk, id_of(page)) == []
    await page.send("cancel_wait")
    await page.entry("已取消排队")
    await teller.round()  # the gateway's own round may have been faster
    assert len(await told(shop.desk, id_of(page))) == 1
    assert workbook.tellings() == {"abroad": (1, 0)}


class _Dies(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("dies_at", ["before telling", "after telling"])
async def test_a_gateway_that_dies_in_the_middle_tells_nobody_twice_and_leaves_nobody_out(
    shop: RunningGateway, dies_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.parts.teller.close()
    pages = [await wishing(shop) for _ in range(3)]
    publish(shop)
    bench = shop.parts.workbench

    def teller() -> Teller:
        return Teller(shop.desk, Shelf(shop.parts.settings.faq, bench.workbook), Workbook(bench.workbook.path),
                      bench.answers, a_second=1000)  # fmt: skip

    assert await teller().order("abroad", who="bian") == 3
    dying = teller()
    tells = 0

    async def tell(wish, said):
        nonlocal tells
        tells += 1
        if tells == 2 and dies_at == "before telling":
            raise _Dies
        done = await Desk.tell(shop.desk, wish, said)
        if tells == 2:
            raise _Dies
        return done

    monkeypatch.setattr(shop.desk, "tell", tell)
    with pytest.raises(_Dies):
        await dying.round()
    monkeypatch.undo()
    await asyncio.gather(teller().round(), teller().round())  # two gateways that come back at once
    await teller().order("abroad", who="bian")  # and an editor who presses again
    await teller().round()
    for page in pages:
        assert len(await told(shop.desk, id_of(page))) == 1
    assert bench.workbook.tellings() == {"abroad": (3, 0)}


async def test_while_redis_is_away_nothing_is_lost(shop: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.parts.teller.close()
    page = await wishing(shop)
    publish(shop)
    await shop.parts.teller.order("abroad", who="bian")

    async def away(wish, said):
        raise BackendUnavailable("away")

    monkeypatch.setattr(shop.desk, "tell", away)
    with pytest.raises(BackendUnavailable):
        await shop.parts.teller.round()
    monkeypatch.undo()
    assert (await shop.parts.teller.round()).told == 1
    assert len(await told(shop.desk, id_of(page))) == 1


async def test_what_was_taken_back_before_it_was_told_is_not_told_and_the_wish_stands(shop: RunningGateway) -> None:
    await shop.parts.teller.close()
    page = await wishing(shop)
    publish(shop)
    await shop.parts.teller.order("abroad", who="bian")
    file = shop.parts.settings.faq / "b.yml"
    file.write_text(ABROAD.replace("id: abroad", "id: abroad, status: draft"), "utf-8")
    assert (await shop.parts.teller.round()).gone == 1
    assert await told(shop.desk, id_of(page)) == []
    file.write_text(ABROAD, "utf-8")
    assert await shop.parts.teller.order("abroad", who="bian") == 1
    assert (await shop.parts.teller.round()).told == 1


async def test_telling_keeps_to_its_pace(shop: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.parts.teller.close()
    for _ in range(3):
        await wishing(shop)
    publish(shop)
    await shop.parts.teller.order("abroad", who="bian")
    pauses = []
    real = asyncio.sleep

    async def sleep(seconds: float, *more):
        if seconds == 0.2:
            pauses.append(seconds)
        await real(0, *more)

    monkeypatch.setattr("gateway.telling.asyncio.sleep", sleep)
    assert (await shop.parts.teller.round()).told == 3
    assert pauses == [0.2, 0.2]


def test_a_wish_is_granted_by_the_entry_made_for_its_gap_or_by_the_one_that_answers_it_now() -> None:
    open_, published = Topic("a", "怎么开票", (), "x", 1), Topic("b", "打 [电话]", ("能寄国外吗",), "x", 1, 2)
    granted = granting([open_, published], {"钱呢": "refund", "怎么开票": ""})
    asked = ["能寄國外吗", "钱呢", "怎么开票", "别的"]
    assert [granted(text) for text in asked] == [granted("能寄国外吗"), "refund", "", ""]
    assert granted("能寄国外吗") == "b"


def test_a_customers_words_are_quoted_as_words_and_no_longer_than_a_line() -> None:
    entry = FaqEntry("a", "问", "答")
    assert message(entry, "![x](javascript:1)\n**粗**<b>").text == "您之前问「xjavascript:1 粗b」，现在有答案了：\n\n答"
    assert message(entry, "***").text.startswith("您之前问的问题，现在有答案了：")
    assert len(message(entry, "长" * 900).text) < 100


def test_whom_to_tell_is_remembered_once_and_survives(tmp_path: Path) -> None:
    workbook = Workbook(tmp_path / NAME)
    one, two = (ToTell("c", seq, "问", "a", "bian") for seq in (1, 2))
    workbook.to_tell([one, two])
    workbook.told(one)
    Workbook(tmp_path / NAME).to_tell([one, two])
    assert [row.seq for row in workbook.untold()] == [2]
    assert workbook.tellings() == {"a": (1, 1)}
    workbook.need_not_tell(one)
    workbook.need_not_tell(two)
    assert workbook.tellings() == {"a": (1, 0)}
