"""Rights of users, revoked tokens, and what processes must hear of both; an index by kind and change."""

from typing import Final

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "revision", "upgrade"]

revision: Final = "0002"
down_revision: Final = "0001"

_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables and the index."""
    op.create_index("standings_changes", "standings", ["kind", "seq"])
    op.create_table(
        "rights",
        sa.Column("user", sa.Text, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("updated_at", sa.Float, nullable=False),
    )
    op.create_table(
        "revocations",
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("issued_before", sa.Float, nullable=False),
        sa.Column("revoked_at", sa.Float, nullable=False),
        sa.Column("keep_until", sa.Float),
    )
    ends = sa.text("keep_until IS NOT NULL")
    op.create_index(
        "revocations_keep", "revocations", ["keep_until"], sqlite_where=ends, postgresql_where=ends
    )
    op.create_table(
        "notices",
        sa.Column("id", _SEQ, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Drop what was created."""
    for table in ("notices", "revocations", "rights"):
        op.drop_table(table)
    op.drop_index("standings_changes", "standings")
