"""The editors' door: the knowledge workbench over HTTP, for the role `editor` (and administrators)."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response

from gateway import frames, text, wire
from gateway.errors import BadRequest
from gateway.parts import Parts
from gateway.people import Person, Role
from gateway.serving import versions
from gateway.shelf import Wanted
from gateway.streamed import streamed
from knowledge_base.golden import Golden
from knowledge_base.workbook import Draft

T = TypeVar("T")

#: An answer may have 20,000 characters and an entry 500 wordings; more is no entry.
LONGEST_BODY = 2 * 1024 * 1024
LONGEST_QUESTION = 2000
LONGEST_REASON = 500


@dataclass(frozen=True)
class Form:
    form: dict[str, Any]
    entry_id: str = ""


@dataclass(frozen=True)
class SaveDraft:
    form: dict[str, Any]
    key: str = ""
    entry_id: str = ""
    made_from: str = ""
    number: int = 0
    gap: str = ""


@dataclass(frozen=True)
class Nothing:
    pass


@dataclass(frozen=True)
class Named:
    key: str


@dataclass(frozen=True)
class Seen:
    entry_id: str
    version: str


@dataclass(frozen=True)
class Ask:
    text: str
    channel: str = "web"
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Publish:
    drafts: dict[str, int]
    reason: str = ""


@dataclass(frozen=True)
class Restore:
    number: str


@dataclass(frozen=True)
class TakeUp:
    question: str


@dataclass(frozen=True)
class GoldenLine:
    """`line` 0 adds a question; else the one that stands there, as `mark` says it is."""

    text: str
    gold: tuple[str, ...] = ()
    style: str = ""
    oos: bool = False
    line: int = 0
    mark: str = ""

    def golden(self) -> Golden:
        """As the file knows it."""
        return Golden(self.line, self.mark, self.text, self.gold, self.style)


@dataclass(frozen=True)
class Tell:
    entry_id: str


def routes(parts: Parts) -> APIRouter:
    """The endpoints of the knowledge pages."""
    router = APIRouter(prefix="/api/knowledge")
    bench = parts.workbench

    async def editor(request: Request) -> Person:
        return await parts.staff.require(request.cookies, Role.EDITOR)

    async def told(request: Request, kind: type[T]) -> tuple[Person, T]:
        """Who asks for a change, and what they sent."""
        parts.origins.check(request, required=False)
        person = await editor(request)
        parts.limits.agent.take(person.name)
        return person, frames.body(await wire.read_object(request, limit=LONGEST_BODY), kind)

    async def with_display(documents: list[dict[str, Any]]) -> None:
        """Say who by the name that colleagues see."""
        for document in documents:
            who = document["who"]
            if who:
                await parts.directory.refresh(who)  # somebody who came today has a name too
            document["display"] = parts.directory.display(who) if who else ""

    # --- entries

    @router.get("/entries")
    async def entries(request: Request) -> Response:
        await editor(request)
        asked = request.query_params
        wanted = {name: asked.get(name, "")[:200] for name in ("text", "category", "status", "owner", "tag", "due")}
        return wire.answer(await bench.entries(Wanted(**wanted)))

    @router.get("/entry")
    async def entry(request: Request) -> Response:
        await editor(request)
        found = await bench.entry(request.query_params.get("id", ""))
        await with_display([found["draft"]] if found["draft"] else [])
        return wire.answer(found)

    @router.get("/state")
    async def state(request: Request) -> Response:
        await editor(request)
        return wire.answer(await bench.state(request.query_params.get("id", "")))

    @router.post("/reviewed")
    async def reviewed(request: Request) -> Response:
        person, seen = await told(request, Seen)
        return wire.answer(await bench.reviewed(seen.entry_id, seen.version, who=person.name))

    @router.post("/check")
    async def check(request: Request) -> Response:
        _, typed = await told(request, Form)
        return wire.answer({"faults": await bench.check(typed.form, typed.entry_id)})

    # --- drafts

    @router.get("/drafts")
    async def drafts(request: Request) -> Response:
        await editor(request)
        found = await bench.drafts()
        await with_display(found)
        return wire.answer({"drafts": found, "unpublished": await bench.unpublished()})

    @router.post("/drafts")
    async def save(request: Request) -> Response:
        person, sent = await told(request, SaveDraft)
        if sent.key:
            _check_key(sent.key)
        return wire.answer(await bench.save_draft(Draft(**asdict(sent)), who=person.name))

    @router.post("/drafts/drop")
    async def drop(request: Request) -> Response:
        person, named = await told(request, Named)
        await bench.drop_draft(named.key, who=person.name)
        return wire.answer({"ok": True})

    # --- trying and publishing

    @router.post("/warm")
    async def warm(request: Request) -> Response:
        await told(request, Nothing)
        bench.warm()
        return wire.answer({"ok": True})

    @router.post("/hits")
    async def hits(request: Request) -> Response:
        _, asked = await told(request, Ask)
        words = text.message(asked.text, limit=LONGEST_QUESTION)
        return wire.answer(await bench.hits(words, channel=asked.channel[:50], keys=asked.keys[:50]))

    @router.post("/replay")
    async def replay(request: Request) -> Response:
        _, wanted = await told(request, Publish)
        return await streamed(request, lambda tell: bench.replay(wanted.drafts, tell))

    @router.post("/publish")
    async def publish(request: Request) -> Response:
        person, wanted = await told(request, Publish)
        reason = text.short(wanted.reason, limit=LONGEST_REASON, name="理由")
        return await streamed(
            request, lambda tell: bench.publish(wanted.drafts, who=person.name, reason=reason, tell=tell)
        )

    @router.get("/serving")
    async def serving(request: Request) -> Response:
        await editor(request)
        wanted = (await bench.scoring.ask("ready"))["version"]
        served = await versions(parts.settings.actions_urls)
        return wire.answer({"version": wanted, "processes": len(served), "serving": served.count(wanted)})

    # --- golden questions

    @router.get("/golden")
    async def golden(request: Request) -> Response:
        await editor(request)
        return wire.answer(await bench.golden.all())

    @router.post("/golden")
    async def put_golden(request: Request) -> Response:
        person, line = await told(request, GoldenLine)
        return wire.answer(await bench.put_golden(line.golden(), oos=line.oos, who=person.name))

    @router.post("/golden/remove")
    async def remove_golden(request: Request) -> Response:
        person, line = await told(request, GoldenLine)
        await bench.remove_golden(line.golden(), oos=line.oos, who=person.name)
        return wire.answer({"ok": True})

    # --- looking back

    @router.get("/history")
    async def history(request: Request) -> Response:
        await editor(request)
        versions = await bench.history(request.query_params.get("id", ""))
        await with_display([version for version in versions if version["what"] == "published"])
        return wire.answer({"versions": versions})

    @router.post("/history/restore")
    async def restore(request: Request) -> Response:
        person, wanted = await told(request, Restore)
        return wire.answer(await bench.restore(wanted.number, who=person.name))

    # --- what customers say

    @router.get("/gaps")
    async def gaps(request: Request) -> Response:
        await editor(request)
        found = await bench.voice.gaps()
        wishing = await parts.teller.wishing()
        tellings = await asyncio.to_thread(bench.workbook.tellings)
        for trend in found["trends"]:
            entry_id = trend["entry_id"]
            told, telling = tellings.get(entry_id, (0, 0))
            trend.update({"wishing": len(wishing.get(entry_id, ())), "told": told, "telling": telling})
        return wire.answer(found)

    @router.post("/gaps/draft")
    async def take_up(request: Request) -> Response:
        person, wanted = await told(request, TakeUp)
        return wire.answer(await bench.voice.take_up(wanted.question, who=person.name))

    @router.post("/gaps/tell")
    async def tell(request: Request) -> Response:
        person, wanted = await told(request, Tell)
        ordered = await parts.teller.order(wanted.entry_id, who=person.name)
        await asyncio.to_thread(parts.people.audit, person.name, "kb_tell", f"{wanted.entry_id} {ordered}")
        return wire.answer({"ordered": ordered})

    @router.get("/insight")
    async def insight(request: Request) -> Response:
        await editor(request)
        return wire.answer(await bench.voice.insight(*wire.days(request)))

    @router.get("/insight.csv")
    async def insight_csv(request: Request) -> Response:
        await editor(request)
        headers = {"Content-Disposition": 'attachment; filename="insight.csv"', "Cache-Control": "no-store"}
        return Response(
            await bench.voice.insight_csv(*wire.days(request)), media_type="text/csv; charset=utf-8", headers=headers
        )

    return router


def _check_key(key: str) -> None:
    if not key.isprintable() or len(key) > 160:
        raise BadRequest("草稿的 key 不对。")
