"""Words that promise what a bot cannot keep, in one YAML file that editors may change (`promises.yml`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from knowledge_base import yaml_text
from knowledge_base.located import Located, Mapping, UnreadableError

SHIPPED = Path(__file__).with_name("promises.yml")
_HOW = "每条写 word（要提醒的词），可加 unless（不算的说法，列表）和 instead（建议怎么写）"


class PromiseFileError(Exception):
    """The list of promises cannot be used: {file}:{line} {what}。{how}。"""

    def __init__(self, path: Path, line: int, what: str) -> None:
        super().__init__(f"{path.name}:{line} {what}。{_HOW}。")


@dataclass(frozen=True)
class Promise:
    """A word not to be said lightly; where it stands within one of `unless` it is none; `instead` is advice."""

    word: str
    unless: tuple[str, ...] = ()
    instead: str = ""

    def said_in(self, text: str) -> bool:
        """Whether `text` makes the promise."""
        return any(not self._excused(text, at) for at in _places(text, self.word))

    def _excused(self, text: str, at: int) -> bool:
        return any(
            begin <= at and at + len(self.word) <= begin + len(phrase)
            for phrase in self.unless
            for begin in _places(text, phrase)
        )


def load_promises(path: Path = SHIPPED) -> tuple[Promise, ...]:
    """Read the list; raises PromiseFileError with the line."""
    try:
        root = yaml_text.read(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise PromiseFileError(path, 0, f"读不了：{error}") from error
    except UnreadableError as error:
        raise PromiseFileError(path, error.line, error.what) from error
    if not isinstance(root.value, list) or isinstance(root.value, Mapping):
        raise PromiseFileError(path, 1, "应当是列表")
    return tuple(_promise(path, one) for one in root.value)


def _promise(path: Path, one: Located) -> Promise:
    if not isinstance(one.value, Mapping):
        raise PromiseFileError(path, one.line, "应当写成「word: …」")
    given = {str(key.value): value for key, value in one.value}
    unknown = given.keys() - {"word", "unless", "instead"}
    if unknown:
        raise PromiseFileError(path, one.line, f"不认识的字段「{min(unknown)}」")
    word, instead = (_text(path, given.get(name), one) for name in ("word", "instead"))
    if not word:
        raise PromiseFileError(path, one.line, "缺少 word")
    listed = given.get("unless")
    if listed is not None and (not isinstance(listed.value, list) or isinstance(listed.value, Mapping)):
        raise PromiseFileError(path, listed.line, "unless 应当是列表")
    unless: Sequence[Located] = listed.value if listed is not None else ()
    return Promise(word, tuple(filter(None, (_text(path, item, item) for item in unless))), instead)


def _text(path: Path, node: Located | None, near: Located) -> str:
    if node is not None and not isinstance(node.value, str):
        raise PromiseFileError(path, near.line, "应当是文字")
    return str(node.value).strip() if node is not None else ""


def _places(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while part and at >= 0:
        yield at
        at = text.find(part, at + 1)
