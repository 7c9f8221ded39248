"""What of a message the confirm-back card may quote."""

from __future__ import annotations

import pytest

from handoff.readable import readable
from tests.payloads import PAYLOADS


@pytest.mark.parametrize(
    "text",
    [
        "我的订单三天没动静",
        "价格<100元的有吗，a=b 也行",
        "两件[一件红的、一件蓝的]要换",
        "写着 5>3，满 {199} 减 20？",
        "https://example.com/a?b=1&c=2 这个链接打不开",
        "Where is my order (number 42)?",
        "  前后的空格 ",
    ],
)
def test_words_without_markup_stay_exactly_as_they_were_written(text: str) -> None:
    assert readable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("太气人了 <img src=x onerror=alert(1)>", "太气人了"),
        ("<b>杯子</b>碎了，<script>alert(1)</script>请补发", "杯子 碎了， 请补发"),
        ("[退款](javascript:alert(1))还没到", "退款 还没到"),
        ("页面显示 <div class='error'>支付失败</div> 怎么办", "页面显示 支付失败 怎么办"),
        ("{{constructor.constructor('alert(1)')()}}退货", "退货"),
        ("<<b>script>alert(1)<</b>/script>发票抬头", "发票抬头"),
        ("&#60;img&#62; 收不到短信", "img 收不到短信"),
        ("<img src=x onerror=alert(1)", ""),
        ("javascript:alert(document.cookie)", ""),
        ("<svg/onload=alert(1)>", ""),
    ],
)
def test_markup_and_code_are_left_out(text: str, shown: str) -> None:
    assert readable(text) == shown


@pytest.mark.parametrize("payload", PAYLOADS)
def test_of_a_payload_nothing_that_acts_is_left_and_the_sentence_beside_it_is(payload: str) -> None:
    rest = readable(f"快递丢了怎么办 {payload}")
    assert "快递丢了怎么办" in rest or rest == ""
    assert "<" not in rest or "onerror" not in rest
    assert readable(readable(payload)) == readable(payload), "reading it again takes nothing more away"


def test_a_payload_without_end_is_read_in_no_time() -> None:
    """Not a matter of seconds: patterns that go back and forth would not come to an end at all."""
    for part in ("<", "<a ", "[](", "<script", "{{", "&#x41;", "on=", "javascript:", "a(", "<!--", "<svg "):
        assert len(readable(part * 2000)) <= len(part) * 2000
