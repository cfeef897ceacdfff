"""Reading a state: the numbers of a standing at a time."""

from collections.abc import Collection, Mapping

import msgspec

from renown.model import OVERALL, Category
from renown.policy import Policy
from renown.scoring.aggregators import Cell
from renown.scoring.evaluating import evaluate
from renown.scoring.plan import Plan, Scores, plan_of
from renown.scoring.state import State

__all__ = ["Glance", "Reading", "read", "score"]

_NONE: dict[str, float] = {}


class Reading(msgspec.Struct, frozen=True, gc=False):
    """The numbers of a standing. All are finite, and `low` ≤ `score` ≤ `high`."""

    score: float
    low: float
    high: float
    count: int
    categories: dict[str, Category]
    tier: str | None
    provisional: bool


def read(policy: Policy, state: State, at: float, prior: Mapping[str, float] | None = None) -> Reading:
    """Return the numbers at `at`; `prior` holds the running means of the kind, where the policy uses them."""
    plan = plan_of(policy)
    if plan.shapings:
        return _composed(plan, state, at, prior or _NONE)
    cells = state.cells
    overall, cell = plan.aggregators[0], cells[0]
    means = prior or _NONE
    score, low, high = overall.measure(cell, at, means.get(OVERALL))
    count = overall.count(cell, at)
    categories = _categories(plan.blanks, plan.scores, cells, at, means) if plan.blanks else {}
    min_count, min_weight = plan.evidence
    provisional = count < min_count or (min_weight > 0 and overall.mass(cell, at) < min_weight)
    tier = None if provisional else _tier(plan, score, count)
    return Reading(score, low, high, count, categories, tier, provisional)


def score(policy: Policy, state: State, at: float, prior: Mapping[str, float]) -> float:
    """Return the overall score alone: the very number that `read` gives."""
    plan = plan_of(policy)
    if plan.shapings:
        return evaluate(plan, state.cells, at, prior)[OVERALL].score
    overall, cell = plan.aggregators[0], state.cells[0]
    given = prior.get(OVERALL)
    # Without evidence W·m / W may miss m by the last digit, and a reading is made that way.
    return overall.score(cell, at, given) if cell[0] else overall.measure(cell, at, given)[0]


class Glance:
    """Reads some categories alone, and no bounds: for who asks which limits scores and counts reach."""

    __slots__ = ("_blanks", "_plan", "_scores")

    def __init__(self, policy: Policy, names: Collection[str]) -> None:
        self._plan = plan = plan_of(policy)
        self._scores = tuple([each for each in plan.scores if each[0] in names])
        self._blanks = {name: blank for name, blank in plan.blanks.items() if name in names}

    def read(self, state: State, at: float, means: Mapping[str, float]) -> Reading:
        """Return the very scores and counts that `read` gives; `low` and `high` are the score."""
        plan, cells = self._plan, state.cells
        if plan.shapings:
            return _composed(plan, state, at, means)
        overall, cell = plan.aggregators[0], cells[0]
        given = means.get(OVERALL)
        score = overall.score(cell, at, given) if cell[0] else overall.measure(cell, at, given)[0]
        count = overall.count(cell, at)
        categories = self._blanks
        if self._scores:
            categories = _categories(categories, self._scores, cells, at, means)
        min_count, min_weight = plan.evidence
        provisional = count < min_count or (min_weight > 0 and overall.mass(cells[0], at) < min_weight)
        tier = None if provisional else _tier(plan, score, count)
        return Reading(score, score, score, count, categories, tier, provisional)


def _composed(plan: Plan, state: State, at: float, means: Mapping[str, float]) -> Reading:
    parts = evaluate(plan, state.cells, at, means)
    score, low, high, count, mass = parts[OVERALL]
    categories = {name: Category(parts[name].score, parts[name].events) for name in plan.names[1:]}
    min_count, min_weight = plan.evidence
    provisional = count < min_count or (min_weight > 0 and mass < min_weight)
    tier = None if provisional else _tier(plan, score, count)
    return Reading(score, low, high, count, categories, tier, provisional)


def _categories(
    blanks: dict[str, Category],
    scores: Scores,
    cells: tuple[Cell, ...],
    at: float,
    means: Mapping[str, float],
) -> dict[str, Category]:
    categories = blanks.copy()
    for name, i, score, count in scores:
        cell = cells[i]
        if cell[0] or means:
            given = means.get(name) if means else None
            number = cell[0] if count is None else count(cell, at)
            categories[name] = Category(score(cell, at, given), number)
    return categories


def _tier(plan: Plan, score: float, count: int) -> str | None:
    for name, min_score, min_count in plan.tiers:
        if score >= min_score and count >= min_count:
            return name
    return None
