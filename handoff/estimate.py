"""How long a waiting customer will wait: an honest range, or nothing. Pure.

The line is played forward many times: every slot is busy with a case whose handling time is drawn from the recent
ones, the cases ahead take slots as they come free unless their customers have left by then, and the range is what
happened in most of the plays. Without enough recent cases, or with nobody there, there is no range: 暂无法估计.
"""

from __future__ import annotations

import heapq
import math
import random
from dataclasses import dataclass
from functools import lru_cache

LEAST_SAMPLES = 5
PLAYS = 200
MOST_SLOTS = 64  # beyond that many slots, the line and the slots are scaled down together
MOST_AHEAD = 500  # of a longer line this much is played, and the range stretched in proportion
LOW, HIGH = 0.10, 0.90


@dataclass(frozen=True)
class GroupLoad:
    """How busy a group is.

    `slots` are the places of all agents who are ready, `free` those that are empty now, `offered` those in which
    somebody of the line only waits to be accepted; `handled_ms` how long recent cases took from acceptance to closing;
    `patience_ms` how long customers wait on average before they leave (0: of late nobody has left).
    """

    slots: int
    free: int
    handled_ms: tuple[int, ...]
    patience_ms: int = 0
    offered: int = 0


def wait_range(position: int, load: GroupLoad, *, accept_ms: int = 5_000, seed: int = 0) -> tuple[int, int] | None:
    """The range in ms, (low, high), in which most plays of the line reach `position` (1 is the head).

    `accept_ms` is how long an agent takes to accept an offer. Returns None when it cannot be told.
    """
    if load.slots <= 0 or position <= 0 or len(load.handled_ms) < LEAST_SAMPLES:
        return None
    position -= load.offered  # they have their slots already
    if position <= load.free:
        return 0, 2 * accept_ms
    scale = max(load.slots / MOST_SLOTS, 1.0)
    ahead = max(round((position - 1) / scale), 0)
    stretch = max(ahead / MOST_AHEAD, 1.0)
    low, high = _plays(load, accept_ms, seed).reached(min(ahead, MOST_AHEAD))
    return int(low * stretch), int(high * stretch)


@lru_cache(maxsize=64)
def _plays(load: GroupLoad, accept_ms: int, seed: int) -> _Plays:
    """One line is asked about by everybody in it, so its plays are shared."""
    return _Plays(load, accept_ms, seed)


class _Plays:
    """Many plays of one line, carried on as far back as was asked."""

    def __init__(self, load: GroupLoad, accept_ms: int, seed: int) -> None:
        scale = max(load.slots / MOST_SLOTS, 1.0)
        slots = max(round(load.slots / scale), 1)
        free = min(round(load.free / scale), slots)
        self._dice = random.Random(seed)
        self._patience_ms = load.patience_ms
        self._accept_ms = accept_ms
        # Fifty cases tell the mean of all only roughly: each play has its own idea of it.
        self._handled_ms = [self._dice.choices(load.handled_ms, k=len(load.handled_ms)) for _ in range(PLAYS)]
        # A case met in the middle: long ones are met more often, each at a random point.
        met = self._dice.choices(load.handled_ms, weights=load.handled_ms, k=PLAYS * (slots - free))
        left = [int(whole * self._dice.random()) for whole in met]
        self._busy = [[0] * free + left[one::PLAYS] for one in range(PLAYS)]
        for busy in self._busy:
            heapq.heapify(busy)
        self._ranges: list[tuple[int, int]] = []

    def reached(self, ahead: int) -> tuple[int, int]:
        """The range of when the slot comes free that takes the case with `ahead` cases before it."""
        while len(self._ranges) <= ahead:
            moments = sorted(busy[0] + self._accept_ms for busy in self._busy)
            self._ranges.append((moments[int(LOW * PLAYS)], moments[int(HIGH * PLAYS) - 1]))
            for busy, handled_ms in zip(self._busy, self._handled_ms):
                moment = busy[0] + self._accept_ms
                if self._stays(moment):
                    heapq.heapreplace(busy, moment + self._dice.choice(handled_ms))
        return self._ranges[ahead]

    def _stays(self, until_ms: int) -> bool:
        """Whether the next in line has the patience; it does not wear with the time waited already."""
        return not self._patience_ms or self._dice.random() < math.exp(-until_ms / self._patience_ms)
