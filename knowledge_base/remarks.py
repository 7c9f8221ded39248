"""The comments of a YAML file, each with the thing that it speaks of.

A comment on a line of its own speaks of what follows, one behind a value of that value, and one that stands deeper
than what follows closes the list or the entry above it. That is how people read them; libraries that keep a comment
with the token *before* it carry it off to another field as soon as fields change places
(docs/decisions/0201-comments-belong-to-what-follows.md).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

import yaml

from knowledge_base.yaml_text import LOADER

#: Where something stands: keys, and positions in lists, from the top; () is the document.
Path = tuple[str | int, ...]


@dataclass
class Remark:
    """Comments of one thing, with their `#`: lines above it ("" is an empty line), beside it, and at its end."""

    above: list[str] = field(default_factory=list)
    beside: str = ""
    below: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Every comment, without empty lines."""
        return [line for line in (*self.above, self.beside, *self.below) if line]

    def absorb(self, other: Remark) -> None:
        """Take over the comments of something that has no line of its own any more."""
        self.above += other.lines()


@dataclass(frozen=True, eq=False)
class _Container:
    """A list or mapping; `column` is where its children begin, `end` its last character where it is a flow."""

    path: Path
    column: int
    start: int
    flow: bool
    outer: tuple[_Container, ...]
    end: list[int] = field(default_factory=list)  # known once it is closed

    @property
    def chain(self) -> tuple[_Container, ...]:
        return (*self.outer, self)


@dataclass(frozen=True)
class _Anchor:
    """A key or a list item: what comments are tied to."""

    path: Path
    index: int
    column: int
    container: _Container


@dataclass
class _Layout:
    """Where things stand in a text: anchors in order, spans of scalars, ends of values by line."""

    anchors: list[_Anchor] = field(default_factory=list)
    scalars: list[tuple[int, int, Path, str]] = field(default_factory=list)  # start, end, owner, style
    ends: list[tuple[int, Path]] = field(default_factory=list)
    flows: list[_Container] = field(default_factory=list)


def find(text: str) -> dict[Path, Remark]:
    """The comments of `text`, by what they speak of; `text` is YAML that `yaml_text.read` takes, with \\n alone."""
    layout = _layout(text)
    found: dict[Path, Remark] = {}
    starts = [anchor.index for anchor in layout.anchors]
    for start, comment in _comments(text, layout, found):
        line_start = text.rfind("\n", 0, start) + 1
        alone = not text[line_start:start].strip()
        owner = None if alone else _beside(layout, line_start, start)
        if owner is not None:
            remark = found.setdefault(owner, Remark())
            if remark.beside:
                remark.above.append(remark.beside)
            remark.beside = comment
            continue
        path, side = _position(layout, starts, start, start - line_start if alone else -1)
        remark = found.setdefault(path, Remark())
        lines: list[str] = getattr(remark, side)
        lines.append(comment)
        if _followed_by_empty_line(text, start):
            lines.append("")
    return found


def _comments(text: str, layout: _Layout, found: dict[Path, Remark]) -> list[tuple[int, str]]:
    """(place, comment) of every comment outside block headers; those of block headers go into `found` at once."""
    out: list[tuple[int, str]] = []
    at = 0
    for start, end, owner, style in [*layout.scalars, (len(text), len(text), (), "")]:
        while (hash_at := text.find("#", at, start)) >= 0:
            line_end = text.find("\n", hash_at)
            line_end = len(text) if line_end < 0 else line_end
            out.append((hash_at, text[hash_at:line_end].rstrip()))
            at = line_end
        if style in ("|", ">"):
            header = text[start:end].partition("\n")[0]
            if "#" in header:
                found.setdefault(owner, Remark()).beside = header[header.index("#") :].rstrip()
        at = max(at, end)
    return out


def _beside(layout: _Layout, line_start: int, start: int) -> Path | None:
    """What ended last on the line before the comment at `start`."""
    at = bisect_right(layout.ends, start, key=lambda end: end[0]) - 1
    return layout.ends[at][1] if at >= 0 and layout.ends[at][0] > line_start else None


def _position(layout: _Layout, starts: list[int], start: int, column: int) -> tuple[Path, str]:
    """Whether a comment stands above what follows or at the end of what came before."""
    at = bisect_right(starts, start)
    following = layout.anchors[at] if at < len(layout.anchors) else None
    inside = [flow for flow in layout.flows if flow.start < start < flow.end[0]]
    if inside:
        innermost = inside[-1]
        if following is not None and following.index < innermost.end[0]:
            return following.path, "above"
        return innermost.path, "below"
    ahead = following.container.chain if following else ()
    behind = layout.anchors[at - 1].container.chain if at else ()
    if following is None or column > following.column:
        for container in reversed(behind):
            if not container.flow and container not in ahead and container.column <= column:
                return container.path, "below"
    return (following.path, "above") if following else ((), "below")


def _followed_by_empty_line(text: str, start: int) -> bool:
    line_end = text.find("\n", start)
    next_end = text.find("\n", line_end + 1)
    return 0 <= line_end < next_end and not text[line_end:next_end].strip()


def _layout(text: str) -> _Layout:
    layout = _Layout()
    stack: list[_Container] = []
    counts: list[int] = []
    keys: list[str | None] = []

    def child(event: Any) -> Path:
        """The path of the value that `event` begins; an item of a list is an anchor, as keys are."""
        if not stack:
            return ()
        container = stack[-1]
        key = keys[-1]
        if key is not None:
            return (*container.path, key)
        path = (*container.path, counts[-1])
        column = event.start_mark.column if container.flow else container.column
        layout.anchors.append(_Anchor(path, event.start_mark.index, column, container))
        counts[-1] += 1
        return path

    mapping: list[bool] = []
    event: Any
    for event in yaml.parse(text, Loader=LOADER):
        kind = type(event)
        start, end = event.start_mark.index, event.end_mark.index
        if kind is yaml.ScalarEvent:
            if stack and mapping[-1] and keys[-1] is None:  # a key
                path: Path = (*stack[-1].path, event.value)
                layout.anchors.append(_Anchor(path, start, event.start_mark.column, stack[-1]))
                keys[-1] = event.value
            else:
                path = child(event)
                if stack and mapping[-1]:
                    keys[-1] = None
            layout.scalars.append((start, end, path, event.style or ""))
            if end > start:
                layout.ends.append((end, path))
        elif kind in (yaml.MappingStartEvent, yaml.SequenceStartEvent):
            path = child(event)
            container = _Container(path, event.start_mark.column, start, bool(event.flow_style), tuple(stack))
            if container.flow:
                layout.flows.append(container)
            stack.append(container)
            counts.append(0)
            keys.append(None)
            mapping.append(kind is yaml.MappingStartEvent)
        elif kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
            closed = stack.pop()
            closed.end.append(end)
            counts.pop()
            keys.pop()
            mapping.pop()
            if closed.flow:
                layout.ends.append((end, closed.path))
            if stack and mapping[-1]:
                keys[-1] = None
    return layout
