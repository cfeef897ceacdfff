"""What is worked out once per policy, so that the path of an event only looks things up."""

from collections.abc import Callable
from functools import lru_cache
from math import inf
from statistics import NormalDist
from typing import cast

from renown.model import OVERALL, Category
from renown.policy import (
    COMPOSING,
    BayesianMean,
    Composing,
    Distinct,
    FadingMean,
    Method,
    Policy,
    ResidualMean,
    uses_of,
)
from renown.scoring.aggregators import Aggregator, Cell, CountAggregator, FadingMeanAggregator, aggregator
from renown.scoring.aggregators.aggregator import Base
from renown.scoring.compositions import composition
from renown.scoring.meaning import Meaning
from renown.scoring.shaping import Shaping

__all__ = ["Plan", "Scores", "derives", "fades", "plan_of"]

_Counts = Callable[[Cell, float], int]
Scores = tuple[tuple[str, int, Callable[[Cell, float, float | None], float], _Counts | None], ...]
"""Per category its name, its place among the cells, what reads its score, and what counts its contributions:
None where cells begin with how many these are."""


class Plan:
    """A policy made ready: aggregators in a fixed order with the overall one first."""

    __slots__ = (
        "aggregators",
        "blanks",
        "compositions",
        "derives",
        "empties",
        "evidence",
        "excluded",
        "fades",
        "folds",
        "index",
        "lates",
        "names",
        "order",
        "rateable",
        "rater",
        "rules",
        "running",
        "scores",
        "shapings",
        "sticky",
        "tiers",
        "uses",
    )

    def __init__(self, policy: Policy) -> None:
        z = NormalDist().inv_cdf((1 + policy.bounds.confidence) / 2)
        floor = policy.raters.floor if policy.raters else -1.0
        self.names = (OVERALL, *policy.categories)
        self.index = {name: i for i, name in enumerate(self.names)}
        self.rateable = frozenset(name for name in self.names[1:] if _is_rateable(policy, name))
        self.aggregators = tuple(_aggregator(policy, name, z, floor) for name in self.names)
        self._compose(policy)
        self.blanks = {
            name: Category(each.prior(None)[0], 0)
            for name, each in zip(self.names, self.aggregators, strict=True)
            if name
        }
        # Methods bound ahead, since every event asks for them, some once per category.
        self.folds = {
            name: (i, each.fold)
            for i, (name, each) in enumerate(zip(self.names, self.aggregators, strict=True))
        }
        self.scores: Scores = tuple(
            (name, i, self.aggregators[i].score, _counting(self.aggregators[i]))
            for name, i in self.index.items()
            if name
        )
        self.lates = tuple((i, each.is_late) for i, each in enumerate(self.aggregators) if each.ordered)
        self.rules = {name: Meaning(policy, name, rule) for name, rule in policy.rules.items()}
        self.running = frozenset(name for name in self.names if _is_running(policy, name))
        self.excluded = frozenset(policy.raters.excluded if policy.raters else ())
        self.fades = any(each.half_life is not None for each in self.aggregators)
        self.derives = any(rule.also for rule in policy.rules.values())
        self.evidence = (policy.evidence.min_count, policy.evidence.min_weight)
        self.tiers = tuple(
            (tier.name, -inf if tier.min_score is None else tier.min_score, tier.min_count)
            for tier in reversed(policy.tiers)
        )
        overall = self.aggregators[0]
        self.rater = overall if isinstance(overall, FadingMeanAggregator) and policy.raters else None

    def _compose(self, policy: Policy) -> None:
        self.order = (*self.names[1:], OVERALL)
        composed = [(name, method) for name in self.names if _is_composing(method := policy.method(name))]
        made = {name: cast(Composing, method) for name, method in composed}
        self.compositions = {name: composition(m, policy.scale_of(name)) for name, m in made.items()}
        self.uses = {name: tuple(dict.fromkeys(part for _, part in uses_of(m))) for name, m in made.items()}
        self.shapings = {
            name: Shaping(policy.shape_of(name), policy.scale_of(name))
            for name in self.names
            if name in made or policy.shape_of(name) is not None
        }
        sticky = [name for name in self.order if name in self.shapings and self.shapings[name].sticky]
        self.sticky = {name: len(self.names) + i for i, name in enumerate(sticky)}
        self.empties = (*(each.empty() for each in self.aggregators), *([(0, 0.0, 0.0)] * len(sticky)))


@lru_cache(maxsize=1024)
def plan_of(policy: Policy) -> Plan:
    """Return the policy's plan."""
    return Plan(policy)


def fades(policy: Policy) -> bool:
    """Tell whether scores change all the time: what fades does, a window changes at known times."""
    return plan_of(policy).fades


def derives(policy: Policy) -> bool:
    """Tell whether any event under the policy makes one for somebody else."""
    return plan_of(policy).derives


def _aggregator(policy: Policy, category: str, z: float, floor: float) -> Aggregator:
    method = policy.method(category)
    if isinstance(method, COMPOSING):
        return CountAggregator()  # Nothing goes in; it keeps the category's place.
    return aggregator(method, policy.scale_of(category), z, floor)


def _counting(each: Aggregator) -> _Counts | None:
    return None if type(each).count is Base.count else each.count


def _is_composing(method: Method) -> bool:
    return isinstance(method, COMPOSING)


def _is_rateable(policy: Policy, category: str) -> bool:
    return not isinstance(policy.method(category), Distinct | Composing)


def _is_running(policy: Policy, category: str) -> bool:
    method = policy.method(category)
    if isinstance(method, ResidualMean):
        return method.running
    return isinstance(method, BayesianMean | FadingMean) and method.prior.running
