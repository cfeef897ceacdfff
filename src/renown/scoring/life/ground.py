"""The figures at which something of a life may turn: between them nothing of a reading matters.

All conditions on scores and counts compare with constants of the policy. These cut the figures of a reading
into boxes; within one every comparison comes out the same, so whatever stood still there still does.
"""

from bisect import bisect_right
from collections.abc import Iterable
from math import inf, nextafter

from renown.policy import Condition, Policy
from renown.scoring.reading import Reading

__all__ = ["Box", "Ground", "is_within"]

Box = tuple[float, float, float, float, bool, tuple[tuple[str, float, float, float, float], ...]]
"""Score from and below, count from and below, whether provisional; the same of other parts by name."""


def is_within(box: Box, reading: Reading) -> bool:
    """Tell whether a reading lies in the box."""
    least, below, fewest, under, provisional, parts = box
    if not least <= reading.score < below or not fewest <= reading.count < under:
        return False
    if reading.provisional is not provisional:
        return False
    for name, least, below, fewest, under in parts:
        part = reading.categories[name]
        if not least <= part.score < below or not fewest <= part.count < under:
            return False
    return True


class _Cuts:
    """Where comparisons of one number change."""

    def __init__(self) -> None:
        self._at: set[float] = set()
        self._sorted: tuple[float, ...] = ()

    def add(self, *limits: float) -> None:
        self._at.update(limits)
        self._sorted = tuple(sorted(self._at))

    def around(self, number: float) -> tuple[float, float]:
        place = bisect_right(self._sorted, number)
        least = self._sorted[place - 1] if place else -inf
        return least, self._sorted[place] if place < len(self._sorted) else inf


class Ground:
    """The boxes of a policy."""

    def __init__(self, policy: Policy, limits: Iterable[tuple[float, float]]) -> None:
        """Take the policy's conditions, and `limits` of score and count for tiers."""
        self._parts: dict[str, tuple[_Cuts, _Cuts]] = {"overall": (_Cuts(), _Cuts())}
        for score, count in limits:
            self._cut("overall", score, count)
        for tier in policy.tiers:
            for factor in (1.0, tier.leave_factor):
                self._take(tier.also_when, factor)
        for badge in policy.badges:
            self._take(badge.when)
            for level in badge.levels:
                self._take(level.when)
        for alert in policy.alerts:
            when = alert.when
            for limit in (when.score_below, when.score_above):
                if limit is not None:
                    self._cut(when.category or "overall", limit, when.min_count)
            if (clear := alert.clear) is not None:
                for limit in (clear.score_below, clear.score_above):
                    if limit is not None:
                        self._cut(clear.category or when.category or "overall", limit, 0.0)

    def box(self, reading: Reading) -> Box:
        """Return the box that a reading lies in."""
        parts: list[tuple[str, float, float, float, float]] = []
        for name, (scores, counts) in self._parts.items():
            if name != "overall":
                part = reading.categories[name]
                parts.append((name, *scores.around(part.score), *counts.around(part.count)))
        scores, counts = self._parts["overall"]
        around = (*scores.around(reading.score), *counts.around(reading.count))
        return (*around, reading.provisional, tuple(parts))

    def _take(self, conditions: Iterable[Condition], factor: float = 1.0) -> None:
        for each in conditions:
            # As they are compared, to the last digit.
            if each.at_least is not None:
                self._cut(each.part, each.at_least * factor, each.min_count * factor)
            if each.at_most is not None:
                self._cut(each.part, each.at_most / factor, each.min_count * factor)
            self._cut(each.part, inf, each.min_count * factor)

    def _cut(self, part: str, score: float, count: float) -> None:
        scores, counts = self._parts.setdefault(part, (_Cuts(), _Cuts()))
        # Scores are compared by `<` and by `<=`, counts are only asked whether they are enough.
        scores.add(score, nextafter(score, inf))
        counts.add(count)
