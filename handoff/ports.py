"""What a backend must do, so that the desk can be the same over memory and over Redis.

Each method that changes something is atomic: it either does everything its docstring says, in the order validate,
change, log, publish, or raises one of `errors` and has done nothing. Times are the backend's own (Redis TIME).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from contracts.conversation import Author, ConversationView, DeskEvent, Entry, EntryKind
from contracts.escalation import Evidence, Reason
from handoff.estimate import GroupLoad
from handoff.lifecycle import Verb
from handoff.model import Agent, AgentStatus, Case, Finished, Glance, Parcel, Said, Turn
from handoff.records.change import Change
from handoff.records.model import Owner
from handoff.records.ports import RecordStore
from handoff.sla import Clock, Look
from handoff.wishes import WishStore


@dataclass(frozen=True)
class NewCase:
    """A case to be opened, if the conversation has none open. `line` is what the customer is told.

    Who owns the customer (`owner`), else who served them within the last `sticky_ms`, becomes the case's preferred
    agent. After `overflow_ms` the rules of overflow are looked at (0: never).
    """

    case_id: str
    reason: Reason
    evidence: tuple[Evidence, ...] = ()
    priority: int = 0
    head_start_ms: int = 0
    group: str = "default"
    problem: str = ""
    problem_seq: int = 0
    line: str = ""
    sticky_ms: int = 0
    owner: str = ""
    overflow_ms: int = 0


@dataclass(frozen=True)
class Reply:
    """One bot message to be appended: its text and the encoded rest."""

    text: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Opening:
    """What routing looks at for one group: the head of the line, who is free, who is ready.

    `free` are in the order of their levels, the highest first, and within a level the longest idle first. `levels` are
    those at which somebody is ready, the highest first; `taken` is how many cases of the group agents hold.
    """

    group: str
    cases: tuple[Case, ...]
    free: tuple[Agent, ...]
    ready: frozenset[str]
    now_ms: int
    levels: tuple[int, ...] = (1,)
    taken: int = 0


@dataclass(frozen=True)
class Due:
    """What the sweep has to do at `now_ms`.

    Offers past their deadline as (case_id, agent_id), agents unheard too long, cases of which the rules of overflow are
    to be looked at, and clocks that may have to tell something.
    """

    lapsed: tuple[tuple[str, str], ...] = ()
    lost: tuple[str, ...] = ()
    overflowing: tuple[str, ...] = ()
    now_ms: int = 0
    clocks: tuple[Clock, ...] = ()


@dataclass(frozen=True)
class Late:
    """What is past its deadline now: how much there is, and the longest overdue as (clock, deadline)."""

    n: int
    clocks: tuple[tuple[Clock, int], ...] = ()


class Outbox(Protocol):
    """What has changed and is not yet in the archive, oldest first.

    Each change of an entry, a case or a conversation is put in by the same atomic step that makes it. A parcel stays
    until it is settled, and is handed out again and again until then: so the archive must take one twice.
    """

    async def take(self, limit: int, *, wait_ms: int) -> list[Parcel]:
        """At most `limit` parcels, those taken before and never settled first; waits for one, a second at most."""

    async def settle(self, parcels: Sequence[Parcel]) -> None:
        """The archive has these: forget them. Settling twice changes nothing."""

    async def backlog(self) -> int:
        """How many parcels are not settled."""


class DeskBackend(Protocol):
    """The store behind the desk; see the class docstrings of `memory` and `redis.backend` for how."""

    # --- customer side
    async def open(self, conversation_id: str, *, channel: str, profile: dict[str, Any]) -> ConversationView:
        """Create the conversation if it is new; a non-empty profile is merged into the known one."""

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
        """Log a customer message; queue a turn if the bot owns the conversation; reopen a case in wrap-up."""

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
        """Log something that changes no owner, once a key. `correct_problem` also rewords the open case's problem.

        A `ticket` is changed in the same step.
        """

    async def open_case(self, conversation_id: str, new: NewCase) -> Case:
        """Put the conversation in line; returns the open case if there is one already."""

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
        """ABANDON or LEAVE_MESSAGE; with `key`, the same key again returns the same case.

        A `ticket` is made in the same step; it comes from `case_id`, and Stale is raised if that is not the case.
        """

    # --- bot side
    async def claim_turn(self, worker_id: str, *, wait_ms: int, lease_ms: int) -> Turn | None:
        """The next turn, this worker's until its lease runs out; at most one a conversation, in order."""

    async def finish_turn(
        self,
        turn: Turn,
        *,
        annotation: dict[str, Any] | None,
        replies: Sequence[Reply],
        new_case: NewCase | None,
        otherwise: str,
        key_ttl_ms: int,
        unstaffed: str = "",
    ) -> Finished:
        """Write the turn's result under its epoch and release the next turn; once a turn, whoever finishes first.

        `otherwise` is said by the system when `new_case` is given but a case is open already, `unstaffed` when no case
        is open.
        """

    async def renew(self, worker_id: str, turns: Sequence[Turn]) -> None:
        """The worker still runs these: their claims are young again, unless another has taken them."""

    # --- agents
    async def agent_online(
        self,
        agent_id: str,
        *,
        display: str,
        groups: tuple[str, ...],
        cap: int,
        status: AgentStatus | None,
        resume_ms: int,
        levels: tuple[int, ...] = (),
    ) -> Agent:
        """Here, or here again; without `status` the earlier one holds for `resume_ms`, then it is BREAK."""

    async def heartbeat(self, agent_id: str) -> None:
        """Heard of; raises NotFound for an agent who has never been online."""

    async def set_status(self, agent_id: str, status: AgentStatus) -> None:
        """READY, BREAK or OFFLINE; cases stay where they are."""

    async def agent_away(self, agent_id: str) -> None:
        """The last connection closed: no more offers, cases stay until the sweep gives the agent up."""

    async def offer(
        self, case_id: str, agent_id: str, *, offer_ms: int, why: str, cap: int = 0, any_group: bool = False
    ) -> bool:
        """waiting → offered, logged with `why`, if the agent is ready with a free place; False: somebody was faster.

        Also False when agents hold `cap` cases of the group (0: any number), or when the agent is not of the group,
        unless `any_group`.
        """

    async def overflow(
        self, case_id: str, *, step: int, next_step: int, next_ms: int, to_group: str, line: str, why: str
    ) -> bool:
        """Apply rules of overflow to a case that waits and has had `step` of them; False: it has not, or waits no more.

        Into the line of `to_group` ("": it stays), with a `line` to the customer ("": none). Without `why` nothing is
        done but to look again at `next_ms` (0: never).
        """

    async def accept(self, agent_id: str, case_id: str, *, line: str) -> ConversationView:
        """offered → active; owner and epoch change. Accepting one's own active case changes nothing."""

    async def pass_on(self, case_id: str, agent_id: str, verb: Verb, *, reason: str, max_missed: int) -> Case:
        """DECLINE or LAPSE (only past the deadline): back in line, or to the agent who handed it over."""

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
        """Log an agent's message; NotAllowed unless they own it, Stale under an older epoch."""

    async def transfer(
        self,
        agent_id: str,
        case_id: str,
        *,
        note: str,
        to_agent: str,
        to_group: str,
        offer_ms: int,
        line: str,
        by: str = "",
    ) -> Case:
        """active → offered (to an agent, who must be there with a free place) or → waiting (to a group).

        `agent_id` has the case; the note is of `by`, where somebody else hands it on.
        """

    async def wrap_up(self, agent_id: str, case_id: str) -> Case:
        """active → wrap_up."""

    async def resolve(
        self, agent_id: str, case_id: str, *, outcome: dict[str, Any], line: str, ticket: Change | None = None
    ) -> ConversationView:
        """→ closed, with the `ticket` to follow it up; the bot owns again, a new bot session. Twice changes nothing."""

    async def take_over(self, agent_id: str, case_id: str, *, line: str) -> ConversationView:
        """→ active with this agent, whoever had it."""

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
        """message_left → closed, with an answer in the log and its `ticket` done, whoever owns the conversation now."""

    # --- routing and upkeep
    async def openings(self, limit: int) -> list[Opening]:
        """Groups that have both somebody waiting and somebody free; at most `limit` cases, and agents of each level."""

    async def due(self, *, grace_ms: int, outage_ms: int, offer_ms: int, limit: int) -> Due:
        """What the sweep has to do now, that first which was due first; remembers when it was asked.

        After a pause offers stand for longer (`handoff.outage`); after one longer than `outage_ms` agents have
        `grace_ms` to be heard.
        """

    async def tell_clocks(self, looks: Sequence[Look]) -> list[bool]:
        """What clocks have come to: an event `sla` for each warning and each breach, told once by whoever is first.

        True for each that this call told of. A clock that has stopped, or was started anew, is passed over.
        """

    async def lose_agent(self, agent_id: str, *, grace_ms: int, line: str) -> tuple[str, ...]:
        """Give an agent up who is unheard for `grace_ms`; their cases go back. Returns the case ids."""

    async def depart(self, agent_id: str, *, heir: Owner, line: str) -> tuple[str, ...]:
        """An agent has left for good: their cases go back, to the heir's group, or to the heir first who must accept.

        From then on they are never there, and no case or record can come into their hands. Returns the case ids;
        Refused for an heir who has left too. Again changes nothing.
        """

    async def readmit(self, agent_id: str) -> None:
        """They are back after all; what they held stays where it is."""

    # --- views
    async def now_ms(self) -> int:
        """The store's own time: hosts' clocks differ, and deadlines are by this one."""

    async def ping(self) -> None:
        """Raises BackendUnavailable when the store does not answer."""

    async def group_load(self, group: str) -> GroupLoad:
        """How busy a group is; the slots of a large group are estimated from a part of it."""

    async def late(self, limit: int) -> Late:
        """Clocks past their deadline that still run."""

    async def messages(self, limit: int) -> list[Case]:
        """Messages left and not yet answered, the oldest first."""

    async def active(self, limit: int) -> list[Case]:
        """Cases with an agent (active, wrap-up, handed over), the longest accepted first."""

    async def conversation(self, conversation_id: str) -> ConversationView: ...
    async def log(self, conversation_id: str, *, after: int, before: int | None, limit: int) -> list[Entry]: ...
    async def case(self, case_id: str) -> Case: ...
    async def cases_of(self, conversation_id: str) -> list[Case]: ...
    async def agent_cases(self, agent_id: str) -> list[Case]: ...
    async def line(self, limit: int) -> list[Case]: ...
    async def agents(self) -> list[Agent]: ...
    async def glance(self, conversation_ids: Sequence[str]) -> list[Glance]: ...

    # --- records, archive and events
    @property
    def records(self) -> RecordStore:
        """Customers, tickets and departures."""

    @property
    def wishes(self) -> WishStore:
        """Who wants to be told an answer that the bot did not have."""

    @property
    def outbox(self) -> Outbox:
        """What the archive has not got yet."""

    async def publish(self, event: DeskEvent) -> None:
        """Tell the relays something that is not stored (typing)."""

    def events(self) -> AsyncIterator[DeskEvent]: ...
    async def close(self) -> None: ...
