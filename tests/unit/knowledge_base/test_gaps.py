from __future__ import annotations

import pytest

from contracts.answer import Outcome
from knowledge_base import gaps
from knowledge_base.asked import Asked
from knowledge_base.entry import Status
from knowledge_base.finder import Finder
from knowledge_base.fusion import rule_of_thumb
from knowledge_base.gaps import Unanswered, Why, find_gaps, unanswered

PARKING = ["门店有停车位吗", "门店停车位有吗", "门店有没有停车位"]
PETS = ["可以带宠物进店吗", "带宠物可以进店吗"]


@pytest.fixture(autouse=True)
def pairs_differ_more_than_meanings(monkeypatch):
    monkeypatch.setattr(gaps, "SAME_TOPIC", 0.3)


def test_wordings_of_one_question_become_one_topic_named_by_one_of_them(encoder):
    found = find_gaps([Unanswered(text) for text in PETS + PARKING], encoder)
    assert [gap.asks for gap in found] == [3, 2]
    assert set(found[0].wordings) == set(PARKING)
    assert found[0].question in PARKING


def test_what_costs_people_time_comes_first(encoder):
    asked = [Unanswered(text) for text in PARKING]
    asked += [Unanswered(text, handed_over=True, agent_seconds=180, reply="小型宠物可以。") for text in PETS]
    first, second = find_gaps(asked, encoder)
    assert (first.asks, first.handoffs, first.agent_minutes) == (2, 2, 6.0)
    assert first.impact > second.impact


def test_a_draft_begins_with_what_the_agents_said_most(encoder):
    replies = ["可以。", "小型宠物可以。", "小型宠物可以。"]
    asked = [Unanswered(PETS[at % 2], reply=reply) for at, reply in enumerate(replies)]
    (gap,) = find_gaps(asked, encoder)
    draft = gap.draft()
    assert draft.answer == "小型宠物可以。"
    assert draft.status is Status.DRAFT
    assert draft.question in PETS
    assert set(draft.wordings) == set(PETS)


def test_the_same_words_count_each_time_and_rare_ones_may_be_left_out(encoder):
    asked = [Unanswered(PARKING[0])] * 4 + [Unanswered("完全不相干的一句")]
    assert [gap.asks for gap in find_gaps(asked, encoder)] == [4, 1]
    assert [gap.asks for gap in find_gaps(asked, encoder, least_asks=2)] == [4]


def test_nothing_asked_is_no_gap(encoder):
    assert find_gaps([], encoder) == []
    assert find_gaps([Unanswered("😀"), Unanswered("  ")], encoder) == []


@pytest.fixture
def finder(encoder, entries):
    return Finder.build(entries, encoder, rule_of_thumb())


def test_what_counts_as_unanswered(finder):
    known = "退款多久到账"
    asked = [
        Asked("门店有停车位吗", Outcome.MISS),
        Asked("门店在哪", Outcome.CLARIFY),
        Asked("门店几点开", Outcome.CLARIFY, chosen="ship"),
        Asked(known, Outcome.ANSWER),
        Asked(known, Outcome.ANSWER, useful=False),
        Asked("能带狗吗", Outcome.ANSWER, handed_over=True, reply="可以。"),
        Asked("谢谢", Outcome.ANSWER, handed_over=True),
    ]
    found, since = unanswered(asked, finder)
    assert [(one.text, one.why) for one in found] == [
        ("门店有停车位吗", Why.MISSED),
        ("门店在哪", Why.NONE_CHOSEN),
        (known, Why.USELESS),
        ("能带狗吗", Why.BY_PERSON),
    ]
    assert since == 0


def test_what_the_base_answers_by_now_is_counted_and_left_out(finder):
    assert unanswered([Asked("退款多久到账", Outcome.MISS)], finder) == ([], 1)


def test_a_question_of_unknown_outcome_is_put_to_the_base(finder):
    found, since = unanswered([Asked("退款多久到账"), Asked("门店有停车位吗")], finder)
    assert ([one.text for one in found], since) == (["门店有停车位吗"], 0)


def test_a_gap_names_its_reasons_and_the_entry_that_comes_nearest(encoder, finder):
    asked = [Unanswered("发票怎么寄"), Unanswered("发票怎么寄", why=Why.USELESS)]
    (gap,) = find_gaps(asked, encoder, finder=finder)
    assert gap.whys == {"missed": 1, "useless": 1}
    assert gap.nearest == "invoice"
    assert 0 < gap.nearest_probability < 1


def test_rare_wordings_join_the_topics_of_the_frequent_ones(encoder, monkeypatch):
    monkeypatch.setattr(gaps, "_MOST_COMPARED", 3)
    asked = [Unanswered(text) for text in PARKING] * 2 + [Unanswered("门店停车位"), *map(Unanswered, PETS)]
    found = find_gaps(asked, encoder)
    assert sorted(gap.asks for gap in found) == [1, 1, 7]
