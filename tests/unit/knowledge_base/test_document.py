"""Tidying and editing an editors' file: the same entries, every comment, one form."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from knowledge_base import files, remarks
from knowledge_base.document import Document, DocumentError, tidy
from knowledge_base.entry import FaqEntry, Status

FAQ = Path(__file__).parents[3] / "knowledge_base" / "faq"


def tidied(text: str) -> str:
    return tidy("a.yml", text.encode()).decode()


UNTIDY = """\
# 售后:退货和换货

# 退货归小王
- answer: "点「申请售后」。"   # 按钮名以 App 为准
  question:   怎么退货
  # 编号别改
  id: return
  variants: [我想退货, '怎么退: 快点', "no"]
  updated: 2025年3月1日
  tags:
    - 退货
    # 常搜
    - 售后
  nichts: {a: [1, '2']}
  # 条目到此为止


- {id: swap, question: 怎么换货, answer: 联系客服, status: 草稿}  # 等运营确认
-
    id: "007"
    question: "退款:\\n  多久"
    answer: |-
      第一行

      第二行 # 不是注释
    variants:
    - 多久到账
# 文件到此为止
"""
TIDY = """\
# 售后:退货和换货

# 退货归小王
# 编号别改
- id: return
  question: 怎么退货
  variants:
    - 我想退货
    - "怎么退: 快点"
    - "no"
  answer: 点「申请售后」。  # 按钮名以 App 为准
  tags:
    - 退货
    # 常搜
    - 售后
  updated: 2025-03-01
  nichts: {a: [1, "2"]}
  # 条目到此为止

# 等运营确认
- id: swap
  question: 怎么换货
  answer: 联系客服
  status: draft

- id: "007"
  question: "退款: 多久"
  variants:
    - 多久到账
  answer: |
    第一行

    第二行 # 不是注释

