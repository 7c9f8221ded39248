"""Documents of settings: what ships, what is refused and how it is said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.escalation import Reason
from handoff.config import entrances, thresholds
from handoff.config.config import KINDS, Config, document_of, with_document
from handoff.config.entrances import Entrance, Entrances, Times
from handoff.config.hours import Hours
from handoff.config.reading import BadDocument, Problem, read
from handoff.config.targets import Rule, Target, Targets
from handoff.policy import DeskPolicy
from handoff.triggers import TriggerPolicy, TurnSignals, after_answer, before_answer

OPEN_HOURS = {"zone": "UTC", "always": False, "week": {"mon-fri": "9:00-12:00,13:30-18:00"}}


def faults(kind: str, document: Any, config: Config | None = None) -> dict[str, str]:
    """Field → sentence of what is wrong."""
    with pytest.raises(BadDocument) as refused:
        with_document(config or Config(), kind, document)
    return {one.field: one.message for one in refused.value.problems}


@pytest.mark.parametrize("kind", KINDS)
def test_what_ships_can_be_written_and_read_again(kind: str) -> None:
    assert with_document(Config(), kind, document_of(Config(), kind)) == Config()


def test_settings_nobody_changed_leave_the_engine_as_it_is() -> None:
    policy = DeskPolicy()
    assert policy.under(Config()) == policy
    assert {reason: policy.priority(reason)[1] // 60_000 for reason in Reason if policy.priority(reason)[1]} == {
        Reason.SENSITIVE: 15,
        Reason.THREAT: 15,
        Reason.ANGER: 8,
        Reason.SUPERVISOR: 8,
        Reason.REPEATED_FAILURE: 3,
        Reason.REPEATED_QUESTION: 3,
        Reason.BOT_UNAVAILABLE: 3,
    }


def test_every_fault_is_told_at_once_each_with_its_field() -> None:
    found = faults(
        "groups",
        {
            "groups": [
                {"name": "default", "cap": -1, "colour": "red"},
                {"name": "退款", "overflow": [{"after_s": 60, "to": "group", "group": "空中"}]},
                {"name": "退款"},
                {"title": "没有名字"},
            ]
        },
    )
    assert found.keys() == {"groups[0].cap", "groups[0].colour", "groups[1]", "groups[2].name", "groups[3].name"}
    assert found["groups[0].cap"] == "应当是 0 到 100000 的整数。"
    assert found["groups[1]"] == "溢出到的组「空中」不存在。"


@pytest.mark.parametrize(
    ("kind", "document", "field"),
    [
        ("groups", [], "document"),
        ("groups", {}, "groups"),
        ("groups", {"groups": []}, "document"),
        (
            "groups",
            {"groups": [{"name": "default", "overflow": [{"after_s": 5, "to": "staff"}]}]},
            "groups[0].overflow[0]",
        ),
        (
            "groups",
            {"groups": [{"name": "default", "overflow": [{"after_s": s, "to": "message"} for s in (9, 5)]}]},
            "groups[0].overflow",
        ),
        ("skills", {"agents": {"wang": {"groups": {"default": 6}, "cap": 3}}}, "agents.wang.groups.default"),
        ("skills", {"agents": {"wang": {"groups": {"default": 1}, "cap": 101}}}, "agents.wang.cap"),
        ("skills", {"agents": {"wang": {"groups": {"default": True}, "cap": 1}}}, "agents.wang.groups.default"),
        ("skills", {"agents": {"wang": {"groups": {"退款": 1}, "cap": 1}}}, "agents.wang.groups.退款"),
        ("priorities", {"reasons": {"whim": {"class": 1}}}, "reasons.whim"),
        ("calendar", {"zone": "Mars/Olympus", "always": True}, "zone"),
        ("calendar", {"always": False}, "document"),
        ("calendar", {"week": {"mon": "9:00-12:00,11:00-18:00"}}, "week.mon"),
        ("calendar", {"week": {"monday": "9:00-12:00"}}, "week.monday"),
        ("calendar", {"week": {"mon": "9-12"}}, "week.mon"),
        ("calendar", {"always": True, "holidays": {"2026-02-30": "无此日"}}, "holidays.2026-02-30"),
        ("entrances", {"entrances": {"web": {"mode": "bot_first"}}}, "document"),
        ("entrances", {"entrances": {"*": {"mode": "nobody"}}}, "entrances.*.mode"),
        ("entrances", {"entrances": {"*": {"after_hours": "person_first"}}}, "entrances.*.after_hours"),
        ("targets", {"standard": {"first_s": 0, "next_s": 9}}, "standard.first_s"),
        ("targets", {"standard": {"first_s": 9, "next_s": 9}, "rules": [{"first_s": 1, "next_s": 1}]}, "rules[0]"),
        ("triggers", {"thresholds": {"missses": 2}}, "thresholds.missses"),
        ("triggers", {"thresholds": {"misses": 1.5}}, "thresholds.misses"),
        ("triggers", {"words": {"request": ["人"]}}, "words.request[0]"),
    ],
)
def test_a_document_that_would_do_harm_is_refused_at_the_field_that_is_wrong(kind, document, field) -> None:
    assert field in faults(kind, document)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(kind=st.sampled_from(sorted(KINDS)), document=json_values)
def test_whatever_is_sent_it_is_read_or_refused_with_a_sentence(kind: str, document: Any) -> None:
    try:
        after = with_document(Config(), kind, document)
    except BadDocument as error:
        problems = error.problems
    else:
        problems = (Problem("", ""),)
        assert with_document(Config(), kind, document_of(after, kind)) == after
    assert problems
    assert all(bool(one.field) == bool(one.message) for one in problems)


def test_a_group_that_somebody_works_in_cannot_be_taken_away() -> None:
    config = with_document(Config(), "groups", {"groups": [{"name": "default"}, {"name": "退款"}]})
    config = with_document(config, "skills", {"agents": {"wang": {"groups": {"退款": 3}, "cap": 2}}})
    assert faults("groups", {"groups": [{"name": "default"}]}, config) == {
        "groups": "不能去掉：人员 wang 的技能组「退款」。"
    }


def test_the_most_specific_target_holds() -> None:
    both, group, grave = Target(10, 20), Target(30, 40), Target(50, 60)
    targets = Targets(rules=(Rule(grave, priority=3), Rule(group, "退款"), Rule(both, "退款", 3)))
    assert [targets.of("退款", 3), targets.of("退款", 0), targets.of("default", 3), targets.of("default", 0)] == [
        both,
        group,
        grave,
        Target(),
    ]


def test_an_entry_point_has_a_mode_by_the_hour_and_another_after_hours() -> None:
    calendar = with_document(Config(), "calendar", OPEN_HOURS).calendar.calendar()
    assert calendar is not None
    lunch = Times("mon-fri", "12:00-13:30", "bot_only")
    morning = Times("mon", "9:00-10:00", "person_first")
    web = Entrance(after_hours="bot_only", times=(morning, lunch))
    known = Entrances({"web": web, "*": Entrance()})
    monday = 1_795_996_800_000 - 1_795_996_800_000 % 86_400_000
    monday -= ((monday // 86_400_000 + 3) % 7) * 86_400_000  # the epoch was a Thursday

    def mode(channel: str, hour: float) -> str:
        at_ms = monday + int(hour * 3_600_000)
        return known.mode(channel, at_ms, zone="UTC", is_open=calendar.is_open(at_ms))

    assert [mode("web", hour) for hour in (9.5, 11, 20)] == ["person_first", "bot_first", "bot_only"]
    assert [mode("rest", hour) for hour in (9.5, 20)] == ["bot_first", "bot_first"]


def test_an_entry_point_without_people_calls_nobody_at_any_hour() -> None:
    only = Entrances({"*": Entrance(mode=entrances.BOT_ONLY)})
    assert {only.mode("web", 0, zone="UTC", is_open=is_open) for is_open in (True, False)} == {"bot_only"}


def test_a_calendar_that_was_set_is_the_engines_calendar() -> None:
    policy = DeskPolicy().under(with_document(Config(), "calendar", OPEN_HOURS))
    assert policy.calendar is not None
    assert policy.calendar.zone == "UTC"
    assert DeskPolicy().under(with_document(Config(), "calendar", document_of(Config(), "calendar"))).calendar is None
    assert Hours().calendar() is None


def test_words_and_thresholds_lie_over_the_file_that_ships() -> None:
    own = TriggerPolicy.from_yaml()
    said = [TurnSignals(1, "帮我接值班长")]
    assert before_answer(said, own) is None
    document = {"words": {"request": ["接值班长"]}, "thresholds": {"misses": 1}}
    now = read(document, thresholds.read).over(own)
    found = before_answer(said, now)
    assert found is not None
    assert found.reason is Reason.EXPLICIT_REQUEST
    missed = [TurnSignals(1, "火星卖房吗", outcome="miss")]
    assert after_answer(missed, own) is None
    assert after_answer(missed, now) is not None
    never = read({"never": {"request": ["转人工智能课"]}}, thresholds.read).over(own)
    assert before_answer([TurnSignals(1, "我想转人工智能课")], never) is None


def test_every_threshold_of_the_file_can_be_set_within_a_range_that_holds_what_ships() -> None:
    for name, value in thresholds.shipped().items():
        least, most = thresholds.RANGES[name]
        assert least <= value <= most
    changed = {name: least for name, (least, _) in thresholds.RANGES.items()}
    policy = read({"thresholds": changed}, thresholds.read).over(TriggerPolicy.from_yaml())
    assert {name: getattr(policy, name) for name in changed} == changed
