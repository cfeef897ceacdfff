"""R3: the same ingredients through recursive least squares; a forecast beside the score, not the score."""

from math import log1p

from typing_extensions import override

from bench.scoring.data import Rating
from bench.scoring.means import Counts, LastRating, Newest
from bench.scoring.pairs import Expected, SecondHand
from bench.scoring.prediction import Predictor

__all__ = ["Forecast", "LeastSquares"]


class LeastSquares:
    """Ridge regression that learns one row at a time: O(d²) per row, nothing kept of earlier ones."""

    def __init__(self, size: int, ridge: float = 3.0) -> None:
        self.weights = [0.0] * size
        self.inverse = [[float(i == j) / ridge for j in range(size)] for i in range(size)]

    def guess(self, row: list[float]) -> float:
        return sum([w * x for w, x in zip(self.weights, row, strict=True)])

    def learn(self, row: list[float], truth: float) -> None:
        gains = [sum([p * x for p, x in zip(line, row, strict=True)]) for line in self.inverse]
        scale = 1 / (1 + sum([g * x for g, x in zip(gains, row, strict=True)]))
        step = (truth - self.guess(row)) * scale
        self.weights = [w + step * g for w, g in zip(self.weights, gains, strict=True)]
        self.inverse = [
            [p - g * scale * h for p, h in zip(line, gains, strict=True)]
            for line, g in zip(self.inverse, gains, strict=True)
        ]


class Forecast(Predictor):
    """R3 on features of the target alone (8), or with the rater's and the pair's (17).

    The target: 1, public score, mean, last, mean of the last five, fast mean, part of negatives, log of the
    count. The pair: whether and what the target has said of the source, whether and what those say whom the
    source trusts, the source's bias, its own score, its part of negatives given, log of what it has given,
    and the answer again less the public score.
    """

    def __init__(self, public: Predictor, slow: Predictor, fast: Predictor, *, pair: bool) -> None:
        super().__init__()
        self.pair = pair
        self.public = Expected(public)
        self.slow, self.fast = slow, fast
        self.last, self.five, self.counts = LastRating(), Newest(), Counts()
        self.given = Counts()
        self.second = SecondHand(public=LastRating(), prior=0.3)
        self.model = LeastSquares(17 if pair else 8)

    def row(self, source: int, target: int, at: float) -> list[float]:
        score = self.public.score(target, at)
        good, bad = self.counts.counts.get(target, (0, 0))
        row = [
            1.0,
            score,
            self.slow.score(target, at),
            self.last.score(target, at),
            self.five.score(target, at),
            self.fast.score(target, at),
            bad / (good + bad + 1),
            log1p(good + bad) / 5,
        ]
        return row + self._of_pair(source, target, at, score) if self.pair else row

    def _of_pair(self, source: int, target: int, at: float, score: float) -> list[float]:
        back = self.public.pairs.get((target, source))
        kind, harsh = self.given.counts.get(source, (0, 0))
        return [
            float(back is not None),
            back or 0.0,
            0.0 if back is None else back - score,
            self.second.expect(source, target, at),
            self.public.bias(source),
            self.public.score(source, at),
            harsh / (kind + harsh + 1),
            log1p(kind + harsh) / 5,
            self.public.bias(source) * float(back is None),
        ]

    @override
    def expect(self, source: int, target: int, at: float) -> float:
        guess = self.model.guess(self.row(source, target, at))
        return max(-1.0, min(1.0, guess))

    @override
    def learn(self, rating: Rating) -> None:
        if rating.target in self.counts.counts:
            self.model.learn(self.row(rating.source, rating.target, rating.at), rating.value)
        for each in (self.public, self.slow, self.fast, self.last, self.five, self.counts, self.second):
            each.learn(rating)
        self.given.learn(rating._replace(target=rating.source))
        super().learn(rating)
