"""Faults are made on purpose here: processes killed, replies lost, Redis stopped, restarted and hung."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis

from handoff.desk import Desk
from handoff.policy import DeskPolicy
from handoff.redis.backend import RedisBackend


class OwnRedis:
    """A Redis of this test alone, with an append-only file, which may be killed, restarted and hung."""

    def __init__(self, binary: str, folder: Path) -> None:
        self._binary, self._folder = binary, folder
        self.url = f"unix://{folder}/r.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [self._binary, "--port", "0", "--unixsocket", f"{self._folder}/r.sock", "--dir", str(self._folder)]
        command += ["--save", "", "--appendonly", "yes", "--appendfsync", "always"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        client = redis.Redis.from_url(self.url)
        for _ in range(2000):
            with contextlib.suppress(redis.RedisError):
                client.ping()
                break
            assert self._process.poll() is None, "redis-server ended"
        client.close()

    def send(self, number: int) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)
        if number == signal.SIGKILL:
            self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.send(signal.SIGCONT)
            self.send(signal.SIGKILL)


@pytest.fixture
def own_redis(redis_binary: str) -> Iterator[OwnRedis]:
    folder = Path(tempfile.mkdtemp(prefix="jh-own-"))
    made = OwnRedis(redis_binary, folder)
    made.start()
    yield made
    made.stop()
    shutil.rmtree(folder, ignore_errors=True)


class Line:
    """A Unix-socket line to Redis that may be cut: after the next command is delivered, or before it is."""

    def __init__(self, target: str, path: str) -> None:
        self._target, self.url = target, f"unix://{path}"
        self._path = path
        self.lose_replies = 0
        self.lose_commands = 0

    async def open(self) -> None:
        self._server = await asyncio.start_unix_server(self._connected, self._path)

    async def close(self) -> None:
        self._server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(self._target)
        lose_answer = asyncio.Event()
        # Both ways at once: a long script comes in several pieces, and its answer only after the last.
        ways = [
            asyncio.create_task(self._commands(reader, far_writer, lose_answer)),
            asyncio.create_task(self._answers(far_reader, writer, lose_answer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            writer.close()
            far_writer.close()

    async def _commands(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lose_answer: asyncio.Event
    ) -> None:
        while data := await reader.read(1 << 20):
            if b"EVAL" in data and self.lose_commands:
                self.lose_commands -= 1
                return
            if b"EVAL" in data and self.lose_replies:
                self.lose_replies -= 1
                lose_answer.set()
            writer.write(data)
            await writer.drain()

    async def _answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lose_answer: asyncio.Event
    ) -> None:
        while data := await reader.read(1 << 20):
            if lose_answer.is_set():
                return
            writer.write(data)
            await writer.drain()


@pytest.fixture
async def line(redis_url: str) -> AsyncIterator[Line]:
    folder = tempfile.mkdtemp(prefix="jh-line-")
    made = Line(redis_url.removeprefix("unix://"), f"{folder}/l.sock")
    await made.open()
    yield made
    await made.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def desks(redis_url: str, tenant: str) -> AsyncIterator[list[Desk]]:
    """Several processes' worth of desks over one Redis."""
    made = [Desk(RedisBackend(redis_url, tenant), DeskPolicy()) for _ in range(8)]
    yield made
    for desk in made:
        await desk.close()
