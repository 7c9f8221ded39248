"""Import and export: other tools' files to entries, entries to files that come back identical.

Import is tolerant about form (encodings, delimiters, the column names that other products export) and strict about
content (the rules of `schema`). Nothing is written by reading: first a `Difference` is shown, then `apply` writes it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any

import yaml

from knowledge_base import files
from knowledge_base.entry import FaqEntry, Status
from knowledge_base.located import Located, Mapping
from knowledge_base.problems import Problem
from knowledge_base.schema import FIELDS, RecordReader
from knowledge_base.tables import Row, TableError, decoded, read_rows, write_csv, write_xlsx

#: Column names of this product's exports and of others' (MaxKB, FastGPT, Bytedesk, 微信客服 …), folded by `_folded`.
COLUMNS: dict[str, str] = {
    **{name: name for name in FIELDS},
    **dict.fromkeys(("编号", "序号", "知识id", "faqid", "uid"), "id"),
    **dict.fromkeys(("问题", "标准问题", "标准问", "q", "title", "标题", "分段标题", "主问题", "prompt"), "question"),
    **dict.fromkeys(("答案", "回答", "回复", "a", "content", "内容", "分段内容", "reply", "response"), "answer"),
    **dict.fromkeys(
        ("相似问法", "相似问", "相似问题", "扩展问", "其他问法", "问法", "indexes", "index", "similar", "aliases"),
        "variants",
    ),
    **dict.fromkeys(("分类", "类别", "目录", "分组", "group", "categoryname"), "category"),
    **dict.fromkeys(("标签", "tag", "keywords", "关键词"), "tags"),
    **dict.fromkeys(("状态", "enabled"), "status"),
    **dict.fromkeys(("负责人", "维护人"), "owner"),
    **dict.fromkeys(("生效日", "生效日期", "开始日期"), "effective_from"),
    **dict.fromkeys(("失效日", "失效日期", "结束日期", "有效期至"), "effective_until"),
    **dict.fromkeys(("渠道", "channel"), "channels"),
    **dict.fromkeys(("相关", "相关条目", "相关问题"), "related"),
    **dict.fromkeys(("转人工", "是否转人工"), "escalate"),
    **dict.fromkeys(("来源", "依据"), "source"),
    **dict.fromkeys(("更新日期", "更新时间", "核对日期", "updatedat"), "updated"),
    **dict.fromkeys(("图片", "image"), "images"),
}
_LISTS = tuple(name for name, rule in FIELDS.items() if rule.kind == "list")
_HEADING = re.compile(r"^#{1,6}\s+(.*\S)\s*#*$")
_FENCE = re.compile(r"^(```|~~~)")


@dataclass(frozen=True)
class Incoming:
    """What a file to import holds: entries, and the rows that were rejected or doubted."""

    entries: tuple[FaqEntry, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Change:
    """An entry that is there already and would become another: names of the fields that differ."""

    old: FaqEntry
    new: FaqEntry
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """What an import would do to a base."""

    added: tuple[FaqEntry, ...]
    changed: tuple[Change, ...]
    removed: tuple[FaqEntry, ...]
    unchanged: int

    @property
    def empty(self) -> bool:
        """Whether applying it would change nothing."""
        return not (self.added or self.changed or self.removed)


def read(path: Path) -> Incoming:
    """Read a file of any known form: CSV, TSV, XLSX, JSON Lines, YAML, Markdown with questions as headings."""
    suffix = path.suffix.lower()
    if suffix in (*files.YAML_SUFFIXES, ".jsonl") or path.is_dir():
        loaded = files.load(path)
        return Incoming(loaded.entries, loaded.problems)
    reader = RecordReader(path.name)
    try:
        if suffix in (".md", ".markdown"):
            records = _markdown(path)
        elif suffix == ".json":
            records = _json(path)
        else:
            records = list(_table(read_rows(path), reader))
    except TableError as error:
        problem = Problem(path.name, 0, 0, "error", error.what, error.how)
        return Incoming((), (problem,))
    found: dict[str, FaqEntry] = {}
    for record in records:
        entry = reader.entry(record)
        if entry is None:
            continue
        if entry.id in found:
            reader.error(record, f"编号 {entry.id} 重复", "换一个编号，或合并成一条")
            continue
        found[entry.id] = entry
    return Incoming(tuple(found.values()), tuple(reader.problems))


def difference(current: Sequence[FaqEntry], incoming: Sequence[FaqEntry], *, whole: bool = False) -> Difference:
    """Compare by id. `whole`: the import is the whole base, so entries that it lacks are removed."""
    held = {entry.id: entry for entry in current}
    new = {entry.id: entry for entry in incoming}
    changed = tuple(
        Change(held[key], entry, changed_fields(held[key], entry))
        for key, entry in new.items()
        if key in held and held[key] != entry
    )
    removed = tuple(entry for key, entry in held.items() if key not in new) if whole else ()
    added = tuple(entry for key, entry in new.items() if key not in held)
    return Difference(added, changed, removed, len(new) - len(added) - len(changed))


def changed_fields(old: FaqEntry, new: FaqEntry) -> tuple[str, ...]:
    """Names of the fields in which two entries differ."""
    return tuple(field.name for field in fields(FaqEntry) if getattr(old, field.name) != getattr(new, field.name))


def export(entries: Sequence[FaqEntry], form: str) -> bytes:
    """The entries as `csv`, `xlsx`, `jsonl` or `yml`; `read` gives back equal entries."""
    if form == "jsonl":
        lines = (json.dumps(_document(entry), ensure_ascii=False) for entry in entries)
        return "".join(line + "\n" for line in lines).encode("utf-8")
    if form in ("yml", "yaml"):
        return to_yaml(entries).encode("utf-8")
    rows = [list(FIELDS), *([_cell(entry, name) for name in FIELDS] for entry in entries)]
    if form == "csv":
        return write_csv(rows)
    if form == "xlsx":
        return write_xlsx(rows)
    raise ValueError(f"unknown form {form!r}: csv, xlsx, jsonl or yml")


def to_yaml(entries: Sequence[FaqEntry]) -> str:
    """The entries as the editors' YAML, fields in their usual order, answers of several lines as blocks."""
    documents = [_document(entry) for entry in entries]
    return "\n".join(
        yaml.dump([document], Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10_000)
        for document in documents
    )


