"""The wait shown is a range that mostly holds, or nothing."""

from __future__ import annotations

import heapq
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.estimate import LEAST_SAMPLES, GroupLoad, wait_range

MINUTE = 60_000
RECENT = tuple(MINUTE * n for n in (2, 3, 3, 4, 5, 6, 8, 12))


@pytest.mark.parametrize(
    "load",
    [GroupLoad(0, 0, RECENT), GroupLoad(3, 0, RECENT[: LEAST_SAMPLES - 1]), GroupLoad(3, 0, ())],
)
def test_without_people_or_recent_cases_there_is_no_range(load):
    assert wait_range(1, load) is None


def test_who_comes_while_a_slot_is_free_waits_no_longer_than_the_offer():
    assert wait_range(1, GroupLoad(3, 1, RECENT), accept_ms=5000) == (0, 10_000)


@settings(deadline=None, max_examples=30)
@given(position=st.integers(1, 60), slots=st.integers(4, 200), free=st.integers(0, 3))
def test_a_range_is_ordered_and_further_back_is_never_sooner(position, slots, free):
    load = GroupLoad(slots, min(free, slots), RECENT)
    low, high = wait_range(position, load)
    further_low, further_high = wait_range(position + 4 * slots, load)
    assert 0 <= low <= high
    assert further_low >= low
    assert further_high >= high


def test_against_a_simulated_shop_most_waits_fall_into_their_range():
    dice = random.Random(7)
    inside = tried = 0
    for day in range(40):
        slots = dice.randint(2, 12)
        mean = dice.randint(2, 9) * MINUTE
        recent = tuple(int(dice.expovariate(1 / mean)) + 1 for _ in range(40))
        moments = [int(dice.expovariate(1 / mean)) for _ in range(slots)]  # memoryless: what is left is like a whole
        heapq.heapify(moments)
        for position in range(1, 16):
            wait = heapq.heappop(moments) + 5000
            heapq.heappush(moments, wait + int(dice.expovariate(1 / mean)))
            low, high = wait_range(position, GroupLoad(slots, 0, recent), seed=day)
            inside += low <= wait <= high
            tried += 1
    assert 0.65 <= inside / tried <= 0.95


def test_those_at_the_head_who_are_offered_have_their_slots_and_take_no_others():
    alone = GroupLoad(3, 0, RECENT)
    assert wait_range(4, replace(alone, offered=2)) == wait_range(2, alone)
    assert wait_range(2, replace(alone, offered=2), accept_ms=5000) == (0, 10_000)


def test_where_people_leave_the_line_moves_faster():
    patient = GroupLoad(3, 0, RECENT)
    low, high = wait_range(12, patient)
    sooner, at_latest = wait_range(12, replace(patient, patience_ms=10 * MINUTE))
    assert sooner < low
    assert at_latest < high
