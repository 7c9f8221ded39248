"""The use cases of the handoff engine: what the gateway, the turn worker and the console call.

The desk checks what it is given, words what the customer is told, and asks the backend for one atomic step each time;
after whatever frees an agent or adds a case it drains the line. It keeps no state of its own, so any number of
processes may hold a desk over the same Redis.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

from contracts.codec import encode
from contracts.conversation import Attachment, Author, ConversationView, DeskEvent, Entry, EntryKind
from contracts.escalation import Escalation, Evidence, Reason
from contracts.turn import BotMessage, TurnResult
from handoff import upkeep
from handoff.attached import with_files
from handoff.config.entrances import BOT_ONLY
from handoff.config.groups import LEVELS
from handoff.customer_side import RACES, CustomerSide
from handoff.errors import Invalid, Refused, Stale
from handoff.inputs import clean, message_text, name
from handoff.lifecycle import Verb
from handoff.model import Agent, AgentStatus, Case, CaseState, Finished, Said, Turn
from handoff.ports import Reply
from handoff.records.change import Change
from handoff.records.model import NOBODY, Owner, Ticket, TicketKind
from handoff.records.tickets import TicketVerb, answered, from_wrap_up, ticket_id
from handoff.triggers import calls_off
from handoff.wishes import Telling, Wish

TOO_MANY_ATTEMPTS = "attempts"
#: Why an agent got an offer that a supervisor chose them for.
REASSIGNED = "a supervisor chose this agent"


class Desk(CustomerSide):
    """The desk over one backend; see `policy` for its times and limits."""

    # --- bot side

    async def claim_turn(self, worker_id: str, *, wait_ms: int) -> Turn | None:
        """The next turn for this worker, or None after `wait_ms`; turns of dead workers come again.

        A turn that was tried `policy.max_attempts` times is failed here and not handed out again.
        """
        turn = await self._backend.claim_turn(worker_id, wait_ms=wait_ms, lease_ms=self.policy.lease_ms)
        if turn is not None and turn.attempt > self.policy.max_attempts:
            await self.fail_turn(turn, error=TOO_MANY_ATTEMPTS)
            return None
        return turn

    async def finish_turn(self, turn: Turn, result: TurnResult) -> Finished:
        """Write what the bot made of a turn, in one atomic step; finishing twice changes nothing.

        Fenced (accepted False) when the owner has changed since the turn was queued.
        """
        new, unstaffed, messages = None, "", result.messages
        if result.escalation is not None and turn.case_state == "none":
            if self.mode(turn.channel) == BOT_ONLY:
                unstaffed = self._unstaffed(self.policy.texts.unstaffed)
                if messages and messages[-1].kind == "text":
                    messages = messages[:-1]  # with its last words the bot announces the person who will not come
            else:
                new = await self._new_case(turn.conversation_id, result.escalation, self.policy.texts.waiting, turn)
        finished = await self._backend.finish_turn(
            turn,
            annotation=encode(result.understanding) if result.understanding is not None else None,
            replies=[_reply(message, turn.seq) for message in messages],
            new_case=new,
            otherwise="",
            unstaffed=unstaffed,
            key_ttl_ms=self.policy.key_ttl_ms,
        )
        if new is not None and finished.accepted:
            await self.drain()
        elif finished.accepted and turn.case_state in ("waiting", "offered") and calls_off(result.understanding):
            # Said in words, 不用等了 does what the button does. Should we die here, the customer keeps the place.
            with contextlib.suppress(Refused):  # an agent was quicker
                await self.cancel_wait(turn.conversation_id)
        return finished

    async def fail_turn(self, turn: Turn, *, error: str) -> Finished:
        """The bot could not answer: tell the customer and put them in line, where people can be called."""
        escalation = Escalation(Reason.BOT_UNAVAILABLE, (Evidence("bot_failure", error, 1.0, turn.seq),))
        texts = self.policy.texts
        new, unstaffed = None, ""
        if self.mode(turn.channel) == BOT_ONLY and turn.case_state == "none":
            unstaffed = self._unstaffed(texts.unstaffed_failed)
        else:
            new = await self._new_case(turn.conversation_id, escalation, texts.unavailable, turn)
        finished = await self._backend.finish_turn(
            turn,
            annotation=None,
            replies=[],
            new_case=new,
            otherwise=texts.unavailable_waiting,
            unstaffed=unstaffed,
            key_ttl_ms=self.policy.key_ttl_ms,
        )
        await self.drain()
        return finished

    async def wishes(self, *, limit: int) -> list[Wish]:
        """What customers want to be told once there is an answer; those who wished longest ago first."""
        return await self._backend.wishes.all(limit=limit)

    async def tell(self, wish: Wish, message: BotMessage) -> Telling:
        """Answer a wish in its customer's own thread, once. Raises Refused while a person serves it or is called."""
        reply = _reply(message, 0)
        # Not `about` the question: what became of it when it was asked stays as it was.
        data = {**reply.data, "told": wish.seq}
        del data["about"]
        return await self._backend.wishes.tell(wish.conversation_id, wish.seq, text=reply.text, data=data)

    async def turn_alive(self, worker_id: str, turns: Sequence[Turn]) -> None:
        """The worker still runs these turns: they keep their lease. One that it gave up goes to another after it."""
        await self._backend.renew(worker_id, turns)

    # --- agents

    async def agent_online(
        self,
        agent_id: str,
        *,
        display: str,
        groups: Sequence[str] = (),
        cap: int = 5,
        status: AgentStatus | None = None,
        levels: Sequence[int] = (),
    ) -> Agent:
        """An agent logged in or came back. Without `status` the earlier one holds for a while, else it is BREAK.

        `levels` are how well they serve each of `groups`, in the same order; none: level 1 in each.
        """
        for group in groups:
            name("group", group)
        if levels and (len(levels) != len(groups) or not all(1 <= level <= LEVELS for level in levels)):
            raise Invalid(f"levels: from 1 to {LEVELS}, one for each group")
        agent = await self._backend.agent_online(
            name("agent_id", agent_id),
            display=clean(display, 64) or agent_id,
            groups=tuple(groups) or (self.policy.default_group,),
            cap=max(cap, 0),
            status=status,
            resume_ms=self.policy.resume_ms,
            levels=tuple(levels),
        )
        await self.drain()
        return agent

    async def heartbeat(self, agent_id: str) -> None:
        """The agent's page is alive."""
        await self._backend.heartbeat(agent_id)

    async def set_status(self, agent_id: str, status: AgentStatus) -> None:
        """READY, BREAK or OFFLINE; held cases stay."""
        await self._backend.set_status(agent_id, AgentStatus(status))
        await self.drain()

    async def agent_offline(self, agent_id: str) -> None:
        """The last connection closed: no new offers now; after the grace period the sweep requeues their cases."""
        await self._backend.agent_away(agent_id)

    async def accept(self, agent_id: str, case_id: str) -> ConversationView:
        """Take an offer: the agent owns the conversation from here on, under a new epoch."""
        view = await self._backend.accept(agent_id, case_id, line=self.policy.texts.accepted)
        await self.drain()
        return view

    async def decline(self, agent_id: str, case_id: str, *, reason: str = "") -> None:
        """Pass on an offer; it goes to the next agent, or back to the colleague who handed it over."""
        await self._backend.pass_on(case_id, agent_id, Verb.DECLINE, reason=clean(reason, 200), max_missed=0)
        await self.drain()

    async def agent_say(
        self,
        agent_id: str,
        conversation_id: str,
        *,
        key: str,
        text: str,
        epoch: int,
        attachments: Sequence[Attachment] = (),
    ) -> Said:
        """Say something to the customer under the epoch in which the agent took the case."""
        return await self._backend.agent_say(
            agent_id,
            conversation_id,
            key=name("key", key),
            epoch=epoch,
            key_ttl_ms=self.policy.key_ttl_ms,
            **with_files(text, attachments),
        )

    async def note(
        self, agent_id: str, conversation_id: str, *, key: str, text: str, data: dict[str, Any] | None = None
    ) -> Entry:
        """A private note; the customer never sees it. `data`: {mentions}, or {whisper, to} for one agent's eyes."""
        return await self._write(
            *(conversation_id, key, EntryKind.NOTE, Author.AGENT),
            text=message_text(text),
            author_id=agent_id,
            data=data or {},
        )

    async def transfer(self, agent_id: str, case_id: str, *, note: str, to_agent: str = "", to_group: str = "") -> Case:
        """Hand a case on with a note: to one agent, who must accept, or to a group's line with the place kept."""
        if bool(to_agent) == bool(to_group):
            raise Invalid("to_agent, to_group: name exactly one of the two")
        if not note.strip():
            raise Invalid("note: tell the colleague what it is about")
        case = await self._backend.transfer(
            agent_id,
            case_id,
            note=message_text(note),
            to_agent=to_agent,
            to_group=to_group and name("to_group", to_group),
            offer_ms=self.policy.offer_ms,
            line=self.policy.texts.transferred,
        )
        await self.drain()
        return case

    async def reassign(self, supervisor_id: str, case_id: str, *, to_agent: str, note: str) -> Case:
        """A supervisor puts a waiting case, or one in somebody's hands, before an agent, who must accept it.

        Raises Refused when the agent has no free place or is not of the group that the case waits for.
        """
        case = await self.case(case_id)
        if case.state is CaseState.WAITING:
            if not await self._backend.offer(case_id, to_agent, offer_ms=self.policy.offer_ms, why=REASSIGNED):
                raise Refused("the agent is not there, has no free place or is of another group")
            return await self.case(case_id)
        return await self._backend.transfer(
            case.agent_id,
            case_id,
            by=supervisor_id,
            note=message_text(note),
            to_agent=to_agent,
            to_group="",
            offer_ms=self.policy.offer_ms,
            line=self.policy.texts.transferred,
        )

    async def wrap_up(self, agent_id: str, case_id: str) -> Case:
        """The talk is over, the notes are being written; the customer may still write, which reopens the case."""
        return await self._backend.wrap_up(agent_id, case_id)

    async def resolve(self, agent_id: str, case_id: str, *, outcome: dict[str, Any]) -> ConversationView:
        """Close a case with reason, tags and summary; the customer is back with the bot, under a new epoch.

        With `follow_up` {title, text?, next_ms?, to_group?} in the outcome, a ticket is made in the same step.
        """
        line = self.policy.texts.resolved
        ticket = await self._follow_up(case_id, outcome)
        view = await self._backend.resolve(agent_id, case_id, outcome=outcome, line=line, ticket=ticket)
        await self.drain()
        return view

    async def take_over(self, agent_id: str, case_id: str) -> ConversationView:
        """A supervisor takes the case, whoever has it."""
        view = await self._backend.take_over(agent_id, case_id, line=self.policy.texts.accepted)
        await self.drain()
        return view

    async def answer_message(
        self,
        agent_id: str,
        case_id: str,
        *,
        key: str,
        text: str,
        then: TicketVerb | None = TicketVerb.FINISH,
    ) -> Case:
        """Answer a message that a customer left; they find it in their conversation. Twice changes nothing.

        Its ticket gets the answer in the same step, and is moved by `then`.
        """
        case = await self._backend.case(case_id)
        outcome = {**case.outcome, "reason": "answered"}
        said = message_text(text)
        name("key", key)
        for _ in range(RACES):
            ticket = await self.records.record(Ticket, ticket_id(f"message {case_id}"))
            done = None
            if ticket is not None and ticket.state.is_open:
                done = answered(ticket, agent_id, said, key=key, now_ms=self._now(), verb=then)
            with contextlib.suppress(Stale):  # somebody changed the ticket meanwhile
                return await self._backend.answer_message(
                    agent_id, case_id, key=key, text=said, outcome=outcome, ticket=done
                )
        raise Stale("the ticket changes all the time")

    async def depart(self, agent_id: str, *, heir: Owner = NOBODY) -> tuple[str, ...]:
        """An agent leaves for good: what they hold goes back to the line, to the heir's group, or to the heir first.

        Nothing can come into their hands any more. Returns those cases; again changes nothing.
        """
        held = await self._backend.depart(agent_id, heir=heir, line=self.policy.texts.handed_on)
        await self.drain()
        return held

    async def readmit(self, agent_id: str) -> None:
        """Somebody who had left is back; what they held stays where it is."""
        await self._backend.readmit(agent_id)

    # --- upkeep and events

    async def sweep(self) -> None:
        """Lapsed offers and lost agents go back to the line; see `upkeep.sweep`. Safe in many processes."""
        await upkeep.sweep(self._backend, self.policy)

    async def _follow_up(self, case_id: str, outcome: dict[str, Any]) -> Change | None:
        wanted = outcome.get("follow_up")
        if not wanted:
            return None
        if not str(wanted.get("title", "")).strip():
            raise Invalid("follow_up: say what is to be done")
        if wanted.get("to_group"):
            name("to_group", wanted["to_group"])
        now = self._now()
        next_ms = self.policy.ticket_due(TicketKind.FOLLOW_UP, now, wanted.get("next_ms"))
        return from_wrap_up(await self._backend.case(case_id), wanted, now_ms=now, next_ms=next_ms)

    async def publish_typing(self, conversation_id: str, *, author: str, on: bool, agent_id: str = "") -> None:
        """Tell the other side that somebody is typing; nothing is stored."""
        if author not in ("customer", "agent", "bot"):
            raise Invalid("author: customer, agent or bot")
        await self._backend.publish(DeskEvent("typing", conversation_id, agent_id, {"author": author, "on": on}))

    async def publish(self, event: DeskEvent) -> None:
        """Tell the relays of all gateways something of their own that is not stored."""
        await self._backend.publish(event)

    def events(self) -> AsyncIterator[DeskEvent]:
        """Everything that happens, from now on; one subscription a process."""
        return self._backend.events()

    async def close(self) -> None:
        """Let go of the backend's connections."""
        await self._backend.close()


def _reply(message: BotMessage, about: int) -> Reply:
    """A bot message for the log; `about` is the number of the customer message it answers."""
    document = encode(message)
    document["about"] = about
    return Reply(document.pop("text"), document)
