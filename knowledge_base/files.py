"""Read a base from its files: a folder of YAML, one YAML file, or one JSON Lines file.

Nothing in a file can stop the others: an entry with an error is left out and told, the rest are served. The same bytes
always give the same entries, the same problems and the same digest.
"""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from knowledge_base import pieces, yaml_text
from knowledge_base.entry import FaqEntry, digest_of
from knowledge_base.located import Located, Mapping, TooMuchError, UnreadableError
from knowledge_base.problems import Problem, errors
from knowledge_base.schema import RecordReader, is_none

#: Larger files are refused unread: they are no FAQ, and reading them would take the process with them.
MAX_YAML_BYTES = 32 * 1024 * 1024
MAX_JSONL_BYTES = 512 * 1024 * 1024
MAX_LINE_CHARACTERS = 1_000_000
MAX_FILES = 5_000
#: A broken file is read entry by entry up to this many; beyond, it is refused as a whole.
MAX_PIECES = 50_000
YAML_SUFFIXES = (".yml", ".yaml")
#: Lines of a file's head are counted from minus this many while its items' are counted from each item's first.
_HEAD = 10**9
_ITEM = re.compile(r"^(\s*)-(?=\s)")


@dataclass(frozen=True)
class Place:
    """Where an entry stands: file, line and column (from 1)."""

    file: str
    line: int
    column: int


@dataclass(frozen=True)
class Loaded:
    """What the files gave: the entries in file order, what is wrong, and where each entry stands."""

    entries: tuple[FaqEntry, ...]
    problems: tuple[Problem, ...]
    places: dict[str, Place] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the entries; comments, order and file names do not change it."""
        return digest_of(self.entries)

    @property
    def ok(self) -> bool:
        """Whether no entry was left out."""
        return not errors(self.problems)


@dataclass(frozen=True)
class ParsedFile:
    """One file's records before the checks across files; kept by `Reader` while the bytes stay the same."""

    found: tuple[tuple[FaqEntry, Place], ...]
    problems: tuple[Problem, ...]
    values: int = field(default=0, compare=False)  # of an item that was read by itself: how much stands in it


class Reader:
    """Loads a base again and again, parsing only what changed since: the files by their bytes, in them the entries."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._kept: dict[str, tuple[bytes, ParsedFile]] = {}
        self._known: dict[str, _Known] = {}

    def load(self) -> Loaded:
        """Read every file of the base; never raises for what stands in them."""
        files, problems = listing(self.path)
        kept: dict[str, tuple[bytes, ParsedFile]] = {}
        for file in files:
            name = file.relative_to(self.path).as_posix() if file != self.path else file.name
            raw = _bytes_of(file, name, problems)
            if raw is None:
                continue
            held = self._kept.get(name)
            same = held is not None and held[0] == raw
            kept[name] = (
                held if held is not None and same else (raw, self._known.setdefault(name, _Known()).parse(name, raw))
            )
        self._kept = kept
        self._known = {name: self._known[name] for name in kept if name in self._known}
        return _merged([parsed for _, parsed in kept.values()], problems)


class _Known:
    """The entries of one file by their text, as they were parsed last, with lines counted from the entry's first."""

    def __init__(self) -> None:
        self._head = ""
        self._items: dict[str, ParsedFile] = {}

    def parse(self, name: str, raw: bytes) -> ParsedFile:
        """`files.parse`, sparing the entries whose text is known."""
        reader = RecordReader(name)
        try:
            text = decoded(raw, reader)
            found = pieces.lines(text) if name.endswith(".jsonl") else pieces.cut(text, MAX_PIECES)
            if found is None:
                return parse(name, raw)
            read = _item_reader(name, found.head)
            known = self._items if found.head == self._head else {}
            items = {item: known.get(item) or read(item) for _, item in found.items}
        except UnreadableError:
            return parse(name, raw)
        if sum(items[item].values for _, item in found.items) > yaml_text.MAX_VALUES:
            return parse(name, raw)
        self._head, self._items = found.head, items
        entries: list[tuple[FaqEntry, Place]] = []
        problems = list(reader.problems)
        for above, item in found.items:
            parsed = items[item]
            entries += [(entry, Place(name, place.line + above, place.column)) for entry, place in parsed.found]
            for problem in parsed.problems:
                line = problem.line + (above if problem.line > 0 else _HEAD)
                problems.append(replace(problem, line=line))
        return ParsedFile(tuple(entries), tuple(problems))


