"""The archiver's pace, and what an open conversation costs Redis once the archive has its changes."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import redis

from contracts.codec import decode
from contracts.turn import TurnResult
from handoff.archive import Archive, Archiver, archive_url
from handoff.archive.archiver import BATCH
from handoff.desk import Desk
from handoff.redis.backend import RedisBackend
from tests.benchmarks.gateway_overhead import ROOT
from tests.benchmarks.handoff.measured import all_of, own_redis
from tests.benchmarks.table import Table

CONVERSATIONS = 500
ASKED = (1, 10, 50)
SAMPLE = ROOT / "contracts" / "samples" / "TurnResult.json"
QUESTION = "你好，我上周三买的那件外套到现在还没有收到，能帮我查一下物流吗"


def run() -> list[Table]:
    """Two minutes."""
    with own_redis() as url, tempfile.TemporaryDirectory(prefix="jh-bench-") as folder:
        return asyncio.run(_measure(url, Path(folder)))


async def _measure(url: str, folder: Path) -> list[Table]:
    backend, client = RedisBackend(url), redis.Redis.from_url(url)
    desk, archive = Desk(backend), Archive(archive_url(folder))
    archive.prepare()
    archiver = Archiver(backend.outbox, archive)
    sample = decode(TurnResult, json.loads(SAMPLE.read_text("utf8")))
    result = replace(sample, messages=sample.messages[:1], escalation=None)
    paces: list[tuple[int, float]] = []
    costs: list[tuple[str, float]] = []
    empty = int(client.info("memory")["used_memory"])

    async def note(state: str) -> None:
        paces.append(await _moved(backend, archiver))
        costs.append((state, (int(client.info("memory")["used_memory"]) - empty) / CONVERSATIONS))

    await all_of(lambda n=n: desk.open(f"c{n}") for n in range(CONVERSATIONS))
    await note("opened, nothing said")
    done = 0
    for asked in ASKED:
        for number in range(done, asked):
            await all_of(
                lambda n=n, k=number: desk.say(f"c{n}", key=f"k{k}", text=QUESTION) for n in range(CONVERSATIONS)
            )
            await all_of(lambda: _answer(desk, result) for _ in range(CONVERSATIONS))
        done = asked
        await note(f"{asked} asked and answered by the bot")
    await all_of(lambda n=n: desk.request_human(f"c{n}", key="r") for n in range(CONVERSATIONS))
    await note("the same, and waiting for a person")
    archived = sum(1 for n in range(CONVERSATIONS) for _ in archive.conversation(f"c{n}"))
    if archived != CONVERSATIONS * (3 * done + 2):
        raise RuntimeError(f"{archived} entries are in the archive")
    floor = _floor(folder, archive, [f"c{n}" for n in range(CONVERSATIONS)])
    archive.close()
    await backend.close()
    client.close()
    return [_pace(paces, floor), _memory(costs)]


async def _answer(desk: Desk, result: TurnResult) -> None:
    turn = await desk.claim_turn("w", wait_ms=5_000)
    if turn is None or not (await desk.finish_turn(turn, result)).accepted:
        raise RuntimeError("no turn, or not finished")


async def _moved(backend: RedisBackend, archiver: Archiver) -> tuple[int, float]:
    """How many changes waited, and the seconds until all of them were archived and settled."""
    changes = await backend.outbox.backlog()
    left, started = changes, time.perf_counter()
    while left > 0:
        left -= await archiver.step()
    return changes, time.perf_counter() - started


def _floor(folder: Path, archive: Archive, ids: Sequence[str]) -> float:
    """Rows a second that SQLite takes of the same texts, as many a transaction, into a bare table."""
    rows = [(one, entry.seq, entry.text, json.dumps(entry.data)) for one in ids for entry in archive.conversation(one)]
    bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
    bare.execute("PRAGMA journal_mode = WAL")
    bare.execute("PRAGMA synchronous = FULL")
    columns = "conversation TEXT, seq INTEGER, text TEXT, data TEXT, PRIMARY KEY (conversation, seq)"
    bare.execute(f"CREATE TABLE bare ({columns})")
    started = time.perf_counter()
    for first in range(0, len(rows), BATCH):
        bare.execute("BEGIN")
        bare.executemany("INSERT INTO bare VALUES (?, ?, ?, ?)", rows[first : first + BATCH])
        bare.execute("COMMIT")
    took = time.perf_counter() - started
    bare.close()
    return len(rows) / took


def _pace(paces: Sequence[tuple[int, float]], floor: float) -> Table:
    changes = sum(count for count, _ in paces)
    rate = changes / sum(seconds for _, seconds in paces)
    slowest = min(count / seconds for count, seconds in paces)
    about = (
        f"One archiver process works off what has gathered, {BATCH} changes a transaction: read from the outbox, "
        "written with their search index into SQLite, flushed to the disk, settled in Redis. Floor: the texts of the "
        f"same entries into a bare SQLite table, as many a transaction, which takes {floor:,.0f} a second."
    )
    rows = [(f"{changes:,}", f"{rate:,.0f}", f"{slowest:,.0f}", f"{rate / floor:.0%}")]
    columns = ("changes", "changes/s", "slowest batch of work, changes/s", "share of the floor")
    return Table("Archive", about, columns, rows)


def _memory(costs: Sequence[tuple[str, float]]) -> Table:
    about = (
        f"{CONVERSATIONS} conversations, Redis's used_memory, after the archive has taken what changed. Each answer "
        "carries what the bot understood and what the knowledge base found."
    )
    return Table(
        "Memory of an open conversation in Redis",
        about,
        ("conversation", "KiB each"),
        [(state, f"{cost / 1024:.1f}") for state, cost in costs],
    )
