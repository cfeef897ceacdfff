"""Checkpoints keep a subject's life, too: where working late events in begins."""

from typing import Final

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "revision", "upgrade"]

revision: Final = "0004"
down_revision: Final = "0003"


def upgrade() -> None:
    """Add the column. Checkpoints without a life help nobody, and new ones are made as events come."""
    op.execute("DELETE FROM checkpoints")
    op.add_column("checkpoints", sa.Column("life", sa.LargeBinary))


def downgrade() -> None:
    """Take the column back."""
    op.drop_column("checkpoints", "life")
