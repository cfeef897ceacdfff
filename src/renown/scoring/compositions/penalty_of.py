"""A base less what the parts take away: base − Σ min(per·part, most), the sum compressed if so declared."""

from collections.abc import Callable
from math import expm1

from renown.policy import PenaltyOf
from renown.scoring.aggregators.aggregator import Measure
from renown.scoring.compositions.composition import Part, Parts

__all__ = ["PenaltyOfParts"]


class PenaltyOfParts:
    """A part below 0 takes nothing away."""

    def __init__(self, method: PenaltyOf) -> None:
        self._base = method.base
        self._penalties = method.parts
        self._compress = method.compress

    def combine(self, parts: Parts) -> Measure:
        """Return the base less the penalties, and the ends of both."""
        base = self._base
        score, low, high = parts[base][:3] if isinstance(base, str) else (base, base, base)
        return (
            score - self._taken(parts, lambda part: part.score),
            low - self._taken(parts, lambda part: part.high),
            high - self._taken(parts, lambda part: part.low),
        )

    def _taken(self, parts: Parts, end: Callable[[Part], float]) -> float:
        total = 0.0
        for name, penalty in self._penalties.items():
            taken = max(0.0, penalty.per * end(parts[name]))
            total += taken if penalty.most is None else min(taken, penalty.most)
        return total if self._compress is None else -self._compress * expm1(-total / self._compress)
