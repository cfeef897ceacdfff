"""The highest value."""

from renown.scoring.aggregators.min import MinAggregator

__all__ = ["MaxAggregator"]


class MaxAggregator(MinAggregator):
    """The lowest of the negated values, negated."""

    sign = -1.0
