"""Table B1: every rating of Bitcoin OTC predicted from all others, earlier and later ones."""

from collections.abc import Callable

from bench.scoring.data import Rating
from bench.scoring.measures import Pairs
from renown.scoring.batch import Opinions, fairness_goodness, leave_one_out

__all__ = ["left_out"]

Guesses = dict[str, list[tuple[float, float]]]


def left_out(ratings: list[Rating]) -> dict[str, Pairs]:
    """Return (guess, truth) of every rating by each method of the table that we have."""
    opinions = Opinions((str(rating.source), str(rating.target), rating.value) for rating in ratings)
    guesses = _closed(opinions)
    solved = fairness_goodness(opinions)
    for each in leave_one_out(opinions, solved):
        guesses["Goodness"].append((each.goodness, each.value))
        guesses["Fairness × Goodness"].append((each.fairness * each.goodness, each.value))
    return dict(guesses)


def _closed(opinions: Opinions) -> Guesses:
    """The closed forms: what t said of s, or 0; Bayesian mean m = 2, + rater's bias, + half the answer."""
    told: Callable[[str], dict[str, float]] = opinions.given.__getitem__
    mean = sum(value for _, _, value in opinions) / len(opinions)
    sums = {subject: (sum(by.values()), len(by)) for subject, by in opinions.received.items()}
    names = ("Reciprocal", "Goodness", "Fairness × Goodness")
    closed = ("Bayesian mean m=2", "Bayes + rater's bias", "Bayes + bias + half the answer")
    guesses: Guesses = {name: [] for name in (*names, *closed)}

    def bayes(subject: str, left: float) -> float:
        total, count = sums[subject]
        return (total - left + 2 * mean) / (count + 1)

    # The rater's bias is against what each of its subjects would score without it.
    for rater in opinions.given:
        residues = {subject: value - bayes(subject, value) for subject, value in told(rater).items()}
        total = sum(residues.values())
        for subject, value in told(rater).items():
            bias = (total - residues[subject]) / (len(residues) - 1 + 4)
            public = bayes(subject, value)
            answer = opinions.given.get(subject, {}).get(rater)
            both = public + bias
            full = both if answer is None else (both + answer) / 2
            for name, guess in zip(("Reciprocal", *closed), (answer or 0.0, public, both, full), strict=True):
                guesses[name].append((max(-1.0, min(1.0, guess)), value))
    return guesses
