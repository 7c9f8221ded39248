"""Periods are whole days of the shop, and tables say what the report says."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.figures import MOST_DAILY, Period, Rules
from gateway.report_tables import TABLES
from gateway.report_words import VERDICTS
from handoff.calendar import BusinessCalendar
from handoff.config.config import Config
from handoff.config.hours import Hours
from handoff.config.targets import Target, Targets
from handoff.contacts import Verdict
from handoff.days import begins_ms
from handoff.policy import DeskPolicy
from handoff.report import reports
from handoff.report_model import Reports
from knowledge_base.tables import read_rows, write_csv
from tests.unit.handoff.telling import HOUR, MONDAY, Story

SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/Sao_Paulo", "UTC"])
DAYS = st.dates(date(2015, 1, 1), date(2035, 1, 1))


@given(DAYS, st.integers(0, 365), ZONES)
def test_the_parts_of_a_period_follow_each_other_from_its_first_midnight_to_its_last(first, more, zone):
    period = Period(first, first + timedelta(days=more), ZoneInfo(zone))
    edges = period.edges_ms
    assert edges[0] == begins_ms(first, period.zone)
    assert edges[-1] == begins_ms(period.last + timedelta(days=1), period.zone)
    assert all(low < high for low, high in pairwise(edges))
    assert len(period.labels()) == len(edges) - 1


def test_a_day_is_told_by_the_hour_a_month_by_the_day_and_a_year_by_the_week():
    day = date(2026, 11, 1)
    assert Period(day, day, SHANGHAI).step == "hour"
    assert Period(day, day, SHANGHAI).labels()[9] == "2026-11-01 09:00"
    assert Period(day, day + timedelta(days=MOST_DAILY - 1), SHANGHAI).step == "day"
    year = Period(day, day + timedelta(days=364), SHANGHAI)
    assert (year.step, year.labels()[1], len(year.labels())) == ("week", "2026-11-08", 53)


def test_the_day_on_which_clocks_go_back_has_an_hour_more():
    day = date(2026, 10, 25)
    assert len(Period(day, day, ZoneInfo("Europe/Berlin")).labels()) == 25


def test_days_begin_where_the_shop_is():
    assert Rules().zone.key == "Asia/Shanghai"
    tokyo = Config(calendar=Hours(zone="Asia/Tokyo"), targets=Targets(Target(first_s=30, next_s=90)))
    found = Rules.of(DeskPolicy().under(tokyo))
    assert (found.zone.key, found.calendar, found.targets.standard) == ("Asia/Tokyo", None, Target(30, 90))
    berlin = DeskPolicy(calendar=BusinessCalendar("Europe/Berlin"))
    assert Rules.of(berlin).zone.key == "Europe/Berlin"


@pytest.fixture
async def told() -> Reports:
    story = await Story().begin("ann", "bob")
    await story.ask("=HYPERLINK(1)", "miss", "mars")
    case_id = await story.call()
    assert await story.accept(case_id) in ("wang", "li")
    await story.reply()
    await story.resolve(case_id)
    await story.rate(4, case_id)
    threads = await story.threads("ann", "bob")
    return reports(threads, [MONDAY, MONDAY + HOUR, MONDAY + 2 * HOUR], now_ms=story.now_ms)


def table(name: str, found: Reports) -> list[list[str]]:
    return TABLES[name](found, ["10:00", "11:00"], {"wang": "小王", "li": "小李"})


@pytest.mark.parametrize("name", TABLES)
def test_every_row_of_a_table_has_the_cells_of_its_head(told, name):
    rows = table(name, told)
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(rows[0])}


def test_the_rows_over_time_add_up_to_the_whole(told):
    head, *rows = table("trend", told)
    assert [row[0] for row in rows] == ["10:00", "11:00"]
    calls = head.index("转人工")
    assert [row[calls] for row in rows] == ["1", "0"]
    assert rows[1][head.index("放弃率")] == "", "nothing to divide by is no zero"


def test_people_are_called_by_their_names_and_times_are_in_seconds(told):
    _, [who, owed, answered, *_] = table("agents", told)
    assert (who in ("小王", "小李"), owed, answered) == (True, "1", "1")
    assert table("satisfaction", told)[1] == [who, "1", "4.00", "0", "0", "0", "1", "0"]
    assert table("times", told)[1] == ["等待接入", "1", "60", "60", "60", "60"]
    assert table("reasons", told)[1] == ["要求人工", "1", "1.0000"]


def test_a_verdict_of_every_kind_has_a_word():
    assert {verdict.value for verdict in Verdict} == set(VERDICTS)


def test_what_a_customer_typed_is_no_formula_in_a_spreadsheet(told, tmp_path):
    written = write_csv(table("misses", told))
    assert b",=HYPERLINK" not in written
    assert b"'=HYPERLINK(1)" in written
    (tmp_path / "misses.csv").write_bytes(written)
    assert read_rows(tmp_path / "misses.csv")[1].cells[2] == "=HYPERLINK(1)"


async def test_what_persons_and_bot_were_rated_is_never_one_number():
    story = await Story().begin("ann")
    case_id = await story.call()
    await story.accept(case_id)
    await story.resolve(case_id)
    await story.rate(5, case_id)
    await story.rate(1)
    found = reports(await story.threads("ann"), [MONDAY, MONDAY + HOUR], now_ms=story.now_ms)
    head, row = TABLES["trend"](found, ["10:00"], {})
    shown = dict(zip(head, row, strict=True))
    assert (shown["人工平均评分"], shown["机器人平均评分"]) == ("5.00", "1.00")
