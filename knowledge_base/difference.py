"""What an import would do to a base, and doing it: shown first, then written as a whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence, Set
from dataclasses import dataclass, fields, replace
from pathlib import Path

from knowledge_base import files
from knowledge_base.columns import stable_id
from knowledge_base.document import Document, DocumentError
from knowledge_base.entry import FaqEntry
from knowledge_base.problems import Problem
from language.normalise import normalise


@dataclass(frozen=True)
class Change:
    """An entry that is there already and would become another: names of the fields that differ."""

    old: FaqEntry
    new: FaqEntry
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """What an import would do to a base."""

    added: tuple[FaqEntry, ...]
    changed: tuple[Change, ...]
    removed: tuple[FaqEntry, ...]
    unchanged: int

    @property
    def empty(self) -> bool:
        """Whether applying it would change nothing."""
        return not (self.added or self.changed or self.removed)


def difference(
    current: Sequence[FaqEntry],
    incoming: Sequence[FaqEntry],
    *,
    whole: bool = False,
    spoken_of: Set[str] | None = None,
) -> Difference:
    """Compare by id; an entry that came without one is the held entry of the same question, if there is one.

    `whole`: the import is the whole base, so entries that it lacks are removed. `spoken_of`: the fields that the import
    has columns for (None: all); the others of a held entry stay as they are.
    """
    held = {entry.id: entry for entry in current}
    by_question = {normalise(entry.question): entry.id for entry in current}
    new: dict[str, FaqEntry] = {}
    for entry in incoming:
        known = by_question.get(normalise(entry.question))
        if entry.id not in held and known is not None and entry.id == stable_id(entry.question) and known not in new:
            entry = replace(entry, id=known)
        if entry.id in held and spoken_of is not None:
            entry = replace(held[entry.id], **{name: getattr(entry, name) for name in spoken_of if name != "id"})
        new[entry.id] = entry
    changed = tuple(
        Change(held[key], entry, changed_fields(held[key], entry))
        for key, entry in new.items()
        if key in held and held[key] != entry
    )
    removed = tuple(entry for key, entry in held.items() if key not in new) if whole else ()
    added = tuple(entry for key, entry in new.items() if key not in held)
    return Difference(added, changed, removed, len(new) - len(added) - len(changed))


def changed_fields(old: FaqEntry, new: FaqEntry) -> tuple[str, ...]:
    """Names of the fields in which two entries differ."""
    return tuple(field.name for field in fields(FaqEntry) if getattr(old, field.name) != getattr(new, field.name))


def apply(folder: Path, change: Difference, into: str = "imported.yml") -> list[Path]:
    """Write `change` into the base's YAML files; returns the files written.

    A changed entry stays in its file with its comments, a new one goes to `into`; only files with a change are written,
    all of them beside the old ones first, so that a full disk changes nothing. Raises DocumentError, with nothing
    written, where a file that would be written has an error, where the outcome is not what was asked for, and where
    somebody else wrote in the meantime.
    """
    loaded = files.load(folder)
    changed = {one.new.id: one.new for one in change.changed}
    gone = {entry.id for entry in change.removed}
    touched = dict.fromkeys(loaded.places[one].file for one in (*changed, *gone) if one in loaded.places)
    if change.added:
        touched[into] = None
    before = {name: _bytes(folder / name) for name in touched}
    after: dict[str, bytes] = {}
    for name in touched:
        document = Document.read(name, before[name]) if before[name].strip() else Document()
        for entry_id in gone:
            document.remove(entry_id)
        for block in list(document.entries):
            if block.id in changed:
                document.replace(changed[block.id])
        for entry in change.added if name == into else ():
            document.append(entry)
        after[name] = document.text().encode("utf-8")
    _make_sure(loaded, change, after)
    return _write(folder, before, after)


def _make_sure(loaded: files.Loaded, change: Difference, after: dict[str, bytes]) -> None:
    """The files as they would be give exactly the entries that were asked for."""
    wanted = {entry.id: entry for entry in loaded.entries}
    wanted |= {one.new.id: one.new for one in change.changed} | {entry.id: entry for entry in change.added}
    for entry in change.removed:
        wanted.pop(entry.id, None)
    got = {entry.id: entry for entry in loaded.entries if loaded.places[entry.id].file not in after}
    for name, raw in after.items():
        got |= {entry.id: entry for entry, _ in files.parse(name, raw).found}
    if got != wanted:
        wrong = sorted(key for key in got.keys() | wanted.keys() if got.get(key) != wanted.get(key))
        what, how = f"写成文件后读不回一样的内容：{'、'.join(wrong[:5])}", "没有写入；请把这个文件发给开发者"
        raise DocumentError([Problem(next(iter(after), ""), 0, 0, "error", what, how)])


def _write(folder: Path, before: dict[str, bytes], after: dict[str, bytes]) -> list[Path]:
    staged: dict[Path, Path] = {}
    replaced: list[Path] = []
    try:
        for name, content in after.items():
            staged[folder / name] = _beside(folder / name, content)
        overtaken = [name for name, content in before.items() if _bytes(folder / name) != content]
        if overtaken:
            what, how = "导入期间有人改了这个文件，没有写入", "再导入一次"
            raise DocumentError([Problem(name, 0, 0, "error", what, how) for name in overtaken])
        for target, temporary in staged.items():
            replaced.append(target)
            if after[target.relative_to(folder).as_posix()]:
                os.replace(temporary, target)
            else:
                target.unlink()  # its last entry is gone
    except OSError:
        for target in replaced:
            content = before[target.relative_to(folder).as_posix()]
            if _bytes(target) != content:
                os.replace(_beside(target, content), target) if content else target.unlink()
        raise
    finally:
        for temporary in staged.values():
            temporary.unlink(missing_ok=True)
    return list(staged)


def _beside(target: Path, content: bytes) -> Path:
    """`content` in a temporary file next to `target`, with its rights, safe on the disk."""
    handle, temporary = tempfile.mkstemp(prefix=".import-", dir=target.parent)
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


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
