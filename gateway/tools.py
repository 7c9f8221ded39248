"""What helps agents to answer: canned replies, and answers that become FAQ drafts."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response

from contracts.codec import encode
from contracts.conversation import Author, EntryKind
from gateway import frames, text, wire
from gateway.agent import CONSOLE_ROLES
from gateway.canned import MOST_NAME, MOST_TEXT, SHARED, CannedReply
from gateway.errors import BadRequest, Missing, NotAllowed
from gateway.faq_drafts import MOST_ANSWER, MOST_QUESTION, source_of
from gateway.faq_drafts import NAME as DRAFTS
from gateway.parts import Parts
from gateway.people import Person, Role

# The longest text of a canned reply in UTF-8, with its JSON around it.
MOST_BODY_BYTES = 32 * 1024


def routes(parts: Parts) -> APIRouter:
    """The endpoints of the console's tools."""
    router = APIRouter()
    canned = parts.canned

    async def who(request: Request) -> Person:
        if request.method != "GET":
            parts.origins.check(request, required=False)
        return await parts.staff.require(request.cookies, *CONSOLE_ROLES)

    async def audited(person: Person, action: str, target: str) -> None:
        await asyncio.to_thread(parts.people.audit, person.name, action, target)

    async def wanted(request: Request) -> dict[str, Any]:
        form = frames.body(await wire.read_object(request, limit=MOST_BODY_BYTES), frames.CannedForm)
        name = text.short(form.name, limit=MOST_NAME, name="名称")
        if not name:
            raise BadRequest("请给快捷回复起个名称。")
        return {"name": name, "text": text.message(form.text, limit=MOST_TEXT), "shared": form.shared}

    @router.get("/api/agent/canned")
    async def replies(request: Request) -> Response:
        found = await asyncio.to_thread(canned.of, await who(request))
        return wire.answer({"replies": [_view(one) for one in found]})

    @router.post("/api/agent/canned")
    async def add(request: Request) -> Response:
        person, form = await who(request), await wanted(request)
        made = await asyncio.to_thread(lambda: canned.add(person, **form))
        await audited(person, "canned_add", made.id)
        return wire.answer(_view(made), status=201)

    @router.put("/api/agent/canned/{reply_id}")
    async def change(request: Request, reply_id: str) -> Response:
        person, form = await who(request), await wanted(request)
        changed = await asyncio.to_thread(lambda: canned.change(person, reply_id, **form))
        await audited(person, "canned_change", reply_id)
        return wire.answer(_view(changed))

    @router.delete("/api/agent/canned/{reply_id}")
    async def delete(request: Request, reply_id: str) -> Response:
        person = await who(request)
        await asyncio.to_thread(canned.delete, person, reply_id)
        await audited(person, "canned_delete", reply_id)
        return wire.answer({"ok": True})

    @router.post("/api/agent/conversations/{conversation_id}/faq_drafts")
    async def faq_draft(request: Request, conversation_id: str) -> Response:
        person = await who(request)
        form = frames.body(await wire.read_object(request, limit=MOST_BODY_BYTES), frames.FaqDraftForm)
        question = text.message(form.question, limit=MOST_QUESTION)
        answer = text.message(form.answer, limit=MOST_ANSWER)
        if not await parts.may_read(person, conversation_id):
            raise NotAllowed
        found = await parts.desk.log(conversation_id, after=max(form.seq - 1, 0), limit=1)
        said = found and found[0].kind is EntryKind.MESSAGE and found[0].author is Author.AGENT
        if not said or found[0].seq != form.seq:
            raise Missing("没有这条回答。")
        if found[0].author_id != person.name and not person.may(Role.SUPERVISOR):
            raise NotAllowed("只能用自己的回答。")
        source = source_of(conversation_id, form.seq)
        made = await asyncio.to_thread(
            lambda: parts.drafts.add(
                question=question, answer=answer, owner=person.display, source=source, today=date.today()
            )
        )
        await audited(person, "faq_draft", f"{made.id} {conversation_id}:{form.seq}")
        return wire.answer({"id": made.id, "file": DRAFTS}, status=201)

    return router


def _view(reply: CannedReply) -> dict[str, Any]:
    document: dict[str, Any] = encode(reply)
    document["shared"] = document.pop("owner") == SHARED
    return document
