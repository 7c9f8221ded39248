"""Files as they come: broken, hostile, from the wrong program. Each is told by place and remedy; the base serves on."""

from __future__ import annotations

import io
import json
import os
import re
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge_base import exchange, files, tables
from knowledge_base.document import DocumentError, tidy
from knowledge_base.fusion import rule_of_thumb
from knowledge_base.live import LiveBase

GOOD = "- id: good\n  question: 怎么退货\n  answer: 点申请售后。\n"
ENTRY = "- id: b\n  question: 问\n  answer: 答\n"


def bomb() -> str:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    return "\n".join(lines + [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)])


#: name -> (content of a YAML file of the base, line that is told, part of what is said)
YAML = {
    "nul in the middle": (b"- id: a\n  question: b\x00c\n", 2, "NUL"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xff\xff", 1, "编码"),
    "half a character at the end": (GOOD.encode() + b"  source: \xe4\xb8", 1, "编码"),
    "big endian without a mark": (GOOD.encode("utf-16-be"), 1, "编码"),
    "utf-32": (GOOD.encode("utf-32"), 1, "NUL"),
    "a zip named yml": (b"PK\x03\x04\x00\x00\xff\xff", 1, ""),
    "tab before a field": (GOOD + "- id: b\n\tquestion: 问\n", 5, "Tab"),
    "tab after the dash": (GOOD + "-\tid: b\n\tquestion: 问\n", 4, ""),
    "mixed indentation": (GOOD + "- id: b\n  question: 问\n   answer: 答\n", 6, ""),
    "indentation too small": (GOOD + "- id: b\n question: 问\n", 5, ""),
    "crlf and a tab": ((GOOD + "- id: b\n\tquestion: 问\n").replace("\n", "\r\n"), 5, "Tab"),
    "duplicate id": (GOOD + ENTRY.replace("b", "good"), 4, "已经用在 bad.yml:1"),
    "anchor": (GOOD + ENTRY.replace("问", "&x 问"), 5, "锚点"),
    "alias": (GOOD + ENTRY.replace("问", "*x"), 5, "锚点"),
    "merge key": (GOOD + "- <<: *base\n  id: b\n", 4, "锚点"),
    "yaml bomb": (bomb(), 1, "锚点"),
    "python object": (GOOD + ENTRY.replace("问", "!!python/name:os.system"), 5, "标签"),
    "binary tag": (GOOD + ENTRY.replace("答", "!!binary aGk="), 6, "标签"),
    "set": (GOOD + "- !!set {id, question}\n", 4, "标签"),
    "hundred levels": (GOOD + "- id: b\n  tags: " + "[" * 100 + "]" * 100 + "\n", 5, "嵌套"),
    "a hundred thousand levels": (GOOD + "- id: b\n  tags: " + "[" * 100_000 + "\n", 5, "嵌套"),
    "levels of mappings": (GOOD + "- " + "{a: " * 60 + "1" + "}" * 60 + "\n", 4, "嵌套"),
    "only scalars": ("hello\nworld\n", 1, "列表"),
    "mapping without entries": ("标题: 甲\n", 1, "条目列表"),
    "entries is a text": ("entries: 甲\n", 1, "列表"),
    "two documents": (GOOD + "---\n" + ENTRY, 4, "多个文档"),
    "item is text": (GOOD + "- 只是文字\n", 4, "字段名"),
    "item is a list": (GOOD + "- [甲, 乙]\n", 4, "字段名"),
    "item is empty": (GOOD + "-\n", 4, "字段名"),
    "key is a list": (GOOD + "- id: b\n  [甲, 乙]: 丙\n", 5, "字段名"),
    "field twice": (GOOD + ENTRY + "  answer: 又答\n", 7, "写了两次"),
    "id is missing": (GOOD + "- question: 问\n  answer: 答\n", 4, "缺少 id"),
    "id is empty": (GOOD + ENTRY.replace("id: b", "id: ''"), 4, "id 是空的"),
    "id is a list": (GOOD + ENTRY.replace("id: b", "id: [b]"), 4, "应当是文字"),
    "answer is missing": (GOOD + "- id: b\n  question: 问\n", 4, "缺少 answer"),
    "answer is only spaces": (GOOD + ENTRY.replace("答", '"   "'), 6, "answer 是空的"),
    "question is a mapping": (GOOD + ENTRY.replace("问", "{甲: 乙}"), 5, "应当是文字"),
    "variants are a text": (GOOD + ENTRY + "  variants: 又问\n", 7, "应当是列表"),
    "variants are a mapping": (GOOD + ENTRY + "  variants: {甲: 乙}\n", 7, "应当是列表"),
    "variant is a list": (GOOD + ENTRY + "  variants: [[甲]]\n", 7, "应当是文字"),
    "tags with a comma forgotten": (GOOD + ENTRY + "  tags: [甲\n", 7, ""),
    "no such day": (GOOD + ENTRY + "  updated: 2025-02-30\n", 7, "不是日期"),
    "a day in words": (GOOD + ENTRY + "  effective_until: 明年春节\n", 7, "不是日期"),
    "end before beginning": (
        GOOD + ENTRY + "  effective_from: 2025-02-01\n  effective_until: 2025-01-01\n",
        8,
        "早于生效日",
    ),
    "neither yes nor no": (GOOD + ENTRY + "  escalate: 也许\n", 7, "true 或 false"),
    "unknown status": (GOOD + ENTRY + "  status: 上架\n", 7, "不认识的状态"),
    "colon in plain text": (GOOD + ENTRY.replace("问", "问: 题: 甲"), 5, "冒号"),
    "open double quote": (GOOD + ENTRY.replace("问", '"问'), 5, "引号"),
    "open single quote": (GOOD + ENTRY.replace("问", "'问"), 5, "引号"),
    "open brace": (GOOD + "- {id: b, question: 问\n", 4, ""),
    "stray percent": (GOOD + "%YAML 9.9\n", 4, ""),
    "begins with at": (GOOD + ENTRY.replace("答", "@客服"), 6, "不允许的字符"),
    "begins with backtick": (GOOD + ENTRY.replace("答", "`code`"), 6, "不允许的字符"),
    "escaped bell": (GOOD + ENTRY.replace("答", '"a\\x07"'), 6, "控制字符"),
    "raw escape character": (GOOD + ENTRY.replace("答", "a\x1b[31m"), 6, "控制字符"),
    "escaped surrogate": (GOOD + ENTRY.replace("答", '"\\ud800"'), 6, ""),
    "question too long": (GOOD + ENTRY.replace("问", "问" * 501), 5, "最多 500 字"),
    "answer too long": (GOOD + ENTRY.replace("答", "答" * 20_001), 6, "最多 20000 字"),
    "too many variants": (GOOD + ENTRY + f"  variants: [{','.join(map(str, range(501)))}]\n", 7, "最多 500"),
    "javascript link": (GOOD + ENTRY.replace("答", '"[点](javascript:alert(1))"'), 6, "危险链接"),
    "script element": (GOOD + ENTRY.replace("答", "<script>alert(1)</script>"), 6, "脚本"),
    "spaced script element": (GOOD + ENTRY.replace("答", "'< SCRIPT src=x>'"), 6, "脚本"),
    "iframe": (GOOD + ENTRY.replace("答", "<iframe src=//x>"), 6, "脚本"),
    "data link": (GOOD + ENTRY.replace("答", "'[点]( <data:text/html,x>)'"), 6, "危险链接"),
    "image from a file": (GOOD + ENTRY + "  images: ['file:///etc/passwd']\n", 7, "图片地址"),
    "merge conflict": (GOOD + "<<<<<<< HEAD\n" + ENTRY + "=======\n" + ENTRY + ">>>>>>> x\n", 4, "合并冲突"),
}


@pytest.mark.parametrize("name", YAML)
def test_a_bad_file_is_told_and_the_base_serves_on(name, tmp_path: Path, encoder):
    content, line, said = YAML[name]
    (tmp_path / "faq.yml").write_text(GOOD.replace("good", "first"), "utf-8")
    live = LiveBase(tmp_path, encoder, calibration=rule_of_thumb())
    version = live.version
    raw = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "bad.yml").write_bytes(raw)
    assert not live.reload()
    assert live.version == version
    assert live.finder.find("怎么退货").candidates[0].entry_id == "first"
    assert live.stale
    told = [problem for problem in live.problems if problem.severity == "error"]
    first = told[0]
    assert first.file == "bad.yml"
    assert first.line == line, [str(problem) for problem in told]
    assert any(said in problem.what for problem in told), [str(problem) for problem in told]
    assert all(re.search("[\u4e00-\u9fff]", problem.what) and problem.how for problem in told)
    with pytest.raises(DocumentError):
        tidy("bad.yml", raw)
    assert (tmp_path / "bad.yml").read_bytes() == raw


