"""Bringing a file to the newest tables with Alembic."""

import sqlite3
from pathlib import Path
from typing import Final

from renown.errors import LedgerError

__all__ = ["HEAD", "migrate"]

HEAD: Final = "0006"
"""The newest revision under `migrations/versions`; a test holds the two together."""

_MIGRATIONS: Final = Path(__file__).parent / "migrations"


def migrate(connection: sqlite3.Connection, file: Path) -> None:
    """Bring the tables of `file` to `HEAD`, in one transaction; nothing to do is seen at a glance.

    Raises:
        LedgerError: the file was written by a newer version, or is no ledger.

    """
    if _revision(connection) == HEAD:
        return
    # Alembic costs a third of a second to import: only those who need it pay.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415
    from sqlalchemy import create_engine  # noqa: PLC0415
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415
    from sqlalchemy.pool import StaticPool  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    try:
        with engine.begin() as shared:
            # Only now: making the engine's connection rolls back. Whoever comes second waits here
            # and then finds the work done; Alembic leaves the commit to whoever began.
            connection.execute("BEGIN IMMEDIATE")
            if _revision(connection) != HEAD:
                config.attributes["connection"] = shared
                command.upgrade(config, "head")
    except CommandError as error:
        raise LedgerError(
            f"{file} was written by a newer version of Renown ({error})", code="ledger_too_new"
        ) from error
    except SQLAlchemyError as error:
        raise LedgerError(
            f"{file} could not be brought to the newest tables: {error}", code="ledger_unusable"
        ) from error
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _revision(connection: sqlite3.Connection) -> str | None:
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    if found is None:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])
