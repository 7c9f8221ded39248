"""How long a waiting customer will wait: an honest range, or nothing. Pure.

The line is played forward many times: every slot is busy with a case whose handling time is drawn from the recent
ones, the cases ahead take slots as they come free, and the range is what happened in most of the plays. Without
enough recent cases, or with nobody there, there is no range: 暂无法估计.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass

LEAST_SAMPLES = 5
PLAYS = 200
MOST_SLOTS = 64  # beyond that many slots, the line and the slots are scaled down together
MOST_AHEAD = 500  # of a longer line this much is played, and the range stretched in proportion
LOW, HIGH = 0.10, 0.90


@dataclass(frozen=True)
class GroupLoad:
    """How busy a group is.

    `slots` are the places of all agents who are ready, `free` those that are empty now; `handled_ms` how long recent
    cases took from acceptance to closing.
    """

    slots: int
    free: int
    handled_ms: tuple[int, ...]


def wait_range(position: int, load: GroupLoad, *, accept_ms: int = 5_000, seed: int = 0) -> tuple[int, int] | None:
    """The range in ms, (low, high), in which most plays of the line reach `position` (1 is the head).

    `accept_ms` is how long an agent takes to accept an offer. Returns None when it cannot be told.
    """
    if load.slots <= 0 or position <= 0 or len(load.handled_ms) < LEAST_SAMPLES:
        return None
    if position <= load.free:
        return 0, 2 * accept_ms
    scale = max(load.slots / MOST_SLOTS, 1.0)
    slots = max(round(load.slots / scale), 1)
    free = min(round(load.free / scale), slots)
    ahead = max(round((position - 1) / scale), 0)
    stretch = max(ahead / MOST_AHEAD, 1.0)
    ahead = min(ahead, MOST_AHEAD)
    dice = random.Random(seed)
    waits = sorted(_play(ahead, slots, free, load.handled_ms, accept_ms, dice) for _ in range(PLAYS))
    return int(waits[int(LOW * PLAYS)] * stretch), int(waits[int(HIGH * PLAYS) - 1] * stretch)


def _play(ahead: int, slots: int, free: int, handled_ms: Sequence[int], accept_ms: int, dice: random.Random) -> int:
    """One play: when does the slot come free that takes the case with `ahead` cases before it?"""
    busy = [0] * free + [_left(handled_ms, dice) for _ in range(slots - free)]
    heapq.heapify(busy)
    for _ in range(ahead):
        moment = heapq.heappop(busy) + accept_ms
        heapq.heappush(busy, moment + dice.choice(handled_ms))
    return heapq.heappop(busy) + accept_ms


def _left(handled_ms: Sequence[int], dice: random.Random) -> int:
    """What is left of a case met in the middle: long cases are met more often, each at a random point."""
    (whole,) = dice.choices(handled_ms, weights=handled_ms)
    return int(whole * dice.random())
