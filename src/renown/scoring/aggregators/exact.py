"""Sums that do not depend on the order of their terms.

Floating-point addition is not associative; integer addition is. Terms are kept as integers in units of
2**-64, so that any order of folding and taking back leaves the same state to the last digit. A half-life
is exact in the same way: instead of shrinking what is old, a term is stored multiplied by
2**(at / half_life), and the reader divides by 2**(now / half_life). Python's integers grow as needed,
by one bit per half-life since 1970.
"""

from functools import lru_cache
from math import floor, sqrt

from renown.model import Contribution
from renown.scoring.aggregators.aggregator import Cell, moment

__all__ = ["UNIT", "bounds_around", "changed", "growth", "no_earlier", "sums", "units"]

UNIT = 2.0**64

_MOST_BITS = 128
"""Read long before an event, its weight would be huge: sums are read no earlier than at a weight of 2**64."""


def units(value: float) -> int:
    """Return `value` as an integer in units of 2**-64."""
    return int(value * UNIT)


@lru_cache(maxsize=256)
def growth(at: float, half_life: float | None) -> tuple[float, int]:
    """Return 2**(at / half_life) in units, as a factor in [UNIT, 2·UNIT) and a shift."""
    if half_life is None:
        return UNIT, 0
    halvings = moment(at) / half_life
    shift = floor(halvings)
    return 2.0 ** (halvings - shift) * UNIT, shift


def no_earlier(cell: Cell, at: float, half_life: float | None) -> float:
    """Return `at`, or the later time that `sums` reads at when events lie too far after `at`."""
    if half_life is None:
        return at
    excess = int(cell[1]).bit_length() - _MOST_BITS - growth(at, half_life)[1]
    return at if excess <= 0 else moment(at) + excess * half_life


def changed(cell: Cell, contribution: Contribution, at: float, half_life: float | None, sign: int) -> Cell:
    """Return a cell (count, N, S, Q) with the contribution's w, w·value and w·value² added or subtracted."""
    count, n, s, q = cell
    factor, shift = growth(at, half_life)
    value = contribution.value
    weight = contribution.weight * factor * sign
    weighted = weight * value
    if shift:
        return (
            count + sign,
            n + (int(weight) << shift),
            s + (int(weighted) << shift),
            q + (int(weighted * value) << shift),
        )
    return (count + sign, n + int(weight), s + int(weighted), q + int(weighted * value))


def sums(cell: Cell, at: float, half_life: float | None) -> tuple[float, float, float]:
    """Return N, S and Q of a cell, faded to `at`."""
    factor, shift = growth(at, half_life)
    _, n, s, q = cell
    if half_life is not None:
        n, s, q = int(n), int(s), int(q)
        excess = n.bit_length() - _MOST_BITS - shift
        if excess > 0:
            shift += excess
        return (n >> shift) / factor, (s >> shift) / factor, (q >> shift) / factor
    return n / factor, s / factor, q / factor


def bounds_around(
    score: float, evidence: float, spread: float, prior: tuple[float, float], shape: tuple[float, ...]
) -> tuple[float, float]:
    """Return low and high around a weighted mean: a normal approximation to its posterior.

    `evidence` is the weight of the evidence and `spread` its Σ w·(value − score)²; `prior` is the
    prior's value and weight; `shape` is (low end, high end, range² / 12, z). The prior's ratings, and two
    more that stand for not knowing the spread, are taken to lie evenly over the scale (variance
    range²/12). With v the variance of all these together and n the weight of evidence and prior, the
    half-width is z·sqrt(v / (n + 1)): the form that follows from a Dirichlet prior over the ratings (Evan
    Miller, "Ranking Items With Star Ratings", 2014). The interval is cut at the ends of the scale and
    always contains the score.
    """
    low, high, evenly, z = shape
    value, weight = prior
    n = evidence + weight
    apart = value - score
    variance = ((spread if spread > 0 else 0.0) + weight * (apart * apart + evenly) + 2 * evenly) / (n + 2)
    half = z * sqrt(variance / (n + 1))
    below, above = score - half, score + half
    return low if below < low else below, high if above > high else above
