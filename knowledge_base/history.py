"""Who changed which entry to what, and when: from git where the base's folder is a repository, else from snapshots.

Both tell the same: `Version`s of entries, the latest first. What was changed outside, in the files themselves, is told
as by hand. Nothing here can change what customers are told: rolling back is an edit like any other.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from knowledge_base.editing import form_of
from knowledge_base.entry import FaqEntry
from knowledge_base.workbook import Workbook

_TABLE = """
CREATE TABLE IF NOT EXISTS version (
    number INTEGER PRIMARY KEY, entry_id TEXT NOT NULL, at_ms INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL,
    reason TEXT NOT NULL, digest TEXT NOT NULL, form TEXT);
CREATE INDEX IF NOT EXISTS version_of_entry ON version (entry_id, number);
"""
FIRST_SEEN, BY_HAND, PUBLISHED = "first_seen", "by_hand", "published"


@dataclass(frozen=True)
class Version:
    """An entry as it was from `at_ms` on: `form` is None where it was taken away.

    `what` is FIRST_SEEN, BY_HAND (the files were changed outside) or PUBLISHED by `who` (a login name); `reason` is
    why a broken golden question was let pass. `number` names the version.
    """

    number: str
    entry_id: str
    at_ms: int
    who: str
    what: str
    form: dict[str, Any] | None
    reason: str = ""


class History(Protocol):
    """The versions of a base's entries."""

    def notice(self, entries: Sequence[FaqEntry], *, writing: bool = False) -> None:
        """The files say this now; `writing`: they are about to be written. What nobody recorded is by hand."""

    def record(self, entries: Sequence[FaqEntry], files: Sequence[Path], *, who: str, reason: str = "") -> None:
        """`who` published these entries into these files."""

    def versions(self, entry_id: str = "", *, limit: int = 100) -> list[Version]:
        """The versions of an entry, or the changes of all, the latest first."""

    def before(self, version: Version) -> Version | None:
        """The version of the same entry that came before."""

    def version(self, number: str) -> Version | None:
        """The version of that number."""


class Snapshots:
    """The history in the workbook's file."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        with workbook.open() as db:
            for statement in filter(str.strip, _TABLE.split(";")):
                db.execute(statement)

    def notice(self, entries: Sequence[FaqEntry], *, writing: bool = False) -> None:
        """The first time everything is first seen; later, what differs from the last version is by hand."""
        now = {entry.id: entry for entry in entries}
        with self._workbook.open() as db:
            known = _digests(db)
            changed: list[tuple[str, FaqEntry | None]] = [
                (one.id, one) for one in entries if known.get(one.id, "") != one.digest
            ]
            changed += [(entry_id, None) for entry_id, digest in known.items() if digest and entry_id not in now]
            self._add(db, changed, "", BY_HAND if known else FIRST_SEEN, "")

    def record(self, entries: Sequence[FaqEntry], files: Sequence[Path], *, who: str, reason: str = "") -> None:
        """Another process may have noticed the new files already; then it is told who it was."""
        with self._workbook.open() as db:
            known = _digests(db)
            noticed = [entry for entry in entries if known.get(entry.id) == entry.digest]
            db.executemany(
                "UPDATE version SET who = ?, what = ?, reason = ? WHERE number = "
                "(SELECT MAX(number) FROM version WHERE entry_id = ?) AND what = ?",
                [(who, PUBLISHED, reason, entry.id, BY_HAND) for entry in noticed],
            )
            self._add(db, [(entry.id, entry) for entry in entries if entry not in noticed], who, PUBLISHED, reason)

    def versions(self, entry_id: str = "", *, limit: int = 100) -> list[Version]:
        which, value = ("entry_id = ?", entry_id) if entry_id else ("what != ?", FIRST_SEEN)
        with self._workbook.open() as db:
            rows = db.execute(f"SELECT * FROM version WHERE {which} ORDER BY number DESC LIMIT ?", (value, limit))  # noqa: S608
            return [_version(row) for row in rows]

    def before(self, version: Version) -> Version | None:
        with self._workbook.open() as db:
            return _first(
                db.execute(
                    "SELECT * FROM version WHERE entry_id = ? AND number < ? ORDER BY number DESC LIMIT 1",
                    (version.entry_id, int(version.number)),
                )
            )

    def version(self, number: str) -> Version | None:
        with self._workbook.open() as db:
            return _first(db.execute("SELECT * FROM version WHERE number = ?", (number,)))

    def _add(
        self,
        db: sqlite3.Connection,
        rows: Iterable[tuple[str, FaqEntry | None]],
        who: str,
        what: str,
        reason: str,
    ) -> None:
        now_ms = self._workbook.clock()
        written = [
            (entry_id, now_ms, who, what, reason, entry.digest if entry else "", _form_text(entry))
            for entry_id, entry in rows
        ]
        db.executemany(
            "INSERT INTO version (entry_id, at_ms, who, what, reason, digest, form) VALUES (?, ?, ?, ?, ?, ?, ?)",
            written,
        )


def history_of(path: Path, workbook: Workbook) -> History:
    """Git where the folder of the base at `path` is the root of a repository that answers, else snapshots."""
    from knowledge_base.history_git import GitHistory

    folder = path if path.is_dir() else path.parent
    return GitHistory(folder) if GitHistory.is_repository(folder) else Snapshots(workbook)


def difference_of(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The fields in which two forms differ: {"field", "old", "new"}, in the order of the form."""
    before, after = dict(old or {}), dict(new or {})
    names = [*before, *(name for name in after if name not in before)]
    return [
        {"field": name, "old": before.get(name), "new": after.get(name)}
        for name in names
        if (before.get(name) or None) != (after.get(name) or None)
    ]


def _digests(db: sqlite3.Connection) -> dict[str, str]:
    """The digest of each entry's last version; "" for one that was taken away."""
    last = "SELECT MAX(number) FROM version GROUP BY entry_id"
    return dict(db.execute(f"SELECT entry_id, digest FROM version WHERE number IN ({last})").fetchall())  # noqa: S608


def _form_text(entry: FaqEntry | None) -> str | None:
    return json.dumps(form_of(entry), ensure_ascii=False) if entry is not None else None


def _first(rows: sqlite3.Cursor) -> Version | None:
    row = rows.fetchone()
    return _version(row) if row else None


def _version(row: Sequence[Any]) -> Version:
    number, entry_id, at_ms, who, what, reason, _, form = row
    return Version(str(number), entry_id, at_ms, who, what, json.loads(form) if form else None, reason)