def _item_reader(name: str, head: str) -> Callable[[str], ParsedFile]:
    """Reads one item of a file with what stands above the first; raises UnreadableError where that is no plain head."""
    if name.endswith(".jsonl"):
        return lambda item: _records(name, lambda reader: ((one, None) for one in json_lines(item, reader)))
    root = yaml_text.read(head, -_HEAD)
    defaults: Mapping | None = None
    if isinstance(root.value, Mapping):
        *rest, (last, waiting) = root.value
        defaults = Mapping(rest)
        plain = last.value == "entries" and all(key.value != "entries" for key, _ in rest)
        root = waiting if plain else last
    if not is_none(root) and not (root.plain and root.value == ""):
        raise UnreadableError(root.line, root.column, "", "")
    depth = 0 if defaults is None else 1

    def read(item: str) -> ParsedFile:
        found = yaml_text.read(item, inside=depth)
        if not isinstance(found.value, list) or isinstance(found.value, Mapping):
            raise UnreadableError(found.line, found.column, "", "")
        parsed = _records(name, lambda _: ((one, defaults) for one in found.value))
        return replace(parsed, values=yaml_text.values(found))

    return read


def load(path: Path) -> Loaded:
    """Read the base at `path` (folder of YAML, .yml, .yaml or .jsonl); what is wrong stands in `.problems`."""
    return Reader(Path(path)).load()


def parse(name: str, raw: bytes) -> ParsedFile:
    """The entries and problems of one file; `name` is what problems call it and its suffix tells the format."""

    def records(reader: RecordReader) -> Iterable[tuple[Located, Mapping | None]]:
        text = decoded(raw, reader)
        return ((one, None) for one in json_lines(text, reader)) if name.endswith(".jsonl") else _yaml(text, reader)

    return _records(name, records, whole=True)


def _records(
    name: str, records: Callable[[RecordReader], Iterable[tuple[Located, Mapping | None]]], *, whole: bool = False
) -> ParsedFile:
    """Entries of records with the defaults of their file; of a `whole` file what is unreadable is told, not raised."""
    reader = RecordReader(name)
    found = []
    try:
        for record, defaults in records(reader):
            entry = reader.entry(record, defaults)
            if entry is not None:
                found.append((entry, Place(name, record.line, record.column)))
    except UnreadableError as error:
        if not whole:
            raise
        reader.error(Located(None, error.line, error.column), error.what, error.how)
        return ParsedFile((), tuple(reader.problems))
    return ParsedFile(tuple(found), tuple(reader.problems))


def _merged(parsed: list[ParsedFile], problems: list[Problem]) -> Loaded:
    entries: list[FaqEntry] = []
    places: dict[str, Place] = {}
    for file in parsed:
        problems += file.problems
        for entry, place in file.found:
            first = places.get(entry.id)
            if first is None:
                places[entry.id] = place
                entries.append(entry)
                continue
            what = f"编号 {entry.id} 已经用在 {first.file}:{first.line}"
            how = "换一个没有用过的编号；两条内容相同就删去一条"
            problems.append(Problem(place.file, place.line, place.column, "error", what, how, entry.id))
    for entry in entries:
        for related in entry.related:
            if related not in places:
                place = places[entry.id]
                what, how = f"相关条目 {related} 不存在", "改成存在的编号，或删去"
                problems.append(Problem(place.file, place.line, place.column, "warning", what, how, entry.id))
    problems.sort(key=lambda problem: (problem.file, problem.line, problem.column))
    return Loaded(tuple(entries), tuple(problems), places)


def listing(path: Path) -> tuple[list[Path], list[Problem]]:
    """The files of the base at `path` in a fixed order, hidden ones left out, and why some cannot be."""
    try:
        if path.is_file():
            return [path], []
        files = sorted(
            file
            for suffix in YAML_SUFFIXES
            for file in path.rglob(f"*{suffix}")
            if not any(part.startswith(".") for part in file.relative_to(path).parts)
        )
        missing = not path.is_dir()
    except OSError as error:
        return [], [_file_problem(str(path), f"打不开：{error.strerror or error}", "检查路径和读取权限")]
    if missing:
        return [], [
            _file_problem(
                str(path), "没有这个文件或文件夹", "检查路径；知识库应当是放 .yml 的文件夹，或一个 .yml、.jsonl 文件"
            )
        ]
    if not files:
        return [], [_file_problem(str(path), "文件夹里没有 .yml 文件", "放入条目文件，或改用正确的路径")]
    if len(files) > MAX_FILES:
        return files[:MAX_FILES], [_file_problem(str(path), f"文件多于 {MAX_FILES} 个，其余未读", "合并文件")]
    return files, []


def _bytes_of(file: Path, name: str, problems: list[Problem]) -> bytes | None:
    limit = MAX_JSONL_BYTES if name.endswith(".jsonl") else MAX_YAML_BYTES
    try:
        known = file.stat()
        if not stat.S_ISREG(known.st_mode):  # reading a pipe would wait for whoever writes into it
            problems.append(_file_problem(name, "不是普通文件，没有读取", "放入真正的文件，不要用管道或设备"))
            return None
        with file.open("rb") as opened:
            # Python sets aside what a read may bring: no more than the file has, and nothing for one that is too large.
            raw = opened.read(known.st_size) if known.st_size <= limit else b""
    except OSError as error:
        problems.append(_file_problem(name, f"读不了：{error.strerror or error}", "检查文件是否存在、是否有读取权限"))
        return None
    if known.st_size > limit:
        problems.append(_file_problem(name, f"文件大于 {limit // 1024 // 1024} MB，没有读取", "按分类拆成几个文件"))
        return None
    if not name.endswith((*YAML_SUFFIXES, ".jsonl")):
        problems.append(
            _file_problem(name, "不认识的文件类型", "用 .yml 或 .jsonl;CSV 和 XLSX 请用 jiehua kb import 导入")
        )
        return None
    return raw


