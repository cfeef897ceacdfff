"""Fairness and goodness (Kumar, Spezzano, Subrahmanian and Faloutsos, ICDM 2016).

How good a subject is depends on how fair its raters are, and how fair a rater is on how near its ratings
come to the goodness of those it rates:

    g(v) = mean over raters u of f(u) · W(u, v)
    f(u) = 1 − mean over subjects v of |W(u, v) − g(v)| / 2

They are found by turns from f = g = 1 until both change by less than `tolerance` in sum; the authors prove
that there is one solution and that the turns approach it exponentially.
"""

import msgspec

from renown.scoring.batch.opinions import Opinions

__all__ = ["Verdicts", "fairness_goodness"]


class Verdicts(msgspec.Struct, frozen=True):
    """What the iteration came to."""

    goodness: dict[str, float]
    """-1 to 1, by subject; who has received nothing is not in it and has 0."""
    fairness: dict[str, float]
    """0 to 1, by rater; who has said nothing is not in it and has 1."""
    rounds: int
    settled: bool
    """Whether the last round changed less than the tolerance."""

    def expected(self, rater: str, subject: str) -> float:
        """Return fairness × goodness: what `rater` would be expected to say of `subject`."""
        return self.fairness.get(rater, 1.0) * self.goodness.get(subject, 0.0)


def fairness_goodness(
    opinions: Opinions, *, start: Verdicts | None = None, tolerance: float = 1e-3, most_rounds: int = 1000
) -> Verdicts:
    """Solve the whole graph; a `start` near the solution saves rounds and leads to the same one."""
    given, received = opinions.given, opinions.received
    fairness = dict.fromkeys(given, 1.0)
    goodness = dict.fromkeys(received, 1.0)
    if start is not None:
        fairness.update(start.fairness)
        goodness.update(start.goodness)
    for done in range(1, most_rounds + 1):
        better = {
            subject: sum([fairness[rater] * value for rater, value in told.items()]) / len(told)
            for subject, told in received.items()
        }
        fairer = {
            rater: 1
            - sum([abs(value - better[subject]) for subject, value in said.items()]) / (2 * len(said))
            for rater, said in given.items()
        }
        moved = sum([abs(value - goodness[subject]) for subject, value in better.items()])
        turned = sum([abs(value - fairness[rater]) for rater, value in fairer.items()])
        goodness, fairness = better, fairer
        if moved < tolerance and turned < tolerance:
            return Verdicts(goodness, fairness, done, True)
    return Verdicts(goodness, fairness, most_rounds, False)
