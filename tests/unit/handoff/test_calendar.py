"""Business hours: split shifts, nights, holidays, time zones."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.calendar import ALWAYS_OPEN, BusinessCalendar

HOUR = 3_600_000
SHOP = BusinessCalendar.parse(
    "Asia/Shanghai",
    {"mon-fri": "9:00-12:00,13:30-18:00", "sat": "10:00-16:00"},
    holidays=["2026-10-01", "2026-10-02"],
    working={"2026-10-04": "9:00-12:00"},
)


def at(text: str, zone: str = "Asia/Shanghai") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-09-28T09:00", True), ("2026-09-28T08:59", False), ("2026-09-28T12:00", False),
        ("2026-09-28T13:30", True), ("2026-09-28T18:00", False), ("2026-10-03T10:00", True),
        ("2026-10-03T09:59", False), ("2026-10-11T11:00", False), ("2026-10-01T11:00", False),
        ("2026-10-04T11:00", True),
    ],
)  # fmt: skip
def test_shifts_holidays_and_extra_working_days(moment, is_open):
    assert SHOP.is_open(at(moment)) is is_open


def test_business_time_leaves_out_lunch_night_and_holidays():
    assert SHOP.open_ms(at("2026-09-28T11:00"), at("2026-09-28T14:30")) == 2 * HOUR
    assert SHOP.open_ms(at("2026-09-30T17:00"), at("2026-10-03T11:00")) == 2 * HOUR
    assert SHOP.open_ms(at("2026-09-28T11:00"), at("2026-09-28T10:00")) == 0


def test_a_deadline_falls_into_business_time():
    assert SHOP.after(at("2026-09-30T17:30"), HOUR) == at("2026-10-03T10:30")
    assert SHOP.next_open(at("2026-09-28T12:10")) == at("2026-09-28T13:30")
    assert SHOP.next_open(at("2026-09-28T10:00")) == at("2026-09-28T10:00")
    assert BusinessCalendar("UTC").next_open(at("2026-09-28T10:00")) is None


def test_a_night_shift_belongs_to_the_day_on_which_it_begins():
    nights = BusinessCalendar.parse("Asia/Shanghai", {"fri": "22:00-2:00"})
    assert nights.is_open(at("2026-10-03T01:30"))
    assert not nights.is_open(at("2026-10-02T01:30"))
    assert nights.open_ms(at("2026-10-02T00:00"), at("2026-10-04T00:00")) == 4 * HOUR


def test_the_hour_that_summer_time_takes_away_is_not_counted():
    berlin = BusinessCalendar.parse("Europe/Berlin", {"sun": "0:00-6:00"})
    day = at("2026-03-29T00:00", "Europe/Berlin")
    assert berlin.open_ms(day, day + 24 * HOUR) == 5 * HOUR


@pytest.mark.parametrize(
    ("zone", "week"),
    [("Mars/Phobos", {}), ("UTC", {"monday": "9:00-10:00"}), ("UTC", {"mon": "9-10"}), ("UTC", {"mon": "9:00-25:00"})],
)
def test_what_cannot_be_read_is_named(zone, week):
    with pytest.raises(ValueError, match=r"zone|days|shift"):
        BusinessCalendar.parse(zone, week)


moments = st.integers(at("2026-01-01T00:00"), at("2026-12-31T00:00"))


@given(moments, st.integers(0, 14 * 24 * HOUR), st.integers(0, 14 * 24 * HOUR))
def test_business_time_adds_up(start, first, second):
    middle, end = start + first, start + first + second
    assert SHOP.open_ms(start, middle) + SHOP.open_ms(middle, end) == SHOP.open_ms(start, end)
    assert 0 <= SHOP.open_ms(start, end) <= end - start
    assert ALWAYS_OPEN.open_ms(start, end) == end - start


@given(moments, st.integers(0, 40 * HOUR))
def test_after_and_open_ms_are_each_others_reverse(start, business_ms):
    deadline = SHOP.after(start, business_ms)
    assert SHOP.open_ms(start, deadline) == business_ms
