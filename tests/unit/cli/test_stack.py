"""The plan of a stack refuses what cannot work with one clear line."""

from __future__ import annotations

import json
import os
import socket
import stat
from pathlib import Path

import pytest

from cli import stack as stacks
from cli.problem import Problem


@pytest.fixture(autouse=True)
def _rasa_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.touch()
    monkeypatch.setattr(stacks, "RASA_PYTHON", python)
    monkeypatch.delenv("REDIS_URL", raising=False)


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Problem, match=f"端口 {port} 已被占用"):
            stacks.plan(data=tmp_path, port=port)


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacks, "MIN_FREE_BYTES", 2**62)
    with pytest.raises(Problem, match="磁盘剩余不足"):
        stacks.plan(data=tmp_path, port=0)


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Problem, match="数据目录"):
        stacks.plan(data=tmp_path / "file" / "x", port=0)


def test_no_rasa_environment_says_make_setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacks, "RASA_PYTHON", tmp_path / "nowhere")
    with pytest.raises(Problem, match="make setup"):
        stacks.plan(data=tmp_path, port=0)


def test_the_saved_plan_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    plan = stacks.plan(data=tmp_path, port=0)
    plan.save()
    assert stat.S_IMODE((tmp_path / "stack.json").stat().st_mode) == 0o600
    assert stacks.running(tmp_path) == plan


def test_a_stack_whose_process_is_gone_does_not_run(tmp_path: Path) -> None:
    stacks.plan(data=tmp_path, port=0).save()
    document = json.loads((tmp_path / "stack.json").read_text())
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    (tmp_path / "stack.json").write_text(json.dumps({**document, "pid": child}))
    with pytest.raises(Problem, match="没有正在运行"):
        stacks.running(tmp_path)


def test_each_plan_has_its_own_secret(tmp_path: Path) -> None:
    secrets = {stacks.plan(data=tmp_path, port=0).bot_secret for _ in range(2)}
    assert len(secrets) == 2
    assert all(len(secret) >= 32 for secret in secrets)


def test_a_given_redis_is_used_and_none_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:6379/3")
    plan = stacks.plan(data=tmp_path, port=0)
    assert plan.redis_url == "redis://127.0.0.1:6379/3"
    assert "redis" not in [spec.name for spec in stacks.specs(plan)]


def test_the_archiver_starts_after_redis_and_ends_after_those_who_write(tmp_path: Path) -> None:
    children = stacks.specs(stacks.plan(data=tmp_path, port=0))
    assert [spec.name for spec in children] == ["redis", "actions", "rasa", "archiver", "worker", "gateway"]
    assert next(spec.needs for spec in children if spec.name == "archiver") == ("redis",)


def test_a_long_data_path_still_gives_a_socket_path_that_fits(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    plan = stacks.plan(data=deep, port=0)
    assert len(plan.redis_url.removeprefix("unix://")) <= stacks.MAX_SOCKET_PATH
