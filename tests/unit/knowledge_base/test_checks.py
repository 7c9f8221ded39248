from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from knowledge_base.checks import check
from knowledge_base.entry import FaqEntry
from knowledge_base.files import Place
from knowledge_base.finder import Finder
from knowledge_base.fusion import rule_of_thumb

TODAY = date(2025, 6, 15)
FINE = FaqEntry("fine", "怎么开具增值税发票", "在订单页点申请。", ("可以开专票吗", "开票要什么资料"))


def told(encoder, *entries: FaqEntry) -> list[tuple[str, str]]:
    finder = Finder.build([FINE, *entries], encoder, rule_of_thumb(), today=lambda: TODAY)
    places = {entry.id: Place("a.yml", row, 1) for row, entry in enumerate(finder.entries, 1)}
    return [(problem.entry_id, problem.what) for problem in check(finder, places, TODAY)]


def test_a_sound_base_is_told_nothing(encoder):
    assert told(encoder) == []


OTHER = FaqEntry("other", "几天能送到家里", "三天。", ("快递要走多久", "什么时候能收货"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"variants": ("可以开专票吗？", "丁丁丁")}, "也是 fine 的问法，而且答案不同"),
        ({"variants": ("怎么开具增值税的发票", "甲乙丙")}, "与 fine 很像"),
        ({"variants": ("甲乙丙丁",)}, "只有 1 个相似问法"),
        ({"effective_until": date(2025, 6, 14)}, "已于 2025-06-14 失效"),
        ({"effective_until": date(2025, 6, 20)}, "将于 2025-06-20 失效"),
        ({"answer": "[点](htp:/x)"}, "打不开"),
        ({"answer": "保证三天到。"}, "承诺"),
    ],
)
def test_each_fault_is_told_at_its_entry(encoder, monkeypatch, change, said):
    monkeypatch.setattr("knowledge_base.checks.NEAR", 0.8)  # pairs of characters differ more than meanings do
    found = told(encoder, replace(OTHER, **change))
    assert any(entry_id == "other" and said in what for entry_id, what in found), found


@pytest.mark.parametrize(
    "answer", ["[看](https://a.example/x)", "[看](/help)", "[打](tel:95000)", "我们不保证到达时间。"]
)
def test_sound_answers_are_left_alone(encoder, answer):
    assert told(encoder, replace(OTHER, answer=answer)) == []


def test_an_entry_that_loses_on_its_own_question_is_told(encoder):
    thief = FaqEntry("thief", "送货", "三天。", ("几天能送到家里", "几天能送到家", "几天送到家里"))
    found = told(encoder, replace(OTHER, variants=("甲乙丙", "丁戊己")), thief)
    assert any(entry_id == "other" and "排第一的却是 thief" in what for entry_id, what in found)
