"""Edits: from a file in its place to every replica serving it, while customers ask, by size and shape of the base."""

from __future__ import annotations

import asyncio
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from knowledge_base.document import Document
from knowledge_base.encoder import load_encoder
from knowledge_base.entry import FaqEntry
from knowledge_base.exchange import export
from knowledge_base.live import LiveBase
from tests.benchmarks import generated
from tests.benchmarks.scale import quantile
from tests.benchmarks.table import Table

ROOT = Path(__file__).resolve().parents[2]
#: Entries, and into how many YAML files they are divided (0: one JSON Lines file).
SHAPES = ((10_000, 20), (10_000, 1), (100_000, 200), (100_000, 0))
REPLICAS = 2
EDITS = 10
ASK_EVERY_S = 0.05  # each replica answers twenty questions a second meanwhile
LONGEST_WAIT_S = 60.0


def run() -> list[Table]:
    """A quarter of an hour, most of it preparing a hundred thousand entries for the first time."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="jh-live-") as cache:
        for size, files in SHAPES:
            print(f"   {size:,} entries, {files or 'JSON Lines'}", file=sys.stderr, flush=True)
            rows.append(_shape(size, files, Path(os.environ.get("JIEHUA_BENCH_CACHE") or cache) / f"live-{size}"))
    about = (
        f"{EDITS} edits, each of one answer and one wording, a file put in its place as editors do; {REPLICAS} replica "
        f"processes follow the files, each answering {1 / ASK_EVERY_S:.0f} questions a second meanwhile. Seconds from "
        "the file's rename until a replica serves the new version, over all replicas and edits; processor: the most "
        "that a replica used for one edit. Encoded: texts, by all replicas in all edits. Failed: questions "
        "that raised, or were answered by another version than the one taken. Versions: ids the replicas ended with."
    )
    columns = (
        "entries",
        "files",
        "p50 s",
        "worst s",
        "processor s",
        "encoded",
        "asked",
        "failed",
        "ask p50 ms",
        "ask p99 ms",
        "versions",
    )
    return [Table("An edit until it serves", about, columns, rows)]


def _shape(size: int, files: int, cache: Path) -> tuple[object, ...]:
    entries, asked = generated.entries(size)
    with tempfile.TemporaryDirectory(prefix="jh-faq-") as folder:
        base = Path(folder) / ("faq.jsonl" if not files else "faq")
        parts = _write(base, entries, files)
        questions = Path(folder) / "asked.json"
        questions.write_text(json.dumps(asked[:2000], ensure_ascii=False), "utf8")
        replicas: list[_Replica] = []
        for _ in range(REPLICAS):  # the first prepares, the others take over what it kept
            replicas.append(_Replica(base, cache, questions))
            replicas[-1].until("version")
        took = []
        for number in range(EDITS):
            began = _edit(parts, number)
            took += [replica.until("served")["at"] - began for replica in replicas]
            time.sleep(1)
        ends = [replica.stop() for replica in replicas]
    return (
        f"{size:,}",
        files or "1 JSON Lines",
        quantile(took, 0.5),
        max(took),
        max(end["cpu"] for end in ends),
        sum(end["encoded"] for end in ends),
        sum(end["asked"] for end in ends),
        sum(end["failed"] for end in ends),
        max(end["p50"] for end in ends),
        max(end["p99"] for end in ends),
        len({end["version"] for end in ends}),
    )


def _write(base: Path, entries: list[FaqEntry], files: int) -> list[tuple[Path, list[FaqEntry]]]:
    """The files and what each holds."""
    if not files:
        base.write_bytes(export(entries, "jsonl"))
        return [(base, entries)]
    base.mkdir()
    step = len(entries) // files
    parts = [(base / f"{at:03}.yml", entries[at * step : (at + 1) * step]) for at in range(files)]
    for path, held in parts:
        path.write_bytes(_text(held))
    return parts


def _text(entries: list[FaqEntry]) -> bytes:
    document = Document()
    for entry in entries:
        document.append(entry)
    return document.text().encode()


def _edit(parts: list[tuple[Path, list[FaqEntry]]], number: int) -> float:
    """Change an entry in a file; returns when the file was in its place (seconds of the clock)."""
    path, held = parts[number % len(parts)]
    at = (number * 37) % len(held)
    old = held[at]
    held[at] = FaqEntry(old.id, f"{old.question}（{number}）", f"{old.answer}第{number}次修改。", old.variants)
    raw = export(held, "jsonl") if path.suffix == ".jsonl" else _text(held)
    beside = path.with_suffix(".new")
    beside.write_bytes(raw)
    os.replace(beside, path)
    return time.time()


class _Replica:
    """A process that serves a base; what it says comes as JSON lines."""

    def __init__(self, base: Path, cache: Path, questions: Path) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.live", str(base), str(cache), str(questions)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
        )
        self._said: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def until(self, kind: str) -> dict[str, Any]:
        """The next thing said that has `kind`."""
        while True:
            said = self._said.get(timeout=3600 if kind == "version" else LONGEST_WAIT_S)
            if kind in said:
                return said

    def stop(self) -> dict[str, Any]:
        """End it; what it counted."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        counted = self.until("asked")
        self._process.wait(60)
        return counted

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.put(json.loads(line))


class _Timed(LiveBase):
    """Counts the processor time of every reload."""

    def __init__(self, *given: Any, **named: Any) -> None:
        self.cpu_s: list[float] = []
        super().__init__(*given, **named)

    def reload(self) -> bool:
        began = time.thread_time()
        try:
            return super().reload()
        finally:
            self.cpu_s.append(time.thread_time() - began)


async def _serve(base: Path, cache: Path, texts: list[str]) -> None:
    encoder = load_encoder(ROOT / "models" / "encoder")
    live = _Timed(base, encoder, cache_folder=cache)
    encoded = live.encoded
    stop, ended = asyncio.Event(), threading.Event()
    took: list[float] = []
    failed = 0

    def ask() -> None:
        nonlocal failed
        for number in range(10**9):
            if ended.wait(ASK_EVERY_S):
                return
            began = time.perf_counter()
            try:
                finder = live.finder
                failed += finder.find(texts[number % len(texts)]).version != finder.version
            except Exception:
                failed += 1
            took.append(1000 * (time.perf_counter() - began))

    asking = threading.Thread(target=ask)
    asking.start()
    loop = asyncio.get_running_loop()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    watching = live.watch(stop)
    following = asyncio.ensure_future(anext(watching, None))
    await asyncio.sleep(1.5)  # the watcher of the operating system takes a moment to begin
    print(json.dumps({"version": live.version}), flush=True)
    while (changed := await following) is not None:
        if changed:
            print(json.dumps({"served": live.version, "at": time.time()}), flush=True)
        following = asyncio.ensure_future(anext(watching, None))
    ended.set()
    asking.join()
    live.settle()
    counted = {
        "asked": len(took),
        "failed": failed,
        "p50": quantile(took, 0.5),
        "p99": quantile(took, 0.99),
        "version": live.version,
        "encoded": live.encoded - encoded,
        "cpu": max(live.cpu_s),
    }
    print(json.dumps(counted), flush=True)


if __name__ == "__main__":
    faq, kept, questions = map(Path, sys.argv[1:])
    asyncio.run(_serve(faq, kept, json.loads(questions.read_text("utf8"))))
