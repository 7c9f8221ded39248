"""What can be asked of the desk without changing anything."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from contracts.conversation import ConversationView, Entry, WaitView
from handoff.brief import build_brief
from handoff.calendar import ALWAYS_OPEN
from handoff.config.config import Config
from handoff.estimate import GroupLoad, wait_range
from handoff.model import Agent, Brief, Case, Glance
from handoff.policy import DeskPolicy
from handoff.ports import DeskBackend, Late
from handoff.records.ports import RecordStore
from handoff.sla import Deadline, What, deadline

BRIEF_ENTRIES = 1000
PAGE_ENTRIES = 1000
LOAD_SECONDS = 1.0


class Views:
    """The reading half of the desk."""

    def __init__(self, backend: DeskBackend, policy: DeskPolicy, clock: Callable[[], int]) -> None:
        self._backend = backend
        self._given = policy
        self.policy = policy
        self._now = clock
        self._loads: dict[str, tuple[float, GroupLoad]] = {}

    def clock_ms(self) -> int:
        """The desk's own clock, for dates that people read; what competes for time asks the backend's."""
        return self._now()

    def use(self, config: Config) -> None:
        """Put settings into force at this desk, from the next call on."""
        self.policy = self._given.under(config)

    @property
    def config(self) -> Config:
        """The settings in force at this desk."""
        return self.policy.config

    @property
    def records(self) -> RecordStore:
        """The store of customers, tickets and departures."""
        return self._backend.records

    async def conversation(self, conversation_id: str) -> ConversationView:
        """The state of a conversation, with the wait range of a waiting customer. Raises NotFound."""
        return await self._with_range(await self._backend.conversation(conversation_id))

    async def waiting(self, conversation_id: str) -> WaitView | None:
        """The place in the line with the range, or None when nobody waits."""
        return (await self.conversation(conversation_id)).wait

    async def log(
        self, conversation_id: str, *, after: int = 0, limit: int = 200, before: int | None = None
    ) -> list[Entry]:
        """Entries with seq > `after` (the first `limit`); with `before`, the last `limit` ones with seq < before."""
        limit = min(limit, PAGE_ENTRIES)
        return await self._backend.log(conversation_id, after=max(after, 0), before=before, limit=limit)

    async def case(self, case_id: str) -> Case:
        """Raises NotFound."""
        return await self._backend.case(case_id)

    async def cases_of(self, conversation_id: str) -> list[Case]:
        """The cases of one conversation, oldest first."""
        return await self._backend.cases_of(conversation_id)

    async def brief(self, case_id: str) -> Brief:
        """What the agent reads first; see `brief.build_brief`."""
        case = await self._backend.case(case_id)
        view = await self._backend.conversation(case.conversation_id)
        entries = await self._backend.log(case.conversation_id, after=0, before=view.last_seq + 1, limit=BRIEF_ENTRIES)
        earlier = await self._backend.cases_of(case.conversation_id)
        return build_brief(entries, case, earlier=earlier, profile=view.profile)

    async def agent_cases(self, agent_id: str) -> list[Case]:
        """What is offered to this agent, active with them, or in wrap-up."""
        return await self._backend.agent_cases(agent_id)

    async def queue(self, limit: int = 500) -> list[Case]:
        """Waiting and offered cases, in order."""
        return await self._backend.line(limit)

    async def active_cases(self, limit: int = 500) -> list[Case]:
        """Cases with an agent, the longest accepted first (supervisor)."""
        return await self._backend.active(limit)

    async def messages_left(self, limit: int = 500) -> list[Case]:
        """Messages left and not yet answered, oldest first; text and contact are in `outcome`."""
        return await self._backend.messages(limit)

    async def late(self, limit: int = 500) -> Late:
        """What is past its deadline now, the longest first (supervisor)."""
        return await self._backend.late(limit)

    def deadlines(self, case: Case, glance: Glance) -> dict[str, Deadline]:
        """When the owed answer (`answer`) and the end (`resolution`) of an open case are due, by what is in force."""
        targets, calendar = self.config.targets, self.policy.calendar or ALWAYS_OPEN
        target = targets.of(case.group, case.priority)
        clocks = {"resolution": (What.RESOLUTION, case.enqueued_ms)}
        if glance.owed_since_ms is not None:
            clocks["answer"] = (What.FIRST if glance.owed_first else What.NEXT, glance.owed_since_ms)
        return {
            name: deadline(what, since_ms, target, calendar, warn_percent=targets.warn_percent)
            for name, (what, since_ms) in clocks.items()
            if case.state.is_open
        }

    async def agents(self) -> list[Agent]:
        """Every agent who has been online; those given up are OFFLINE."""
        return await self._backend.agents()

    async def glance(self, conversation_ids: Sequence[str]) -> list[Glance]:
        """One line about each conversation, for lists; unknown ones are left out."""
        return await self._backend.glance(conversation_ids)

    async def now_ms(self) -> int:
        """The store's time, UTC: the one by which deadlines are set and pages count down."""
        return await self._backend.now_ms()

    async def ping(self) -> None:
        """Raises BackendUnavailable when the store does not answer."""
        await self._backend.ping()

    def is_open(self) -> bool:
        """True during business hours, or when there is no calendar."""
        return self.policy.calendar is None or self.policy.calendar.is_open(self._now())

    def mode(self, channel: str) -> str:
        """Who comes first now at an entry point; see `config.entrances`."""
        zone = self.policy.calendar.zone if self.policy.calendar is not None else self.config.calendar.zone
        return self.config.entrances.mode(channel, self._now(), zone=zone, is_open=self.is_open())

    async def _with_range(self, view: ConversationView) -> ConversationView:
        """The view with an honest range of how long the customer will wait, where one can be told."""
        if view.wait is None or not self.is_open():
            return view
        group = (await self._backend.case(view.case_id)).group
        found = _range(view.wait.position, await self._load_of(group))
        return replace(view, wait=WaitView(view.wait.position, *found)) if found else view

    async def _load_of(self, group: str) -> GroupLoad:
        """How busy a group is; remembered for a second, for every waiting customer asks."""
        known = self._loads.get(group)
        if known is None or time.monotonic() - known[0] > LOAD_SECONDS:
            known = self._loads[group] = (time.monotonic(), await self._backend.group_load(group))
        return known[1]


@functools.lru_cache(maxsize=4096)
def _range(position: int, load: GroupLoad) -> tuple[int, int] | None:
    return wait_range(position, load)
