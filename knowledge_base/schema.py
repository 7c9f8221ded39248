"""From a located record to an entry: every field's type and limits, each fault told with its place.

One table serves every format (YAML, JSON Lines, CSV, XLSX), the checks and the published JSON Schema.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from knowledge_base.entry import FaqEntry, Status
from knowledge_base.located import Located, Mapping
from knowledge_base.problems import Problem

Kind = Literal["text", "lines", "list", "date", "bool", "status"]


@dataclass(frozen=True)
class FieldRule:
    """How one field is written: its kind, the longest text (characters), the most items, and what it is for."""

    kind: Kind
    longest: int = 200
    most: int = 1
    required: bool = False
    meaning: str = ""


#: Field name -> rule. The order is the order in which entries are written out.
FIELDS: dict[str, FieldRule] = {
    "id": FieldRule("text", 128, required=True, meaning="唯一编号，例如 returns-001；改了编号就是另一条"),
    "question": FieldRule("text", 500, required=True, meaning="标准问题"),
    "variants": FieldRule("list", 500, 500, meaning="客户的其他问法"),
    "answer": FieldRule("lines", 20_000, required=True, meaning="答案，Markdown"),
    "category": FieldRule("text", 100, meaning="分类"),
    "tags": FieldRule("list", 50, 50, meaning="标签"),
    "status": FieldRule("status", meaning="published 已发布、draft 草稿、retired 已下线"),
    "owner": FieldRule("text", 100, meaning="负责人"),
    "effective_from": FieldRule("date", meaning="生效日（含）"),
    "effective_until": FieldRule("date", meaning="失效日（含）"),
    "channels": FieldRule("list", 50, 50, meaning="只在这些渠道回答；不写就是全部"),
    "related": FieldRule("list", 128, 20, meaning="相关条目的编号"),
    "escalate": FieldRule("bool", meaning="回答后是否同时请人工"),
    "source": FieldRule("text", 500, meaning="依据，例如制度文件或网址"),
    "updated": FieldRule("date", meaning="最后核对日期"),
    "images": FieldRule("list", 500, 20, meaning="图片，相对路径或 https 地址"),
}
#: What stands for no value where it has no quotes.
NONE_WORDS = frozenset({"", "~", "null", "none", "无"})
_TRUE = frozenset({"true", "yes", "y", "1", "是", "对", "on"})
_FALSE = frozenset({"false", "no", "n", "0", "否", "不", "off"})
_STATUS = {"published": Status.PUBLISHED, "draft": Status.DRAFT, "retired": Status.RETIRED}
_STATUS |= {"已发布": Status.PUBLISHED, "草稿": Status.DRAFT, "已下线": Status.RETIRED}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
#: Zero-width characters and marks that turn the direction of writing: invisible, and they break matching.
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
#: Scripts and links that run something: never part of an answer.
DANGEROUS = re.compile(r"\]\(\s*<?\s*(javascript|data|vbscript|file)\s*:|<\s*(script|iframe|object|embed)\b", re.I)
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T ].*)?")


class RecordReader:
    """Reads the records of one file; collects what is wrong with them in `problems`."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._failed = False
        self._entry_id = ""

    def entry(self, record: Located, defaults: Mapping | None = None) -> FaqEntry | None:
        """The entry of `record`, or None when it has an error. `defaults` are the fields its file gives to all."""
        try:
            return self._entry(record, defaults)
        finally:
            self._entry_id = ""  # what comes after the record is not about it

    def _entry(self, record: Located, defaults: Mapping | None) -> FaqEntry | None:
        self._failed = False
        if not isinstance(record.value, Mapping):
            self.error(
                record, "条目应当是「字段名: 内容」的组合", "以「- id: …」开头，后面各行写 question、answer 等字段"
            )
            return None
        given: dict[str, Located] = {}
        for key, value in record.value:
            name = str(key.value).strip()
            if name == "id":
                self._entry_id = str(value.value)[:128]
            if name not in FIELDS:
                self._unknown(key, name)
            elif name in given:
                self.error(key, f"字段 {name} 写了两次", "只留一个")
            else:
                given[name] = value
        for key, value in defaults or ():
            given.setdefault(str(key.value).strip(), value)

        read: dict[str, Any] = {}
        for name, rule in FIELDS.items():
            node = given.get(name)
            if node is not None and not is_none(node):
                value = self.value(name, node)
                if value is not None:
                    read[name] = value
            elif rule.required:
                self.error(node or record, f"缺少 {name}({rule.meaning.split('，')[0]})", f"补上「{name}: …」")
        if self._failed:
            return None
        return self._whole(read, record, given)

    def value(self, name: str, node: Located) -> Any:
        """The value of field `name` as an entry holds it, or None where `node` is not one (then it is an error)."""
        rule = FIELDS[name]
        return _READERS[rule.kind](self, name, rule, node)

    def error(self, node: Located, what: str, how: str) -> None:
        """Note an error at `node`: the entry under way is rejected."""
        self._failed = True
        self.problems.append(Problem(self.file, node.line, node.column, "error", what, how, self._entry_id))

    def warn(self, node: Located, what: str, how: str) -> None:
        """Note a warning at `node`."""
        self.problems.append(Problem(self.file, node.line, node.column, "warning", what, how, self._entry_id))

    def _whole(self, read: dict[str, Any], record: Located, given: dict[str, Located]) -> FaqEntry | None:
        """The checks that need several fields."""
        entry = FaqEntry(**read)
        begins, ends = entry.effective_from, entry.effective_until
        if begins and ends and ends < begins:
            self.error(given["effective_until"], f"失效日 {ends} 早于生效日 {begins}", "改正其中一个日期")
        if entry.id in entry.related:
            self.warn(given["related"], "相关条目里有它自己", "去掉自己的编号")
        if DANGEROUS.search(entry.answer):
            self.error(given["answer"], "答案里有脚本或危险链接", "只用 Markdown 文字、图片和 https 链接")
        for image in entry.images:
            if ":" in image.split("/")[0] and not image.startswith("https://"):
                self.error(given["images"], f"图片地址「{image[:60]}」不可用", "用相对路径或 https:// 地址")
        return None if self._failed else entry

    def _unknown(self, key: Located, name: str) -> None:
        near = difflib.get_close_matches(name, FIELDS, 1)
        hint = f"是不是想写 {near[0]}" if near else "可用的字段：" + "、".join(FIELDS)
        self.warn(key, f"不认识的字段「{name[:40]}」，已忽略", hint)

    def _text(self, name: str, rule: FieldRule, node: Located, many_lines: bool = False) -> str | None:
        value = node.value
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(value)  # JSON and spreadsheets hold numbers where editors mean text
        if not isinstance(value, str):
            shape = "列表" if isinstance(value, list) else "是/否值" if isinstance(value, bool) else "组合"
            self.error(
                node, f"{name} 应当是文字，这里是{shape}", "写成一段文字；" + "文字里有冒号或方括号时用双引号括起来"
            )
            return None
        if _CONTROL.search(value):
            self.error(node, f"{name} 里有看不见的控制字符", "删去后重新输入这段文字")
            return None
        if _INVISIBLE.search(value):
            self.warn(node, f"{name} 里有零宽或改变书写方向的字符，已去掉", "重新输入这段文字可以消除本提醒")
            value = _INVISIBLE.sub("", value)
        value = value.replace("\r\n", "\n").replace("\r", "\n").strip()
        if not many_lines:
            value = " ".join(value.split())
        if not value:
            self.error(node, f"{name} 是空的", "写上内容" if rule.required else "写上内容，或删去这个字段")
            return None
        if len(value) > rule.longest:
            self.error(node, f"{name} 有 {len(value)} 字，最多 {rule.longest} 字", "缩短，或拆成几条")
            return None
        return value

    def _lines(self, name: str, rule: FieldRule, node: Located) -> str | None:
        return self._text(name, rule, node, many_lines=True)

    def _list(self, name: str, rule: FieldRule, node: Located) -> tuple[str, ...] | None:
        if not isinstance(node.value, list) or isinstance(node.value, Mapping):
            self.error(node, f"{name} 应当是列表", "每项一行，以「- 」开头；或写成 [甲, 乙]")
            return None
        if len(node.value) > rule.most:
            self.error(node, f"{name} 有 {len(node.value)} 项，最多 {rule.most} 项", "减少项数，或拆成几条")
            return None
        items: dict[str, None] = {}
        for item in node.value:
            if is_none(item):
                self.warn(item, f"{name} 里有一个空项，已忽略", "删去它")
                continue
            text = self._text(name, rule, item)
            if text in items:
                self.warn(item, f"{name} 里「{text[:30]}」写了两次", "留一个")
            if text is not None:
                items[text] = None
        return tuple(items)

    def _date(self, name: str, rule: FieldRule, node: Located) -> date | None:
        if isinstance(node.value, date):
            return date(node.value.year, node.value.month, node.value.day)
        found = _DATE.fullmatch(node.value.strip()) if isinstance(node.value, str) else None
        try:
            if found:
                return date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            pass  # 2025-02-30: told below like any other text that is no day
        self.error(node, f"{name} 不是日期", "写成 2025-03-01 这样的年-月-日")
        return None

    def _bool(self, name: str, rule: FieldRule, node: Located) -> bool | None:
        if isinstance(node.value, bool):
            return node.value
        word = str(node.value).strip().lower()
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
        self.error(node, f"{name} 应当是 true 或 false", "写 true（是）或 false（否）")
        return None

    def _status(self, name: str, rule: FieldRule, node: Located) -> Status | None:
        status = _STATUS.get(str(node.value).strip().lower())
        if status is None:
            self.error(node, f"不认识的状态「{str(node.value)[:20]}」", "写 published、draft 或 retired")
        return status