def apply(folder: Path, change: Difference, into: str = "imported.yml") -> list[Path]:
    """Write `change` into the base's YAML files; returns the files written.

    A changed entry stays in its file, a new one goes to `into`; only files with a change are written anew, all of them
    beside the old ones first, so that a full disk changes nothing.
    """
    loaded = files.load(folder)
    by_file: dict[str, list[FaqEntry]] = {}
    for entry in loaded.entries:
        by_file.setdefault(loaded.places[entry.id].file, []).append(entry)
    new = {one.new.id: one.new for one in change.changed}
    gone = {entry.id for entry in change.removed}
    written: dict[str, list[FaqEntry]] = {}
    for name, held in by_file.items():
        after = [new.get(entry.id, entry) for entry in held if entry.id not in gone]
        if after != held:
            written[name] = after
    if change.added:
        written[into] = [*written.get(into, by_file.get(into, [])), *change.added]
    staged: list[tuple[Path, Path]] = []
    try:
        for name, after in written.items():
            target = folder / name
            handle, temporary = tempfile.mkstemp(prefix=".import-", dir=folder)
            staged.append((Path(temporary), target))
            with os.fdopen(handle, "wb") as out:
                out.write(to_yaml(after).encode("utf-8"))
                out.flush()
                os.fsync(out.fileno())
            os.chmod(temporary, target.stat().st_mode & 0o777 if target.exists() else 0o644)
        for temporary_path, target in staged:
            os.replace(temporary_path, target)
    finally:
        for temporary_path, _ in staged:
            temporary_path.unlink(missing_ok=True)
    return [target for _, target in staged]


def stable_id(question: str) -> str:
    """The id of an imported entry that has none: the same question always gets the same."""
    return "q-" + hashlib.sha256(question.strip().encode("utf-8", "surrogatepass")).hexdigest()[:10]


def _table(rows: list[Row], reader: RecordReader) -> Iterable[Located]:
    if not rows:
        raise TableError("表格是空的", "第一行写列名，例如 问题、答案、分类、相似问法")
    header, *body = rows
    names = [COLUMNS.get(_folded(cell)) for cell in header.cells]
    # MaxKB calls the answer 分段内容 and lists the questions, one a line, under 问题.
    chunked = any(_folded(cell) == "分段内容" for cell in header.cells)
    if chunked:
        names = ["variants" if _folded(cell) == "问题" else name for cell, name in zip(header.cells, names)]
    if "answer" not in names or not {"question", "variants"} & set(names):
        seen = "、".join(cell.strip()[:20] for cell in header.cells[:8])
        raise TableError(f"没有找到问题和答案两列（第一行是：{seen}）", "第一行写列名，例如 问题、答案、分类、相似问法")
    for cell, name in zip(header.cells, names):
        if name is None and cell.strip():
            column = Located(None, header.number, 1)
            reader.warn(column, f"不认识的列「{cell.strip()[:30]}」，已忽略", "可用的列：" + "、".join(FIELDS))
    for row in body:
        given: dict[str, list[str]] = {}
        for name, cell in zip(names, row.cells):
            if name and cell.strip():
                given.setdefault(name, []).append(cell)
        yield _record(row.number, given)


