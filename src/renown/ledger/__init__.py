"""The ledger: the append-only events with the standings folded from them, the one source of truth."""

from renown.ledger.erasing import Erasure
from renown.ledger.keys import Key, Keys
from renown.ledger.ledger import Committed, Ledger, LedgerOptions, Stats
from renown.ledger.reads import HistoryPoint, KindCounts
from renown.ledger.rebuild import Difference, Progress, RebuildReport
from renown.ledger.rights import Changes, RightsBook, UserRecord

__all__ = [
    "Changes",
    "Committed",
    "Difference",
    "Erasure",
    "HistoryPoint",
    "Key",
    "Keys",
    "KindCounts",
    "Ledger",
    "LedgerOptions",
    "Progress",
    "RebuildReport",
    "RightsBook",
    "Stats",
    "UserRecord",
]
