from __future__ import annotations

import json
import time
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base import files, yaml_text
from knowledge_base.entry import Status
from knowledge_base.files import Reader, load, parse

GOOD = "- id: good\n  question: 怎么退货\n  answer: 点申请售后。\n"


def only(problems, severity="error"):
    found = [problem for problem in problems if problem.severity == severity]
    assert len(found) == 1, [str(problem) for problem in problems]
    return found[0]


def yml(text: str):
    return parse("faq.yml", text.encode() if isinstance(text, str) else text)


def test_every_field_is_read_with_its_type(tmp_path: Path):
    (tmp_path / "a.yml").write_text(
        """
- id: 007
  question: "退款: 多久到账"
  variants: [no, 钱呢]
  answer: |
    第一行
    第二行
  category: 售后
  tags: [退款]
  status: draft
  owner: 小王
  effective_from: 2025-01-02
  effective_until: 2025年12月31日
  channels: [web]
  related: []
  escalate: 是
  source: https://example.com/a
  updated: 2025/3/1
  images: [img/a.png]
""",
        encoding="utf-8",
    )
    loaded = load(tmp_path)
    assert loaded.problems == ()
    (entry,) = loaded.entries
    assert entry.id == "007"
    assert entry.variants == ("no", "钱呢")
    assert entry.answer == "第一行\n第二行"
    assert entry.status is Status.DRAFT
    assert (entry.effective_from, entry.effective_until) == (date(2025, 1, 2), date(2025, 12, 31))
    assert entry.updated == date(2025, 3, 1)
    assert entry.escalate is True
    assert loaded.places["007"].line == 2


def test_a_mapping_gives_its_fields_to_all_its_entries():
    parsed = yml("category: 售后\nowner: 小王\nentries:\n- {id: a, question: q, answer: x, owner: 小李}\n")
    ((entry, _),) = parsed.found
    assert (entry.category, entry.owner) == ("售后", "小李")


