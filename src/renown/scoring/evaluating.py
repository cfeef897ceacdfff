"""Working out the categories of a policy that has compositions or shapes, each after its parts."""

from collections.abc import Mapping, Sequence

from renown.scoring.aggregators import Cell
from renown.scoring.aggregators.aggregator import Measure
from renown.scoring.compositions import Part, Parts
from renown.scoring.plan import Plan

__all__ = ["evaluate", "remember"]


def evaluate(plan: Plan, cells: Sequence[Cell], at: float, means: Mapping[str, float]) -> Parts:
    """Return what every category is at `at`, the overall one under its name too."""
    looking = _Looking(plan, cells, at, means)
    for name in plan.order:
        place = plan.sticky.get(name)
        looking.finish(name, None if place is None else cells[place])
    return looking.parts


def remember(plan: Plan, cells: list[Cell], at: float) -> None:
    """Note in `cells` what each category with hysteresis shows after an event at `at`."""
    looking = _Looking(plan, cells, at, {})
    for name in plan.order:
        place = plan.sticky.get(name)
        if place is not None:
            measure, events, _ = looking.unshaped(name)
            shaping = plan.shapings[name]
            cells[place] = shaping.remembered(measure, events, looking.parts, cells[place], at)
        looking.finish(name, None if place is None else cells[place])


class _Looking:
    """One look at all categories, a part before what is made of it."""

    def __init__(self, plan: Plan, cells: Sequence[Cell], at: float, means: Mapping[str, float]) -> None:
        self._plan, self._cells, self._at, self._means = plan, cells, at, means
        self.parts: Parts = {}

    def unshaped(self, name: str) -> tuple[Measure, int, float]:
        """Return measure, contributions and weight of a category before its shape."""
        plan, at = self._plan, self._at
        made = plan.compositions.get(name)
        if made is not None:
            used = [self.parts[each] for each in plan.uses[name]]
            return made.combine(self.parts), sum(p.events for p in used), sum(p.mass for p in used)
        i = plan.index[name]
        aggregator, cell = plan.aggregators[i], self._cells[i]
        measure = aggregator.measure(cell, at, self._means.get(name))
        return measure, aggregator.count(cell, at), aggregator.mass(cell, at)

    def finish(self, name: str, remembered: Cell | None) -> None:
        """Add a category to the parts, shaped."""
        measure, events, mass = self.unshaped(name)
        shaping = self._plan.shapings.get(name)
        if shaping is not None:
            measure = shaping.shaped(measure, events, self.parts, remembered)
        self.parts[name] = Part(*measure, events, mass)
