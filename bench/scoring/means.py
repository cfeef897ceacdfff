"""Plain references: the public scores of table C2 that the product does not have, or has only in part."""

from math import sqrt, tanh

from typing_extensions import override

from bench.scoring.data import Rating
from bench.scoring.prediction import Predictor

__all__ = ["Beta", "GlobalMean", "LastRating", "NetSum", "Newest", "Weighted", "Wilson"]


class GlobalMean(Predictor):
    """The mean of all ratings of everybody, for everybody."""

    @override
    def score(self, target: int, at: float) -> float:
        return self.mean


class LastRating(Predictor):
    """The newest rating."""

    def __init__(self) -> None:
        super().__init__()
        self.last = dict[int, float]()

    @override
    def score(self, target: int, at: float) -> float:
        return self.last.get(target, self.mean)

    @override
    def learn(self, rating: Rating) -> None:
        self.last[rating.target] = rating.value
        super().learn(rating)


class Newest(Predictor):
    """The mean of the newest few ratings."""

    def __init__(self, most: int = 5) -> None:
        super().__init__()
        self.most = most
        self.last = dict[int, tuple[float, ...]]()

    @override
    def score(self, target: int, at: float) -> float:
        last = self.last.get(target)
        return sum(last) / len(last) if last else self.mean

    @override
    def learn(self, rating: Rating) -> None:
        self.last[rating.target] = (*self.last.get(rating.target, ()), rating.value)[-self.most :]
        super().learn(rating)


class Beta(Predictor):
    """Jøsang and Ismail (2002): r and s of a rating v are (1 ± v)/2; each newer one leaves `memory`."""

    def __init__(self, memory: float = 1.0) -> None:
        super().__init__()
        self.memory = memory
        self.evidence = dict[int, tuple[float, float]]()

    @override
    def score(self, target: int, at: float) -> float:
        r, s = self.evidence.get(target, (0.0, 0.0))
        return (r - s) / (r + s + 2)

    @override
    def learn(self, rating: Rating) -> None:
        r, s = self.evidence.get(rating.target, (0.0, 0.0))
        good, bad = (1 + rating.value) / 2, (1 - rating.value) / 2
        self.evidence[rating.target] = (r * self.memory + good, s * self.memory + bad)
        super().learn(rating)


class Counts(Predictor):
    """Counts of positive and negative ratings received."""

    def __init__(self) -> None:
        super().__init__()
        self.counts = dict[int, tuple[int, int]]()

    @override
    def learn(self, rating: Rating) -> None:
        good, bad = self.counts.get(rating.target, (0, 0))
        self.counts[rating.target] = (good + (rating.value > 0), bad + (rating.value < 0))
        super().learn(rating)


class Wilson(Counts):
    """The lower end of Wilson's 95 % interval of the positive part, spread over -1 to 1."""

    @override
    def score(self, target: int, at: float) -> float:
        good, bad = self.counts.get(target, (0, 0))
        n, z = good + bad, 1.96
        if not n:
            return -1.0
        p = good / n
        half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return 2 * (p + z * z / (2 * n) - half) / (1 + z * z / n) - 1


class NetSum(Predictor):
    """The sum of all ratings, squeezed by tanh: it ranks by volume."""

    def __init__(self) -> None:
        super().__init__()
        self.sums = dict[int, float]()

    @override
    def score(self, target: int, at: float) -> float:
        return tanh(self.sums.get(target, 0.0))

    @override
    def learn(self, rating: Rating) -> None:
        self.sums[rating.target] = self.sums.get(rating.target, 0.0) + rating.value
        super().learn(rating)


class Weighted(Counts):
    """The mean with two imagined ratings of the global mean, each rating weighted by its rater's standing.

    `by_score`: (1 + the rater's score)/2; else the rater's support (p - n)/(p + n + 3), at least `floor`.
    """

    def __init__(self, *, by_score: bool, prior: float = 2.0, floor: float = 0.05) -> None:
        super().__init__()
        self.by_score, self.prior, self.floor = by_score, prior, floor
        self.sums = dict[int, tuple[float, float]]()

    @override
    def score(self, target: int, at: float) -> float:
        n, s = self.sums.get(target, (0.0, 0.0))
        return (s + self.prior * self.mean) / (n + self.prior)

    def weight(self, source: int, at: float) -> float:
        if self.by_score:
            return (1 + self.score(source, at)) / 2
        good, bad = self.counts.get(source, (0, 0))
        return max(self.floor, (good - bad) / (good + bad + 3))

    @override
    def learn(self, rating: Rating) -> None:
        w = self.weight(rating.source, rating.at)
        n, s = self.sums.get(rating.target, (0.0, 0.0))
        self.sums[rating.target] = (n + w, s + w * rating.value)
        super().learn(rating)
