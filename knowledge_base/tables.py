"""Spreadsheets as rows of text: CSV of any dialect and encoding, and XLSX, both read with bounded memory.

Writing is exact: what `write_csv` and `write_xlsx` wrote, `read_rows` reads back. A cell that a spreadsheet would take
for a formula gets an apostrophe in CSV, as spreadsheets themselves do, and loses it when read.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

MAX_BYTES = 64 * 1024 * 1024
MAX_UNPACKED_BYTES = 512 * 1024 * 1024
MAX_ROWS = 200_000
MAX_CELLS_A_ROW = 200
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_DELIMITERS = (",", ";", "\t", "，")


class TableError(Exception):
    """The table cannot be read: {what}。{how}."""

    def __init__(self, what: str, how: str) -> None:
        super().__init__(f"{what}。{how}")
        self.what, self.how = what, how


@dataclass(frozen=True)
class Row:
    """One row's cells as text, with its number in the file (from 1)."""

    number: int
    cells: tuple[str, ...]


def read_rows(path: Path) -> list[Row]:
    """The rows of a CSV, TSV or XLSX file that hold anything; raises TableError saying what is wrong."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise TableError(f"文件大于 {MAX_BYTES // 1024 // 1024} MB", "拆成几个文件")
        raw = path.read_bytes()
    except OSError as error:
        raise TableError(f"读不了：{error.strerror or error}", "检查文件是否存在、是否有读取权限") from error
    if raw.startswith(b"PK"):
        return _xlsx_rows(raw)
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise TableError("这是旧版 Excel 文件（.xls）", "在 Excel 或 WPS 里另存为 .xlsx 或 CSV")
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
            cell = WriteOnlyCell(sheet, value=text)
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
    rows: list[Row] = []
    csv.field_size_limit(1_000_000)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        for cells in reader:
            if len(rows) >= MAX_ROWS:
                raise TableError(f"超过 {MAX_ROWS} 行", "拆成几个文件")
            plain = tuple(_unguarded(cell) for cell in cells[:MAX_CELLS_A_ROW])
            if any(cell.strip() for cell in plain):
                rows.append(Row(reader.line_num - 1 + first, plain))
    except csv.Error as error:
        raise TableError(f"表格读不下去（{error}）", "检查引号是否成对，或另存为 .xlsx") from error
    return rows


def _xlsx_rows(raw: bytes) -> list[Row]:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            # The sizes stand in the directory: a bomb is seen before anything is unpacked.
            if sum(part.file_size for part in packed.infolist()) > MAX_UNPACKED_BYTES:
                raise TableError("表格解压后过大", "拆成几个文件")
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True, keep_links=False)
        rows: list[Row] = []
        for number, values in enumerate(book.worksheets[0].iter_rows(values_only=True, max_col=MAX_CELLS_A_ROW), 1):
            if len(rows) >= MAX_ROWS:
                raise TableError(f"超过 {MAX_ROWS} 行", "拆成几个文件")
            cells = tuple(_cell_text(value) for value in values)
            if any(cell.strip() for cell in cells):
                rows.append(Row(number, cells))
        return rows
    except TableError:
        raise
    except Exception as error:  # openpyxl lets the errors of zip, XML and its own checks through
        raise TableError("不是能读的 .xlsx 文件", "在 Excel 或 WPS 里打开后另存为 .xlsx") from error


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (datetime, date)):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).replace("_x000D_", "").replace("\r\n", "\n")


def _outside_quotes(line: str) -> str:
    return "".join(part for at, part in enumerate(line.split('"')) if at % 2 == 0)


def _guarded(cell: str) -> str:
    return "'" + cell if cell.startswith(_FORMULA) or cell.lstrip("'").startswith(_FORMULA) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(_FORMULA) else cell
