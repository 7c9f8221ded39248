from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge_base import tables
from knowledge_base.columns import stable_id
from knowledge_base.entry import FaqEntry, Status
from knowledge_base.exchange import export, read

#: Text as the schema lets it through: no control or invisible characters, no space at the ends or in runs.
_letters = st.characters(exclude_categories=("Cc", "Cf", "Cs", "Co", "Zl", "Zp"), exclude_characters="\ufffe\uffff")
#: What spreadsheets, YAML and list cells take for something else.
NASTY = (
    "=cmd|'/c calc'!A0", "=HYPERLINK(\"http://x\")", "@SUM(1)", "+86 13800000000", "-1+1", "'=已有撇号", "''", '"',
    '""', "a,b;c", "甲|乙", "甲；乙", "甲||乙", '["甲"]', "[]", "👍🏽🔥", "繁體中文:退貨", "_x000D_", "_x0041_",
    "~", "null", "无", "no", "true", "007", "1e3", "2025-01-01", "# 不是注释", "- 甲", "a: b", "{a}", "!x", "&a", "*a",
    "`", "%", "\\n", "C:\\path", "0", "1.0", "sep=;", "问题",
)  # fmt: skip
_line = st.sampled_from(NASTY) | st.text(_letters, min_size=1, max_size=30).map(
    lambda text: " ".join(text.split())
).filter(bool)
_lines = (
    st.lists(_line, min_size=1, max_size=4).map("\n".join).filter(lambda text: "<" not in text and "](" not in text)
)
_many = st.lists(_line, max_size=4, unique=True).map(tuple)
_day = st.none() | st.dates(date(2000, 1, 1), date(2099, 12, 31))


@st.composite
def some_entry(draw: st.DrawFn, number: int) -> FaqEntry:
    begin, end = draw(_day), draw(_day)
    if begin and end and end < begin:
        begin, end = end, begin
    question = draw(_line)
    return FaqEntry(
        id=f"id-{number}",
        question=question,
        answer=draw(_lines),
        variants=tuple(v for v in draw(_many) if v != question),
        category=draw(st.just("") | _line),
        tags=draw(_many),
        status=draw(st.sampled_from(Status)),
        owner=draw(st.just("") | _line),
        effective_from=begin,
        effective_until=end,
        channels=draw(_many),
        escalate=draw(st.booleans()),
        source=draw(st.just("") | _line),
        updated=draw(_day),
    )


_bases = st.integers(0, 4).flatmap(lambda n: st.tuples(*(some_entry(number) for number in range(n)))).map(list)


@pytest.mark.parametrize("form", ["yml", "jsonl", "csv", "xlsx"])
def test_what_was_exported_comes_back_identical(form, tmp_path: Path):
    path = tmp_path / f"base.{form}"

    @settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(_bases)
    def there_and_back(entries: list[FaqEntry]) -> None:
        path.write_bytes(export(entries, form))
        back = read(path)
        if entries:
            assert [str(p) for p in back.problems if p.severity == "error"] == []
        assert list(back.entries) == entries

    there_and_back()


@pytest.mark.parametrize(
    "raw",
    [
        "问题,答案,分类,相似问法\n怎么退货,点申请,售后,我想退货|不要了\n".encode(),
        "问题,答案,分类,相似问法\n怎么退货,点申请,售后,我想退货|不要了\n".encode("utf-8-sig"),
        "问题,答案,分类,相似问法\r\n怎么退货,点申请,售后,我想退货|不要了\r\n".encode("gb18030"),
        '问题;答案;分类;相似问法\n怎么退货;点申请;售后;"我想退货\n不要了"\n'.encode(),
        "问题\t答案\t分类\t相似问法1\t相似问法2\n怎么退货\t点申请\t售后\t我想退货\t不要了\n".encode("utf-16"),
        "sep=;\n问题;答案;分类;相似问法\n怎么退货;点申请;售后;我想退货；不要了\n".encode(),
        "q,a,category,indexes\n怎么退货,点申请,售后,我想退货|不要了\n".encode(),
        '分段标题（选填）,分段内容（必填）,问题（选填，单元格内一行一个）,分类\n怎么退货,点申请,"我想退货\n不要了",售后\n'.encode(),
        "\n\n 标准问题 ,回答,目录,相似问\n怎么退货,点申请,售后,我想退货|不要了\n,,,\n".encode(),
    ],
)
def test_other_tools_tables_are_understood(raw, tmp_path: Path):
    path = tmp_path / "table.csv"
    path.write_bytes(raw)
    incoming = read(path)
    (entry,) = incoming.entries
    assert (entry.question, entry.answer, entry.category) == ("怎么退货", "点申请", "售后")
    assert entry.variants == ("我想退货", "不要了")
    assert entry.id == stable_id("怎么退货")
    assert incoming.problems == ()


def test_markdown_questions_are_read(tmp_path: Path):
    path = tmp_path / "faq.md"
    path.write_text(
        "# 售后\n\n## 怎么退货\n点申请。\n\n```\n# 不是标题\n```\n\n## 怎么换货\n联系客服。\n", encoding="utf-8"
    )
    first, second = read(path).entries
    assert (first.question, first.category) == ("怎么退货", "售后")
    assert "不是标题" in first.answer
    assert second.question == "怎么换货"


def test_a_json_list_is_read(tmp_path: Path):
    path = tmp_path / "faq.json"
    path.write_text('[{"q": "怎么退货", "a": "点申请", "indexes": ["我想退货"], "n": {"x": 1}}]')
    assert read(path).entries[0].variants == ("我想退货",)


