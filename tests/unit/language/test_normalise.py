from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from language.normalise import normalise


@pytest.mark.parametrize(
    ("written", "matched"),
    [
        ("我的快遞怎麼還沒到", "我的快递怎么还没到"),
        ("網路斷線了,軟體打不開", "网络断线了,软件打不开"),
        ("隨身碟支援嗎", "u盘支持吗"),
        ("睡著了", "睡着了"),
        ("瞭解一下這個", "了解一下这个"),
        ("瞭解這項服務", "了解这项服务"),
    ],
)
def test_traditional_text_becomes_simplified_with_mainland_terms(written: str, matched: str) -> None:
    assert normalise(written) == matched


@pytest.mark.parametrize("text", ["著名景点", "乾坤", "支援前线", "皇后", "只有里程和面条", "台风后来干净了"])
def test_simplified_text_is_never_reworded(text: str) -> None:
    assert normalise(text) == text


def test_width_case_and_white_space_are_made_equal() -> None:
    assert normalise("  ＷｉＦｉ　密码\n\t１２３  ") == "wifi 密码 123"


def test_control_and_zero_width_characters_are_dropped() -> None:
    assert normalise("客\u200b服\x00\ufeff\x07") == "客服"
    assert normalise("ab\x00c") == "abc"
    assert normalise("\u2764\ufe0f") == "\u2764"


def test_mixed_spellings_of_one_word_meet() -> None:
    assert normalise("帐号") == normalise("账号") == normalise("帳號")


def test_nothing_stays_of_nothing() -> None:
    assert normalise("") == normalise(" \u200b\n") == ""


@given(st.text(max_size=60))
def test_any_text_normalises_to_lower_case_without_controls(text: str) -> None:
    done = normalise(text)
    assert done == done.strip()
    assert "  " not in done
    assert not any(c in done for c in "\x00\n\t\u200b\ufeff")


@given(st.text(alphabet="帳號網路軟體的了嗎怎麼還沒到退貨aBＣ１ \u200b", max_size=40))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
