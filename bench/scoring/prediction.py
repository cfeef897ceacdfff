"""The prequential protocol: each rating is predicted from what came before it, then learnt."""

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from time import perf_counter
from typing import NamedTuple, Self

from bench.scoring.data import Rating
from bench.scoring.measures import Figures, figures

__all__ = ["Outcome", "Predictor", "both_ways", "prequential"]


class Predictor:
    """Something that guesses ratings (-1 to 1) and learns them.

    What it remembers lies in dicts of its own whose values are never changed in place, and in plain
    attributes: so `fork` is cheap, and attacks can be tried on a fork.
    """

    def __init__(self) -> None:
        self.mean = 0.0
        """Of all ratings learnt."""
        self.count = 0

    def expect(self, source: int, target: int, at: float) -> float:
        """Return the guess of what `source` will say of `target`; the public score unless overridden."""
        _ = source
        return self.score(target, at)

    def score(self, target: int, at: float) -> float:
        """Return the one public number of `target`."""
        raise NotImplementedError

    def learn(self, rating: Rating) -> None:
        """Take a rating in; overriders call this last, so that `mean` is of earlier ratings till then."""
        self.count += 1
        self.mean += (rating.value - self.mean) / self.count

    def fork(self) -> Self:
        """Return a copy that learns by itself."""
        twin = copy(self)
        for name, value in vars(self).items():
            if isinstance(value, dict):
                setattr(twin, name, value.copy())
        return twin

    def alone(self, target: int) -> Self:
        """Return a copy that knows nobody but `target`: to ask it later what it thought now."""
        twin = copy(self)
        for name, value in vars(self).items():
            if isinstance(value, dict):
                kept = {key: value[key] for key in (target, f"trader:{target}") if key in value}
                setattr(twin, name, kept)
        return twin

    def believe(self, later: "Predictor") -> None:
        """Take over what `later` believes of all: their mean rating."""
        self.mean = later.mean


class Outcome(NamedTuple):
    figures: Figures
    scored: int
    negative: float
    """The part of the scored ratings that is negative."""
    micros: float
    """Per event, predicting and learning together."""
    pairs: list[tuple[float, float]]


def prequential(predictor: Predictor, ratings: Iterable[Rating], *, skip: int = 0) -> Outcome:
    """Predict and learn; scored are ratings of targets with an earlier one, after the first `skip` events."""
    return both_ways(predictor, ratings, (predictor.expect,), skip=skip)[0]


def both_ways(
    predictor: Predictor,
    ratings: Iterable[Rating],
    asks: Sequence[Callable[[int, int, float], float]],
    *,
    skip: int = 0,
) -> list[Outcome]:
    """Return an outcome for each of several questions asked of one predictor in one pass."""
    guesses: list[list[tuple[float, float]]] = [[] for _ in asks]
    seen = set[int]()
    events = 0
    began = perf_counter()
    for rating in ratings:
        if rating.target in seen:
            for ask, pairs in zip(asks, guesses, strict=True):
                guess = ask(rating.source, rating.target, rating.at)
                if events >= skip:
                    pairs.append((guess, rating.value))
        else:
            seen.add(rating.target)
        predictor.learn(rating)
        events += 1
    micros = (perf_counter() - began) / events * 1e6
    negative = sum(truth < 0 for _, truth in guesses[0]) / len(guesses[0])
    return [Outcome(figures(pairs), len(pairs), negative, micros, pairs) for pairs in guesses]
