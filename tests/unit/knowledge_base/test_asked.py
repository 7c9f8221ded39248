"""Asked questions from a file: what is read, and what is refused by line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts.answer import Outcome
from knowledge_base.asked import Asked, AskedFile, AskedFileError


def written(path: Path, *rows: object) -> AskedFile:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n", encoding="utf-8-sig")
    return AskedFile(path)


def test_every_field_is_read_and_all_but_the_text_may_lack(tmp_path: Path):
    source = written(
        tmp_path / "a.jsonl",
        {"text": " 能带狗吗 "},
        {
            "text": "能停车吗",
            "outcome": "clarify",
            "chosen": "",
            "vote": "useless",
            "handed_over": True,
            "agent_seconds": 90,
            "reply": "可以。",
            "anything": [1],
        },
        {"text": "好", "vote": "有用", "outcome": None, "chosen": "x"},
    )
    assert list(source) == [
        Asked("能带狗吗"),
        Asked("能停车吗", Outcome.CLARIFY, "", False, True, 90.0, "可以。"),
        Asked("好", chosen="x", useful=True),
    ]
    assert list(source) == list(source), "it may be read again"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{broken", "不是正确的 JSON"),
        ("[1]", "不是一个对象"),
        ("{}", "缺少 text"),
        ('{"text": "  "}', "缺少 text"),
        ('{"text": 3}', "text 应当是文字"),
        ('{"text": "a", "outcome": "won"}', "outcome"),
        ('{"text": "a", "vote": "maybe"}', "vote"),
        ('{"text": "a", "vote": [1]}', "vote"),
        ('{"text": "a", "agent_seconds": "long"}', "agent_seconds"),
        ('{"text": "a", "agent_seconds": -1}', "agent_seconds"),
        ('{"text": "a", "reply": {}}', "reply"),
        ("[" * 5000, "JSON"),
    ],
)
def test_a_bad_line_is_told_by_number(line, said, tmp_path: Path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "好"}\n\n' + line + "\n")
    with pytest.raises(AskedFileError, match=said) as caught:
        list(AskedFile(path))
    assert "a.jsonl:3 " in str(caught.value)


def test_a_file_that_is_no_text_and_one_that_is_not_there_are_told(tmp_path: Path):
    (tmp_path / "b.jsonl").write_bytes(b"\xff\xfe\x00")
    for name in ("b.jsonl", "none.jsonl"):
        with pytest.raises(AskedFileError, match="读不了"):
            list(AskedFile(tmp_path / name))
