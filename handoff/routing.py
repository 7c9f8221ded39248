"""Who gets which case: pure, and able to say why.

Cases are taken in the order of their line. For each, the agent who owns this customer or served them last comes first
and is waited for a little; else, of those with a free place, the best at this group, and among equals the one who has
been idle longest. At first only the highest level that is ready may have a case; the longer it waits, the lower the
levels that may have it too. Whoever passed on the case before is spared it until everybody else who is ready has had
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from handoff.config.groups import Group
from handoff.model import Agent, Case
from handoff.ports import Opening


@dataclass(frozen=True)
class Match:
    """One offer to be made, and why this agent, in one readable line."""

    case_id: str
    agent_id: str
    why: str


def match(opening: Opening, *, retry_ms: int, sticky_hold_ms: int = 0, group: Group | None = None) -> list[Match]:
    """Pair the cases at the head of one group's line with its free agents.

    `retry_ms` is how long an agent who passed on a case is spared it when nobody else is ready; `sticky_hold_ms` how
    long a case waits for its preferred agent while they are full. Nobody gets more than their free places, and the
    group not more than its capacity.
    """
    group = group or Group(opening.group)
    room = group.cap - opening.taken if group.cap else len(opening.cases)
    places = {agent.agent_id: agent.cap - agent.load for agent in opening.free}
    turn_order = list(opening.free)
    matches: list[Match] = []
    for case in opening.cases:
        if len(matches) >= room:
            break
        free = [agent for agent in turn_order if places[agent.agent_id] > 0]
        if _waits_for_preferred(case, free, opening, sticky_hold_ms):
            continue
        lowest = lowest_level(case, group, opening)
        chosen = choose(case, free, opening.ready, opening.now_ms, retry_ms, lowest=lowest)
        if chosen is None:
            continue
        agent, why = chosen
        matches.append(Match(case.case_id, agent.agent_id, why))
        places[agent.agent_id] -= 1
        turn_order.remove(agent)
        turn_order.append(agent)  # just offered: the least idle of all
    return matches


def lowest_level(case: Case, group: Group, opening: Opening) -> int:
    """The lowest level that may have a case by now: one step down for each `widen_s` that it has waited.

    Levels at which nobody is ready are passed over, for nobody is there to be waited for.
    """
    if not group.widen_s:
        return 0
    steps = max(opening.now_ms - case.joined_ms, 0) // (group.widen_s * 1000)
    return opening.levels[min(steps, len(opening.levels) - 1)] if opening.levels else 0


def choose(
    case: Case, free: Sequence[Agent], ready: frozenset[str], now_ms: int, retry_ms: int, *, lowest: int = 0
) -> tuple[Agent, str] | None:
    """The agent for one case among the free ones (longest idle first), with the reason; None: keep waiting.

    Agents below the level `lowest` may not have it yet, but for the one who is preferred.
    """
    for agent in free:
        if agent.agent_id == case.preferred and agent.agent_id not in case.excluded:
            return agent, "owns this customer, or served them last"
    allowed = [agent for agent in free if agent.level_in(case.group) >= lowest]
    willing = [agent for agent in allowed if agent.agent_id not in case.excluded]
    if willing:
        best = max(agent.level_in(case.group) for agent in willing)
        agent = next(one for one in willing if one.level_in(case.group) == best)
        return agent, f"level {best}, idle longest ({max(now_ms - agent.idle_since_ms, 0)} ms) of {len(allowed)} free"
    others = ready.difference(case.excluded)
    if others or not allowed or now_ms - case.released_ms < retry_ms:
        return None  # somebody who has not had it is ready but full, or all have just passed on it
    by_id = {agent.agent_id: agent for agent in allowed}
    first = next((agent_id for agent_id in case.excluded if agent_id in by_id), None)
    return (by_id[first], "everybody who is ready has passed on it; this one did longest ago") if first else None


def _waits_for_preferred(case: Case, free: Sequence[Agent], opening: Opening, hold_ms: int) -> bool:
    """True while the agent whom the case prefers is there but full, and the case has not waited long."""
    return (
        case.preferred in opening.ready
        and case.preferred not in case.excluded
        and all(agent.agent_id != case.preferred for agent in free)
        and opening.now_ms - case.enqueued_ms < hold_ms
    )
