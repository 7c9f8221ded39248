"""One editors' YAML file as something that can be tidied and edited: every entry with the comments that are its own.

Tidying and importing write through here, so a file looks the same whoever touched it last, and what an editor noted
beside an entry stays there until the entry goes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from knowledge_base import files, remarks, yaml_text
from knowledge_base.entry import FaqEntry, Status
from knowledge_base.located import Located, Mapping
from knowledge_base.problems import Problem, errors
from knowledge_base.remarks import Remark
from knowledge_base.scalars import block, scalar
from knowledge_base.schema import FIELDS, RecordReader, is_none

#: Lists of short words stand on one line, `[甲, 乙]`, as long as the line is no longer than this (characters).
_SHORT_LISTS = ("tags", "channels", "related")
_LONGEST_LINE = 100
_ALWAYS = ("id", "question", "answer")


class DocumentError(Exception):
    """The file cannot be rewritten without loss: {problems}."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass
class Block:
    """An entry, or the fields that a file gives to all: values by field, fields nobody knows, and the comments.

    `values` holds what `schema` reads, None for a field written without a value; `remarks` is by field, by (field,
    item) for lists, and () for the block itself.
    """

    values: dict[str, Any] = field(default_factory=dict)
    unknown: dict[str, Located] = field(default_factory=dict)
    remarks: dict[tuple[str, ...], Remark] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The entry's id."""
        return str(self.values.get("id", ""))

    def become(self, entry: FaqEntry, shared: dict[str, Any]) -> None:
        """Say what `entry` says, below fields `shared` by the whole file; comments of fields that stay are kept."""
        for name in FIELDS:
            value, default = getattr(entry, name), getattr(_BLANK, name)
            inherited = shared.get(name)
            if value == (default if inherited is None else inherited) and name not in _ALWAYS:
                if self.values.get(name, value) != value:
                    del self.values[name]
            elif value is None or (value == "" and inherited is not None):
                self.values[name] = None  # written empty, so that what the file gives to all does not hold
            else:
                self.values[name] = value


_BLANK = FaqEntry("", "", "")


@dataclass
class Document:
    """A file's entries in order. `shared` is the part above `entries:` where there is one, `top` its first comments."""

    top: list[str] = field(default_factory=list)
    shared: Block | None = None
    entries: list[Block] = field(default_factory=list)
    end: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, name: str, raw: bytes) -> Document:
        """The document of a YAML file; raises DocumentError where an entry has an error and would be lost."""
        parsed = files.parse(name, raw)
        first = {entry.id: place for entry, place in reversed(parsed.found)}
        twice = [
            Problem(name, place.line, place.column, "error", f"编号 {entry.id} 用了两次", "换一个编号", entry.id)
            for entry, place in parsed.found
            if first[entry.id] is not place
        ]
        wrong = [*errors(parsed.problems), *twice]
        if wrong:
            raise DocumentError(wrong)
        text = files.decoded(raw, RecordReader(name)).replace("\r\n", "\n").replace("\r", "\n")
        return _built(name, yaml_text.read(text), remarks.find(text))

    def replace(self, entry: FaqEntry) -> None:
        """Let the entry of this id say what `entry` says; raises KeyError where there is none."""
        found = next((one for one in self.entries if one.id == entry.id), None)
        if found is None:
            raise KeyError(entry.id)
        found.become(entry, self._shared_values())

    def remove(self, entry_id: str) -> None:
        """Take out an entry and the comments that are its own."""
        self.entries = [one for one in self.entries if one.id != entry_id]

    def append(self, entry: FaqEntry) -> None:
        """Put a new entry at the end."""
        new = Block()
        new.become(entry, self._shared_values())
        self.entries.append(new)

    def text(self) -> str:
        """The whole file, tidy."""
        lines = list(self.top)
        if self.top and (self.shared or self.entries):
            lines.append("")
        indent = 0
        if self.shared is not None:
            lines += _block_lines(self.shared, 0)
            lines += self.shared.remarks.get(("entries",), Remark()).above
            beside = self.shared.remarks.get(("entries",), Remark()).beside
            lines.append(_with("entries:" if self.entries else "entries: []", beside))
            indent = 2
        elif not self.entries and not (self.top or self.end):
            return ""
        for at, entry in enumerate(self.entries):
            if at:
                lines.append("")
            lines += _entry_lines(entry, indent)
        if self.shared is not None:
            lines += [" " * indent + line for line in self.shared.remarks.get(("entries",), Remark()).below if line]
        if self.end:
            lines += ["", *self.end] if lines else self.end
        return "\n".join(lines).strip("\n") + "\n"

    def comments(self) -> Counter[str]:
        """Every comment, counted: what must survive."""
        blocks = [*self.entries, *([self.shared] if self.shared else [])]
        lines = [line for one in blocks for remark in one.remarks.values() for line in remark.lines()]
        return Counter(line for line in (*self.top, *self.end, *lines) if line)

    def _shared_values(self) -> dict[str, Any]:
        return self.shared.values if self.shared is not None else {}


