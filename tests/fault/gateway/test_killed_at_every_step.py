"""Worker and gateway die (kill -9) at any step: around each command to Redis, each call of the bot, each frame.

A process that has everything loaded forks one that dies at the step of a given number, for each line it reads; so the
next one is there at once. An heir goes on where the dead one stopped.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import aiohttp
import pytest

from contracts.conversation import Author, Entry, EntryKind
from contracts.turn import BotMessage, TurnResult
from gateway.settings import Settings
from gateway.turns import TurnWorker
from handoff.desk import Desk
from handoff.policy import DeskPolicy
from handoff.redis.backend import RedisBackend
from tests.fault.stubborn import Customer

pytestmark = [pytest.mark.redis, pytest.mark.slow]

GATEWAY_DEATHS = 6
STEPS = """
import asyncio, itertools, os, signal, sys
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from contracts.escalation import Escalation, Reason
from contracts.turn import BotMessage, TurnResult
from handoff.desk import Desk
from handoff.policy import DeskPolicy
from handoff.redis.backend import RedisBackend

steps, die_at = itertools.count(1), 0

def step():
    if next(steps) == die_at:
        os.kill(os.getpid(), signal.SIGKILL)

def stepped(owner, name):
    original = getattr(owner, name)
    async def wrapped(*arguments, **options):
        step()
        result = await original(*arguments, **options)
        step()
        return result
    setattr(owner, name, wrapped)

def fork_for_each_line(main):
    global die_at
    for line in sys.stdin:
        child = os.fork()
        if not child:
            die_at = int(line)
            asyncio.run(main())
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
# Works until nothing has come for a while.
WORKER = (
    STEPS
    + """
from gateway.settings import Settings
from gateway.turns import TurnWorker
url, tenant = sys.argv[1:]

class Bot:
    async def turn(self, request):
        step()
        await asyncio.sleep(0)
        step()
        escalation = Escalation(Reason.EXPLICIT_REQUEST) if "人工" in request.text else None
        return TurnResult((BotMessage("答" + request.text),), escalation=escalation)

class Idle(Desk):
    async def claim_turn(self, worker_id, *, wait_ms):
        turn = await super().claim_turn(worker_id, wait_ms=200)
        if turn is None and not worker._running:
            worker.stop()
        return turn

async def main():
    global worker
    stepped(Redis, "execute_command")
    stepped(Pipeline, "execute")
    worker = TurnWorker(Idle(RedisBackend(url, tenant), DeskPolicy(lease_ms=50, max_attempts=1000)), Bot(), Settings())
    await worker.run()

fork_for_each_line(main)
"""
)
# Serves until it dies or is told to end.
GATEWAY = (
    STEPS
    + """
from dataclasses import replace
from pathlib import Path
import uvicorn
from gateway.app import create_app
from gateway.live import LiveSocket
from gateway.settings import Settings
from gateway.wiring import build_parts, server_config
url, tenant, folder, port = sys.argv[1:]
settings = replace(Settings(), data=Path(folder), redis_url=url, tenant=tenant, port=int(port))

async def main():
    stepped(Redis, "execute_command")
    stepped(Pipeline, "execute")
    stepped(LiveSocket, "send")
    stepped(LiveSocket, "handle")
    config = server_config(create_app(build_parts(settings)), settings)
    config.loop = "asyncio"
    await uvicorn.Server(config).serve()

fork_for_each_line(main)
"""
)


