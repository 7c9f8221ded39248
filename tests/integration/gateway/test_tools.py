"""Canned replies over HTTP: who sees and changes which, and what is on record."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from gateway.canned import FIRST
from gateway.people import Role
from knowledge_base import files
from knowledge_base.entry import Status
from tests.integration.gateway.harness import Page, RunningGateway, running_gateway
from tests.integration.gateway.test_agent_console import handed_over


async def call(page: Page, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    async with page.browser.request(method, path, json=body) as response:
        return response.status, await response.json()


async def names(page: Page) -> list[tuple[str, bool]]:
    status, body = await call(page, "GET", "/api/agent/canned")
    assert status == 200
    return [(reply["name"], reply["shared"]) for reply in body["replies"]]


async def test_agents_keep_their_own_and_supervisors_the_shared_ones(door: RunningGateway) -> None:
    wang, li = await door.agent(), await door.agent("xiaoli", display="小李")
    boss = await door.agent("zhang", display="老张", roles=(Role.SUPERVISOR,))
    assert len(await names(wang)) == len(FIRST)

    form = {"name": "重发快递", "text": "马上为您补发 {{order_number}}"}
    status, own = await call(wang, "POST", "/api/agent/canned", form)
    assert status == 201
    assert {"cfkd", "zfkd", own["initials"]} <= set(own["sounds"])  # 重 is read in two ways
    assert (await names(wang))[0] == ("重发快递", False)
    assert ("重发快递", False) not in await names(li)
    status, body = await call(wang, "POST", "/api/agent/canned", {**form, "shared": True})
    assert (status, body["message"]) == (403, "公共的快捷回复由主管和管理员维护。")

    status, shared = await call(boss, "POST", "/api/agent/canned", {**form, "name": "退差价", "shared": True})
    assert status == 201
    assert ("退差价", True) in await names(li)
    path = f"/api/agent/canned/{shared['id']}"
    assert (await call(wang, "PUT", path, form))[0] == 403
    assert (await call(wang, "DELETE", path))[0] == 403
    assert (await call(li, "PUT", f"/api/agent/canned/{own['id']}", form))[0] == 404  # not theirs to know of
    status, changed = await call(boss, "PUT", path, {"name": "退差价", "text": "好的，差价退给您。", "shared": True})
    assert (status, changed["text"]) == (200, "好的，差价退给您。")
    assert (await call(boss, "DELETE", path))[0] == 200
    assert ("退差价", True) not in await names(li)
    assert (await call(boss, "DELETE", path))[0] == 404

    audit = await asyncio.to_thread(door.people.audited)
    assert [(line.who, line.action, line.target) for line in reversed(audit) if line.action.startswith("canned")] == [
        ("xiaowang", "canned_add", own["id"]),
        ("zhang", "canned_add", shared["id"]),
        ("zhang", "canned_change", shared["id"]),
        ("zhang", "canned_delete", shared["id"]),
    ]


async def test_a_reply_without_name_or_words_or_with_too_many_is_refused(door: RunningGateway) -> None:
    agent = await door.agent()
    for form in ({"name": "", "text": "x"}, {"name": "x", "text": " "}, {"name": "x" * 31, "text": "x"}, {"name": "x"}):
        status, body = await call(agent, "POST", "/api/agent/canned", form)
        assert status in (400, 413), form
        assert body["message"]
    assert (await call(agent, "POST", "/api/agent/canned", {"name": "x", "text": "长" * 2001}))[0] == 413
    async with door.browser().get("/api/agent/canned") as response:
        assert response.status == 401


async def test_what_was_deleted_does_not_come_back_with_the_next_start(door: RunningGateway) -> None:
    from gateway.canned import CannedReplies
    from gateway.people import database_url

    boss = await door.agent("zhang", display="老张", roles=(Role.SUPERVISOR,))
    assert (await call(boss, "DELETE", "/api/agent/canned/first-1"))[0] == 200
    again = CannedReplies(database_url(door.parts.settings.data))
    person = await asyncio.to_thread(door.people.get, "zhang")
    assert person is not None
    assert len(again.of(person)) == len(FIRST) - 1
    again.close()


async def test_an_agents_answer_becomes_a_draft_that_editors_find_and_customers_do_not(tmp_path: Path) -> None:
    faq = tmp_path / "faq"
    faq.mkdir()
    (faq / "returns.yml").write_text("- id: a\n  question: 怎么退货\n  answer: 七天内可以退。\n", "utf-8")
    async with running_gateway(tmp_path / "data", faq=faq) as gateway:
        customer, agent, case = await handed_over(gateway)
        other = await gateway.agent("xiaoli", display="小李")
        await agent.send("say", conversation_id=case["conversation_id"], text="三天内补发。", epoch=case["epoch"])
        answer = await customer.entry("三天内补发。")
        path = f"/api/agent/conversations/{case['conversation_id']}/faq_drafts"
        form = {"seq": answer["seq"], "question": "包裹不见了怎么办", "answer": "核实后三天内补发。"}
        first, again = [await call(agent, "POST", path, form) for _ in range(2)]
        assert first[0] == 201
        assert first[1] == again[1]  # the same answer is one draft, however often it is pressed
        loaded = files.load(faq)
        assert loaded.ok
        draft = next(entry for entry in loaded.entries if entry.id == first[1]["id"])
        assert (draft.question, draft.answer) == ("包裹不见了怎么办", "核实后三天内补发。")
        assert (draft.status, draft.owner) == (Status.DRAFT, "小王")
        assert draft.source == f"会话 {case['conversation_id']} 第 {answer['seq']} 条"
        assert loaded.places[draft.id].file == "drafts.yml"
        assert len(loaded.entries) == 2

        assert (await call(other, "POST", path, form))[0] == 403
        assert (await call(agent, "POST", path, {**form, "seq": 1}))[0] == 404  # the customer said that
        assert (await call(agent, "POST", path, {**form, "question": " "}))[0] == 400
        (faq / "drafts.yml").write_text("- id: [broken\n", "utf-8")
        status, body = await call(agent, "POST", path, {**form, "seq": answer["seq"]})
        assert status == 409
        assert "请告诉知识编辑" in body["message"]
        assert (faq / "drafts.yml").read_text("utf-8") == "- id: [broken\n"
