"""What commands need that work on the settings and the ledger's file, without a server."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from renown.ledger import Ledger
    from renown.policy import Policies
    from renown.server.settings import Settings

__all__ = ["folder_of", "local_settings", "open_ledger"]


def local_settings(config: Path | None, **flags: Any) -> "Settings":
    """Return the settings that a server started here would have."""
    from renown.server.loading import load

    return load(config, os.environ, flags).settings


def open_ledger(settings: "Settings", *, create: bool = False) -> "Ledger":
    """Open the ledger in the data folder.

    Raises:
        SettingsError: there is none and `create` is false.
        LedgerError: it cannot be opened.

    """
    from renown.errors import SettingsError
    from renown.ledger import Ledger

    _log_to_stderr()
    folder = folder_of(settings)
    if not create and not folder.is_file() and not (folder / "ledger.sqlite").exists():
        raise SettingsError(
            f"There is no ledger in {folder}. Name its folder with --data.", code="no_ledger", field="data"
        )
    if not folder.is_file():
        folder.mkdir(parents=True, exist_ok=True)
    return Ledger.open(folder, policies_of(settings))


def folder_of(settings: "Settings") -> Path:
    """Return the data folder."""
    return Path(settings.data)


def policies_of(settings: "Settings") -> "Policies":
    """Return the policies of the settings, or the presets when none are set."""
    from renown.policy import Policies
    from renown.server.policies import chosen

    return chosen(settings) if settings.policies else Policies.presets()


def _log_to_stderr() -> None:
    """Let warnings go where they spoil no result; looked up each time, since that may be replaced."""
    import logging
    import sys

    import structlog

    structlog.configure(
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )
