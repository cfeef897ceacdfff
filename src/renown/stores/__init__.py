"""Where the ledger lies on disk: the promise (`store`) and the SQLite implementation (`sqlite`)."""

from renown.stores.sqlite import SqliteStore
from renown.stores.store import (
    CheckpointRow,
    EndRow,
    EventRow,
    KeyRow,
    KindRow,
    NoticeRow,
    Reader,
    RevocationRow,
    RightsRow,
    StandingRow,
    Store,
    Writer,
)

__all__ = [
    "CheckpointRow",
    "EndRow",
    "EventRow",
    "KeyRow",
    "KindRow",
    "NoticeRow",
    "Reader",
    "RevocationRow",
    "RightsRow",
    "SqliteStore",
    "StandingRow",
    "Store",
    "Writer",
]
