"""Questions and answers in a Markdown or plain text document: headings, or lines that begin with 问 and 答."""

from __future__ import annotations

import re

from knowledge_base.columns import Table, record
from knowledge_base.tables import TableError

_HEADING = re.compile(r"^#{1,6}\s+(.*\S)\s*#*$")
_FENCE = re.compile(r"^\s*(```|~~~)")
_ASKED = re.compile(r"^\s*(?:\*\*)?(?:问题?|Q|q|Question)\s*\d*\s*[:：.、]\s*(?:\*\*)?\s*(.*\S)\s*$")
_ANSWERED = re.compile(r"^\s*(?:\*\*)?(?:答案?|A|a|Answer)\s*\d*\s*[:：.、]\s*(?:\*\*)?\s*(.*)$")
_OTHERWISE = re.compile(r"^\s*(?:\*\*)?(?:相似问法|相似问|其他问法|也可以问)\s*[:：]\s*(?:\*\*)?\s*(.*)$")


class _Section:
    """A question under way, with the lines of its answer and its other wordings."""

    def __init__(self, line: int, question: str, category: str) -> None:
        self.line, self.question, self.category = line, question, category
        self.answer: list[str] = []
        self.variants: list[str] = []


def read(text: str) -> Table:
    """Every heading with text below it is a question, and one without names the category of what follows.

    Where lines begin with 「问：」 and 「答：」 (or Q: and A:), those are taken and headings are categories. A line
    「相似问法：甲|乙」 gives other wordings. Raises TableError where there is no question.
    """
    lines = text.splitlines()
    sections = _marked(lines) or _headed(lines)
    if not sections:
        raise TableError("没有找到问答", "每个问题写成标题（## 问题），下面写答案；或写成「问：」「答：」")
    records = []
    for section in sections:
        given = {"question": [section.question], "answer": ["\n".join(section.answer).strip()]}
        given |= {"variants": section.variants} if section.variants else {}
        given |= {"category": [section.category]} if section.category else {}
        records.append(record(section.line, {name: cells for name, cells in given.items() if any(cells)}))
    return Table(tuple(records), frozenset().union(*({str(key.value) for key, _ in one.value} for one in records)))


def _marked(lines: list[str]) -> list[_Section]:
    """The sections of a document with 问 and 答 at the beginnings of lines; none where there is no such pair."""
    sections: list[_Section] = []
    category, answering = "", False
    for number, line in enumerate(lines, 1):
        if asked := _ASKED.match(line):
            sections.append(_Section(number, asked[1].rstrip("*").strip(), category))
            answering = False
        elif (heading := _HEADING.match(line)) and not _inside_fence(sections):
            category, answering = heading[1], False
        elif sections and not answering and (answered := _ANSWERED.match(line)):
            sections[-1].answer.append(answered[1])
            answering = True
        elif sections and (otherwise := _OTHERWISE.match(line)):
            sections[-1].variants.append(otherwise[1])
        elif sections and answering:
            sections[-1].answer.append(line)
    return sections if any(section.answer for section in sections) else []


def _headed(lines: list[str]) -> list[_Section]:
    sections: list[_Section] = []
    fenced = False
    for number, line in enumerate(lines, 1):
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.match(line)
        if heading:
            category = sections.pop().question if sections and not _says(sections[-1]) else None
            if category is None:
                category = sections[-1].category if sections else ""
            sections.append(_Section(number, heading[1], category))
        elif sections and not fenced and (otherwise := _OTHERWISE.match(line)):
            sections[-1].variants.append(otherwise[1])
        elif sections:
            sections[-1].answer.append(line)
    return [section for section in sections if _says(section)]


def _says(section: _Section) -> bool:
    return any(line.strip() for line in section.answer)


def _inside_fence(sections: list[_Section]) -> bool:
    return bool(sections) and sum(bool(_FENCE.match(line)) for line in sections[-1].answer) % 2 == 1
