"""What is in the archive: written from parcels, read by search and reports."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from contracts.codec import decode, encode
from contracts.conversation import Author, Entry, EntryKind
from handoff.archive import grams
from handoff.archive.database import ArchiveMismatch, Database
from handoff.archive.tables import cases, conversations, entries, entry_search, position, records, remarks
from handoff.model import Case, Opened, Parcel, Thread
from handoff.records.change import R
from handoff.records.model import Remark

Row = dict[str, Any]
SEARCHED = frozenset({EntryKind.MESSAGE, EntryKind.NOTE})
PAGE_ROWS = 1000


@dataclass(frozen=True)
class Hit:
    """An entry that was searched for, with the conversation it is in."""

    conversation_id: str
    entry: Entry


class Archive:
    """One tenant's archive at a SQLAlchemy URL. Synchronous: event loops call it in a thread.

    `fold` spells texts alike before they are indexed and before they are searched for (script, case, width); an
    archive is to be opened with the same one always. Every method raises ArchiveUnavailable when the database refuses.
    """

    def __init__(self, url: str, *, tenant: str = "default", fold: Callable[[str], str] = grams.plain) -> None:
        """Raises ArchiveError for a URL that cannot be used; nothing is connected yet."""
        self.database = Database(url)
        self._tenant = tenant
        self._fold = fold
        self._insert: Any = sqlite.insert if self.database.sqlite else postgresql.insert

    def prepare(self) -> None:
        """Make or update the tables. Raises ArchiveMismatch when the archive is another tenant's."""
        self.database.migrate()
        with self.database.writing() as connection:
            owner = connection.scalar(sa.select(position.c.tenant))
            if owner is None:
                connection.execute(sa.insert(position).values(tenant=self._tenant, version=0))
            elif owner != self._tenant:
                raise ArchiveMismatch(f"it belongs to tenant {owner}, this is {self._tenant}: give each its own")

    def close(self) -> None:
        """Give the connections back."""
        self.database.close()

    # --- writing

    def apply(self, parcels: Sequence[Parcel]) -> None:
        """Take these changes in, all or none, together with the position. Taking one again changes nothing."""
        rows: dict[sa.Table, list[Row]] = {table: [] for table in (conversations, entries, cases, records, remarks)}
        for parcel in parcels:
            table, row = _row(parcel)
            rows[table].append(row)
        with self.database.writing() as connection:
            self._upsert(connection, conversations, rows[conversations], ("conversation_id",), kept=("opened_ms",))
            self._upsert(connection, cases, rows[cases], ("case_id",))
            self._upsert(connection, records, rows[records], ("kind", "record_id"))
            self._upsert(connection, remarks, rows[remarks], ("kind", "record_id", "seq"))
            written = self._upsert(connection, entries, rows[entries], ("conversation_id", "seq"))
            self._index(connection, written)
            last = max((parcel.version for parcel in parcels), default=0)
            connection.execute(sa.update(position).where(position.c.version < last).values(version=last))

    def _upsert(
        self,
        connection: sa.Connection,
        table: sa.Table,
        rows: Iterable[Row],
        key: Sequence[str],
        kept: Sequence[str] = (),
    ) -> list[sa.Row[Any]]:
        """Insert, or overwrite what is older, except the columns `kept`; returns the rows that were written."""
        newest = {tuple(row[name] for name in key): row for row in sorted(rows, key=lambda row: row["version"])}
        if not newest:
            return []
        statement = self._insert(table).values(list(newest.values()))
        names = [column.name for column in table.columns if column.name not in (*key, *kept, "id")]
        statement = statement.on_conflict_do_update(
            index_elements=list(key),
            set_={name: statement.excluded[name] for name in names},
            where=statement.excluded.version > table.c.version,
        )
        return list(connection.execute(statement.returning(*table.columns)).all())

    def _index(self, connection: sa.Connection, written: Sequence[sa.Row[Any]]) -> None:
        if not written:
            return
        connection.execute(sa.delete(entry_search).where(entry_search.c.rowid.in_([row.id for row in written])))
        found = [
            {"rowid": row.id, "grams": words}
            for row in written
            if EntryKind(row.kind) in SEARCHED and (words := grams.grams(row.text, self._fold))
        ]
        if found:
            connection.execute(sa.insert(entry_search), found)

    # --- reading

    def position(self) -> int:
        """The version of the last change that is in the archive; 0 for none."""
        with self.database.reading() as connection:
            return connection.scalar(sa.select(position.c.version)) or 0

    def search(self, text: str, *, limit: int = 50) -> list[Hit]:
        """Messages and notes in which every run of `text` occurs, the latest first; nothing for 「？！」."""
        if self.database.sqlite:
            query, condition = grams.sqlite_query(text, self._fold), "entry_search MATCH :query"
        else:
            query = grams.postgresql_query(text, self._fold)
            condition = "to_tsvector('simple', grams) @@ to_tsquery('simple', :query)"
        if not query:
            return []
        statement = (
            sa.select(entries)
            .join(entry_search, entry_search.c.rowid == entries.c.id)
            .where(sa.text(condition).bindparams(query=query))
            .order_by(entry_search.c.rowid.desc())  # as archived, which is as said; an index has it in this order
            .limit(limit)
        )
        with self.database.reading() as connection:
            return [Hit(row.conversation_id, _entry(row)) for row in connection.execute(statement)]

    def conversation(self, conversation_id: str) -> list[Entry]:
        """The log of one conversation as it is archived, oldest first."""
        wanted = sa.select(entries).where(entries.c.conversation_id == conversation_id).order_by(entries.c.seq)
        with self.database.reading() as connection:
            return [_entry(row) for row in connection.execute(wanted)]

    def profile(self, conversation_id: str) -> Opened | None:
        """The channel, the first sight and the last known profile of a conversation."""
        wanted = sa.select(conversations).where(conversations.c.conversation_id == conversation_id)
        with self.database.reading() as connection:
            row = connection.execute(wanted).one_or_none()
            return Opened(row.channel, row.opened_ms, row.profile) if row is not None else None

    def cases(self) -> list[Case]:
        """Every case, in the order in which they were called."""
        with self.database.reading() as connection:
            found = connection.execute(sa.select(cases.c.document).order_by(cases.c.enqueued_ms, cases.c.case_id))
            return [decode(Case, row.document) for row in found]

    def records(self, kind: type[R]) -> list[R]:
        """Every customer, ticket or departure as it was last, by name."""
        wanted = sa.select(records.c.document).where(records.c.kind == kind.kind).order_by(records.c.record_id)
        with self.database.reading() as connection:
            return [decode(kind, row.document) for row in connection.execute(wanted)]

    def remarks(self, kind: type[R], record_id: str) -> list[Remark]:
        """The whole history of one record, oldest first."""
        wanted = (
            sa.select(remarks.c.document)
            .where(remarks.c.kind == kind.kind, remarks.c.record_id == record_id)
            .order_by(remarks.c.seq)
        )
        with self.database.reading() as connection:
            return [decode(Remark, row.document) for row in connection.execute(wanted)]

    def threads(self, from_ms: int, until_ms: int) -> Iterator[Thread]:
        """Every conversation in which something happened in [from_ms, until_ms), each whole, one after another."""
        active = sa.select(entries.c.conversation_id).where(entries.c.at_ms >= from_ms, entries.c.at_ms < until_ms)
        wanted = (
            sa.select(entries)
            .where(entries.c.conversation_id.in_(active))
            .order_by(entries.c.conversation_id, entries.c.seq)
            .execution_options(yield_per=PAGE_ROWS)
        )
        with self.database.reading() as connection:
            called: dict[str, list[Case]] = {}
            for row in connection.execute(
                sa.select(cases.c.conversation_id, cases.c.document)
                .where(cases.c.conversation_id.in_(active))
                .order_by(cases.c.enqueued_ms, cases.c.case_id)
            ):
                called.setdefault(row.conversation_id, []).append(decode(Case, row.document))
            for one, rows in itertools.groupby(connection.execute(wanted), key=lambda row: str(row.conversation_id)):
                yield Thread(one, tuple(_entry(row) for row in rows), tuple(called.get(one, ())))


