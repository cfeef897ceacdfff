"""When a score that fades shows it: looked for at 0:00 UTC, never in between.

What fades by a half-life changes all the time, and people are shown some decimals of it. So a subject gets an
event on the first day that its standing would read otherwise, and none on the days before.
"""

from math import floor
from typing import Final

from renown import scoring
from renown.ledger.folding.forms import Folded
from renown.model import Standing
from renown.policy import Policy
from renown.scoring import Reading
from renown.scoring.life.calendar import DAY

__all__ = ["has_faded", "midnight", "next_fading"]

_FARTHEST: Final = 2**15
"""Days ahead that are looked at: in 90 years all but the longest half-lives are over."""


def midnight(at: float) -> float:
    """Return the last 0:00 UTC at or before a time."""
    return floor(at / DAY) * DAY


def has_faded(policy: Policy, shown: Standing, reading: Reading) -> bool:
    """Tell whether a reading differs from what is shown in the decimals that people see of a score."""
    decimals = policy.scale.decimals
    overall = ((shown.score, reading.score), (shown.low, reading.low), (shown.high, reading.high))
    parts = ((shown.categories[name].score, each.score) for name, each in reading.categories.items())
    return any(
        one != other and round(one, decimals) != round(other, decimals)
        for pairs in (overall, parts)
        for one, other in pairs
    )


def next_fading(policy: Policy, folded: Folded, shown: Standing, at: float) -> float | None:
    """Return the first 0:00 after `at` when what has faded shows, None if it never will.

    What fades moves one way until the next event. (Some compositions of it do not, quite: of those it may
    be a later day.)
    """
    if not scoring.fades(policy):
        return None
    start = midnight(at)

    def shows(days: int) -> bool:
        then = start + days * DAY
        return has_faded(policy, shown, scoring.read(policy, folded.state, then, folded.prior))

    same, other = 0, 1
    while not shows(other):
        same, other = other, 2 * other
        if other > _FARTHEST:
            return None
    while other - same > 1:
        middle = (same + other) // 2
        same, other = (same, middle) if shows(middle) else (middle, other)
    return start + other * DAY
