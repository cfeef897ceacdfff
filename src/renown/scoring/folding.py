"""Folding contributions into a state, and taking them back."""

from collections.abc import Iterable

from renown.model import Contribution
from renown.policy import Policy
from renown.scoring.plan import plan_of
from renown.scoring.state import State, empty

__all__ = ["fold", "needs_refold", "next_change", "refold", "take_back"]


def fold(policy: Policy, state: State, contributions: Iterable[Contribution], at: float) -> State:
    """Return the state with the contributions of one event at `at` (POSIX seconds) folded in."""
    folds = plan_of(policy).folds
    cells = list(state.cells)
    for contribution in contributions:
        i, add = folds[contribution.category]
        cells[i] = add(cells[i], contribution, at)
    return State(tuple(cells))


def needs_refold(policy: Policy, state: State, at: float) -> bool:
    """Tell whether an event at `at` comes before something folded and the order matters."""
    late = False
    # A generator would cost more than what it asks.
    for i, is_late in plan_of(policy).lates:
        late = late or is_late(state.cells[i], at)
    return late


def take_back(policy: Policy, state: State, contributions: Iterable[Contribution], at: float) -> State | None:
    """Return the state as if the contributions at `at` had never been, or None: then refold."""
    plan = plan_of(policy)
    cells = list(state.cells)
    for contribution in contributions:
        i = plan.index[contribution.category]
        cell = plan.aggregators[i].take_back(cells[i], contribution, at)
        if cell is None:
            return None
        cells[i] = cell
    return State(tuple(cells))


def refold(policy: Policy, folded: Iterable[tuple[Iterable[Contribution], float]]) -> State:
    """Return the state of the live events' (contributions, at), given in (at, version) order."""
    state = empty(policy)
    for contributions, at in folded:
        state = fold(policy, state, contributions, at)
    return state


def next_change(policy: Policy, state: State, at: float) -> float | None:
    """Return the first time after `at` when what `read` gives changes without an event, None if never.

    That is when something leaves a window, a streak breaks or a value is no longer believed. What fades by a
    half-life changes all the time and is not meant.
    """
    times = [
        each.next_change(cell, at)
        for each, cell in zip(plan_of(policy).aggregators, state.cells, strict=True)
    ]
    return min((time for time in times if time is not None), default=None)
