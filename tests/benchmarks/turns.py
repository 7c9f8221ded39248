"""Turns: through the gateway, against the bare Rasa call and against plain Rasa, in one run."""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil

from contracts.codec import encode
from contracts.turn import TurnRequest
from tests.benchmarks import plain_rasa
from tests.benchmarks.table import Table
from tests.running_stack import MODULES, RunningStack

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = 8
SECONDS = 20.0
WARM_UP_TURNS = 60
SEQUENTIAL_TURNS = 300
LONG_CONVERSATIONS = 4
LONG_TURNS = 200
EDGE = 10  # "turn 1" is the median of the first ten turns, "turn 200" of the last ten

Ask = Callable[[aiohttp.ClientSession, str, int, str], Awaitable[None]]


@dataclass(frozen=True)
class Load:
    """What one closed loop gave."""

    turns_per_second: float
    p50_ms: float
    p99_ms: float


def run() -> list[Table]:
    """Measure everything; takes some ten minutes, most of it the training of the peer."""
    return asyncio.run(_run())


async def _run() -> list[Table]:
    training_s = plain_rasa.train()
    questions = _questions()
    # The limits protect a public page; a benchmark is one very eager customer at one address.
    unlimited = {
        f"JIEHUA_{who}_{what}": "1000000" for who in ("CUSTOMER", "ADDRESS") for what in ("BURST", "PER_MINUTE")
    }
    with RunningStack.start(**unlimited) as stack:
        bare, gateway = _bare(stack), _gateway(stack)
        await _warm_up(gateway, questions)
        one_bare, one_gateway = await _alternate(bare, gateway, questions)
        load_bare = await _load(bare, questions, "bare")
        load_gateway = await _load(gateway, questions, "gw")
        long_gateway = await _long(gateway, questions)
        memory = [(name, _resident_mib(stack.child(name).pid)) for name in MODULES]
        memory.append(("supervisor (jiehua up)", _resident_mib(stack.process.pid, children=False)))
        ours_start = stack.seconds_to_answer
    with plain_rasa.serve() as (url, pid, plain_start):
        plain = _rest(url)
        await _warm_up(plain, questions)
        one_plain = await _sequential(plain, questions, "seq")
        load_plain = await _load(plain, questions, "load")
        long_plain = await _long(plain, questions)
        plain_memory = _resident_mib(pid)
    overhead = statistics.median(one_gateway) - statistics.median(one_bare)
    total = sum(mib for _, mib in memory)
    return [
        Table(
            "One turn at a time",
            f"{SEQUENTIAL_TURNS} FAQ questions, one client; gateway and bare Rasa call alternate.",
            ("path", "p50 ms", "p99 ms"),
            [
                ("through the gateway (webhook → Redis → worker → Rasa → FAQ → back)", *_percentiles(one_gateway)),
                ("bare call of the Rasa channel", *_percentiles(one_bare)),
                ("**overhead of the gateway at p50**", f"**{overhead:.1f}**", ""),
                ("plain Rasa (stock DIET + ResponseSelector, in-memory tracker)", *_percentiles(one_plain)),
            ],
        ),
        Table(
            "Throughput",
            f"{CLIENTS} clients in a closed loop for {SECONDS:.0f} s, one Rasa worker each.",
            ("path", "turns/s", "p50 ms", "p99 ms", "× plain Rasa"),
            [
                _load_row("through the gateway", load_gateway, load_plain),
                _load_row("bare call of the Rasa channel", load_bare, load_plain),
                _load_row("plain Rasa", load_plain, load_plain),
            ],
        ),
        Table(
            "Cost of a long conversation",
            f"{LONG_CONVERSATIONS} conversations of {LONG_TURNS} turns; medians of the first and last {EDGE} turns.",
            ("path", "turn 1 ms", f"turn {LONG_TURNS} ms", "ratio"),
            [("through the gateway", *long_gateway), ("plain Rasa", *long_plain)],
        ),
        Table(
            "Start and memory",
            "Seconds from the command to the first real answer, everything installed and trained; resident MiB "
            f"after the load (proportional set size). Training of plain Rasa took {training_s:.0f} s (0: reused).",
            ("what", "value"),
            [
                ("Jiehua, start to first answer, s", ours_start),
                ("plain Rasa, start to first answer, s", plain_start),
                *[(f"memory of {name}, MiB", mib) for name, mib in memory],
                ("**memory of the whole stack, MiB**", f"**{total:.0f}**"),
                ("memory of plain Rasa, MiB", plain_memory),
            ],
        ),
    ]


