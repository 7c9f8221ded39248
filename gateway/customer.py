"""The customer's door: session, live socket, and the same over plain HTTP for pages without sockets."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

from fastapi import APIRouter, Request, Response, WebSocket

from contracts.codec import encode
from contracts.conversation import Author, ConversationView, DeskEvent
from gateway import frames, text, wire
from gateway.access import Proof, address_of
from gateway.attachments import CUSTOMER, MOST_IN_A_MESSAGE
from gateway.errors import BadRequest, GatewayError, NoSession, from_desk
from gateway.live import CLOSE_NO_SESSION, CLOSE_NOT_ALLOWED, CLOSE_UNAVAILABLE, EndSocket, LiveSocket
from gateway.parts import Parts
from gateway.records.identity import own_thread, thread_of
from gateway.relay import Inbox
from gateway.visible import entry_for_customer, view_for_customer
from handoff.errors import DeskError, NotFound
from handoff.model import Said

PAGE = 200
MAX_COMMENT = 500
MAX_CONTACT = 100
MAX_CHOICE = 100
# A waiting customer's place is looked at again at most this often, however busy the queue is; and so many places a
# second in one process, however many wait.
PLACE_EVERY_S = 1.0
PLACES_PER_S = 200
_LOOK_AGAIN = DeskEvent(kind="look_again")


def shop(parts: Parts, channel: str = "web") -> dict[str, Any]:
    """What the customer page shows before anything was said, and whether people can be called there now."""
    settings = parts.settings
    files = {"most": MOST_IN_A_MESSAGE, "max_bytes": settings.attachment_bytes}
    return {
        "name": settings.shop_name,
        "greeting": settings.greeting,
        "chips": list(settings.chips[:7]),
        "files": files,
        "people": {"mode": parts.desk.mode(channel), "open": parts.desk.is_open()},
    }


async def say(parts: Parts, conversation_id: str, frame: frames.Say, address: str, *, channel: str = "web") -> Said:
    """Log a customer's message and have it answered; raises GatewayError or DeskError, changing nothing."""
    key = text.key(frame.key)
    words = words_of(frame, limit=parts.settings.max_text_characters)
    choice = text.short(frame.choice, limit=MAX_CHOICE, name="选项") if frame.choice else None
    parts.limits.customer.take(conversation_id)
    parts.limits.address.take(address)
    files = await parts.attachments.claim(conversation_id, frame.attachments, by=CUSTOMER)
    return await parts.desk.say(conversation_id, key=key, text=words, choice=choice, channel=channel, attachments=files)


def words_of(frame: frames.Say | frames.AgentSay, *, limit: int) -> str:
    """The cleaned text of a message, which may be empty when files come along."""
    return text.message(frame.text, limit=limit) if text.clean(frame.text) or not frame.attachments else ""


