"""Token buckets and gauges, on a clock of our own."""

from __future__ import annotations

import pytest

from gateway.errors import RateLimited
from gateway.rates import Buckets, Gauge


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_allowed_then_the_steady_rate() -> None:
    clock = Clock()
    buckets = Buckets(burst=3, per_minute=60, clock=clock)
    for _ in range(3):
        buckets.take("a")
    with pytest.raises(RateLimited) as refused:
        buckets.take("a")
    assert refused.value.retry_after_s == pytest.approx(1.0)
    clock.now = 1.0
    buckets.take("a")
    with pytest.raises(RateLimited):
        buckets.take("a")


def test_names_do_not_share_a_bucket() -> None:
    buckets = Buckets(burst=1, per_minute=1, clock=Clock())
    buckets.take("a")
    buckets.take("b")
    with pytest.raises(RateLimited):
        buckets.take("a")


def test_memory_stays_bounded_and_the_busy_are_remembered() -> None:
    buckets = Buckets(burst=1, per_minute=1, clock=Clock(), limit=10)
    buckets.take("busy")
    for number in range(9):
        buckets.take(f"n{number}")
        with pytest.raises(RateLimited):
            buckets.take("busy")
    assert len(buckets._levels) == 10


def test_a_gauge_counts_what_is_open() -> None:
    gauge = Gauge(2)
    gauge.enter("a")
    gauge.enter("a")
    with pytest.raises(RateLimited):
        gauge.enter("a")
    gauge.leave("a")
    gauge.enter("a")
    gauge.leave("a")
    gauge.leave("a")
    assert gauge._open == {}
