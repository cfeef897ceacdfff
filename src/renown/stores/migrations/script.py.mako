"""${message}."""

from typing import Final

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]

revision: Final = ${repr(up_revision)}
down_revision: Final = ${repr(down_revision)}


def upgrade() -> None:
    """Apply the revision."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Take the revision back."""
    ${downgrades if downgrades else "pass"}
