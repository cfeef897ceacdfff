"""The log: one line per event, for people on a terminal and as JSON for machines."""

import logging
import sys
from typing import Any

import structlog

from renown.gateway.journal import Journal
from renown.server.settings import LogSettings

__all__ = ["configure", "journal"]


def configure(settings: LogSettings) -> None:
    """Send everything that is logged, also by libraries, to standard error in one form."""
    level = getattr(logging, settings.level.upper())
    console = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if console else "iso", utc=not console),
    ]
    structlog.configure(
        processors=[*shared, *_rendering(console=console)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(console=console),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("uvicorn", "uvicorn.error", "asyncio", "httpx", "alembic"):
        logging.getLogger(noisy).setLevel(max(level, logging.WARNING))


def journal(settings: LogSettings) -> Journal | None:
    """Return what writes of connections into the log; None: nothing of them is to be written."""
    if settings.connections == "off" or settings.level not in ("debug", "info"):
        return None
    if settings.connections == "all":
        return Journal("info")
    return Journal("debug" if settings.level == "debug" else None)


def _rendering(*, console: bool) -> list[Any]:
    if console:
        return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)]
    return [
        structlog.processors.format_exc_info,
        structlog.processors.EventRenamer("message"),
        structlog.processors.JSONRenderer(),
    ]
