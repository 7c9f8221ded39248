"""What in a text says who somebody is, taken out: for people who read what customers said without serving them."""

from __future__ import annotations

import re

#: What is taken out, in this order, and the word that stands in its place. A digit group of seven or more is an
#: order, card, parcel or telephone number; shorter ones are prices, sizes and days.
_PERSONAL = (
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "[邮箱]"),
    (re.compile(r"(?<![0-9A-Za-z])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)"), "[手机号]"),
    (re.compile(r"(?<![0-9A-Za-z])\d{17}[0-9Xx](?![0-9A-Za-z])"), "[证件号]"),
    (re.compile(r"(?<![0-9A-Za-z])0\d{2,3}[- ]\d{7,8}(?!\d)"), "[电话]"),
    (re.compile(r"(?<![0-9A-Za-z])(?!20\d\d-\d\d?-\d\d?(?!\d))[A-Za-z]{0,6}\d(?:[- ]?\d){6,}[0-9A-Za-z]*"), "[号码]"),
)


def masked(text: str) -> str:
    """`text` with telephone, identity, order and card numbers and e-mail addresses named instead of shown."""
    for pattern, word in _PERSONAL:
        text = pattern.sub(word, text)
    return text