def decoded(raw: bytes, reader: RecordReader) -> str:
    """The text of an editor's file; another encoding than UTF-8 is noted in `reader`. Raises UnreadableError."""
    top = Located(None, 1, 1)
    encodings = ["utf-16"] if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        nul = text.find("\x00")
        if nul >= 0:
            line = text.count("\n", 0, nul) + 1
            raise UnreadableError(line, 1, "文件里有空字符(NUL),不是文本文件", "用文本编辑器重新保存为 UTF-8")
        if encoding != "utf-8-sig":
            reader.warn(top, f"文件不是 UTF-8，按 {encoding.upper()} 读取", "在编辑器里另存为 UTF-8")
        return text
    raise UnreadableError(1, 1, "文件的编码读不出来", "在编辑器里另存为 UTF-8")


def _yaml(text: str, reader: RecordReader) -> Iterator[tuple[Located, Mapping | None]]:
    try:
        root = yaml_text.read(text)
    except TooMuchError:
        raise
    except UnreadableError as error:
        yield from _piecewise(text, reader, error)
        return
    defaults: Mapping | None = None
    if isinstance(root.value, Mapping):
        listed = next((value for key, value in root.value if key.value == "entries"), None)
        if listed is None:
            reader.error(root, "没有找到条目列表", "每条以「- id: …」开头；或把列表放在「entries:」下面")
            return
        defaults = Mapping((key, value) for key, value in root.value if key.value != "entries")
        root = listed
    if root.value is None or (root.plain and root.value == ""):
        reader.warn(root, "文件是空的", "写上条目，或删去这个文件")
    elif not isinstance(root.value, list) or isinstance(root.value, Mapping):
        reader.error(root, "文件的内容应当是条目的列表", "每条以「- id: …」开头")
    else:
        for record in root.value:
            yield record, defaults


def _piecewise(text: str, reader: RecordReader, error: UnreadableError) -> Iterator[tuple[Located, Mapping | None]]:
    """Read each item of a broken file's list by itself, so that one slip costs one entry."""
    lines = text.splitlines()
    first = next((found for line in lines if (found := _ITEM.match(line))), None)
    if first is None:
        raise error
    indent = first[1]
    starts = [n for n, line in enumerate(lines) if (found := _ITEM.match(line)) and found[1] == indent]
    if len(starts) > MAX_PIECES:
        raise error
    head: Mapping | None = None
    try:
        top = yaml_text.read("\n".join(lines[: starts[0]])).value
        if isinstance(top, Mapping):
            head = Mapping((key, value) for key, value in top if key.value != "entries")
    except UnreadableError as broken:
        reader.error(Located(None, broken.line, broken.column), broken.what, broken.how)
    for start, end in zip(starts, [*starts[1:], len(lines)]):
        try:
            item = yaml_text.read("\n".join(lines[start:end]), above=start)
        except UnreadableError as broken:
            reader.error(Located(None, broken.line, broken.column), broken.what, broken.how + "；这一条没有载入")
            continue
        for record in item.value if isinstance(item.value, list) and not isinstance(item.value, Mapping) else ():
            yield record, head


def json_lines(text: str, reader: RecordReader) -> Iterator[Located]:
    """The records of JSON Lines; a line that is none is told in `reader` and costs no other line."""
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        here = Located(None, number, 1)
        if len(line) > MAX_LINE_CHARACTERS:
            reader.error(here, f"这一行超过 {MAX_LINE_CHARACTERS} 字", "一行放一条")
            continue
        try:
            document = json.loads(line, object_pairs_hook=_Pairs)
        except json.JSONDecodeError as error:
            reader.error(Located(None, number, error.colno), "这一行不是正确的 JSON", "一行一个 {…}，引号和逗号用半角")
            continue
        except (RecursionError, ValueError):
            reader.error(here, "这一行嵌套太深或数字太长", "条目只需要字段和列表")
            continue
        yield _located(document, number)


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as its pairs, so that a repeated key can be seen."""


def _located(value: Any, line: int) -> Located:
    if isinstance(value, _Pairs):
        pairs = Mapping((Located(key, line, 1), _located(item, line)) for key, item in value)
        return Located(pairs, line, 1)
    if isinstance(value, list):
        return Located([_located(item, line) for item in value], line, 1)
    return Located(value, line, 1)


def _file_problem(name: str, what: str, how: str) -> Problem:
    return Problem(name, 0, 0, "error", what, how)