def tidy(name: str, raw: bytes) -> bytes:
    """The file with its fields in order and one style of quotes, lists and gaps: same entries, same comments.

    Raises DocumentError for a file with errors, and for one whose meaning the tidy form would not keep.
    """
    before = Document.read(name, raw)
    written = before.text().encode("utf-8")
    try:
        after = Document.read(name, written)
        same = after.comments() == before.comments() and _meaning(name, written) == _meaning(name, raw)
    except DocumentError:
        same = False
    if not same:
        what, how = "排版后的内容会和原来不一样，没有改动", "请把这个文件发给开发者；不排版也能正常使用"
        raise DocumentError([Problem(name, 0, 0, "error", what, how)])
    return written


def _meaning(name: str, raw: bytes) -> list[FaqEntry]:
    return [entry for entry, _ in files.parse(name, raw).found]


def _built(name: str, root: Located, found: dict[remarks.Path, Remark]) -> Document:
    out = Document()
    prefix: remarks.Path = ()
    records = root
    if isinstance(root.value, Mapping):
        prefix = ("entries",)
        records = next(value for key, value in root.value if key.value == "entries")
        rest = Mapping((key, value) for key, value in root.value if key.value != "entries")
        own = {path: remark for path, remark in found.items() if len(path) < 2 or isinstance(path[1], str)}
        below = {path: remark for path, remark in found.items() if path[:1] != ("entries",) and path not in own}
        out.shared = _block(name, Located(rest, root.line, root.column), own | below, ())
        if ("entries",) in found:
            out.shared.remarks["entries",] = found["entries",]
    if isinstance(records.value, list):
        out.entries = [_block(name, record, found, (*prefix, at)) for at, record in enumerate(records.value)]
    if () in found:
        out.end = found[()].above + found[()].below
    for entry in out.entries:
        _lift_first(entry)
    first = out.shared or (out.entries[0] if out.entries else None)
    if first is not None:
        _lift_top(out, first)
    return out


def _lift_first(entry: Block) -> None:
    """There is no line between the dash and the first field: what stands above that field stands above the entry."""
    first = entry.remarks.get((_order(entry)[0],))
    if first is not None and first.above:
        entry.remarks.setdefault((), Remark()).above += [line for line in first.above if line]
        first.above = []


def _lift_top(out: Document, first: Block) -> None:
    """The comments at the very top speak of the file: they stay when the first entry goes."""
    remark = first.remarks.get(())
    if out.shared is not None:
        names = [key for key in (*_order(out.shared), "entries") if out.shared.remarks.get((key,), Remark()).above]
        remark = out.shared.remarks[names[0],] if names else None
    if remark is None:
        return
    gap = remark.above.index("") if "" in remark.above else len(remark.above)
    out.top, remark.above = remark.above[:gap], remark.above[gap + 1 :]


