"""Plain references of R1, the fading mean, without and with its armour, and of what else weighs raters."""

from typing_extensions import override

from bench.scoring.data import Rating
from bench.scoring.prediction import Predictor

__all__ = ["BiasCorrected", "Fading"]

DAY = 86_400.0


class Fading(Predictor):
    """R1: S <- S k + w r, N <- N k + w with k = 2^(-dt / 180 d) memory^w; score (S + W mu) / (N + W).

    w = max(floor, (P - M) / (P + M + 1)), P and M the weights of the positive and negative ratings that the
    rater has received. With `gated` a giver at the floor adds nothing to them; the first `seeds` raters
    weigh 1. `floor` None: everybody weighs 1.
    """

    def __init__(
        self,
        *,
        floor: float | None,
        gated: bool = False,
        seeds: int = 0,
        memory: float = 0.8,
        prior: float = 0.5,
    ) -> None:
        super().__init__()
        self.floor, self.gated, self.seeds, self.memory, self.prior = floor, gated, seeds, memory, prior
        self.sums = dict[int, tuple[float, float, float]]()
        self.support = dict[int, tuple[float, float]]()
        self.seeded = dict[int, bool]()

    @override
    def score(self, target: int, at: float) -> float:
        n, s, last = self.sums.get(target, (0.0, 0.0, at))
        fade = 2 ** (-(at - last) / (180 * DAY))
        return (s * fade + self.prior * self.mean) / (n * fade + self.prior)

    def weight(self, source: int) -> float:
        """Return what `source`'s word weighs."""
        if self.floor is None or source in self.seeded or len(self.seeded) < self.seeds:
            return 1.0
        good, bad = self.support.get(source, (0.0, 0.0))
        return max(self.floor, (good - bad) / (good + bad + 1))

    @override
    def learn(self, rating: Rating) -> None:
        w = self.weight(rating.source)
        if len(self.seeded) < self.seeds:
            self.seeded[rating.source] = True
        n, s, last = self.sums.get(rating.target, (0.0, 0.0, rating.at))
        keep = 2 ** (-(rating.at - last) / (180 * DAY)) * self.memory**w
        self.sums[rating.target] = (n * keep + w, s * keep + w * rating.value, rating.at)
        if not self.gated or (self.floor is not None and w > self.floor):
            good, bad = self.support.get(rating.target, (0.0, 0.0))
            self.support[rating.target] = (good + w * (rating.value > 0), bad + w * (rating.value < 0))
        super().learn(rating)


class BiasCorrected(Predictor):
    """The mean of ratings less their raters' biases, with two imagined ratings of the global mean.

    A rater's bias is Σ (rating - the target's score) / (its ratings + 4). With `pair` it is added back.
    """

    def __init__(self, *, pair: bool, prior: float = 2.0) -> None:
        super().__init__()
        self.pair, self.prior = pair, prior
        self.sums = dict[int, tuple[float, float]]()
        self.given = dict[int, tuple[float, int]]()

    def bias(self, source: int) -> float:
        total, count = self.given.get(source, (0.0, 0))
        return total / (count + 4)

    @override
    def score(self, target: int, at: float) -> float:
        n, s = self.sums.get(target, (0.0, 0.0))
        return (s + self.prior * self.mean) / (n + self.prior)

    @override
    def expect(self, source: int, target: int, at: float) -> float:
        guess = self.score(target, at)
        return guess + self.bias(source) if self.pair else guess

    @override
    def learn(self, rating: Rating) -> None:
        before, bias = self.score(rating.target, rating.at), self.bias(rating.source)
        n, s = self.sums.get(rating.target, (0.0, 0.0))
        self.sums[rating.target] = (n + 1, s + rating.value - bias)
        total, count = self.given.get(rating.source, (0.0, 0))
        self.given[rating.source] = (total + rating.value - before, count + 1)
        super().learn(rating)
