"""Customers, tickets and departures with their histories."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BIG = sa.BigInteger()


def upgrade() -> None:
    """Add the tables of records."""
    op.create_table(
        "records",
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("record_id", sa.String, primary_key=True),
        sa.Column("conversation_id", sa.String, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("version", BIG, nullable=False),
    )
    op.create_index("ix_records_conversation_id", "records", ["conversation_id"])
    op.create_table(
        "remarks",
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("record_id", sa.String, primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("conversation_id", sa.String, nullable=False),
        sa.Column("at_ms", BIG, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("version", BIG, nullable=False),
    )


def downgrade() -> None:
    """Without records: they are lost from the archive."""
    op.drop_table("remarks")
    op.drop_table("records")