def _block(name: str, record: Located, found: dict[remarks.Path, Remark], path: remarks.Path) -> Block:
    reader = RecordReader(name)
    out = Block()
    mine = {key[len(path) :]: value for key, value in found.items() if key[: len(path)] == path}
    own = mine.pop((), None)
    if own is not None and path:
        out.remarks[()] = Remark([*own.above, *([own.beside] if own.beside else [])], "", own.below)
    for key, node in record.value:
        word = str(key.value).strip()
        raw_key = key.value
        remark = mine.pop((raw_key,), None)
        if remark is not None:
            out.remarks[word,] = remark
        if word not in FIELDS:
            out.unknown[word] = node
        elif is_none(node):
            out.values[word] = None
        else:
            out.values[word] = reader.value(word, node)
            if isinstance(node.value, list):
                for at, item in enumerate(node.value):
                    note = mine.pop((raw_key, at), None)
                    kept = reader.value(word, Located([item], item.line, item.column))
                    if note is not None:
                        target = (word, kept[0]) if kept else (word,)
                        _merge(out.remarks, target, note)
        for deeper in [path for path in mine if path[0] == raw_key]:
            out.remarks.setdefault((word,), Remark()).absorb(mine.pop(deeper))
    return out


def _merge(into: dict[tuple[str, ...], Remark], target: tuple[str, ...], note: Remark) -> None:
    if target not in into and len(target) > 1:
        into[target] = Remark([*note.above], note.beside, [])
        into[target].above += [line for line in note.below if line]
    else:
        into.setdefault(target, Remark()).absorb(note)


def _order(one: Block) -> list[str]:
    return [name for name in FIELDS if name in one.values] + list(one.unknown)


def _entry_lines(one: Block, indent: int) -> list[str]:
    _lift_first(one)  # an edit may have brought another field to the front
    own = one.remarks.get((), Remark())
    margin = " " * indent
    lines = [margin + line if line else "" for line in own.above]
    body = _block_lines(one, indent + 2, lift_first=True)
    body[0] = margin + "- " + body[0][indent + 2 :]
    return [*lines, *body, *(margin + "  " + line for line in own.below if line)]


def _block_lines(one: Block, indent: int, *, lift_first: bool = False) -> list[str]:
    margin = " " * indent
    lines: list[str] = []
    for at, name in enumerate(_order(one)):
        remark = one.remarks.get((name,), Remark())
        if at or not lift_first:
            lines += [margin + line for line in remark.above if line]
        value = one.values.get(name)
        items = {key[1]: note for key, note in one.remarks.items() if len(key) == 2 and key[0] == name}
        key = margin + scalar(name) + ":"
        if name in one.unknown:
            lines.append(_with(f"{key} {_flow(one.unknown[name])}", remark.beside))
        elif isinstance(value, tuple):
            lines += _list_lines(key, name, value, remark, items, indent)
        elif FIELDS[name].kind == "lines" and value is not None and (text := block(value, indent + 2)):
            lines += [_with(key + " |", remark.beside), *text]
        else:
            lines.append(_with(f"{key} {_one_line(value)}", remark.beside))
        if not isinstance(value, tuple):
            lines += [margin + line for line in remark.below if line]
    return lines


def _list_lines(
    key: str, name: str, value: tuple[str, ...], remark: Remark, items: dict[str, Remark], indent: int
) -> list[str]:
    row = f"{key} [{', '.join(scalar(item, flow=True) for item in value)}]"
    if not value or (name in _SHORT_LISTS and not items and len(row) <= _LONGEST_LINE and not remark.below):
        return [_with(row, remark.beside), *(" " * indent + line for line in remark.below if line)]
    lines = [_with(key, remark.beside)]
    margin = " " * (indent + 2)
    for item in value:
        note = items.get(item, Remark())
        lines += [margin + line for line in note.above if line]
        lines.append(_with(f"{margin}- {scalar(item)}", note.beside))
    return [*lines, *(margin + line for line in remark.below if line)]


def _one_line(value: Any) -> str:
    if value is None:
        return "~"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Status):
        return value.value
    return value.isoformat() if isinstance(value, date) else scalar(value)


def _flow(node: Located) -> str:
    """The value of a field nobody knows, on one line."""
    if isinstance(node.value, Mapping):
        return "{" + ", ".join(f"{scalar(key.value, flow=True)}: {_flow(value)}" for key, value in node.value) + "}"
    if isinstance(node.value, list):
        return "[" + ", ".join(_flow(item) for item in node.value) + "]"
    return "~" if is_none(node) else scalar(str(node.value), flow=True, guessed=node.plain)


def _with(line: str, comment: str) -> str:
    return f"{line}  {comment}" if comment else line
