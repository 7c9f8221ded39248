"""Fan-out through one gateway: from the moment a message is said until it is at the sockets that are to have it.

The gateway is a process of its own with default limits lifted; the message is said through a desk over the same Redis,
as a worker or another gateway does. The browsers are bare sockets of this process: a frame counts when its bytes are
here, and nothing is parsed that a browser would parse.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import uvloop

from handoff.desk import Desk
from handoff.redis.backend import RedisBackend
from tests.benchmarks.gateway_overhead import ROOT, free_port
from tests.benchmarks.handoff.measured import all_of, ms, own_redis, quantile
from tests.benchmarks.table import Table

SOCKETS = 2_000
MESSAGES = 2_000
EVERY_S = 0.01
SHARED = (1_000, 2_000)
SHARED_MESSAGES = 30
PATIENCE_S = 30.0


def run() -> list[Table]:
    """A minute."""
    with own_redis() as url:
        return uvloop.run(_fanout(url))


class Browser(asyncio.Protocol):
    """A socket after its handshake. `heard` is called with the time when bytes came that hold `awaited`."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.awaited = b""
        self.heard: Callable[[float], None] = lambda at: None
        self._kept = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        at = time.perf_counter()
        if not self.opened.done():
            self._kept += data
            if b'"snapshot"' in self._kept:
                if not self._kept.startswith(b"HTTP/1.1 101"):
                    raise RuntimeError(self._kept[:200].decode("latin-1"))
                self.opened.set_result(None)
            return
        if self.awaited and self.awaited in data:
            self.awaited = b""
            self.heard(at)


async def _fanout(redis_url: str) -> list[Table]:
    desk = Desk(RedisBackend(redis_url))
    async with _gateway(redis_url) as (port, process):
        before_mib = _resident_mib(process)
        cookies = await _sessions(port, SOCKETS + 1)
        own = [await _open(port, cookie) for _, cookie in cookies[:SOCKETS]]
        socket_kib = (_resident_mib(process) - before_mib) * 1024 / SOCKETS
        apart = await _apart(desk, [who for who, _ in cookies], own)
        rows = [(f"{SOCKETS:,} conversations, one page each", f"{SOCKETS:,}", len(apart), *_cells(apart))]
        for browser in own:
            browser.transport.abort()
        who, cookie = cookies[SOCKETS]
        shared: list[Browser] = []
        for sockets in SHARED:
            shared += [await _open(port, cookie) for _ in range(sockets - len(shared))]
            took = await _together(desk, who, shared)
            rows.append(("one conversation, all pages its own", f"{sockets:,}", SHARED_MESSAGES, *_cells(took)))
    await desk.close()
    about = (
        f"{SOCKETS:,} open sockets; {MESSAGES:,} messages, one every {EVERY_S * 1000:.0f} ms, each for the one page of "
        f"its conversation; then {SHARED_MESSAGES} messages of one conversation that so many pages have open. From "
        "before the message is said (in Redis, by another process) until its bytes are at the browser's socket. An "
        f"open page costs the gateway {socket_kib:.0f} KiB."
    )
    columns = ("pages", "sockets", "messages", "p50 ms", "p99 ms", "worst ms")
    return [Table("Fan-out through one gateway", about, columns, rows)]


def _cells(took: list[float]) -> tuple[str, str, str]:
    return ms(took, 0.5), ms(took, 0.99), f"{quantile(took, 1.0) * 1000:.2f}"


async def _apart(desk: Desk, ids: list[str], browsers: list[Browser]) -> list[float]:
    took: list[float] = []
    arrived: list[asyncio.Future[None]] = []
    for number in range(MESSAGES):
        browser = browsers[number % len(browsers)]
        text = f"第{number}句，什么时候发货"
        done = asyncio.get_running_loop().create_future()
        arrived.append(done)
        said_at = time.perf_counter()

        def heard(at: float, said_at: float = said_at, done: asyncio.Future[None] = done) -> None:
            took.append(at - said_at)
            done.set_result(None)

        browser.awaited, browser.heard = text.encode(), heard
        await desk.say(ids[number % len(browsers)], key=f"k{number}", text=text)
        await asyncio.sleep(EVERY_S)
    await asyncio.wait_for(asyncio.gather(*arrived), PATIENCE_S)
    return took


async def _together(desk: Desk, who: str, browsers: list[Browser]) -> list[float]:
    took: list[float] = []
    for number in range(SHARED_MESSAGES):
        text = f"{len(browsers)}人看第{number}句"
        everybody = asyncio.Event()
        here: list[float] = []

        def heard(at: float, here: list[float] = here, everybody: asyncio.Event = everybody) -> None:
            here.append(at)
            if len(here) == len(browsers):
                everybody.set()

        for browser in browsers:
            browser.awaited, browser.heard = text.encode(), heard
        said_at = time.perf_counter()
        await desk.say(who, key=secrets.token_hex(8), text=text)
        await asyncio.wait_for(everybody.wait(), PATIENCE_S)
        took += [at - said_at for at in here]
        await asyncio.sleep(0.2)
    return took


async def _sessions(port: int, count: int) -> list[tuple[str, str]]:
    """(conversation id, cookie header) of so many customers."""
    url = f"http://127.0.0.1:{port}"
    found: list[tuple[str, str]] = []

    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:

        async def one() -> None:
            async with http.post(f"{url}/api/customer/session", json={}, headers={"Origin": url}) as response:
                response.raise_for_status()
                cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in response.cookies.items())
                found.append(((await response.json())["conversation_id"], cookie))

        await all_of((one for _ in range(count)), at_once=8)
    return found


async def _open(port: int, cookie: str) -> Browser:
    key = base64.b64encode(os.urandom(16)).decode()
    head = (
        "GET /api/customer/live HTTP/1.1",
        *(f"Host: 127.0.0.1:{port}", f"Origin: http://127.0.0.1:{port}", f"Cookie: {cookie}"),
        *("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}"),
    )
    loop = asyncio.get_running_loop()
    request = ("\r\n".join(head) + "\r\n\r\n").encode()
    _, browser = await loop.create_connection(lambda: Browser(request), "127.0.0.1", port)
    await asyncio.wait_for(browser.opened, PATIENCE_S)
    return browser


@contextlib.asynccontextmanager
async def _gateway(redis_url: str) -> AsyncIterator[tuple[int, psutil.Process]]:
    """A gateway's port and process."""
    with tempfile.TemporaryDirectory(prefix="jh-") as folder:
        port = free_port()
        many = ("CUSTOMER_BURST", "ADDRESS_BURST", "SESSIONS_PER_MINUTE", "SOCKETS_PER_ADDRESS")
        environment = {
            **os.environ,
            **{f"JIEHUA_{name}": "1000000" for name in many},
            "JIEHUA_DATA": folder,
            "JIEHUA_PORT": str(port),
            "JIEHUA_REDIS_URL": redis_url,
        }
        with (Path(folder) / "out").open("wb") as output:
            command = [sys.executable, "-m", "gateway.wiring"]
            started = subprocess.Popen(  # noqa: ASYNC220 (it starts once, before anything is timed)
                command, cwd=ROOT, env=environment, stdout=output, stderr=output
            )
        try:
            await _answers(port)
            yield port, psutil.Process(started.pid)
        finally:
            started.terminate()
            started.wait(20)


async def _answers(port: int) -> None:
    async with asyncio.timeout(60), aiohttp.ClientSession() as http:
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with http.get(f"http://127.0.0.1:{port}/health") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.1)


def _resident_mib(process: psutil.Process) -> float:
    return float(process.memory_full_info().pss) / 2**20
