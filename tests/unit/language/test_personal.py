"""What says who somebody is does not pass; what says what they want does."""

from __future__ import annotations

import pytest

from language.personal import masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("打 13812345678 给我", "打 [手机号] 给我"),
        ("电话138-1234-5678", "电话[手机号]"),
        ("+86 13812345678", "[手机号]"),
        ("座机 010-62345678", "座机 [电话]"),
        ("身份证 11010519491231002X", "身份证 [证件号]"),
        ("订单SG202611030017到哪了", "订单[号码]到哪了"),
        ("卡号 6222 0212 3456 7890", "卡号 [号码]"),
        ("写到 wang.x+1@mail.example.com 吧", "写到 [邮箱] 吧"),
        ("满 300 减 50，7 天内，2026-11-01 到货", "满 300 减 50，7 天内，2026-11-01 到货"),
        ("iPhone15 128G 多少钱", "iPhone15 128G 多少钱"),
        ("退款 3-5 天", "退款 3-5 天"),
    ],
)
def test_numbers_and_addresses_are_named_instead_of_shown(text: str, shown: str) -> None:
    assert masked(text) == shown
