"""Guards: what looks like manipulation while it happens, at constant cost per event.

`judge` says what is to become of an arriving event, `seen` what is remembered of it; `wants` which facts from
outside the subject they need. See `docs/guards.md`.
"""

from renown.scoring.guards.bursts import BurstAlarm, Bursts, BurstTest
from renown.scoring.guards.judging import (
    begin_guards,
    decode_guards,
    encode_guards,
    guards_due,
    judge,
    kin_of,
    pass_time,
    seen,
    wants,
)
from renown.scoring.guards.mutual import RingCell
from renown.scoring.guards.spending import Spending, Spent, spend, spent
from renown.scoring.guards.state import Guards, Open
from renown.scoring.guards.verdicts import NOTHING, Facts, Incident, Phase, Reason, Verdict, Wants

__all__ = [
    "NOTHING",
    "BurstAlarm",
    "BurstTest",
    "Bursts",
    "Facts",
    "Guards",
    "Incident",
    "Open",
    "Phase",
    "Reason",
    "RingCell",
    "Spending",
    "Spent",
    "Verdict",
    "Wants",
    "begin_guards",
    "decode_guards",
    "encode_guards",
    "guards_due",
    "judge",
    "kin_of",
    "pass_time",
    "seen",
    "spend",
    "spent",
    "wants",
]
