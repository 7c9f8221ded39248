"""Number-shaped entities, and one spelling for the value of any entity. Pure: no Rasa, no spaCy.

The entity ruler matches whole tokens, and jieba glues a unit to its neighbour (11月3|日买, 3|号发), so shapes made of
digits are found on characters. `\\b` and `\\d` are avoided: the first fails beside Chinese characters, the second
takes full-width digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_MONTH_DAY = r"(?:1[0-2]|0?[1-9])月(?:[0-9]{1,2}[日号]?|份)?"
_SHAPES = (
    ("order_number", r"(?<![a-z])sg ?[0-9]{12}(?![0-9])"),
    # Without its SG a number of twelve digits counts only when it starts with a date of this century.
    ("order_number", r"(?<![0-9a-z])20[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{4}(?![0-9a-z])"),
    ("phone", r"(?<![0-9])(?:\+?86[- ]?)?1[3-9][0-9](?:[- ]?[0-9]{4}){2}(?![0-9])"),
    ("amount", r"(?<![0-9.])[0-9]+(?:\.[0-9]{1,2})?[万千百]?(?:块钱|元钱|元|块|rmb)"),
    ("amount", r"[¥￥] ?[0-9]+(?:\.[0-9]{1,2})?"),
    (
        "amount",
        r"[一二两三四五六七八九十][一二两三四五六七八九十百千万]*(?:块钱|元钱|元|块(?![\u4e00-\u9fff])|块(?=[的了吧呢吗退]))",
    ),
    ("date", rf"(?:20[0-9]{{2}}年)?{_MONTH_DAY}"),
    ("date", r"(?<![0-9])20[0-9]{2}([-/.])(?:1[0-2]|0?[1-9])\1[0-9]{1,2}(?![0-9])"),
    ("date", r"(?<![0-9])[0-9]{1,2}号(?![楼线机店仓铁码])"),
    ("date", r"[一二三四五六七八九十]+月(?:[一二三四五六七八九十]+[日号])?"),
    ("date", r"(?:[上下这本]个?)?(?:周|星期|礼拜)[一二三四五六日天]"),
    ("date", r"大?[前后昨今明]天(?!空)|[昨今明前][早晚]"),
    ("date", r"[上下这本]个?(?:周|星期|月)(?![0-9一二三四五六日天])"),
)
_COMPILED = tuple((name, re.compile(shape, re.IGNORECASE)) for name, shape in _SHAPES)
_NOT_DIGIT = re.compile(r"[^0-9]")
_ORDER_NUMBER = re.compile(r"SG[0-9]{12}")


@dataclass(frozen=True)
class Span:
    """An entity in a text: characters [start, end) and the one spelling of its value."""

    name: str
    value: str
    start: int
    end: int


def shapes(text: str) -> list[Span]:
    """Order numbers, phones, amounts and dates in the normalised `text`; may overlap."""
    return [
        Span(name, canonical(name, match[0]), match.start(), match.end())
        for name, shape in _COMPILED
        for match in shape.finditer(text)
    ]


def without_overlaps(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, the longer one where two overlap; of equal length the earlier one given."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start - span.end):
        if all(span.end <= other.start or span.start >= other.end for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda span: span.start)


def canonical(name: str, text: str) -> str:
    """One spelling of a value: an order number in capitals with its SG, a phone as eleven digits."""
    if name == "order_number":
        return "SG" + _NOT_DIGIT.sub("", text)
    if name == "phone":
        return _NOT_DIGIT.sub("", text)[-11:]
    return text


def is_order_number(value: str) -> bool:
    """Whether `value` has the form of an order number: SG and twelve digits."""
    return _ORDER_NUMBER.fullmatch(value) is not None
