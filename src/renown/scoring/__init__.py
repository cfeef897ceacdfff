"""Scoring: how events become standings. Values in, values out; time is an argument.

The way of one event: `interpret` says what it means, `rater_weight` and `weigh` what it counts, `fold`
adds it to the state, `read` reads the numbers of the standing, `turn` makes tier, badges, status and alerts
of them, `explain` tells what each event did.
See `docs/scoring.md` for what the numbers mean.
"""

from renown.scoring.cursor import cursor_position
from renown.scoring.effect import POLICY, TIME, Effect, amended, interpret, returned_pair, weigh
from renown.scoring.explain import Explanation, Line, PriorLine, explain
from renown.scoring.folding import fold, needs_refold, next_change, refold, take_back
from renown.scoring.kind import (
    KindState,
    decode_kind,
    encode_kind,
    kind_empty,
    needs_kind_state,
    observe,
)
from renown.scoring.life import (
    Life,
    Moment,
    Turned,
    begin_life,
    decode_life,
    encode_life,
    has_life,
    turn,
)
from renown.scoring.lines import HeldLine, StepLine
from renown.scoring.meaning import Derived
from renown.scoring.plan import derives, fades
from renown.scoring.raters import asks_age, rater_weight
from renown.scoring.reading import Reading, read, score
from renown.scoring.state import State, decode_state, empty, encode_state

__all__ = [
    "POLICY",
    "TIME",
    "Derived",
    "Effect",
    "Explanation",
    "HeldLine",
    "KindState",
    "Life",
    "Line",
    "Moment",
    "PriorLine",
    "Reading",
    "State",
    "StepLine",
    "Turned",
    "amended",
    "asks_age",
    "begin_life",
    "cursor_position",
    "decode_kind",
    "decode_life",
    "decode_state",
    "derives",
    "empty",
    "encode_kind",
    "encode_life",
    "encode_state",
    "explain",
    "fades",
    "fold",
    "has_life",
    "interpret",
    "kind_empty",
    "needs_kind_state",
    "needs_refold",
    "next_change",
    "observe",
    "rater_weight",
    "read",
    "refold",
    "returned_pair",
    "score",
    "take_back",
    "turn",
    "weigh",
]
