"""The settings over HTTP: supervisors read, administrators change; and the audit of what was changed."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response

from contracts.codec import encode
from gateway import frames, wire
from gateway.admin.bodies import PutSettings
from gateway.errors import BadRequest, Overtaken
from gateway.parts import Parts
from gateway.people import Person, Role
from handoff.config.config import KINDS, Config, document_of
from handoff.config.groups import TO_STAFF
from handoff.config.reading import BadDocument, Problem
from handoff.config.store import Kept
from handoff.config.thresholds import shipped
from handoff.errors import Stale

#: Groups and skills of a large shop are longer than any frame.
MOST_BYTES = 512 * 1024
MOST_LINES = 500


def routes(parts: Parts) -> APIRouter:
    """The endpoints."""
    router = APIRouter()
    store = parts.live.store

    async def reader(request: Request) -> Person:
        return await parts.staff.require(request.cookies, Role.SUPERVISOR)

    @router.get("/api/admin/settings")
    async def listed(request: Request) -> Response:
        await reader(request)
        found = [await store.get(kind) for kind in KINDS]
        heads = [
            {"kind": one.kind, "title": KINDS[one.kind].title, "version": one.version,
             "changed_ms": one.changed_ms, "changed_by": one.changed_by}
            for one in found
        ]  # fmt: skip
        return wire.answer({"settings": heads})

    @router.get("/api/admin/settings/{kind}")
    async def one(request: Request, kind: str) -> Response:
        await reader(request)
        return wire.answer(view(await store.get(kind)))

    @router.put("/api/admin/settings/{kind}")
    async def put(request: Request, kind: str) -> Response:
        parts.origins.check(request, required=False)
        person = await parts.staff.require(request.cookies, Role.ADMIN)
        form = frames.body(await wire.read_object(request, limit=MOST_BYTES), PutSettings)
        before = await store.get(kind)
        try:
            await _check_people(parts, kind, form.document, before)
            kept = await store.put(kind, form.document, by=person.name, version=form.version)
        except BadDocument as error:
            raise refused(error) from error
        except Stale as error:
            now = await store.get(kind)
            details = {"version": now.version, "changed_by": now.changed_by, "changed_ms": now.changed_ms}
            raise Overtaken("别人刚改过这项设置，没有写入；请看过现在的内容再改。", details=details) from error
        await asyncio.to_thread(parts.people.audit, person.name, "settings", f"{kind} {form.version}→{kept.version}")
        await parts.live.refresh()  # here at once; the others hear of it
        return wire.answer(view(kept))

    @router.get("/api/admin/settings/{kind}/history")
    async def history(request: Request, kind: str) -> Response:
        await reader(request)
        found = await store.history(kind, limit=wire.integer(request, "limit", default=50, least=1, most=100))
        return wire.answer({"changes": [encode(change) for change in found]})

    @router.get("/api/admin/audit")
    async def audit(request: Request) -> Response:
        await parts.staff.require(request.cookies, Role.ADMIN)
        lines = await asyncio.to_thread(
            parts.people.audited,
            limit=wire.integer(request, "limit", default=100, least=1, most=MOST_LINES),
            before=wire.integer(request, "before", default=0),
            who=request.query_params.get("who", "")[:32],
            action=request.query_params.get("action", "")[:64],
        )
        return wire.answer({"lines": [encode(line) for line in lines]})

    return router


def view(kept: Kept) -> dict[str, Any]:
    """A document as the page gets it; `defaults` is what ships, `shipped` the thresholds below those set."""
    more = {"shipped": shipped()} if kept.kind == "triggers" else {}
    return {
        **encode(kept),
        "title": KINDS[kept.kind].title,
        "defaults": document_of(Config(), kept.kind),
        **more,
    }


def refused(error: BadDocument) -> BadRequest:
    """A document that cannot be used: the first fault as the sentence, all of them by field."""
    first = error.problems[0]
    problems = [encode(problem) for problem in error.problems]
    return BadRequest(f"{first.field}：{first.message}", details={"problems": problems})


async def _check_people(parts: Parts, kind: str, document: dict[str, Any], before: Kept) -> None:
    """Raises BadDocument for agents who are named and have no account; those named before may stay."""
    named = agents_named(kind, document)
    if not named:
        return
    known = {person.name for person in await asyncio.to_thread(parts.people.all)}
    known.update(name for name, _ in agents_named(kind, before.document))
    problems = [Problem(where, f"没有叫「{name}」的人员。") for name, where in named if name not in known]
    if problems:
        raise BadDocument(problems)


def agents_named(kind: str, document: dict[str, Any]) -> list[tuple[str, str]]:
    """(login name, field) of the agents whom a document names; one that is no such document names nobody."""
    found = []
    if kind == "skills" and isinstance(document.get("agents"), dict):
        found = [(str(name)[:64], f"agents.{str(name)[:64]}") for name in document["agents"]]
    if kind == "groups" and isinstance(document.get("groups"), list):
        for number, group in enumerate(document["groups"]):
            rules = group.get("overflow") if isinstance(group, dict) else None
            for index, rule in enumerate(rules if isinstance(rules, list) else ()):
                agents = rule.get("agents") if isinstance(rule, dict) and rule.get("to") == TO_STAFF else None
                for name in agents if isinstance(agents, list) else ():
                    found.append((str(name)[:64], f"groups[{number}].overflow[{index}].agents"))
    return found
