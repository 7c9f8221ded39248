"""Runs the tests that need Rasa's own Python, in Rasa's own Python."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import missing

pytestmark = [pytest.mark.rasa, pytest.mark.redis, pytest.mark.slow]


def test_what_runs_inside_rasa_passes_its_own_tests(root: Path, redis_url: str) -> None:
    python = root / ".venv-rasa" / "bin" / "python"
    if not python.exists():
        missing("the Rasa environment")
    done = subprocess.run(
        [str(python), "-W", "ignore", "-m", "unittest", "discover", "-s", "tests/rasa_env", "-t", "."],
        cwd=root,
        env={**os.environ, "JIEHUA_TEST_REDIS_URL": redis_url},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-6000:]
    assert "Ran 0 tests" not in done.stderr
