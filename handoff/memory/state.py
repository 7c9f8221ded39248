"""What the memory backend remembers, and the steps its verbs are made of.

Each helper here has its twin in `redis/scripts/prelude.lua`; the contract suite and the state machine hold the two
together.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from contracts.codec import encode
from contracts.conversation import Author, ConversationView, DeskEvent, Entry, EntryKind, WaitView
from handoff.errors import NotAllowed, NotFound, Refused
from handoff.lifecycle import Verb, next_state
from handoff.memory.outbox import MemoryOutbox
from handoff.memory.records import MemoryRecords
from handoff.memory.values import BOT, Claim, Conversation, Done
from handoff.model import OPEN_STATES, Agent, AgentStatus, Case, CaseState, Glance, Opened
from handoff.outage import Pause
from handoff.ports import NewCase
from handoff.records.change import Line
from handoff.records.model import NOBODY, Owner, Record
from handoff.sla import Stage

WAITING, OFFERED, ACTIVE, WRAP_UP = CaseState.WAITING, CaseState.OFFERED, CaseState.ACTIVE, CaseState.WRAP_UP
MOST_TIES = 4095  # as fine as the scores of the Redis backend are
RECENT_CASES = 50
RECENT_WAITS = 100


class State:
    """Conversations, cases and agents in dictionaries; `clock` gives UTC milliseconds."""

    def __init__(self, clock: Callable[[], int] | None = None) -> None:
        self._now = clock or (lambda: time.time_ns() // 1_000_000)
        self._conversations: dict[str, Conversation] = {}
        self._cases: dict[str, Case] = {}
        self._agents: dict[str, Agent] = {}
        self._gone: set[str] = set()
        self._overflow: dict[str, int] = {}  # cases of a line by when the rules of overflow are to be looked at next
        self._clocks: dict[tuple[str, str], int] = {}  # answer or resolution of a case, by when to look at it next
        self._late: dict[tuple[str, str], int] = {}  # those past their deadline, with it
        self._resolution_stages: dict[str, Stage] = {}
        # When the sweep last came, since when without a long pause, and its last pause.
        self._swept: tuple[int, int, Pause] | None = None
        self._handled: dict[str, deque[int]] = {}
        self._waited: dict[str, deque[tuple[int, bool]]] = {}  # for how long, and whether they left
        self._ready: deque[str] = deque()
        self._claims: dict[str, Claim] = {}
        self._finished: dict[str, Done] = {}
        self._wake = asyncio.Event()
        self._subscribers: set[asyncio.Queue[DeskEvent | None]] = set()
        self._outbox = MemoryOutbox()
        self._records = MemoryRecords(self._outbox, self._tell_customer, self._announce)

    @property
    def outbox(self) -> MemoryOutbox:
        """What no archive has got yet; with nobody to take it, it grows with the log."""
        return self._outbox

    @property
    def records(self) -> MemoryRecords:
        """Customers, tickets and departures."""
        return self._records

    def _find(self, conversation_id: str) -> Conversation:
        try:
            return self._conversations[conversation_id]
        except KeyError:
            raise NotFound("no such conversation") from None

    def _case(self, case_id: str) -> Case:
        try:
            return self._cases[case_id]
        except KeyError:
            raise NotFound("no such case") from None

    def _agent(self, agent_id: str) -> Agent:
        try:
            return self._agents[agent_id]
        except KeyError:
            raise NotFound("no such agent, or never online") from None

    def _owned(self, agent_id: str, case_id: str) -> Case:
        case = self._case(case_id)
        if case.state not in OPEN_STATES:
            raise Refused(f"the case is {case.state.value}")
        if case.agent_id != agent_id:
            raise NotAllowed("this case is not yours")
        return case

    def _open_case_of(self, conversation: Conversation) -> Case | None:
        return self._cases[conversation.case_id] if conversation.case_id else None

    def _holders(self, case: Case) -> frozenset[str]:
        """The agents in whose load this case counts."""
        return frozenset({case.agent_id, case.offered_to} - {""}) if case.state in OPEN_STATES else frozenset()

    def _load(self, agent_id: str) -> int:
        return sum(agent_id in self._holders(case) for case in self._cases.values())

    def _is_ready(self, agent_id: str) -> bool:
        agent = self._agents.get(agent_id)
        there = agent is not None and agent.status is AgentStatus.READY and not agent.away
        return there and agent_id not in self._gone and agent_id not in self._records.gone

    def _may_work(self, agent_id: str) -> None:
        """Raises NotAllowed for somebody who has left for good: an open page of theirs may not know it yet."""
        if agent_id in self._records.gone:
            raise NotAllowed("this agent has left")

    def _is_free(self, agent_id: str) -> bool:
        return self._is_ready(agent_id) and self._load(agent_id) < self._agents[agent_id].cap

    def _all_agents(self) -> Iterable[Agent]:
        for agent in self._agents.values():
            status = AgentStatus.OFFLINE if agent.agent_id in self._gone else agent.status
            yield replace(agent, load=self._load(agent.agent_id), status=status)

    def _taken(self, group: str) -> int:
        """How many cases of a group agents hold."""
        return sum(case.group == group and bool(self._holders(case)) for case in self._cases.values())

    def _line(self, group: str) -> list[Case]:
        """Everybody of this group who waits for an agent to take them, in order."""
        waiting = [case for case in self._cases.values() if case.group == group and in_line(case)]
        return sorted(waiting, key=place)

    def _position(self, case: Case) -> int:
        line = self._line(case.group)
        return line.index(case) + 1 if case in line else 0

    def _append(
        self,
        conversation: Conversation,
        kind: EntryKind,
        author: Author,
        text: str = "",
        *,
        key: str = "",
        author_id: str = "",
        data: dict[str, Any] | None = None,
    ) -> Entry:
        entry = Entry(len(conversation.log) + 1, self._now(), kind, author, text, key, author_id, data or {})
        conversation.log.append(entry)
        self._tell("entry", conversation.conversation_id, data=encode(entry))
        self._outbox.put(conversation.conversation_id, entry)
        return entry

    def _keep(self, case: Case) -> None:
        """Store a case as it is now and hand it in."""
        before = self._cases.get(case.case_id, case)
        if not in_line(case):
            self._overflow.pop(case.case_id, None)
        elif not in_line(before) or before.group != case.group:
            self._overflow[case.case_id] = self._now()  # in another line: the rules are looked at anew
        self._cases[case.case_id] = case
        self._outbox.put(case.conversation_id, case)

    def _hand_in(self, conversation: Conversation) -> None:
        """Hand in a conversation that is new, or whose profile has changed."""
        opened = Opened(conversation.channel, self._now(), dict(conversation.profile))
        self._outbox.put(conversation.conversation_id, opened)

    def _note(self, conversation: Conversation, agent_id: str, note: str, case_id: str) -> None:
        if note:
            data = {"case_id": case_id, "transfer": True}
            self._append(conversation, EntryKind.NOTE, Author.AGENT, note, author_id=agent_id, data=data)

    def _notice(
        self, conversation: Conversation, notice: str, line: str, case: Case, *, agent: Agent | None = None
    ) -> None:
        if not line:
            return
        text = line.replace("{position}", str(self._position(case)))
        text = text.replace("{agent}", agent.display if agent else "")
        data: dict[str, Any] = {"kind": "notice", "notice": notice, "case_id": case.case_id}
        if notice == "waiting" and case.problem:
            data["card"] = {"problem": case.problem, "seq": case.problem_seq}
        self._append(conversation, EntryKind.MESSAGE, Author.SYSTEM, text, data=data)

    def _tell_customer(self, line: Line) -> None:
        """A line of the system in a customer's thread; those without one are not told."""
        if line.conversation_id in self._conversations:
            conversation = self._conversations[line.conversation_id]
            data = {"kind": "notice", "notice": line.notice}
            self._append(conversation, EntryKind.MESSAGE, Author.SYSTEM, line.text, data=data)

    def _announce(self, record: Record) -> None:
        """The relays hear that a record has changed."""
        self._tell("record", record.conversation_id, data={"kind": record.kind, "id": record.record_id})

    def _enqueue(self, conversation: Conversation, new: NewCase) -> Case:
        now = self._now()
        lately = now - conversation.last_agent_ms <= new.sticky_ms
        preferred = conversation.last_agent if lately else ""
        if preferred in self._records.gone:
            preferred = ""
        if new.owner and new.owner not in self._records.gone:
            preferred = new.owner
        order = now - new.head_start_ms
        # Who comes in the same millisecond stands behind, not where the case's id sorts.
        ties = [case.order_tie for case in self._line(new.group) if case.order_ms == order]
        case = Case(
            case_id=new.case_id,
            conversation_id=conversation.conversation_id,
            state=WAITING,
            reason=new.reason,
            evidence=new.evidence,
            priority=new.priority,
            group=new.group,
            enqueued_ms=now,
            order_ms=order,
            order_tie=min(max(ties) + 1, MOST_TIES) if ties else 0,
            opened_seq=len(conversation.log) + 1,
            problem=new.problem,
            problem_seq=new.problem_seq,
            preferred=preferred,
            joined_ms=now,
        )
        self._keep(case)
        if new.overflow_ms:
            self._overflow[case.case_id] = now + new.overflow_ms
        conversation.case_id = case.case_id
        conversation.cases.append(case.case_id)
        self._owe(conversation, case.case_id, first=True)
        self._clocks["resolution", case.case_id] = now
        self._log_case(conversation, case, "open", "")
        self._notice(conversation, "waiting", new.line, case)
        return case

    def _move(self, case: Case, verb: Verb, *, why: str = "", **changes: Any) -> Case:
        """Take one row of the table, log it and tell the relays."""
        state = next_state(case.state, verb)
        concerned = case.offered_to or case.agent_id
        not_yet = case.state in OPEN_STATES and not case.accepted_ms
        if state is not OFFERED:
            changes.update(offered_to="", offer_deadline_ms=0)
        if changes.get("group", case.group) != case.group:
            changes.update(joined_ms=self._now(), overflow_step=0)
        case = replace(case, state=state, **changes)
        self._keep(case)
        if not_yet and state not in (WAITING, OFFERED):
            waits = self._waited.setdefault(case.group, deque(maxlen=RECENT_WAITS))
            waits.appendleft((self._now() - case.enqueued_ms, state is not ACTIVE))
        conversation = self._conversations[case.conversation_id]
        if state not in OPEN_STATES and conversation.case_id == case.case_id:
            conversation.case_id = ""
            conversation.owed_since_ms = 0
            self._stop_clock("answer", case.case_id)
            self._stop_clock("resolution", case.case_id)
        self._log_case(conversation, case, verb.value, why, concerned)
        return case

    def _log_case(self, conversation: Conversation, case: Case, verb: str, why: str, concerned: str = "") -> None:
        agent_id = case.offered_to or case.agent_id or concerned
        data = {
            "case_id": case.case_id,
            "state": case.state.value,
            "verb": verb,
            "reason": case.reason.value,
            "agent_id": agent_id,
            "why": why,
        }
        self._append(conversation, EntryKind.CASE, Author.SYSTEM, data=data)
        self._tell("queue", case.conversation_id, agent_id, case_id=case.case_id, state=case.state.value)
        self._tell("conversation", case.conversation_id, agent_id)

    def _owe(self, conversation: Conversation, case_id: str, *, first: bool) -> None:
        """A person owes an answer from now on: its clock runs."""
        conversation.owed_since_ms, conversation.owed_first = self._now(), first
        conversation.owed_stage = Stage.RUNNING
        self._clocks["answer", case_id] = self._now()
        self._late.pop(("answer", case_id), None)

    def _stop_clock(self, what: str, case_id: str) -> None:
        self._clocks.pop((what, case_id), None)
        self._late.pop((what, case_id), None)

    def _own(self, conversation: Conversation, owner: str, agent_id: str = "") -> None:
        conversation.owner, conversation.agent_id = owner, agent_id
        conversation.epoch += 1

    def _freed(self, agent_id: str) -> None:
        if agent_id in self._agents:
            self._agents[agent_id] = replace(self._agents[agent_id], idle_since_ms=self._now())

    def _finish(self, conversation: Conversation, case: Case, verb: Verb, outcome: dict[str, Any]) -> None:
        holder = case.agent_id
        self._own(conversation, BOT)
        conversation.bot_session += 1
        conversation.outcome = str(outcome.get("reason", "")) or "closed"
        now = self._now()
        self._move(case, verb, closed_ms=now, outcome=outcome)
        if verb is Verb.RESOLVE:
            conversation.last_agent, conversation.last_agent_ms = holder, now
            self._handled.setdefault(case.group, deque(maxlen=RECENT_CASES)).appendleft(now - case.accepted_ms)
        self._freed(holder)

    def _lose_case(self, case: Case, agent_id: str, line: str, heir: Owner = NOBODY) -> None:
        """The agent is gone; whatever waits again goes to the heir's group, or to the heir first."""
        conversation = self._conversations[case.conversation_id]
        excluded = (*[one for one in case.excluded if one != agent_id], agent_id)
        now = self._now()
        if case.state is WRAP_UP:
            self._finish(conversation, case, Verb.LOSE, {"reason": "agent_lost"})
        elif case.state is ACTIVE:
            self._own(conversation, BOT)
            left = self._left_to(case, heir)
            case = self._move(case, Verb.LOSE, agent_id="", excluded=excluded, released_ms=now, **left)
            self._notice(conversation, "lost", line, case)
        elif case.offered_to == agent_id and case.agent_id:
            self._move(case, Verb.HAND_BACK, excluded=excluded, released_ms=now, why="lose")
        elif case.offered_to == agent_id:
            self._move(case, Verb.LOSE, excluded=excluded, released_ms=now, **self._left_to(case, heir))
        else:  # they were handing it over: the offer to the colleague stands, the conversation is the bot's meanwhile
            self._own(conversation, BOT)
            case = replace(case, agent_id="", excluded=excluded)
            self._keep(case)
            self._notice(conversation, "lost", line, case)
            self._tell("conversation", conversation.conversation_id)

    def _left_to(self, case: Case, heir: Owner) -> dict[str, str]:
        """Where a case waits that is left to an heir."""
        if heir.agent:
            groups = self._agents[heir.agent].groups if heir.agent in self._agents else (case.group,)
            return {"preferred": heir.agent, "group": case.group if case.group in groups else groups[0]}
        return {"group": heir.group} if heir.group else {}

    def _view(self, conversation: Conversation) -> ConversationView:
        case = self._open_case_of(conversation)
        position = self._position(case) if case is not None else 0
        agent = self._agents.get(conversation.agent_id)
        return ConversationView(
            conversation_id=conversation.conversation_id,
            channel=conversation.channel,
            owner=conversation.owner,
            epoch=conversation.epoch,
            bot_session=conversation.bot_session,
            last_seq=len(conversation.log),
            case_id=conversation.case_id,
            case_state=case.state.value if case is not None else "none",
            agent_id=conversation.agent_id,
            agent_name=agent.display if agent is not None else "",
            wait=WaitView(position) if position else None,
            profile=dict(conversation.profile),
        )

    def _glance(self, conversation: Conversation) -> Glance:
        last = next((entry for entry in reversed(conversation.log) if entry.kind is EntryKind.MESSAGE), None)
        return Glance(
            conversation_id=conversation.conversation_id,
            last_text=last.text[:120] if last else "",
            last_author=last.author.value if last else "",
            last_seq=len(conversation.log),
            owed_since_ms=conversation.owed_since_ms or None,
            owed_first=bool(conversation.owed_since_ms) and conversation.owed_first,
            customer=str(conversation.profile.get("name", "")),
            epoch=conversation.epoch,
        )

    def _tell(
        self, kind: str, conversation_id: str = "", agent_id: str = "", data: dict[str, Any] | None = None, **more: Any
    ) -> None:
        event = DeskEvent(kind, conversation_id, agent_id, data if data is not None else dict(more))
        for queue in self._subscribers:
            queue.put_nowait(event)


def in_line(case: Case) -> bool:
    """Whether a case waits in its line for somebody to take it."""
    return case.state is WAITING or (case.state is OFFERED and not case.agent_id)


def place(case: Case) -> tuple[int, int, str]:
    """Where a case stands in its line."""
    return case.order_ms, case.order_tie, case.case_id
