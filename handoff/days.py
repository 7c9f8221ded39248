"""Days of a shop's time zone and the milliseconds they begin at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

#: Where days begin unless somebody says otherwise.
ZONE = "Asia/Shanghai"


def begins_ms(day: date, zone: ZoneInfo) -> int:
    """UTC ms of the midnight that begins `day`."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)


def day_of(at_ms: int, zone: ZoneInfo) -> date:
    """The day of a moment."""
    return datetime.fromtimestamp(at_ms / 1000, zone).date()


def between(first: date, last: date) -> Iterator[date]:
    """Every day from `first` to `last`, both included."""
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)
