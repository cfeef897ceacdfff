"""Whether `when` and `unless` can be meant."""

from renown.policy.checks.requiring import require
from renown.policy.nearest import expected_one_of
from renown.policy.rules.matching import Matching, Wanted
from renown.policy.schema import Rule

__all__ = ["OF_THE_EVENT", "check_matching", "check_wanted"]

OF_THE_EVENT = ("event.value", "event.ref", "event.actor", "event.actor_kind")
"""What can be asked of an event besides its data."""


def check_matching(rule: Rule, path: str) -> None:
    """Check which events a rule is for."""
    check_wanted(rule.when, f"{path}.when")
    check_wanted(rule.unless, f"{path}.unless")


def check_wanted(wanted: Wanted, path: str) -> None:
    """Check conditions at the dotted `path`."""
    for name, each in wanted.items():
        where = f"{path}.{name}"
        require(name, where, "it names nothing", "an attribute of `data`")
        if name.startswith("event."):
            expected = expected_one_of(name, OF_THE_EVENT)
            require(name in OF_THE_EVENT, where, f"`{name}` is nothing that events have", expected)
        if isinstance(each, Matching):
            _matching(each, where)


def _matching(matching: Matching, path: str) -> None:
    require(matching != Matching(), path, "it asks for nothing", "at_least, at_most, one_of, exists …")
    low, high = matching.at_least, matching.at_most
    if low is not None and high is not None:
        require(low <= high, f"{path}.at_least", "no number is that large and that small", f"<= {high:g}")
    for key in ("one_of", "none_of"):
        require(getattr(matching, key) != (), f"{path}.{key}", "the list is empty", "at least one")
    alone = matching.exists is not False or matching == Matching(exists=False)
    require(alone, f"{path}.exists", "what is absent cannot be anything", "nothing beside it")
