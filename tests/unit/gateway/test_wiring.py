"""No process loads the libraries of another."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

BUILD = """
import asyncio, json, sys
from pathlib import Path
from gateway import wiring
from gateway.secret_file import load_secrets
from gateway.settings import Settings

settings = Settings(data=Path(sys.argv[2]), redis_url="unix:///nowhere")

async def build():
    if sys.argv[1] == "worker":
        from gateway.turns import TurnWorker
        TurnWorker(wiring.build_desk(settings), wiring.build_bot(settings, load_secrets(settings.data)), settings,
                   store=wiring.build_store(settings))
    else:
        from gateway.archive import open_archive
        open_archive(settings)

asyncio.run(build())
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize(
    ("process", "others"),
    [
        ("worker", {"fastapi", "uvicorn", "sqlalchemy", "handoff.archive"}),
        ("archiver", {"fastapi", "uvicorn", "aiohttp"}),
    ],
)
def test_a_process_loads_only_what_it_uses(process, others, root, tmp_path):
    command = [sys.executable, "-c", BUILD, process, str(tmp_path)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert not others & set(json.loads(done.stdout))
