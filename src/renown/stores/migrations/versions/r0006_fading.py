"""Standings that fade are looked at by time, too: all are looked at once, to find out when."""

from typing import Final

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "revision", "upgrade"]

revision: Final = "0006"
down_revision: Final = "0005"


def upgrade() -> None:
    """Make all standings due, also those that wait for something later."""
    op.execute(sa.text("UPDATE standings SET due = 0"))


def downgrade() -> None:
    """Leave them: who looks at them finds nothing to do."""
