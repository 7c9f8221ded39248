"""The engine in one process's memory: for tests, trials and a single-process shop that may forget.

Product code, and the oracle of the Redis backend: the same contract suite runs over both. No method awaits between
reading and writing, so each is atomic within its event loop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from contracts.conversation import Author, ConversationView, Entry, EntryKind
from handoff.errors import NotAllowed, Refused, Stale
from handoff.lifecycle import Verb, next_state
from handoff.memory.clocks import Clocks
from handoff.memory.state import ACTIVE, WRAP_UP
from handoff.memory.values import AGENT, BOT, Conversation
from handoff.memory.wishes import MemoryWishes
from handoff.model import (
    OPEN_STATES,
    AgentStatus,
    Case,
    CaseState,
    Said,
    Turn,
)
from handoff.ports import NewCase
from handoff.records.change import Change
from handoff.records.model import Owner


class MemoryBackend(Clocks):
    """A DeskBackend for one event loop; `clock` gives UTC milliseconds and may be moved by tests."""

    def __init__(self, clock: Callable[[], int] | None = None) -> None:
        super().__init__(clock)
        self._wishes = MemoryWishes(self)

    @property
    def wishes(self) -> MemoryWishes:
        """Who wants to be told an answer that the bot did not have."""
        return self._wishes

    # --- customer side

    async def open(self, conversation_id: str, *, channel: str, profile: dict[str, Any]) -> ConversationView:
        conversation = self._conversations.get(conversation_id)
        changed = conversation is None
        if conversation is None:
            conversation = self._conversations[conversation_id] = Conversation(conversation_id, channel, {})
        for field, value in profile.items():
            if field not in conversation.profile or conversation.profile[field] != value:
                conversation.profile[field] = value
                changed = True
        if changed:
            self._hand_in(conversation)
        return self._view(conversation)

    async def say(
        self,
        conversation_id: str,
        *,
        key: str,
        text: str,
        choice: str | None,
        key_ttl_ms: int,
        data: dict[str, Any] | None = None,
    ) -> Said:
        conversation = self._find(conversation_id)
        if "s:" + key in conversation.said:
            return replace(conversation.said["s:" + key], duplicate=True)
        case = self._open_case_of(conversation)
        if case is not None and case.state is WRAP_UP:
            self._move(case, Verb.REOPEN)
        data = {**({"choice": choice} if choice else {}), **(data or {})}
        entry = self._append(conversation, EntryKind.MESSAGE, Author.CUSTOMER, text, key=key, data=data)
        if case is not None and not conversation.owed_since_ms:
            self._owe(conversation, case.case_id, first=False)
        queued = conversation.owner == BOT
        if queued:
            turn = Turn(
                turn_id=f"{conversation_id}:{entry.seq}",
                conversation_id=conversation_id,
                seq=entry.seq,
                text=text,
                epoch=conversation.epoch,
                bot_session=conversation.bot_session,
                channel=conversation.channel,
                choice=choice,
                attempt=0,
                attachments=len(data.get("attachments", ())),
                wordless=bool(data.get("wordless")),
            )
            conversation.turns.append(turn)
            if len(conversation.turns) == 1:
                self._release(conversation_id)
        said = Said(entry.seq, entry.at_ms, conversation.epoch, conversation.owner, turn_queued=queued)
        conversation.said["s:" + key] = said
        return said

    async def write(
        self,
        conversation_id: str,
        *,
        key: str,
        kind: EntryKind,
        author: Author,
        author_id: str = "",
        text: str = "",
        data: dict[str, Any],
        key_ttl_ms: int,
        correct_problem: bool = False,
        ticket: Change | None = None,
    ) -> Entry:
        conversation = self._find(conversation_id)
        if key in conversation.written:
            return conversation.log[conversation.written[key] - 1]
        keep = self._records.prepare(ticket)
        entry = self._append(conversation, kind, author, text, key=key, author_id=author_id, data=data)
        case = self._open_case_of(conversation)
        if correct_problem and case is not None:
            self._keep(replace(case, problem=text, problem_seq=entry.seq))
            self._tell("queue", conversation_id, case.agent_id or case.offered_to, case_id=case.case_id)
        conversation.written[key] = entry.seq
        keep()
        return entry

    async def open_case(self, conversation_id: str, new: NewCase) -> Case:
        conversation = self._find(conversation_id)
        return self._open_case_of(conversation) or self._enqueue(conversation, new)

    async def leave_line(
        self,
        conversation_id: str,
        verb: Verb,
        *,
        line: str,
        key: str = "",
        text: str = "",
        contact: str = "",
        key_ttl_ms: int = 0,
        ticket: Change | None = None,
        case_id: str = "",
    ) -> Case:
        conversation = self._find(conversation_id)
        if key and key in conversation.left:
            return self._cases[conversation.left[key]]
        case = self._open_case_of(conversation)
        if case is None:
            raise Refused("nobody is waiting in this conversation")
        if conversation.owner != BOT:
            raise Refused("an agent is already there")
        next_state(case.state, verb)
        if ticket is not None and case.case_id != case_id:
            raise Stale("it is another case by now")
        keep = self._records.prepare(ticket)
        if text:
            self._append(conversation, EntryKind.MESSAGE, Author.CUSTOMER, text, key=key, data={"left": case.case_id})
        outcome = {"message": text, "contact": contact} if verb is Verb.LEAVE_MESSAGE else {}
        case = self._move(case, verb, closed_ms=self._now(), outcome=outcome)
        self._notice(conversation, "cancelled" if verb is Verb.ABANDON else "message_left", line, case)
        keep()
        if key:
            conversation.left[key] = case.case_id
        return case

    # --- agents

    async def accept(self, agent_id: str, case_id: str, *, line: str) -> ConversationView:
        case = self._case(case_id)
        conversation = self._find(case.conversation_id)
        if case.state is ACTIVE and case.agent_id == agent_id:
            return self._view(conversation)
        next_state(case.state, Verb.ACCEPT)
        if case.offered_to != agent_id:
            raise Refused("the case is offered to somebody else")
        now = self._now()
        agent = replace(self._agent(agent_id), missed=0)
        self._agents[agent_id] = agent
        before = case.agent_id
        self._own(conversation, AGENT, agent_id)
        case = self._move(case, Verb.ACCEPT, agent_id=agent_id, accepted_ms=case.accepted_ms or now)
        self._freed(before)
        self._notice(conversation, "accepted", line, case, agent=agent)
        return self._view(conversation)

    async def pass_on(self, case_id: str, agent_id: str, verb: Verb, *, reason: str, max_missed: int) -> Case:
        case = self._case(case_id)
        next_state(case.state, verb)
        now = self._now()
        if case.offered_to != agent_id:
            raise Refused("the case is offered to somebody else")
        if verb is Verb.LAPSE and case.offer_deadline_ms > now:
            raise Refused("the offer still stands")
        agent = self._agents[agent_id]
        if verb is Verb.LAPSE:
            missed = agent.missed + 1
            tired = max_missed and missed >= max_missed and agent.status is AgentStatus.READY
            status = AgentStatus.BREAK if tired else agent.status
            self._agents[agent_id] = replace(agent, missed=0 if tired else missed, status=status)
            if tired:
                self._tell("agent", agent_id=agent_id)
        excluded = (*[one for one in case.excluded if one != agent_id], agent_id)
        if case.agent_id:
            return self._move(case, Verb.HAND_BACK, excluded=excluded, released_ms=now, why=reason or verb.value)
        return self._move(case, verb, excluded=excluded, released_ms=now, why=reason)

    async def agent_say(
        self,
        agent_id: str,
        conversation_id: str,
        *,
        key: str,
        text: str,
        epoch: int,
        key_ttl_ms: int,
        data: dict[str, Any] | None = None,
    ) -> Said:
        conversation = self._find(conversation_id)
        name = f"a:{agent_id}:{key}"
        if name in conversation.said:
            return replace(conversation.said[name], duplicate=True)
        if epoch < conversation.epoch:
            raise Stale(f"written under epoch {epoch}, the conversation is at {conversation.epoch}")
        if conversation.owner != AGENT or conversation.agent_id != agent_id:
            raise NotAllowed("this conversation is not yours")
        entry = self._append(
            conversation, EntryKind.MESSAGE, Author.AGENT, text, key=key, author_id=agent_id, data=data
        )
        conversation.owed_since_ms = 0
        self._stop_clock("answer", conversation.case_id)
        said = Said(entry.seq, entry.at_ms, conversation.epoch, AGENT)
        conversation.said[name] = said
        return said

    async def transfer(
        self, agent_id: str, case_id: str, *, note: str, to_agent: str, to_group: str, offer_ms: int, line: str,
        by: str = "",
    ) -> Case:  # fmt: skip
        case = self._owned(agent_id, case_id)
        verb = Verb.TRANSFER_AGENT if to_agent else Verb.TRANSFER_GROUP
        next_state(case.state, verb)
        conversation = self._find(case.conversation_id)
        if to_agent:
            if to_agent == agent_id or not self._is_free(to_agent):
                raise Refused("the other agent is not there or has no free place")
            self._note(conversation, by or agent_id, note, case_id)
            now = self._now()
            self._agents[to_agent] = replace(self._agents[to_agent], idle_since_ms=now)
            return self._move(
                case, verb, offered_to=to_agent, offer_deadline_ms=now + offer_ms, note=note,
                attempts=case.attempts + 1,
            )  # fmt: skip
        self._note(conversation, by or agent_id, note, case_id)
        self._own(conversation, BOT)
        case = self._move(
            case, verb, agent_id="", group=to_group, note=note, excluded=(agent_id,), released_ms=self._now()
        )
        self._freed(agent_id)
        self._notice(conversation, "transferred", line, case)
        return case

    async def wrap_up(self, agent_id: str, case_id: str) -> Case:
        case = self._owned(agent_id, case_id)
        return case if case.state is WRAP_UP else self._move(case, Verb.WRAP_UP)

    async def resolve(
        self, agent_id: str, case_id: str, *, outcome: dict[str, Any], line: str, ticket: Change | None = None
    ) -> ConversationView:
        case = self._case(case_id)
        conversation = self._find(case.conversation_id)
        if case.state is CaseState.CLOSED and case.agent_id == agent_id:
            return self._view(conversation)
        case = self._owned(agent_id, case_id)
        next_state(case.state, Verb.RESOLVE)
        keep = self._records.prepare(ticket)
        self._finish(conversation, case, Verb.RESOLVE, outcome)
        self._notice(conversation, "resolved", line, case)
        keep()
        return self._view(conversation)

    async def take_over(self, agent_id: str, case_id: str, *, line: str) -> ConversationView:
        case = self._case(case_id)
        conversation = self._find(case.conversation_id)
        if case.state is ACTIVE and case.agent_id == agent_id:
            return self._view(conversation)
        self._may_work(agent_id)
        next_state(case.state, Verb.TAKE_OVER)
        agent = self._agent(agent_id)
        before = {case.agent_id, case.offered_to}
        self._own(conversation, AGENT, agent_id)
        case = self._move(case, Verb.TAKE_OVER, agent_id=agent_id, accepted_ms=case.accepted_ms or self._now())
        for other in sorted(before - {"", agent_id}):
            self._freed(other)
            self._tell("queue", conversation.conversation_id, other, case_id=case_id)
        self._notice(conversation, "accepted", line, case, agent=agent)
        return self._view(conversation)

    async def answer_message(
        self,
        agent_id: str,
        case_id: str,
        *,
        key: str,
        text: str,
        outcome: dict[str, Any],
        ticket: Change | None = None,
    ) -> Case:
        case = self._case(case_id)
        if case.state is CaseState.CLOSED and case.agent_id == agent_id:
            return case
        self._may_work(agent_id)
        next_state(case.state, Verb.ANSWER)
        keep = self._records.prepare(ticket)
        data = {"answers": case_id}
        conversation = self._find(case.conversation_id)
        self._append(conversation, EntryKind.MESSAGE, Author.AGENT, text, key=key, author_id=agent_id, data=data)
        case = self._move(case, Verb.ANSWER, agent_id=agent_id, closed_ms=self._now(), outcome=outcome)
        keep()
        return case

    # --- upkeep

    async def lose_agent(self, agent_id: str, *, grace_ms: int, line: str) -> tuple[str, ...]:
        agent = self._agents.get(agent_id)
        if agent is None or agent_id in self._gone or agent.last_heard_ms > self._now() - grace_ms:
            return ()
        self._gone.add(agent_id)
        held = sorted(case.case_id for case in self._cases.values() if agent_id in self._holders(case))
        for case_id in held:
            self._lose_case(self._cases[case_id], agent_id, line)
        self._tell("agent", agent_id=agent_id)
        return tuple(held)

    async def depart(self, agent_id: str, *, heir: Owner, line: str) -> tuple[str, ...]:
        if heir.agent == agent_id or heir.agent in self._records.gone:
            raise Refused("the heir has left too")
        self._records.gone.add(agent_id)
        if agent_id in self._agents:
            self._gone.add(agent_id)
            self._agents[agent_id] = replace(self._agents[agent_id], status=AgentStatus.OFFLINE)
        held = sorted(case.case_id for case in self._cases.values() if agent_id in self._holders(case))
        for case_id in held:
            self._lose_case(self._cases[case_id], agent_id, line, heir)
        for case in sorted(self._cases.values(), key=lambda case: case.case_id):
            if case.state in OPEN_STATES and case.preferred == agent_id:
                self._keep(replace(case, preferred=heir.agent))
        self._tell("departed", agent_id=agent_id)
        return tuple(held)

    async def readmit(self, agent_id: str) -> None:
        self._records.gone.discard(agent_id)
