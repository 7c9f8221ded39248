"""A TCP line to Redis that a test may cut, hang and half-kill."""

from __future__ import annotations

import asyncio
import contextlib


class Proxy:
    """Forwards connections to a Unix socket. What was delivered stays delivered; only news of it gets lost."""

    def __init__(self, target: str) -> None:
        """`target` is a URL like unix:///tmp/r.sock."""
        self._target = target.removeprefix("unix://")
        self._lines: set[_Forwarded] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._refusing = False
        self.url = ""

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/0"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self._flowing.set()
        self.cut()
        await asyncio.gather(*(line.ended for line in self._lines), return_exceptions=True)

    def cut(self) -> None:
        """Every connection breaks, with a reset on both sides."""
        for line in tuple(self._lines):
            line.abort()

    def half_kill(self) -> None:
        """Every connection of now falls silent for ever and nobody is told; new ones work."""
        for line in self._lines:
            line.dead = True

    @contextlib.contextmanager
    def refusing(self):  # type: ignore[no-untyped-def]
        """While inside there is no connection, old or new."""
        self._refusing = True
        self.cut()
        try:
            yield
        finally:
            self._refusing = False

    @contextlib.contextmanager
    def hanging(self):  # type: ignore[no-untyped-def]
        """While inside nothing is forwarded; afterwards everything is, late."""
        self._flowing.clear()
        try:
            yield
        finally:
            self._flowing.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_unix_connection(self._target)
        line = _Forwarded(self._flowing, (reader, far_writer), (far_reader, writer))
        self._lines.add(line)
        try:
            await line.ended
        finally:
            self._lines.discard(line)


class _Forwarded:
    """One connection: two pumps that end together."""

    def __init__(self, flowing: asyncio.Event, *ways: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        self.dead = False
        self._flowing = flowing
        self._ways = ways
        self.ended = asyncio.ensure_future(self._run())

    def abort(self) -> None:
        for _, writer in self._ways:
            writer.transport.abort()

    async def _run(self) -> None:
        pumps = [asyncio.ensure_future(self._pump(reader, writer)) for reader, writer in self._ways]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        self.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                await self._flowing.wait()
                if not self.dead:
                    writer.write(data)
                    await writer.drain()
