from __future__ import annotations

import pytest

from knowledge_base import gaps
from knowledge_base.entry import Status
from knowledge_base.gaps import Unanswered, find_gaps

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
