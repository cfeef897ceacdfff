"""Scoring: how events become standings. Values in, values out; time is an argument.

The way of one event: `interpret` says what it means, `rater_weight` and `weigh` what it counts, `fold`
adds it to the state, `read` reads the numbers of the standing, `explain` tells what each event did.
See `docs/scoring.md` for what the numbers mean.
"""

from renown.scoring.cursor import cursor_position
from renown.scoring.effect import POLICY, TIME, Effect, amended, interpret, weigh
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
from renown.scoring.meaning import Derived
from renown.scoring.raters import asks_age, rater_weight
from renown.scoring.reading import Reading, read, score
from renown.scoring.state import State, decode_state, empty, encode_state

__all__ = [
    "POLICY",
    "TIME",
    "Derived",
    "Effect",
    "Explanation",
    "KindState",
    "Line",
    "PriorLine",
    "Reading",
    "State",
    "amended",
    "asks_age",
    "cursor_position",
    "decode_kind",
    "decode_state",
    "empty",
    "encode_kind",
    "encode_state",
    "explain",
    "fold",
    "interpret",
    "kind_empty",
    "needs_kind_state",
    "needs_refold",
    "next_change",
    "observe",
    "rater_weight",
    "read",
    "refold",
    "score",
    "take_back",
    "weigh",
]
