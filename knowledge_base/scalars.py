"""Text as YAML writes it: without quotes where nobody, person or program, can take it for something else."""

from __future__ import annotations

import re
from typing import Any

import yaml

from knowledge_base import yaml_text
from knowledge_base.located import Mapping, UnreadableError
from knowledge_base.schema import NONE_WORDS

#: Characters that a reader of YAML refuses, drops, or takes for the end of a line.
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_NAMED = {"\n": "\\n", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
_ESCAPED = re.compile(f'{_UNWRITABLE.pattern}|[\n\t"\\\\]')
_RESOLVER: Any = yaml.SafeLoader("")
_TEXT = "tag:yaml.org,2002:str"


def scalar(text: str, *, flow: bool = False, guessed: bool = False) -> str:
    """`text` on one line; `flow`: inside brackets, where commas and brackets need quotes too.

    `guessed`: the text had no quotes and nobody knows its type, so a number may stay one.
    """
    if _plain(text, flow, guessed):
        return text
    if '"' in text or "\\" in text:
        single = "'" + text.replace("'", "''") + "'"
        if not _UNWRITABLE.search(text) and "\n" not in text and "\t" not in text:
            return single
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def block(text: str, indent: int) -> list[str] | None:
    """The lines of `text` below a `|`, or None where a block would not give it back (with a newline at its end)."""
    if "\n" not in text or text.strip() != text or _UNWRITABLE.search(text):
        return None
    margin = " " * indent
    lines = [margin + line if line else "" for line in text.split("\n")]
    return lines if _reads_as("- |\n" + "\n".join(lines) + "\n", text + "\n") else None


def _plain(text: str, flow: bool, guessed: bool) -> bool:
    if not text or text != text.strip() or "\n" in text or "\t" in text or _UNWRITABLE.search(text):
        return False  # readers of YAML differ about tabs
    if text.lower() in NONE_WORDS:
        return False
    # Numbers, dates, yes and no.
    if not guessed and _RESOLVER.resolve(yaml.ScalarNode, text, (True, False)) != _TEXT:
        return False
    if flow:
        return _reads_as(f"[{text}]\n", text) and _reads_as(f"{{k: {text}}}\n", text)
    return _reads_as(f"- {text}\n", text) and _reads_as(f"k: {text}\n", text)


def _reads_as(document: str, text: str) -> bool:
    """Whether the one value of `document` is `text`: the reader itself is asked, so there is no second rule book."""
    try:
        value = yaml_text.read(document).value
    except UnreadableError:
        return False
    if len(value) != 1:
        return False
    node = value[0][1] if isinstance(value, Mapping) else value[0]
    return isinstance(node.value, str) and node.value == text


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    return _NAMED.get(character) or f"\\u{ord(character):04x}"
