"""The fading mean: quick to forget, slow to believe strangers.

On a rating r of weight w, dt after the last: S ← S·k + w·r, N ← N·k + w with
k = 2^(−dt / half-life) · memory^w; score = (S + W·m) / (N + W). The exponent is the point: a weak rater
cannot push strong ratings out of memory. Beside it runs the support P, M by which the subject's own word
weighs as a rater: positive and negative ratings received, each by its giver's weight, where a giver at
the floor adds nothing, so that strangers cannot raise each other.
"""

from renown.model import Contribution
from renown.policy import FadingMean, Scale
from renown.scoring.aggregators.aggregator import DAY, Base, Cell, Measure, Telling, moment
from renown.scoring.aggregators.exact import bounds_around

__all__ = ["FadingMeanAggregator"]


class FadingMeanAggregator(Base):
    """Cells are (count, at, N, S, Q, P, M), the sums as of `at`."""

    telling: Telling = "shares"
    ordered = True

    def __init__(self, method: FadingMean, scale: Scale, z: float, floor: float) -> None:
        self.half_life: float | None = method.half_life_days * DAY
        self.memory = method.memory
        self._per_second = -1 / (method.half_life_days * DAY)
        self._prior = (method.prior.value, method.prior.weight)
        self._running = method.prior.running
        self._low, self._high = scale.min, scale.max
        self._middle = (scale.min + scale.max) / 2
        self._floor = floor
        self._shape = (scale.min, scale.max, (scale.max - scale.min) ** 2 / 12, z)

    def empty(self) -> Cell:
        """Return the cell without contributions."""
        return (0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)

    def fold(self, cell: Cell, contribution: Contribution, at: float) -> Cell:
        """Let the older ones fade, then add the contribution."""
        count, last, n, s, q, positive, negative = cell
        weight, value = contribution.weight, contribution.value
        keep = self.memory**weight
        if at > last or not count:
            elapsed = moment(at) - moment(last)
            if elapsed > 0:
                keep *= 2.0 ** (elapsed * self._per_second)
            last = at
        weighted = weight * value
        if weight > self._floor:
            if value > self._middle:
                positive += weight
            elif value < self._middle:
                negative += weight
        return (
            count + 1,
            last,
            n * keep + weight,
            s * keep + weighted,
            q * keep + weighted * value,
            positive,
            negative,
        )

    def is_late(self, cell: Cell, at: float) -> bool:
        """Tell whether something newer has been folded."""
        return at < cell[1] and cell[0] > 0

    def take_back(self, cell: Cell, contribution: Contribution, at: float) -> Cell | None:
        """Leave it to a refold: what came later would have faded less."""
        _ = cell, contribution, at
        return None

    def prior(self, given: float | None) -> tuple[float, float]:
        """Return the prior's value, the running mean where there is one, and its weight."""
        if self._running and given is not None and self._low <= given <= self._high:
            return given, self._prior[1]
        return self._prior

    def now(self, cell: Cell, at: float) -> float:
        """Return `at`, or the time of the newest contribution when that is later."""
        return max(at, cell[1])

    def mass(self, cell: Cell, at: float) -> float:
        """Return N at `at`."""
        return cell[2] if at == cell[1] else cell[2] * self._fade(cell, at)

    def score(self, cell: Cell, at: float, given: float | None) -> float:
        """Return (S + W·m) / (N + W) at `at`."""
        value, weight = self.prior(given) if self._running else self._prior
        fade = 1.0 if at == cell[1] else self._fade(cell, at)
        score = (cell[3] * fade + weight * value) / (cell[2] * fade + weight)
        return self._low if score < self._low else self._high if score > self._high else score

    def measure(self, cell: Cell, at: float, given: float | None) -> Measure:
        """Return the score with the interval of `bounds_around`."""
        prior = value, weight = self.prior(given) if self._running else self._prior
        fade = 1.0 if at == cell[1] else self._fade(cell, at)
        n, s, q = cell[2] * fade, cell[3] * fade, cell[4] * fade
        score = (s + weight * value) / (n + weight)
        score = self._low if score < self._low else self._high if score > self._high else score
        spread = q - 2 * score * s + score * score * n
        low, high = bounds_around(score, n, spread, prior, self._shape)
        return score, low, high

    def support(self, cell: Cell) -> float:
        """Return (P − M) / (P + M + 1): how far others vouch for the subject, below 1."""
        positive, negative = cell[5], cell[6]
        return (positive - negative) / (positive + negative + 1)

    def _fade(self, cell: Cell, at: float) -> float:
        elapsed = moment(at) - moment(cell[1])
        return 2.0 ** (elapsed * self._per_second) if elapsed > 0 else 1.0
