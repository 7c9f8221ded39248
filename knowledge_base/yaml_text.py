"""YAML to located values, from the parser's events alone.

Editors' files need lists, mappings and scalars, so nothing else is built: no anchors (a few lines of them can stand for
gigabytes), no tags (they name Python types), bounded depth, and no guessing of types: `id: 007` and `question: no`
stay the text they are.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from knowledge_base.located import Located, Mapping, TooMuchError, UnreadableError

MAX_DEPTH = 12
#: Values of one file; a base of ten thousand entries has about two hundred thousand.
MAX_VALUES = 1_000_000
#: The parser in C where there is one; both give the same events and marks.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INDENT = "用空格缩进，同一级的文字左边对齐"
_QUOTE = "含有冒号、#、引号、花括号或方括号的文字，请整段用双引号括起来"
#: Beginnings of the parser's own messages, in the editors' language: (what, how).
_MESSAGES = {
    "found character that cannot start any token": (
        "这里有 YAML 不允许的字符（常见的是 Tab 或 @、`）",
        _INDENT + "；" + _QUOTE,
    ),
    "found a tab character": ("这里用了 Tab", "把 Tab 换成空格"),
    "mapping values are not allowed": ("这里的冒号让人分不清是字段名还是正文", _QUOTE),
    "could not find expected ':'": ("这一行缺少冒号", "字段写成「字段名: 内容」，冒号用半角，后面空一格"),
    "did not find expected key": ("缩进没有对齐，或引号没有成对", _INDENT + "；" + _QUOTE),
    "did not find expected '-' indicator": ("列表的缩进没有对齐", _INDENT),
    "found unexpected end of stream": ("引号没有成对，一直到文件末尾都没有关上", "补上缺少的引号"),
    "while scanning a quoted scalar": ("引号没有成对", "补上缺少的引号"),
    "block sequence entries are not allowed": ("「-」不能写在这里", "「- 」另起一行，缩进对齐"),
    "did not find expected ',' or": ("方括号或花括号没有成对", "补上括号，或" + _QUOTE),
    "control characters are not allowed": ("有看不见的控制字符", "删去后重新输入这一行"),
}
#: What the parser was in the middle of when the mistake lies where that began.
_BEGINNINGS = ("quoted scalar", "simple key", "flow sequence", "flow mapping")
#: What YAML allows in no place; the parser tells it without a line.
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_CONFLICT = re.compile(r"^(<{7}|={7}|>{7})(?= |$)", re.MULTILINE)


def read(text: str, above: int = 0, inside: int = 0) -> Located:
    """The one document of `text`; raises UnreadableError with its place for anything that is not plain YAML.

    `above`: lines of the file that come before `text`; `inside`: collections of the file that it stands in.
    """
    _refuse(text, above, _UNREADABLE, *_MESSAGES["control characters are not allowed"])
    _refuse(text, above, _CONFLICT, "这里有没解决的合并冲突", "选定一边，删去 <<<<<<<、=======、>>>>>>> 这几行")
    values = 0
    stack: list[tuple[Any, Located | None]] = []  # open collections, each with the key that waits for its value
    root: Located | None = None
    try:
        event: Any  # the parser tells its kinds apart by class alone
        for event in yaml.parse(text, Loader=LOADER):
            line, column = event.start_mark.line + 1 + above, event.start_mark.column + 1
            kind = type(event)
            values += 1
            if values > MAX_VALUES:
                raise TooMuchError(line, column, f"文件里的内容多于 {MAX_VALUES} 项", "按分类拆成几个文件")
            if kind is yaml.AliasEvent or getattr(event, "anchor", None):
                raise UnreadableError(line, column, "不支持锚点和引用（& 和 *）", "把内容直接写出来；" + _QUOTE)
            if kind is yaml.ScalarEvent:
                _refuse_tag(event, line, column)
                plain = event.implicit[0] and not event.style  # the parser in C says "" where the other says None
                root = _put(stack, Located(event.value, line, column, plain), root)
            elif kind in (yaml.SequenceStartEvent, yaml.MappingStartEvent):
                _refuse_tag(event, line, column)
                if len(stack) + inside >= MAX_DEPTH:
                    raise UnreadableError(
                        line, column, f"嵌套超过 {MAX_DEPTH} 层", "条目只需要字段和列表，去掉多余的括号或缩进"
                    )
                opened: Any = Mapping() if kind is yaml.MappingStartEvent else []
                root = _put(stack, Located(opened, line, column), root)
                stack.append((opened, None))
            elif kind in (yaml.SequenceEndEvent, yaml.MappingEndEvent):
                stack.pop()
            elif kind is yaml.DocumentStartEvent and root is not None:
                raise UnreadableError(line, column, "一个文件里有多个文档(---)", "去掉「---」，或拆成几个文件")
    except yaml.YAMLError as error:
        raise _translated(error, above) from error
    return root or Located(None, above + 1, 1, True)


def values(node: Located) -> int:
    """How many events of the parser made `node`: what MAX_VALUES bounds."""
    if isinstance(node.value, Mapping):
        return 2 + sum(values(key) + values(value) for key, value in node.value)
    return 2 + sum(map(values, node.value)) if isinstance(node.value, list) else 1


def _put(stack: list[tuple[Any, Located | None]], node: Located, root: Located | None) -> Located | None:
    if not stack:
        return node
    container, key = stack[-1]
    if not isinstance(container, Mapping):
        container.append(node)
    elif key is None:
        if not isinstance(node.value, str):
            raise UnreadableError(node.line, node.column, "字段名不能是列表或映射", _QUOTE)
        stack[-1] = (container, node)
    else:
        container.append((key, node))
        stack[-1] = (container, None)
    return root


def _refuse(text: str, above: int, pattern: re.Pattern[str], what: str, how: str) -> None:
    found = pattern.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1 + above
        raise UnreadableError(line, found.start() - text.rfind("\n", 0, found.start()), what, how)


def _refuse_tag(event: Any, line: int, column: int) -> None:
    if event.tag and event.tag not in ("!", "tag:yaml.org,2002:str"):
        raise UnreadableError(line, column, f"不支持类型标签「{event.tag[:40]}」", "去掉以 ! 开头的标签；" + _QUOTE)


def _translated(error: yaml.YAMLError, above: int) -> UnreadableError:
    mark, begin = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    if mark is None or any(word in str(getattr(error, "context", "")) for word in _BEGINNINGS):
        mark = begin or mark  # an open quote is to be mended where it opens, not where the file ends
    line, column = (mark.line + 1 + above, mark.column + 1) if mark else (above + 1, 1)
    said = f"{getattr(error, 'problem', '') or ''} {getattr(error, 'context', '') or ''} {error}"
    for beginning, (what, how) in _MESSAGES.items():
        if beginning in said:
            return UnreadableError(line, column, what, how)
    return UnreadableError(line, column, "这里不是正确的 YAML", _INDENT + "；" + _QUOTE)
