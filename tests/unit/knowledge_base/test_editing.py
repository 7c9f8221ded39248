"""An entry as a form: faults by field and line, and the way into the files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from knowledge_base import files
from knowledge_base.difference import ChangedMeanwhileError
from knowledge_base.editing import Edit, ReadOnlyBaseError, form_of, read_form, write
from knowledge_base.entry import FaqEntry, Status
from knowledge_base.entry_checks import Due, due

TODAY = date(2026, 11, 25)
INVOICE = FaqEntry("invoice", "怎么开发票", "在订单页申请。", category="发票")
GOOD = {"id": "a", "question": "怎么退货", "answer": "七天内。", "variants": ["想退", "退掉"]}


def faults(form: dict[str, object]) -> list[tuple[str, int, str]]:
    return [(one.field, one.line, one.severity) for one in read_form(form, TODAY, [INVOICE]).faults]


def test_a_form_gives_the_entry_that_it_says_and_back():
    entry = FaqEntry(
        "a",
        "怎么退货",
        "七天内。\n\n- 甲",
        ("想退", "退掉"),
        "售后",
        ("退",),
        Status.DRAFT,
        "小王",
        date(2026, 1, 1),
        date(2027, 1, 1),
        ("web",),
        ("invoice",),
        True,
        "制度",
        date(2026, 11, 1),
        ("img/a.png",),
    )
    checked = read_form(form_of(entry), TODAY, [INVOICE])
    assert checked.entry == entry
    assert checked.faults == ()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"answer": " "}, [("answer", 0, "error")]),
        ({"id": None, "question": ""}, [("id", 0, "error"), ("question", 0, "error")]),
        ({"variants": ["想退", "退\x00掉"]}, [("variants", 2, "error")]),
        ({"answer": "好\n\n[x](javascript:alert(1))"}, [("answer", 3, "error")]),
        ({"effective_from": "2026-02-30"}, [("effective_from", 0, "error")]),
        ({"effective_from": "2026-03-01", "effective_until": "2026-02-01"}, [("effective_until", 0, "error")]),
        ({"tags": "不是列表"}, [("tags", 0, "error")]),
        ({"question": {"a": 1}}, [("question", 0, "error")]),
        ({"id": "invoice"}, [("id", 0, "error")]),
        ({"status": "别的"}, [("status", 0, "error")]),
        ({"variants": ["想退", "怎么开发票？"]}, [("variants", 2, "warning")]),
        ({"related": ["invoice", "none"]}, [("related", 2, "warning")]),
        ({"answer": "好。\n见[这里](http://)"}, [("answer", 2, "warning")]),
        ({"effective_until": "2026-12-01"}, [("effective_until", 0, "warning")]),
        ({"variants": ["想退"]}, [("variants", 0, "warning")]),
        ({"images": ["img/a.png", "img/../b.png"]}, [("images", 2, "warning")]),
    ],
)
def test_every_fault_is_at_its_field_and_line(change, found):
    assert faults(GOOD | change) == found


def test_a_form_with_an_error_gives_no_entry_and_says_so_in_chinese_without_field_names():
    checked = read_form(GOOD | {"answer": "", "variants": [5, "x" * 501]}, TODAY)
    assert checked.entry is None
    assert [fault.what for fault in checked.faults] == ["客户的其他问法有 501 字，最多 500 字", "还没有填答案"]


def test_a_change_keeps_the_comments_and_a_new_entry_goes_to_the_file_of_its_category(tmp_path: Path):
    (tmp_path / "one.yml").write_text(
        "# 发票组\n- id: invoice  # 别改编号\n  question: 怎么开发票\n  answer: 申请。\n  category: 发票\n"
    )
    (tmp_path / "two.yml").write_text("- {id: b, question: 乙, answer: 二, category: 其他}\n")
    held = files.load(tmp_path).entries[0]
    new = FaqEntry("special", "能开专票吗", "可以。", category="发票")
    changed = FaqEntry("invoice", "怎么开发票", "在订单页申请。", category="发票")
    written = write(tmp_path, [Edit(changed, held.digest), Edit(new)])
    assert [path.name for path in written] == ["one.yml"]
    text = (tmp_path / "one.yml").read_text()
    assert "# 发票组" in text
    assert "# 别改编号" in text
    assert {entry.id for entry in files.load(tmp_path).entries} == {"invoice", "special", "b"}
    write(tmp_path, [Edit(FaqEntry("z", "丙", "三"))])
    assert files.load(tmp_path).places["z"].file == "workbench.yml"


def test_an_edit_from_an_old_version_and_an_id_that_was_taken_meanwhile_are_refused(tmp_path: Path):
    (tmp_path / "one.yml").write_text("- {id: a, question: 甲, answer: 别人改过}\n")
    with pytest.raises(ChangedMeanwhileError):
        write(tmp_path, [Edit(FaqEntry("a", "甲", "我的"), FaqEntry("a", "甲", "原来").digest)])
    with pytest.raises(ChangedMeanwhileError):
        write(tmp_path, [Edit(FaqEntry("a", "甲", "我的"))])
    gone = FaqEntry("gone", "乙", "二")
    with pytest.raises(ChangedMeanwhileError):
        write(tmp_path, [Edit(gone, gone.digest)])
    assert files.load(tmp_path).entries[0].answer == "别人改过"


def test_a_base_of_one_yaml_file_is_edited_and_one_of_json_lines_is_not(tmp_path: Path):
    one = tmp_path / "faq.yml"
    one.write_text("- {id: a, question: 甲, answer: 一}\n")
    write(one, [Edit(FaqEntry("b", "乙", "二"))])
    assert [entry.id for entry in files.load(one).entries] == ["a", "b"]
    assert [path.name for path in tmp_path.iterdir()] == ["faq.yml"]
    lines = tmp_path / "faq.jsonl"
    lines.write_text('{"id": "a", "question": "甲", "answer": "一"}\n')
    with pytest.raises(ReadOnlyBaseError):
        write(lines, [Edit(FaqEntry("b", "乙", "二"))])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"updated": date(2026, 11, 1)}, None),
        ({"updated": date(2026, 5, 1)}, Due.REVIEW),
        ({}, Due.REVIEW),
        ({"updated": date(2026, 11, 1), "effective_until": date(2026, 11, 24)}, Due.EXPIRED),
        ({"updated": date(2026, 11, 1), "effective_until": TODAY}, Due.EXPIRES_SOON),
        ({"status": Status.RETIRED}, None),
    ],
)
def test_entries_come_due_for_their_owner(fields, expected):
    assert due(FaqEntry("a", "甲", "一", **fields), TODAY) is expected
