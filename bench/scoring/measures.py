"""Measures of predictions: pairs of (guess, truth)."""

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

__all__ = ["Figures", "Pairs", "auc", "figures", "pearson", "rmse"]

Pairs = Sequence[tuple[float, float]]


class Figures(NamedTuple):
    rmse: float
    pearson: float
    auc: float
    """Of "the truth is negative" by minus the guess."""


def rmse(pairs: Pairs) -> float:
    """Return the root of the mean squared error."""
    return sqrt(sum((guess - truth) ** 2 for guess, truth in pairs) / len(pairs))


def pearson(pairs: Pairs) -> float:
    """Return the correlation; 0 when one side is constant."""
    n = len(pairs)
    mean_guess = sum(guess for guess, _ in pairs) / n
    mean_truth = sum(truth for _, truth in pairs) / n
    both = sum((guess - mean_guess) * (truth - mean_truth) for guess, truth in pairs)
    guesses = sum((guess - mean_guess) ** 2 for guess, _ in pairs)
    truths = sum((truth - mean_truth) ** 2 for _, truth in pairs)
    return both / sqrt(guesses * truths) if guesses and truths else 0.0


def auc(pairs: Pairs) -> float:
    """Return the area under the curve of "negative" by minus the guess: ties count half."""
    ranked = sorted((-guess, truth < 0) for guess, truth in pairs)
    rank_sum, i = 0.0, 0
    while i < len(ranked):
        j = i
        while j < len(ranked) and ranked[j][0] == ranked[i][0]:
            j += 1
        rank_sum += (i + j + 1) / 2 * sum(bad for _, bad in ranked[i:j])
        i = j
    bad = sum(bad for _, bad in ranked)
    return (rank_sum - bad * (bad + 1) / 2) / (bad * (len(ranked) - bad))


def figures(pairs: Pairs) -> Figures:
    """Return all three."""
    return Figures(rmse(pairs), pearson(pairs), auc(pairs))
