"""What `[raters]` must say together."""

from itertools import pairwise

from renown.policy.checks.requiring import require, within
from renown.policy.nearest import expected_one_of
from renown.policy.schema import Policy, Raters
from renown.policy.scores.methods import FadingMean
from renown.policy.scores.ranges import LARGEST

__all__ = ["check_raters"]

_Points = tuple[tuple[float, float], ...]


def check_raters(policy: Policy, raters: Raters) -> None:
    """Check what the weight of a rater's word comes from."""
    within(raters.floor, 0.001, 1, "raters.floor")
    within(raters.seeds, 0, 10_000, "raters.seeds")
    if raters.by_support:
        # With nothing but a list of excluded actors there are no weights to be had from anywhere.
        require(
            _keeps_support(policy) or raters.excluded,
            "raters",
            "rater weights need the support that only a fading mean keeps, or something else to go by",
            'score.method = "fading_mean", without a window, or by_tier, by_score, by_age_days',
        )
    else:
        require(raters.seeds == 0, "raters.seeds", "seeds are for weights by support", "0")
    names = [tier.name for tier in policy.tiers]
    for name, weight in raters.by_tier.items():
        path = f"raters.by_tier.{name}"
        require(
            name in names, path, f"`{name}` is no tier", expected_one_of(name, names) if names else "a tier"
        )
        within(weight, 0, 1, path)
    _line(raters.by_score, -LARGEST, "raters.by_score")
    _line(raters.by_age_days, 0, "raters.by_age_days")
    for i, actor in enumerate(raters.excluded):
        require(":" in actor, f"raters.excluded[{i}]", f"`{actor[:40]}` is no key", "kind:id")


def _keeps_support(policy: Policy) -> bool:
    return isinstance(policy.score, FadingMean) and policy.score.window is None


def _line(points: _Points, low: float, path: str) -> None:
    for i, (at, weight) in enumerate(points):
        within(at, low, LARGEST, f"{path}[{i}]")
        within(weight, 0, 1, f"{path}[{i}]")
    for i, ((one, _), (two, _)) in enumerate(pairwise(points)):
        require(one < two, f"{path}[{i + 1}]", "the points do not ascend", f"more than {one:g}")
