"""Whether a gap closes once its entry is published."""

from __future__ import annotations

from contracts.answer import Outcome
from knowledge_base.asked import Asked
from knowledge_base.trend import WEEK_MS, trends
from knowledge_base.workbook import Topic

MONDAY = 1_793_577_600_000  # 2026-11-02
PARKING = Topic("parking", "门店能停车吗", ("店里有停车位吗",), "bian", MONDAY)


def missed(week: int, text: str = "门店能停车吗") -> tuple[int, Asked]:
    return MONDAY + week * WEEK_MS + 1, Asked(text, Outcome.MISS)


def answered(week: int, text: str = "门店能停车吗", **more: object) -> tuple[int, Asked]:
    return MONDAY + week * WEEK_MS + 1, Asked(text, Outcome.ANSWER, **more)  # type: ignore[arg-type]


def published(week: int) -> Topic:
    return Topic(PARKING.entry_id, PARKING.question, PARKING.wordings, "bian", MONDAY, MONDAY + week * WEEK_MS)


def test_a_topic_is_counted_by_weeks_that_begin_on_mondays(encoder) -> None:
    asked = [missed(0), missed(0, "店里有停车位吗"), missed(2), answered(2), missed(1, "怎么开发票")]
    (one,) = trends([PARKING], asked, encoder)
    assert [(week.from_ms, week.asked, week.unanswered) for week in one.weeks] == [
        (MONDAY, 2, 2),
        (MONDAY + WEEK_MS, 0, 0),
        (MONDAY + 2 * WEEK_MS, 2, 1),
    ]
    assert one.closed is None


def test_it_is_closed_when_it_was_asked_since_and_always_answered(encoder) -> None:
    (closed,) = trends([published(1)], [missed(0), answered(1), answered(2)], encoder)
    assert (closed.closed, closed.asked_since, closed.unanswered_since) == (True, 2, 0)
    (still_open,) = trends([published(1)], [answered(1), missed(2)], encoder)
    assert (still_open.closed, still_open.unanswered_since) == (False, 1)
    (quiet,) = trends([published(1)], [missed(0)], encoder)
    assert quiet.closed is None


def test_an_answer_that_did_not_help_does_not_close_it(encoder) -> None:
    for asked in (
        answered(2, useful=False),
        answered(2, handed_over=True, reply="有地下车库"),
        (MONDAY + 2 * WEEK_MS, Asked("门店能停车吗", Outcome.CLARIFY)),
    ):
        (one,) = trends([published(1)], [asked], encoder)
        assert one.closed is False
    (chosen,) = trends([published(1)], [(MONDAY + 2 * WEEK_MS, Asked("门店能停车吗", Outcome.CLARIFY, "x"))], encoder)
    assert chosen.closed is True


def test_a_question_belongs_to_the_nearest_topic_and_nobody_asking_is_no_week(encoder) -> None:
    invoice = Topic("invoice", "怎么开发票", (), "bian", MONDAY)
    one, other = trends([PARKING, invoice], [missed(0), missed(0, "怎么开发票啊")], encoder)
    assert [week.asked for week in one.weeks] == [1]
    assert [week.asked for week in other.weeks] == [1]
    assert trends([], [missed(0)], encoder) == []
    assert trends([PARKING], [], encoder)[0].weeks == ()
