"""The supervisors' reports over HTTP, on the real gateway with an archive that the real archiver wrote."""

from __future__ import annotations

import asyncio
import csv
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from gateway.people import Role
from gateway.report_tables import TABLES
from handoff.archive import Archive, Archiver, archive_url
from handoff.days import ZONE, day_of
from language.normalise import normalise
from tests.integration.gateway.harness import RunningGateway

HOSTILE = "=cmd|' /C calc'!A0 13812345678 能退吗"


def archived(gateway: RunningGateway, data: Path) -> Callable[[], Any]:
    """Bring everything that has happened over into the archive."""

    async def bring() -> None:
        archive = Archive(archive_url(data), fold=normalise)
        archive.prepare()
        outbox = gateway.desk._backend.outbox
        archiver = Archiver(outbox, archive, linger_s=0)
        while await outbox.backlog():
            await archiver.step()
        archive.close()

    return bring


async def staff(gateway: RunningGateway, name: str, role: Role) -> aiohttp.ClientSession:
    """Somebody who is logged in."""
    await asyncio.to_thread(
        lambda: gateway.people.add(name, display=f"={name}", roles=(role,), password=f"password-{name}")
    )
    browser = gateway.browser()
    async with browser.post("/api/agent/login", json={"name": name, "password": f"password-{name}"}) as response:
        assert response.status == 200
    return browser


async def asked(browser: aiohttp.ClientSession, path: str, status: int = 200) -> Any:
    async with browser.get(path) as response:
        assert response.status == status, await response.text()
        return await response.json()


async def sheet(browser: aiohttp.ClientSession, name: str, query: str = "days=2") -> tuple[str, list[list[str]]]:
    """A table's name as a file, and its rows as a spreadsheet without any guard reads them."""
    async with browser.get(f"/api/reports/{name}.csv?{query}") as response:
        assert response.status == 200, await response.text()
        assert response.content_type == "text/csv"
        rows = list(csv.reader(io.StringIO((await response.read()).decode("utf-8-sig"), newline="")))
        return response.headers["Content-Disposition"], rows


async def test_a_supervisor_reads_what_happened_today(door: RunningGateway, tmp_path: Path) -> None:
    customer, agent = await door.customer(), await door.agent()
    await customer.send("say", text=HOSTILE)
    said = await customer.entry(author="bot")
    await customer.send("request_human")
    offered = await agent.until(lambda frame: frame["type"] == "case" and frame["case"]["state"] == "offered")
    await agent.send("accept", case_id=offered["case"]["case_id"])
    mine = await agent.until(lambda frame: frame["type"] == "case" and frame["case"]["state"] == "active")
    told = {name: mine["case"][name] for name in ("conversation_id", "epoch")}
    await agent.ack(await agent.send("say", text="您好", **told))
    await archived(door, tmp_path)()
    boss = await staff(door, "boss", Role.SUPERVISOR)
    day = day_of(said["at_ms"], ZoneInfo(ZONE)).isoformat()
    found = await asked(boss, f"/api/reports?from={day}&to={day}")
    assert (found["from"], found["to"], found["step"], found["archived"]) == (day, day, "hour", True)
    assert len(found["parts"]) == 24
    report = found["report"]
    assert report["volumes"]["conversations"] == sum(part["conversations"] for part in found["parts"]) == 1
    assert report["handoffs"]["reasons"] == {"explicit_request": 1}
    assert found["names"]["xiaowang"] == "小王"
    assert list(report["by_agent"]) == ["xiaowang"]


async def test_every_table_is_a_spreadsheet_that_runs_nothing_and_names_nobody(
    door: RunningGateway, tmp_path: Path
) -> None:
    customer, agent = await door.customer(), await door.agent("wang", display="=wang")
    await customer.send("say", text=HOSTILE)
    await customer.entry(author="bot")
    await customer.send("request_human")
    await agent.until(lambda frame: frame["type"] == "case" and frame["case"]["state"] == "offered")
    await archived(door, tmp_path)()
    boss = await staff(door, "boss", Role.SUPERVISOR)
    for name in TABLES:
        file, rows = await sheet(boss, name)
        assert f"report-{name}-20" in file
        assert len({len(row) for row in rows}) == 1
        assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t"))] == []
        assert "13812345678" not in str(rows)
    assert sum(line.action == "report_export" for line in door.people.audited()) == len(TABLES)


async def test_days_are_those_of_the_shop_and_a_year_at_most(door: RunningGateway, tmp_path: Path) -> None:
    await archived(door, tmp_path)()
    boss = await staff(door, "boss", Role.SUPERVISOR)
    before = day_of(time.time_ns() // 1_000_000, ZoneInfo(ZONE)).isoformat()
    week = await asked(boss, "/api/reports")
    assert (week["step"], len(week["parts"]), week["zone"]) == ("day", 7, ZONE)
    assert week["to"] == week["today"] >= before
    year = await asked(boss, "/api/reports?from=2025-12-01&to=2026-11-30")
    assert (year["step"], year["parts"][1]["label"]) == ("week", "2025-12-08")
    for query, field in (
        ("from=2026-11-30&to=2026-11-01", "to"),
        ("from=2020-01-01&to=2026-11-01", "to"),
        ("from=yesterday", "from"),
        ("to=9999-12-31", "to"),
        ("from=0001-01-01", "from"),
    ):
        refused = await asked(boss, f"/api/reports?{query}", 400)
        assert (refused["field"], refused["error"]) == (field, "bad_request"), query


async def test_without_an_archive_the_page_says_so_instead_of_counting_nothing(door: RunningGateway) -> None:
    boss = await staff(door, "boss", Role.SUPERVISOR)
    found = await asked(boss, "/api/reports?days=7")
    assert (found["archived"], found["report"]["volumes"]["conversations"]) == (False, 0)


@pytest.mark.parametrize(("role", "status"), [(Role.AGENT, 403), (Role.EDITOR, 403), (Role.ADMIN, 200)])
async def test_reports_are_for_supervisors_and_administrators(door: RunningGateway, role: Role, status: int) -> None:
    browser = await staff(door, "somebody", role)
    await asked(browser, "/api/reports", status)
    async with browser.get("/api/reports/agents.csv") as response:
        assert response.status == status
    await asked(door.browser(), "/api/reports", 401)


async def test_a_table_that_is_none_is_not_found(door: RunningGateway) -> None:
    boss = await staff(door, "boss", Role.SUPERVISOR)
    await asked(boss, "/api/reports/secrets.csv", 404)
