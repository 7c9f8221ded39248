"""The list of words that promise too much."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge_base.promises import Promise, PromiseFileError, load_promises


@pytest.mark.parametrize("answer", ["我们保证三天到", "绝对正品", "100%退款", "一定会给您补发", "保证金之外还保证到账"])
def test_a_promise_is_heard(answer):
    assert any(one.said_in(answer) for one in load_promises())


@pytest.mark.parametrize(
    "answer", ["不保证当天到", "保证金七天退还", "绝对不要告诉别人验证码", "面料：100%棉", "不一定会有"]
)
def test_what_only_looks_like_one_is_not(answer):
    assert [one.word for one in load_promises() if one.said_in(answer)] == []


def test_editors_may_bring_their_own_list(tmp_path: Path):
    path = tmp_path / "own.yml"
    path.write_text("# 我们的\n- word: 秒到\n  unless: [不是秒到]\n  instead: 写时限\n", "utf-8")
    assert load_promises(path) == (Promise("秒到", ("不是秒到",), "写时限"),)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("word: 秒到\n", 1, "列表"),
        ("- 秒到\n", 1, "word"),
        ("- word: 秒到\n- unless: [甲]\n", 2, "缺少 word"),
        ("- word: 秒到\n  unles: [甲]\n", 1, "unles"),
        ("- word: 秒到\n  unless: 甲\n", 2, "列表"),
        ("- word: [秒到]\n", 1, "文字"),
        ("- word: '秒到\n", 1, "引号"),
    ],
)
def test_a_broken_list_is_told_by_line(text, line, said, tmp_path: Path):
    path = tmp_path / "own.yml"
    path.write_text(text, "utf-8")
    with pytest.raises(PromiseFileError, match=said) as caught:
        load_promises(path)
    assert f"own.yml:{line} " in str(caught.value)


def test_a_list_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(PromiseFileError, match="读不了"):
        load_promises(tmp_path / "none.yml")