class CustomerSocket(LiveSocket):
    """One customer page."""

    known = frames.CUSTOMER

    def __init__(
        self, socket: WebSocket, parts: Parts, conversation_id: str, proof: Proof, *, after: int, inbox: Inbox
    ) -> None:
        super().__init__(socket, inbox=inbox, max_frame_bytes=parts.settings.max_frame_bytes)
        self._parts = parts
        self._desk = parts.desk
        self._id = conversation_id
        self._proof = proof
        self._address = address_of(socket)
        self._sent_seq = after
        self._view: ConversationView | None = None
        self._looked_at = 0.0
        self._look_planned: asyncio.TimerHandle | None = None
        self._typing_at = 0.0

    # --- what the page is told

    async def greet(self) -> None:
        await self._parts.directory.refresh()
        self._view = await self._desk.open(self._id, channel="web")
        newest = self._sent_seq == 0
        entries = await (
            self._desk.log(self._id, before=self._view.last_seq + 1, limit=PAGE)
            if newest
            else self._desk.log(self._id, after=self._sent_seq, limit=PAGE)
        )
        if entries:
            self._sent_seq = entries[-1].seq
        await self.send(
            {
                "type": "snapshot",
                "conversation": view_for_customer(self._view),
                "entries": [shown for entry in entries if (shown := self._shown(encode(entry)))],
                "shop": shop(self._parts),
            }
        )
        self._follow_place()
        if not newest:
            await self._catch_up()

    async def deliver(self, event: DeskEvent) -> None:
        if event.kind in ("entry", "typing", "conversation") and event.conversation_id != self._id:
            return  # of the browser's own thread, while it is linked to this one
        if event.kind == "record":
            if await thread_of(self._parts, self._proof) != self._id:
                raise EndSocket(CLOSE_NO_SESSION)
        elif event.kind == "entry":
            await self._deliver_entry(event.data)
        elif event.kind == "typing":
            if event.data.get("author") != "customer":
                await self.send(
                    {"type": "typing", "author": event.data.get("author", ""), "on": bool(event.data.get("on"))}
                )
        elif event.kind == "conversation":
            await self._look()
        elif event.kind in ("queue", "look_again"):
            await self._look_soon()
        elif event.kind == "resync":
            await self._catch_up()
            await self._look()

    async def _deliver_entry(self, entry: dict[str, Any]) -> None:
        seq = entry["seq"]
        if seq <= self._sent_seq:
            return
        if seq > self._sent_seq + 1:
            # Something between was missed: the log has it, and this entry too.
            await self._catch_up()
            return
        self._sent_seq = seq
        if entry["author"] == Author.AGENT.value:
            await self._parts.directory.refresh(entry["author_id"])
        frame = self._parts.entry_frames.of(entry)
        if frame:
            await self.send_text(frame)

    async def _catch_up(self) -> None:
        """Send everything after the last number sent."""
        while True:
            entries = await self._desk.log(self._id, after=self._sent_seq, limit=PAGE)
            for entry in entries:
                self._sent_seq = entry.seq
                shown = self._shown(encode(entry))
                if shown:
                    await self.send({"type": "entry", "entry": shown})
            if len(entries) < PAGE:
                return

    def _shown(self, entry: dict[str, Any]) -> dict[str, Any] | None:
        return entry_for_customer(entry, self._parts.directory.display)

    async def _look(self) -> None:
        """Read the conversation's state again and send it when it differs from what the page has."""
        self._looked_at = time.monotonic()
        view = await self._desk.conversation(self._id)
        before, self._view = self._view, view
        self._follow_place()
        if before is None or view_for_customer(before) != view_for_customer(view):
            await self.send({"type": "conversation", "conversation": view_for_customer(view)})

    async def _look_soon(self) -> None:
        every_s = max(PLACE_EVERY_S, self._parts.relay.watching_queue / PLACES_PER_S)
        rest = self._looked_at + every_s - time.monotonic()
        if rest <= 0:
            await self._look()
        elif self._look_planned is None or self._look_planned.when() < asyncio.get_running_loop().time():
            self._look_planned = asyncio.get_running_loop().call_later(rest, self.inbox.put, _LOOK_AGAIN)

    def _follow_place(self) -> None:
        waiting = self._view is not None and self._view.case_state in ("waiting", "offered")
        self._parts.relay.watch_queue(self.inbox, on=waiting)

    def leave(self) -> None:
        """Forget what was planned for this socket."""
        self._parts.relay.watch_queue(self.inbox, on=False)
        if self._look_planned is not None:
            self._look_planned.cancel()

    # --- what the page asks

    async def handle(self, frame: Any) -> None:
        if isinstance(frame, frames.Say):
            said = await say(self._parts, self._id, frame, self._address)
            self._acknowledge(frame.key, said.seq, said.at_ms)
        elif isinstance(frame, frames.Ping):
            self.inbox.put({"type": "pong"})
        elif isinstance(frame, frames.Typing):
            await self._tell_typing(frame.on)
        else:
            self._parts.limits.customer.take(self._id)
            self._parts.limits.address.take(self._address)
            await self._act(frame)

    async def _act(self, frame: Any) -> None:
        limit = self._parts.settings.max_text_characters
        key = text.key(frame.key) if frame.key or not isinstance(frame, frames.CancelWait) else ""
        if isinstance(frame, frames.RequestHuman):
            await self._desk.request_human(self._id, key=key)
        elif isinstance(frame, frames.CancelWait):
            await self._desk.cancel_wait(self._id)
        elif isinstance(frame, frames.LeaveMessage):
            await self._desk.leave_message(
                self._id,
                key=key,
                text=text.message(frame.text, limit=limit),
                contact=text.short(frame.contact, limit=MAX_CONTACT, name="联系方式"),
            )
        elif isinstance(frame, frames.Feedback):
            await self._desk.feedback(self._id, key=key, seq=frame.seq, useful=frame.useful)
        elif isinstance(frame, frames.Wish):
            await self._desk.wish(self._id, key=key, seq=frame.seq, wanted=frame.wanted)
        elif isinstance(frame, frames.Rate):
            if not 1 <= frame.score <= 5:
                raise BadRequest("评分只能是 1 到 5。")
            await self._desk.rate(
                self._id,
                key=key,
                score=frame.score,
                comment=text.short(frame.comment, limit=MAX_COMMENT, name="评价"),
                stretch=text.short(frame.stretch, limit=80, name="stretch"),
            )
        elif isinstance(frame, frames.Correct):
            await self._desk.correct_problem(self._id, key=key, text=text.message(frame.text, limit=limit))
        if key:
            self._acknowledge(key)

    def _acknowledge(self, key: str, seq: int = 0, at_ms: int = 0) -> None:
        self.inbox.put({"type": "ack", "key": key, "seq": seq, "at_ms": at_ms})

    async def _tell_typing(self, on: bool) -> None:
        """Pass typing on to the agent, at most once a second; while the bot answers nobody wants to know."""
        if self._view is None or self._view.case_state == "none":
            return
        if on and time.monotonic() - self._typing_at < 1:
            return
        self._typing_at = time.monotonic()
        await self._desk.publish_typing(self._id, author="customer", on=on)


