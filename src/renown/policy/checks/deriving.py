"""Whether `also` can be meant."""

import re

from renown.policy.checks.matching import check_wanted
from renown.policy.checks.requiring import require
from renown.policy.rules.deriving import ATTRIBUTE, ROLES, Also
from renown.policy.schema import Policy, Rule

__all__ = ["check_also"]

_TYPE = re.compile(r"[a-z][a-z0-9_.-]{0,63}\Z")
_ROLE = re.compile(r"data\.[!-~]{1,64}\Z")


def check_also(policy: Policy, rule: Rule, also: Also, path: str) -> None:
    """Check one event that a rule makes for somebody else."""
    good = also.to in ROLES or _ROLE.match(also.to)
    expected = ", ".join(ROLES) + f" or {ATTRIBUTE}<attribute>"
    require(good, f"{path}.to", f"`{also.to}` is nobody that an event names", expected)
    others = [each.to for each in rule.also if each is not also]
    require(also.to not in others, f"{path}.to", f"`{also.to}` is told twice", "each of them once")
    require(_TYPE.match(also.type), f"{path}.type", f"`{also.type}` is no event type", "a-z, 0-9, _, - and .")
    reserved = also.type.startswith("renown.") or also.type in ("retract", "amend")
    require(not reserved, f"{path}.type", f"`{also.type}` has its own meaning", "another event type")
    made = policy.rules.get(also.type)
    if made is not None:
        require(
            also.to != "actor" or made.allow_self,
            f"rules.{also.type}.allow_self",
            f"`{also.type}` is made for whoever caused it, so it is about its own actor",
            "true",
        )
        needs = made.value == "required"
        require(also.with_value or not needs, f"{path}.with_value", f"`{also.type}` needs a value", "true")
    check_wanted(also.when, f"{path}.when")