def _questions() -> list[str]:
    lines = (ROOT / "knowledge_base" / "golden.jsonl").read_text("utf8").splitlines()
    return [json.loads(line)["text"] for line in lines if line.strip()]


def _rest(url: str) -> Ask:
    async def ask(session: aiohttp.ClientSession, sender: str, number: int, text: str) -> None:
        async with session.post(url, json={"sender": sender, "message": text}) as response:
            if response.status != 200:
                raise RuntimeError(f"{response.status}: {(await response.text())[:200]}")
            await response.json()

    return ask


def _gateway(stack: RunningStack) -> Ask:
    return _rest(f"{stack.url}/webhooks/rest/webhook")


def _bare(stack: RunningStack) -> Ask:
    plan = json.loads((stack.data / "stack.json").read_text())
    url = f"http://127.0.0.1:{plan['bot_port']}/webhooks/jiehua/turn"
    headers = {"X-Jiehua-Secret": plan["bot_secret"]}

    async def ask(session: aiohttp.ClientSession, sender: str, number: int, text: str) -> None:
        turn = TurnRequest(conversation_id=sender, bot_session=1, seq=number, text=text)
        async with session.post(url, json=encode(turn), headers=headers) as response:
            if response.status != 200:
                raise RuntimeError(f"{response.status}: {(await response.text())[:200]}")
            await response.json()

    return ask


async def _timed(ask: Ask, session: aiohttp.ClientSession, sender: str, number: int, text: str) -> float:
    started = time.perf_counter()
    await ask(session, sender, number, text)
    return (time.perf_counter() - started) * 1000


async def _warm_up(ask: Ask, questions: Sequence[str]) -> None:
    async with aiohttp.ClientSession() as session:
        for i, text in zip(range(WARM_UP_TURNS), itertools.cycle(questions)):
            await ask(session, f"warm-{i // 5}", i % 5 + 1, text)


async def _sequential(ask: Ask, questions: Sequence[str], name: str) -> list[float]:
    async with aiohttp.ClientSession() as session:
        pairs = zip(range(SEQUENTIAL_TURNS), itertools.cycle(questions))
        return [await _timed(ask, session, f"{name}-{i // 5}", i % 5 + 1, text) for i, text in pairs]


async def _alternate(bare: Ask, gateway: Ask, questions: Sequence[str]) -> tuple[list[float], list[float]]:
    first: list[float] = []
    second: list[float] = []
    async with aiohttp.ClientSession() as session:
        for i, text in zip(range(SEQUENTIAL_TURNS), itertools.cycle(questions)):
            first.append(await _timed(bare, session, f"bare-{i // 5}", i % 5 + 1, text))
            second.append(await _timed(gateway, session, f"gate-{i // 5}", i % 5 + 1, text))
    return first, second


async def _load(ask: Ask, questions: Sequence[str], name: str) -> Load:
    times: list[float] = []
    deadline = time.perf_counter() + SECONDS
    started = time.perf_counter()
    async with aiohttp.ClientSession() as session:

        async def client(number: int) -> None:
            texts = itertools.cycle(questions[number::CLIENTS])
            for i in itertools.count():
                if time.perf_counter() > deadline:
                    return
                sender = f"{name}-{number}-{i // 5}"
                times.append(await _timed(ask, session, sender, i % 5 + 1, next(texts)))

        await asyncio.gather(*(client(number) for number in range(CLIENTS)))
    p50, p99 = _percentiles(times)
    return Load(len(times) / (time.perf_counter() - started), p50, p99)


async def _long(ask: Ask, questions: Sequence[str]) -> tuple[float, float, float]:
    first: list[float] = []
    last: list[float] = []
    async with aiohttp.ClientSession() as session:
        for conversation in range(LONG_CONVERSATIONS):
            texts = itertools.cycle(questions)
            times = [await _timed(ask, session, f"long-{conversation}", i + 1, next(texts)) for i in range(LONG_TURNS)]
            first += times[:EDGE]
            last += times[-EDGE:]
    early, late = statistics.median(first), statistics.median(last)
    return early, late, late / early


def _percentiles(times: Sequence[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return cuts[49], cuts[98]


def _load_row(name: str, load: Load, plain: Load) -> tuple[object, ...]:
    return name, load.turns_per_second, load.p50_ms, load.p99_ms, load.turns_per_second / plain.turns_per_second


def _resident_mib(pid: int, *, children: bool = True) -> float:
    """Proportional set size: shared pages are counted once over all processes."""
    process = psutil.Process(pid)
    family = [process, *(process.children(recursive=True) if children else ())]
    return sum(float(member.memory_full_info().pss) for member in family) / 2**20