def _row(parcel: Parcel) -> tuple[sa.Table, Row]:
    """The table a parcel belongs to, and its row."""
    common = {"conversation_id": parcel.conversation_id, "version": parcel.version}
    content = parcel.content
    if isinstance(content, Entry):
        return entries, {
            **common,
            "seq": content.seq,
            "at_ms": content.at_ms,
            "kind": content.kind.value,
            "author": content.author.value,
            "author_id": content.author_id,
            "key": content.key,
            "text": content.text,
            "data": content.data,
        }
    if isinstance(content, Case):
        return cases, {
            **common,
            "case_id": content.case_id,
            "state": content.state.value,
            "reason": content.reason.value,
            "group_name": content.group,
            "agent_id": content.agent_id,
            "enqueued_ms": content.enqueued_ms,
            "accepted_ms": content.accepted_ms,
            "closed_ms": content.closed_ms,
            "document": encode(content),
        }
    if isinstance(content, Remark):
        named = {"kind": content.kind, "record_id": content.record_id}
        return remarks, {**common, **named, "seq": content.seq, "at_ms": content.at_ms, "document": encode(content)}
    if not isinstance(content, Opened):
        return records, {**common, "kind": content.kind, "record_id": content.record_id, "document": encode(content)}
    opened = {"channel": content.channel, "opened_ms": content.at_ms, "profile": content.profile}
    return conversations, {**common, **opened}


def _entry(row: sa.Row[Any]) -> Entry:
    return Entry(
        seq=row.seq,
        at_ms=row.at_ms,
        kind=EntryKind(row.kind),
        author=Author(row.author),
        text=row.text,
        key=row.key,
        author_id=row.author_id,
        data=row.data,
    )
