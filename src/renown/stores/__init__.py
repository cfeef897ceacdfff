"""Where the ledger lies on disk: the promise (`store`) and the SQLite implementation (`sqlite`)."""

from renown.stores.access_rows import KeyRow, NoticeRow, RevocationRow, RightsRow
from renown.stores.held_rows import AlarmRow, DueRow, HoldRow, PileRow
from renown.stores.policy_rows import PolicyRow
from renown.stores.rows import (
    ActorRow,
    CheckpointRow,
    CountingRow,
    EndRow,
    EventRow,
    KindRow,
    Refolded,
    StandingRow,
)
from renown.stores.sqlite import SqliteStore
from renown.stores.store import Reader, Store, Writer

__all__ = [
    "ActorRow",
    "AlarmRow",
    "CheckpointRow",
    "CountingRow",
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
