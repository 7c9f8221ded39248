"""When people are there: shifts of a week, holidays and extra working days, in one time zone. Pure.

BusinessCalendar.parse("Asia/Shanghai", {"mon-fri": "9:00-12:00,13:30-18:00", "sat": "10:00-16:00"},
                       holidays=["2026-10-01"], working={"2026-10-10": "9:00-18:00"})
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SHIFT = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")
_HORIZON_DAYS = 366
MINUTES_A_DAY = 24 * 60

Shift = tuple[int, int]  # minutes since midnight, [start, end)


@dataclass(frozen=True)
class BusinessCalendar:
    """Shifts by weekday (0 is Monday), days off, and days with shifts of their own (which win over days off)."""

    zone: str = "Asia/Shanghai"
    week: Mapping[int, tuple[Shift, ...]] = field(default_factory=dict)
    holidays: frozenset[date] = frozenset()
    special: Mapping[date, tuple[Shift, ...]] = field(default_factory=dict)

    @classmethod
    def parse(
        cls,
        zone: str,
        week: Mapping[str, str],
        *,
        holidays: Iterable[str] = (),
        working: Mapping[str, str] | None = None,
    ) -> BusinessCalendar:
        """Build a calendar from text; raises ValueError naming what cannot be read."""
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"zone: {zone!r} is no time zone") from error
        shifts: dict[int, tuple[Shift, ...]] = {}
        for days, text in week.items():
            for day in _weekdays(days):
                shifts[day] = _shifts(text)
        return cls(
            zone=zone,
            week=shifts,
            holidays=frozenset(date.fromisoformat(day) for day in holidays),
            special={date.fromisoformat(day): _shifts(text) for day, text in (working or {}).items()},
        )

    def is_open(self, at_ms: int) -> bool:
        """True when somebody should be there at this moment."""
        return any(start <= at_ms < end for start, end in self._spans(at_ms, days=1))

    def open_ms(self, from_ms: int, until_ms: int) -> int:
        """Business time between two moments, in ms; 0 when `until_ms` is not later."""
        if until_ms <= from_ms:
            return 0
        days = (until_ms - from_ms) // 86_400_000 + 2
        spans = self._spans(from_ms, days=days)
        return sum(max(min(end, until_ms) - max(start, from_ms), 0) for start, end in spans)

    def after(self, from_ms: int, business_ms: int) -> int | None:
        """The moment at which `business_ms` of business time have passed; None when that is over a year away."""
        left = business_ms
        for start, end in self._spans(from_ms, days=_HORIZON_DAYS):
            begin = max(start, from_ms)
            if begin < end:
                if left <= end - begin:
                    return begin + left
                left -= end - begin
        return None

    def next_open(self, from_ms: int) -> int | None:
        """The moment itself when open, else when the next shift begins; None when that is over a year away."""
        return self.after(from_ms, 0)

    def tell(self, at_ms: int) -> str:
        """A moment in the calendar's own time, as customers read it: 「10月9日 9:00」."""
        local = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(self.zone))
        return f"{local.month}月{local.day}日 {local.hour}:{local.minute:02d}"

    def _spans(self, from_ms: int, *, days: int) -> Iterator[tuple[int, int]]:
        """Shifts as [start, end) in ms, from the day before `from_ms` (a shift may cross midnight) on."""
        zone = ZoneInfo(self.zone)
        first = datetime.fromtimestamp(from_ms / 1000, zone).date() - timedelta(days=1)
        for offset in range(days + 1):
            day = first + timedelta(days=offset)
            for start, end in self._shifts_of(day):
                yield _moment(day, start, zone), _moment(day, end, zone)

    def _shifts_of(self, day: date) -> tuple[Shift, ...]:
        if day in self.special:
            return self.special[day]
        return () if day in self.holidays else self.week.get(day.weekday(), ())


ALWAYS_OPEN = BusinessCalendar("UTC", {day: ((0, MINUTES_A_DAY),) for day in range(7)})


def _moment(day: date, minutes: int, zone: ZoneInfo) -> int:
    """Wall-clock minutes of a day as UTC ms; minutes beyond the day fall into the next one."""
    day += timedelta(days=minutes // MINUTES_A_DAY)
    local = datetime.combine(day, time(minutes % MINUTES_A_DAY // 60, minutes % 60), zone)
    return int(local.astimezone(timezone.utc).timestamp() * 1000)


def _weekdays(text: str) -> Iterator[int]:
    for part in text.lower().split(","):
        first, _, last = part.strip().partition("-")
        if first not in _DAYS or (last and last not in _DAYS):
            raise ValueError(f"days: {part!r}; write mon-fri or sat,sun")
        start = _DAYS.index(first)
        length = (_DAYS.index(last) - start) % 7 if last else 0
        for offset in range(length + 1):
            yield (start + offset) % 7


def _shifts(text: str) -> tuple[Shift, ...]:
    """'9:00-12:00,22:00-2:00' in minutes; a shift that ends before it begins ends on the next day."""
    found = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _SHIFT.fullmatch(part)
        if match is None:
            raise ValueError(f"shift: {part!r}; write 9:00-12:00")
        hours, minutes, until_hours, until_minutes = map(int, match.groups())
        start, end = hours * 60 + minutes, until_hours * 60 + until_minutes
        if start >= MINUTES_A_DAY or end > MINUTES_A_DAY or max(minutes, until_minutes) > 59 or start == end:
            raise ValueError(f"shift: {part!r} is no time of day")
        found.append((start, end if end > start else end + MINUTES_A_DAY))
    return tuple(sorted(found))
