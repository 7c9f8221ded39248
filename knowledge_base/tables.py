"""Spreadsheets as rows of text: CSV of any dialect and encoding, and XLSX, both read with bounded memory.

Writing is exact: what `write_csv` and `write_xlsx` wrote, `read_rows` reads back. A cell that a spreadsheet would take
for a formula gets an apostrophe in CSV, as spreadsheets themselves do, and loses it when read.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

MAX_BYTES = 64 * 1024 * 1024
MAX_UNPACKED_BYTES = 128 * 1024 * 1024
MAX_ROWS = 200_000
MAX_CELLS_A_ROW = 200
#: A workbook's cell holds 32,767 characters; what is longer is cut off without a word.
LONGEST_CELL = 32_000
LONGEST_CSV_CELL = 1_000_000
#: Empty rows in a row; a cell that claims to stand a billion rows down is reached through every one of them.
_MOST_EMPTY_ROWS = 20_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_DELIMITERS = (",", ";", "\t", "，", "|")
#: How a workbook writes characters that XML has no place for: _x000D_ is a carriage return, _x005F_ the line itself.
_ESCAPE = re.compile(r"_x(?!d[89a-f])([0-9a-f]{4})_", re.IGNORECASE)
_CLOSE = "补上缺少的引号，或另存为 .xlsx"


class TableError(Exception):
    """The table cannot be read: {what}。{how}. `line` is the row where that shows, 0 for the file."""

    def __init__(self, what: str, how: str, line: int = 0) -> None:
        super().__init__(f"{what}。{how}")
        self.what, self.how, self.line = what, how, line


@dataclass(frozen=True)
class Row:
    """One row's cells as text, with its number in the file (from 1).

    `formulas` are the places (from 0) of cells that hold a formula and no value that a spreadsheet worked out.
    """

    number: int
    cells: tuple[str, ...]
    formulas: tuple[int, ...] = ()


def contents(path: Path, most: int = MAX_BYTES) -> bytes:
    """The bytes of a file to import, at most `most`; raises TableError."""
    try:
        if path.stat().st_size > most:
            raise TableError(f"文件大于 {most // 1024 // 1024} MB，没有读取", "拆成几个文件")
        return path.read_bytes()
    except OSError as error:
        raise TableError(f"读不了：{error.strerror or error}", "检查文件是否存在、是否有读取权限") from error


def read_rows(path: Path) -> list[Row]:
    """The rows of a CSV, TSV or XLSX file that hold anything; raises TableError saying what is wrong."""
    raw = contents(path)
    if raw.startswith(b"PK"):
        return _xlsx_rows(raw)
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise TableError("这是旧版 Excel 文件（.xls）", "在 Excel 或 WPS 里另存为 .xlsx 或 CSV")
    if path.suffix.lower() == ".xlsx":
        raise TableError("不是能读的 .xlsx 文件", "在 Excel 或 WPS 里打开后另存为 .xlsx")
    return _csv_rows(raw)


def write_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """CSV with a byte order mark, so that Excel and WPS see UTF-8."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows([_guarded(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig", "surrogatepass")


