"""The editors' commands: files kept tidy, checks, imports, rehearsals, and what to write next."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import kb
from cli.main import app
from cli.problem import Problem
from tests.unit.knowledge_base.conftest import BagOfPairs

UNTIDY = '- question: 怎么退货\n  id: a # 编号\n  answer: "七天内申请"\n'


@pytest.fixture(autouse=True)
def small_encoder(monkeypatch):
    """The commands are looked at here, not the model."""
    for module in ("cli.kb", "cli.review"):
        monkeypatch.setattr(f"{module}.open_encoder", lambda _: BagOfPairs())


@pytest.fixture
def faq(tmp_path: Path) -> Path:
    folder = tmp_path / "faq"
    folder.mkdir()
    (folder / "a.yml").write_text(
        "- {id: refund, question: 退款多久到账, answer: 三个工作日内, variants: [钱什么时候退, 退的钱几天到]}\n"
        "- {id: return, question: 怎么申请退货, answer: 点申请售后, variants: [我想退货, 东西不要了]}\n",
        "utf-8",
    )
    return folder


def run(*arguments: str | Path, status: int = 0) -> str:
    result = CliRunner().invoke(app, ["kb", *map(str, arguments)])
    if isinstance(result.exception, Problem):
        assert result.exception.status == status, result.exception
        return str(result.exception)
    assert result.exit_code == status, (result.output, result.exception)
    return result.output


def test_fmt_tells_first_and_then_writes_with_every_comment(tmp_path: Path):
    path = tmp_path / "a.yml"
    path.write_text(UNTIDY, "utf-8")
    assert "a.yml" in run("fmt", tmp_path, "--check", status=1)
    assert path.read_text("utf-8") == UNTIDY
    run("fmt", tmp_path)
    assert path.read_text("utf-8") == "- id: a  # 编号\n  question: 怎么退货\n  answer: 七天内申请\n"
    run("fmt", path, "--check")


def test_fmt_leaves_a_file_with_an_error_alone_says_why_and_goes_on(tmp_path: Path):
    (tmp_path / "a.yml").write_text("- id: a\n  question: 问\n", "utf-8")
    (tmp_path / "b.yml").write_text(UNTIDY, "utf-8")
    said = run("fmt", tmp_path, status=1)
    assert "a.yml:1:3 错误：缺少 answer" in said
    assert (tmp_path / "a.yml").read_text("utf-8") == "- id: a\n  question: 问\n"
    assert (tmp_path / "b.yml").read_text("utf-8") != UNTIDY


def test_fmt_takes_yaml_only(tmp_path: Path):
    (tmp_path / "a.jsonl").write_text("{}")
    run("fmt", tmp_path / "a.jsonl", status=2)
    run("fmt", tmp_path / "none", status=2)


def test_schema_writes_and_checks(tmp_path: Path):
    out = tmp_path / "s.json"
    run("schema", "--out", out, "--check", status=1)
    run("schema", "--out", out)
    run("schema", "--out", out, "--check")
    run("schema", "--check")


def test_check_compares_entries_unless_told_to_look_at_files_only(faq: Path):
    (faq / "b.yml").write_text("- {id: two, question: 我想退货, answer: 保证能退, variants: [甲乙, 丙丁]}\n", "utf-8")
    report = json.loads(run("check", faq, "--json"))
    assert report["errors"] == 0
    told = "\n".join(problem["what"] for problem in report["problems"])
    assert "也是 return 的问法，而且答案不同" in told
    assert "承诺" in told
    assert json.loads(run("check", faq, "--files-only", "--json"))["problems"] == []


def test_check_takes_another_list_of_promises(faq: Path, tmp_path: Path):
    own = tmp_path / "own.yml"
    own.write_text("- word: 工作日\n", "utf-8")
    assert "「工作日」" in run("check", faq, "--promises", own)
    own.write_text("工作日\n", "utf-8")
    assert "own.yml:1" in run("check", faq, "--promises", own, status=2)


def test_an_import_with_a_bad_row_writes_the_others_and_ends_with_status_1(faq: Path, tmp_path: Path):
    table = tmp_path / "t.csv"
    table.write_text("id,问题,答案\nnew,新问题,新答案\nbad,没有答案,\nrefund,退款多久到账,五个工作日内\n", "utf-8")
    report = json.loads(run("import", table, "--faq", faq, "--yes", "--json", status=1))
    assert (report["added"], report["rejected"]) == (["new"], 1)
    (changed,) = report["changed"]
    assert (changed["id"], changed["fields"]) == ("refund", ["answer"])
    assert (changed["before"], changed["after"]) == ({"answer": "三个工作日内"}, {"answer": "五个工作日内"})
    assert "variants" in (faq / "a.yml").read_text("utf-8"), "the table has no such column"
    assert "t.csv:3" in run("import", table, "--faq", faq, "--whole", "--yes", status=1)
    assert "return" in (faq / "a.yml").read_text("utf-8")


def test_a_draft_that_breaks_a_golden_question_is_held_unless_a_reason_is_given(faq: Path, tmp_path: Path):
    draft, golden = tmp_path / "draft.yml", tmp_path / "golden.jsonl"
    draft.write_text("- {id: return, question: 怎么申请退货, answer: 点申请售后, variants: [我想退货]}\n", "utf-8")
    golden.write_text('{"text": "退款多久到账", "gold": ["refund"]}\n', "utf-8")
    options = ("replay", "--draft", draft, "--faq", faq, "--golden", golden)
    assert "答坏了 1" in run(*options, status=1)
    report = json.loads(run(*options, "--allow", "不再退款", "--json"))
    assert (report["broken"], report["allowed"]) == (1, "不再退款")
    run(*options, "--allow", " ", status=2)
    assert "答坏了 0" in run(*options, "--on-top")


def test_replay_refuses_a_broken_draft_and_needs_questions(faq: Path, tmp_path: Path):
    draft, asked = tmp_path / "draft.yml", tmp_path / "q.jsonl"
    draft.write_text("- id: x\n", "utf-8")
    asked.write_text('{"text": "退款"}\n', "utf-8")
    assert "draft.yml:1" in run("replay", "--draft", draft, "--queries", asked, "--faq", faq, status=1)
    run("replay", "--draft", faq, "--faq", faq, status=2)
    assert "不变 1" in run("replay", "--draft", faq, "--queries", asked, "--faq", faq)


def test_gaps_become_drafts_that_the_base_can_load(faq: Path, tmp_path: Path):
    asked, draft = tmp_path / "asked.jsonl", tmp_path / "drafts.yml"
    row = {"text": "门店有停车位吗", "outcome": "miss", "handed_over": True, "agent_seconds": 60, "reply": "有。"}
    asked.write_text("".join(json.dumps(row) + "\n" for _ in range(2)) + '{"text": "退款多久到账"}\n', "utf-8")
    report = json.loads(run("gaps", "--asked", asked, "--faq", faq, "--draft", draft, "--json"))
    assert (report["unanswered"], report["gaps"]) == (2, 1)
    assert report["rows"][0]["agent_minutes"] == 2.0
    text = draft.read_text("utf-8")
    assert "question: 门店有停车位吗" in text
    assert "answer: 有。" in text
    assert "status: draft" in text
    assert "已经存在" in run("gaps", "--asked", asked, "--faq", faq, "--draft", draft, status=2)


def test_gaps_name_a_bad_line(faq: Path, tmp_path: Path):
    (tmp_path / "asked.jsonl").write_text("{}\n")
    assert "asked.jsonl:1" in run("gaps", "--asked", tmp_path / "asked.jsonl", "--faq", faq, status=2)


def test_calibrate_hands_the_encoder_on_and_says_when_it_is_needed(tmp_path: Path, monkeypatch):
    from training import calibrate

    called = []
    monkeypatch.setattr(calibrate, "main", lambda *given, **_: called.append(given))
    (tmp_path / "dev").mkdir()
    run("calibrate", "--encoder", "other", "--data", tmp_path, "--out", tmp_path / "out")
    assert called == [(tmp_path / "out", tmp_path, "other")]
    run("calibrate", "--data", tmp_path / "none", status=2)
    assert "什么时候需要" in run("calibrate", "--help")


def test_search_builds_the_finder_that_chat_has(faq: Path):
    (faq / "b.yml").write_text("- {id: later, question: 退款方式, answer: 原路, status: draft}\n", "utf-8")
    finder = kb.build_finder(faq, "any")
    assert "later" in [entry.id for entry in finder.entries], "drafts count in the word statistics, as they do live"
    assert finder.find("退款方式").candidates[0].entry_id != "later"


def test_check_says_how_the_base_is_searched(faq: Path):
    assert "IndexFlatIP, 6 vectors, exact" in run("check", faq)
    assert json.loads(run("check", faq, "--json"))["index"] == "IndexFlatIP, 6 vectors, exact"


def test_doctor_tells_the_recall_of_the_index_that_is_kept(tmp_path: Path):
    from cli.doctor import _index
    from knowledge_base.artefact import save
    from knowledge_base.entry import FaqEntry
    from knowledge_base.features import Base

    assert _index(tmp_path) == []
    encoder = BagOfPairs()
    folder = tmp_path / "embeddings" / "index"
    save(folder, Base([FaqEntry("a", "怎么退货", "点申请")], encoder).preparation, encoder)
    (finding,) = _index(tmp_path)
    assert finding.good
    assert "1 条" in finding.detail
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["indexes"]["asked_index"] |= {"recall": 0.9, "effort": 1, "cells": 4}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (finding,) = _index(tmp_path)
    assert not finding.good
    assert "0.900" in finding.detail
    (folder / "manifest.json").write_text("{}")
    assert not _index(tmp_path)[0].good
