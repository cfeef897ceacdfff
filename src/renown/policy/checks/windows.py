"""What a window may say, and which methods may have which."""

from itertools import pairwise

from renown.policy.checks.requiring import require, within
from renown.policy.scores.aggregating import Beta, ResidualMean
from renown.policy.scores.methods import Aggregating, BayesianMean, FadingMean
from renown.policy.scores.windows import Window

__all__ = ["check_window"]

_MOST_BUCKETS = 400


def check_window(method: Aggregating, path: str) -> None:
    """Check the window of a method, where it has one."""
    window: Window | None = getattr(method, "window", None)
    if window is None:
        return
    path = f"{path}.window"
    kinds = [window.days is not None, window.last is not None, window.calendar is not None]
    require(sum(kinds) == 1, path, "it has to be one kind of window", "one of days, last, calendar")
    forgets = isinstance(method, FadingMean) or (isinstance(method, Beta) and method.memory < 1)
    require(
        window.last is not None or not forgets,
        path,
        "what forgets with every rating cannot be put together from buckets",
        "last = <number>, or memory = 1",
    )
    within(window.last, 1, 1000, f"{path}.last")
    require(
        window.period == "current" or window.calendar is not None,
        f"{path}.period",
        "only a calendar has periods",
        "calendar beside it",
    )
    if window.last is None:
        # Exact sums grow by a bit per half-life since 1970, and there is one of them per bucket.
        within(
            getattr(method, "half_life_days", None),
            90,
            36_525,
            f"{path.removesuffix('window')}half_life_days",
        )
    if window.lengths:
        _days(window, path)
        several = len(window.lengths) > 1
        require(not several or not _runs(method), f"{path}.days", "a running mean has one", "one length")
        return
    for key, plain in (("bucket_days", None), ("pick", "highest"), ("min_count", 1)):
        good = getattr(window, key) == plain
        require(good, f"{path}.{key}", "it is for a window of days", "days beside it")


def _runs(method: Aggregating) -> bool:
    if isinstance(method, ResidualMean):
        return method.running
    return isinstance(method, BayesianMean) and method.prior.running


def _days(window: Window, path: str) -> None:
    lengths = window.lengths
    for length in lengths:
        within(length, 0.01, 36_525, f"{path}.days")
    require(len(lengths) <= 8, f"{path}.days", f"there are {len(lengths)} lengths", "8 at most")
    ascending = all(a < b for a, b in pairwise(lengths))
    require(ascending, f"{path}.days", "the lengths do not ascend", "the shortest first")
    least = lengths[-1] / _MOST_BUCKETS
    within(window.bucket, least, lengths[0], f"{path}.bucket_days")
    within(window.min_count, 1, 10**9, f"{path}.min_count")
    several = len(lengths) > 1
    require(several or window.pick == "highest", f"{path}.pick", "there is one length", "several days")
    require(several or window.min_count == 1, f"{path}.min_count", "there is one length", "several days")
