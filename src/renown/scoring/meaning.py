"""A rule made ready: what can be worked out once per policy, so that an event only looks it up."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

import msgspec

from renown.model import OVERALL, Contribution, Event, is_key
from renown.policy import ATTRIBUTE, Also, Every, Policy, Rule, Target, span_of
from renown.policy.checks.times import in_period
from renown.scoring.matching import Meets, all_of, any_of
from renown.scoring.turning import turn_of

__all__ = ["Derived", "Meaning"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_DAY: Final = 2_900_000.0
"""Further ahead the calendar ends."""


class Derived(msgspec.Struct, frozen=True, gc=False):
    """An event that another one makes for somebody else."""

    role: str
    """Who that is to the event that makes it: `actor`, `owner` or `data.<attribute>`; told apart by it."""
    event: Event
    """Without an id: that is the ledger's to give."""


class Meaning:
    """A rule made ready: ranges filled in, `overall` resolved, constants folded ahead."""

    __slots__ = (
        "also",
        "always",
        "constant",
        "counts",
        "every",
        "high",
        "into",
        "low",
        "overall",
        "periods",
        "rule",
        "slot",
        "span",
        "turns",
        "weights",
        "whole",
    )

    def __init__(self, policy: Policy, name: str, rule: Rule) -> None:
        self.rule = rule
        self.slot = rule.slot or name
        self.low = policy.scale.min if rule.min is None else rule.min
        self.high = policy.scale.max if rule.max is None else rule.max
        self.into = tuple(
            (OVERALL if target == "overall" else target, each.weight if isinstance(each, Target) else each)
            for target, each in rule.into.items()
        )
        turns = [(target, turn_of(policy, target, each)) for target, each in rule.into.items()]
        self.turns = {OVERALL if name == "overall" else name: turn for name, turn in turns if turn}
        # A rule for the overall score alone, at full weight: of most policies the one that most events have.
        self.overall = self.into == ((OVERALL, 1.0),) and not self.turns
        self.constant = rule.value if isinstance(rule.value, float) else None
        self.whole: tuple[Contribution, ...] | None = None
        plain = not rule.weights and rule.weight_by is None and not self.turns
        if self.constant is not None and plain and rule.categories == "none":
            self.whole = tuple(
                Contribution(target, self.constant, weight * rule.weight, rule.exempt)
                for target, weight in self.into
            )
        self.weights = tuple((all_of(case.when), case.weight) for case in rule.weights)
        self.periods = tuple(
            (*span_of(period), Meaning(policy, name, in_period(rule, period))) for period in rule.periods
        )
        self.span = span_of(rule)
        self.counts = _counts(rule)
        self.every = None if rule.every is None else _named(rule.every)
        self.also = tuple((each, _role(each), all_of(each.when) if each.when else None) for each in rule.also)
        bounded = rule.since is not None or rule.until is not None
        self.always = not (self.periods or bounded or self.counts)
        """Whether it says the same of every event at any time."""

    def of(self, event: Event, at: float) -> "Meaning | None":
        """Return what the rule says of an event at `at` (POSIX seconds), None when it counts for nothing."""
        since, until = self.span
        if not since <= at < until or (self.counts is not None and not self.counts(event)):
            return None
        for since, until, meaning in self.periods:
            if since <= at < until:
                return meaning
        return self

    def derived(self, event: Event) -> tuple[Derived, ...]:
        """Return the events that one of this type makes for others than its subject."""
        made: list[Derived] = []
        for also, find, meets in self.also:
            subject = find(event)
            if not isinstance(subject, str) or subject == event.subject or not is_key(subject):
                continue
            if meets is None or meets(event):
                made.append(Derived(also.to, _made(also, subject, event)))
        return tuple(made)


def _counts(rule: Rule) -> Meets | None:
    when = all_of(rule.when) if rule.when else None
    unless = any_of(rule.unless) if rule.unless else None
    if when is None:
        return None if unless is None else lambda event: not unless(event)
    return when if unless is None else lambda event: when(event) and not unless(event)


def _role(also: Also) -> Callable[[Event], object]:
    if also.to == "actor":
        return lambda event: event.actor
    name = "owner" if also.to == "owner" else also.to.removeprefix(ATTRIBUTE)
    return lambda event: event.data.get(name) if event.data else None


def _made(also: Also, subject: str, event: Event) -> Event:
    return Event(
        also.type,
        subject,
        None,
        event.actor,
        event.value if also.with_value else None,
        None,
        event.id,
        event.occurred_at,
        event.data if also.with_data else None,
    )


def _named(every: Every) -> Callable[[float], str]:
    """Return what names the calendar period of a time."""

    @lru_cache(maxsize=512)
    def name(day: int) -> str:
        date = _EPOCH + timedelta(days=day)
        if every == "week":
            year, week, _ = date.isocalendar()
            return f"{year}-W{week:02d}"
        return date.strftime({"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}[every])

    return lambda at: name(int(min(max(at, 0.0) // 86_400.0, _LAST_DAY)))
