"""The first tables."""

from typing import Final

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "revision", "upgrade"]

revision: Final = "0001"
down_revision: Final = None

_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    _events()
    _standings()
    op.create_table(
        "kinds",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("subjects", sa.Integer, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("recent", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.LargeBinary),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "keys",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False, unique=True),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("revoked_at", sa.Float),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("seq", _SEQ, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("actor", sa.Text),
        sa.Column("pair", sa.Text),
        sa.Column("ref", sa.Text),
        sa.Column("value", sa.Float),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("received_at", sa.Float, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("basis", sa.LargeBinary, nullable=False),
        sa.Column("contributions", sa.LargeBinary, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("delta", sa.Float, nullable=False),
        sa.Column("ended_at", sa.Float),
        sa.Column("ended_by", sa.Text),
        sa.Column("ended_version", sa.Integer),
    )
    op.create_index("events_id", "events", ["id"], unique=True)
    op.create_index("events_subject", "events", ["subject", "version"], unique=True)
    live_pair = sa.text("pair IS NOT NULL AND ended_at IS NULL")
    op.create_index(
        "events_live_pair",
        "events",
        ["subject", "pair"],
        sqlite_where=live_pair,
        postgresql_where=live_pair,
    )
    with_ref = sa.text("ref IS NOT NULL")
    op.create_index(
        "events_ref", "events", ["subject", "ref"], sqlite_where=with_ref, postgresql_where=with_ref
    )


def _standings() -> None:
    op.create_table(
        "standings",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("seq", _SEQ, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("provisional", sa.Boolean, nullable=False),
        sa.Column("updated_at", sa.Float, nullable=False),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("policy_version", sa.Integer, nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
        sa.Column("view", sa.LargeBinary, nullable=False),
    )
    ranked = sa.text("provisional IS 0")
    op.create_index(
        "standings_board",
        "standings",
        ["kind", sa.text("score DESC"), sa.text("count DESC"), "subject"],
        sqlite_where=ranked,
        postgresql_where=sa.text("provisional IS false"),
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("keys", "meta", "kinds", "standings", "events"):
        op.drop_table(table)
