"""The ledger: the append-only events with the standings folded from them, the one source of truth."""

from renown.ledger.erasing import Erasure
from renown.ledger.keys import Key, Keys
from renown.ledger.ledger import Committed, Ledger, LedgerOptions, Stats
from renown.ledger.policies.book import InForce, Kept, PolicyBook
from renown.ledger.policies.book import Version as PolicyVersion
from renown.ledger.policies.trying import Stopped, Trial
from renown.ledger.reading.alarms import AlarmBook
from renown.ledger.reading.incident_forms import AlertLine, IncidentLine, Incidents, Pile
from renown.ledger.reading.incidents import IncidentBook
from renown.ledger.reading.reads import HistoryPoint, KindCounts
from renown.ledger.rebuild import Difference, Progress, Reached, RebuildReport
from renown.ledger.rebuilding.reweighing import ReweighReport
from renown.ledger.rights import Changes, RightsBook, UserRecord
from renown.ledger.timing.clock import Clock, SteadyClock

__all__ = [
    "AlarmBook",
    "AlertLine",
    "Changes",
    "Clock",
    "Committed",
    "Difference",
    "Erasure",
    "HistoryPoint",
    "InForce",
    "IncidentBook",
    "IncidentLine",
    "Incidents",
    "Kept",
    "Key",
    "Keys",
    "KindCounts",
    "Ledger",
    "LedgerOptions",
    "Pile",
    "PolicyBook",
    "PolicyVersion",
    "Progress",
    "Reached",
    "RebuildReport",
    "ReweighReport",
    "RightsBook",
    "Stats",
    "SteadyClock",
    "Stopped",
    "Trial",
    "UserRecord",
]
