"""How long offers stand when nobody could answer them: pure. `redis/scripts/due.lua` runs the same rule.

While the store is away no agent can accept, and no sweep comes through either; so a pause of the sweeps is what is
known of an outage. An offer that was made before the pause ended stands for as long beyond its deadline, or beyond the
end of the pause where that is later, as the pause was long; no longer than `outage_ms`, for its customer waits too.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Sweeps come every second. A pause longer than this share of `outage_ms` was none of their making.
SHORT_SHARE = 4


@dataclass(frozen=True)
class Pause:
    """The last pause of the sweeps: when it ended, and how much longer the offers made before that stand."""

    ended_ms: int = 0
    hold_ms: int = 0

    def after(self, last_ms: int, now_ms: int, outage_ms: int) -> Pause:
        """The pause in force when a sweep comes at `now_ms` and the one before it came at `last_ms`."""
        lost_ms = now_ms - last_ms
        if lost_ms <= outage_ms // SHORT_SHARE:
            return self
        return Pause(now_ms, max(min(lost_ms, outage_ms), self.ended_ms + self.hold_ms - now_ms))

    def lapses_ms(self, deadline_ms: int, offer_ms: int) -> int:
        """When an offer that was to stand for `offer_ms` lapses."""
        if deadline_ms - offer_ms >= self.ended_ms:
            return deadline_ms
        return max(deadline_ms, self.ended_ms) + self.hold_ms
