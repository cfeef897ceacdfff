"""What each rating would have been expected to be, had it not been given.

Solving the graph anew without each of its edges in turn would take edges × rounds × edges steps. But one
edge less moves the solution only near it: the subject's goodness by about 1/its raters, each of those
raters' fairness by that over 2 × what they have rated, and so on. So the change is followed from the
solution of the whole graph by turns through the subject's raters and what the rater has rated, until it
settles. What it does beyond them comes back divided by a further two degrees.
"""

from collections.abc import Iterator

import msgspec

from renown.scoring.batch.fairness import Verdicts
from renown.scoring.batch.opinions import Opinions

__all__ = ["Expectation", "leave_one_out"]

_MOST_ROUNDS = 50


class Expectation(msgspec.Struct, frozen=True, gc=False):
    """One rating, and what was to be expected of it without it."""

    rater: str
    subject: str
    value: float
    fairness: float
    """The rater's, from its other ratings; 1 without any."""
    goodness: float
    """The subject's, from its other raters; 0 without any."""


def leave_one_out(opinions: Opinions, solved: Verdicts, *, tolerance: float = 1e-6) -> Iterator[Expectation]:
    """Yield the expectation of every rating; `solved` is the solution of all of them."""
    sums = {
        subject: sum([solved.fairness[rater] * value for rater, value in told.items()])
        for subject, told in opinions.received.items()
    }
    errors = {
        rater: sum([abs(value - solved.goodness[subject]) for subject, value in said.items()])
        for rater, said in opinions.given.items()
    }
    for rater, subject, value in opinions:
        around = _Around(opinions, solved, rater, subject)
        total = sums[subject] - solved.fairness[rater] * value
        error = errors[rater] - abs(value - solved.goodness[subject])
        fairness, goodness = around.settle(total, error, tolerance)
        yield Expectation(rater, subject, value, fairness, goodness)


class _Around:
    """An edge's neighbourhood without the edge."""

    def __init__(self, opinions: Opinions, solved: Verdicts, rater: str, subject: str) -> None:
        given, received = opinions.given, opinions.received
        self.fairness = solved.fairness[rater]
        self.goodness = solved.goodness[subject]
        self.raters = [
            (value, 2 * len(given[other])) for other, value in received[subject].items() if other != rater
        ]
        self.subjects = [
            (value, solved.goodness[other], value / len(received[other]))
            for other, value in given[rater].items()
            if other != subject
        ]

    def settle(self, total: float, error: float, tolerance: float) -> tuple[float, float]:
        """Return fairness and goodness, from Σ f·W over the other raters and Σ |W − g| over the others."""
        fairness, goodness = self.fairness, self.goodness
        for _ in range(_MOST_ROUNDS):
            better = self._better(total, goodness)
            fairer = self._fairer(error, fairness)
            settled = abs(better - goodness) < tolerance and abs(fairer - fairness) < tolerance
            fairness, goodness = fairer, better
            if settled:
                break
        return fairness, goodness

    def _better(self, total: float, goodness: float) -> float:
        if not self.raters:
            return 0.0
        if goodness != self.goodness:
            was = self.goodness
            total -= sum(
                [value * (abs(value - goodness) - abs(value - was)) / twice for value, twice in self.raters]
            )
        return total / len(self.raters)

    def _fairer(self, error: float, fairness: float) -> float:
        if not self.subjects:
            return 1.0
        shift = fairness - self.fairness
        if shift:
            error += sum(
                [abs(value - good - shift * part) - abs(value - good) for value, good, part in self.subjects]
            )
        return 1 - error / (2 * len(self.subjects))
