"""Sums that do not depend on the order of their terms.

Floating-point addition is not associative; integer addition is. Terms are kept as integers in units of
2**-64, so that any order of folding and taking back leaves the same state to the last digit. A half-life
is exact in the same way: instead of shrinking what is old, a term is stored multiplied by
2**(at / half_life), and the reader divides by 2**(now / half_life). Python's integers grow as needed,
by one bit per half-life since 1970.
"""

from functools import lru_cache
from math import floor, sqrt
from typing import Any

from renown.scoring.aggregators.aggregator import Cell, moment

__all__ = [
    "UNIT",
    "Growth",
    "bounds_around",
    "first_sums",
    "growth_of",
    "no_earlier",
    "sums",
    "units",
]

UNIT = 2.0**64

_MOST_BITS = 128
"""Read long before an event, its weight would be huge: sums are read no earlier than at a weight of 2**64."""


def units(value: float) -> int:
    """Return `value` as an integer in units of 2**-64."""
    return int(value * UNIT)


class Growth:
    """2**(at / half_life): what a term at `at` is stored multiplied by; 1 without a half-life.

    One event asks for the same time once per category it rates and again for the reading, so the newest
    answer is kept. It is replaced as a whole, so threads may share it.
    """

    __slots__ = ("half_life", "newest")

    def __init__(self, half_life: float | None) -> None:
        self.half_life = half_life
        self.newest = (0.0, UNIT, 0)
        """The newest answer."""

    def at(self, at: float) -> tuple[float, float, int]:
        """Return the time it is for, the growth as a factor in [UNIT, 2·UNIT), and a shift."""
        newest = self.newest
        if newest[0] == at or self.half_life is None:
            return newest
        halvings = moment(at) / self.half_life
        shift = floor(halvings)
        self.newest = newest = (at, 2.0 ** (halvings - shift) * UNIT, shift)
        return newest


@lru_cache(maxsize=256)
def growth_of(half_life: float | None) -> Growth:
    """Return the growth of a half-life in seconds, the same one to all who ask."""
    return Growth(half_life)


def no_earlier(cell: Cell, at: float, growth: Growth) -> float:
    """Return `at`, or the later time that `sums` reads at when events lie too far after `at`."""
    if growth.half_life is None:
        return at
    excess = int(cell[1]).bit_length() - _MOST_BITS - growth.at(at)[2]
    return at if excess <= 0 else moment(at) + excess * growth.half_life


def sums(cell: tuple[Any, ...], at: float, growth: Growth) -> tuple[float, float, float]:
    """Return N, S and Q of a cell, faded to `at`."""
    _, n, s, q = cell
    if growth.half_life is None:
        return n / UNIT, s / UNIT, q / UNIT
    time, factor, shift = growth.newest
    if time != at:
        _, factor, shift = growth.at(at)
    if n.bit_length() > shift + _MOST_BITS:
        shift = n.bit_length() - _MOST_BITS
    return (n >> shift) / factor, (s >> shift) / factor, (q >> shift) / factor


def first_sums(cell: tuple[Any, ...], at: float, growth: Growth) -> tuple[float, float]:
    """Return N and S alone, the same as `sums` gives."""
    _, n, s, _ = cell
    if growth.half_life is None:
        return n / UNIT, s / UNIT
    time, factor, shift = growth.newest
    if time != at:
        _, factor, shift = growth.at(at)
    if n.bit_length() > shift + _MOST_BITS:
        shift = n.bit_length() - _MOST_BITS
    return (n >> shift) / factor, (s >> shift) / factor


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