def routes(parts: Parts) -> APIRouter:
    """The customer's endpoints."""
    router = APIRouter()

    @router.post("/api/customer/say")
    async def say_over_http(request: Request) -> Response:
        parts.origins.check(request, required=False)
        conversation_id = await own_thread(parts, request.cookies)
        document = await wire.read_object(request, limit=parts.settings.max_frame_bytes)
        frame = frames.body(document, frames.Say)
        await parts.desk.open(conversation_id, channel="web")
        said = await say(parts, conversation_id, frame, address_of(request))
        return wire.answer({"type": "ack", "key": frame.key, "seq": said.seq, "at_ms": said.at_ms})

    @router.get("/api/customer/log")
    async def log(request: Request) -> Response:
        conversation_id = await own_thread(parts, request.cookies)
        await parts.directory.refresh()
        before = wire.integer(request, "before", default=0)
        window = {"before": before} if before else {"after": wire.integer(request, "after", default=0)}
        try:
            view = await parts.desk.conversation(conversation_id)
            entries = await parts.desk.log(
                conversation_id, limit=wire.integer(request, "limit", default=PAGE, least=1, most=PAGE), **window
            )
        except NotFound:
            return wire.answer({"conversation": None, "entries": []})
        shown = [entry_for_customer(encode(entry), parts.directory.display) for entry in entries]
        return wire.answer(
            {"conversation": view_for_customer(view), "entries": [entry for entry in shown if entry is not None]}
        )

    @router.websocket("/api/customer/live")
    async def live(socket: WebSocket) -> None:
        try:
            parts.origins.check(socket, required=True)
        except GatewayError:
            await socket.close(CLOSE_NOT_ALLOWED)
            return
        await socket.accept()
        try:
            proof = parts.customers.require(socket.cookies)
            conversation_id = await thread_of(parts, proof)
        except NoSession as error:
            await refuse(socket, error, CLOSE_NO_SESSION)
            return
        except DeskError as error:
            await refuse(socket, from_desk(error), CLOSE_UNAVAILABLE)
            return
        address = address_of(socket)
        try:
            parts.limits.sockets.enter(address)
        except GatewayError as error:
            await refuse(socket, error, 1013)
            return
        inbox = Inbox(parts.settings.socket_queue)
        after = wire.integer(socket, "after", default=0)
        served = CustomerSocket(socket, parts, conversation_id, proof, after=after, inbox=inbox)
        try:
            # The browser's own id too: when its record is linked or split, it belongs elsewhere.
            with (
                parts.relay.conversation(conversation_id, inbox),
                parts.relay.conversation(proof.conversation_id, inbox),
            ):
                await served.run()
        finally:
            served.leave()
            parts.limits.sockets.leave(address)

    return router


async def refuse(socket: WebSocket, error: GatewayError, code: int) -> None:
    """Say why over an accepted socket, then close it: a browser cannot read the reason otherwise."""
    with contextlib.suppress(Exception):
        await socket.send_text(wire.dumps(error.frame()))
        await socket.close(code)
