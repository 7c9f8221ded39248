"""The agent's door: login, threads, briefs and lists over HTTP, and the way to the live socket."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response, WebSocket

from contracts.codec import encode
from gateway import frames, wire
from gateway.access import AGENT_COOKIE, address_of
from gateway.agent_socket import AgentSocket, me
from gateway.console import case_views
from gateway.customer import refuse
from gateway.errors import BadRequest, GatewayError, NoSession, NotAllowed, from_desk
from gateway.live import CLOSE_NO_SESSION, CLOSE_NOT_ALLOWED, CLOSE_UNAVAILABLE
from gateway.parts import Parts
from gateway.people import Role
from gateway.relay import Inbox
from gateway.visible import entry_is_for
from handoff.errors import DeskError
from handoff.model import CaseState

PAGE = 200
# Who may use the console at all; editors work on the knowledge pages.
CONSOLE_ROLES = (Role.AGENT, Role.SUPERVISOR)


def routes(parts: Parts) -> APIRouter:
    """The agent's endpoints."""
    router = APIRouter()

    @router.post("/api/agent/login")
    async def login(request: Request) -> Response:
        parts.origins.check(request, required=False)
        parts.limits.address.take(address_of(request))
        document = await wire.read_object(request, limit=parts.settings.max_frame_bytes)
        form = frames.body(document, frames.Login)
        done = await parts.staff.login(form.name, form.password, address=address_of(request))
        await asyncio.to_thread(parts.people.audit, done.person.name, "login", "")
        response = wire.answer(me(done.person))
        response.set_cookie(
            AGENT_COOKIE,
            done.token,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
            max_age=parts.settings.agent_session_hours * 3600,
        )
        return response

    @router.get("/api/agent/me")
    async def who_am_i(request: Request) -> Response:
        return wire.answer(me(await parts.staff.require(request.cookies)))

    @router.post("/api/agent/logout")
    async def logout(request: Request) -> Response:
        parts.origins.check(request, required=False)
        await parts.staff.logout(request.cookies)
        response = wire.answer({"ok": True})
        response.delete_cookie(AGENT_COOKIE)
        return response

    @router.get("/api/agent/conversations/{conversation_id}/log")
    async def thread(request: Request, conversation_id: str) -> Response:
        person = await parts.staff.require(request.cookies, *CONSOLE_ROLES)
        if not await parts.may_read(person, conversation_id):
            raise NotAllowed
        before = wire.integer(request, "before", default=0)
        window = {"before": before} if before else {"after": wire.integer(request, "after", default=0)}
        limit = wire.integer(request, "limit", default=PAGE, least=1, most=500)
        entries = await parts.desk.log(conversation_id, limit=limit, **window)
        await asyncio.to_thread(parts.people.audit, person.name, "read", conversation_id)
        view = await parts.desk.conversation(conversation_id)
        documents = [encode(entry) for entry in entries]
        shown = [document for document in documents if entry_is_for(document, person)]
        # Paging goes by the log's own numbers: a page may show fewer lines than it read.
        read = {"first": entries[0].seq, "last": entries[-1].seq} if entries else {"first": 0, "last": 0}
        return wire.answer({"conversation": encode(view), "entries": shown, "count": len(entries), **read})

    @router.get("/api/agent/cases")
    async def cases(request: Request) -> Response:
        person = await parts.staff.require(request.cookies, *CONSOLE_ROLES)
        state = request.query_params.get("state", "")
        if state == CaseState.ACTIVE.value:
            if not person.may(Role.SUPERVISOR):
                raise NotAllowed
            found = await parts.desk.active_cases()
        elif state == CaseState.MESSAGE_LEFT.value:
            found = await parts.desk.messages_left()
        else:
            raise BadRequest("state 只能是 active 或 message_left。")
        return wire.answer({"cases": await case_views(parts.desk, found)})

    @router.get("/api/agent/late")
    async def late(request: Request) -> Response:
        await parts.staff.require(request.cookies, Role.SUPERVISOR)
        found = await parts.desk.late(wire.integer(request, "limit", default=200, least=1, most=500))
        clocks = [{**encode(clock), "stage": "breached", "due_ms": due_ms} for clock, due_ms in found.clocks]
        return wire.answer({"n": found.n, "late": clocks, "now_ms": await parts.desk.now_ms()})

    @router.get("/api/agent/cases/{case_id}")
    async def one_case(request: Request, case_id: str) -> Response:
        person = await parts.staff.require(request.cookies, *CONSOLE_ROLES)
        case = await parts.desk.case(case_id)
        if not await parts.may_read_case(person, case):
            raise NotAllowed
        return wire.answer((await case_views(parts.desk, [case]))[0])

    @router.get("/api/agent/cases/{case_id}/brief")
    async def brief(request: Request, case_id: str) -> Response:
        person = await parts.staff.require(request.cookies, *CONSOLE_ROLES)
        if not await parts.may_read_case(person, await parts.desk.case(case_id)):
            raise NotAllowed
        document = encode(await parts.desk.brief(case_id))
        texts = await parts.faq.of([suggestion["entry_id"] for suggestion in document["suggestions"]])
        for suggestion in document["suggestions"]:
            suggestion["text"] = texts.get(suggestion["entry_id"], "")
        return wire.answer(document)

    @router.websocket("/api/agent/live")
    async def live(socket: WebSocket) -> None:
        try:
            parts.origins.check(socket, required=True)
        except GatewayError:
            await socket.close(CLOSE_NOT_ALLOWED)
            return
        await socket.accept()
        try:
            person = await parts.staff.require(socket.cookies, *CONSOLE_ROLES)
        except GatewayError as error:
            code = CLOSE_NO_SESSION if isinstance(error, NoSession) else CLOSE_NOT_ALLOWED
            await refuse(socket, error, code)
            return
        inbox = Inbox(parts.settings.socket_queue)
        with parts.relay.agent(person.name, inbox), parts.board.console(inbox):
            try:
                status = await parts.presence.enter(person)
                served = AgentSocket(socket, parts, person, inbox=inbox, status=status)
                try:
                    await served.run()
                finally:
                    served.leave()
                    await served.look_away()
            except DeskError as error:
                await refuse(socket, from_desk(error), CLOSE_UNAVAILABLE)
            finally:
                parts.presence.leave(person.name)

    return router
