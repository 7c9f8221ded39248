"""What is wrong in an editor's file: where it stands, what it is, how to mend it. Editors read it: in Chinese."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """One fault of a FAQ file. `line` and `column` count from 1; 0 means the file as a whole.

    An entry with an error is not served; a warning changes nothing.
    """

    file: str
    line: int
    column: int
    severity: Severity
    what: str
    how: str
    entry_id: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        word = "错误" if self.severity == "error" else "提醒"
        return f"{place} {word}：{self.what}。{self.how}。"


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Those problems that keep an entry or a file from being served."""
    return [problem for problem in problems if problem.severity == "error"]
