"""The commands that read the archive: search and report, for people and for programs."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.problem import Problem
from cli.report import PROBE, REASONS, VERDICTS, period
from contracts.escalation import Reason
from handoff.archive import Archive, Archiver, archive_url
from handoff.config.store import SettingsStore
from handoff.contacts import Verdict
from language.normalise import normalise
from tests.unit.handoff.telling import MONDAY, Story

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = datetime.fromtimestamp(MONDAY / 1000, SHANGHAI).date().isoformat()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a day's archive: a question, a call, a talk, and the probe of a start."""
    folder = tmp_path_factory.mktemp("data")
    asyncio.run(a_day(folder))
    return folder


async def a_day(folder: Path, targets: dict[str, Any] | None = None) -> None:
    story = await Story().begin("ann", PROBE)
    if targets is not None:
        await SettingsStore(story.desk.records, story.desk.clock_ms).put("targets", targets, by="boss", version=0)
    await story.ask("退款多久能到账", "answer", who=PROBE)
    await story.ask("退款到微信要多久", "miss")
    case_id = await story.call()
    await story.accept(case_id)
    await story.reply()
    await story.resolve(case_id)
    await story.rate(5, case_id)
    backend = story.desk._backend
    archive = Archive(archive_url(folder), fold=normalise)
    archive.prepare()
    archiver = Archiver(backend.outbox, archive)
    while await backend.outbox.backlog():
        await archiver.step()
    archive.close()


@pytest.fixture(autouse=True)
def _no_other_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JIEHUA_ARCHIVE_URL", raising=False)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "160"})
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0
    return result.output


def test_a_search_finds_what_was_said_in_either_script(data: Path) -> None:
    for words in ("微信", "退款 微信", "退款到微信"):
        (found,) = json.loads(run("conversations", "search", words, "--json", "--data", str(data)))
        assert (found["conversation_id"], found["author"], found["text"]) == ("ann", "customer", "退款到微信要多久")
    assert "退款多久能到账" in run("conversations", "search", "能到賬", "--data", str(data))


def test_a_search_without_hits_says_so(data: Path) -> None:
    assert "没有找到" in run("conversations", "search", "火星", "--data", str(data))
    assert json.loads(run("conversations", "search", "火星", "--json", "--data", str(data))) == []


def test_a_report_is_readable_and_leaves_out_the_probe(data: Path) -> None:
    shown = run("report", "--from", DAY, "--to", DAY, "--data", str(data))
    for words in (DAY, "客户消息", "要求人工", "独立解决率", "wang", "5.00", "退款到微信要多久"):
        assert words in shown
    found = json.loads(run("report", "--from", DAY, "--to", DAY, "--json", "--data", str(data)))
    assert found["volumes"]["customer_messages"] == 1
    assert found["handoffs"]["reasons"] == {"explicit_request": 1}
    assert found["resolution"]["verdicts"]["handed"] == 1


def test_a_report_judges_by_the_targets_that_are_in_force(data: Path, tmp_path: Path) -> None:
    targets = {"standard": {"first_s": 600, "next_s": 600, "resolution_s": 60}}
    asyncio.run(a_day(tmp_path, targets))
    days = ("--from", DAY, "--to", DAY, "--json", "--data")
    shipped, strict = (json.loads(run("report", *days, str(folder))) for folder in (data, tmp_path))
    (before,), (after,) = shipped["by_agent"].values(), strict["by_agent"].values()
    assert (before["late"], before["on_time"], after["late"], after["on_time"]) == (1, 0.0, 0, 1.0)
    assert (shipped["targets"]["standard"]["first_s"], strict["targets"]["standard"]["first_s"]) == (60, 600)
    assert (shipped["resolved"]["default"]["late"], strict["resolved"]["default"]["late"]) == (0, 1)
    assert "解决" in run("report", *days[:4], "--data", str(tmp_path))


def test_an_insight_is_readable_and_goes_into_a_spreadsheet(data: Path, tmp_path: Path) -> None:
    days = ("--from", DAY, "--to", DAY, "--data", str(data))
    shown = run("insight", *days)
    assert "问题 1,负面 0" in shown
    found = json.loads(run("insight", *days, "--json"))
    assert (found["days"], found["questions"], found["topics"][0]["missed"]) == ([DAY], [1], 1)
    run("insight", *days, "--csv", str(tmp_path / "out.csv"))
    lines = (tmp_path / "out.csv").read_text("utf-8-sig").splitlines()
    assert lines[0] == f"kind,name,questions,negative,unanswered,{DAY}"
    assert lines[1] == "all,,1,0,1,1"


def test_a_report_of_days_without_anything_is_no_error(data: Path) -> None:
    assert "–" in run("report", "--from", "2020-01-01", "--to", "2020-01-31", "--data", str(data))


def test_a_period_is_whole_days_of_the_shop_with_both_ends() -> None:
    from_ms, until_ms = period("2026-11-01", "2026-11-02", SHANGHAI)
    assert until_ms - from_ms == 2 * 86_400_000
    assert datetime.fromtimestamp(from_ms / 1000, SHANGHAI).isoformat() == "2026-11-01T00:00:00+08:00"
    assert period("2026-11-01", None, SHANGHAI)[1] - from_ms == 7 * 86_400_000
    assert period(None, "2026-11-07", SHANGHAI)[0] == from_ms


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("report", "--from", "gestern"), "不是日期"),
        (("report", "--from", "2026-02-02", "--to", "2026-02-01"), "之后"),
        (("report", "--zone", "Mars/Base"), "没有时区"),
        (("conversations", "search", "退款", "--data", "nowhere"), "还没有归档"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(Problem, match=says):
        run(*arguments)


def test_an_archive_that_cannot_be_read_is_a_problem_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "archive.db").write_bytes(b"not a database at all, but long enough to look like one" * 20)
    with pytest.raises(Problem, match="归档不能用"):
        run("report", "--data", str(tmp_path))


def test_every_reason_and_verdict_has_its_word() -> None:
    assert set(REASONS) == {reason.value for reason in Reason}
    assert set(VERDICTS) == {verdict.value for verdict in Verdict}
