"""Child processes that start, answer, are restarted when they crash, and end when told."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cli.problem import Problem

BACKOFF_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0)
STABLE_SECONDS = 60.0  # a child that lived this long starts again without waiting
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Spec:
    """How to run one child.

    `ready` answers True once the child serves; `stop_seconds` is how long it may take to end after SIGTERM before
    its whole process group is killed; `needs` are the names of children that have to answer first.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path
    ready: Callable[[], Awaitable[bool]]
    ready_seconds: float = 240.0
    stop_seconds: float = 10.0
    needs: Sequence[str] = field(default=())


def die_with_parent() -> None:
    """In the child, before exec: a supervisor killed with -9 must not leave orphans (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """One supervised process; `run` returns when `stop` was asked for."""

    def __init__(self, spec: Spec, tell: Callable[[str], None]) -> None:
        self.spec = spec
        self.is_ready = asyncio.Event()
        self.restarts = 0
        self._tell = tell
        self._stopping = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The running process, if any."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def run(self) -> None:
        """Start, watch and start again until told to stop; the first start has to succeed."""
        crashes = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            await self._start()
            assert self._process is not None
            answering = asyncio.create_task(self._await_ready())
            status = await self._process.wait()
            answering.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await answering
            if self._stopping.is_set():
                return
            if self.restarts == 0 and not self.is_ready.is_set():
                raise Problem(self._obituary(status), f"日志 {self.spec.log}", status=1)
            self.is_ready.clear()
            crashes = 0 if time.monotonic() - started > STABLE_SECONDS else crashes + 1
            pause = BACKOFF_SECONDS[min(crashes, len(BACKOFF_SECONDS) - 1)]
            self.restarts += 1
            self._tell(f"{self._obituary(status)};{pause:g} 秒后重启")
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def stop(self) -> None:
        """SIGTERM, wait, then kill the whole process group."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), self.spec.stop_seconds)
        except asyncio.TimeoutError:
            self._tell(f"{self.spec.name} 没有按时结束,强制停止")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()

    async def _start(self) -> None:
        self.spec.log.parent.mkdir(parents=True, exist_ok=True)
        with self.spec.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.spec.argv,
                env=dict(self.spec.env),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    async def _await_ready(self) -> None:
        deadline = time.monotonic() + self.spec.ready_seconds
        while time.monotonic() < deadline:
            if await self.spec.ready():
                self.is_ready.set()
                return
            await asyncio.sleep(0.1)
        self._tell(f"{self.spec.name} {self.spec.ready_seconds:g} 秒内没有就绪,日志 {self.spec.log}")
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def _obituary(self, status: int) -> str:
        how = f"被信号 {-status} 终止" if status < 0 else f"以状态 {status} 退出"
        return f"{self.spec.name} {how}{last_words(self.spec.log)}"


def last_words(log: Path) -> str:
    """The last line a child wrote, for the message about its end."""
    with contextlib.suppress(OSError):
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4096))
            lines = [line.strip() for line in file.read().decode("utf8", "replace").splitlines() if line.strip()]
        if lines:
            return f"({lines[-1][:200]})"
    return ""


class Group:
    """The children of one stack: started in the order of their needs, stopped in the reverse."""

    def __init__(self, specs: Sequence[Spec], tell: Callable[[str], None]) -> None:
        self.children = {spec.name: Child(spec, tell) for spec in specs}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Start all and return once each has answered; raises Problem when one cannot start."""
        starters = [asyncio.create_task(self._start_one(child)) for child in self.children.values()]
        try:
            await asyncio.gather(*starters)
        except BaseException:
            for starter in starters:
                starter.cancel()
            await asyncio.gather(*starters, return_exceptions=True)
            await self.stop()
            raise

    async def watch(self) -> None:
        """Run until a child cannot be kept alive (raises) or the group is stopped."""
        await asyncio.gather(*self._tasks.values())

    async def stop(self) -> None:
        """Stop in reverse order of start, one after another, so that nothing is cut off mid-way."""
        for name in reversed(self.children):
            await self.children[name].stop()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _start_one(self, child: Child) -> None:
        for name in child.spec.needs:
            await self.children[name].is_ready.wait()
        task = self._tasks[child.spec.name] = asyncio.create_task(child.run())
        ready = asyncio.create_task(child.is_ready.wait())
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            ready.cancel()
            task.result()
