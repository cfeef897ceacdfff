"""The product's guards as the ledger calls them: facts looked up, events judged and remembered."""

from typing_extensions import override

from bench.scoring.data import Rating, Review
from bench.scoring.prediction import Predictor
from bench.scoring.product import Product
from renown import scoring
from renown.model import Event
from renown.policy import Policy
from renown.scoring.guards import NOTHING, Facts, Guards, begin_guards, judge, kin_of, seen

__all__ = ["DAY", "Watched", "moment_of", "review_event"]

DAY = 86_400.0
_EPOCH = 719_163
"""1970-01-01, in days from the year 1."""


def moment_of(day: int) -> float:
    """Return the beginning of a day, counted from the year 1, in POSIX seconds."""
    return (day - _EPOCH) * DAY


def review_event(review: Review, actor: str) -> Event:
    """Return a review as an event."""
    data = {"verified": review.verified}
    return Event("review", f"product:{review.product}", actor=actor, value=review.stars, data=data)


class Watched(Product):
    """All traders under a policy with its guards: what guards weigh less or hold moves scores less or not."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self.guards = dict[int, Guards]()
        self.said = dict[tuple[int, int], tuple[float, float]]()
        self.known = dict[int, tuple[float, int]]()
        self.spoken = dict[str, int]()
        """How often each guard had something to say of an event."""
        self.last = NOTHING

    def of(self, trader: int) -> Guards:
        """Return what guards remember of a trader."""
        return self.guards.get(trader) or begin_guards(self.policy)

    def facts(self, rating: Rating, weight: float) -> Facts:
        """Return what the ledger would look up for a rating."""
        since, given = self.known.get(rating.source, (None, 0))
        actor = f"trader:{rating.source}"
        kin = kin_of(self.policy, self.of(rating.target), self.of(rating.source), actor)
        returned = self.said.get((rating.target, rating.source))
        return Facts(since, given, returned, kin=kin, weight=weight)

    @override
    def learn(self, rating: Rating) -> None:
        subject, actor = f"trader:{rating.target}", f"trader:{rating.source}"
        event = Event("rating", subject, actor=actor, value=rating.value * 10)
        effect = scoring.interpret(self.policy, event)
        weight = self.weight(rating.source)
        facts, before = self.facts(rating, weight), self.of(rating.target)
        verdict = judge(self.policy, before, event, effect, facts=facts, at=rating.at)
        self.guards[rating.target] = seen(
            self.policy, before, event, effect, facts=facts, at=rating.at, verdict=verdict
        )
        since, given = self.known.get(rating.source, (rating.at, 0))
        self.known[rating.source] = (since, given + 1)
        self.said[rating.source, rating.target] = (rating.value * 10, rating.at)
        for reason in verdict.reasons:
            self.spoken[reason.guard] = self.spoken.get(reason.guard, 0) + 1
        contributions = scoring.weigh(effect.contributions, weight * verdict.weight)
        if verdict.action in ("count", "weigh") and contributions[0].weight > 0:
            state = self.states.get(subject) or scoring.empty(self.policy)
            self.states[subject] = scoring.fold(self.policy, state, contributions, rating.at)
        self.kind = scoring.observe(self.policy, self.kind, actor, effect.contributions)
        self.last = verdict
        Predictor.learn(self, rating)
