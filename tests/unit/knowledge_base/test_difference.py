"""The difference an import makes, and writing it into the editors' files."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge_base import files, journal
from knowledge_base.columns import stable_id
from knowledge_base.difference import ChangedMeanwhileError, apply, difference
from knowledge_base.document import DocumentError
from knowledge_base.entry import FaqEntry
from knowledge_base.exchange import export
from knowledge_base.journal import OvertakenError

OLD = [FaqEntry("a", "甲", "一"), FaqEntry("b", "乙", "二"), FaqEntry("c", "丙", "三")]


def test_the_difference_is_by_id_and_by_field():
    new = [OLD[0], FaqEntry("b", "乙", "两", ("又问",)), FaqEntry("d", "丁", "四")]
    found = difference(OLD, new)
    assert [entry.id for entry in found.added] == ["d"]
    assert found.changed[0].fields == ("answer", "variants")
    assert found.removed == ()
    assert found.unchanged == 1
    assert [entry.id for entry in difference(OLD, new, whole=True).removed] == ["c"]
    assert difference(OLD, OLD).empty


def test_applying_writes_only_what_changes_and_gives_the_new_base(tmp_path: Path):
    (tmp_path / "one.yml").write_bytes(export(OLD[:2], "yml"))
    (tmp_path / "two.yml").write_text("# 注释\n- {id: c, question: 丙, answer: 三}\n")
    untouched = (tmp_path / "two.yml").read_bytes()
    new = [OLD[0], FaqEntry("b", "乙", "两"), OLD[2], FaqEntry("d", "丁", "四")]
    change = difference(files.load(tmp_path).entries, new, whole=True)
    written = apply(tmp_path, change)
    assert sorted(path.name for path in written) == ["imported.yml", "one.yml"]
    assert (tmp_path / "two.yml").read_bytes() == untouched
    after = files.load(tmp_path)
    assert after.problems == ()
    assert sorted(after.entries, key=lambda e: e.id) == new
    assert sorted(path.name for path in tmp_path.iterdir()) == ["imported.yml", "one.yml", "two.yml"]


def test_a_failure_while_writing_changes_nothing(tmp_path: Path, monkeypatch):
    (tmp_path / "one.yml").write_bytes(export(OLD, "yml"))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(journal.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        apply(tmp_path, difference(OLD, [FaqEntry("a", "甲", "新"), FaqEntry("z", "新", "新")]))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_disk_that_fails_between_two_files_leaves_both_as_they_were(tmp_path: Path, monkeypatch):
    for name, entry in zip("ab", OLD):
        (tmp_path / f"{name}.yml").write_bytes(export([entry], "yml"))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    replace, done = journal.os.replace, []

    def second_fails(source: object, target: object) -> None:
        done.append(target)
        if len(done) == 2:
            raise OSError(5, "Input/output error")
        replace(source, target)

    monkeypatch.setattr(journal.os, "replace", second_fails)
    with pytest.raises(OSError, match="Input"):
        apply(tmp_path, difference(OLD[:2], [FaqEntry("a", "甲", "新"), FaqEntry("b", "乙", "新")]))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


FILE = """\
# 售后
category: 售后
entries:
  # 甲归小王
  - {id: a, question: 甲, answer: 一}  # 别删
  - id: b
    question: 乙  # 乙的注释
    answer: 二
"""


def test_comments_of_entries_that_stay_survive_an_import(tmp_path: Path):
    (tmp_path / "one.yml").write_text(FILE)
    held = files.load(tmp_path).entries
    change = difference(held, [FaqEntry("b", "乙", "两", category="售后")])
    apply(tmp_path, change)
    text = (tmp_path / "one.yml").read_text()
    for comment in ("# 售后", "# 甲归小王", "# 别删", "# 乙的注释"):
        assert comment in text
    assert files.load(tmp_path).entries == (held[0], FaqEntry("b", "乙", "两", category="售后"))
    assert text.count("category") == 1


def test_a_file_with_an_error_is_not_rewritten_because_the_broken_entry_would_be_lost(tmp_path: Path):
    (tmp_path / "one.yml").write_text(FILE + "  - id: c\n    question: 丙\n")
    before = (tmp_path / "one.yml").read_bytes()
    with pytest.raises(DocumentError, match="缺少 answer"):
        apply(tmp_path, difference(files.load(tmp_path).entries, [FaqEntry("b", "乙", "两")]))
    assert (tmp_path / "one.yml").read_bytes() == before


def test_a_file_that_somebody_changed_meanwhile_is_not_overwritten(tmp_path: Path, monkeypatch):
    (tmp_path / "one.yml").write_text(FILE)
    change = difference(files.load(tmp_path).entries, [FaqEntry("b", "乙", "两")])
    beside = journal._beside

    def while_somebody_types(target: Path, content: bytes) -> Path:
        (tmp_path / "one.yml").write_text(FILE + "# 刚写的\n")
        return beside(target, content)

    monkeypatch.setattr(journal, "_beside", while_somebody_types)
    with pytest.raises(OvertakenError, match="有人改了"):
        apply(tmp_path, change)
    assert "刚写的" in (tmp_path / "one.yml").read_text()


def test_a_file_whose_last_entry_goes_goes_too(tmp_path: Path):
    (tmp_path / "one.yml").write_bytes(export(OLD[:1], "yml"))
    (tmp_path / "two.yml").write_bytes(export(OLD[1:], "yml"))
    apply(tmp_path, difference(OLD, OLD[1:], whole=True))
    assert [path.name for path in tmp_path.iterdir()] == ["two.yml"]


def test_fields_without_a_column_stay_as_they_are():
    held = [FaqEntry("a", "甲", "一", ("又问",), "售后", tags=("标签",))]
    found = difference(held, [FaqEntry("a", "甲", "新")], spoken_of={"question", "answer", "tags"})
    assert found.changed[0].fields == ("answer", "tags")
    assert found.changed[0].new.category == "售后"


def test_an_entry_without_an_id_is_the_held_one_of_the_same_question():
    held = [FaqEntry("return", "怎么退货？", "一")]
    incoming = FaqEntry(stable_id("怎么退货?"), "怎么退货?", "一")
    assert [one.new.id for one in difference(held, [incoming]).changed] == ["return"]
    assert difference(held, [FaqEntry("other", "怎么退货?", "一")]).added


def test_an_edit_made_from_an_older_version_is_refused_whatever_file_the_entry_stands_in_now(tmp_path: Path):
    (tmp_path / "one.yml").write_bytes(export(OLD, "yml"))
    change = difference(OLD, [FaqEntry("a", "甲", "新")])
    (tmp_path / "one.yml").write_bytes(export([FaqEntry("a", "甲", "别人的"), *OLD[1:]], "yml"))
    before = (tmp_path / "one.yml").read_bytes()
    with pytest.raises(ChangedMeanwhileError, match="a"):
        apply(tmp_path, change, expected={"a": OLD[0].digest})
    with pytest.raises(ChangedMeanwhileError, match="b"):
        apply(tmp_path, difference(OLD, [FaqEntry("z", "新", "新")]), expected={"z": "", "b": ""})
    assert (tmp_path / "one.yml").read_bytes() == before
    apply(tmp_path, change, expected={"a": FaqEntry("a", "甲", "别人的").digest})
    assert files.load(tmp_path).entries[0].answer == "新"
