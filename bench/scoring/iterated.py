"""Fairness and goodness along a stream: solved anew every so often, or learnt one event at a time."""

from typing_extensions import override

from bench.scoring.data import Rating
from bench.scoring.means import Newest
from bench.scoring.prediction import Predictor
from renown.scoring.batch import Opinions, Verdicts, fairness_goodness

__all__ = ["BatchGoodness", "OnlineGoodness"]


class BatchGoodness(Predictor):
    """The engine's batch tool, run after every `every` ratings from where it stood.

    A target the last run did not know has its running mean. `expect` is fairness × goodness.
    """

    def __init__(self, every: int) -> None:
        super().__init__()
        self.every = every
        self.running = Newest(every)
        self.opinions = Opinions()
        self.solved = Verdicts({}, {}, 0, True)

    @override
    def score(self, target: int, at: float) -> float:
        known = self.solved.goodness.get(str(target))
        return self.running.score(target, at) if known is None else known

    @override
    def expect(self, source: int, target: int, at: float) -> float:
        return self.solved.fairness.get(str(source), 1.0) * self.score(target, at)

    @override
    def learn(self, rating: Rating) -> None:
        self.running.learn(rating)
        self.opinions.add(str(rating.source), str(rating.target), rating.value)
        super().learn(rating)
        if self.count % self.every == 0:
            self.solved = fairness_goodness(self.opinions, start=self.solved)


class OnlineGoodness(Predictor):
    """The same two equations, each event changing two sums; goodness has two ratings of the mean."""

    def __init__(self, prior: float = 2.0) -> None:
        super().__init__()
        self.prior = prior
        self.told = dict[int, tuple[float, float]]()
        self.missed = dict[int, tuple[float, int]]()

    @override
    def score(self, target: int, at: float) -> float:
        n, s = self.told.get(target, (0.0, 0.0))
        return (s + self.prior * self.mean) / (n + self.prior)

    @override
    def learn(self, rating: Rating) -> None:
        before = self.score(rating.target, rating.at)
        error, count = self.missed.get(rating.source, (0.0, 0))
        fairness = 1 - error / (2 * count) if count else 1.0
        n, s = self.told.get(rating.target, (0.0, 0.0))
        self.told[rating.target] = (n + fairness, s + fairness * rating.value)
        self.missed[rating.source] = (error + abs(rating.value - before), count + 1)
        super().learn(rating)
