"""What actors have spent of the budgets that hold wherever they speak."""

from typing import Final

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "revision", "upgrade"]

revision: Final = "0005"
down_revision: Final = "0004"


def upgrade() -> None:
    """Add the column: nothing is spent yet."""
    op.add_column("actors", sa.Column("spent", sa.LargeBinary))


def downgrade() -> None:
    """Take the column back."""
    op.drop_column("actors", "spent")
