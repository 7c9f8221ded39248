"""Import and export: other tools' files to entries, entries to files that come back identical.

Import is tolerant about form (encodings, delimiters, the column names that other products export) and strict about
content (the rules of `schema`). Nothing is written by reading: `difference` shows what would change and writes it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any

from knowledge_base import columns, files, markdown
from knowledge_base.columns import Table, items_of
from knowledge_base.document import Document
from knowledge_base.entry import FaqEntry, Status
from knowledge_base.located import Located, Mapping, UnreadableError
from knowledge_base.problems import Problem
from knowledge_base.schema import FIELDS, RecordReader
from knowledge_base.tables import LONGEST_CELL, TableError, contents, decoded, read_rows, write_csv, write_xlsx
from knowledge_base.yaml_text import MAX_DEPTH

#: Forms that `export` writes and `read` gives back identical.
FORMS = ("csv", "xlsx", "jsonl", "yml")
_EVERYTHING = frozenset(FIELDS)


@dataclass(frozen=True)
class Incoming:
    """What a file to import holds: entries, the rows that were rejected or doubted, and the fields it speaks of."""

    entries: tuple[FaqEntry, ...]
    problems: tuple[Problem, ...]
    spoken_of: frozenset[str] = _EVERYTHING


def read(path: Path) -> Incoming:
    """Read a file of any known form: CSV, TSV, XLSX, JSON, JSON Lines, YAML, Markdown with questions as headings."""
    suffix = path.suffix.lower()
    if suffix in files.YAML_SUFFIXES or path.is_dir():
        loaded = files.load(path)
        return Incoming(loaded.entries, loaded.problems)
    reader = RecordReader(path.name)
    try:
        if suffix in (".md", ".markdown"):
            table = markdown.read(decoded(contents(path)))
        elif suffix == ".jsonl":
            text = decoded(contents(path, files.MAX_JSONL_BYTES))
            table = _table(list(files.json_lines(text, reader)))
        elif suffix == ".json":
            table = _json(decoded(contents(path)))
        else:
            table = columns.from_rows(read_rows(path), reader)
    except TableError as error:
        problem = Problem(path.name, error.line, 0, "error", error.what, error.how)
        return Incoming((), (*reader.problems, problem))
    found: dict[str, FaqEntry] = {}
    for record in table.records:
        entry = reader.entry(record)
        if entry is None:
            continue
        if entry.id in found:
            reader.error(record, f"编号 {entry.id} 重复", "换一个编号，或合并成一条")
            continue
        found[entry.id] = entry
    return Incoming(tuple(found.values()), tuple(reader.problems), table.fields)


def export(entries: Sequence[FaqEntry], form: str) -> bytes:
    """The entries as `csv`, `xlsx`, `jsonl` or `yml`; `read` gives back equal entries."""
    if form == "jsonl":
        lines = (json.dumps(document_of(entry), ensure_ascii=False) for entry in entries)
        return "".join(line + "\n" for line in lines).encode("utf-8")
    if form in ("yml", "yaml"):
        return to_yaml(entries).encode("utf-8")
    if form == "csv":
        return write_csv([list(FIELDS), *([_cell(entry, name) for name in FIELDS] for entry in entries)])
    if form == "xlsx":
        return write_xlsx(_within_cells(entries))
    raise ValueError(f"unknown form {form!r}: {', '.join(FORMS)}")


def to_yaml(entries: Sequence[FaqEntry]) -> str:
    """The entries as the editors' YAML, as `kb fmt` would have it."""
    document = Document()
    for entry in entries:
        document.append(entry)
    return document.text() if entries else ""


def _json(text: str) -> Table:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 0)
        raise TableError(f"不是正确的 JSON（{error}）", "应当是条目的列表，引号和逗号用半角", line) from error
    if isinstance(document, dict):  # {"data": […]} and the like
        document = next((value for value in document.values() if isinstance(value, list)), document)
    if not isinstance(document, list) or not all(isinstance(item, dict) for item in document):
        raise TableError("JSON 应当是条目的列表", "写成 [{…}, {…}]")
    try:
        return _table([_located(item, number) for number, item in enumerate(document, 1)])
    except UnreadableError as error:
        raise TableError(error.what, error.how, error.line) from error


def _table(found: Sequence[Located]) -> Table:
    """JSON under our names. Our own exports leave out what is empty; of others' an absent field is unknown."""
    named = tuple(map(columns.renamed, found))
    ours = {str(key.value) for one in found if isinstance(one.value, Mapping) for key, _ in one.value} <= _EVERYTHING
    keys = {str(key.value) for one in named if isinstance(one.value, Mapping) for key, _ in one.value}
    return Table(named, _EVERYTHING if ours else _EVERYTHING & keys)


def _located(value: Any, number: int, depth: int = 0) -> Located:
    if depth > MAX_DEPTH:
        raise UnreadableError(number, 1, f"第 {number} 条嵌套太深", "条目只需要字段和列表")
    if isinstance(value, dict):
        pairs = ((Located(key, number, 1), _located(item, number, depth + 1)) for key, item in value.items())
        return Located(Mapping(pairs), number, 1)
    if isinstance(value, list):
        return Located([_located(item, number, depth + 1) for item in value], number, 1)
    return Located(value, number, 1)


def document_of(entry: FaqEntry) -> dict[str, Any]:
    """An entry as JSON knows it: the fields that say something, in the order of the table; published is understood."""
    out: dict[str, Any] = {}
    for name in FIELDS:
        value = getattr(entry, name)
        if name in ("id", "question", "answer") or (value and value is not Status.PUBLISHED):
            out[name] = _plain(value)
    return out


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _cell(entry: FaqEntry, name: str) -> str:
    value = _plain(getattr(entry, name))
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else ""
    return _list_cell(value) if isinstance(value, list) else str(value)


def _list_cell(items: Sequence[str]) -> str:
    """One item a line; a single item that itself looks like several is written as JSON."""
    joined = "\n".join(items)
    return joined if items_of([joined]) == list(items) else json.dumps(items, ensure_ascii=False)


def _within_cells(entries: Sequence[FaqEntry]) -> list[list[str]]:
    """Rows for a workbook, whose cells are short: a list that is too long for one goes on in another of its name."""
    parts = [{name: _parts(entry, name) for name in FIELDS} for entry in entries]
    width = {name: max((len(row[name]) for row in parts), default=1) for name in FIELDS}
    header = [name if not at else f"{name} {at + 1}" for name in FIELDS for at in range(width[name])]
    rows = [[cell for name in FIELDS for cell in (*row[name], *[""] * (width[name] - len(row[name])))] for row in parts]
    return [header, *rows]


def _parts(entry: FaqEntry, name: str) -> list[str]:
    whole = _cell(entry, name)
    if len(whole) <= LONGEST_CELL:
        return [whole]
    parts: list[list[str]] = [[]]
    for item in getattr(entry, name):
        if len(_list_cell([*parts[-1], item])) > LONGEST_CELL:
            parts.append([])
        parts[-1].append(item)
    return [_list_cell(part) for part in parts]
