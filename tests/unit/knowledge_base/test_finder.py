from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.answer import Finding, Outcome
from contracts.codec import dumps, loads
from knowledge_base.entry import FaqEntry, Status
from knowledge_base.finder import MOST_CHOICES, Finder, decide
from knowledge_base.fusion import Thresholds, rule_of_thumb


@pytest.fixture
def finder(entries, encoder) -> Finder:
    return Finder.build(entries, encoder, rule_of_thumb())


def test_the_nearest_entry_comes_first_with_its_nearest_wording(finder):
    finding = finder.find("退的钱几天到")
    best = finding.candidates[0]
    assert best.entry_id == "refund"
    assert best.matched == "退的钱几天能到"
    assert finding.version == finder.version
    assert finding.took_ms > 0
    assert loads(Finding, dumps(finding)) == finding


def test_a_variant_asked_word_for_word_is_answered(finder):
    assert finder.find("我想退货").outcome is Outcome.ANSWER


@pytest.mark.parametrize("text", ["", "   ", "😀😀", "???", "\x00\u200b", "。" * 10_000])
def test_a_message_without_words_is_a_miss(finder, text):
    finding = finder.find(text)
    assert finding.outcome is Outcome.MISS
    assert finding.candidates == ()


@pytest.mark.parametrize(
    "text", ["退" * 10_000, "\ud800退款", "a" * 5000, "/restart", "<script>退款</script>", "1", "𠮷野家"]
)
def test_odd_messages_are_decided_like_any_other(finder, text):
    assert finder.find(text).outcome in Outcome


@settings(deadline=None)
@given(text=st.text(max_size=80))
def test_no_text_can_make_the_finder_fail(text):
    from tests.unit.knowledge_base.conftest import BagOfPairs  # hypothesis and function fixtures do not mix

    finding = Finder.build([FaqEntry("a", "怎么退货", "点申请")], BagOfPairs(), rule_of_thumb()).find(text)
    assert all(0 <= candidate.probability <= 1 for candidate in finding.candidates)


def test_many_questions_are_decided_as_one_by_one(finder):
    texts = ["怎么开发票", "券怎么用", "今天天气", ""]
    many = [replace(finding, took_ms=0) for finding in finder.find_many(texts)]
    assert many == [replace(finder.find(text), took_ms=0) for text in texts]


def test_an_entry_not_served_today_or_on_this_channel_is_never_found(entries, encoder):
    changed = [
        replace(entries[0], status=Status.DRAFT),
        replace(entries[1], channels=("wechat",)),
        replace(entries[2], effective_until=date(2025, 1, 31)),
        *entries[3:],
    ]
    days = [date(2025, 2, 1)]
    finder = Finder.build(changed, encoder, rule_of_thumb(), today=lambda: days[0])
    for text in ("退款多久到账", "怎么申请退货", "怎么开发票"):
        assert {c.entry_id for c in finder.find(text).candidates} <= {"ship", "coupon"}
    assert finder.find("怎么申请退货", channel="wechat").candidates[0].entry_id == "return"
    assert finder.answer("refund") is None
    assert finder.answer("invoice") is None
    days[0] = date(2025, 1, 31)
    assert finder.find("怎么开发票").candidates[0].entry_id == "invoice"


def test_an_answer_says_where_it_comes_from_and_how_fresh_it_is(finder):
    answer = finder.answer("invoice")
    assert answer is not None
    assert (answer.text, answer.category, answer.updated) == ("在订单详情页点「申请发票」。", "发票", "2025-03-01")
    assert finder.answer("nobody") is None


def test_an_empty_base_misses(encoder):
    finder = Finder.build([], encoder, rule_of_thumb())
    assert finder.find("怎么退货").outcome is Outcome.MISS


