"""Who is there, and who is offered what: the part of the memory backend that competes for agents."""

from __future__ import annotations

from dataclasses import replace

from handoff.lifecycle import Verb, can
from handoff.memory.state import WAITING, in_line
from handoff.memory.turns import Turns
from handoff.model import Agent, AgentStatus


class Routing(Turns):
    """Presence, offers and overflow."""

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
        self._may_work(agent_id)
        now = self._now()
        known = self._agents.get(agent_id)
        if status is None:
            fresh = known is not None and now - known.last_heard_ms <= resume_ms
            status = known.status if known is not None and fresh else AgentStatus.BREAK
        idle = known.idle_since_ms if known is not None else now
        self._gone.discard(agent_id)
        self._agents[agent_id] = Agent(agent_id, display, groups, cap, status, now, idle_since_ms=idle, levels=levels)
        self._tell("agent", agent_id=agent_id)
        return replace(self._agent(agent_id), load=self._load(agent_id))

    async def heartbeat(self, agent_id: str) -> None:
        agent = self._agent(agent_id)
        self._may_work(agent_id)
        back = agent.away or agent_id in self._gone
        self._gone.discard(agent_id)
        self._agents[agent_id] = replace(agent, last_heard_ms=self._now(), away=False)
        if back:
            self._tell("agent", agent_id=agent_id)

    async def set_status(self, agent_id: str, status: AgentStatus) -> None:
        agent = self._agent(agent_id)
        if status is not AgentStatus.OFFLINE:
            self._may_work(agent_id)
        self._agents[agent_id] = replace(agent, status=status, missed=0)
        self._tell("agent", agent_id=agent_id)

    async def agent_away(self, agent_id: str) -> None:
        self._agents[agent_id] = replace(self._agent(agent_id), away=True)
        self._tell("agent", agent_id=agent_id)

    async def offer(
        self, case_id: str, agent_id: str, *, offer_ms: int, why: str, cap: int = 0, any_group: bool = False
    ) -> bool:
        case, agent = self._cases.get(case_id), self._agents.get(agent_id)
        if case is None or agent is None or not can(case.state, Verb.OFFER) or not self._is_free(agent_id):
            return False
        if not any_group and case.group not in agent.groups:
            return False
        if cap and self._taken(case.group) >= cap:
            return False
        now = self._now()
        self._agents[agent_id] = replace(agent, idle_since_ms=now)
        self._move(
            case,
            Verb.OFFER,
            offered_to=agent_id,
            offer_deadline_ms=now + offer_ms,
            attempts=case.attempts + 1,
            why=why,
        )
        return True

    async def overflow(
        self, case_id: str, *, step: int, next_step: int, next_ms: int, to_group: str, line: str, why: str
    ) -> bool:
        case = self._cases.get(case_id)
        if case is None or not in_line(case):
            self._overflow.pop(case_id, None)
            return False
        if case.overflow_step != step:
            return False
        done = case.state is WAITING and bool(why)
        if done:
            group = to_group or case.group
            case = self._move(case, Verb.OVERFLOW, overflow_step=next_step, group=group, why=why)
            self._notice(self._find(case.conversation_id), "leave_message", line, case)
        if next_ms:
            self._overflow[case_id] = next_ms
        else:
            self._overflow.pop(case_id, None)
        return done
