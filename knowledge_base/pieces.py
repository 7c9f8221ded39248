"""A file of entries cut into the texts of its entries, so that after an edit only those that changed are parsed.

The cut is made by the look of the lines, without parsing. Where that could mislead there is none (`cut` gives None),
and where it does a piece cannot be parsed by itself (a quote or bracket stays open): then the file is read as a whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FIRST = re.compile(r"^( *)-(?=[ \n])", re.MULTILINE)
#: The end of a document, a second one, a directive: no business of an item.
_DOCUMENT = re.compile(r"^(?:---|\.\.\.|%)", re.MULTILINE)
#: Ends of lines that YAML knows beside the line feed; counting lines by line feeds would go wrong.
_OTHER_ENDS = re.compile("\r(?!\n)|[\x85\u2028\u2029]")


@dataclass(frozen=True)
class Pieces:
    """What stands above the first item, and each item with the number of lines above it."""

    head: str
    items: tuple[tuple[int, str], ...]


def cut(text: str, most: int) -> Pieces | None:
    """The items of the list that a YAML file consists of; None where it has none, more than `most`, or odd lines."""
    first = _FIRST.search(text)
    if first is None or _OTHER_ENDS.search(text):
        return None
    head = text[: first.start()]
    if _DOCUMENT.search(text, first.start()) or "\n..." in "\n" + head:
        return None
    starts = [found.start() for found in re.finditer(rf"^{first[1]}-(?=[ \n])", text, re.MULTILINE)]
    if len(starts) > most:
        return None
    items = []
    above = head.count("\n")
    for start, end in zip(starts, [*starts[1:], len(text)]):
        item = text[start:end]
        items.append((above, item))
        above += item.count("\n")
    return Pieces(head, tuple(items))


def lines(text: str) -> Pieces:
    """The lines of a JSON Lines file that are not empty."""
    return Pieces("", tuple((above, line) for above, line in enumerate(text.split("\n")) if line.strip()))
