"""Matching the line with free agents, and what must happen though nobody asks. Safe in any number of processes."""

from __future__ import annotations

from handoff.errors import Refused
from handoff.lifecycle import Verb
from handoff.policy import DeskPolicy
from handoff.ports import DeskBackend
from handoff.routing import match

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
        offers = [
            one
            for opening in openings
            for one in match(opening, retry_ms=policy.retry_ms, sticky_hold_ms=policy.sticky_hold_ms)
        ]
        done = 0
        for one in offers:
            done += await backend.offer(one.case_id, one.agent_id, offer_ms=policy.offer_ms, why=one.why)
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


async def sweep(backend: DeskBackend, policy: DeskPolicy) -> None:
    """Lapsed offers and lost agents go back to the line, then the line is drained."""
    due = await backend.due(grace_ms=policy.grace_ms, outage_ms=policy.outage_ms, limit=SWEEP_BATCH)
    for case_id, agent_id in due.lapsed:
        try:
            await backend.pass_on(case_id, agent_id, Verb.LAPSE, reason="", max_missed=policy.max_missed)
        except Refused:
            continue  # accepted at the last moment, or another process swept it
    for agent_id in due.lost:
        await backend.lose_agent(agent_id, grace_ms=policy.grace_ms, line=policy.texts.lost)
    await drain(backend, policy)
