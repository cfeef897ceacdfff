"""What the keys of a `[score]` table must say together."""

from renown.policy.checks.requiring import require, within
from renown.policy.checks.windows import check_window
from renown.policy.schema import Scale
from renown.policy.scores.aggregating import (
    Beta,
    Distinct,
    Growing,
    Hot,
    Last,
    Max,
    Min,
    Quantile,
    ResidualMean,
    Streak,
    Sum,
    Wilson,
)
from renown.policy.scores.methods import Aggregating, BayesianMean, FadingMean, Mean, Points
from renown.policy.scores.ranges import LARGEST

__all__ = ["check_method"]


def check_method(method: Aggregating, scale: Scale, path: str) -> None:
    """Check one method, whose category has `scale`."""
    match method:
        case Points(start=start, floor=floor, daily_cap=cap):
            within(start, -LARGEST, LARGEST, f"{path}.start")
            within(floor, -LARGEST, start, f"{path}.floor")
            within(cap, 0, LARGEST, f"{path}.daily_cap")
        case Mean(start=start) | Min(start=start) | Max(start=start):
            within(start, scale.min, scale.max, f"{path}.start")
        case BayesianMean() | FadingMean():
            _means(method, scale, path)
        case Sum(start=start):
            within(start, -LARGEST, LARGEST, f"{path}.start")
        case _:
            _others(method, scale, path)
    check_window(method, path)


def _means(method: BayesianMean | FadingMean, scale: Scale, path: str) -> None:
    within(method.prior.value, scale.min, scale.max, f"{path}.prior.value")
    within(method.prior.weight, 0.001, 1e6, f"{path}.prior.weight")
    within(method.half_life_days, 7, 36_525, f"{path}.half_life_days")
    if isinstance(method, FadingMean):
        within(method.memory, 0.01, 1, f"{path}.memory")


def _others(method: Aggregating, scale: Scale, path: str) -> None:
    match method:
        case Distinct(exact=exact):
            within(exact, 16, 4096, f"{path}.exact")
        case Last(start=start, keep_days=days):
            within(start, scale.min, scale.max, f"{path}.start")
            within(days, 0.01, 36_525, f"{path}.keep_days")
        case Quantile():
            _quantile(method, scale, path)
        case Wilson(z=z):
            within(z, 0.01, 10, f"{path}.z")
        case Beta(good=good, bad=bad, memory=memory):
            within(good, 0.001, 1e6, f"{path}.good")
            within(bad, 0.001, 1e6, f"{path}.bad")
            within(memory, 0.01, 1, f"{path}.memory")
        case ResidualMean(around=around, weight=weight):
            within(around, scale.min, scale.max, f"{path}.around")
            within(weight, 0.001, 1e6, f"{path}.weight")
        case Hot(epoch=epoch, seconds=seconds, start=start):
            within(epoch, 0, 7_258_118_400, f"{path}.epoch")
            within(seconds, 1, LARGEST, f"{path}.seconds")
            within(start, -LARGEST, LARGEST, f"{path}.start")
        case Streak(within_days=days):
            within(days, 1, 400, f"{path}.within_days")
        case Growing(after_days=after, more=more, step_days=step):
            within(after, 0.01, 3_650, f"{path}.after_days")
            within(more, 0, 1000, f"{path}.more")
            within(step, max(after / 100, 1 / 1440), after, f"{path}.step_days")
        case _:
            return


def _quantile(method: Quantile, scale: Scale, path: str) -> None:
    within(method.q, 0.001, 0.999, f"{path}.q")
    within(method.start, scale.min, scale.max, f"{path}.start")
    if method.step is not None:
        apart = scale.max - scale.min
        good = method.step > 0 and apart / method.step <= 1000
        least = f"{apart / 1000:g} to {apart:g}"
        require(good and method.step <= apart, f"{path}.step", f"`{path}.step` is {method.step:g}", least)