# 文件到此为止
"""


def test_an_untidy_file_gets_its_fields_quotes_lists_and_gaps_in_order():
    assert tidied(UNTIDY) == TIDY


def test_a_tidy_file_stays_as_it_is():
    assert tidied(TIDY) == TIDY


@pytest.mark.parametrize("path", sorted(FAQ.glob("*.yml")), ids=lambda path: path.name)
def test_the_demo_files_are_tidy(path: Path):
    assert tidy(path.name, path.read_bytes()) == path.read_bytes(), "run: jiehua kb fmt"


def test_fields_given_to_all_stay_above_the_entries():
    text = "# 头\ncategory: 售后 # 全部\n# 列表\nentries: # 以下\n# 一\n- {id: a, question: 问, answer: 答}\n"
    assert tidied(text) == (
        "# 头\n\ncategory: 售后  # 全部\n# 列表\nentries:  # 以下\n"
        "  # 一\n  - id: a\n    question: 问\n    answer: 答\n"
    )


@pytest.mark.parametrize("form", ["gb18030", "utf-8-sig", "utf-16"])
def test_every_encoding_becomes_utf8(form):
    text = "- id: a\r\n  question: 问\r\n  answer: 答\r\n"
    assert tidy("a.yml", text.encode(form)) == text.replace("\r\n", "\n").encode()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- id: a\n  question: 问\n", "缺少 answer"),
        ("- {id: a, question: 问, answer: 答}\n- {id: a, question: 又, answer: 答}\n", "用了两次"),
        ("- id: a\n\tquestion: 问\n", "Tab"),
        ("- id: &x a\n  question: 问\n  answer: 答\n", "锚点"),
    ],
)
def test_a_file_with_an_error_is_refused_with_the_reason(text, said):
    with pytest.raises(DocumentError, match=said) as caught:
        tidied(text)
    assert caught.value.problems[0].line


# -- any file at all ------------------------------------------------------------------------------------------------

_line = st.text(
    st.characters(exclude_categories=("Cc", "Cf", "Cs", "Co", "Zl", "Zp"), exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=14,
).map(lambda text: " ".join(text.split()))
_words = st.sampled_from(
    ("退货", "a: b", "# x", "- x", "no", "007", "2025-01-01", "~", "无", "'", '"', "[x", "{", "@a")
)
_text = (_words | _line).filter(bool)
_remark = st.text(st.sampled_from("注释 #'\"[]{}:-,"), max_size=8).map(lambda text: "#" + text.rstrip())


def _quoted(draw: st.DrawFn, text: str) -> str:
    if draw(st.booleans()) and "'" not in text:
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False)


@st.composite
def some_file(draw: st.DrawFn) -> str:
    """A file that people of little order wrote: any field order, quotes and list style, comments anywhere."""
    lines: list[str] = []

    def maybe_remarks(indent: int) -> None:
        for _ in range(draw(st.integers(0, 2)) if draw(st.booleans()) else 0):
            lines.append(" " * draw(st.sampled_from([indent, indent, 0, indent + 1, indent + 2])) + draw(_remark))
            lines.extend([""] * draw(st.integers(0, 2)))

    def beside() -> str:
        return " " * draw(st.integers(1, 3)) + draw(_remark) if draw(st.integers(0, 3)) == 0 else ""

    def put_list(prefix: str, name: str, indent: int) -> None:
        items = [_quoted(draw, item) for item in draw(st.lists(_text, max_size=3))]
        if not items or draw(st.booleans()):
            lines.append(f"{prefix}{name}: [{', '.join(items)}]{beside()}")
            return
        lines.append(f"{prefix}{name}:{beside()}")
        deeper = indent + draw(st.sampled_from([0, 2, 3]))
        for item in items:
            maybe_remarks(deeper)
            lines.append(" " * deeper + f"- {item}{beside()}")

    shared = draw(st.booleans())
    margin = draw(st.sampled_from([0, 2])) if shared else 0
    maybe_remarks(0)
    if shared:
        lines.append(f"owner: {_quoted(draw, draw(_text))}{beside()}")
        maybe_remarks(0)
        lines.append(f"entries:{beside()}")
    for number in range(draw(st.integers(1, 3))):
        maybe_remarks(margin)
        gap = draw(st.integers(1, 3))
        indent = margin + 1 + gap
        names = draw(st.permutations(["id", "question", "answer", "variants", "tags", "unknown", "escalate", "owner"]))
        first = True
        for name in names:
            if not first:
                maybe_remarks(indent)
            prefix = " " * margin + "-" + " " * gap if first else " " * indent
            first = False
            if name == "id":
                lines.append(f"{prefix}id: e{number}{beside()}")
            elif name in ("variants", "tags", "unknown"):
                put_list(prefix, name, indent)
            elif name == "escalate":
                lines.append(f"{prefix}escalate: {draw(st.sampled_from(['true', '是', '~', 'no']))}{beside()}")
            elif name == "answer" and draw(st.booleans()):
                lines.append(f"{prefix}answer: |{draw(st.sampled_from(['', '-', '+']))}{beside()}")
                lines.extend(" " * (indent + 2) + f"行{text}" for text in draw(st.lists(_text, min_size=1, max_size=3)))
            else:
                lines.append(f"{prefix}{name}: {_quoted(draw, draw(_text))}{beside()}")
    maybe_remarks(margin)
    return "\n".join(lines) + draw(st.sampled_from(["", "\n", "\n\n"]))


def _comments(text: str) -> list[str]:
    return sorted(line for remark in remarks.find(text).values() for line in remark.lines())


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some_file())
@example("- id: e0\n  question: 问\n  answer: |\n    行\n# c\n\n    # d\n")
def test_tidying_keeps_entries_and_comments_and_changes_nothing_the_second_time(text: str):
    before = files.parse("a.yml", text.encode())
    assert not [str(problem) for problem in before.problems if problem.severity == "error"]
    once = tidied(text)
    assert [entry for entry, _ in files.parse("a.yml", once.encode()).found] == [entry for entry, _ in before.found]
    assert _comments(once) == _comments(text)
    assert tidied(once) == once
    assert not [line for line in once.splitlines() if line != line.rstrip()]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | st.text(st.sampled_from("- id:qa\n #[]{},'\"|>&*!%~\t"), max_size=60).map(str.encode))
def test_no_bytes_can_make_tidying_fail_otherwise_than_by_refusing(raw: bytes):
    with contextlib.suppress(DocumentError):
        tidy("a.yml", raw)


# -- editing --------------------------------------------------------------------------------------------------------


def edited(text: str, change) -> str:
    document = Document.read("a.yml", text.encode())
    change(document)
    return document.text()


def test_a_changed_entry_keeps_the_comments_of_what_it_still_says():
    old = files.parse("a.yml", TIDY.encode()).found[0][0]
    after = edited(TIDY, lambda one: one.replace(replace(old, question="如何退货", tags=("售后", "新"), updated=None)))
    assert "  question: 如何退货\n" in after
    assert "# 按钮名以 App 为准" in after
    assert "  tags:\n    # 常搜\n    - 售后\n    - 新\n" in after
    assert "updated" not in after
    assert after.endswith("# 文件到此为止\n")


def test_a_removed_entry_takes_its_own_comments_along_and_leaves_the_heading():
    after = edited(TIDY, lambda one: one.remove("return"))
    assert after.startswith("# 售后:退货和换货\n\n# 等运营确认\n- id: swap\n")
    assert "编号别改" not in after


def test_a_new_entry_says_only_what_the_file_does_not_say_for_all():
    text = "category: 售后\nowner: 小王\nstatus: draft\nentries:\n  - {id: a, question: 问, answer: 答}\n"
    new = FaqEntry("b", "又问", "又答", category="售后", status=Status.PUBLISHED)
    after = edited(text, lambda one: one.append(new))
    assert files.parse("a.yml", after.encode()).found[1][0] == new
    assert after.endswith("answer: 又答\n    status: published\n    owner: ~\n")


def test_replacing_what_is_not_there_is_an_error():
    with pytest.raises(KeyError):
        edited(TIDY, lambda one: one.replace(FaqEntry("nobody", "问", "答")))
