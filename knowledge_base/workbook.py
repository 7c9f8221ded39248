"""What editors have in hand: drafts that customers do not see yet, and the gaps that they took up.

One SQLite file in the data folder, shared by every gateway on this disk; `history` keeps its snapshots there too. The
editors' files stay the truth about what customers are told: should this file be lost, nothing of that is.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAME = "knowledge.db"
_TABLES = """
CREATE TABLE IF NOT EXISTS draft (
    key TEXT PRIMARY KEY, entry_id TEXT NOT NULL, made_from TEXT NOT NULL, form TEXT NOT NULL, number INTEGER NOT NULL,
    who TEXT NOT NULL, at_ms INTEGER NOT NULL, gap TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS topic (
    entry_id TEXT PRIMARY KEY, question TEXT NOT NULL, wordings TEXT NOT NULL, who TEXT NOT NULL,
    taken_ms INTEGER NOT NULL, published_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS to_tell (
    conversation_id TEXT NOT NULL, seq INTEGER NOT NULL, question TEXT NOT NULL, entry_id TEXT NOT NULL,
    who TEXT NOT NULL, at_ms INTEGER NOT NULL, told_ms INTEGER NOT NULL, PRIMARY KEY (conversation_id, seq));
"""


@dataclass(frozen=True)
class Draft:
    """An edit that customers do not see yet.

    `entry_id` and `made_from` name the entry and its digest ("" for a new entry); `form` is what was typed, right or
    wrong; `number` rises with each saving; `gap` is the question of the gap that it came from.
    """

    key: str
    form: dict[str, Any]
    entry_id: str = ""
    made_from: str = ""
    number: int = 0
    who: str = ""
    at_ms: int = 0
    gap: str = ""


@dataclass(frozen=True)
class Topic:
    """A gap that somebody took up: the entry that is to close it, and when it was published (0: not yet)."""

    entry_id: str
    question: str
    wordings: tuple[str, ...]
    who: str
    taken_ms: int
    published_ms: int = 0


@dataclass(frozen=True)
class ToTell:
    """An editor wants a customer to be told that an entry answers what they asked; `told_ms` 0: not yet.

    `conversation_id` and `seq` name the question.
    """

    conversation_id: str
    seq: int
    question: str
    entry_id: str
    who: str
    at_ms: int = 0
    told_ms: int = 0


class DraftChangedError(Exception):
    """Another editor saved this draft in the meantime; `current` is theirs."""

    def __init__(self, current: Draft | None) -> None:
        self.current = current
        super().__init__("the draft was saved by somebody else")


@dataclass
class Workbook:
    """The file at `path`; safe to use from several threads and processes."""

    path: Path
    clock: Callable[[], int] = field(default=lambda: time.time_ns() // 1_000_000)

    # --- drafts

    def drafts(self) -> list[Draft]:
        """Every draft, the latest saved first."""
        with self.open() as db:
            return [_draft(row) for row in db.execute("SELECT * FROM draft ORDER BY at_ms DESC, key")]

    def draft(self, key: str) -> Draft | None:
        """The draft of that key."""
        with self.open() as db:
            return _one(db, key)

    def save(self, draft: Draft, *, who: str) -> Draft:
        """Keep a draft; returns it with its new number. Without a key it gets one. Saved again, it stays as it is.

        Raises DraftChangedError unless `draft.number` is that of the kept one (0 for none).
        """
        with self.open() as db:
            held = _one(db, draft.key) if draft.key else _unnamed(db, draft, who)
            key = held.key if held else draft.key or f"new-{secrets.token_hex(8)}"
            if held is not None and _is_said_again(held, draft, who):
                return held
            if (held.number if held else 0) != draft.number:
                raise DraftChangedError(held)
            saved = Draft(
                key, draft.form, draft.entry_id, draft.made_from, draft.number + 1, who, self.clock(), draft.gap
            )
            text = json.dumps(saved.form, ensure_ascii=False)
            row = (key, saved.entry_id, saved.made_from, text, saved.number, who, saved.at_ms, saved.gap)
            db.execute("INSERT OR REPLACE INTO draft VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        return saved

    def drop(self, keys: Iterable[str]) -> None:
        """Forget drafts; no error for unknown ones."""
        with self.open() as db:
            db.executemany("DELETE FROM draft WHERE key = ?", [(key,) for key in keys])

    # --- topics

    def take_up(self, topic: Topic) -> None:
        """Remember that an entry is to close a gap."""
        row = (topic.entry_id, topic.question, json.dumps(topic.wordings, ensure_ascii=False))
        with self.open() as db:
            db.execute(
                "INSERT OR REPLACE INTO topic VALUES (?, ?, ?, ?, ?, ?)",
                (*row, topic.who, topic.taken_ms, topic.published_ms),
            )

    def topics(self) -> list[Topic]:
        """The gaps taken up, the latest first."""
        with self.open() as db:
            rows = db.execute("SELECT * FROM topic ORDER BY taken_ms DESC")
            return [Topic(row[0], row[1], tuple(json.loads(row[2])), row[3], row[4], row[5]) for row in rows]

    # --- customers to be told

    def to_tell(self, wanted: Iterable[ToTell]) -> None:
        """Remember whom to tell; a question that is remembered already, told or not, stays as it is."""
        rows = [(one.conversation_id, one.seq, one.question, one.entry_id, one.who, self.clock(), 0) for one in wanted]
        with self.open() as db:
            db.executemany("INSERT OR IGNORE INTO to_tell VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def untold(self) -> list[ToTell]:
        """Who is still to be told, those remembered first first."""
        with self.open() as db:
            rows = db.execute("SELECT * FROM to_tell WHERE told_ms = 0 ORDER BY at_ms, conversation_id, seq")
            return [ToTell(*row) for row in rows]

    def told(self, one: ToTell) -> None:
        """They were told."""
        with self.open() as db:
            db.execute(
                "UPDATE to_tell SET told_ms = ? WHERE conversation_id = ? AND seq = ? AND told_ms = 0",
                (self.clock(), one.conversation_id, one.seq),
            )

    def need_not_tell(self, one: ToTell) -> None:
        """They do not want it any more, or there is nothing to tell."""
        with self.open() as db:
            db.execute(
                "DELETE FROM to_tell WHERE conversation_id = ? AND seq = ? AND told_ms = 0",
                (one.conversation_id, one.seq),
            )

    def tellings(self) -> dict[str, tuple[int, int]]:
        """For each entry how many customers were told of it, and how many are still to be."""
        with self.open() as db:
            rows = db.execute("SELECT entry_id, SUM(told_ms > 0), SUM(told_ms = 0) FROM to_tell GROUP BY entry_id")
            return {row[0]: (int(row[1]), int(row[2])) for row in rows}

    @contextlib.contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """A transaction that has the file to itself."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self.path, timeout=10, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.executescript(_TABLES)
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")
        finally:
            db.close()


def _one(db: sqlite3.Connection, key: str) -> Draft | None:
    row = db.execute("SELECT * FROM draft WHERE key = ?", (key,)).fetchone()
    return _draft(row) if row else None


def _unnamed(db: sqlite3.Connection, draft: Draft, who: str) -> Draft | None:
    """What a new draft became when it was sent for the first time: an editor does not write the same two of them."""
    rows = db.execute("SELECT * FROM draft WHERE entry_id = '' AND number = 1 AND who = ?", (who,))
    return next((held for held in map(_draft, rows) if _is_said_again(held, draft, who)), None)


def _is_said_again(held: Draft, draft: Draft, who: str) -> bool:
    """Whether this saving is in the kept draft already; `number` is that of before it, or of after it."""
    said = (held.form, held.entry_id, held.made_from, held.gap, held.who)
    same = said == (draft.form, draft.entry_id, draft.made_from, draft.gap, who)
    return same and draft.number in (held.number - 1, held.number)


def _draft(row: Sequence[Any]) -> Draft:
    return Draft(row[0], json.loads(row[3]), row[1], row[2], row[4], row[5], row[6], row[7])
