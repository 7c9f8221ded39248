"""Values that know where they stand in their file, whatever format it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Located:
    """A value read from a file, with its line and column (from 1).

    `value` is a string, a bool, a number, None, a list of Located, or a Mapping. `plain` marks a YAML scalar that
    stood without quotes: only there do 是, true, ~ and the like mean more than their letters.
    """

    value: Any
    line: int
    column: int
    plain: bool = False


class Mapping(list[tuple[Located, Located]]):
    """Keys and values in the order of the file, so that a repeated key can be seen."""


class UnreadableError(Exception):
    """The text is not of its format: {line}:{column} {what}. {how}."""

    def __init__(self, line: int, column: int, what: str, how: str) -> None:
        super().__init__(f"{line}:{column} {what}。{how}")
        self.line, self.column, self.what, self.how = line, column, what, how


class TooMuchError(UnreadableError):
    """The text holds more than a FAQ can; reading it piece by piece would be no better."""
