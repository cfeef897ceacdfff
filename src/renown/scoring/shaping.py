"""What becomes of a score before it is shown: pulled, mapped, rounded, kept on the scale."""

from bisect import bisect_right
from math import floor

from renown.policy import Scale, Shape
from renown.scoring.aggregators.aggregator import Cell, Measure
from renown.scoring.compositions import Parts

__all__ = ["Shaping"]


class Shaping:
    """A shape made ready. Every step rises with the score, so bounds go through like scores."""

    def __init__(self, shape: Shape | None, scale: Scale) -> None:
        self._shape = shape or Shape()
        self._low, self._high = scale.min, scale.max
        self.sticky = self._shape.hysteresis > 0
        """Whether what was shown before matters."""

    def shaped(self, measure: Measure, count: int, parts: Parts, cell: Cell | None = None) -> Measure:
        """Return score, low and high as shown; `cell` is what is remembered of a sticky one."""
        score, low, high = (self._raw(each, count, parts) for each in measure)
        shown = None if cell is None or not cell[0] else cell[2]
        score = self._on_scale(self.rounded(score, shown))
        low, high = self._on_scale(self.rounded(low)), self._on_scale(self.rounded(high))
        return score, min(low, score), max(high, score)

    def rounded(self, score: float, shown: float | None = None) -> float:
        """Return the nearest step, or the one that was shown while the score stays near it."""
        step, margin = self._shape.step, self._shape.hysteresis
        if step is None:
            return score
        if shown is not None and shown - step / 2 - margin <= score < shown + step / 2 + margin:
            return shown
        steps = floor(score / step + 0.5)
        return steps / round(1 / step) if step < 1 and (1 / step).is_integer() else steps * step

    def remembered(self, measure: Measure, count: int, parts: Parts, cell: Cell, at: float) -> Cell:
        """Return what is to be remembered after an event at `at`: how many, when, what was shown."""
        shown = self.rounded(self._raw(measure[0], count, parts), cell[2] if cell[0] else None)
        return (cell[0] + 1, at, shown)

    def _raw(self, score: float, count: int, parts: Parts) -> float:
        pull = self._shape.pull
        if pull is not None:
            n = count if pull.by is None else max(0.0, parts[pull.by].score)
            score = pull.towards + (score - pull.towards) * ((n + pull.have) / (n + pull.need))
        return self._mapped(score) if self._shape.map else score

    def _mapped(self, score: float) -> float:
        points = self._shape.map
        i = bisect_right(points, score, key=lambda point: point[0])
        if i == 0 or i == len(points):
            return points[0][1] if i == 0 else points[-1][1]
        (x0, y0), (x1, y1) = points[i - 1], points[i]
        return min(max(y0 + (score - x0) * ((y1 - y0) / (x1 - x0)), y0), y1)

    def _on_scale(self, score: float) -> float:
        return self._low if score < self._low else self._high if score > self._high else score
