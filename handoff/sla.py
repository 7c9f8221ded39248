"""Service targets on the clock: when a promised answer, or the end of a case, is due. Pure.

Three clocks may run for a case: to the *first* answer and to each *next* one, from when the customer's turn became
owed (see `ledger`), and to the *resolution*, from when the case was called. They run in business time. A clock tells of
itself at most twice: a warning when `warn_percent` of the time has passed, and the breach at the deadline.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from handoff.calendar import BusinessCalendar
from handoff.config.targets import Target, Targets


class What(str, Enum):
    """What a clock runs to."""

    FIRST = "first"
    NEXT = "next"
    RESOLUTION = "resolution"


class Stage(int, Enum):
    """What a clock has told of so far."""

    RUNNING = 0
    WARNED = 1
    BREACHED = 2


@dataclass(frozen=True)
class Clock:
    """A clock of a case that is open: since when it runs, what it has told of, and for whom."""

    case_id: str
    conversation_id: str
    what: What
    since_ms: int
    stage: Stage = Stage.RUNNING
    group: str = "default"
    priority: int = 0
    agent_id: str = ""


@dataclass(frozen=True)
class Deadline:
    """When the warning and the breach come; None: never (no target, or beyond the calendar)."""

    warn_ms: int | None = None
    due_ms: int | None = None


@dataclass(frozen=True)
class Look:
    """A clock, what it is to tell of now (`stage`), its deadline, and when to look again (0: never)."""

    clock: Clock
    stage: Stage
    due_ms: int
    next_ms: int


def deadline(
    what: What, since_ms: int, target: Target, calendar: BusinessCalendar, *, warn_percent: int = 100
) -> Deadline:
    """When a clock that runs since `since_ms` is due."""
    seconds = {What.FIRST: target.first_s, What.NEXT: target.next_s, What.RESOLUTION: target.resolution_s}[what]
    if not seconds:
        return Deadline()
    due_ms = calendar.after(since_ms, seconds * 1000)
    warn_ms = calendar.after(since_ms, seconds * 10 * warn_percent) if warn_percent < 100 else None
    return Deadline(warn_ms, due_ms)


def look(clock: Clock, targets: Targets, calendar: BusinessCalendar, now_ms: int) -> Look:
    """What a clock has to tell of now. Whoever comes too late for the warning tells of the breach alone."""
    target = targets.of(clock.group, clock.priority)
    found = deadline(clock.what, clock.since_ms, target, calendar, warn_percent=targets.warn_percent)
    if found.due_ms is None or clock.stage is Stage.BREACHED:
        return Look(clock, clock.stage, 0, 0)
    if now_ms >= found.due_ms:
        return Look(clock, Stage.BREACHED, found.due_ms, 0)
    if clock.stage is Stage.WARNED or found.warn_ms is None:
        return Look(clock, clock.stage, found.due_ms, found.due_ms)
    if now_ms >= found.warn_ms:
        return Look(clock, Stage.WARNED, found.due_ms, found.due_ms)
    return Look(clock, clock.stage, found.due_ms, found.warn_ms)
