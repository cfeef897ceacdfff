"""Whether `also` can be meant."""

import re
from collections.abc import Iterator

from renown.policy.checks.matching import check_wanted
from renown.policy.checks.requiring import require
from renown.policy.checks.times import in_period
from renown.policy.evidence.disputing import STEPS
from renown.policy.rules.deriving import ATTRIBUTE, ROLES, Also
from renown.policy.rules.periods import span_of
from renown.policy.schema import Policy, Rule

__all__ = ["check_also"]

_TYPE = re.compile(r"[a-z][a-z0-9_.-]{0,63}\Z")
_ROLE = re.compile(r"data\.[!-~]{1,64}\Z")
_RESERVED = ("retract", "amend", *STEPS)


def check_also(policy: Policy, rule: Rule, also: Also, path: str) -> None:
    """Check one event that a rule makes for somebody else."""
    good = also.to in ROLES or _ROLE.match(also.to)
    expected = ", ".join(ROLES) + f" or {ATTRIBUTE}<attribute>"
    require(good, f"{path}.to", f"`{also.to}` is nobody that an event names", expected)
    others = [each.to for each in rule.also if each is not also]
    require(also.to not in others, f"{path}.to", f"`{also.to}` is told twice", "each of them once")
    require(_TYPE.match(also.type), f"{path}.type", f"`{also.type}` is no event type", "a-z, 0-9, _, - and .")
    reserved = also.type.startswith("renown.") or also.type in _RESERVED
    require(not reserved, f"{path}.type", f"`{also.type}` has its own meaning", "another event type")
    made = policy.rules.get(also.type)
    if made is not None:
        require(
            also.to != "actor" or made.allow_self,
            f"rules.{also.type}.allow_self",
            f"`{also.type}` is made for whoever caused it, so it is about its own actor",
            "true",
        )
        then = list(_together(rule, made))
        for maker_then, made_then in then:
            _fits(policy, maker_then, made_then, also, path)
        handed = not also.with_value or any(each.value_mode != "none" for _, each in then)
        require(handed, f"{path}.with_value", f"`{also.type}` has a constant and takes no value", "false")
    check_wanted(also.when, f"{path}.when")


def _fits(policy: Policy, maker: Rule, made: Rule, also: Also, path: str) -> None:
    """Require that what is made is not refused whatever it is made of, and its maker with it."""
    name, with_value = also.type, f"{path}.with_value"
    require(
        made.categories != "required",
        f"rules.{name}.categories",
        f"`{name}` is made by another event, and none of its categories are handed on",
        '"optional" or "none"',
    )
    brings = maker.value_mode != "none"
    if made.value_mode == "none":
        detail = f"`{name}` has its value from its own rule, and takes none of the event that makes it"
        require(not also.with_value or not brings, with_value, detail, "false")
    elif not brings:
        detail = f"`{name}` needs a value, and what makes it brings none: its own is a constant"
        require(False, f"rules.{name}.value", detail, "a number")
    else:
        require(also.with_value, with_value, f"`{name}` needs a value", "true")
        low, high = _range(policy, made)
        least, most = _range(policy, maker)
        detail = f"`{name}` takes values from {low:g} to {high:g}, and is handed {least:g} to {most:g}"
        expected = f"a range that shares values with {least:g} to {most:g}"
        require(max(low, least) <= min(high, most), f"rules.{name}", detail, expected)


def _range(policy: Policy, rule: Rule) -> tuple[float, float]:
    scale = policy.scale
    return scale.min if rule.min is None else rule.min, scale.max if rule.max is None else rule.max


def _together(maker: Rule, made: Rule) -> Iterator[tuple[Rule, Rule]]:
    """Yield what both rules say for each stretch of time in which both count."""
    edges = {edge for rule in (maker, made) for span in _spans(rule) for edge in span}
    for edge in sorted(edges)[:-1]:
        one, other = _then(maker, edge), _then(made, edge)
        if one is not None and other is not None:
            yield one, other


def _spans(rule: Rule) -> list[tuple[float, float]]:
    return [span_of(rule), *map(span_of, rule.periods)]


def _then(rule: Rule, at: float) -> Rule | None:
    """Return what a rule says at a time, None when it counts for nothing."""
    since, until = span_of(rule)
    if not since <= at < until:
        return None
    for period in rule.periods:
        since, until = span_of(period)
        if since <= at < until:
            return in_period(rule, period)
    return rule