def _record(line: int, given: dict[str, list[str]]) -> Located:
    """A record of cells: lists one item a line, several columns of one name together, an id where there is none."""
    lists = {name: _items(given[name]) for name in _LISTS if name in given}
    question = " ".join("\n".join(given.get("question", ())).split())
    if not question and lists.get("variants"):
        question, *lists["variants"] = lists["variants"]
    pairs = Mapping()

    def put(name: str, value: Any) -> None:
        pairs.append((Located(name, line, 1), Located(value, line, 1)))

    put("id", given["id"][0] if "id" in given else stable_id(question))
    if question:
        put("question", question)
    for name, cells in given.items():
        if name in ("id", "question", *_LISTS):
            continue
        put(name, "\n".join(cells))
    for name, items in lists.items():
        kept = [item for item in dict.fromkeys(items) if name != "variants" or item != question]
        put(name, [Located(item, line, 1) for item in kept])
    return Located(pairs, line, 1)


def _items(cells: Iterable[str]) -> list[str]:
    """The items of list cells: one a line; a single line may separate them with | or a full-width semicolon."""
    items: list[str] = []
    for cell in cells:
        if cell.startswith("[") and cell.endswith("]"):
            try:
                listed = json.loads(cell)
            except ValueError:
                listed = None
            if isinstance(listed, list) and all(isinstance(item, str) for item in listed):
                items += listed
                continue
        items += cell.split("\n") if "\n" in cell else re.split(r"\s*(?:\|\||[|；])\s*", cell)
    return [item.strip() for item in items if item.strip()]


def _markdown(path: Path) -> list[Located]:
    """Every heading with text below it is a question; a heading without text names the category of what follows."""
    text = decoded(path.read_bytes()[: files.MAX_YAML_BYTES])
    sections: list[tuple[int, str, list[str]]] = []
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.match(line)
        if heading:
            sections.append((number, heading[1], []))
        elif sections:
            sections[-1][2].append(line)
    records, category = [], ""
    for number, title, lines in sections:
        answer = "\n".join(lines).strip()
        if not answer:
            category = title
            continue
        given = {"question": [title], "answer": [answer]}
        records.append(_record(number, given | ({"category": [category]} if category else {})))
    if not records:
        raise TableError("没有找到问答", "每个问题写成标题（## 问题），下面写答案")
    return records


def _json(path: Path) -> list[Located]:
    try:
        document = json.loads(decoded(path.read_bytes()[: files.MAX_YAML_BYTES]))
    except (ValueError, RecursionError) as error:
        raise TableError(f"不是正确的 JSON（{error}）", "应当是条目的列表") from error
    if not isinstance(document, list) or not all(isinstance(item, dict) for item in document):
        raise TableError("JSON 应当是条目的列表", "写成 [{…}, {…}]")
    records = []
    for number, item in enumerate(document, 1):
        given: dict[str, list[str]] = {}
        for key, value in item.items():
            name = COLUMNS.get(_folded(str(key)))
            values = value if isinstance(value, list) else [value]
            texts = [str(v) for v in values if v is not None and not isinstance(v, (dict, list))]
            if name and texts:
                given.setdefault(name, []).append("\n".join(texts))
        records.append(_record(number, given))
    return records


def _folded(name: str) -> str:
    """A column name without case, spaces, underscores, trailing numbers and remarks in brackets."""
    name = re.sub(r"[（(【\[].*", "", name.strip().lower())
    name = name if name in FIELDS else re.sub(r"[\s_\-*:：]+", "", name)
    return name if name in FIELDS else re.sub(r"\d+$", "", name)


def _document(entry: FaqEntry) -> dict[str, Any]:
    """The fields that say something, in the order of the table; published is understood."""
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
    if isinstance(value, list):
        # One item a line; a single item that itself looks like several is written as JSON.
        joined = "\n".join(value)
        return joined if _items([joined]) == value else json.dumps(value, ensure_ascii=False)
    return str(value)


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, writes several lines as a block, quotes what reads as another type."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text_node(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text_node)
