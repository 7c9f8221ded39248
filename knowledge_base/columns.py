"""Columns of other people's tables: what they are called elsewhere, and how a row becomes a record."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from knowledge_base.located import Located, Mapping
from knowledge_base.schema import FIELDS, RecordReader
from knowledge_base.tables import Row, TableError

#: Column names of this product's exports and of others' (MaxKB, FastGPT, Dify, RAGFlow, 微语, 微信客服, 企点 …), folded
#: by `folded`.
COLUMNS: dict[str, str] = {
    **{name: name for name in FIELDS},
    **dict.fromkeys(("编号", "序号", "知识id", "faqid", "uid", "知识编号", "问题id", "条目id"), "id"),
    **dict.fromkeys(
        ("问题", "标准问题", "标准问", "标准问法", "q", "title", "标题", "分段标题", "主问题", "prompt", "instruction"),
        "question",
    ),
    **dict.fromkeys(("questions", "query", "提问", "知识标题", "问题标题", "用户问题", "faq问题", "问"), "question"),
    **dict.fromkeys(
        ("答案", "回答", "回复", "a", "content", "内容", "分段内容", "reply", "response", "output", "答"), "answer"
    ),
    **dict.fromkeys(
        ("answers", "标准答案", "标准回答", "答复", "知识内容", "回复内容", "机器人回答", "正文"), "answer"
    ),
    **dict.fromkeys(
        ("相似问法", "相似问", "相似问题", "扩展问", "其他问法", "问法", "indexes", "index", "similar", "aliases"),
        "variants",
    ),
    **dict.fromkeys(
        (
            "similarquestions",
            "similarquestion",
            "similarquery",
            "扩展问题",
            "扩展问法",
            "相似说法",
            "关联问题",
            "alias",
        ),
        "variants",
    ),
    **dict.fromkeys(
        ("分类", "类别", "目录", "分组", "group", "categoryname", "类目", "知识分类", "所属分类"), "category"
    ),
    **dict.fromkeys(("标签", "tag", "keywords", "关键词", "label", "labels"), "tags"),
    **dict.fromkeys(("状态", "enabled", "启用状态"), "status"),
    **dict.fromkeys(("负责人", "维护人", "责任人"), "owner"),
    **dict.fromkeys(("生效日", "生效日期", "生效时间", "开始日期", "开始时间"), "effective_from"),
    **dict.fromkeys(("失效日", "失效日期", "失效时间", "结束日期", "结束时间", "有效期至"), "effective_until"),
    **dict.fromkeys(("渠道", "channel", "适用渠道"), "channels"),
    **dict.fromkeys(("相关", "相关条目", "相关问题", "推荐问题"), "related"),
    **dict.fromkeys(("转人工", "是否转人工"), "escalate"),
    **dict.fromkeys(("来源", "依据", "出处"), "source"),
    **dict.fromkeys(("更新日期", "更新时间", "核对日期", "updatedat", "最后更新"), "updated"),
    **dict.fromkeys(("图片", "image"), "images"),
}
_LISTS = tuple(name for name, rule in FIELDS.items() if rule.kind == "list")
_HOW = "第一行写列名，例如 问题、答案、分类、相似问法"


@dataclass(frozen=True)
class Table:
    """A table's records, and which fields it speaks of: what it has no column for is not its business."""

    records: tuple[Located, ...]
    fields: frozenset[str]


def folded(name: str) -> str:
    """A column name without case, spaces, underscores, trailing numbers and remarks in brackets."""
    name = re.sub(r"[（(【\[].*", "", name.strip().lower())
    name = name if name in FIELDS else re.sub(r"[\s_\-*:：]+", "", name)
    return name if name in FIELDS else re.sub(r"\d+$", "", name)


def stable_id(question: str) -> str:
    """The id of an imported entry that has none: the same question always gets the same."""
    return "q-" + hashlib.sha256(question.strip().encode("utf-8", "surrogatepass")).hexdigest()[:10]


def from_rows(rows: list[Row], reader: RecordReader) -> Table:
    """The records of a table whose first row names its columns; raises TableError where it names no answer."""
    if not rows:
        raise TableError("表格是空的", _HOW)
    header, *body = rows
    names = [COLUMNS.get(folded(cell)) for cell in header.cells]
    # MaxKB calls the answer 分段内容 and lists the questions, one a line, under 问题.
    if any(folded(cell) == "分段内容" for cell in header.cells):
        names = ["variants" if folded(cell) == "问题" else name for cell, name in zip(header.cells, names)]
    if "answer" not in names or not {"question", "variants"} & set(names):
        seen = "、".join(cell.strip()[:20] for cell in header.cells[:8])
        raise TableError(f"没有找到问题和答案两列（第一行是：{seen}）", _HOW)
    for cell, name in zip(header.cells, names):
        if name is None and cell.strip():
            column = Located(None, header.number, 1)
            reader.warn(column, f"不认识的列「{cell.strip()[:30]}」，已忽略", "可用的列：" + "、".join(FIELDS))
    fields = frozenset(name for name in names if name) | {"question"}
    return Table(tuple(_rows(body, names, reader)), fields)


