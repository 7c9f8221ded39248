"""What can be asked of the memory backend, and what it publishes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from contracts.conversation import ConversationView, DeskEvent, Entry
from handoff.estimate import GroupLoad
from handoff.memory.state import OFFERED, WAITING, State, place
from handoff.model import (
    OPEN_STATES,
    Agent,
    Case,
    CaseState,
    Glance,
)
from handoff.outage import Pause
from handoff.ports import Due, Opening


class Reads(State):
    """The reading half: it changes nothing that anybody sees."""

    # --- routing and upkeep

    async def openings(self, limit: int) -> list[Opening]:
        groups = sorted({case.group for case in self._cases.values() if case.state is WAITING})
        found = []
        for group in groups:
            here = [agent for agent in self._all_agents() if group in agent.groups]
            free = sorted((a for a in here if self._is_free(a.agent_id)), key=lambda a: (a.idle_since_ms, a.agent_id))
            levels = sorted({a.level_in(group) for a in here if self._is_ready(a.agent_id)}, reverse=True)
            cases = [case for case in self._line(group) if case.state is WAITING]
            ready = frozenset(agent.agent_id for agent in here if self._is_ready(agent.agent_id))
            wanted = {case.preferred for case in cases[:limit]}
            shown = [a for level in levels for a in [b for b in free if b.level_in(group) == level][:limit]]
            seen = {agent.agent_id for agent in shown}
            shown += [agent for agent in free if agent.agent_id in wanted - seen]
            if free:
                taken = self._taken(group)
                head = tuple(cases[:limit])
                found.append(Opening(group, head, tuple(shown), ready, self._now(), tuple(levels), taken))
        return found

    async def due(self, *, grace_ms: int, outage_ms: int, offer_ms: int, limit: int) -> Due:
        now = self._now()
        last, since, pause = self._swept or (now, 0, Pause())
        if now - last > outage_ms:
            since = now
        pause = pause.after(last, now, outage_ms)
        self._swept = (now, since, pause)
        lapsed = sorted(
            (case.offer_deadline_ms, case.case_id, case.offered_to)
            for case in self._cases.values()
            if case.state is OFFERED and pause.lapses_ms(case.offer_deadline_ms, offer_ms) <= now
        )
        lost = sorted(
            (agent.last_heard_ms, agent.agent_id)
            for agent in self._agents.values()
            if agent.agent_id not in self._gone and max(agent.last_heard_ms, since) <= now - grace_ms
        )
        over = sorted((at_ms, case_id) for case_id, at_ms in self._overflow.items() if at_ms <= now)
        return Due(
            tuple((case_id, agent_id) for _, case_id, agent_id in lapsed[:limit]),
            tuple(agent_id for _, agent_id in lost[:limit]),
            tuple(case_id for _, case_id in over[:limit]),
            now,
        )

    # --- views

    async def now_ms(self) -> int:
        return self._now()

    async def conversation(self, conversation_id: str) -> ConversationView:
        return self._view(self._find(conversation_id))

    async def log(self, conversation_id: str, *, after: int, before: int | None, limit: int) -> list[Entry]:
        log = self._find(conversation_id).log
        end = len(log) if before is None else min(max(before - 1, 0), len(log))
        entries = log[after:end]
        return entries[-limit:] if before is not None else entries[:limit]

    async def case(self, case_id: str) -> Case:
        return self._case(case_id)

    async def cases_of(self, conversation_id: str) -> list[Case]:
        return [self._cases[case_id] for case_id in self._find(conversation_id).cases]

    async def agent_cases(self, agent_id: str) -> list[Case]:
        held = [case for case in self._cases.values() if agent_id in self._holders(case)]
        return sorted(held, key=lambda case: (case.enqueued_ms, case.case_id))

    async def line(self, limit: int) -> list[Case]:
        groups = sorted({case.group for case in self._cases.values()})
        cases = [case for group in groups for case in self._line(group)]
        return sorted(cases, key=place)[:limit]

    async def active(self, limit: int) -> list[Case]:
        with_agent = [case for case in self._cases.values() if case.state in OPEN_STATES and case.agent_id]
        return sorted(with_agent, key=lambda case: (case.accepted_ms, case.case_id))[:limit]

    async def messages(self, limit: int) -> list[Case]:
        left = [case for case in self._cases.values() if case.state is CaseState.MESSAGE_LEFT]
        return sorted(left, key=lambda case: (case.closed_ms, case.case_id))[:limit]

    async def group_load(self, group: str) -> GroupLoad:
        ready = [one for one in self._all_agents() if group in one.groups and self._is_ready(one.agent_id)]
        free = sum(max(agent.cap - agent.load, 0) for agent in ready)
        waited = self._waited.get(group, ())
        left = sum(gone for _, gone in waited)
        patience_ms = sum(ms for ms, _ in waited) // left if left else 0
        handled_ms = tuple(self._handled.get(group, ()))
        offered = sum(case.state is OFFERED for case in self._line(group))
        return GroupLoad(sum(agent.cap for agent in ready), free, handled_ms, patience_ms, offered)

    async def ping(self) -> None:
        return None

    async def agents(self) -> list[Agent]:
        return sorted(self._all_agents(), key=lambda agent: agent.agent_id)

    async def glance(self, conversation_ids: Sequence[str]) -> list[Glance]:
        return [self._glance(self._conversations[one]) for one in conversation_ids if one in self._conversations]

    # --- events

    async def publish(self, event: DeskEvent) -> None:
        for queue in self._subscribers:
            queue.put_nowait(event)

    async def events(self) -> AsyncIterator[DeskEvent]:
        queue: asyncio.Queue[DeskEvent | None] = asyncio.Queue()
        self._subscribers.add(queue)
        try:
            while (event := await queue.get()) is not None:
                yield event
        finally:
            self._subscribers.discard(queue)

    async def close(self) -> None:
        for queue in self._subscribers:
            queue.put_nowait(None)
