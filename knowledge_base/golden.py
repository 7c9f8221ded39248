"""Golden questions in their file: JSON Lines `{"text", "gold": [id, …], "style"}`, read and edited by line.

A line with a fault is told by line and column and passed over; the others hold. An edit touches one line and leaves
every other as it was written, so the file stays one that people read and compare in git. Who edits a line says what it
was (`mark`): a line that somebody else changed meanwhile is not overwritten.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from language.normalise import normalise

MOST_CHARACTERS = 500
MOST_GOLD = 20
MOST_BYTES = 20_000_000
_EXAMPLE = '{"text": "怎么退货", "gold": ["return-apply"]}'
_writing = threading.Lock()


@dataclass(frozen=True)
class Fault:
    """What is wrong in a golden file: `column` counts characters from 1; `how` says how to mend it."""

    file: str
    line: int
    column: int
    what: str
    how: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column} {self.what}。{self.how}。"


@dataclass(frozen=True)
class Golden:
    """One line that holds. No `gold`: nothing should answer it. `mark` is a digest of the line as it is written."""

    line: int
    mark: str
    text: str
    gold: tuple[str, ...] = ()
    style: str = ""


class GoldenFaultError(Exception):
    """What was to be written has faults; nothing was."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(map(str, faults)))


class GoldenChangedError(Exception):
    """The line is not what it was any more; nothing was written."""


def read(path: Path, *, oos: bool = False) -> tuple[list[Golden], list[Fault]]:
    """The lines that hold and the faults of the others; nothing of either where there is no file."""
    if not path.exists():
        return [], []
    try:
        lines = _lines(path)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        return [], [Fault(path.name, 0, 0, f"读不了这个文件：{error}", "需要不太大的 UTF-8 文本文件")]
    found: list[Golden] = []
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        one = _parsed(path.name, number, line, oos)
        if isinstance(one, Fault):
            faults.append(one)
            continue
        before = seen.setdefault(normalise(one.text), number)
        if before != number:
            column = line.find('"text"') + 1
            faults.append(Fault(path.name, number, column, f"和第 {before} 行是同一个问题", "留下一行"))
            continue
        found.append(one)
    return found, faults


def put(path: Path, one: Golden, *, oos: bool = False, known: Callable[[str], bool] = lambda _: True) -> Golden:
    """Write a question into its line, or as a new last line where `one.line` is 0; the line as it is now.

    Raises GoldenFaultError when it would not hold, or names an entry that is not `known`, and GoldenChangedError.
    """
    document: dict[str, Any] = {"text": one.text.strip()}
    if not oos:
        document["gold"] = list(dict.fromkeys(one.gold))
    if one.style:
        document["style"] = one.style
    line = json.dumps(document, ensure_ascii=False)
    with _writing:
        lines = _lines(path) if path.exists() else []
        at = one.line or len(lines) + 1
        if one.line:
            _same(lines, one)
        checked = _parsed(path.name, at, line, oos)
        if isinstance(checked, Fault):
            raise GoldenFaultError([checked])
        strangers = [entry_id for entry_id in checked.gold if not known(entry_id)]
        if strangers:
            column = line.find(json.dumps(strangers[0], ensure_ascii=False)) + 1
            raise GoldenFaultError([Fault(path.name, at, column, f"没有条目 {strangers[0]}", "从条目里选一个编号")])
        for other in read(path, oos=oos)[0]:
            if other.line != one.line and normalise(other.text) == normalise(checked.text):
                raise GoldenFaultError([Fault(path.name, at, 1, f"和第 {other.line} 行是同一个问题", "改那一行")])
        if one.line:
            # What a line holds beside the three fields stays: other tools may have put it there.
            kept = {name: value for name, value in json.loads(lines[at - 1]).items() if name not in ("gold", "style")}
            line = json.dumps({**kept, **document}, ensure_ascii=False)
        _write(path, [*lines[: at - 1], line, *lines[at:]], lines)
    return Golden(at, _mark(line), checked.text, checked.gold, checked.style)


def remove(path: Path, one: Golden) -> None:
    """Take a line out. Raises GoldenChangedError."""
    with _writing:
        lines = _lines(path) if path.exists() else []
        _same(lines, one)
        _write(path, [*lines[: one.line - 1], *lines[one.line :]], lines)


def _parsed(file: str, number: int, line: str, oos: bool) -> Golden | Fault:
    def fault(what: str, how: str, at: str = "") -> Fault:
        return Fault(file, number, max(1, line.find(at) + 1) if at else 1, what, how)

    try:
        document = json.loads(line)
    except json.JSONDecodeError as error:
        return Fault(file, number, error.colno, "这一行不是完整的 JSON", f"写成 {_EXAMPLE}")
    except RecursionError:
        return fault("嵌套太深", f"写成 {_EXAMPLE}")
    if not isinstance(document, dict):
        return fault("这一行不是一个对象", f"写成 {_EXAMPLE}")
    text, gold = document.get("text"), document.get("gold")
    gold = [gold] if isinstance(gold, str) else gold or []
    if not isinstance(text, str) or not text.strip():
        return fault("text 应当是一个问题", f"写成 {_EXAMPLE}", '"text"')
    if len(text) > MOST_CHARACTERS or not text.replace("\n", " ").isprintable():
        return fault(f"text 太长（最多 {MOST_CHARACTERS} 字）或含控制字符", "改短，去掉看不见的字符", '"text"')
    if not isinstance(gold, list) or not all(isinstance(one, (str, int)) and str(one).strip() for one in gold):
        return fault("gold 应当是条目编号的列表", f"写成 {_EXAMPLE}", '"gold"')
    if len(gold) > MOST_GOLD:
        return fault(f"gold 最多 {MOST_GOLD} 个", "留下真正对的", '"gold"')
    if not gold and not oos:
        return fault("没有 gold", "写上回答它的条目编号；不该有答案的问题放进 _oos 文件", '"gold"')
    style = document.get("style") or ""
    return Golden(number, _mark(line), text.strip(), () if oos else tuple(map(str, gold)), str(style))


def _lines(path: Path) -> list[str]:
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"超过 {MOST_BYTES // 1_000_000} MB")
    text = path.read_text(encoding="utf-8-sig")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return lines[:-1] if lines and not lines[-1] else lines


def _same(lines: Sequence[str], one: Golden) -> None:
    if not 1 <= one.line <= len(lines) or _mark(lines[one.line - 1]) != one.mark:
        raise GoldenChangedError


def _write(path: Path, lines: Sequence[str], before: Sequence[str]) -> None:
    """Replace the file as a whole, unless somebody changed it since it was read."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write("".join(f"{line}\n" for line in lines))
            out.flush()
            os.fsync(out.fileno())
        if path.exists():
            beside.chmod(path.stat().st_mode & 0o777)
            if _lines(path) != list(before):
                raise GoldenChangedError
        else:
            beside.chmod(0o644)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _mark(line: str) -> str:
    return hashlib.sha256(line.encode("utf-8", "surrogatepass")).hexdigest()[:16]