_READERS: dict[Kind, Callable[[RecordReader, str, FieldRule, Located], Any]] = {
    "text": RecordReader._text,
    "lines": RecordReader._lines,
    "list": RecordReader._list,
    "date": RecordReader._date,
    "bool": RecordReader._bool,
    "status": RecordReader._status,
}


def is_none(node: Located) -> bool:
    """Whether a value stands for nothing: left empty, ~, null or 无, without quotes."""
    return node.value is None or (node.plain and isinstance(node.value, str) and node.value.lower() in NONE_WORDS)


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of an editors' YAML file, for completion and checks while typing."""
    properties: dict[str, Any] = {}
    for name, rule in FIELDS.items():
        text: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": rule.longest}
        shapes: dict[Kind, dict[str, Any]] = {
            "text": text,
            "lines": text,
            "list": {"type": "array", "items": text, "maxItems": rule.most, "uniqueItems": True},
            "date": {"type": "string", "format": "date"},
            "bool": {"type": "boolean"},
            "status": {"enum": [status.value for status in Status]},
        }
        properties[name] = shapes[rule.kind] | {"description": rule.meaning}
    required = [name for name, rule in FIELDS.items() if rule.required]
    entry = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    shared = {name: properties[name] for name in FIELDS if name not in ("id", "question", "variants", "answer")}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": "由 jiehua kb schema 生成，不要手改",
        "title": "接话知识条目",
        "$defs": {"entries": {"type": "array", "items": entry}},
        "anyOf": [
            {"$ref": "#/$defs/entries"},
            {
                "type": "object",
                "properties": shared | {"entries": {"$ref": "#/$defs/entries"}},
                "required": ["entries"],
                "additionalProperties": False,
            },
        ],
    }
