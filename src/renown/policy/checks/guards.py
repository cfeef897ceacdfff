"""What the keys of a guard must say together."""

import re
from itertools import pairwise

from renown.policy.checks.requiring import require, within
from renown.policy.evidence.guarding import (
    LIFETIME,
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
from renown.policy.nearest import expected_one_of
from renown.policy.schema import Policy
from renown.policy.scores.ranges import LARGEST

__all__ = ["check_guards"]

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}\Z")
_MOST_GUARDS = 16
_MOST_LAST = 60
"""As many raters as fit into one number."""


def check_guards(policy: Policy) -> None:
    """Check all `[[guards]]` of a policy."""
    count = len(policy.guards)
    require(count <= _MOST_GUARDS, "guards", f"there are {count} guards", f"{_MOST_GUARDS} at most")
    names: set[str] = set()
    for i, guard in enumerate(policy.guards):
        path = f"guards[{i}]"
        require(_NAME.match(guard.name), f"{path}.name", f"`{guard.name}` is no valid name", "a-z, 0-9, _, -")
        require(
            guard.name not in names, f"{path}.name", f"there are two guards `{guard.name}`", "another name"
        )
        names.add(guard.name)
        _common(policy, guard, path)
        _own(guard, path)


def _common(policy: Policy, guard: Guarding, path: str) -> None:
    for i, name in enumerate(guard.types):
        require(
            name in policy.rules,
            f"{path}.types[{i}]",
            f"there is no rule for `{name}`",
            expected_one_of(name, policy.rules),
        )
    within(guard.weight, 0, 1, f"{path}.weight")
    if guard.hold_days is not None:
        require(guard.action == "hold", f"{path}.hold_days", "nothing is held", 'action = "hold"')
        within(guard.hold_days, 0.01, 3650, f"{path}.hold_days")
    within(guard.negative_below, -LARGEST, LARGEST, f"{path}.negative_below")
    require(guard.verified, f"{path}.verified", "it names nothing", "an attribute of `data`")


def _own(guard: Guarding, path: str) -> None:
    match guard:
        case BurstGuard():
            _burst(guard, path)
        case ReciprocityGuard() | RingGuard():
            _last(guard.last, guard.least, path)
            within(guard.share, 0, 1, f"{path}.share")
            if isinstance(guard, RingGuard):
                within(guard.density, 0, 1, f"{path}.density")
        case FreshGuard():
            _fresh(guard, path)
        case BudgetGuard():
            within(guard.most, 1, 40 if guard.per in ("actor", "ref") else 10**9, f"{path}.most")
            longest = LIFETIME if guard.per == "subject" else 366
            within(guard.days, 0.01, longest, f"{path}.days")
        case SelfGuard():
            for key, other in guard.same.items():
                require(key and other, f"{path}.same", "it names nothing", "attribute = attribute")
                require(key != other, f"{path}.same.{key}", "it is always the same", "another attribute")
        case RetaliationGuard():
            within(guard.days, 0.01, 3650, f"{path}.days")
        case ExitScamGuard():
            _exit_scam(guard, path)
        case RepeatGuard():
            within(guard.last, 2, _MOST_LAST, f"{path}.last")
            within(guard.most, 1, guard.last - 1, f"{path}.most")


def _burst(guard: BurstGuard, path: str) -> None:
    windows = guard.windows
    require(1 <= len(windows) <= 4, f"{path}.windows", f"there are {len(windows)} windows", "1 to 4")
    for i, days in enumerate(windows):
        within(days, 1, 60, f"{path}.windows[{i}]")
    ascending = all(a < b for a, b in pairwise(windows))
    require(ascending, f"{path}.windows", "the windows do not ascend", "the shortest first")
    within(guard.chance, 1e-12, 0.1, f"{path}.chance")
    within(guard.half_life_days, 1, 3650, f"{path}.half_life_days")
    within(guard.usual, 0, 1e6, f"{path}.usual")
    within(guard.usual_days, 1, 3650, f"{path}.usual_days")
    within(guard.least, 2, 10**9, f"{path}.least")
    within(guard.sds, 0, 20, f"{path}.sds")
    within(guard.usual_share, 0.001, 0.999, f"{path}.usual_share")


def _last(last: int, least: int, path: str) -> None:
    within(last, 2, _MOST_LAST, f"{path}.last")
    within(least, 2, last, f"{path}.least")


def _fresh(guard: FreshGuard, path: str) -> None:
    _last(guard.last, guard.least, path)
    within(guard.days, 0, 3650, f"{path}.days")
    within(guard.given, 0, 10**6, f"{path}.given")
    within(guard.share, 0, 1, f"{path}.share")
    within(guard.usual, 0.01, 0.99, f"{path}.usual")
    within(guard.sds, 0, 20, f"{path}.sds")
    within(guard.per_day, 0, 1e6, f"{path}.per_day")


def _exit_scam(guard: ExitScamGuard, path: str) -> None:
    within(guard.slow, 0.5, 0.9999, f"{path}.slow")
    within(guard.fast, 0.1, 0.9999, f"{path}.fast")
    require(guard.fast < guard.slow, f"{path}.fast", "`fast` is not below `slow`", f"< {guard.slow:g}")
    within(guard.sds, 0.1, 20, f"{path}.sds")
    within(guard.spread, 0.001, 1, f"{path}.spread")
    within(guard.least, 2, 10**6, f"{path}.least")
