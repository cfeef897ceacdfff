"""Folding contributions into a state, and taking them back."""

from collections.abc import Callable, Iterable
from functools import lru_cache

from renown.model import Contribution
from renown.policy import Policy
from renown.scoring.aggregators import Aggregator, Cell
from renown.scoring.aggregators.aggregator import Base
from renown.scoring.aggregators.last import LastAggregator
from renown.scoring.aggregators.windows.newest import NewestWindow
from renown.scoring.evaluating import remember
from renown.scoring.plan import plan_of
from renown.scoring.state import State, empty

__all__ = ["fold", "needs_refold", "next_change", "refold", "take_back"]


def fold(policy: Policy, state: State, contributions: Iterable[Contribution], at: float) -> State:
    """Return the state with the contributions of one event at `at` (POSIX seconds) folded in."""
    plan = plan_of(policy)
    folds = plan.folds
    cells = list(state.cells)
    for contribution in contributions:
        i, add = folds[contribution.category]
        cells[i] = add(cells[i], contribution, at)
    if plan.sticky and tuple(cells) != state.cells:
        remember(plan, cells, at)
    return State(tuple(cells))


def needs_refold(policy: Policy, state: State, at: float, *, old: bool = False) -> bool:
    """Tell whether an event at `at` comes before something folded and the order matters.

    An `old` event counts anew: it comes before those of the same time that the subject got after it.
    """
    if old and _has_ties(policy):
        return True
    plan = plan_of(policy)
    if not plan.sticky and not plan.lates:
        return False
    # A generator would cost more than what it asks.
    for i, is_late in plan.lates:
        if is_late(state.cells[i], at):
            return True
    return bool(plan.sticky) and any(cell[0] and at < cell[1] for cell in state.cells[len(plan.names) :])


@lru_cache(maxsize=1024)
def _has_ties(policy: Policy) -> bool:
    plan = plan_of(policy)
    return bool(plan.sticky) or any(map(_is_tied, plan.aggregators))


def _is_tied(aggregator: Aggregator) -> bool:
    """Tell whether it matters which of two contributions of the same time comes first."""
    if aggregator.ordered or isinstance(aggregator, LastAggregator | NewestWindow):
        return True
    inner: Aggregator | None = getattr(aggregator, "inner", None)
    return inner is not None and _is_tied(inner)


def take_back(policy: Policy, state: State, contributions: Iterable[Contribution], at: float) -> State | None:
    """Return the state as if the contributions at `at` had never been, or None: then refold."""
    plan = plan_of(policy)
    if plan.sticky:
        return None
    cells = list(state.cells)
    for contribution in contributions:
        i = plan.index[contribution.category]
        cell = plan.aggregators[i].take_back(cells[i], contribution, at)
        if cell is None:
            return None
        cells[i] = cell
    return State(tuple(cells))


def refold(
    policy: Policy, folded: Iterable[tuple[Iterable[Contribution], float]], start: State | None = None
) -> State:
    """Return the state of the live events' (contributions, at), given in (at, version) order.

    `start` is the state of all that come before them.
    """
    state = empty(policy) if start is None else start
    for contributions, at in folded:
        state = fold(policy, state, contributions, at)
    return state


def next_change(policy: Policy, state: State, at: float) -> float | None:
    """Return the first time after `at` when what `read` gives changes without an event, None if never.

    That is when something leaves a window, a streak breaks or a value is no longer believed. What fades by a
    half-life changes all the time and is not meant.
    """
    timed = _timed(policy)
    if not timed:
        return None
    times = [next_change(state.cells[i], at) for i, next_change in timed]
    return min((time for time in times if time is not None), default=None)


@lru_cache(maxsize=1024)
def _timed(policy: Policy) -> tuple[tuple[int, Callable[[Cell, float], float | None]], ...]:
    """Return (place, `next_change`) of those aggregators that time alone can change."""
    found = enumerate(plan_of(policy).aggregators)
    return tuple(
        [(i, each.next_change) for i, each in found if type(each).next_change is not Base.next_change]
    )
