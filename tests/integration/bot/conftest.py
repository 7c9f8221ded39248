"""The bot as it runs: real Rasa with the trained model, real action server, real Redis."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import missing, process_wait

_READY_SECONDS = 300


@dataclass
class Bot:
    """Both processes, and a customer's way to talk to them."""

    root: Path
    redis_url: str
    data: Path
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    tenant: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:8]}")
    port: int = 0
    actions_port: int = 0
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start_rasa(self) -> None:
        self.port = self.port or _free_port()
        self.actions_port = self.actions_port or _free_port()
        self._start("rasa", ".venv-rasa/bin/python", "-m", "bot.serve", "--port", str(self.port))

    def start_actions(self) -> None:
        self.actions_port = self.actions_port or _free_port()
        self._start("actions", ".venv/bin/python", "-m", "actions.wiring")

    def _start(self, name: str, python: str, *arguments: str) -> None:
        environment = {
            **os.environ,
            "JIEHUA_BOT_SECRET": self.secret,
            "JIEHUA_REDIS_URL": self.redis_url,
            "JIEHUA_TENANT": self.tenant,
            "JIEHUA_DATA": str(self.data),
            "JIEHUA_ACTIONS_PORT": str(self.actions_port),
            "JIEHUA_ACTIONS_URL": f"http://127.0.0.1:{self.actions_port}",
        }
        log = (self.data / f"{name}.log").open("ab")
        self.processes[name] = subprocess.Popen(
            [str(self.root / python), *arguments], cwd=self.root, env=environment, stdout=log, stderr=log
        )

    def wait(self, name: str, path: str, port: int) -> None:
        """Until the process answers its health route; fails with its log when it ends or takes too long."""
        give_up = time.monotonic() + _READY_SECONDS
        while time.monotonic() < give_up:
            if self.processes[name].poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5):
                    return
            except OSError:
                process_wait(0.2)
        pytest.fail(f"{name} is not ready:\n{(self.data / f'{name}.log').read_text()[-3000:]}")

    def ready(self) -> None:
        self.wait("actions", "/health", self.actions_port)
        self.wait("rasa", "/webhooks/jiehua/health", self.port)

    def stop(self, name: str) -> int:
        process = self.processes.pop(name)
        process.terminate()
        try:
            return process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            pytest.fail(f"{name} did not end on SIGTERM")

    def post(self, body: bytes, secret: str | None = None) -> tuple[int, dict[str, Any]]:
        """Status and document of a turn given as bytes."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/webhooks/jiehua/turn", data=body)
        request.add_header("X-Jiehua-Secret", self.secret if secret is None else secret)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def say(self, conversation: str, seq: int, text: str, **more: Any) -> tuple[int, dict[str, Any]]:
        """Status and document of one turn."""
        turn = {"conversation_id": conversation, "bot_session": 1, "seq": seq, "text": text, "deadline_ms": 20_000}
        return self.post(json.dumps({**turn, **more}).encode())


@pytest.fixture(scope="session")
def bot(root: Path, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    """One bot for all tests; what a test stops it must start again."""
    if not (root / ".venv-rasa" / "bin" / "python").exists():
        missing("the Rasa environment")
    if not (root / "models" / "rasa" / "jiehua.tar.gz").is_file():
        missing("the trained Rasa model")
    made = Bot(root, redis_url, tmp_path_factory.mktemp("bot"))
    try:
        made.start_actions()
        made.start_rasa()
        made.ready()
        yield made
    finally:
        for process in made.processes.values():
            process.kill()
            process.wait()


@pytest.fixture
def conversation() -> str:
    """A conversation of this test alone."""
    return uuid.uuid4().hex


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
