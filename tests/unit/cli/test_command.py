"""The command's manners: help for everything, one line for a mistake, exit status 2 for misuse."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.problem import Problem
from cli.replay import read_jsonl

COMMANDS = [
    ["up"],
    ["ask"],
    ["doctor"],
    ["kb"],
    ["kb", "check"],
    ["kb", "search"],
    ["kb", "eval"],
    ["kb", "import"],
    ["kb", "export"],
    ["kb", "fmt"],
    ["kb", "schema"],
    ["kb", "replay"],
    ["kb", "gaps"],
    ["kb", "calibrate"],
    ["emotion", "eval"],
    ["sessions", "replay"],
    ["agents", "add"],
    ["agents", "list"],
    ["agents", "suspend"],
    ["agents", "depart"],
    ["agents", "return"],
    ["agents", "site-secret"],
    ["conversations", "search"],
    ["report"],
    ["train", "rasa"],
    ["train", "encoder"],
    ["train", "sentiment"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: list[str]) -> None:
    result = CliRunner().invoke(app, [*command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60)


def test_a_mistake_is_one_line_without_a_stack_trace(tmp_path: Path) -> None:
    done = run("ask", "你好", "--data", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "make run" in done.stderr


def test_asking_nothing_is_misuse() -> None:
    assert run("ask").returncode == 2


def test_a_broken_query_file_is_named_by_line(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text('{"text": "a", "gold": ["x"]}\n{"text": \n', "utf8")
    with pytest.raises(Problem, match=r"q\.jsonl:2"):
        read_jsonl(path, "text", "gold")


def test_a_query_without_gold_is_named_by_line(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text('\ufeff{"text": "a"}\n', "utf8")
    with pytest.raises(Problem, match=r"q\.jsonl:1 缺少 gold"):
        read_jsonl(path, "text", "gold")


def test_checking_a_broken_base_ends_with_status_1_and_names_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("- id: a\n  question: 怎么退货\n  answer: ''\n", "utf8")
    done = run("kb", "check", str(tmp_path), "--json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["errors"] >= 1
    assert report["problems"][0]["file"].endswith("a.yml")


def test_an_import_is_shown_first_and_written_only_when_told(tmp_path: Path) -> None:
    base = tmp_path / "faq"
    base.mkdir()
    table = tmp_path / "别处.csv"
    table.write_bytes("问题,答案,相似问法\n怎么退货,七天内在订单页申请。,想退掉|不想要了\n".encode("gb18030"))
    shown = run("kb", "import", str(table), "--faq", str(base), "--json")
    assert shown.returncode == 0, shown.stderr
    assert len(json.loads(shown.stdout)["added"]) == 1
    assert list(base.iterdir()) == []
    assert run("kb", "import", str(table), "--faq", str(base), "--yes").returncode == 0
    again = json.loads(run("kb", "import", str(table), "--faq", str(base), "--json").stdout)
    assert (again["added"], again["unchanged"]) == ([], 1)


def test_an_export_imports_as_the_same(tmp_path: Path) -> None:
    base = tmp_path / "faq"
    base.mkdir()
    (base / "a.yml").write_text("- id: a\n  question: 怎么退货\n  answer: 七天内申请\n", "utf8")
    assert run("kb", "export", str(tmp_path / "all.xlsx"), "--faq", str(base)).returncode == 0
    report = json.loads(run("kb", "import", str(tmp_path / "all.xlsx"), "--faq", str(base), "--json").stdout)
    assert (report["added"], report["changed"], report["unchanged"]) == ([], [], 1)
    assert run("kb", "export", str(tmp_path / "all.doc"), "--faq", str(base)).returncode == 2


def test_a_person_added_is_listed_without_their_password(tmp_path: Path) -> None:
    added = json.loads(run("agents", "add", "wang", "--display", "小王", "--json", "--data", str(tmp_path)).stdout)
    assert len(added["password"]) >= 12
    listed = run("agents", "list", "--json", "--data", str(tmp_path))
    assert [person["name"] for person in json.loads(listed.stdout)] == ["wang"]
    assert added["password"] not in listed.stdout
    assert "argon2" not in listed.stdout
    again = run("agents", "add", "wang", "--data", str(tmp_path))
    assert again.returncode == 1
    assert run("agents", "suspend", "nobody", "--data", str(tmp_path)).returncode == 1
