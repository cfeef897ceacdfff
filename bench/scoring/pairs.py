"""Expectations for a pair: R2 over the product's public score, and plain references."""

from typing_extensions import override

from bench.scoring.data import Rating
from bench.scoring.prediction import Predictor

__all__ = ["Expected", "ReciprocalElse", "SecondHand"]


class Expected(Predictor):
    """R2: public score + b_s; where t has rated s, half of that and half of t's rating of s.

    b_s = Σ (rating - public score before it) / (n_s + 4) over what s has given.
    """

    def __init__(self, public: Predictor) -> None:
        super().__init__()
        self.public = public
        self.given = dict[int, tuple[float, int]]()
        self.pairs = dict[tuple[int, int], float]()

    def bias(self, source: int) -> float:
        total, count = self.given.get(source, (0.0, 0))
        return total / (count + 4)

    @override
    def score(self, target: int, at: float) -> float:
        return self.public.score(target, at)

    @override
    def expect(self, source: int, target: int, at: float) -> float:
        guess = self.public.score(target, at) + self.bias(source)
        back = self.pairs.get((target, source))
        guess = guess if back is None else (guess + back) / 2
        return max(-1.0, min(1.0, guess))

    @override
    def learn(self, rating: Rating) -> None:
        before = self.public.score(rating.target, rating.at)
        total, count = self.given.get(rating.source, (0.0, 0))
        self.given[rating.source] = (total + rating.value - before, count + 1)
        self.pairs[rating.source, rating.target] = rating.value
        self.public.learn(rating)
        super().learn(rating)


class ReciprocalElse(Predictor):
    """What the target said of the source; where it said nothing the public score."""

    def __init__(self, public: Predictor) -> None:
        super().__init__()
        self.public = public
        self.pairs = dict[tuple[int, int], float]()

    @override
    def expect(self, source: int, target: int, at: float) -> float:
        back = self.pairs.get((target, source))
        return self.public.score(target, at) if back is None else back

    @override
    def learn(self, rating: Rating) -> None:
        self.pairs[rating.source, rating.target] = rating.value
        self.public.learn(rating)
        super().learn(rating)


class SecondHand(Predictor):
    """Level-2 trust, after the command of the OTC market: what those say whom the source has rated well.

    Each i between counts with the sign of its rating of t and the smaller of the two values; the sum is
    shrunk to the public score by `prior` imagined voices.
    """

    def __init__(self, public: Predictor, prior: float = 1.0) -> None:
        super().__init__()
        self.public, self.prior = public, prior
        self.given = dict[int, dict[int, float]]()
        self.received = dict[int, dict[int, float]]()

    @override
    def expect(self, source: int, target: int, at: float) -> float:
        trusted, told = self.given.get(source, {}), self.received.get(target, {})
        few, many = (trusted, told) if len(trusted) < len(told) else (told, trusted)
        voices = total = 0.0
        for between in few:
            if between in many and (own := trusted[between]) > 0:
                said = told[between]
                voices += own
                total += own * said
        return (total + self.prior * self.public.score(target, at)) / (voices + self.prior)

    @override
    def learn(self, rating: Rating) -> None:
        self.given.setdefault(rating.source, {})[rating.target] = rating.value
        self.received.setdefault(rating.target, {})[rating.source] = rating.value
        self.public.learn(rating)
        super().learn(rating)
