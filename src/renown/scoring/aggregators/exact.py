"""Sums that do not depend on the order of their terms.

Floating-point addition is not associative; integer addition is. Terms are kept as integers in units of
2**-64, so that any order of folding and taking back leaves the same state to the last digit. A half-life
is exact in the same way: instead of shrinking what is old, a term is stored multiplied by
2**(at / half_life), and the reader divides by 2**(now / half_life). Python's integers grow as needed,
by one bit per half-life since 1970, and the quotient of two integers is correctly rounded.
"""

from math import floor

from renown.scoring.aggregators.aggregator import moment

__all__ = ["growth", "spread_bounds", "units"]

_UNIT = 2.0**64


def units(value: float) -> int:
    """Return `value` as an integer in units of 2**-64."""
    return int(value * _UNIT)


def growth(at: float, half_life: float | None) -> tuple[float, int]:
    """Return 2**(at / half_life) as a factor in [1, 2) and a shift; (1, 0) without a half-life."""
    if half_life is None:
        return 1.0, 0
    halvings = moment(at) / half_life
    shift = floor(halvings)
    return 2.0 ** (halvings - shift), shift


def spread_bounds(
    *,
    score: float,
    mass: float,
    spread: float,
    prior: tuple[float, float],
    z: float,
    scale: tuple[float, float],
) -> tuple[float, float]:
    """Return low and high around a weighted mean: a normal approximation to its posterior.

    `mass` is the weight of the evidence, `spread` its sum of w·(value − score)², `prior` the prior's value
    and weight. The prior's ratings, and two more that stand for not knowing the spread, are taken to
    lie evenly over the scale (variance range²/12). With v the variance of all these together and n the
    weight of evidence and prior, the half-width is z·sqrt(v / (n + 1)): the form that follows from a
    Dirichlet prior over the ratings (Evan Miller, "Ranking Items With Star Ratings", 2014).
    The interval is cut at the ends of the scale and always contains the score.
    """
    low, high = scale
    value, weight = prior
    evenly = (high - low) ** 2 / 12
    n = mass + weight
    variance = (max(spread, 0.0) + weight * ((value - score) ** 2 + evenly) + 2 * evenly) / (n + 2)
    half = z * (variance / (n + 1)) ** 0.5
    return max(low, min(score - half, score)), min(high, max(score + half, score))
