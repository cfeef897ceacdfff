"""The figures at which something of a life may turn: between them nothing of a reading matters.

All conditions on scores and counts compare with constants of the policy. These cut the figures of a reading
into boxes; within one every condition comes out the same, so whatever stood still there still does. Where a
condition asks for more contributions than there are it fails at any score: its limit cuts nothing there.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable
from math import inf, isfinite, nextafter

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


class _Part:
    """Where comparisons of one score, and of how much is behind it, change."""

    def __init__(self) -> None:
        self._limits: set[tuple[float, float, float, int]] = set()
        """Limits of the score: the limit, the number after it, with how many contributions it matters, and
        the place of the alert for which it does while that is open; -1: always."""
        self._fewest: tuple[float, ...] = ()
        """Limits of the count, ascending."""

    def cut(self, score: float, count: float, place: int) -> None:
        """Add a limit; scores are compared by `<` and by `<=`, counts only asked whether they are enough."""
        if isfinite(score):
            self._limits.add((score, nextafter(score, inf), count, place))
        self._fewest = tuple(sorted({count, *self._fewest}))

    def around(self, score: float, count: float, going: Collection[int]) -> tuple[float, float, float, float]:
        """Return score from and below, count from and below, between which nothing depends on them."""
        place = bisect_right(self._fewest, count)
        fewest = self._fewest[place - 1] if place else -inf
        under = self._fewest[place] if place < len(self._fewest) else inf
        least, below = -inf, inf
        for limit, after, need, alert in self._limits:
            if need > count or (alert >= 0 and alert not in going):
                continue
            if score < limit:
                below = min(below, limit)
            elif score >= after:
                least = max(least, after)
            else:
                return limit, after, fewest, under
        return least, below, fewest, under


class Ground:
    """The boxes of a policy."""

    def __init__(self, policy: Policy, limits: Iterable[tuple[float, float]]) -> None:
        """Take the policy's conditions, and `limits` of score and count for tiers."""
        self._parts: dict[str, _Part] = {"overall": _Part()}
        for score, count in limits:
            self._cut("overall", score, count)
        for tier in policy.tiers:
            for factor in (1.0, tier.leave_factor):
                self._take(tier.also_when, factor)
        for badge in policy.badges:
            self._take(badge.when)
            for level in badge.levels:
                self._take(level.when)
        for place, alert in enumerate(policy.alerts):
            when = alert.when
            for limit in (when.score_below, when.score_above):
                if limit is not None:
                    self._cut(when.category or "overall", limit, when.min_count)
            if (clear := alert.clear) is not None:
                # Only what has fired is cleared. A level does neither before a limit is reached or, once it
                # is open, before it has lasted; others may fire at any event.
                only = place if when.score_below is not None or when.score_above is not None else -1
                for limit in (clear.score_below, clear.score_above):
                    if limit is not None:
                        self._cut(clear.category or when.category or "overall", limit, 0.0, only)

    def box(self, reading: Reading, going: Collection[int]) -> Box:
        """Return the box that a reading lies in; `going` are the places of the alerts that are open."""
        parts: list[tuple[str, float, float, float, float]] = []
        for name, limits in self._parts.items():
            if name != "overall":
                part = reading.categories[name]
                parts.append((name, *limits.around(part.score, part.count, going)))
        around = self._parts["overall"].around(reading.score, reading.count, going)
        return (*around, reading.provisional, tuple(parts))

    def _take(self, conditions: Iterable[Condition], factor: float = 1.0) -> None:
        for each in conditions:
            # As they are compared, to the last digit.
            least = each.min_count * factor
            if each.at_least is not None:
                self._cut(each.part, each.at_least * factor, least)
            if each.at_most is not None:
                self._cut(each.part, each.at_most / factor, least)
            self._cut(each.part, inf, least)

    def _cut(self, part: str, score: float, count: float, place: int = -1) -> None:
        self._parts.setdefault(part, _Part()).cut(score, count, place)
