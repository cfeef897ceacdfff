"""Telling a composed or shaped score apart: what each event changed, counted from the oldest on."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from renown.model import Contribution, Entry
from renown.policy import Policy
from renown.scoring.cursor import Cursor
from renown.scoring.evaluating import evaluate
from renown.scoring.folding import fold
from renown.scoring.lines import Line, line_of
from renown.scoring.plan import Plan, plan_of
from renown.scoring.state import State, empty

__all__ = ["Replayed"]


class Replayed:
    """Reads one category for one time, after every event that can matter to it."""

    def __init__(self, policy: Policy, category: str, at: float, means: Mapping[str, float]) -> None:
        self._policy, self._plan = policy, plan_of(policy)
        self._category, self._at, self._means = category, at, means
        self._matter = _closure(self._plan, policy, category)
        self.start = self.score(empty(policy))
        """What is read without any event."""

    def score(self, state: State) -> float:
        """Return the category's score."""
        return evaluate(self._plan, state.cells, self._at, self._means)[self._category].score

    def said(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, Contribution]]:
        """Yield the entries that can matter, each with the first thing it says of that."""
        for entry in entries:
            found = next((each for each in entry.contributions if each.category in self._matter), None)
            if found is not None:
                yield entry, found

    def lines(
        self, said: Sequence[tuple[Entry, Contribution]], start: Cursor, state: State
    ) -> Iterator[tuple[Line, Cursor]]:
        """Yield one line per event, newest first as `said` is, the oldest being folded onto `state`."""
        before = self.score(state)
        deltas: list[float] = []
        for entry, _ in reversed(said):
            state = fold(self._policy, state, entry.contributions, entry.at)
            after = self.score(state)
            deltas.append(after - before)
            before = after
        for entry, contribution in said:
            points = deltas.pop()
            aggregator = self._plan.aggregators[self._plan.index[contribution.category]]
            counts = (contribution.weight, float(points != 0), points)
            line = line_of(aggregator, entry, contribution, counts)
            yield line, msgspec.structs.replace(start, at=entry.at, version=entry.version)


def _closure(plan: Plan, policy: Policy, category: str) -> frozenset[str]:
    """Return the categories that a category's score can depend on, itself included."""
    shape = policy.shape_of(category)
    by = shape.pull.by if shape is not None and shape.pull is not None else None
    direct = [*plan.uses.get(category, ()), *([] if by is None else [by])]
    if category in plan.sticky:
        return frozenset(plan.names)
    return frozenset([category]).union(*(_closure(plan, policy, each) for each in direct))
