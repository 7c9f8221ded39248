"""A whole stack started as a user starts it (`jiehua up`), for the tests and benchmarks that need the real thing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
MODULES = {
    "gateway": "gateway.wiring",
    "worker": "gateway.turns",
    "archiver": "gateway.archiver",
    "rasa": "bot.serve",
    "actions": "actions.wiring",
    "redis": "redis-server",
}


class StackError(RuntimeError):
    """The stack did not start; the message holds what it printed."""


@dataclass
class RunningStack:
    """One `jiehua up`; use as a context manager."""

    process: subprocess.Popen[bytes]
    data: Path
    url: str
    admin_password: str
    seconds_to_answer: float

    @classmethod
    def start(cls, *, data: Path | None = None, seconds: float = 240.0, **environment: str) -> RunningStack:
        """Start on any free port and wait for the welcome. Raises StackError with the output otherwise."""
        import os

        # Short: the Redis socket's path has to fit into a hundred characters.
        data = data or Path(tempfile.mkdtemp(prefix="jh-"))
        output = data / "up.out"
        started = time.monotonic()
        with output.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "cli.main", "up", "--port", "0", "--data", str(data)],
                cwd=ROOT,
                env={**os.environ, "COLUMNS": "200", **environment},
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        while time.monotonic() - started < seconds:
            text = output.read_text("utf8", "replace")
            if "Ctrl-C" in text and "日志" in text.split("Ctrl-C")[1]:
                url = re.search(r"(http://[\d.]+:\d+)/", text)
                password = re.search(r"密码 (\S+?)[((]", text)
                assert url, text
                took = time.monotonic() - started
                return cls(process, data, url[1], password[1] if password else "", took)
            if process.poll() is not None:
                raise StackError(text)
            time.sleep(0.05)
        process.terminate()
        raise StackError(f"not ready after {seconds} s: {output.read_text('utf8', 'replace')}")

    def __enter__(self) -> RunningStack:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> int:
        """As Ctrl-C does; returns the exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(60)

    def child(self, name: str) -> psutil.Process:
        """The running process of that name (see MODULES)."""
        for process in psutil.Process(self.process.pid).children(recursive=True):
            if process.is_running() and MODULES[name] in " ".join(process.cmdline()):
                return process
        raise LookupError(f"no {name} among the children")

    def agent(self, name: str, *, display: str = "", role: str = "agent", cap: int = 5) -> str:
        """Add a person as the administrator would; returns the generated password."""
        command = [sys.executable, "-m", "cli.main", "agents", "add", name, "--display", display or name]
        command += ["--role", role, "--cap", str(cap), "--data", str(self.data), "--json"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return str(json.loads(done.stdout)["password"])

    def ask(self, text: str, *, sender: str, timeout: float = 20.0) -> list[dict[str, Any]]:
        """One turn over the REST webhook."""
        body = json.dumps({"sender": sender, "message": text}).encode()
        request = urllib.request.Request(
            f"{self.url}/webhooks/rest/webhook", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=timeout) as response:
            replies: list[dict[str, Any]] = json.loads(response.read())
            return replies

    def is_ready(self) -> bool:
        """Whether every part answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/ready", timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False
