"""Questions that customers asked, and what became of them: what gaps and replays are made of.

A source is anything that can be iterated, a file today, the archive of conversations tomorrow.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from contracts.answer import Outcome

MAX_LINE_CHARACTERS = 1_000_000
_VOTES = {"useful": True, "useless": False, "有用": True, "没用": False, True: True, False: False}
_HOW = '每行一个 {"text": "…"}，可加 outcome、chosen、vote、handed_over、agent_seconds、reply'


@dataclass(frozen=True)
class Asked:
    """One question. What is not known stays None or empty.

    `outcome`: what the bot made of it then; `chosen`: the entry that the customer picked when asked back, "" for none;
    `useful`: the customer's vote; `handed_over`: it ended with an agent, `agent_seconds` of work, `reply` in the
    agent's own words.
    """

    text: str
    outcome: Outcome | None = None
    chosen: str = ""
    useful: bool | None = None
    handed_over: bool = False
    agent_seconds: float = 0.0
    reply: str = ""


class AskedQuestions(Protocol):
    """Where asked questions come from."""

    def __iter__(self) -> Iterator[Asked]:
        """Every question, in any order; may be iterated again."""


class AskedFileError(Exception):
    """The file of questions cannot be read: {file}:{line} {what}。{how}。"""

    def __init__(self, path: Path, line: int, what: str) -> None:
        super().__init__(f"{path.name}:{line} {what}。{_HOW}。")


class AskedFile:
    """Questions in a JSON Lines file, read line by line. Iterating raises AskedFileError with the line."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __iter__(self) -> Iterator[Asked]:
        try:
            with self.path.open(encoding="utf-8-sig") as opened:
                for number in itertools.count(1):
                    line = opened.readline(MAX_LINE_CHARACTERS + 1)
                    if not line:
                        return
                    if len(line) > MAX_LINE_CHARACTERS:
                        raise AskedFileError(self.path, number, f"这一行超过 {MAX_LINE_CHARACTERS} 字")
                    if line.strip():
                        yield self._asked(number, line)
        except (OSError, UnicodeDecodeError) as error:
            raise AskedFileError(self.path, 0, f"读不了，需要 UTF-8 文件：{error}") from error

    def _asked(self, number: int, line: str) -> Asked:
        try:
            document = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise AskedFileError(self.path, number, "不是正确的 JSON") from error
        if not isinstance(document, dict):
            raise AskedFileError(self.path, number, "不是一个对象")
        try:
            return _read(document)
        except ValueError as error:
            raise AskedFileError(self.path, number, str(error)) from error


def _read(document: dict[str, Any]) -> Asked:
    def text(name: str) -> str:
        value = document.get(name)
        if not isinstance(value, (str, type(None))):
            raise ValueError(f"{name} 应当是文字")
        return (value or "").strip()

    if not text("text"):
        raise ValueError("缺少 text")
    outcome, vote, seconds = text("outcome"), document.get("vote"), document.get("agent_seconds") or 0
    if outcome and outcome not in {one.value for one in Outcome}:
        raise ValueError(f"outcome 应当是 answer、clarify 或 miss，这里是「{outcome[:20]}」")
    if vote not in (None, "") and (isinstance(vote, (list, dict)) or vote not in _VOTES):
        raise ValueError("vote 应当是 useful 或 useless")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < 1e7:
        raise ValueError("agent_seconds 应当是秒数")
    return Asked(
        text("text"),
        Outcome(outcome) if outcome else None,
        text("chosen"),
        _VOTES[vote] if vote not in (None, "") else None,
        document.get("handed_over") is True,
        float(seconds),
        text("reply"),
    )
