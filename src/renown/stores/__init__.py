"""Where the ledger lies on disk: the promise (`store`) and the SQLite implementation (`sqlite`)."""

from renown.stores.policy_rows import PolicyRow
from renown.stores.sqlite import SqliteStore
from renown.stores.store import (
    ActorRow,
    AlarmRow,
    CheckpointRow,
    DueRow,
    EndRow,
    EventRow,
    HoldRow,
    KeyRow,
    KindRow,
    NoticeRow,
    PileRow,
    Reader,
    Refolded,
    RevocationRow,
    RightsRow,
    StandingRow,
    Store,
    Writer,
)

__all__ = [
    "ActorRow",
    "AlarmRow",
    "CheckpointRow",
    "DueRow",
    "EndRow",
    "EventRow",
    "HoldRow",
    "KeyRow",
    "KindRow",
    "NoticeRow",
    "PileRow",
    "PolicyRow",
    "Reader",
    "Refolded",
    "RevocationRow",
    "RightsRow",
    "SqliteStore",
    "StandingRow",
    "Store",
    "Writer",
]
