"""The supervisor keeps its children alive and leaves none behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from cli.problem import Problem
from cli.processes import Group, Spec, last_words


def spec(tmp_path: Path, name: str, code: str, *, needs: tuple[str, ...] = (), **options: float) -> Spec:
    """A child that runs Python code and is ready once it has created the file NAME."""
    flag = tmp_path / name

    async def ready() -> bool:
        return flag.exists()

    code = f"import pathlib, time, subprocess, sys\nflag = pathlib.Path({str(flag)!r})\n{code}"
    return Spec(name, [sys.executable, "-c", code], os.environ, tmp_path / f"{name}.log", ready, needs=needs, **options)


async def until(condition, seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_crashed_child_is_started_again(tmp_path: Path) -> None:
    told: list[str] = []
    group = Group([spec(tmp_path, "a", "flag.touch(); time.sleep(60)")], told.append)
    await group.start()
    child = group.children["a"]
    first = child.pid
    assert first
    os.kill(first, signal.SIGKILL)
    await until(lambda: child.pid not in (None, first) and child.is_ready.is_set())
    assert "被信号 9 终止" in told[0]
    await group.stop()


async def test_a_child_that_cannot_start_ends_the_start_with_its_last_words(tmp_path: Path) -> None:
    group = Group([spec(tmp_path, "a", "sys.exit('端口冲突')")], lambda line: None)
    with pytest.raises(Problem, match="端口冲突"):
        await group.start()


async def test_a_failed_start_stops_the_children_that_did_start(tmp_path: Path) -> None:
    good = spec(tmp_path, "good", "flag.touch(); time.sleep(60)")
    bad = spec(tmp_path, "bad", "sys.exit(3)", needs=("good",))
    group = Group([good, bad], lambda line: None)
    with pytest.raises(Problem):
        await group.start()
    assert group.children["good"].pid is None


async def test_a_child_waits_for_what_it_needs(tmp_path: Path) -> None:
    first = spec(tmp_path, "first", "time.sleep(.3); flag.touch(); time.sleep(60)")
    second = spec(
        tmp_path,
        "second",
        f"assert pathlib.Path({str(tmp_path / 'first')!r}).exists(); flag.touch(); time.sleep(60)",
        needs=("first",),
    )
    group = Group([first, second], lambda line: None)
    await group.start()
    assert group.children["second"].restarts == 0
    await group.stop()


async def test_stopping_takes_grandchildren_along(tmp_path: Path) -> None:
    code = (
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "flag.write_text(str(child.pid)); time.sleep(60)"
    )
    group = Group([spec(tmp_path, "a", code, stop_seconds=0.3)], lambda line: None)
    await group.start()
    await until(lambda: (tmp_path / "a").read_text() != "")
    grandchild = int((tmp_path / "a").read_text())
    await group.stop()
    gone = lambda: not psutil.pid_exists(grandchild) or psutil.Process(grandchild).status() == psutil.STATUS_ZOMBIE  # noqa: E731
    await until(gone)


def test_last_words_are_the_last_line_that_says_something(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_bytes("一\n二\n\n".encode())
    assert last_words(log) == "(二)"
    assert last_words(tmp_path / "none.log") == ""
