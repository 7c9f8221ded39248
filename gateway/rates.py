"""Token buckets: how fast one customer, one address, one name may go.

They live in the process: a limit holds for one gateway, and N gateways let N times as much through. What must hold
across gateways (wrong passwords) is counted in the store instead.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from gateway.errors import RateLimited


class Buckets:
    """One token bucket for each name, at most `limit` names; a forgotten name starts full again."""

    def __init__(
        self, *, burst: int, per_minute: int, clock: Callable[[], float] = time.monotonic, limit: int = 50_000
    ) -> None:
        self._burst = float(burst)
        self._per_s = per_minute / 60
        self._clock = clock
        self._limit = limit
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()  # name -> (tokens, at)

    def take(self, name: str) -> None:
        """Use one token of `name`; raises RateLimited when there is none."""
        now = self._clock()
        tokens, at = self._levels.get(name, (self._burst, now))
        tokens = min(self._burst, tokens + (now - at) * self._per_s)
        if tokens < 1:
            self._levels[name] = (tokens, now)
            self._levels.move_to_end(name)
            raise RateLimited(retry_after_s=(1 - tokens) / self._per_s if self._per_s else 60.0)
        self._levels[name] = (tokens - 1, now)
        self._levels.move_to_end(name)
        while len(self._levels) > self._limit:
            self._levels.popitem(last=False)


class Gauge:
    """How many of something are open for each name; refuses above `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: dict[str, int] = {}

    def enter(self, name: str) -> None:
        """Count one more; raises RateLimited at the limit."""
        if self._open.get(name, 0) >= self._most:
            raise RateLimited("打开的页面太多了，请关掉一些再试。")
        self._open[name] = self._open.get(name, 0) + 1

    def leave(self, name: str) -> None:
        """Count one less."""
        left = self._open.get(name, 0) - 1
        if left > 0:
            self._open[name] = left
        else:
            self._open.pop(name, None)