def test_rejected_rows_are_told_by_row_and_the_others_are_taken(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text("id,问题,答案,颜色\na,问一,答一,红\nb,问二,,\na,问三,答三,\nc,,答四,\n")
    incoming = read(path)
    assert [entry.id for entry in incoming.entries] == ["a"]
    assert [(p.line, p.severity) for p in incoming.problems] == [
        (1, "warning"),
        (3, "error"),
        (4, "error"),
        (5, "error"),
    ]


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [
        ("a.csv", b"", "空的"),
        ("a.csv", b"x,y\n1,2\n", "没有找到问题和答案"),
        ("a.csv", b"\x00\x01\x02" * 50, "编码"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1", "旧版 Excel"),
        ("a.xlsx", b"PK\x03\x04broken", "不是能读的"),
        ("a.md", b"no heading", "没有找到问答"),
        ("a.json", b"{", "JSON"),
        ("a.json", b"[1]", "列表"),
        ("a.csv", '问题,答案\n"没有关上'.encode() + b"x" * 1_100_000, "表格读不下去"),
    ],
)
def test_files_that_are_no_table_are_told(name, raw, said, tmp_path: Path):
    (tmp_path / name).write_bytes(raw)
    incoming = read(tmp_path / name)
    assert incoming.entries == ()
    assert said in incoming.problems[0].what


def test_a_packed_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(tables, "MAX_UNPACKED_BYTES", 1_000_000)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 5_000_000)
    (tmp_path / "bomb.xlsx").write_bytes(out.getvalue())
    assert "过大" in read(tmp_path / "bomb.xlsx").problems[0].what


def test_a_formula_is_text_in_every_table(tmp_path: Path):
    entry = FaqEntry("a", "=1+1", "@SUM(A1)", ("+86 怎么填", "'=已有撇号"))
    for form in ("csv", "xlsx"):
        path = tmp_path / f"t.{form}"
        path.write_bytes(export([entry], form))
        assert read(path).entries == (entry,)
    assert b"'=1+1" in export([entry], "csv")
    from openpyxl import load_workbook

    sheet = load_workbook(tmp_path / "t.xlsx").worksheets[0]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}


def test_a_list_that_no_cell_holds_goes_on_in_the_next(tmp_path: Path):
    """A workbook's cell ends at 32,767 characters, silently."""
    entry = FaqEntry("a", "问", "答" * 20_000, tuple(f"{n:03d}" + "长" * 490 for n in range(400)))
    path = tmp_path / "t.xlsx"
    path.write_bytes(export([entry, FaqEntry("b", "短", "答")], "xlsx"))
    assert read(path).entries == (entry, FaqEntry("b", "短", "答"))


@pytest.mark.parametrize(
    "line",
    [
        '{"q": "怎么退货", "a": "点申请", "indexes": ["我想退货", "不要了"], "category": "售后"}',
        '{"instruction": "怎么退货", "output": "点申请", "相似问": "我想退货|不要了", "分类": "售后"}',
        '{"questions": ["怎么退货", "我想退货", "不要了"], "answer": "点申请", "类目": "售后"}',
    ],
)
def test_other_tools_json_lines_are_understood(line, tmp_path: Path):
    path = tmp_path / "t.jsonl"
    path.write_text(line)
    (entry,) = read(path).entries
    assert (entry.id, entry.question, entry.answer) == (stable_id("怎么退货"), "怎么退货", "点申请")
    assert (entry.variants, entry.category) == (("我想退货", "不要了"), "售后")


def test_lines_marked_as_question_and_answer_are_read(tmp_path: Path):
    path = tmp_path / "faq.md"
    path.write_text(
        "# 售后\n\n**问：怎么退货？**\n相似问法：我想退|不要了\n答：点申请。\n\n第二段。\nQ2: 换货\nA2: 找客服\n"
    )
    first, second = read(path).entries
    assert (first.question, first.answer, first.category) == ("怎么退货？", "点申请。\n\n第二段。", "售后")
    assert first.variants == ("我想退", "不要了")
    assert (second.question, second.answer) == ("换货", "找客服")


def test_a_quote_that_never_closes_is_told_at_its_row_instead_of_swallowing_the_rest(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text('问题,答案\n"一\n行",答\n问二,"没有关上\n问三,答三\n')
    problem = read(path).problems[0]
    assert "引号没有成对" in problem.what
    assert problem.line == 4


def test_a_quote_too_many_is_no_reason_to_refuse(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text('问题,答案\n问,"答"案\n')
    assert read(path).entries[0].answer == "答案"


def test_a_formula_without_a_value_rejects_its_row_and_one_with_a_value_is_that_value(tmp_path: Path):
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    for row in (["问题", "答案"], ["问一", "答一"], ["问二", '=A1&"x"']):
        sheet.append(row)
    book.save(tmp_path / "t.xlsx")
    incoming = read(tmp_path / "t.xlsx")
    assert [entry.question for entry in incoming.entries] == ["问一"]
    assert [(p.line, p.column) for p in incoming.problems] == [(3, 2)]
    assert "公式" in incoming.problems[0].what


def test_a_sheet_that_gives_its_size_wrongly_is_read_whole(tmp_path: Path):
    """Programs that write row by row say A1, or nothing."""
    entries = (FaqEntry("a", "问一", "答一"), FaqEntry("b", "问二", "答二"))
    with zipfile.ZipFile(io.BytesIO(export(entries, "xlsx"))) as box:
        parts = {name: box.read(name) for name in box.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b"<sheetData>", b'<dimension ref="A1"/><sheetData>')
    path = tmp_path / "t.xlsx"
    with zipfile.ZipFile(path, "w") as box:
        for name, content in parts.items():
            box.writestr(name, content)
    assert b"dimension" in parts[sheet]
    assert read(path).entries == entries
