"""The guards of a policy made ready: which look at which event types, and what they need to know."""

from collections.abc import Iterator
from functools import lru_cache
from math import floor
from typing import Any

import msgspec

from renown.model import OVERALL, Event
from renown.policy import Policy
from renown.policy.evidence.guarding import (
    BudgetGuard,
    BurstGuard,
    ExitScamGuard,
    FreshGuard,
    Guarding,
    ReciprocityGuard,
    RepeatGuard,
    RetaliationGuard,
    RingGuard,
    SelfGuard,
)
from renown.scoring.effect import Effect
from renown.scoring.guards.budgets import ActorBudget, AnywhereBudget, RefBudget, SubjectBudget
from renown.scoring.guards.bursting import BurstDetector
from renown.scoring.guards.detector import Detector
from renown.scoring.guards.fresh import FreshDetector
from renown.scoring.guards.levels import ExitScamDetector
from renown.scoring.guards.mutual import ReciprocityDetector, RingDetector
from renown.scoring.guards.pairs import RepeatDetector, RetaliationDetector, SelfDetector
from renown.scoring.guards.sighting import DAY, LATEST, Sighting, mark_of, middles_of
from renown.scoring.guards.state import Open
from renown.scoring.guards.verdicts import Facts, Wants

__all__ = ["Watch", "watch_of"]


class Watch:
    """The detectors of a policy, in its order."""

    __slots__ = (
        "adding",
        "anywhere",
        "decoder",
        "detectors",
        "last",
        "late",
        "looking",
        "marks",
        "middles",
        "places",
        "ring",
        "types",
        "wants",
    )

    def __init__(self, policy: Policy) -> None:
        self.middles = middles_of(policy)
        self.detectors = tuple(_detectors(policy))
        self.places = {each.guard.name: place for place, each in enumerate(self.detectors)}
        """By a guard's name its place."""
        self.marks = any(each.marks for each in self.detectors)
        self.anywhere = tuple(each for each in self.detectors if isinstance(each, AnywhereBudget))
        types = {
            name: tuple(
                (place, each)
                for place, each in enumerate(self.detectors)
                if not each.guard.types or name in each.guard.types
            )
            for name in policy.rules
        }
        self.types = {name: detectors for name, detectors in types.items() if detectors}
        self.looking = {
            name: tuple((place, each.look) for place, each in detectors)
            for name, detectors in self.types.items()
        }
        """How each looks at an event of a type, bound ahead."""
        self.adding = {
            name: tuple((place, each.add) for place, each in detectors if each.cell is not None)
            for name, detectors in self.types.items()
        }
        """How those of them remember that remember anything."""
        kinds = tuple(type(guard) for guard in policy.guards)
        self.wants = Wants(
            actors=FreshGuard in kinds or bool(self.anywhere),
            returned=any(kind in kinds for kind in (ReciprocityGuard, RingGuard, RetaliationGuard)),
            kin=RingGuard in kinds,
            weight=FreshGuard in kinds or ExitScamGuard in kinds,
            spent=bool(self.anywhere),
        )
        self.ring = next((place for place, kind in enumerate(kinds) if kind is RingGuard), None)
        self.decoder = _decoder(self.detectors)
        self.last: Sighting | None = None
        self.late = policy.late.tolerance_days * DAY
        """So many seconds late an event still has the place in time that it tells of."""

    def sight(self, event: Event, effect: Effect, facts: Facts, at: float, newest: float) -> Sighting:
        """Return what the detectors look at in an event with contributions, and keep it for `sighted`.

        `newest` is the newest time known of the subject.
        """
        told = at
        if not 0.0 <= at <= LATEST:
            at = LATEST if at > 0 else 0.0
        now = at
        if at < newest:
            now = newest
            if newest - at > self.late:
                at = newest
        first = effect.contributions[0]
        if first.category and len(effect.contributions) > 1:
            first = next((each for each in effect.contributions if each.category == OVERALL), first)
        middle = self.middles.get(first.category, 0.0)
        weight = first.weight * facts.weight
        mark = mark_of(event.actor) if self.marks and event.actor is not None else 0
        day = floor(at / DAY)
        sighting = Sighting(
            event, facts, at, now, day, first.value, middle, weight, mark, effect, told, newest
        )
        self.last = sighting
        return sighting

    def sighted(
        self, event: Event, effect: Effect, facts: Facts, at: float, newest: float | None = None
    ) -> Sighting:
        """Return what the detectors look at; judging an event and remembering it look at the same.

        `newest` as for `sight`; None where the place in time does not matter.
        """
        last = self.last
        if (
            last is not None
            and last.event is event
            and last.effect is effect
            and last.told_at == at
            and (newest is None or last.newest == newest)
            and (last.facts is facts or last.facts == facts)
        ):
            return last
        return self.sight(event, effect, facts, at, 0.0 if newest is None else newest)


@lru_cache(maxsize=1024)
def watch_of(policy: Policy) -> Watch:
    """Return the policy's detectors."""
    return Watch(policy)


def _detectors(policy: Policy) -> Iterator[Detector]:
    anywhere = 0
    for guard in policy.guards:
        if isinstance(guard, BudgetGuard) and guard.per == "actor_anywhere":
            yield AnywhereBudget(guard, anywhere, policy.late.tolerance_days)
            anywhere += 1
        else:
            yield _detector(policy, guard)


def _detector(policy: Policy, guard: Guarding) -> Detector:
    tolerance_days = policy.late.tolerance_days
    match guard:
        case BurstGuard():
            return BurstDetector(guard)
        case ReciprocityGuard():
            return ReciprocityDetector(guard)
        case RingGuard():
            return RingDetector(guard)
        case FreshGuard():
            floor = None if policy.raters is None else policy.raters.floor
            return FreshDetector(guard, floor, tolerance_days)
        case BudgetGuard():
            if guard.per == "subject":
                return SubjectBudget(guard, tolerance_days)
            return RefBudget(guard) if guard.per == "ref" else ActorBudget(guard)
        case SelfGuard():
            return SelfDetector(guard)
        case RetaliationGuard():
            return RetaliationDetector(guard, tolerance_days)
        case ExitScamGuard():
            return ExitScamDetector(guard, policy.scale.max - policy.scale.min)
        case RepeatGuard():
            return RepeatDetector(guard)


def _decoder(detectors: tuple[Detector, ...]) -> msgspec.json.Decoder[Any]:
    cells: Any = tuple[tuple(each.cell | None if each.cell is not None else None for each in detectors)]
    if not detectors:
        cells = tuple[()]
    state: Any = msgspec.defstruct(
        "Stored",
        [("cells", cells), ("open", tuple[Open, ...]), ("newest", float)],
        array_like=True,
        gc=False,
    )
    return msgspec.json.Decoder(state)
