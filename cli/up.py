"""`jiehua up`: start the whole stack, wait until it answers a real question, keep it running."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
from rich.console import Console

from cli import stack as stacks
from cli.agents import people
from cli.ask import ask_once
from cli.kb import load_entries
from cli.places import RASA_PYTHON, ROOT
from cli.problem import Problem
from cli.processes import Group, die_with_parent
from cli.stack import Stack
from knowledge_base import files

LOG_BYTES_KEPT = 5 * 1024 * 1024


def up(stack: Stack, console: Console) -> None:
    """Run the stack until Ctrl-C or SIGTERM. Raises Problem with one clear line when it cannot."""
    with _only_one(Path(stack.data)):
        question = check_faq(Path(stack.faq), console)
        train_rasa(console, if_changed=True, faq=stack.faq)
        _trim_logs(Path(stack.data) / "logs")
        stack.save()
        try:
            asyncio.run(_serve(stack, console, question))
        finally:
            (Path(stack.data) / "stack.json").unlink(missing_ok=True)


def check_faq(path: Path, console: Console) -> str:
    """Load the FAQ as the action server will; returns a question it must be able to answer."""
    if not path.exists():
        raise Problem(f"找不到知识库 {path}", "检查 JIEHUA_FAQ 或 --faq")
    loaded = files.load(path)
    errors = [problem for problem in loaded.problems if problem.severity == "error"]
    for problem in errors[:10]:
        console.print(f"[yellow]![/] {problem}", highlight=False, soft_wrap=True)
    if len(errors) > 10:
        console.print(f"[yellow]![/] 还有 {len(errors) - 10} 处错误:运行 jiehua kb check")
    served = load_entries(path)
    if errors:
        console.print(f"  有错的条目先不上线,其余 {len(served)} 条照常服务")
    return str(served[0].question)


def train_rasa(console: Console, *, if_changed: bool, faq: str | None = None) -> None:
    """Train the Rasa model in its own environment, with its progress on the terminal."""
    if not RASA_PYTHON.exists():
        raise Problem("Rasa 的环境 .venv-rasa 还没有装", "运行 make setup")
    command = [str(RASA_PYTHON), "-m", "bot.train", *(["--if-changed"] if if_changed else [])]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0", **({"JIEHUA_FAQ": faq} if faq else {})}
    with tempfile.TemporaryFile("w+", encoding="utf8", errors="replace") as noise:  # TensorFlow's and tqdm's
        # To where the console writes: standard output may be somebody's JSON.
        done = subprocess.run(
            command, cwd=ROOT, env=env, stdout=console.file, stderr=noise, check=False, preexec_fn=die_with_parent
        )
        if done.returncode:
            noise.seek(0)
            console.print("".join(noise.readlines()[-20:]), highlight=False, markup=False)
            raise Problem("Rasa 模型没有训练成功", "见上面的输出;多半是 data/ 或 domain.yml 里的错", status=1)


async def _serve(stack: Stack, console: Console, question: str) -> None:
    started = time.monotonic()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    os.chdir(ROOT)
    group = Group(stacks.specs(stack), lambda line: console.print(f"[yellow]![/] {line}", highlight=False))
    asked_to_stop = asyncio.create_task(stopping.wait())
    starting = asyncio.create_task(_start(group, stack, console, question))
    try:
        await asyncio.wait({starting, asked_to_stop}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            _welcome(stack, console, time.monotonic() - started)
            watching = asyncio.create_task(group.watch())
            await asyncio.wait({watching, asked_to_stop}, return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                watching.result()
    finally:
        console.print("正在停止…")
        starting.cancel()
        with contextlib.suppress(asyncio.CancelledError, Problem):
            await starting
        await group.stop()
        asked_to_stop.cancel()
        console.print("已停止;会话和排队都已保存。")


async def _start(group: Group, stack: Stack, console: Console, question: str) -> None:
    with console.status("正在启动 Redis、Rasa、动作服务、归档、工作进程和网关…"):
        await group.start()
        await _until_answered(stack, question)


async def _until_answered(stack: Stack, question: str, seconds: float = 60.0) -> None:
    """The stack is up when a real question gets a real answer, not when its ports open."""
    deadline = time.monotonic() + seconds
    error = ""
    while time.monotonic() < deadline:
        try:
            replies = await ask_once(stack.url, question, sender="startup-probe")
            if replies:
                return
            error = "空的回答"
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError, Problem) as caught:
            error = str(caught)
        await asyncio.sleep(0.3)
    raise Problem(f"启动后 {seconds:g} 秒内没有答上一个问题:{error}", f"日志在 {stack.data}/logs", status=1)


def _welcome(stack: Stack, console: Console, seconds: float) -> None:
    password = people(Path(stack.data)).ensure_admin()
    console.print(f"\n[bold]接话已启动[/],用时 {seconds:.0f} 秒。Ctrl-C 停止,什么都不会丢。", highlight=False)
    console.print(f"  客户页面   {stack.url}/", highlight=False)
    console.print(f"  客服工作台 {stack.url}/agent", highlight=False)
    console.print(f"  知识工作台 {stack.url}/knowledge", highlight=False)
    if password:
        console.print(f"  管理员     admin  密码 [bold]{password}[/](只显示这一次,请记下)", highlight=False)
    console.print(f"  日志       {stack.data}/logs\n", highlight=False)


@contextlib.contextmanager
def _only_one(data: Path) -> Iterator[None]:
    """Two stacks on one data folder would both write its Redis files."""
    with (data / "jiehua.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Problem(f"{data} 上已经有一个接话在运行", "用 --data 换一个目录,或先停掉它") from error
        yield


def _trim_logs(folder: Path) -> None:
    """Keep one older file of each log, so that a stack that runs for months does not fill the disk."""
    for log in folder.glob("*.log") if folder.exists() else ():
        if log.stat().st_size > LOG_BYTES_KEPT:
            log.replace(log.with_suffix(".log.1"))
