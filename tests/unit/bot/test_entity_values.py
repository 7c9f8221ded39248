from __future__ import annotations

import pytest

from bot.entity_values import Span, is_order_number, shapes, without_overlaps


def found(text: str) -> list[tuple[str, str]]:
    return [(span.name, span.value) for span in without_overlaps(shapes(text))]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("订单sg202611030017到哪了", [("order_number", "SG202611030017")]),
        ("sg 202611030017", [("order_number", "SG202611030017")]),
        ("202611030017", [("order_number", "SG202611030017")]),
        ("手机号13800138000，帮我查", [("phone", "13800138000")]),
        ("+86 138-0013-8000", [("phone", "13800138000")]),
        ("打138 0013 8000这个号", [("phone", "13800138000")]),
        ("退我299.5元", [("amount", "299.5元")]),
        ("两百块钱呢", [("amount", "两百块钱")]),
        ("一共¥199", [("amount", "¥199")]),
        ("11月3日买的", [("date", "11月3日")]),
        ("3号发的货", [("date", "3号")]),
        ("2026-11-03下单", [("date", "2026-11-03")]),
        ("2026年1月5号", [("date", "2026年1月5号")]),
        ("上周五买的", [("date", "上周五")]),
        ("下个星期三送", [("date", "下个星期三")]),
        ("三月十二号", [("date", "三月十二号")]),
        ("昨天花了50块", [("date", "昨天"), ("amount", "50块")]),
    ],
)
def test_numbers_and_times_are_found_and_spelled_one_way(text: str, wanted: list[tuple[str, str]]) -> None:
    assert found(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "怎么退货",
        "12345678",
        "138001380001",
        "5号楼3单元",
        "今天天空真蓝"[2:],
        "一块砖头",
        "尾号0017",
        "msg202611030017",
        "299612319999",
    ],
)
def test_what_only_looks_like_one_is_left_alone(text: str) -> None:
    assert [pair for pair in found(text) if pair[0] != "date"] == []


def test_offsets_point_at_the_words() -> None:
    text = "我11月3日用13800138000下的单"
    for span in shapes(text):
        assert text[span.start : span.end] in ("11月3日", "13800138000")


def test_the_longer_of_two_overlapping_spans_is_kept() -> None:
    spans = [Span("product", "手机", 0, 2), Span("product", "手机壳", 0, 3), Span("date", "今天", 3, 5)]
    assert without_overlaps(spans) == [spans[1], spans[2]]


def test_an_order_number_is_sg_and_twelve_digits() -> None:
    assert is_order_number("SG202611030017")
    for wrong in ("202611030017", "SG20261103001", "SG2026110300170", "SG20261103001７", "", "SG202611030017\n"):
        assert not is_order_number(wrong)
