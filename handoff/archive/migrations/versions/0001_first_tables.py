"""The first tables: conversations, entries, cases, search and position."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BIG = sa.BigInteger()


def upgrade() -> None:
    """From nothing."""
    op.create_table(
        "conversations",
        sa.Column("conversation_id", sa.String, primary_key=True),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("opened_ms", BIG, nullable=False),
        sa.Column("profile", sa.JSON, nullable=False),
        sa.Column("version", BIG, nullable=False),
    )
    op.create_table(
        "entries",
        sa.Column("id", BIG.with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("conversation_id", sa.String, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("at_ms", BIG, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("author", sa.String, nullable=False),
        sa.Column("author_id", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.UniqueConstraint("conversation_id", "seq"),
    )
    op.create_index("ix_entries_at_ms", "entries", ["at_ms"])
    op.create_table(
        "cases",
        sa.Column("case_id", sa.String, primary_key=True),
        sa.Column("conversation_id", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("group_name", sa.String, nullable=False),
        sa.Column("agent_id", sa.String, nullable=False),
        sa.Column("enqueued_ms", BIG, nullable=False),
        sa.Column("accepted_ms", BIG, nullable=False),
        sa.Column("closed_ms", BIG, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("version", BIG, nullable=False),
    )
    op.create_index("ix_cases_conversation_id", "cases", ["conversation_id"])
    op.create_index("ix_cases_enqueued_ms", "cases", ["enqueued_ms"])
    op.create_table(
        "position",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("version", BIG, nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute("CREATE VIRTUAL TABLE entry_search USING fts5(grams)")
    else:
        op.create_table(
            "entry_search",
            sa.Column("rowid", BIG, sa.ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True),
            sa.Column("grams", sa.Text, nullable=False),
        )
        op.execute("CREATE INDEX ix_entry_search ON entry_search USING gin (to_tsvector('simple', grams))")


def downgrade() -> None:
    """Back to nothing: the archive is lost."""
    for table in ("entry_search", "position", "cases", "entries", "conversations"):
        op.drop_table(table)
