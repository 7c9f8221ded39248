"""Real processes, killed without warning in the middle of a turn: nothing lost, nothing doubled, order kept."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from gateway.secret_file import load_secrets
from gateway.testing import ScriptedBot
from tests.integration.gateway.harness import Page, make_desk

pytestmark = [pytest.mark.redis, pytest.mark.slow]

START_S = 120.0
ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Processes:
    """Gateway and workers as processes of their own, around one bot that the test holds."""

    bot: ScriptedBot
    environment: dict[str, str]
    url: str
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, module: str) -> None:
        self.running[name] = subprocess.Popen(
            [sys.executable, "-m", module], cwd=ROOT, env=self.environment, stdout=subprocess.DEVNULL
        )

    def kill(self, name: str) -> None:
        process = self.running.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait(10)

    async def ready(self) -> None:
        """Wait until gateway and worker answer."""
        async with asyncio.timeout(START_S), aiohttp.ClientSession() as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"{self.url}/ready") as response:
                        if response.status == 200:
                            return
                await asyncio.sleep(0.1)

    async def page(self, browser: aiohttp.ClientSession, *, after: int = 0) -> Page:
        async with browser.post(f"{self.url}/api/customer/session", json={}) as response:
            assert response.status == 200
        socket = await browser.ws_connect(f"{self.url}/api/customer/live?after={after}", headers={"Origin": self.url})
        page = Page(browser, socket)
        page.snapshot = await page.next()
        return page


@pytest.fixture
async def processes(tmp_path: Path, redis_url: str, tenant: str) -> AsyncIterator[Processes]:
    secret = load_secrets(tmp_path).bot_secret
    async with ScriptedBot(secret).serving() as bot:
        port = _free_port()
        environment = {
            **os.environ,
            "JIEHUA_DATA": str(tmp_path),
            "JIEHUA_PORT": str(port),
            "JIEHUA_REDIS_URL": redis_url,
            "JIEHUA_TENANT": tenant,
            "JIEHUA_BOT_URL": bot.url,
            "JIEHUA_ACTIONS_URL": bot.url,
        }
        made = Processes(bot, environment, f"http://127.0.0.1:{port}")
        made.start("worker", "gateway.turns")
        made.start("gateway", "gateway.wiring")
        try:
            await made.ready()
            yield made
        finally:
            for process in made.running.values():
                process.kill()
                process.wait(10)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_killing_worker_and_gateway_mid_turn_loses_and_doubles_nothing(
    processes: Processes, redis_url: str, tenant: str
) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        page = await processes.page(browser)
        await page.send("say", text="热身", key="k0")
        await page.entry("收到：热身")

        processes.bot.hold = asyncio.Event()
        last = (await page.ack(await page.send("say", text="一", key="k1")))["seq"]
        await page.ack(await page.send("say", text="二", key="k2"))
        while not any(turn.text == "一" for turn in processes.bot.asked):
            await asyncio.sleep(0.01)
        processes.kill("worker")
        processes.kill("gateway")
        assert await page.closed() is not None
        processes.bot.hold.set()

        processes.start("gateway", "gateway.wiring")
        processes.start("worker", "gateway.turns")
        await processes.ready()
        # The browser does not know whether its last message arrived, so it sends it again under the same key.
        back = await processes.page(browser, after=last)
        again = await back.ack(await back.send("say", text="二", key="k2"))
        assert again["type"] == "ack"
        seen = [entry["text"] for entry in back.snapshot["entries"]]
        while "收到：二" not in seen:
            seen.append((await back.entry())["text"])
        assert seen == ["二", "收到：一", "收到：二"]

        desk = make_desk(redis_url, tenant)
        log = await desk.log(back.snapshot["conversation"]["conversation_id"])
        await desk.close()
    spoken = [entry.text for entry in log if entry.kind.value == "message"]
    assert spoken == ["热身", "收到：热身", "一", "二", "收到：一", "收到：二"]
    assert [entry.seq for entry in log] == list(range(1, len(log) + 1))


async def test_a_worker_told_to_stop_finishes_its_turn_first(processes: Processes) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        page = await processes.page(browser)
        processes.bot.hold = asyncio.Event()
        await page.ack(await page.send("say", text="你好"))
        while not processes.bot.asked:
            await asyncio.sleep(0.01)
        worker = processes.running["worker"]
        worker.terminate()
        processes.bot.hold.set()
        await page.entry("收到：你好")
        assert await asyncio.to_thread(worker.wait, 30) == 0
        assert len(processes.bot.asked) == 1
