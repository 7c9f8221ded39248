"""Golden questions in their file: read by line, edited one line at a time, never overwritten unseen."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from knowledge_base.golden import Golden, GoldenChangedError, GoldenFaultError, put, read, remove

FIRST = '{"text": "怎么退货", "gold": ["return"], "style": "plain", "since": 2025}'
SECOND = '{"text":"钱呢",   "gold":["refund","later"]}'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "golden.jsonl"
    made.write_text(f"{FIRST}\n\n{SECOND}\n", "utf-8")
    return made


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").split("\n")


def test_what_holds_is_read_with_its_line(path: Path) -> None:
    found, faults = read(path)
    assert [(one.line, one.text, one.gold, one.style) for one in found] == [
        (1, "怎么退货", ("return",), "plain"),
        (3, "钱呢", ("refund", "later"), ""),
    ]
    assert faults == []
    assert read(path.with_name("none.jsonl")) == ([], [])


@pytest.mark.parametrize(
    ("line", "column", "said"),
    [
        ('{"text": "钱", "gold": ["a"]', 28, "不是完整的 JSON"),
        ('{"text": "钱",, "gold": ["a"]}', 14, "不是完整的 JSON"),
        ("[1]", 1, "不是一个对象"),
        ("[" * 100_000, 1, "嵌套"),
        ('{"gold": ["a"]}', 1, "text"),
        ('{"gold": ["a"], "text": 5}', 17, "text"),
        ('{"gold": ["a"], "text": " "}', 17, "text"),
        (json.dumps({"text": "问" * 501, "gold": ["a"]}, ensure_ascii=False), 2, "太长"),
        ('{"text": "钱", "gold": {"a": 1}}', 15, "gold 应当"),
        ('{"text": "钱", "gold": [[]]}', 15, "gold 应当"),
        ('{"text": "钱"}', 1, "没有 gold"),
        ('{"text": "怎么退貨", "gold": ["a"]}', 2, "和第 1 行是同一个问题"),
    ],
)
def test_a_line_with_a_fault_is_told_by_line_and_column_and_the_others_hold(
    path: Path, line: str, column: int, said: str
) -> None:
    path.write_text(f"{FIRST}\n{line}\n{SECOND}\n", "utf-8")
    found, (fault,) = read(path)
    assert [one.line for one in found] == [1, 3]
    assert (fault.file, fault.line, fault.column) == ("golden.jsonl", 2, column)
    assert said in fault.what
    assert fault.how


@pytest.mark.parametrize("raw", [b"\xff\xfe\x00", "退货".encode("gb18030")])
def test_a_file_that_is_no_text_is_told_and_nothing_is_read(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    found, (fault,) = read(path)
    assert (found, fault.line) == ([], 0)


def test_a_question_is_added_at_the_end_and_every_other_line_stays_as_it_was_written(path: Path) -> None:
    kept = put(path, Golden(0, "", " 能寄国外吗 ", ("abroad", "abroad")))
    assert lines(path) == [FIRST, "", SECOND, '{"text": "能寄国外吗", "gold": ["abroad"]}', ""]
    assert read(path)[0][-1] == kept
    fresh = path.with_name("golden_oos.jsonl")
    put(fresh, Golden(0, "", "今天星期几"), oos=True)
    assert lines(fresh) == ['{"text": "今天星期几"}', ""]


def test_a_changed_line_keeps_what_else_it_holds_and_the_other_lines(path: Path) -> None:
    (first, _), _ = read(path)
    put(path, Golden(first.line, first.mark, "如何退货", ("return", "refund")))
    changed, *others = lines(path)
    assert json.loads(changed) == {"text": "如何退货", "gold": ["return", "refund"], "since": 2025}
    assert others == ["", SECOND, ""]


def test_a_line_is_taken_out(path: Path) -> None:
    (_, second), _ = read(path)
    remove(path, second)
    assert lines(path) == [FIRST, "", ""]
    with pytest.raises(GoldenChangedError):
        remove(path, second)


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (Golden(0, "", "  ", ("return",)), "text"),
        (Golden(0, "", "新问题"), "没有 gold"),
        (Golden(0, "", "新问题", ("nobody",)), "没有条目 nobody"),
        (Golden(0, "", "怎么退貨", ("return",)), "和第 1 行是同一个问题"),
        (Golden(0, "", "a\x07b", ("return",)), "控制字符"),
    ],
)
def test_what_would_not_hold_is_refused_and_nothing_is_written(path: Path, one: Golden, said: str) -> None:
    before = path.read_bytes()
    with pytest.raises(GoldenFaultError) as refused:
        put(path, one, known={"return", "refund"}.__contains__)
    assert said in refused.value.faults[0].what
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["golden.jsonl"]


def test_a_line_that_somebody_else_changed_is_not_overwritten(path: Path) -> None:
    (first, second), _ = read(path)
    path.write_text(f"{SECOND}\n{FIRST}\n", "utf-8")
    for one in (first, second):
        with pytest.raises(GoldenChangedError):
            put(path, one)
        with pytest.raises(GoldenChangedError):
            remove(path, one)
    assert lines(path) == [SECOND, FIRST, ""]


def test_a_file_changed_while_it_is_written_is_not_overwritten(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync

    def somebody_is_faster(handle: int) -> None:
        real(handle)
        path.write_text(SECOND + "\n", "utf-8")

    monkeypatch.setattr("knowledge_base.golden.os.fsync", somebody_is_faster)
    with pytest.raises(GoldenChangedError):
        put(path, Golden(0, "", "能寄国外吗", ("abroad",)))
    assert path.read_text("utf-8") == SECOND + "\n"
    assert [file.name for file in path.parent.iterdir()] == ["golden.jsonl"]


def test_line_ends_and_marks_of_other_programs_are_read(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + f"{FIRST}\r\n{SECOND}".encode())
    found, faults = read(path)
    assert ([one.line for one in found], faults) == ([1, 2], [])
    put(path, Golden(2, found[1].mark, "钱呢", ("refund",)))
    assert [one.gold for one in read(path)[0]] == [("return",), ("refund",)]
