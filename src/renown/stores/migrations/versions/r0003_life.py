"""What time, guards and people do to events and standings; policies as they were; where refolding begins."""

from typing import Final

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "revision", "upgrade"]

revision: Final = "0003"
down_revision: Final = "0002"


def upgrade() -> None:
    """Add the columns, the indexes and the tables."""
    _events()
    _standings()
    op.create_table(
        "actors",
        sa.Column("actor", sa.Text, primary_key=True),
        sa.Column("first_at", sa.Float, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
    )
    op.create_table(
        "policies",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("since", sa.Float, nullable=False),
        sa.Column("switched", sa.Text),
    )
    op.create_table(
        "checkpoints",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("at", sa.Float, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("policy_version", sa.Integer, nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
    )


def _events() -> None:
    op.add_column("events", sa.Column("changes", sa.LargeBinary))
    op.add_column("events", sa.Column("held_at", sa.Float))
    op.add_column("events", sa.Column("held_by", sa.Text))
    op.add_column("events", sa.Column("held_until", sa.Float))
    op.add_column("events", sa.Column("held_share", sa.Float))
    op.add_column("events", sa.Column("held_why", sa.Text))
    changing = sa.text("changes IS NOT NULL")
    op.create_index(
        "events_changing", "events", ["subject", "version"], sqlite_where=changing, postgresql_where=changing
    )
    op.create_index("events_time", "events", ["subject", "at", "version"])
    held = sa.text("held_at IS NOT NULL AND ended_at IS NULL")
    for name, columns in (("events_held", ["held_at"]), ("events_held_until", ["subject", "held_until"])):
        op.create_index(name, "events", columns, sqlite_where=held, postgresql_where=held)


def _standings() -> None:
    op.add_column("standings", sa.Column("life", sa.LargeBinary))
    op.add_column("standings", sa.Column("due", sa.Float))
    waiting = sa.text("due IS NOT NULL")
    # Whether time changes something of them, the timers find out, once.
    op.execute("UPDATE standings SET due = 0.0")
    op.create_index("standings_due", "standings", ["due"], sqlite_where=waiting, postgresql_where=waiting)


def downgrade() -> None:
    """Take back what was added."""
    for table in ("checkpoints", "policies", "actors"):
        op.drop_table(table)
    op.drop_index("standings_due", "standings")
    for column in ("due", "life"):
        op.drop_column("standings", column)
    for index in ("events_held_until", "events_held", "events_time", "events_changing"):
        op.drop_index(index, "events")
    for column in ("held_why", "held_share", "held_until", "held_by", "held_at", "changes"):
        op.drop_column("events", column)
