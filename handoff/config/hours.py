"""The business calendar 营业时间 as a document: when people are there; the reckoning is `handoff.calendar`."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from handoff.calendar import BusinessCalendar
from handoff.config.reading import Reader

DEFAULT_ZONE = "Asia/Shanghai"
MOST_DAYS = 500


@dataclass(frozen=True)
class Hours:
    """When people are there. `always` is round the clock, whatever else is said.

    `week` is shifts by weekdays (「mon-fri」: 「9:00-12:00,13:30-18:00」), `holidays` days off with their names,
    `special` days with shifts of their own, which win over days off.
    """

    zone: str = DEFAULT_ZONE
    always: bool = True
    week: Mapping[str, str] = field(default_factory=dict)
    holidays: Mapping[str, str] = field(default_factory=dict)
    special: Mapping[str, str] = field(default_factory=dict)

    def calendar(self) -> BusinessCalendar | None:
        """As the engine reckons with it; None for round the clock."""
        if self.always:
            return None
        return BusinessCalendar.parse(self.zone, self.week, holidays=self.holidays, working=self.special)


def read(document: Reader) -> Hours:
    """{"zone", "always", "week": {DAYS: SHIFTS}, "holidays": {DATE: NAME}, "special": {DATE: SHIFTS}}."""
    given = document.fields("zone", "always", "week", "holidays", "special")
    zone = given["zone"].text(most=64, empty=False) if "zone" in given else DEFAULT_ZONE
    always = given["always"].flag() if "always" in given else False
    if not _parses(zone, {}):
        given["zone"].wrong(f"没有「{zone}」这个时区，例如 Asia/Shanghai。")
        zone = DEFAULT_ZONE
    week: dict[str, str] = {}
    for days, shifts in _lines(given.get("week")):
        week[days] = shifts.text()
        if not _parses(zone, {days: ""}):
            shifts.wrong("星期写成 mon-fri 或 sat,sun（mon tue wed thu fri sat sun）。")
        elif not _parses(zone, {"mon": week[days]}):
            shifts.wrong("班次写成 9:00-12:00,13:30-18:00；过了零点的写成 22:00-2:00。")
        elif _overlaps(zone, week[days]):
            shifts.wrong("班次之间不能重叠。")
    holidays = {day: named.text(most=64) for day, named in _days(given.get("holidays"))}
    special: dict[str, str] = {}
    for day, shifts in _days(given.get("special")):
        special[day] = shifts.text()
        if not _parses(zone, {"mon": special[day]}):
            shifts.wrong("班次写成 9:00-12:00,13:30-18:00；当天休息就写在 holidays 里。")
        elif _overlaps(zone, special[day]):
            shifts.wrong("班次之间不能重叠。")
    if not always and not any(week.values()) and not any(special.values()):
        document.wrong("一个班次也没有；全天候请把 always 设为 true。")
    return Hours(zone, always, week, holidays, special)


def write(hours: Hours) -> dict[str, Any]:
    """The document of these hours."""
    return {
        "zone": hours.zone,
        "always": hours.always,
        "week": dict(hours.week),
        "holidays": dict(sorted(hours.holidays.items())),
        "special": dict(sorted(hours.special.items())),
    }


def _lines(value: Reader | None) -> list[tuple[str, Reader]]:
    return list(value.mapping()) if value is not None else []


def _days(value: Reader | None) -> list[tuple[str, Reader]]:
    found = []
    for day, one in _lines(value):
        try:
            found.append((date.fromisoformat(day).isoformat(), one))
        except ValueError:
            one.wrong("日期写成 2026-10-01。")
    return found


def _parses(zone: str, week: Mapping[str, str]) -> bool:
    try:
        BusinessCalendar.parse(zone, week)
    except ValueError:
        return False
    return True


def _overlaps(zone: str, shifts: str) -> bool:
    day = BusinessCalendar.parse(zone, {"mon": shifts}).week[0]
    return any(first[1] > second[0] for first, second in itertools.pairwise(day))
