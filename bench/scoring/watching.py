"""The product's guards as the ledger calls them: facts looked up, events judged and remembered."""

from typing import NamedTuple

from bench.scoring.data import Rating, Review
from renown import scoring
from renown.model import Event
from renown.policy import Policy
from renown.scoring.guards import Facts, Guards, Verdict, begin_guards, judge, kin_of, seen

__all__ = ["DAY", "Said", "Traders", "moment_of", "review_event"]

DAY = 86_400.0
_EPOCH = 719_163
"""1970-01-01, in days from the year 1."""


class Said(NamedTuple):
    """A live rating, as the other side's facts tell it."""

    value: float
    at: float


def moment_of(day: int) -> float:
    """Return the beginning of a day, counted from the year 1, in POSIX seconds."""
    return (day - _EPOCH) * DAY


def review_event(review: Review, actor: str) -> Event:
    """Return a review as an event."""
    data = {"verified": review.verified}
    return Event("review", f"product:{review.product}", actor=actor, value=review.stars, data=data)


class Traders:
    """All traders under one policy: what guards remember of each, and what they need to know of others."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.guards = dict[int, Guards]()
        self.said = dict[tuple[int, int], Said]()
        self.known = dict[int, tuple[float, int]]()

    def facts(self, rating: Rating, weight: float = 1.0) -> Facts:
        """Return what the ledger would look up for a rating."""
        since, given = self.known.get(rating.source, (None, 0))
        returned = self.said.get((rating.target, rating.source))
        return Facts(
            since,
            given,
            None if returned is None else (returned.value, returned.at),
            kin=kin_of(
                self.policy, self.of(rating.target), self.of(rating.source), f"trader:{rating.source}"
            ),
            weight=weight,
        )

    def of(self, trader: int) -> Guards:
        """Return what guards remember of a trader."""
        return self.guards.get(trader) or begin_guards(self.policy)

    def tell(self, rating: Rating, weight: float = 1.0) -> Verdict:
        """Judge a rating and remember it."""
        actor, subject = f"trader:{rating.source}", f"trader:{rating.target}"
        event = Event("rating", subject, actor=actor, value=rating.value * 10)
        effect = scoring.interpret(self.policy, event)
        facts, before = self.facts(rating, weight), self.of(rating.target)
        verdict = judge(self.policy, before, event, effect, facts=facts, at=rating.at)
        after = seen(self.policy, before, event, effect, facts=facts, at=rating.at, verdict=verdict)
        self.guards[rating.target] = after
        since, given = self.known.get(rating.source, (rating.at, 0))
        self.known[rating.source] = (since, given + 1)
        self.said[rating.source, rating.target] = Said(rating.value * 10, rating.at)
        return verdict
