"""Who gets which case: pure, and able to say why.

Cases are taken in the order of their line. For each, the agent who served this customer last comes first and is
waited for a little; else the agent who has been idle longest among those with a free place gets the offer. Whoever
passed on the case before is spared it until everybody else who is ready has had it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from handoff.model import Agent, Case
from handoff.ports import Opening


@dataclass(frozen=True)
class Match:
    """One offer to be made, and why this agent, in one readable line."""

    case_id: str
    agent_id: str
    why: str


def match(opening: Opening, *, retry_ms: int, sticky_hold_ms: int = 0) -> list[Match]:
    """Pair the cases at the head of one group's line with its free agents.

    `retry_ms` is how long an agent who passed on a case is spared it when nobody else is ready; `sticky_hold_ms` how
    long a case waits for its preferred agent while they are full. Nobody gets more than their free places.
    """
    places = {agent.agent_id: agent.cap - agent.load for agent in opening.free}
    turn_order = list(opening.free)
    matches = []
    for case in opening.cases:
        free = [agent for agent in turn_order if places[agent.agent_id] > 0]
        if _waits_for_preferred(case, free, opening, sticky_hold_ms):
            continue
        chosen = choose(case, free, opening.ready, opening.now_ms, retry_ms)
        if chosen is None:
            continue
        agent, why = chosen
        matches.append(Match(case.case_id, agent.agent_id, why))
        places[agent.agent_id] -= 1
        turn_order.remove(agent)
        turn_order.append(agent)  # just offered: the least idle of all
    return matches


def choose(
    case: Case, free: Sequence[Agent], ready: frozenset[str], now_ms: int, retry_ms: int
) -> tuple[Agent, str] | None:
    """The agent for one case among the free ones (longest idle first), with the reason; None: keep waiting."""
    for agent in free:
        if agent.agent_id == case.preferred and agent.agent_id not in case.excluded:
            return agent, "served this customer last"
    for agent in free:
        if agent.agent_id not in case.excluded:
            return agent, f"idle longest ({max(now_ms - agent.idle_since_ms, 0)} ms) of {len(free)} free"
    others = ready.difference(case.excluded)
    if others or not free or now_ms - case.released_ms < retry_ms:
        return None  # somebody who has not had it is ready but full, or all have just passed on it
    by_id = {agent.agent_id: agent for agent in free}
    first = next((agent_id for agent_id in case.excluded if agent_id in by_id), None)
    return (by_id[first], "everybody who is ready has passed on it; this one did longest ago") if first else None


def _waits_for_preferred(case: Case, free: Sequence[Agent], opening: Opening, hold_ms: int) -> bool:
    """True while the agent who served this customer last is there but full, and the case has not waited long."""
    return (
        case.preferred in opening.ready
        and case.preferred not in case.excluded
        and all(agent.agent_id != case.preferred for agent in free)
        and opening.now_ms - case.enqueued_ms < hold_ms
    )
