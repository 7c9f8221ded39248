"""Replacing several of the editors' files together: all of them or none, whatever dies in between.

New contents are written beside the old files first. With more than one file a journal then says what is to be put
where; from that moment on the change is decided, and whoever comes next (`finish`) completes what a killed process
left undone. A file that somebody else changed in between is left as they made it.

    .import-XXXX     new content, beside its target (hidden, so no reader takes it for an entry file)
    .import-journal  {"files": {name: {"staged", "before", "after"}}}, there from the decision to the end

Writers follow one another through a lock on the folder itself, which leaves no file behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from knowledge_base.problems import Problem

log = logging.getLogger(__name__)

JOURNAL = ".import-journal"
_STAGED = ".import-"


class OvertakenError(Exception):
    """Somebody changed these files in the meantime: {problems}. Nothing was written."""

    def __init__(self, names: list[str]) -> None:
        what, how = "写入期间有人改了这个文件，没有写入", "再试一次"
        self.problems = tuple(Problem(name, 0, 0, "error", what, how) for name in names)
        super().__init__("\n".join(map(str, self.problems)))


def replace_files(folder: Path, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[Path]:
    """Put `after` in the place of `before` (names below `folder`; b"" is no file); returns the paths written.

    Raises OvertakenError where a file is not as `before` says, and OSError where the disk fails; nothing has changed
    then. The folder must be `locked`.
    """
    staged: dict[str, Path] = {}
    try:
        for name, content in after.items():
            staged[name] = _beside(folder / name, content)
        overtaken = [name for name, content in before.items() if bytes_of(folder / name) != content]
        if overtaken:
            raise OvertakenError(overtaken)
        if len(after) > 1:
            _decide(folder, before, after, staged)
    except BaseException:
        _clear(folder, staged)
        raise
    replaced: list[str] = []
    try:
        for name, content in after.items():
            replaced.append(name)
            _put(staged[name], folder / name, content)
    except OSError:  # should even this fail, or the process be told to stop, the journal stands: all or none
        for name in replaced:
            target, content = folder / name, before[name]
            if bytes_of(target) != content:
                _put(_beside(target, content), target, content)
        _clear(folder, staged)
        raise
    _clear(folder, staged)
    return [folder / name for name in after]


def _clear(folder: Path, staged: Mapping[str, Path]) -> None:
    (folder / JOURNAL).unlink(missing_ok=True)
    for temporary in staged.values():
        temporary.unlink(missing_ok=True)


def finish(path: Path) -> list[Path]:
    """Complete what a killed writer had decided on the base at `path`; returns the files put in place.

    Costs one look where there is nothing to do. While another writer is at work it does nothing: that one finishes.
    """
    folder = path if path.is_dir() else path.parent
    try:
        if not any(name.startswith(_STAGED) for name in os.listdir(folder)):
            return []
        with locked(path, wait=False):
            return _finish(folder)
    except BlockingIOError:
        return []
    except OSError as error:  # a read-only disk: what is there is served
        log.warning("an interrupted import cannot be finished: %s", error)
        return []


@contextlib.contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Be the only writer of the base at `path`, over all processes; raises BlockingIOError where `wait` is False.

    What a killed writer left undone is finished first.
    """
    folder = path if path.is_dir() else path.parent
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        _finish(folder)
        yield
    finally:
        os.close(handle)  # lets go of the lock


def bytes_of(path: Path) -> bytes:
    """The content of a file, b"" where there is none."""
    return path.read_bytes() if path.exists() else b""


def _decide(folder: Path, before: Mapping[str, bytes], after: Mapping[str, bytes], staged: Mapping[str, Path]) -> None:
    plan = {
        name: {"staged": staged[name].relative_to(folder).as_posix(), "before": _sha(before[name]), "after": _sha(one)}
        for name, one in after.items()
    }
    written = _beside(folder / JOURNAL, json.dumps({"files": plan}, ensure_ascii=False).encode())
    os.replace(written, folder / JOURNAL)
    _sync(folder)


def _finish(folder: Path) -> list[Path]:
    """As `finish`, under the lock."""
    journal = folder / JOURNAL
    done = []
    if journal.exists():
        for name, step in json.loads(journal.read_text("utf-8"))["files"].items():
            target, staged = folder / name, folder / step["staged"]
            now = _sha(bytes_of(target))
            if now == step["after"]:
                continue
            if now != step["before"] or not staged.exists():
                log.warning("%s was changed by hand while an import was interrupted; it stays as it is", name)
                continue
            _put(staged, target, staged.read_bytes())
            done.append(target)
        journal.unlink()
    for stray in folder.rglob(f"{_STAGED}*"):
        stray.unlink(missing_ok=True)
    if done:
        log.warning("an interrupted import is finished: %s", "、".join(target.name for target in done))
    return done


def _put(staged: Path, target: Path, content: bytes) -> None:
    if content:
        os.replace(staged, target)
    else:
        target.unlink(missing_ok=True)  # its last entry is gone
        staged.unlink(missing_ok=True)


def _beside(target: Path, content: bytes) -> Path:
    """`content` in a temporary file next to `target`, with its rights, safe on the disk."""
    handle, temporary = tempfile.mkstemp(prefix=_STAGED, dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(temporary, target.stat().st_mode & 0o777 if target.exists() else 0o644)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
    return Path(temporary)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest() if content else ""
