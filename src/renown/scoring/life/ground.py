"""The figures at which something of a life may turn: between them nothing of a reading matters.

All conditions on scores and counts compare with constants of the policy. These cut the figures of a reading
into boxes; within one every condition comes out the same, so whatever stood still there still does. Where a
condition asks for more contributions than there are it fails at any score: its limit cuts nothing there. And
where the score is wrong for it throughout it fails with any number of contributions.
"""

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
        self._fewest: set[tuple[float, float, float]] = set()
        """Limits of the count: the limit, and the scores from and up to which it matters."""

    def cut(self, score: float, count: float, place: int) -> None:
        """Add a limit; scores are compared by `<` and by `<=`, counts only asked whether they are enough."""
        if isfinite(score):
            self._limits.add((score, nextafter(score, inf), count, place))

    def count(self, count: float, lowest: float, highest: float) -> None:
        """Add a limit of the count that matters for scores from `lowest` to `highest` alone."""
        self._fewest.add((count, lowest, highest))

    def around(self, score: float, count: float, going: Collection[int]) -> tuple[float, float, float, float]:
        """Return score from and below, count from and below, between which nothing depends on them."""
        least, below = self._scores(score, count, going)
        fewest, under = -inf, inf
        for limit, lowest, highest in self._fewest:
            if lowest < below and highest >= least:
                if limit > count:
                    under = min(under, limit)
                elif limit > fewest:
                    fewest = limit
        return least, below, fewest, under

    def _scores(self, score: float, count: float, going: Collection[int]) -> tuple[float, float]:
        least, below = -inf, inf
        for limit, after, need, alert in self._limits:
            if need > count or (alert >= 0 and alert not in going):
                continue
            if score < limit:
                below = min(below, limit)
            elif score >= after:
                least = max(least, after)
            else:
                return limit, after
        return least, below


class Ground:
    """The boxes of a policy."""

    def __init__(self, policy: Policy, limits: Iterable[tuple[float, float]]) -> None:
        """Take the policy's conditions, and `limits` of score and count for tiers."""
        self._parts: dict[str, _Part] = {"overall": _Part()}
        for score, count in limits:
            self._ask("overall", score, inf, count)
        for tier in policy.tiers:
            for factor in (1.0, tier.leave_factor):
                self._take(tier.also_when, factor)
        for badge in policy.badges:
            self._take(badge.when)
            for level in badge.levels:
                self._take(level.when)
        for place, alert in enumerate(policy.alerts):
            when = alert.when
            part, below, above = when.category or "overall", when.score_below, when.score_above
            if below is not None:
                self._ask(part, -inf, below, when.min_count)
            elif above is not None:
                self._ask(part, above, inf, when.min_count)
            if (clear := alert.clear) is not None:
                # Only what has fired is cleared. A level does neither before a limit is reached or, once it
                # is open, before it has lasted; others may fire at any event.
                only = place if below is not None or above is not None else -1
                for limit in (clear.score_below, clear.score_above):
                    if limit is not None:
                        self._part(clear.category or part).cut(limit, 0.0, only)

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
            lowest = -inf if each.at_least is None else each.at_least * factor
            highest = inf if each.at_most is None else each.at_most / factor
            self._ask(each.part, lowest, highest, each.min_count * factor)

    def _ask(self, part: str, lowest: float, highest: float, count: float) -> None:
        """Add a condition: a score from `lowest` to `highest`, with so many contributions."""
        limits = self._part(part)
        limits.cut(lowest, count, -1)
        limits.cut(highest, count, -1)
        limits.count(count, lowest, highest)

    def _part(self, name: str) -> "_Part":
        return self._parts.setdefault(name, _Part())
