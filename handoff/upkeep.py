"""Matching the line with free agents, and what must happen though nobody asks. Safe in any number of processes."""

from __future__ import annotations

from handoff.calendar import ALWAYS_OPEN
from handoff.errors import Refused
from handoff.lifecycle import Verb
from handoff.overflow import first_ms, plan
from handoff.policy import DeskPolicy
from handoff.ports import DeskBackend, Due, Opening
from handoff.routing import Match, match
from handoff.sla import look

FIRST_BATCH = 8
LAST_BATCH = 512
MOST_RACES = 3
SWEEP_BATCH = 200


async def drain(backend: DeskBackend, policy: DeskPolicy) -> int:
    """Offer waiting cases to free agents until nothing more can be matched; returns the offers made.

    The heads of the lines are read and matched here; each offer is checked again by the backend as it is made.
    """
    made, batch, races = 0, FIRST_BATCH, 0
    while True:
        openings = await backend.openings(batch)
        offers = [one for opening in openings for one in _matches(opening, policy)]
        done = 0
        for one, cap in offers:
            done += await backend.offer(one.case_id, one.agent_id, offer_ms=policy.offer_ms, why=one.why, cap=cap)
        made += done
        if done:
            continue
        if offers:  # other processes were faster; look again, but leave the rest to them in the end
            races += 1
            if races > MOST_RACES:
                return made
        elif batch < LAST_BATCH and any(len(opening.cases) >= batch for opening in openings):
            batch *= 8  # nobody at the head of the line may go to those who are free: look further back
        else:
            return made


def _matches(opening: Opening, policy: DeskPolicy) -> list[tuple[Match, int]]:
    """The offers to be made in one group, each with the group's capacity."""
    group = policy.config.groups.of(opening.group)
    found = match(opening, retry_ms=policy.retry_ms, sticky_hold_ms=policy.sticky_hold_ms, group=group)
    return [(one, group.cap) for one in found]


async def sweep(backend: DeskBackend, policy: DeskPolicy) -> None:
    """Lapsed offers and lost agents go back to the line, the line is drained, and who waited too long overflows."""
    due = await backend.due(
        grace_ms=policy.grace_ms, outage_ms=policy.outage_ms, offer_ms=policy.offer_ms, limit=SWEEP_BATCH
    )
    for case_id, agent_id in due.lapsed:
        try:
            await backend.pass_on(case_id, agent_id, Verb.LAPSE, reason="", max_missed=policy.max_missed)
        except Refused:
            continue  # accepted at the last moment, or another process swept it
    for agent_id in due.lost:
        await backend.lose_agent(agent_id, grace_ms=policy.grace_ms, line=policy.texts.lost)
    await drain(backend, policy)
    await tell_clocks(backend, policy, due)
    moved = [await overflow(backend, policy, case_id, due.now_ms) for case_id in due.overflowing]
    if any(moved):
        await drain(backend, policy)


async def tell_clocks(backend: DeskBackend, policy: DeskPolicy, due: Due) -> None:
    """Warnings and breaches of the targets in force; deadlines are reckoned here, where the calendar is."""
    calendar = policy.calendar or ALWAYS_OPEN
    looks = [look(clock, policy.config.targets, calendar, due.now_ms) for clock in due.clocks]
    if looks:
        await backend.tell_clocks(looks)


async def overflow(backend: DeskBackend, policy: DeskPolicy, case_id: str, now_ms: int) -> bool:
    """Apply the rules of its group to a case that has waited too long; True when it stands in another line now."""
    case = await backend.case(case_id)
    found = plan(case, policy.config.groups.of(case.group), now_ms, retry_ms=policy.retry_ms)
    next_ms = found.next_ms
    if found.to_group:
        wait_ms = first_ms(policy.config.groups.of(found.to_group))
        next_ms = now_ms + wait_ms if wait_ms else 0
    done = await backend.overflow(
        case_id,
        step=case.overflow_step,
        next_step=0 if found.to_group else found.step,
        next_ms=next_ms,
        to_group=found.to_group,
        line=policy.texts.leave_message if found.invite else "",
        why=found.why,
    )
    if not found.to_group:
        for agent_id in found.staff:
            why = f"named for emergencies; {found.why or 'still waiting'}"
            if await backend.offer(case_id, agent_id, offer_ms=policy.offer_ms, why=why, any_group=True):
                break
    return done and bool(found.to_group)
