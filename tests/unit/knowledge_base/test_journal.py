"""Several files at once: all or none, wherever the writer is killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge_base import files
from knowledge_base.journal import JOURNAL, finish, locked, replace_files

#: Dies by SIGKILL at the n-th step that touches the disk while three files are replaced and one goes away.
KILLED = """
import os, signal, sys
from pathlib import Path
from knowledge_base import journal
folder, fatal = Path(sys.argv[1]), int(sys.argv[2])
steps = 0
def deadly(real):
    def step(*arguments, **named):
        global steps
        steps += 1
        if steps == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **named)
    return step
os.replace, os.fsync, Path.unlink = deadly(os.replace), deadly(os.fsync), deadly(Path.unlink)
names = ["a.yml", "b.yml", "c.yml", "d.yml"]
before = {name: journal.bytes_of(folder / name) for name in names}
after = {"a.yml": b"new a", "b.yml": b"new b", "c.yml": b"", "d.yml": b"new d"}
with journal.locked(folder):
    journal.replace_files(folder, before, after)
"""
OLD = {"a.yml": b"old a", "b.yml": b"old b", "c.yml": b"old c"}
NEW = {"a.yml": b"new a", "b.yml": b"new b", "d.yml": b"new d"}


def fill(folder: Path, content: dict[str, bytes]) -> None:
    for name, raw in content.items():
        (folder / name).write_bytes(raw)


def content_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def killed_at(folder: Path, step: int) -> int:
    process = subprocess.run([sys.executable, "-c", KILLED, str(folder), str(step)], capture_output=True, check=False)
    return process.returncode


def test_whoever_comes_after_a_killed_writer_finds_all_of_it_or_none(tmp_path: Path):
    outcomes = []
    for step in range(1, 40):
        folder = tmp_path / str(step)
        folder.mkdir()
        fill(folder, OLD)
        status = killed_at(folder, step)
        torn = {name: raw for name, raw in content_of(folder).items() if not name.startswith(".")}
        finish(folder)
        after = content_of(folder)
        assert after in (OLD, NEW), f"killed at step {step}"
        outcomes.append((torn, after))
        if status == 0:
            break
    assert status == 0, "never ran to the end"
    assert (OLD, OLD) in outcomes
    assert any(torn not in (OLD, NEW) and after == NEW for torn, after in outcomes), "no kill between two files"


def test_a_file_that_a_person_changed_while_an_import_lay_broken_stays_theirs(tmp_path: Path):
    fill(tmp_path, OLD)
    step = next(step for step in range(1, 40) if killed_at_torn(tmp_path, step))
    assert step
    (tmp_path / "b.yml").write_bytes(b"typed by hand")
    finish(tmp_path)
    assert content_of(tmp_path) == {**NEW, "b.yml": b"typed by hand"}


def killed_at_torn(folder: Path, step: int) -> bool:
    """Whether a kill at this step leaves a.yml new and b.yml old."""
    for path in folder.iterdir():
        path.unlink()
    fill(folder, OLD)
    killed_at(folder, step)
    return (folder / "a.yml").read_bytes() == b"new a" and (folder / "b.yml").read_bytes() == b"old b"


def test_a_reader_does_not_disturb_a_writer_at_work(tmp_path: Path):
    fill(tmp_path, OLD)
    (tmp_path / ".import-half").write_bytes(b"being written")
    with locked(tmp_path):
        (tmp_path / ".import-half").write_bytes(b"being written")
        assert finish(tmp_path) == []
        assert (tmp_path / ".import-half").exists()
        with pytest.raises(BlockingIOError), locked(tmp_path, wait=False):
            pass
    assert finish(tmp_path) == []
    assert content_of(tmp_path) == OLD


def test_loading_reads_no_staged_file_and_one_file_needs_no_journal(tmp_path: Path, monkeypatch):
    (tmp_path / "a.yml").write_text("- {id: a, question: 甲, answer: 一}\n")
    (tmp_path / ".import-x.yml").write_text("- {id: b, question: 乙, answer: 二}\n")
    assert [entry.id for entry in files.load(tmp_path).entries] == ["a"]
    seen: list[object] = []
    real = os.replace
    monkeypatch.setattr(os, "replace", lambda *names: (seen.append(names[1]), real(*names)))
    before = {"a.yml": (tmp_path / "a.yml").read_bytes()}
    with locked(tmp_path):
        replace_files(tmp_path, before, {"a.yml": b"- {id: a, question: c, answer: d}\n"})
    assert seen == [tmp_path / "a.yml"]
    assert not (tmp_path / JOURNAL).exists()


def test_a_process_told_to_stop_between_two_files_leaves_a_journal_that_is_finished(tmp_path: Path, monkeypatch):
    fill(tmp_path, OLD)
    real, done = os.replace, []

    def interrupted(source: object, target: object) -> None:
        done.append(target)
        if len(done) == 3:  # the journal, the first file, and now the second
            raise KeyboardInterrupt
        real(source, target)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt), locked(tmp_path):
        replace_files(tmp_path, OLD, {"a.yml": b"new a", "b.yml": b"new b", "c.yml": b""})
    monkeypatch.setattr(os, "replace", real)
    finish(tmp_path)
    assert content_of(tmp_path) == {"a.yml": b"new a", "b.yml": b"new b"}
