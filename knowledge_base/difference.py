"""What an import would do to a base, and doing it: shown first, then written as a whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, fields, replace
from pathlib import Path

from knowledge_base import files
from knowledge_base.columns import stable_id
from knowledge_base.document import Document, DocumentError
from knowledge_base.entry import FaqEntry
from knowledge_base.journal import bytes_of, locked, replace_files
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


class ChangedMeanwhileError(Exception):
    """These entries are no longer as they were when the edit began: {ids}. Nothing was written."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.ids = tuple(ids)
        super().__init__(f"条目已被改动：{'、'.join(self.ids)}")


def apply(
    path: Path,
    change: Difference,
    into: str | Mapping[str, str] = "imported.yml",
    *,
    expected: Mapping[str, str] | None = None,
) -> list[Path]:
    """Write `change` into the base's YAML files; returns the files written.

    `path` is the folder or the one file of the base. A changed entry stays in its file with its comments, a new one
    goes to `into` (one file, or a file for each id); only files with a change are written, all together (see
    `journal`). `expected`: the digests that entries must have now, "" for one that must not be there.

    Raises ChangedMeanwhileError where they have others; DocumentError where a file that would be written has an error
    or the outcome is not what was asked for; OvertakenError where somebody writes at this moment. Nothing is written
    then.
    """
    folder = path if path.is_dir() else path.parent
    with locked(path):
        loaded = files.load(path)
        changed = {one.new.id: one.new for one in change.changed}
        gone = {entry.id for entry in change.removed}
        touched = dict.fromkeys(loaded.places[one].file for one in (*changed, *gone) if one in loaded.places)
        homes = {entry.id: into if isinstance(into, str) else into[entry.id] for entry in change.added}
        touched |= dict.fromkeys(homes.values())
        before = {name: bytes_of(folder / name) for name in touched}
        _make_sure_of(expected or {}, loaded, before)
        after: dict[str, bytes] = {}
        for name in touched:
            document = Document.read(name, before[name]) if before[name].strip() else Document()
            for entry_id in gone:
                document.remove(entry_id)
            for block in list(document.entries):
                if block.id in changed:
                    document.replace(changed[block.id])
            for entry in change.added:
                if homes[entry.id] == name:
                    document.append(entry)
            after[name] = document.text().encode("utf-8")
        _make_sure(loaded, change, after)
        return replace_files(folder, before, after)


def _make_sure_of(expected: Mapping[str, str], loaded: files.Loaded, before: Mapping[str, bytes]) -> None:
    """The entries are as the edit took them, in the very bytes that are about to be replaced."""
    now = {entry.id: entry.digest for entry in loaded.entries if loaded.places[entry.id].file not in before}
    for name, raw in before.items():
        now |= {entry.id: entry.digest for entry, _ in files.parse(name, raw).found}
    other = [entry_id for entry_id, digest in expected.items() if now.get(entry_id, "") != digest]
    if other:
        raise ChangedMeanwhileError(other)


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
