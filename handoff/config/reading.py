"""Reading what an administrator sent: every fault is noted with its field and a sentence, none stops the reading.

A `Reader` stands for one value inside a document. Its methods return the value, or a harmless one after noting what is
wrong; `read` raises everything noted at once, so that a form can be mended in one go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from handoff.errors import Invalid

T = TypeVar("T")

MOST_ITEMS = 500
MOST_TEXT = 200
MOST_PROBLEMS = 50
NAME = re.compile(r"[^\s,:{}]{1,64}")


@dataclass(frozen=True)
class Problem:
    """What is wrong with one field, as a sentence for the administrator."""

    field: str
    message: str


class BadDocument(Invalid):
    """The document cannot be used: {field}: {what}, …"""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{one.field}: {one.message}" for one in self.problems))


class Reader:
    """One value of a document and the path to it."""

    def __init__(self, value: Any, path: str = "", problems: list[Problem] | None = None) -> None:
        self.value = value
        self.path = path
        self.problems: list[Problem] = [] if problems is None else problems

    def wrong(self, message: str) -> None:
        """Note a fault of this value."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(self.path or "document", message))

    def _inside(self, value: Any, step: str) -> Reader:
        path = f"{self.path}{step}" if step.startswith("[") or not self.path else f"{self.path}.{step}"
        return Reader(value, path, self.problems)

    def fields(self, *names: str, needed: Sequence[str] = ()) -> dict[str, Reader]:
        """The fields that are there, by name; others than `names` and those missing of `needed` are faults."""
        if not isinstance(self.value, dict):
            self.wrong("应当是一个对象。")
            return {}
        for name in self.value:
            if name not in names:
                self._inside(None, str(name)[:64]).wrong("没有这一项设置，请检查拼写。")
        for name in needed:
            if name not in self.value:
                self._inside(None, name).wrong("缺少这一项。")
        return {name: self._inside(self.value[name], name) for name in names if name in self.value}

    def mapping(self) -> Iterator[tuple[str, Reader]]:
        """(name, value) of an object whose names are free."""
        if not isinstance(self.value, dict):
            self.wrong("应当是一个对象。")
            return
        if len(self.value) > MOST_ITEMS:
            self.wrong(f"最多 {MOST_ITEMS} 项。")
            return
        for name, value in self.value.items():
            yield str(name), self._inside(value, str(name)[:64])

    def items(self) -> Iterator[Reader]:
        """The members of a list."""
        if not isinstance(self.value, list):
            self.wrong("应当是一个列表。")
            return
        if len(self.value) > MOST_ITEMS:
            self.wrong(f"最多 {MOST_ITEMS} 项。")
            return
        for number, value in enumerate(self.value):
            yield self._inside(value, f"[{number}]")

    def text(self, *, most: int = MOST_TEXT, empty: bool = True) -> str:
        """A line of text."""
        if not isinstance(self.value, str) or not all(one.isprintable() for one in self.value):
            self.wrong("应当是一行文字。")
            return ""
        text = self.value.strip()
        if len(text) > most:
            self.wrong(f"最多 {most} 个字。")
        elif not text and not empty:
            self.wrong("不能空着。")
        return text[:most]

    def name(self) -> str:
        """The name of a group, an agent or an entry point: without white space, commas, colons and braces."""
        if not isinstance(self.value, str) or not NAME.fullmatch(self.value) or not self.value.isprintable():
            self.wrong("名称是 1 到 64 个字，不含空格、逗号、冒号和花括号。")
            return ""
        return self.value

    def whole(self, least: int, most: int) -> int:
        """A whole number."""
        if type(self.value) is not int or not least <= self.value <= most:
            self.wrong(f"应当是 {least} 到 {most} 的整数。")
            return least
        return self.value

    def number(self, least: float, most: float) -> float:
        """A number."""
        if type(self.value) not in (int, float) or not least <= self.value <= most:
            self.wrong(f"应当是 {least:g} 到 {most:g} 的数。")
            return least
        return float(self.value)

    def flag(self) -> bool:
        """True or false."""
        if type(self.value) is not bool:
            self.wrong("应当是 true 或 false。")
        return self.value is True

    def one_of(self, options: Sequence[str]) -> str:
        """One of the words."""
        if self.value not in options:
            self.wrong(f"只能是 {'、'.join(options)} 之一。")
            return options[0]
        return str(self.value)


def read(document: Any, reading: Callable[[Reader], T]) -> T:
    """What `reading` makes of a document; raises BadDocument with everything that is wrong with it."""
    reader = Reader(document)
    value = reading(reader)
    if reader.problems:
        raise BadDocument(reader.problems)
    return value