def record(line: int, given: dict[str, list[str]]) -> Located:
    """A record of cells: lists one item a line, several columns of one name together, an id where there is none."""
    lists = {name: items_of(given[name]) for name in _LISTS if name in given}
    question = " ".join("\n".join(given.get("question", ())).split())
    if not question and lists.get("variants"):
        question, *lists["variants"] = lists["variants"]
    pairs = Mapping()

    def put(name: str, value: Any) -> None:
        pairs.append((Located(name, line, 1), Located(value, line, 1)))

    put("id", given["id"][0] if "id" in given else stable_id(question))
    if question:
        put("question", question)
    for name, cells in given.items():
        if name in ("id", "question", *_LISTS):
            continue
        put(name, "\n".join(cells))
    for name, items in lists.items():
        kept = [item for item in dict.fromkeys(items) if name != "variants" or item != question]
        put(name, [Located(item, line, 1) for item in kept])
    return Located(pairs, line, 1)


def renamed(found: Located) -> Located:
    """A record of a JSON file under our names: others' keys, a text where we have a list, no id."""
    if not isinstance(found.value, Mapping):
        return found
    pairs: dict[str, tuple[Located, Located]] = {}
    repeated: list[tuple[Located, Located]] = []
    for key, value in found.value:
        name = str(key.value).strip()
        name = name if name in FIELDS else COLUMNS.get(folded(name), name)
        named = (Located(name, key.line, key.column), _fitting(name, value))
        if name not in pairs:
            pairs[name] = named
        elif key.value in FIELDS:
            repeated.append(named)  # a key written twice is told by the schema
    asked = pairs.get("question")
    if asked and isinstance(asked[1].value, list) and not isinstance(asked[1].value, Mapping) and asked[1].value:
        first, *others = asked[1].value  # RAGFlow and QnA Maker: "questions": […]
        pairs["question"] = (asked[0], first)
        pairs.setdefault("variants", (Located("variants", found.line, 1), Located(others, found.line, 1)))
    question = pairs.get("question")
    if "id" not in pairs and question and isinstance(question[1].value, str):
        made = stable_id(" ".join(question[1].value.split()))
        pairs = {"id": (Located("id", found.line, 1), Located(made, found.line, 1)), **pairs}
    return Located(Mapping([*pairs.values(), *repeated]), found.line, found.column)


def items_of(cells: Iterable[str]) -> list[str]:
    """The items of list cells: one a line; a single line may separate them with | or a full-width semicolon."""
    items: list[str] = []
    for cell in cells:
        if cell.startswith("[") and cell.endswith("]"):
            try:
                listed = json.loads(cell)
            except (ValueError, RecursionError):
                listed = None
            if isinstance(listed, list) and all(isinstance(item, str) for item in listed):
                items += listed
                continue
        items += cell.split("\n") if "\n" in cell else re.split(r"\s*(?:\|\||[|；])\s*", cell)
    return [item.strip() for item in items if item.strip()]


def _rows(body: list[Row], names: list[str | None], reader: RecordReader) -> Iterator[Located]:
    for row in body:
        here = Located(None, row.number, 1)
        given: dict[str, list[str]] = {}
        for at, (name, cell) in enumerate(zip(names, row.cells)):
            if name and at in row.formulas:
                what = f"第 {at + 1} 列（{name}）是公式，文件里没有算好的值，这一行没有导入"
                reader.error(Located(None, row.number, at + 1), what, "在表格里复制这一格，选择性粘贴为「值」再保存")
                break
            if name and cell.strip():
                given.setdefault(name, []).append(cell)
        else:
            if len(row.cells) > len(names) and any(cell.strip() for cell in row.cells[len(names) :]):
                reader.warn(here, "这一行的格子比列名多，多出的已忽略", "检查有没有多打的分隔符，或给答案加上引号")
            yield record(row.number, given)


def _fitting(name: str, value: Located) -> Located:
    """A text where the field is a list becomes its items, as in a cell."""
    if name in _LISTS and isinstance(value.value, str):
        items = [Located(item, value.line, value.column) for item in items_of([value.value])]
        return Located(items, value.line, value.column)
    return value
