"""The tables of the archive as this version reads and writes them; `migrations/` brings older ones up to here.

    conversations   one row each: channel, when it was first seen, the profile as last known
    entries         the logs, whole: one row an entry, once by (conversation_id, seq)
    cases           one row each, as it was last: columns to ask for, `document` for everything
    records         customers, tickets and departures, one row each, as they were last: `document` is everything
    remarks         their histories, whole: one row a remark, once by (kind, record_id, seq)
    entry_search    what can be searched of an entry (see grams); `rowid` is the entry's id
    position        one row: whose archive it is, and the last change that is in it

`version` is that of the change a row comes from; a row is overwritten by a later change only, so taking a change
twice, or two in the wrong order, ends the same.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

_BIG = sa.BigInteger()

conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("conversation_id", sa.String, primary_key=True),
    sa.Column("channel", sa.String, nullable=False),
    sa.Column("opened_ms", _BIG, nullable=False),
    sa.Column("profile", sa.JSON, nullable=False),
    sa.Column("version", _BIG, nullable=False),
)

entries = sa.Table(
    "entries",
    metadata,
    sa.Column("id", _BIG.with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("conversation_id", sa.String, nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("at_ms", _BIG, nullable=False, index=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("author", sa.String, nullable=False),
    sa.Column("author_id", sa.String, nullable=False),
    sa.Column("key", sa.String, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("version", _BIG, nullable=False),
    sa.UniqueConstraint("conversation_id", "seq"),
)

cases = sa.Table(
    "cases",
    metadata,
    sa.Column("case_id", sa.String, primary_key=True),
    sa.Column("conversation_id", sa.String, nullable=False, index=True),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("group_name", sa.String, nullable=False),
    sa.Column("agent_id", sa.String, nullable=False),
    sa.Column("enqueued_ms", _BIG, nullable=False, index=True),
    sa.Column("accepted_ms", _BIG, nullable=False),
    sa.Column("closed_ms", _BIG, nullable=False),
    sa.Column("document", sa.JSON, nullable=False),
    sa.Column("version", _BIG, nullable=False),
)

records = sa.Table(
    "records",
    metadata,
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("record_id", sa.String, primary_key=True),
    sa.Column("conversation_id", sa.String, nullable=False, index=True),
    sa.Column("document", sa.JSON, nullable=False),
    sa.Column("version", _BIG, nullable=False),
)

remarks = sa.Table(
    "remarks",
    metadata,
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("record_id", sa.String, primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("conversation_id", sa.String, nullable=False),
    sa.Column("at_ms", _BIG, nullable=False),
    sa.Column("document", sa.JSON, nullable=False),
    sa.Column("version", _BIG, nullable=False),
)

position = sa.Table(
    "position",
    metadata,
    sa.Column("tenant", sa.String, primary_key=True),
    sa.Column("version", _BIG, nullable=False),
)

# A virtual table in SQLite, so not part of `metadata`.
entry_search = sa.table("entry_search", sa.column("rowid", sa.BigInteger), sa.column("grams", sa.Text))