#: name -> (content, part of what is reminded of); the base is swapped all the same
ODD = {
    "empty": (b"", "文件是空的"),
    "only comments": ("# 以后再写\n\n# 真的\n".encode(), "文件是空的"),
    "only a mark": (b"\xef\xbb\xbf", "文件是空的"),
    "only a separator": (b"---\n", "文件是空的"),
    "gb18030": (ENTRY.encode("gb18030"), "不是 UTF-8"),
    "utf-16": (ENTRY.encode("utf-16"), "不是 UTF-8"),
    "unknown field": (ENTRY.encode() + "  varients: [又问]\n".encode(), "不认识的字段"),
    "related to nobody": (ENTRY.encode() + b"  related: [nobody]\n", "不存在"),
    "related to itself": (ENTRY.encode() + b"  related: [b]\n", "有它自己"),
    "zero width characters": (ENTRY.replace("问", "退\u200b款").encode(), "零宽"),
    "a variant twice": (ENTRY.encode() + "  variants: [又问, 又问]\n".encode(), "写了两次"),
    "an empty variant": (ENTRY.encode() + "  variants: [又问, ~]\n".encode(), "空项"),
    "a circle of related entries": (
        (ENTRY + "  related: [c]\n- {id: c, question: 三, answer: 答, related: [b]}\n").encode(),
        "",
    ),
    "carriage returns": (ENTRY.replace("\n", "\r\n").encode(), ""),
    "old mac line ends": (ENTRY.replace("\n", "\r").encode(), ""),
    "no newline at the end": (ENTRY.strip().encode(), ""),
    "number for a text": (ENTRY.replace("问", "12306").encode(), ""),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_file_is_read_with_a_reminder_at_most(name, tmp_path: Path):
    content, said = ODD[name]
    (tmp_path / "faq.yml").write_text(GOOD, "utf-8")
    (tmp_path / "odd.yml").write_bytes(content)
    loaded = files.load(tmp_path)
    assert loaded.ok, [str(problem) for problem in loaded.problems]
    assert len(loaded.entries) >= (2 if b"id" in content.replace(b"\x00", b"") else 1)
    assert any(said in problem.what for problem in loaded.problems) if said else not loaded.problems
    once = tidy("odd.yml", content)
    assert tidy("odd.yml", once) == once


@pytest.fixture
def bounded():
    """What a test takes of memory stays far below what it was given."""
    tracemalloc.start()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


def gigabyte(path: Path) -> Path:
    with path.open("wb") as out:
        out.truncate(2**30)  # a hole: it takes no room on the disk
    return path


@pytest.mark.parametrize("name", ["huge.yml", "huge.jsonl"])
def test_a_file_of_a_gigabyte_is_refused_unread_and_the_others_serve(name, tmp_path: Path, bounded):
    (tmp_path / "faq.yml").write_text(GOOD, "utf-8")
    huge = gigabyte(tmp_path / name)
    loaded = files.load(tmp_path if name.endswith("yml") else huge)
    assert "没有读取" in loaded.problems[0].what
    assert loaded.problems[0].how
    assert len(loaded.entries) == (1 if name.endswith("yml") else 0)


def test_a_pipe_among_the_files_is_told_and_nobody_waits_for_it(tmp_path: Path):
    (tmp_path / "faq.yml").write_text(GOOD, "utf-8")
    os.mkfifo(tmp_path / "pipe.yml")
    loaded = files.load(tmp_path)
    assert [problem.file for problem in loaded.problems] == ["pipe.yml"]
    assert "不是普通文件" in loaded.problems[0].what
    assert len(loaded.entries) == 1


@pytest.mark.parametrize("name", ["huge.csv", "huge.xlsx", "huge.jsonl", "huge.json", "huge.md", "huge.yml"])
def test_an_import_of_a_gigabyte_is_refused_unread(name, tmp_path: Path, bounded):
    incoming = exchange.read(gigabyte(tmp_path / name))
    assert (incoming.entries, len(incoming.problems)) == ((), 1)
    assert "没有读取" in incoming.problems[0].what


@pytest.mark.parametrize("honest", [True, False], ids=["told", "hidden"])
def test_a_workbook_that_unpacks_to_more_than_it_may_is_refused_with_bounded_memory(honest, tmp_path: Path, bounded):
    path = tmp_path / "bomb.xlsx"
    size = tables.MAX_UNPACKED_BYTES + 1
    with zipfile.ZipFile(io.BytesIO(workbook([["问题", "答案"], ["问", "答"]]))) as box:
        parts = {name: box.read(name) for name in box.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        for name, content in parts.items():
            if name != "xl/worksheets/sheet1.xml":
                out.writestr(name, content)
        with out.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(parts["xl/worksheets/sheet1.xml"].partition(b"</sheetData>")[0])
            for _ in range(size // 2**20 + 1):
                sheet.write(b" " * 2**20)
        if not honest:  # the directory of the archive says that it is small
            out.getinfo("xl/worksheets/sheet1.xml").file_size = 1000
    problem = next(one for one in exchange.read(path).problems if one.severity == "error")
    assert ("过大" if honest else "不是能读的") in problem.what, str(problem)


def test_a_file_of_too_many_values_is_refused_where_it_becomes_too_many(monkeypatch):
    monkeypatch.setattr("knowledge_base.yaml_text.MAX_VALUES", 1000)
    (first,) = files.parse("a.yml", b"- x\n" * 5000).problems
    assert "多于 1000 项" in first.what
    assert 990 < first.line < 1010


def test_one_slip_in_a_long_file_costs_one_entry_and_no_more_time_than_the_file_is_long():
    """Reading the pieces took time by the square of their number: every piece came with all the lines before it."""
    text = "".join(ENTRY.replace("id: b", f"id: e{n}") for n in range(5000)) + '- id: x\n  question: "问\n'
    began = time.process_time()
    parsed = files.parse("a.yml", text.encode())
    assert time.process_time() - began < 10  # a bound on work, not a measurement
    assert len(parsed.found) == 5000
    assert parsed.found[-1][1].line == 3 * 4999 + 1
    assert [problem.line for problem in parsed.problems] == [15_002]


# -- files to import ------------------------------------------------------------------------------------------------


def packed(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
        for name, content in parts.items():
            box.writestr(name, content)
    return out.getvalue()


def workbook(rows: list[list[object]]) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_entities() -> bytes:
    doctype = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    with zipfile.ZipFile(io.BytesIO(workbook([["问题", "答案"]]))) as box:
        parts = {name: box.read(name) for name in box.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    return packed(parts | {sheet: doctype + parts[sheet].replace(b"<row", b"&b;<row", 1)})


def with_a_row_far_down() -> bytes:
    with zipfile.ZipFile(io.BytesIO(workbook([["问题", "答案"], ["问", "答"]]))) as box:
        parts = {name: box.read(name) for name in box.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    moved = parts[sheet].replace(b'<row r="2"', b'<row r="99999999999"').replace(b'"A2"', b'"A99999999999"')
    return packed(parts | {sheet: moved.replace(b'"B2"', b'"B99999999999"')})


#: name -> (file name, content, line that is told, part of what is said)
IMPORTS: dict[str, tuple[str, Callable[[], bytes], int, str]] = {
    "empty table": ("a.csv", lambda: b"", 0, "空的"),
    "only empty rows": ("a.csv", lambda: b",,\n,,\n", 0, "空的"),
    "no column names": ("a.csv", lambda: "怎么退货,点申请\n".encode(), 0, "没有找到问题和答案"),
    "no answer column": ("a.csv", lambda: "问题,分类\n问,类\n".encode(), 0, "没有找到问题和答案"),
    "binary": ("a.csv", lambda: b"\x00\x01\x02" * 50, 0, "编码"),
    "old excel": ("a.xls", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1", 0, "旧版 Excel"),
    "csv named xlsx": ("a.xlsx", lambda: "问题,答案\n".encode(), 0, "不是能读的"),
    "broken zip": ("a.xlsx", lambda: b"PK\x03\x04broken", 0, "不是能读的"),
    "zip without a workbook": ("a.xlsx", lambda: packed({"a.txt": b"x"}), 0, "不是能读的"),
    "word document": ("a.xlsx", lambda: packed({"word/document.xml": b"<x/>"}), 0, "不是能读的"),
    "zip bomb": ("a.xlsx", lambda: packed({"xl/worksheets/sheet1.xml": b"0" * 3_000_000}), 0, "过大"),
    "xml entities": ("a.xlsx", with_entities, 0, "实体"),
    "row far down": ("a.xlsx", with_a_row_far_down, 0, "空了"),
    "formula without a value": ("a.xlsx", lambda: workbook([["问题", "答案"], ["问", "=A1"]]), 2, "公式"),
    "row without an answer": ("a.xlsx", lambda: workbook([["问题", "答案"], ["问", None]]), 2, "缺少 answer"),
    "quote that never closes": ("a.csv", lambda: '问题,答案\n问,答\n问二,"没关\n'.encode(), 3, "引号"),
    "cell too long": ("a.csv", lambda: ("问题,答案\n问," + "答" * 1_000_001 + "\n").encode(), 2, "读不下去"),
    "control character": ("a.csv", lambda: "问题,答案\n问,答\x07\n".encode(), 2, "控制字符"),
    "same id twice": ("a.csv", lambda: "id,问题,答案\na,问,答\na,问二,答\n".encode(), 3, "重复"),
    "same question twice": ("a.csv", lambda: "问题,答案\n问,答\n问,又答\n".encode(), 3, "重复"),
    "script in an answer": ("a.csv", lambda: "问题,答案\n问,<script>x</script>\n".encode(), 2, "脚本"),
    "json cut off": ("a.json", lambda: b'[{"q": "a"', 1, "JSON"),
    "json of numbers": ("a.json", lambda: b"[1, 2]", 0, "列表"),
    "json too deep": ("a.json", lambda: b"[" * 100_000, 0, "JSON"),
    "json record too deep": ("a.json", lambda: b'[{"q": ' + b"[" * 50 + b"]" * 50 + b"}]", 1, "太深"),
    "json line cut off": ("a.jsonl", lambda: b'{"q": "a", "a": "b"}\n{"q"\n', 2, "JSON"),
    "json line too long": ("a.jsonl", lambda: json.dumps({"q": "a" * 1_000_001}).encode(), 1, "超过"),
    "json line too deep": ("a.jsonl", lambda: b"[" * 100_000, 1, "嵌套"),
    "json lone surrogate": ("a.jsonl", lambda: b'{"question": "\\ud800", "answer": "a"}\n', 1, "控制字符"),
    "json repeated key": ("a.jsonl", lambda: b'{"id":"a","id":"b","question":"q","answer":"x"}\n', 1, "写了两次"),
    "markdown without questions": ("a.md", lambda: "随便写写\n".encode(), 0, "没有找到问答"),
    "markdown with a script": ("a.md", lambda: "# 问\n<script>x</script>\n".encode(), 1, "脚本"),
    "not there": ("none.csv", lambda: b"", 0, "读不了"),
}


@pytest.mark.parametrize("name", IMPORTS)
def test_a_bad_import_is_told_by_row(name, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(tables, "MAX_UNPACKED_BYTES", 2_000_000)
    file, content, line, said = IMPORTS[name]
    path = tmp_path / file
    if file != "none.csv":
        path.write_bytes(content())
    incoming = exchange.read(path)
    problem = next(one for one in incoming.problems if one.severity == "error")
    assert (problem.file, problem.line) == (file, line), str(problem)
    assert said in problem.what
    assert problem.how


def test_too_large_a_table_is_refused_unread(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(tables, "MAX_BYTES", 100)
    monkeypatch.setattr(tables.contents, "__defaults__", (100,))
    path = tmp_path / "a.csv"
    path.write_bytes("问题,答案\n".encode() + b"x" * 1000)
    assert "没有读取" in exchange.read(path).problems[0].what


def test_too_many_rows_are_refused(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(tables, "MAX_ROWS", 10)
    path = tmp_path / "a.csv"
    path.write_text("问题,答案\n" + "问,答\n" * 20, "utf-8")
    assert "超过 10 行" in exchange.read(path).problems[0].what
    path.with_suffix(".xlsx").write_bytes(workbook([["问题", "答案"]] + [["问", "答"]] * 20))
    assert "超过 10 行" in exchange.read(path.with_suffix(".xlsx")).problems[0].what


def test_a_formula_that_was_worked_out_is_its_value(tmp_path: Path):
    with zipfile.ZipFile(io.BytesIO(workbook([["问题", "答案"], ["问", "=A1"]]))) as box:
        parts = {name: box.read(name) for name in box.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = re.sub(rb'<c r="B2"[^>]*>.*?</c>', b'<c r="B2" t="str"><f>A1</f><v>ok</v></c>', parts[sheet])
    (tmp_path / "a.xlsx").write_bytes(packed(parts))
    incoming = exchange.read(tmp_path / "a.xlsx")
    assert incoming.problems == ()
    assert [(entry.question, entry.answer) for entry in incoming.entries] == [("问", "ok")]


def test_there_are_more_than_fifty_of_them():
    assert len(YAML) + len(ODD) + len(IMPORTS) > 100