class Doomed:
    """Processes that die at a step, one after another."""

    def __init__(self, root: Path, code: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # so that what it forked ends with it
        )

    async def survives(self, step: int) -> bool:
        """Run one that dies at `step` (0: never); returns whether it came to its end."""
        status = await asyncio.to_thread(self._run, step)
        assert status in (0, -signal.SIGKILL)
        return status == 0

    def _run(self, step: int) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(step, file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def end(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.communicate()


@contextlib.contextmanager
def doomed(root: Path, code: str, *arguments: str) -> Iterator[Doomed]:
    made = Doomed(root, code, *arguments)
    try:
        yield made
    finally:
        made.end()


async def logs_of(desk: Desk, whom: Iterable[str]) -> dict[str, list[Entry]]:
    return {who: await desk.log(who, limit=1000) for who in whom}


def answers(log: list[Entry]) -> list[str]:
    return [entry.text for entry in log if entry.kind is EntryKind.MESSAGE and entry.author is Author.BOT]


def check_log(log: list[Entry], asked: list[str]) -> None:
    """Everything said once and in order, every question answered once."""
    assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
    messages = [entry for entry in log if entry.kind is EntryKind.MESSAGE]
    assert [entry.text for entry in messages if entry.author is Author.CUSTOMER] == asked
    assert answers(log) == [f"答{text}" for text in asked]
    opened = Counter(entry.data["case_id"] for entry in log if entry.data.get("verb") == "open")
    assert len(opened) == (1 if any("人工" in text for text in asked) else 0)


async def test_a_worker_killed_at_every_step(redis_url, tenant, root):
    desk = Desk(RedisBackend(redis_url, tenant))
    asked: dict[str, list[str]] = {"ann": [], "bob": []}
    for who in asked:
        await desk.open(who)
    deaths = 0
    with doomed(root, WORKER, redis_url, tenant) as workers:
        for step in range(1, 200):
            for who, texts in asked.items():
                texts.append(f"第{step}句，人工" if who == "bob" else f"第{step}句")
                await desk.say(who, key=f"k{step}", text=texts[-1])
            if await workers.survives(step):
                break
            deaths += 1
        else:
            pytest.fail("never got through")
        # What the last of them left is taken over after its lease.
        logs = await logs_of(desk, asked)
        while any(len(answers(logs[who])) < len(texts) for who, texts in asked.items()):
            assert await workers.survives(0)
            logs = await logs_of(desk, asked)
    assert deaths > 15
    for who, texts in asked.items():
        check_log(logs[who], texts)
    await desk.close()


async def test_a_gateway_killed_at_any_step(redis_url, tenant, root, tmp_path, chance):
    """Steps are drawn by chance; a customer goes on talking through all the deaths."""

    class Bot:
        async def turn(self, request):
            return TurnResult((BotMessage(f"答{request.text}"),))

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    customer = Customer(f"http://127.0.0.1:{port}")
    desk = Desk(RedisBackend(redis_url, tenant), DeskPolicy())
    worker = TurnWorker(desk, Bot(), Settings())
    working = asyncio.create_task(worker.run())
    asked: list[str] = []
    deaths = 0
    with doomed(root, GATEWAY, redis_url, tenant, str(tmp_path), str(port)) as gateways:
        living = asyncio.create_task(gateways.survives(chance.randint(1, 40)))
        while deaths < GATEWAY_DEATHS:
            asked.append(f"第{len(asked)}句")
            talking = asyncio.create_task(
                customer.talk(
                    asked[-1], until=lambda one: len(one.said("bot")) == len(asked) and not one.unacknowledged
                )
            )
            while not talking.done():
                await asyncio.wait({talking, living}, return_when=asyncio.FIRST_COMPLETED)
                if living.done():
                    assert not living.result()
                    deaths += 1
                    last = deaths == GATEWAY_DEATHS
                    living = asyncio.create_task(gateways.survives(0 if last else chance.randint(1, 40)))
            await talking
        async with aiohttp.ClientSession(cookie_jar=customer.cookies) as http:
            headers = {"Origin": customer.url}
            async with http.post(f"{customer.url}/api/customer/session", json={}, headers=headers) as response:
                conversation_id = (await response.json())["conversation_id"]
        gateways.end()
        await asyncio.gather(living, return_exceptions=True)
    log = await desk.log(conversation_id, limit=1000)
    check_log(log, asked)
    assert customer.said("customer") == asked
    assert customer.said("bot") == [f"答{text}" for text in asked]
    worker.stop()
    await working
    await desk.close()
