"""`jiehua agents depart` against a real Redis, also after it was killed half way."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.problem import Problem
from gateway.people import People, database_url
from handoff.desk import Desk
from handoff.model import AgentStatus
from handoff.records.customers import Customers
from handoff.records.model import Owner
from handoff.records.ticket_desk import TicketDesk
from handoff.redis.backend import RedisBackend

pytestmark = pytest.mark.redis

# The command itself, in a process that is killed at the call of the store that has the number given.
KILLED = """
import itertools, os, signal, sys
from handoff.redis.scripts import ScriptRunner

calls, die_at, run = itertools.count(1), int(sys.argv.pop(1)), ScriptRunner.__call__

async def counted(self, *arguments, **named):
    answer = await run(self, *arguments, **named)
    if next(calls) == die_at:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer

ScriptRunner.__call__ = counted
from cli.main import main
main()
"""


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, redis_url: str, tenant: str) -> None:
    monkeypatch.setenv("JIEHUA_REDIS_URL", redis_url)
    monkeypatch.setenv("JIEHUA_TENANT", tenant)
    monkeypatch.delenv("JIEHUA_DATABASE_URL", raising=False)


@pytest.fixture
def crew(tmp_path: Path) -> People:
    staff = People(database_url(tmp_path))
    for name in ("wang", "li"):
        staff.add(name, display={"wang": "小王", "li": "小李"}[name], password="password-x")
    return staff


async def a_working_agent(redis_url: str, tenant: str) -> Desk:
    desk = Desk(RedisBackend(redis_url, tenant))
    await desk.agent_online("wang", display="小王", cap=3, status=AgentStatus.READY)
    await desk.open("ann")
    case = await desk.request_human("ann", key="k")
    await desk.accept("wang", case.case_id)
    customers = Customers(desk)
    for number in range(3):
        await TicketDesk(desk, customers).open_one("wang", key=f"t{number}", title="回电", conversation_id="ann")
    await customers.describe("ann", "boss", owner=Owner("wang"))
    return desk


def run(*arguments: str):
    result = CliRunner().invoke(app, ["agents", *arguments])
    if isinstance(result.exception, Problem):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


async def test_an_agent_is_listed_then_handed_on_then_let_back(tmp_path, crew, redis_url, tenant):
    desk = await a_working_agent(redis_url, tenant)
    data = ("--data", str(tmp_path))
    listed = json.loads(await asyncio.to_thread(run, "depart", "wang", "--dry-run", "--json", *data))
    assert (len(listed["cases"]), len(listed["tickets"]), listed["customers"]) == (1, 3, ["ann"])
    assert not crew.get("wang").suspended, "a dry run changes nothing"
    for mistaken in (
        ("depart", "nobody", "--to", "li"),
        ("depart", "wang"),
        ("depart", "wang", "--to", "wang"),
        ("depart", "wang", "--to", "nobody"),
        ("depart", "wang", "--to", "li", "--to-group", "default"),
        ("depart", "wang", "--to-group", "no-such-group"),
    ):
        with pytest.raises(Problem):
            await asyncio.to_thread(run, *mistaken, *data)
    assert await desk.agent_cases("wang")
    shown = await asyncio.to_thread(run, "depart", "wang", "--to", "li", *data)
    assert "wang 已离职,移交给 li" in shown
    assert crew.get("wang").suspended
    assert await desk.agent_cases("wang") == []
    assert len(await TicketDesk(desk, Customers(desk)).owned(Owner("li"))) == 3
    assert [entry.text for entry in await desk.log("ann")][-1] == "之前为您服务的客服已离开，以后由小李继续为您服务。"
    assert [line.action for line in crew.audited()][:2] == ["departed", "depart"]
    await asyncio.to_thread(run, "return", "wang", *data)
    assert not crew.get("wang").suspended
    await desk.agent_online("wang", display="小王", cap=3)
    await desk.close()


@pytest.mark.parametrize("die_at", [3, 12])
async def test_killed_half_way_the_same_command_finishes_it(tmp_path, crew, redis_url, tenant, die_at):
    desk = await a_working_agent(redis_url, tenant)
    arguments = ["agents", "depart", "wang", "--to", "li", "--data", str(tmp_path)]

    def killed() -> int:
        command = [sys.executable, "-c", KILLED, str(die_at), *arguments]
        return subprocess.run(command, env=dict(os.environ), capture_output=True, timeout=60).returncode

    assert await asyncio.to_thread(killed) == -signal.SIGKILL
    done = json.loads(await asyncio.to_thread(run, *arguments[1:], "--json"))
    assert done["finished_ms"]
    assert (len(done["cases"]), len(done["tickets"]), done["customers"]) == (1, 3, ["ann"])
    assert crew.get("wang").suspended
    assert await TicketDesk(desk, Customers(desk)).owned(Owner("wang")) == []
    told = [entry.text for entry in await desk.log("ann")]
    assert sum("工单" in text for text in told) == 3
    assert sum("以后由小李" in text for text in told) == 1
    await desk.close()


def test_the_sites_secret_is_shown_and_stays(tmp_path: Path):
    first = run("site-secret", "--data", str(tmp_path)).strip()
    assert len(first) >= 32
    assert run("site-secret", "--data", str(tmp_path)).strip() == first
