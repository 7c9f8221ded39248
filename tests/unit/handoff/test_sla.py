"""Service targets on the clock: what is told of a clock, and when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from handoff.calendar import ALWAYS_OPEN, BusinessCalendar
from handoff.config.targets import Rule, Target, Targets
from handoff.sla import Clock, Deadline, Look, Stage, What, deadline, look

NOW = 1_800_000_000_000
TARGETS = Targets(Target(first_s=100, next_s=200, resolution_s=1000), warn_percent=80)


def clock(what: What = What.FIRST, **more) -> Clock:
    return Clock("case", "c", what, NOW, **more)


def test_a_clock_tells_before_the_deadline_and_at_it_and_then_rests():
    running = look(clock(), TARGETS, ALWAYS_OPEN, NOW)
    assert (running.stage, running.next_ms, running.due_ms) == (Stage.RUNNING, NOW + 80_000, NOW + 100_000)
    assert look(clock(), TARGETS, ALWAYS_OPEN, NOW + 79_999).stage is Stage.RUNNING
    warned = look(clock(), TARGETS, ALWAYS_OPEN, NOW + 80_000)
    assert (warned.stage, warned.next_ms) == (Stage.WARNED, NOW + 100_000)
    again = look(clock(stage=Stage.WARNED), TARGETS, ALWAYS_OPEN, NOW + 99_999)
    assert (again.stage, again.next_ms) == (Stage.WARNED, NOW + 100_000)
    breached = look(clock(stage=Stage.WARNED), TARGETS, ALWAYS_OPEN, NOW + 100_000)
    assert (breached.stage, breached.next_ms) == (Stage.BREACHED, 0)
    assert look(clock(stage=Stage.BREACHED), TARGETS, ALWAYS_OPEN, NOW + 999_999).next_ms == 0


def test_who_comes_too_late_for_the_warning_tells_of_the_breach_alone():
    assert look(clock(), TARGETS, ALWAYS_OPEN, NOW + 500_000).stage is Stage.BREACHED


def test_without_a_target_a_clock_tells_nothing():
    found = look(clock(What.RESOLUTION), Targets(), ALWAYS_OPEN, NOW + 10**12)
    assert found == Look(clock(What.RESOLUTION), Stage.RUNNING, 0, 0)


def test_without_a_warning_the_deadline_is_told_alone():
    targets = Targets(Target(first_s=100, next_s=1), warn_percent=100)
    assert look(clock(), targets, ALWAYS_OPEN, NOW + 99_999).next_ms == NOW + 100_000
    assert look(clock(), targets, ALWAYS_OPEN, NOW + 100_000).stage is Stage.BREACHED


def test_each_clock_has_the_target_of_its_group_and_class():
    targets = Targets(Target(100, 200), (Rule(Target(1, 2, 3), "退款", 3),))
    for what, seconds in ((What.FIRST, 1), (What.NEXT, 2), (What.RESOLUTION, 3)):
        found = look(clock(what, group="退款", priority=3), targets, ALWAYS_OPEN, NOW)
        assert found.due_ms == NOW + seconds * 1000
    assert look(clock(group="退款"), targets, ALWAYS_OPEN, NOW).due_ms == NOW + 100_000


def test_a_clock_stands_still_while_nobody_is_there():
    hours = BusinessCalendar.parse("UTC", {"mon-sun": "9:00-10:00"})
    opening = hours.next_open(NOW)
    assert opening is not None
    late = hours.after(opening, 3_590_000)  # ten seconds before closing
    assert late is not None
    found = deadline(What.FIRST, late, Target(first_s=60), hours, warn_percent=50)
    assert found == Deadline(late + 23 * 3_600_000 + 30_000, late + 23 * 3_600_000 + 60_000)


@given(
    seconds=st.integers(1, 9999),
    warn=st.integers(1, 100),
    looks=st.lists(st.integers(0, 12_000_000), max_size=12).map(sorted),
)
def test_however_often_it_is_looked_at_each_thing_is_told_once_and_in_time(seconds, warn, looks):
    targets = Targets(Target(first_s=seconds, next_s=1), warn_percent=warn)
    stage, told = Stage.RUNNING, []
    for after_ms in looks:
        found = look(clock(stage=stage), targets, ALWAYS_OPEN, NOW + after_ms)
        assert found.stage >= stage
        if found.stage is not stage:
            told.append((found.stage, after_ms))
        assert not found.next_ms or found.next_ms > NOW + after_ms
        stage = found.stage
    assert [one for one, _ in told] == sorted({one for one, _ in told})
    for one, after_ms in told:
        least = seconds * 10 * warn if one is Stage.WARNED else seconds * 1000
        assert after_ms >= least
    assert (stage is Stage.BREACHED) == bool(looks and looks[-1] >= seconds * 1000)
