"""Redis goes away and comes back with its append-only file: pages, worker and consoles go on where they were."""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
import redis

from tests.integration.gateway.harness import PATIENCE_S, running_gateway

pytestmark = pytest.mark.redis


class Server:
    """A Redis of this test alone that may be killed and started again."""

    def __init__(self, binary: str, folder: Path) -> None:
        self.url = f"unix://{folder}/r.sock"
        self._command = [binary, "--port", "0", "--unixsocket", f"{folder}/r.sock", "--dir", str(folder)]
        self._command += ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)

    async def answers(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    await asyncio.to_thread(redis.Redis.from_url(self.url).ping)
                except redis.RedisError:
                    await asyncio.sleep(0.02)
                else:
                    return

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


@pytest.fixture
def server(redis_binary: str) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="jh-") as folder:  # short: a socket's path is
        made = Server(redis_binary, Path(folder))
        made.start()
        yield made
        made.kill()


async def test_a_page_that_stayed_open_goes_on_after_redis_is_back(server: Server, tmp_path: Path) -> None:
    await server.answers()
    async with running_gateway(tmp_path, redis_url=server.url) as gateway:
        page = await gateway.customer()
        await page.send("say", text="之前")
        seen = (await page.entry("收到：之前"))["seq"]

        server.kill()
        refused = await page.ack(await page.send("say", text="期间", key="k1"))
        assert refused["type"] == "error"
        assert refused["code"] == "unavailable"
        async with gateway.browser().get("/ready") as response:
            assert response.status == 503
            assert (await response.json())["redis"] is False
        async with gateway.browser().get("/health") as response:
            assert response.status == 200

        server.start()
        await server.answers()
        # The page sends what was refused again, under the same key; a socket that ended meanwhile is opened anew.
        page = await speaking(gateway, page, seen)
        await page.entry("收到：期间")
        log = await gateway.desk.log(page.snapshot["conversation"]["conversation_id"])
        spoken = [entry.text for entry in log if entry.kind.value == "message"]
        assert spoken == ["之前", "收到：之前", "期间", "收到：期间"]


async def speaking(gateway, page, after: int):  # type: ignore[no-untyped-def]
    """A page that got 「期间」 through."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                answer = await page.ack(await page.send("say", text="期间", key="k1"))
                if answer["type"] == "ack":
                    return page
            except (AssertionError, ConnectionError, aiohttp.ClientError):
                page = await gateway.customer(page.browser, after=after)
            await asyncio.sleep(0.1)