def write_xlsx(rows: Iterable[Sequence[str]], title: str = "知识库") -> bytes:
    """An XLSX workbook of one sheet; every cell is text, never a formula."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for row in rows:
        cells = []
        for text in row:
            cell = WriteOnlyCell(sheet, value=_ESCAPE.sub(r"_x005F\g<0>", text))
            if text:
                cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def decoded(raw: bytes) -> str:
    """Text of UTF-8, UTF-16 with a mark, or GB18030; raises TableError for anything else."""
    encodings = ("utf-16",) if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise TableError("文件的编码读不出来，可能不是文本文件", "另存为 UTF-8 的 CSV，或 .xlsx")


def _csv_rows(raw: bytes) -> list[Row]:
    text = decoded(raw)
    head = text.lstrip().partition("\n")[0]
    if head.lower().startswith("sep=") and len(head.strip()) == 5:  # Excel's own way to name the delimiter
        delimiter, text = head[4], text.lstrip()[len(head) + 1 :]
        first = 2
    else:
        delimiter, first = max(_DELIMITERS, key=_outside_quotes(head).count), 1
    try:
        return list(_cells(text, delimiter, first, strict=True))
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            raise TableError(
                "引号没有成对，一直到文件末尾都没有关上", _CLOSE, _last_row(text, delimiter, first)
            ) from error
    try:
        return list(_cells(text, delimiter, first, strict=False))  # "甲"乙: a quote too many is not worth a refusal
    except csv.Error as error:
        row = _last_row(text, delimiter, first)
        raise TableError(f"表格读不下去（{error}）", "检查引号是否成对，或另存为 .xlsx", row) from error


def _cells(text: str, delimiter: str, first: int, *, strict: bool) -> Iterator[Row]:
    csv.field_size_limit(LONGEST_CSV_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)
    begins = 0
    for count, cells in enumerate(reader):
        if count >= MAX_ROWS:
            raise TableError(f"超过 {MAX_ROWS} 行", "拆成几个文件")
        plain = tuple(_unguarded(cell) for cell in cells[:MAX_CELLS_A_ROW])
        if any(cell.strip() for cell in plain):
            yield Row(begins + first, plain)
        begins = reader.line_num


def _last_row(text: str, delimiter: str, first: int) -> int:
    """The line at which the row begins that cannot be read."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 0
    try:
        for _ in reader:
            begins = reader.line_num
    except csv.Error:
        pass  # that row is the one we look for
    return begins + first


def _xlsx_rows(raw: bytes) -> list[Row]:
    try:
        _refuse_bombs(raw)
        values = _sheet(raw, values=True)
        formulas = _sheet(raw, values=False)
        rows: list[Row] = []
        for number, (cells, written) in enumerate(zip(values, formulas), 1):
            if len(rows) >= MAX_ROWS:
                raise TableError(f"超过 {MAX_ROWS} 行", "拆成几个文件")
            if number - (rows[-1].number if rows else 0) > _MOST_EMPTY_ROWS:
                raise TableError(f"第 {number} 行之前空了 {_MOST_EMPTY_ROWS} 行以上", "删去空行，重新保存")
            unknown = tuple(at for at, cell in enumerate(written) if cell.data_type == "f" and cells[at].value is None)
            texts = tuple(_cell_text(cell.value) for cell in cells)
            if unknown or any(text.strip() for text in texts):
                rows.append(Row(number, texts, unknown))
        return rows
    except TableError:
        raise
    except Exception as error:  # openpyxl lets the errors of zip, XML and its own checks through
        raise TableError("不是能读的 .xlsx 文件", "在 Excel 或 WPS 里打开后另存为 .xlsx") from error


def _refuse_bombs(raw: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        # The sizes stand in the directory, and unpacking stops there: a bomb is seen before anything is unpacked.
        if sum(part.file_size for part in packed.infolist()) > MAX_UNPACKED_BYTES:
            raise TableError(f"表格解压后过大（{MAX_UNPACKED_BYTES // 1024 // 1024} MB 以上）", "拆成几个文件")
        for part in packed.infolist():
            with packed.open(part) as opened:
                if re.search(rb"<!(DOCTYPE|ENTITY)", opened.read(4096), re.IGNORECASE):
                    raise TableError("表格里有 XML 实体定义，不是 Excel 或 WPS 写的", "在 Excel 或 WPS 里重新保存")


def _sheet(raw: bytes, *, values: bool) -> Iterator[Sequence[Any]]:
    """Rows of cells of the first sheet; `values`: what formulas came to, else the formulas."""
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(raw), read_only=True, data_only=values, keep_links=False)
    sheet = book.worksheets[0]
    sheet.reset_dimensions()  # some programs write A1 whatever the size, and rows beyond it would be left out
    yield from sheet.iter_rows(max_col=MAX_CELLS_A_ROW)


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (datetime, date)):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), str(value)).replace("\r\n", "\n")


def _outside_quotes(line: str) -> str:
    return "".join(part for at, part in enumerate(line.split('"')) if at % 2 == 0)


def _guarded(cell: str) -> str:
    return "'" + cell if cell.startswith(_FORMULA) or cell.lstrip("'").startswith(_FORMULA) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(_FORMULA) else cell
