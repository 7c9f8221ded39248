"""A draft against the live base: the same scorer, and a fair word for every change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from contracts.answer import Outcome
from knowledge_base.exchange import export
from knowledge_base.finder import Finder
from knowledge_base.fusion import rule_of_thumb
from knowledge_base.live import LiveBase
from knowledge_base.queries import Query
from knowledge_base.replay import Reply, Shift, Verdict, replay

QUESTIONS = [
    "退款多久到账", "钱什么时候退", "怎么退货", "开发票", "几天发货", "优惠券", "门店在哪", "我想退货退款", "😀", "",
]  # fmt: skip


def build(entries, encoder) -> Finder:
    return Finder.build(entries, encoder, rule_of_thumb())


def test_both_sides_are_scored_as_the_live_base_scores(encoder, entries, tmp_path: Path):
    (tmp_path / "faq.yml").write_bytes(export(entries, "yml"))
    live = LiveBase(tmp_path, encoder, calibration=rule_of_thumb())
    finder = build(live.loaded.entries, encoder)
    result = replay(finder, live.finder, [Query(text) for text in QUESTIONS])
    assert result.live_version == result.draft_version == live.version
    for shift in result.shifts:
        said = Reply.of(live.finder, live.finder.find(shift.query.text))
        assert shift.live == shift.draft == said
    assert [shift.verdict for shift in result.shifts] == [Verdict.SAME] * len(QUESTIONS)


def test_an_answer_that_changes_its_words_or_its_call_for_a_person_is_told(encoder, entries):
    first, *others = entries
    for change, said in (({"answer": "七个工作日。"}, "答案的文字变了"), ({"escalate": True}, "是否请人工变了")):
        (shift,) = replay(
            build(entries, encoder), build([replace(first, **change), *others], encoder), [Query("退款多久到账")]
        ).shifts
        assert (shift.verdict, shift.what) == (Verdict.CHANGED, said)


def test_taking_an_entry_away_breaks_its_golden_question_and_putting_it_back_improves(encoder, entries):
    whole, less = build(entries, encoder), build(entries[1:], encoder)
    golden = [Query("退款多久到账", ("refund",)), Query("怎么开发票", ("invoice",))]
    broken = replay(whole, less, [], golden)
    assert [shift.verdict for shift in broken.shifts] == [Verdict.BROKEN, Verdict.SAME]
    assert [shift.verdict for shift in replay(less, whole, [], golden).shifts] == [Verdict.IMPROVED, Verdict.SAME]
    report = broken.report()
    assert (report["n"], report["golden"], report["broken"], report["same"]) == (2, 2, 1, 1)
    assert [row["text"] for row in report["rows"]] == ["退款多久到账"]


RIGHT, CHOICE, MISS = (
    Reply(Outcome.ANSWER, ("a",), "答"),
    Reply(Outcome.CLARIFY, ("b", "a")),
    Reply(Outcome.MISS),
)
WRONG, WRONG_CHOICE = Reply(Outcome.ANSWER, ("b",), "错"), Reply(Outcome.CLARIFY, ("b", "c"))


@pytest.mark.parametrize(
    ("gold", "live", "draft", "verdict"),
    [
        (("a",), RIGHT, CHOICE, Verdict.WEAKER),
        (("a",), RIGHT, MISS, Verdict.BROKEN),
        (("a",), RIGHT, WRONG, Verdict.BROKEN),
        (("a",), CHOICE, WRONG_CHOICE, Verdict.BROKEN),
        (("a",), MISS, WRONG_CHOICE, Verdict.WEAKER),
        (("a",), MISS, WRONG, Verdict.BROKEN),
        (("a",), WRONG, MISS, Verdict.IMPROVED),
        (("a",), CHOICE, RIGHT, Verdict.IMPROVED),
        (("a",), WRONG, Reply(Outcome.ANSWER, ("c",)), Verdict.CHANGED),
        ((), MISS, WRONG, Verdict.BROKEN),
        ((), MISS, CHOICE, Verdict.WEAKER),
        ((), WRONG, MISS, Verdict.IMPROVED),
        ((), MISS, MISS, Verdict.SAME),
    ],
)
def test_verdicts_on_golden_questions(gold, live, draft, verdict):
    assert Shift(Query("问", gold), True, live, draft).verdict is verdict


def test_a_question_that_nobody_labelled_never_improves_or_breaks():
    assert Shift(Query("问"), False, RIGHT, MISS).verdict is Verdict.CHANGED
    assert Shift(Query("问"), False, RIGHT, MISS).what == "直接回答变为答不上"
