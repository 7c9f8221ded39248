"""The editors' door on the real gateway, scored in this process by the scorer's own code."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from gateway.faq_drafts import source_of
from gateway.people import Role
from gateway.scorer import Scorer
from knowledge_base import files
from knowledge_base.exchange import export
from knowledge_base.live import LiveBase
from tests.integration.gateway.editing import GOLDEN, REFUND, RETURN, Editor, InProcess, log_in
from tests.integration.gateway.harness import RunningGateway, running_gateway
from tests.unit.knowledge_base.conftest import BagOfPairs


@pytest.fixture
def faq(tmp_path: Path) -> Path:
    folder = tmp_path / "kb" / "faq"
    folder.mkdir(parents=True)
    (folder / "a.yml").write_text("# 售后组\n" + REFUND + RETURN, "utf-8")
    (folder.parent / "golden.jsonl").write_text(GOLDEN, "utf-8")
    return folder


@pytest.fixture
async def shop(tmp_path: Path, faq: Path) -> AsyncIterator[RunningGateway]:
    async with running_gateway(tmp_path / "data", faq=faq, with_worker=False) as running:
        bench = running.parts.workbench
        bench.scoring = bench.voice._scoring = InProcess(faq)  # type: ignore[assignment]
        yield running


@pytest.fixture
async def editor(shop: RunningGateway) -> Editor:
    return await log_in(shop, "bian", Role.EDITOR)


async def test_editors_and_administrators_enter_others_and_foreign_pages_do_not(shop: RunningGateway) -> None:
    assert (await (await log_in(shop, "chief", Role.ADMIN)).get("entries"))["total"] == 2
    for role in (Role.AGENT, Role.SUPERVISOR):
        agent = await log_in(shop, role.value, role)
        await agent.get("entries", 403)
        await agent.post("publish", {"drafts": {"refund": 1}}, 403)
    nobody = Editor(shop.browser(), shop.url)
    await nobody.get("entries", 401)
    editor = await log_in(shop, "bian", Role.EDITOR)
    headers = {"Origin": "https://elsewhere.example"}
    async with editor.browser.post("/api/knowledge/drafts", json={"form": {}}, headers=headers) as response:
        assert response.status == 403


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["refund", "return"]),
        ("?text=工作日", ["refund"]),
        ("?text=我想退貨", ["return"]),
        ("?category=售后&status=published", ["refund", "return"]),
        ("?status=draft", []),
        ("?due=review", ["return"]),
        ("?due=expired", []),
        ("?tag=x", []),
    ],
)
async def test_entries_are_found_by_text_and_by_field(editor: Editor, query: str, found: list[str]) -> None:
    document = await editor.get(f"entries{query}")
    assert [row["id"] for row in document["entries"]] == found
    assert document["categories"] == ["售后"]


async def test_what_is_typed_is_checked_by_field_and_line(editor: Editor) -> None:
    form = {"id": "refund", "question": "退款多久", "answer": "好\n[x](javascript:alert(1))", "variants": ["我想退货"]}
    faults = (await editor.post("check", {"form": form, "entry_id": "refund"}))["faults"]
    assert [(one["field"], one["line"], one["severity"]) for one in faults] == [("answer", 2, "error")]
    (taken,) = (await editor.post("check", {"form": {**form, "answer": "好"}}))["faults"][:1]
    assert (taken["field"], taken["what"]) == ("id", "编号 refund 已经有了")
    await editor.post("check", {"form": []}, 400)


async def test_a_draft_changes_nothing_until_it_is_published_and_then_the_file_keeps_its_comments(
    editor: Editor, faq: Path, shop: RunningGateway
) -> None:
    before = (faq / "a.yml").read_bytes()
    draft = await editor.draft("refund", answer="**七个**工作日内。")
    assert (faq / "a.yml").read_bytes() == before
    assert (await editor.get("entries"))["entries"][0]["drafted"] is True
    report = await editor.post("replay", {"drafts": {"refund": draft["number"]}})
    assert (report["broken"], report["changed"], report["golden"]) == (0, 1, 2)
    done = await editor.publish(draft)
    assert done["written"] == ["a.yml"]
    text = (faq / "a.yml").read_text("utf-8")
    assert "# 售后组" in text
    assert "# 别改编号" in text
    assert files.load(faq).entries[0].answer == "**七个**工作日内。"
    assert (await editor.get("drafts"))["drafts"] == []
    assert shop.people.audited()[0].action == "kb_publish"
    (change, *_) = (await editor.get("history?id=refund"))["versions"]
    assert (change["who"], change["what"]) == ("bian", "published")
    assert change["differences"] == [{"field": "answer", "old": "三个工作日内。", "new": "**七个**工作日内。"}]


async def test_a_broken_golden_question_blocks_unless_a_reason_is_given_and_the_reason_is_on_record(
    editor: Editor, faq: Path, shop: RunningGateway
) -> None:
    draft = await editor.draft("refund", status="retired")
    refused = await editor.publish(draft, status=409)
    assert (refused["error"], refused["report"]["broken"]) == ("blocked", 1)
    assert refused["report"]["rows"][0]["text"] == "退款多久到账"
    await editor.publish(draft, status=409, reason="  好 ")
    assert files.load(faq).entries[0].status.value == "published"
    await editor.publish(draft, reason="活动结束，改由人工答复")
    assert files.load(faq).entries[0].status.value == "retired"
    audited = {line.action: line for line in shop.people.audited()}
    assert audited["kb_publish_override"].target == "1 broken: 活动结束，改由人工答复"
    assert (await editor.get("history?id=refund"))["versions"][0]["reason"] == "活动结束，改由人工答复"


async def test_an_edit_made_from_an_old_version_is_refused_with_the_difference_and_the_draft_stays(
    editor: Editor, faq: Path
) -> None:
    draft = await editor.draft("refund", answer="我改的。")
    by_hand = (faq / "a.yml").read_text("utf-8").replace("三个工作日内。", "手改的。")
    (faq / "a.yml").write_text(by_hand, "utf-8")
    refused = await editor.publish(draft, status=409)
    assert refused["error"] == "overtaken"
    assert refused["differences"] == [{"field": "answer", "old": "手改的。", "new": "我改的。"}]
    assert (faq / "a.yml").read_text("utf-8") == by_hand
    assert (await editor.get("drafts"))["drafts"][0] | {"overtaken": True} == (await editor.get("drafts"))["drafts"][0]
    assert (await editor.get("history?id=refund"))["versions"][0]["what"] == "by_hand"
    again = {**draft, "made_from": refused["version"]}
    kept = await editor.post(
        "drafts", {name: again[name] for name in ("key", "entry_id", "made_from", "form", "number")}
    )
    await editor.publish(kept)
    assert files.load(faq).entries[0].answer == "我改的。"


async def test_two_editors_do_not_overwrite_each_others_draft(shop: RunningGateway, editor: Editor) -> None:
    other = await log_in(shop, "li", Role.EDITOR)
    mine = await editor.draft("refund", answer="我的。")
    document = {"key": "refund", "entry_id": "refund", "made_from": mine["made_from"], "form": {"answer": "他的。"}}
    refused = await other.post("drafts", document, 409)
    assert (refused["error"], refused["draft"]["form"]["answer"], refused["draft"]["who"]) == (
        "overtaken",
        "我的。",
        "bian",
    )
    await editor.publish({**mine, "number": 7}, status=409)


async def test_a_new_entry_is_created_and_several_drafts_go_out_together_or_not_at_all(
    editor: Editor, faq: Path
) -> None:
    new = await editor.post(
        "drafts", {"form": {"id": "abroad", "question": "能寄国外吗", "answer": "", "variants": []}}
    )
    changed = await editor.draft("refund", answer="五个工作日。")
    refused = await editor.publish(new, changed, status=400)
    assert refused["faults"][0]["field"] == "answer"
    assert files.load(faq).entries[0].answer == "三个工作日内。"
    new = await editor.post("drafts", {**_sent(new), "form": {**new["form"], "answer": "暂不支持。"}})
    await editor.publish(new, changed)
    assert {one.id: one.answer for one in files.load(faq).entries}["abroad"] == "暂不支持。"
    assert (await editor.get("entry?id=abroad"))["place"].startswith("workbench.yml")
    found = await editor.post("hits", {"text": "能寄国外吗"})
    assert (found["outcome"], found["candidates"][0]["entry_id"]) == ("answer", "abroad")


async def test_an_earlier_version_comes_back_as_a_draft(editor: Editor, faq: Path) -> None:
    await editor.publish(await editor.draft("refund", answer="错的。"))
    first = (await editor.get("history?id=refund"))["versions"][-1]
    draft = await editor.post("history/restore", {"number": first["number"]})
    assert draft["form"]["answer"] == "三个工作日内。"
    await editor.publish(draft)
    assert files.load(faq).entries[0].answer == "三个工作日内。"
    await editor.post("history/restore", {"number": "none"}, 404)


async def test_looking_again_is_noted_without_a_replay(editor: Editor, shop: RunningGateway, faq: Path) -> None:
    entry = await editor.get("entry?id=return")
    assert entry["due"] == "review"
    seen = await editor.post("reviewed", {"entry_id": "return", "version": entry["version"]})
    assert seen["due"] == ""
    assert files.load(faq).entries[1].updated == date.today()
    assert shop.parts.workbench.scoring.asked == 0
    await editor.post("reviewed", {"entry_id": "return", "version": entry["version"]})  # nothing to do any more
    await editor.post("reviewed", {"entry_id": "gone", "version": ""}, 404)


async def test_the_hit_test_says_what_the_chat_would(editor: Editor, faq: Path) -> None:
    found = await editor.post("hits", {"text": "退款多久到账"})
    finder = Scorer(faq, BagOfPairs(), None).live.finder
    finding = finder.find("退款多久到账")
    assert (found["version"], found["outcome"], found["why"]) == (finding.version, finding.outcome.value, finding.why)
    shown = [(one["entry_id"], one["matched"], one["probability"]) for one in found["candidates"][:2]]
    assert shown == [(one.entry_id, one.matched, one.probability) for one in finding.candidates[:2]]
    assert found["thresholds"]["answer"] > found["thresholds"]["clarify"]
    await editor.post("hits", {"text": " "}, 400)


async def test_a_file_broken_by_hand_is_told_by_line_and_its_entries_are_not_written(editor: Editor, faq: Path) -> None:
    draft = await editor.draft("refund", answer="改。")
    (faq / "a.yml").write_text(REFUND + "- id: broken\n  question: 没有答案\n", "utf-8")
    (problem,) = (await editor.get("entries"))["problems"]
    assert (problem["file"], problem["line"]) == ("a.yml", 7)
    refused = await editor.publish(draft, status=409)
    assert "缺少 answer" in refused["message"]
    assert (await editor.get("drafts"))["drafts"]


async def test_a_base_of_json_lines_is_shown_and_not_written(tmp_path: Path, faq: Path) -> None:
    lines = tmp_path / "faq.jsonl"
    lines.write_bytes(export(files.load(faq).entries, "jsonl"))
    async with running_gateway(tmp_path / "data", faq=lines, with_worker=False) as running:
        editor = await log_in(running, "bian", Role.EDITOR)
        assert (await editor.get("entries"))["read_only"] is True
        await editor.post("drafts", {"form": {}}, 409)


async def test_what_a_page_sends_is_bounded(editor: Editor) -> None:
    await editor.post("drafts", {"form": {"answer": "长" * 900_000}}, 413)
    await editor.post("publish", {"drafts": {}}, 400)
    await editor.post("publish", {"drafts": {"nobody": 1}}, 409)
    await editor.get("entry?id=../../etc", 404)


def _sent(draft: dict[str, Any]) -> dict[str, Any]:
    return {name: draft[name] for name in ("key", "entry_id", "made_from", "number", "gap")}


async def test_golden_questions_are_added_changed_and_taken_out_in_their_file(
    editor: Editor, faq: Path, shop: RunningGateway
) -> None:
    file = faq.parent / "golden.jsonl"
    rows = (await editor.get("golden"))["rows"]
    assert [(row["line"], row["text"], row["gold"], row["oos"]) for row in rows] == [
        (1, "退款多久到账", ["refund"], False),
        (2, "怎么申请退货", ["return"], False),
    ]
    added = await editor.post("golden", {"text": "东西不要了", "gold": ["return"]})
    assert (added["file"], added["line"]) == ("golden.jsonl", 3)
    await editor.post("golden", {**_line(rows[0]), "text": "钱几天退回来"})
    assert [row["text"] for row in (await editor.get("golden"))["rows"]] == [
        "钱几天退回来",
        "怎么申请退货",
        "东西不要了",
    ]
    taken = await editor.post("golden", {**_line(rows[0]), "text": "别人改过了"}, 409)
    assert taken["error"] == "overtaken"
    await editor.post("golden/remove", _line(added))
    assert file.read_text("utf-8").count("\n") == 2
    await editor.post("golden", {"text": "今天星期几", "oos": True})
    assert (faq.parent / "golden_oos.jsonl").read_text("utf-8") == '{"text": "今天星期几"}\n'
    refused = await editor.post("golden", {"text": "问", "gold": ["nobody"]}, 400)
    assert (refused["faults"][0]["line"], refused["faults"][0]["what"]) == (3, "没有条目 nobody")
    assert {line.action for line in shop.people.audited()} > {"kb_golden", "kb_golden_remove"}
    report = await editor.post(
        "replay", {"drafts": {"refund": (await editor.draft("refund", answer="改。"))["number"]}}
    )
    assert (report["golden"], report["golden_faults"]) == (3, [])


async def test_a_line_of_the_golden_file_that_cannot_be_read_is_told_and_the_others_still_guard(
    editor: Editor, faq: Path
) -> None:
    (faq.parent / "golden.jsonl").write_text('{"text": "怎么"\n' + GOLDEN, "utf-8")
    (fault,) = (await editor.get("golden"))["faults"]
    assert (fault["file"], fault["line"], fault["column"]) == ("golden.jsonl", 1, 14)
    refused = await editor.publish(await editor.draft("refund", status="retired"), status=409)
    assert refused["error"] == "blocked"
    assert refused["report"]["golden_faults"] == [fault]


async def test_what_agents_made_of_their_answers_is_listed_with_who_and_from_which_conversation(
    editor: Editor, faq: Path, shop: RunningGateway
) -> None:
    made = shop.parts.drafts.add(
        question="能寄国外吗", answer="可以。", owner="小王", source=source_of("web:abc", 12), today=date(2026, 11, 3)
    )
    by_hand = "- {id: mine, question: 有实体店吗, answer: 有。, status: draft}\n"
    (faq / "b.yml").write_text(by_hand, "utf-8")
    first, second = (await editor.get("drafts"))["unpublished"]
    assert (first["id"], first["owner"], first["updated"], first["answer"]) == (made.id, "小王", "2026-11-03", "可以。")
    assert (first["conversation_id"], first["seq"], first["place"]) == ("web:abc", 12, "drafts.yml:1")
    assert (second["id"], second["conversation_id"], second["place"]) == ("mine", "", "b.yml:1")
    draft = await editor.draft(made.id, status="published")
    assert (await editor.get("drafts"))["unpublished"][0]["drafted"] is True
    await editor.publish(draft)
    assert [row["id"] for row in (await editor.get("drafts"))["unpublished"]] == ["mine"]
    found = await editor.post("hits", {"text": "能寄国外吗"})
    assert found["candidates"][0]["entry_id"] == made.id


async def lines(editor: Editor, path: str, document: Any) -> list[dict[str, Any]]:
    headers = {"Origin": editor.url, "Accept": "application/x-ndjson"}
    async with editor.browser.post(f"/api/knowledge/{path}", json=document, headers=headers) as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("application/x-ndjson")
        return [json.loads(line) async for line in response.content]


async def test_a_page_hears_how_far_publishing_is_and_a_refusal_comes_with_its_report(
    editor: Editor, faq: Path
) -> None:
    draft = await editor.draft("refund", answer="七个工作日。")
    wanted = {"drafts": {"refund": draft["number"]}}
    *progress, last = await lines(editor, "replay", wanted)
    steps = [(line["progress"]["step"], line["progress"]["done"], line["progress"]["total"]) for line in progress]
    assert steps == [("encode", 1, 1), ("replay", 1, 2), ("replay", 2, 2)]
    assert last["answer"]["changed"] == 1
    *progress, last = await lines(editor, "publish", wanted)  # nothing changed since: it is not asked again
    assert [line["progress"]["step"] for line in progress] == ["write"]
    assert last["answer"]["ids"] == ["refund"]
    assert files.load(faq).entries[0].answer == "七个工作日。"
    gone = await editor.draft("refund", status="retired")
    *_, refused = await lines(editor, "publish", {"drafts": {"refund": gone["number"]}})
    assert (refused["refused"], refused["error"], refused["report"]["broken"]) == (409, "blocked", 1)


async def test_who_publishes_is_told_when_every_process_serves_it(tmp_path: Path, faq: Path) -> None:
    async with AsyncExitStack() as stack:
        bases = [LiveBase(faq, BagOfPairs()) for _ in range(2)]
        urls = [await stack.enter_async_context(telling(base)) for base in bases]
        running = await stack.enter_async_context(
            running_gateway(tmp_path / "data", faq=faq, with_worker=False, action_servers=tuple(urls))
        )
        bench = running.parts.workbench
        bench.scoring = bench.voice._scoring = InProcess(faq)  # type: ignore[assignment]
        editor = await log_in(running, "bian", Role.EDITOR)
        assert (await editor.get("serving"))["serving"] == 2
        done = await editor.publish(await editor.draft("refund", answer="七个工作日。"))
        for served, base in enumerate(bases):
            state = await editor.get("serving")
            assert (state["version"], state["processes"], state["serving"]) == (done["version"], 2, served)
            base.reload()
        assert (await editor.get("serving"))["serving"] == 2
        (faq / "a.yml").write_text("- id: broken\n", "utf-8")  # what is served stays what it was
        assert (await editor.get("serving"))["serving"] == 2


@asynccontextmanager
async def telling(base: LiveBase) -> AsyncIterator[str]:
    """What an action server tells of its base."""
    app = web.Application()

    async def version(_: web.Request) -> web.Response:
        return web.json_response({"version": base.version})

    app.router.add_get("/version", version)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _line(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("text", "gold", "style", "oos", "line", "mark")}
