"""Whether effective dates can be meant."""

from itertools import pairwise

import msgspec

from renown.policy.checks.requiring import require
from renown.policy.checks.rules import check_rule
from renown.policy.rules.periods import CHANGEABLE, Period, span_of
from renown.policy.schema import Policy, Rule

__all__ = ["check_times", "in_period"]


def check_times(policy: Policy, rule: Rule, path: str) -> None:
    """Check when a rule holds, and what it says in its periods."""
    since, until = span_of(rule)
    require(since < until, f"{path}.until", "it ends before it begins", "later than `from`")
    spans = sorted((*span_of(period), i) for i, period in enumerate(rule.periods))
    for since, until, i in spans:
        where = f"{path}.periods[{i}]"
        period = rule.periods[i]
        bounded = period.since is not None or period.until is not None
        require(bounded, f"{where}.from", "it is never over and never begins", "from, until or both")
        require(since < until, f"{where}.until", "it ends before it begins", "later than `from`")
        says = [key for key in CHANGEABLE if getattr(period, key) is not None]
        require(says, where, "it changes nothing", "one of " + ", ".join(CHANGEABLE))
        check_rule(policy, in_period(rule, period), where)
    for (_, end, _), (begin, _, i) in pairwise(spans):
        where = f"{path}.periods[{i}].from"
        require(end <= begin, where, "two periods hold at the same time", "a time after the other's `until`")


def in_period(rule: Rule, period: Period) -> Rule:
    """Return what a rule says in a period."""
    given = {key: said for key in CHANGEABLE if (said := getattr(period, key)) is not None}
    if isinstance(period.value, float):
        # A constant needs no range; that of the rule is for its own values.
        given = {"min": None, "max": None, **given}
    return msgspec.structs.replace(rule, periods=(), **given)
