"""R4: a fading mean that takes bad news from known raters to heart, found on the first half of the stream.

It is R1 hardened with four changes, each a line of an explanation: a negative rating counts as `harder` worse
than it says, not below -1; from a rater with support it also weighs `heed` times as much; the prior weighs
1.5 and is the mean of the last ratings worth 1,000 of full weight; a newer rating leaves .87 of the older.
"""

from typing_extensions import override

from bench.scoring.data import Rating
from bench.scoring.prediction import Predictor

__all__ = ["Wary"]

DAY = 86_400.0


class Wary(Predictor):
    """R4. State per subject: N, S, time, P, M; of everybody: one mean and its weight."""

    def __init__(
        self,
        *,
        memory: float = 0.87,
        half_life_days: float = 180.0,
        prior: float = 1.5,
        lately: float | None = 1000.0,
        harder: float = 0.4,
        heed: float = 1.5,
        floor: float = 0.05,
        seeds: int = 20,
    ) -> None:
        super().__init__()
        self.memory, self.half_life, self.prior = memory, half_life_days * DAY, prior
        self.lately, self.harder, self.heed = lately, harder, heed
        self.floor, self.seeds = floor, seeds
        self.sums = dict[int, tuple[float, float, float]]()
        self.support = dict[int, tuple[float, float]]()
        self.seeded = dict[int, bool]()
        self.usual = self.usual_weight = 0.0

    @override
    def score(self, target: int, at: float) -> float:
        n, s, last = self.sums.get(target, (0.0, 0.0, at))
        fade = 2 ** (-(at - last) / self.half_life)
        return (s * fade + self.prior * self.usual) / (n * fade + self.prior)

    def weight(self, source: int) -> float:
        """Return what `source`'s word weighs: R1's rule."""
        if source in self.seeded or len(self.seeded) < self.seeds:
            return 1.0
        good, bad = self.support.get(source, (0.0, 0.0))
        return max(self.floor, (good - bad) / (good + bad + 1))

    @override
    def learn(self, rating: Rating) -> None:
        weight = self.weight(rating.source)
        if len(self.seeded) < self.seeds:
            self.seeded[rating.source] = True
        known, bad_news = weight > self.floor, rating.value < 0
        if known:
            good, bad = self.support.get(rating.target, (0.0, 0.0))
            self.support[rating.target] = (good, bad + weight) if bad_news else (good + weight, bad)
        value = max(-1.0, rating.value - self.harder) if bad_news else rating.value
        self._add(rating, value, weight * self.heed if known and bad_news else weight)
        kept = self.usual_weight * (1 - weight / self.lately if self.lately else 1)
        self.usual_weight = kept + weight
        self.usual += (value - self.usual) * weight / self.usual_weight
        super().learn(rating)

    @override
    def believe(self, later: Predictor) -> None:
        super().believe(later)
        assert isinstance(later, Wary)
        self.usual, self.usual_weight = later.usual, later.usual_weight

    def _add(self, rating: Rating, value: float, weight: float) -> None:
        n, s, last = self.sums.get(rating.target, (0.0, 0.0, rating.at))
        keep = 2 ** (-(rating.at - last) / self.half_life) * self.memory**weight
        self.sums[rating.target] = (n * keep + weight, s * keep + weight * value, rating.at)