#: name -> (text of a file that begins with one good entry, line of the error, part of what is said)
BROKEN = {
    "missing answer": ("- id: b\n  question: 问\n", 4, "缺少 answer"),
    "empty answer": ('- id: b\n  question: 问\n  answer: ""\n', 6, "answer 是空的"),
    "missing id": ("- question: 问\n  answer: 答\n", 4, "缺少 id"),
    "question is a list": ("- id: b\n  question: [问]\n  answer: 答\n", 5, "应当是文字"),
    "variants is text": ("- id: b\n  question: 问\n  variants: 别的\n  answer: 答\n", 6, "应当是列表"),
    "variant is a mapping": ("- id: b\n  question: 问\n  variants: [{a: b}]\n  answer: 答\n", 6, "应当是文字"),
    "bad date": ("- id: b\n  question: 问\n  answer: 答\n  updated: 2025-02-30\n", 7, "不是日期"),
    "bad bool": ("- id: b\n  question: 问\n  answer: 答\n  escalate: 也许\n", 7, "true 或 false"),
    "bad status": ("- id: b\n  question: 问\n  answer: 答\n  status: 上架\n", 7, "不认识的状态"),
    "until before from": (
        "- id: b\n  question: 问\n  answer: 答\n  effective_from: 2025-02-01\n  effective_until: 2025-01-01\n",
        8,
        "早于生效日",
    ),
    "field twice": ("- id: b\n  question: 问\n  question: 又问\n  answer: 答\n", 6, "写了两次"),
    "duplicate id": ("- id: good\n  question: 问\n  answer: 答\n", 4, "已经用在 faq.yml:1"),
    "plain text item": ("- 只是文字\n", 4, "字段名"),
    "null item": ("-\n", 4, "字段名"),
    "unquoted colon": ("- id: b\n  question: 问: 题: x\n  answer: 答\n", 5, "冒号"),
    "tab": ("- id: b\n\tquestion: 问\n", 5, "Tab"),
    "open quote": ('- id: b\n  question: "问\n  answer: 答\n', 5, "引号"),
    "open bracket": ("- id: b\n  question: 问\n  tags: [甲\n  answer: 答\n", 4, ""),
    "anchor": ("- id: &x b\n  question: 问\n  answer: 答\n", 4, "锚点"),
    "alias": ("- id: b\n  question: *x\n  answer: 答\n", 5, "锚点"),
    "python tag": ("- id: b\n  question: !!python/object/apply:os.system [ls]\n  answer: 答\n", 5, "标签"),
    "key is a list": ("- id: b\n  [a, b]: c\n", 5, "字段名"),
    "deep nesting": ("- id: b\n  tags: " + "[" * 5000 + "]" * 5000 + "\n", 5, "嵌套"),
    "control character": ('- id: b\n  question: "问\\x07"\n  answer: 答\n', 5, "控制字符"),
    "too long a question": (f"- id: b\n  question: {'问' * 501}\n  answer: 答\n", 5, "最多 500 字"),
    "too many tags": (
        f"- id: b\n  question: 问\n  answer: 答\n  tags: [{','.join(map(str, range(51)))}]\n",
        7,
        "最多 50",
    ),
    "script link": ("- id: b\n  question: 问\n  answer: '[点](javascript:alert(1))'\n", 6, "危险链接"),
    "script element": ("- id: b\n  question: 问\n  answer: <script>x</script>\n", 6, "脚本"),
    "image over http": (
        "- id: b\n  question: 问\n  answer: 答\n  images: ['data:image/png;base64,x']\n",
        7,
        "图片地址",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_entry_is_told_by_line_and_the_others_load(name, tmp_path: Path):
    broken, line, said = BROKEN[name]
    (tmp_path / "faq.yml").write_text(GOOD + broken, encoding="utf-8")
    loaded = load(tmp_path)
    assert [entry.id for entry in loaded.entries] == ["good"]
    assert not loaded.ok
    told = [problem for problem in loaded.problems if problem.severity == "error"]
    assert any(said in problem.what for problem in told), [str(problem) for problem in told]
    first = told[0]
    assert first.file == "faq.yml"
    assert line <= first.line <= line + 3
    assert first.how


#: name -> bytes of a whole file that holds nothing usable, part of what is said
UNREADABLE = {
    "nul": (b"- id: a\x00\n", "NUL"),
    "png": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xff\xff", "编码"),
    "not a list": (b"hello\n", "列表"),
    "mapping without entries": ("标题: 甲\n".encode(), "条目列表"),
    "bomb": (b"a: &a [x,x]\nb: &b [*a,*a]\nentries: [*b,*b]\n", "锚点"),
    "half a utf-8": (b"\xe4\xb8\n- \xff\xff", "编码"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_file_is_told_and_the_other_files_load(name, tmp_path: Path):
    raw, said = UNREADABLE[name]
    (tmp_path / "bad.yml").write_bytes(raw)
    (tmp_path / "good.yml").write_text(GOOD, encoding="utf-8")
    loaded = load(tmp_path)
    assert [entry.id for entry in loaded.entries] == ["good"]
    assert said in only(loaded.problems).what


def test_a_second_document_in_a_file_is_refused():
    parsed = yml("- {id: a, question: q, answer: x}\n---\n- {id: b, question: q, answer: x}\n")
    assert any("多个文档" in problem.what for problem in parsed.problems)


@pytest.mark.parametrize(
    ("raw", "warns"),
    [
        (GOOD.encode("utf-8-sig"), False),
        (GOOD.replace("\n", "\r\n").encode(), False),
        (GOOD.encode("gb18030"), True),
        (GOOD.encode("utf-16"), True),
    ],
)
def test_other_encodings_are_read_and_those_that_are_not_utf8_are_noted(raw, warns):
    parsed = yml(raw)
    assert parsed.found[0][0].question == "怎么退货"
    assert bool(parsed.problems) is warns


def test_an_unknown_field_is_a_warning_that_names_the_likely_one():
    parsed = yml(GOOD + "  variant: [甲]\n")
    assert len(parsed.found) == 1
    assert "variants" in only(parsed.problems, "warning").how


def test_invisible_characters_are_taken_out_with_a_warning():
    parsed = yml("- id: a\n  question: 退\u200b款\u202e\n  answer: 答\n")
    assert parsed.found[0][0].question == "退款"
    assert only(parsed.problems, "warning").line == 2


def test_a_related_entry_that_does_not_exist_is_a_warning_and_a_circle_is_fine(tmp_path: Path):
    (tmp_path / "a.yml").write_text(
        "- {id: a, question: q, answer: x, related: [b]}\n- {id: b, question: r, answer: x, related: [a, c]}\n"
    )
    loaded = load(tmp_path)
    assert len(loaded.entries) == 2
    assert "c 不存在" in only(loaded.problems, "warning").what


def test_too_large_a_file_is_refused_without_being_held(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(files, "MAX_YAML_BYTES", 1000)
    (tmp_path / "big.yml").write_text(GOOD * 100)
    (tmp_path / "good.yml").write_text(GOOD)
    loaded = load(tmp_path)
    assert len(loaded.entries) == 1
    assert "没有读取" in only(loaded.problems).what


def test_places_that_are_no_base_are_told(tmp_path: Path):
    assert "没有这个" in only(load(tmp_path / "none").problems).what
    assert "没有 .yml" in only(load(tmp_path).problems).what
    (tmp_path / "faq.csv").write_text("a,b")
    assert "import" in only(load(tmp_path / "faq.csv").problems).how


def test_json_lines_are_read_and_their_faults_told_by_line(tmp_path: Path):
    lines = [
        json.dumps({"id": 12, "category": "售前", "question": "问", "variants": ["一"], "answer": "答"}),
        "",
        "{broken",
        '{"id": "b", "id": "c", "question": "问", "answer": "答"}',
        json.dumps(["list"]),
        '{"id": "d", "question": "问", "answer": {"a": 1}}',
        "[" * 100_000,
        '{"id": "e", "question": "\\ud800", "answer": "答"}',
        json.dumps({"id": "f", "question": "问", "answer": "答", "variants": None}),
    ]
    path = tmp_path / "faq.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    loaded = load(path)
    assert [entry.id for entry in loaded.entries] == ["12", "f"]
    assert [problem.line for problem in loaded.problems] == [3, 4, 5, 6, 7, 8]


def test_the_digest_follows_the_entries_and_not_the_form(tmp_path: Path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    (one / "a.yml").write_text(GOOD)
    (two / "b.yaml").write_text("# 注释\n" + GOOD)
    assert load(one).digest == load(two).digest
    (two / "b.yaml").write_text(GOOD.replace("退货", "换货"))
    assert load(one).digest != load(two).digest


def test_only_the_entry_that_changed_is_parsed_again(tmp_path: Path, monkeypatch):
    for name in "abc":
        (tmp_path / f"{name}.yml").write_text(GOOD.replace("good", name) + GOOD.replace("good", name + "2"))
    reader = Reader(tmp_path)
    reader.load()
    parsed: list[str] = []
    original = yaml_text.read
    monkeypatch.setattr(
        yaml_text, "read", lambda text, *more, **named: parsed.append(text) or original(text, *more, **named)
    )
    (tmp_path / "b.yml").write_text(GOOD.replace("good", "new") + GOOD.replace("good", "b2"))
    assert {entry.id for entry in reader.load().entries} == {"a", "a2", "new", "b2", "c", "c2"}
    assert [text for text in parsed if text] == [GOOD.replace("good", "new")]


def test_entries_that_are_no_list_are_told_not_stumbled_over():
    (problem,) = parse("a.yml", b"entries:\n  status: draft\n").problems
    assert (problem.line, problem.what) == (2, "文件的内容应当是条目的列表")


LINES = st.sampled_from(
    [
        "- id: a",
        "- {id: b, question: 怎么退, answer: 好}",
        "- {id: b, question: 怎么退, answer: 好, 问题: x}",
        '- {id: c, question: "怎么',
        '  开发票", answer: 在线}',
        "  question: 怎么退货",
        "  answer: |",
        "    第一步",
        "    - 第二步",
        "    # 第三步",
        '  answer: "一',
        "  - 二",
        '- 三"',
        "  variants: [退货,",
        "  怎么退]",
        "  status: 草稿箱",
        "# 说明",
        "",
        "  # 说明",
        "-",
        "- ",
        "---",
        "...",
        "category: 售后",
        "effective_from: 不是日期",
        "entries:",
        "  - id: d",
        "    question: 多久到账",
        "    answer: 三天",
        "    variants: [几天, 几天]",
        "<<<<<<<",
        "- &x y",
        "- *x",
        "\tanswer: x",
        "  answer: a\u2028- b",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), LINES), max_size=40), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_a_file_read_again_after_every_edit_is_the_file_read_at_once(edits, end, shared):
    """Whatever is typed, line by line, good or bad."""
    known = files._Known()
    typed = ["category: 售后", "status: published", "entries:"] if shared else []
    typed += ["- {id: z, question: 一, answer: 二}"]
    for at, line in edits:
        typed.insert(at % (len(typed) + 1), line)
        raw = end.join(typed).encode()
        assert known.parse("a.yml", raw) == parse("a.yml", raw)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ['{"id": "a", "question": "怎么退", "answer": "好"}', '{"id": "a"}', "{", "", " ", "[1]", '"\\u0000"']
        ),
        max_size=12,
    )
)
def test_lines_read_again_are_lines_read_at_once(lines):
    known = files._Known()
    for upto in range(len(lines) + 1):
        raw = "\n".join(lines[:upto]).encode()
        assert known.parse("a.jsonl", raw) == parse("a.jsonl", raw)


def test_a_file_with_too_much_is_refused_however_it_is_read(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(yaml_text, "MAX_VALUES", 60)
    raw = "".join(GOOD.replace("good", f"e{n}") for n in range(9)).encode()
    assert not parse("a.yml", raw).found
    assert files._Known().parse("a.yml", raw) == parse("a.yml", raw)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_can_make_the_reader_fail(raw):
    for name in ("x.yml", "x.jsonl"):
        for problem in parse(name, raw).problems:
            assert problem.what


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["id", "question", "answer", "variants", "tags", "x"]), inner, max_size=5)
        ),
        max_leaves=15,
    )
)
def test_no_document_can_make_the_reader_fail(document):
    parse("x.jsonl", json.dumps(document).encode())
    parse("x.yml", yaml.safe_dump(document, allow_unicode=True).encode("utf-8", "surrogatepass"))


def test_a_repeated_reference_cannot_blow_up(tmp_path: Path):
    """The classic bomb: nine levels of nine references would be 387 million items."""
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"] + [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    (tmp_path / "bomb.yml").write_text("\n".join(lines))
    began = time.process_time()
    assert not load(tmp_path).ok
    assert time.process_time() - began < 5  # a bound on work, not a measurement: expanding it would take minutes
