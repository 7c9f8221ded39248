"""The console's live socket: snapshot and events for one agent, and what the agent asks for."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

from starlette.websockets import WebSocket

from contracts.codec import encode
from contracts.conversation import ConversationView, DeskEvent
from gateway import frames, text
from gateway.console import case_views
from gateway.customer import shop, words_of
from gateway.errors import BadRequest, GatewayError, NotAllowed, NotNow
from gateway.live import CLOSE_ENDED, EndSocket, LiveSocket
from gateway.parts import Parts
from gateway.people import Person, Role
from gateway.relay import Inbox
from gateway.visible import entry_is_for
from handoff.errors import DeskError
from handoff.model import AgentStatus

PAGE = 200
MAX_WATCHED = 50
MAX_NOTE = 2000
# How often an open socket makes sure that its login still holds.
LOGIN_CHECK_S = 10.0
# How long a colleague's page believes that somebody looks at the same conversation without hearing of them.
VIEWING_LIFE_S = 35.0
_CHECK_LOGIN = DeskEvent(kind="check_login")
_CATCH_UP = "catch_up"


def me(person: Person) -> dict[str, Any]:
    """The person as their own console knows them."""
    return {
        "name": person.name,
        "display": person.display,
        "roles": [role.value for role in person.roles],
        "groups": list(person.groups),
        "cap": person.cap,
    }


class AgentSocket(LiveSocket):
    """One console."""

    known = frames.AGENT

    def __init__(self, socket: WebSocket, parts: Parts, person: Person, *, inbox: Inbox, status: str) -> None:
        super().__init__(socket, inbox=inbox, max_frame_bytes=parts.settings.max_frame_bytes)
        self._parts = parts
        self._desk = parts.desk
        self._me = person
        self._status = status
        self._mine: dict[str, dict[str, Any]] = {}  # case id -> the view last sent
        self._watched: set[str] = set()
        self._sent_seq: dict[str, int] = {}  # conversation id -> last number sent
        self._typing_at: dict[str, float] = {}
        self._viewing = ""
        self._company_at = -VIEWING_LIFE_S
        self._timer = asyncio.get_running_loop().call_later(LOGIN_CHECK_S, self._plan_login_check)

    # --- what the console is told

    async def greet(self) -> None:
        queue, agents = await self._parts.board.lists()
        views = await case_views(self._desk, await self._desk.agent_cases(self._me.name))
        for view in views:
            self._keep(view)
        await self.send(
            {
                "type": "snapshot",
                "me": me(self._me),
                "status": self._status,
                "cases": views,
                "queue": queue,
                "agents": agents,
                "now_ms": await self._desk.now_ms(),
                "shop": shop(self._parts),
                "mentions": [encode(mention) for mention in await self._parts.mentions.of(self._me.name)],
            }
        )

    async def deliver(self, event: DeskEvent) -> None:
        if event.kind == "entry":
            await self._deliver_entry(event.conversation_id, event.data)
        elif event.kind == "typing":
            if event.data.get("author") == "customer":
                await self.send(
                    {
                        "type": "typing",
                        "conversation_id": event.conversation_id,
                        "author": "customer",
                        "on": bool(event.data.get("on")),
                    }
                )
        elif event.kind == "viewing":
            await self._deliver_viewing(event)
        elif event.kind == "sla":
            if event.agent_id == self._me.name:
                await self.send({"type": "sla", "conversation_id": event.conversation_id, **event.data})
        elif event.kind == "mention":
            await self.send({"type": "mention", "mention": event.data})
        elif event.kind in ("queue", "conversation", "agent"):
            await self._look_at_mine()
        elif event.kind == "resync":
            await self._look_at_mine()
            for conversation_id in tuple(self._sent_seq):
                await self._catch_up(conversation_id)
        elif event.kind == _CATCH_UP:
            self._sent_seq.setdefault(event.conversation_id, max(event.data["after"], 0))
            await self._catch_up(event.conversation_id)
        elif event.kind == "record":
            await self.send({"type": "record", "conversation_id": event.conversation_id, **event.data})
        elif event.kind in ("check_login", "departed", "person"):
            await self._check_login()

    async def _deliver_entry(self, conversation_id: str, entry: dict[str, Any]) -> None:
        seq = entry["seq"]
        sent = self._sent_seq.get(conversation_id)
        if sent is not None and seq <= sent:
            return
        if sent is not None and seq > sent + 1:
            await self._catch_up(conversation_id)
        else:
            await self._send_entry(conversation_id, entry)
        if any(view["conversation_id"] == conversation_id for view in self._mine.values()):
            await self._look_at_mine()

    async def _send_entry(self, conversation_id: str, entry: dict[str, Any]) -> None:
        self._sent_seq[conversation_id] = entry["seq"]
        if entry_is_for(entry, self._me):
            await self.send({"type": "entry", "conversation_id": conversation_id, "entry": entry})

    async def _deliver_viewing(self, event: DeskEvent) -> None:
        """A colleague looks at a conversation, or away; one who just came is told who is here already."""
        who, conversation_id = event.data["who"], event.conversation_id
        if who["name"] == self._me.name:
            return
        shown = {name: event.data[name] for name in ("who", "on", "typing")}
        await self.send({"type": "viewing", "conversation_id": conversation_id, **shown})
        if event.data["on"] and conversation_id == self._viewing:
            self._company_at = time.monotonic()
            if event.data["hello"]:
                await self._tell_viewing(conversation_id, on=True)

    async def _catch_up(self, conversation_id: str) -> None:
        """Send everything of a followed conversation after the last number sent."""
        while True:
            entries = await self._desk.log(conversation_id, after=self._sent_seq.get(conversation_id, 0), limit=PAGE)
            for entry in entries:
                await self._send_entry(conversation_id, encode(entry))
            if len(entries) < PAGE:
                return

    async def _look_at_mine(self) -> None:
        """Read the agent's cases again and send those that differ; a case that left is sent once more as it is."""
        views = await case_views(self._desk, await self._desk.agent_cases(self._me.name))
        now = {view["case_id"] for view in views}
        for view in views:
            if self._mine.get(view["case_id"]) != view:
                self._keep(view)
                await self.send({"type": "case", "case": view})
        for case_id in [known for known in self._mine if known not in now]:
            gone = self._mine.pop(case_id)
            if gone["conversation_id"] not in self._watched:
                self._parts.relay.unfollow(gone["conversation_id"], self.inbox)
                self._sent_seq.pop(gone["conversation_id"], None)
            case = await self._desk.case(case_id)
            await self.send({"type": "case", "case": (await case_views(self._desk, [case]))[0]})

    def _keep(self, view: dict[str, Any]) -> None:
        """Follow the conversation of one of the agent's cases."""
        self._mine[view["case_id"]] = view
        self._parts.relay.follow(view["conversation_id"], self.inbox)
        self._sent_seq.setdefault(view["conversation_id"], view["last_seq"])

    def _plan_login_check(self) -> None:
        self.inbox.put(_CHECK_LOGIN)
        self._timer = asyncio.get_running_loop().call_later(LOGIN_CHECK_S, self._plan_login_check)

    async def _check_login(self) -> None:
        try:
            person = await self._parts.staff.person_of(self.socket.cookies)
        except GatewayError:
            return  # the store is away; it is not the agent's fault
        if person is None:
            raise EndSocket(CLOSE_ENDED)
        # A sign wears off on the pages of others; alone, there is nobody to keep it up for.
        if self._viewing and time.monotonic() - self._company_at < VIEWING_LIFE_S:
            await self._tell_viewing(self._viewing, on=True)

    def leave(self) -> None:
        """Stop following everything."""
        self._timer.cancel()
        self._parts.floor.leave(self.inbox)
        for conversation_id in {*self._watched, *(view["conversation_id"] for view in self._mine.values())}:
            self._parts.relay.unfollow(conversation_id, self.inbox)

    # --- what the agent asks

    async def handle(self, frame: Any) -> None:
        if isinstance(frame, frames.Ping):
            self.inbox.put({"type": "pong"})
            return
        if isinstance(frame, frames.Typing):
            await self._tell_typing(frame)
            return
        if isinstance(frame, frames.Viewing):
            await self._view(frame)
            return
        self._parts.limits.agent.take(self._me.name)
        if isinstance(frame, frames.AgentSay):
            files = await self._parts.attachments.claim(frame.conversation_id, frame.attachments, by=self._me.name)
            said = await self._desk.agent_say(
                self._me.name,
                frame.conversation_id,
                key=text.key(frame.key),
                text=words_of(frame, limit=self._parts.settings.max_text_characters),
                epoch=frame.epoch,
                attachments=files,
            )
            self.inbox.put({"type": "ack", "key": frame.key, "seq": said.seq, "at_ms": said.at_ms})
        elif isinstance(frame, frames.Note):
            await self._note(frame)
        elif isinstance(frame, frames.Whisper):
            await self._whisper(frame)
        elif isinstance(frame, frames.Floor):
            await self._follow_floor(frame)
        elif isinstance(frame, frames.Watch):
            await self._watch(frame.conversation_id, frame.after)
        elif isinstance(frame, frames.Unwatch):
            self._unwatch(frame.conversation_id)
        elif isinstance(frame, frames.SetStatus):
            await self._set_status(frame.status)
        else:
            await self._move_case(frame)

    async def _note(self, frame: frames.Note) -> None:
        words = text.message(frame.text, limit=MAX_NOTE)
        if not await self._parts.may_read(self._me, frame.conversation_id):
            raise NotAllowed
        called = await self._parts.mentions.called_in(words, by=self._me.name)
        entry = await self._desk.note(
            *(self._me.name, frame.conversation_id),
            key=text.key(frame.key),
            text=words,
            data={"mentions": list(called)} if called else None,
        )
        if called:
            view = await self._desk.conversation(frame.conversation_id)
            await self._parts.mentions.tell(frame.conversation_id, view.case_id or await self._last_case(view), entry)
        self.inbox.put({"type": "ack", "key": frame.key, "seq": entry.seq, "at_ms": entry.at_ms})

    async def _last_case(self, view: ConversationView) -> str:
        cases = await self._desk.cases_of(view.conversation_id)
        return cases[-1].case_id if cases else ""

    async def _whisper(self, frame: frames.Whisper) -> None:
        """A word to the agent alone: a note that only they and supervisors see; never a message."""
        words = text.message(frame.text, limit=MAX_NOTE)
        if not self._me.may(Role.SUPERVISOR):
            raise NotAllowed("只有主管可以说悄悄话。")
        view = await self._desk.conversation(frame.conversation_id)
        if not view.agent_id or view.agent_id == self._me.name:
            raise NotNow("这个会话现在没有别的客服在接待，悄悄话没有人看。")
        entry = await self._desk.note(
            *(self._me.name, frame.conversation_id),
            key=text.key(frame.key),
            text=words,
            data={"whisper": True, "to": view.agent_id},
        )
        self.inbox.put({"type": "ack", "key": frame.key, "seq": entry.seq, "at_ms": entry.at_ms})
        await self._audit("whisper", frame.conversation_id)

    async def _follow_floor(self, frame: frames.Floor) -> None:
        if not self._me.may(Role.SUPERVISOR):
            raise NotAllowed
        if frame.on:
            await self._parts.floor.enter(self.inbox, floor=frame.floor, after=frame.after)
        else:
            self._parts.floor.leave(self.inbox)

    async def _view(self, frame: frames.Viewing) -> None:
        """The page shows another conversation, or its agent writes there."""
        wanted = frame.conversation_id
        if wanted and wanted not in self._watched and not self._is_mine(wanted):
            wanted = ""  # it left this agent's hands a moment ago
        before, self._viewing = self._viewing, wanted
        if before and before != wanted:
            await self._tell_viewing(before, on=False)
        if wanted:
            await self._tell_viewing(wanted, on=True, typing=frame.typing, hello=before != wanted)

    async def _tell_viewing(self, conversation_id: str, *, on: bool, typing: bool = False, hello: bool = False) -> None:
        who = {"name": self._me.name, "display": self._me.display}
        data = {"who": who, "on": on, "typing": typing, "hello": hello}
        await self._desk.publish(DeskEvent("viewing", conversation_id, data=data))

    async def look_away(self) -> None:
        """The page is gone; colleagues need not wait until its sign wears off."""
        if self._viewing:
            with contextlib.suppress(DeskError):
                await self._tell_viewing(self._viewing, on=False)

    def _is_mine(self, conversation_id: str) -> bool:
        return any(view["conversation_id"] == conversation_id for view in self._mine.values())

    async def _watch(self, conversation_id: str, after: int | None) -> None:
        if len(self._watched) >= MAX_WATCHED:
            raise BadRequest(f"同时查看的会话最多 {MAX_WATCHED} 个。")
        if not await self._parts.may_read(self._me, conversation_id):
            raise NotAllowed
        self._watched.add(conversation_id)
        self._parts.relay.follow(conversation_id, self.inbox)
        self.inbox.put({"type": "watching", "conversation_id": conversation_id})
        if after is not None:
            self.inbox.put(DeskEvent(_CATCH_UP, conversation_id, data={"after": after}))
        await self._audit("watch", conversation_id)

    def _unwatch(self, conversation_id: str) -> None:
        self._watched.discard(conversation_id)
        if all(view["conversation_id"] != conversation_id for view in self._mine.values()):
            self._parts.relay.unfollow(conversation_id, self.inbox)
            self._sent_seq.pop(conversation_id, None)

    async def _set_status(self, status: str) -> None:
        try:
            wanted = AgentStatus(status)
        except ValueError as error:
            raise BadRequest("状态只能是 ready、break 或 offline。") from error
        await self._desk.set_status(self._me.name, wanted)
        self.inbox.put({"type": "status", "status": wanted.value})

    async def _move_case(self, frame: Any) -> None:
        name = self._me.name
        if isinstance(frame, frames.Accept):
            await self._desk.accept(name, frame.case_id)
        elif isinstance(frame, frames.Decline):
            await self._desk.decline(name, frame.case_id, reason=text.short(frame.reason, limit=200, name="原因"))
        elif isinstance(frame, frames.Transfer):
            await self._desk.transfer(
                name,
                frame.case_id,
                note=text.message(frame.note, limit=MAX_NOTE),
                to_agent=frame.to_agent,
                to_group=frame.to_group,
            )
        elif isinstance(frame, frames.WrapUp):
            await self._desk.wrap_up(name, frame.case_id)
        elif isinstance(frame, frames.Resolve):
            await self._desk.resolve(name, frame.case_id, outcome=_outcome(frame.outcome))
        elif isinstance(frame, frames.AnswerMessage):
            await self._desk.answer_message(
                name,
                frame.case_id,
                key=text.key(frame.key),
                text=text.message(frame.text, limit=self._parts.settings.max_text_characters),
            )
            self.inbox.put({"type": "ack", "key": frame.key, "seq": 0})
        elif isinstance(frame, frames.TakeOver):
            if not self._me.may(Role.SUPERVISOR):
                raise NotAllowed("只有主管可以接管会话。")
            await self._desk.take_over(name, frame.case_id)
        await self._audit(type(frame).__name__.lower(), frame.case_id)

    async def _tell_typing(self, frame: frames.Typing) -> None:
        if all(view["conversation_id"] != frame.conversation_id for view in self._mine.values()):
            raise NotAllowed
        now = time.monotonic()
        if frame.on and now - self._typing_at.get(frame.conversation_id, 0.0) < 1:
            return
        self._typing_at[frame.conversation_id] = now
        await self._desk.publish_typing(frame.conversation_id, author="agent", on=frame.on)

    async def _audit(self, action: str, target: str) -> None:
        await asyncio.to_thread(self._parts.people.audit, self._me.name, action, target)


def _outcome(resolution: frames.Resolution) -> dict[str, Any]:
    if len(resolution.tags) > 20:
        raise BadRequest("标签最多 20 个。")
    later = resolution.follow_up
    follow_up = {} if later is None else {"follow_up": _follow_up(later)}
    return {
        **follow_up,
        "reason": text.short(resolution.reason, limit=200, name="原因"),
        "tags": [text.short(tag, limit=40, name="标签") for tag in resolution.tags],
        "summary": text.short(resolution.summary, limit=MAX_NOTE, name="小结"),
        "solved": resolution.solved,
    }


def _follow_up(later: frames.FollowUp) -> dict[str, Any]:
    return {
        "title": text.message(later.title, limit=200),
        "text": text.short(later.text, limit=MAX_NOTE, name="说明"),
        "next_ms": later.next_ms,
        "to_group": text.short(later.to_group, limit=64, name="技能组"),
    }