def test_the_version_follows_entries_encoder_and_calibration_and_nothing_else(entries, encoder):
    version = Finder.build(entries, encoder, rule_of_thumb()).version
    assert Finder.build(entries[::-1], encoder, rule_of_thumb()).version == version
    assert Finder.build(entries[1:], encoder, rule_of_thumb()).version != version
    other = replace(rule_of_thumb(), thresholds=Thresholds(0.9))
    assert Finder.build(entries, encoder, other).version != version


def test_a_version_built_on_the_last_decides_like_one_built_afresh(entries, encoder):
    first = Finder.build(entries, encoder, rule_of_thumb())
    edited = [*entries[1:], FaqEntry("hours", "几点上班", "九点到六点。", ("周末有人吗",))]
    encoder.asked.clear()
    follower = Finder.build(edited, encoder, rule_of_thumb(), previous=first.base.preparation)
    assert encoder.asked == ["几点上班", "周末有人吗", "九点到六点。"]
    afresh = Finder.build(edited, encoder, rule_of_thumb())
    for text in ("周末几点上班", "退款多久到账", "开发票", "什么时候发货"):
        assert replace(follower.find(text), took_ms=0) == replace(afresh.find(text), took_ms=0)
    assert first.find("退款多久到账").candidates[0].entry_id == "refund"


def test_many_threads_may_ask_at_once(finder):
    texts = ["怎么开发票", "券怎么用", "什么时候发货", "钱什么时候退"] * 25
    expected = [replace(finding, took_ms=0) for finding in finder.find_many(texts)]
    seen: list[list[Finding]] = []

    def ask() -> None:
        seen.append([replace(finder.find(text), took_ms=0) for text in texts])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [expected] * 4


THRESHOLDS = Thresholds(answer=0.6, lead=0.2, clarify=0.4, choice=0.05)


@pytest.mark.parametrize(
    ("probabilities", "outcome"),
    [
        ([], Outcome.MISS),
        ([0.9], Outcome.ANSWER),
        ([0.9, 0.05], Outcome.ANSWER),
        ([0.65, 0.4], Outcome.ANSWER),
        ([0.6, 0.41], Outcome.CLARIFY),
        ([0.5, 0.1], Outcome.CLARIFY),
        ([0.2, 0.15, 0.1], Outcome.CLARIFY),
        ([0.3, 0.04, 0.04, 0.04], Outcome.MISS),
        ([0.2, 0.1, 0.05, 0.05], Outcome.MISS),
    ],
)
def test_three_outcomes_by_probability_and_lead(probabilities, outcome):
    assert decide(probabilities, THRESHOLDS)[0] is outcome


def test_a_clarification_offers_three_at_most_and_only_likely_ones(finder, entries, encoder):
    unsure = replace(rule_of_thumb(), thresholds=Thresholds(answer=1.1, clarify=0.0, choice=0.03))
    finding = Finder.build(entries, encoder, unsure).find("退")
    assert finding.outcome is Outcome.CLARIFY
    assert len(finding.candidates) <= MOST_CHOICES
    assert all(candidate.probability >= 0.03 for candidate in finding.candidates)


def test_a_question_in_the_editors_own_words_is_answered_however_modest_its_probability() -> None:
    assert decide([0.4, 0.3], THRESHOLDS, [0.97, 0.6])[0] is Outcome.ANSWER
    assert decide([0.4, 0.3], THRESHOLDS, [0.80, 0.6])[0] is Outcome.CLARIFY


def test_the_same_words_in_two_entries_are_asked_back_about() -> None:
    assert decide([0.4, 0.3], THRESHOLDS, [0.97, 0.95])[0] is Outcome.CLARIFY


def test_a_vague_question_is_asked_back_about_though_no_choice_stands_out() -> None:
    assert decide([0.1, 0.09, 0.09], THRESHOLDS, [0.7, 0.7, 0.7], 0.98)[0] is Outcome.CLARIFY
    assert decide([0.1, 0.09, 0.09], THRESHOLDS, [0.7, 0.7, 0.7], 0.5)[0] is Outcome.MISS
