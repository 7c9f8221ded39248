from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from knowledge_base.checks import check, contradiction, dead_links
from knowledge_base.entry import FaqEntry, Status
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
        ({"answer": "（请补上答案）"}, "占位"),
        ({"answer": "![图](img/a.txt)"}, "看不出是图片"),
        ({"images": ("../a.png",)}, "不能用 .."),
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


def test_entries_that_nobody_sees_are_not_measured_against_others(encoder):
    retired = replace(OTHER, id="old", status=Status.RETIRED, answer="保证三天到。")
    expired = replace(OTHER, id="past", effective_until=date(2025, 1, 1))
    assert [what for entry_id, what in told(encoder, OTHER, retired)] == []
    assert not any("排第一" in what for _, what in told(encoder, OTHER, expired))


def test_an_entry_that_loses_on_one_of_its_variants_is_told_with_how_many(encoder):
    thief = FaqEntry("thief", "快递要走多久", "三天。", ("什么时候能收货", "快递要走多久呢"))
    found = told(encoder, thief, replace(OTHER, variants=("快递要走多久的", "什么时候能收货呢")))
    assert any("排第一的却是" in what for _, what in found), found


def test_answers_that_give_other_figures_for_nearly_one_question_contradict_each_other(encoder, monkeypatch):
    monkeypatch.setattr("knowledge_base.checks.NEAR", 0.8)
    one = FaqEntry("one", "怎么开具增值税的发票", "7天内在订单页申请。", ("甲乙丙", "丁戊己"))
    two = FaqEntry("two", "怎么开具增值税的发票呢", "15 天内申请，共 1-3 个工作日。", ("庚辛壬", "子丑寅"))
    found = told(encoder, one, two)
    assert any("答案却不一样：7天 / 15天" in what for _, what in found), found


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("7天内可退", "七天无理由，7 天内都行", ""),
        ("满99元包邮", "运费8元，满99元免", ""),
        ("1-3个工作日", "1～3个工作日", ""),
        ("1-3个工作日", "5个工作日", "1–3个工作日 / 5个工作日"),
        ("打9折", "打 8.5 折", "9折 / 8.5折"),
        ("没有数字", "3天", ""),
    ],
)
def test_figures_contradict_only_where_they_count_the_same_thing(one, other, said):
    assert contradiction(one, other) == said


def test_addresses_are_looked_up_only_when_asked_and_only_those_that_customers_see(monkeypatch):
    asked: list[str] = []

    def probe(targets):
        asked.extend(targets)
        return {"https://a.example/x": "返回 404"}

    monkeypatch.setattr("knowledge_base.checks.probe", probe)
    entries = [
        replace(OTHER, answer="[看](https://a.example/x) [打](tel:95000)"),
        replace(OTHER, id="draft", status=Status.DRAFT, answer="[看](https://b.example)"),
    ]
    (problem,) = dead_links(entries, {})
    assert asked == ["https://a.example/x"]
    assert "返回 404" in problem.what


def test_an_entry_that_another_would_answer_for_is_told_unless_they_are_known_as_related(encoder, monkeypatch):
    monkeypatch.setattr("knowledge_base.checks.DOUBLE", 0.5)
    double = FaqEntry("double", "送到家里要几天", "五天。", ("甲乙丙", "丁戊己"))
    found = told(encoder, OTHER, double)
    assert any(entry_id == "double" and "会由 other 来答" in what for entry_id, what in found), found
    found = told(encoder, OTHER, replace(double, related=("other",)))
    assert not any("来答" in what for _, what in found), found
