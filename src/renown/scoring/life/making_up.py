"""What becomes of a life when an event comes late and is worked in: which changes are told, and why.

What fired and cleared in the past is not told any more; only what is other now is.
"""

from collections.abc import Sequence

import msgspec

from renown.model import Change
from renown.policy import Alert, Policy
from renown.scoring.life.plan import LifePlan, life_plan_of
from renown.scoring.life.state import AlertState, Life, Moment
from renown.scoring.life.turning import begin_life, turn

__all__ = ["as_judged", "made_up", "unjudged"]


def as_judged(policy: Policy, life: Life, judged: Life) -> Life:
    """Return `life` with the alerts about incidents as they are in `judged`: guards judge on arrival."""
    if not any(alert.when.incident for alert in policy.alerts):
        return life
    alerts = [
        other if alert.when.incident else state
        for alert, state, other in zip(policy.alerts, life.alerts, judged.alerts, strict=True)
    ]
    return msgspec.structs.replace(life, alerts=tuple(alerts))


def unjudged(policy: Policy, life: Life, moment: Moment) -> Life:
    """Return `life`, as of `moment`, without alerts about incidents: they depend on the order of arrival."""
    bare = as_judged(policy, life, begin_life(policy))
    return life if bare == life else turn(policy, bare, moment).life


def made_up(
    policy: Policy,
    before: Life,
    after: Life,
    *,
    own: Sequence[Change],
    since: Sequence[Change],
    judged: Sequence[Change],
) -> list[Change]:
    """Return what has changed from `before`, where an event was not known of, to `after`, where it is.

    `own` is what the event changed at its time, `since` that and everything after it, in order; `judged` what
    it changed on arrival.
    """
    plan = life_plan_of(policy)
    pairs = [*_shown(plan, before, after), *_badges(policy, plan, before, after)]
    changes = [Change(*pair, _why(since, pair)) for pair in pairs]
    fell = next((each for each in changes if each.kind == "tier"), None)
    if fell is not None and after.tiers.tier > before.tiers.tier:
        fell = None
    for alert, was, now in zip(policy.alerts, before.alerts, after.alerts, strict=True):
        of = [change for change in judged if change.kind == "alert" and change.name == alert.name]
        changes += of if alert.when.incident else _alert(alert, was, now, own=own, since=since, fell=fell)
    return changes


_Pair = tuple[str, str | None, str | None, str | None]
"""Kind, name, before, after."""


def _shown(plan: LifePlan, before: Life, after: Life) -> list[_Pair]:
    pairs: list[_Pair] = [
        ("tier", None, plan.tiers.name(before.tiers), plan.tiers.name(after.tiers)),
        ("status", None, plan.statuses.name(before.status), plan.statuses.name(after.status)),
    ]
    return [pair for pair in pairs if pair[2] != pair[3]]


def _badges(policy: Policy, plan: LifePlan, before: Life, after: Life) -> list[_Pair]:
    found: list[_Pair] = []
    for i, badge in enumerate(policy.badges):
        one, other = plan.badges.shown_at(i, before.badges), plan.badges.shown_at(i, after.badges)
        if one != other:
            found.append(("badge", badge.name, one, other))
    return found


def _alert(
    alert: Alert,
    was: AlertState,
    now: AlertState,
    *,
    own: Sequence[Change],
    since: Sequence[Change],
    fell: Change | None,
) -> list[Change]:
    if (was.fired is None) != (now.fired is None):
        one, other = (None, "fired") if was.fired is None else ("fired", "cleared")
        pair: _Pair = ("alert", alert.name, one, other)
        return [Change(*pair, _why(since, pair))]
    if alert.clear is not None:
        return []
    if alert.when.tier_lost and fell is not None:
        return [Change("alert", alert.name, None, "fired", f"`{fell.before}` is lost: {fell.why}")]
    struck = own if alert.when.event else ()
    return [each for each in struck if each.name == alert.name and each.kind == "alert"][-1:]


def _why(since: Sequence[Change], pair: _Pair) -> str:
    kind, name, _, after = pair
    said = [each.why for each in since if (each.kind, each.name, each.after) == (kind, name, after)]
    late = "an event that came late is worked in"
    return f"{said[-1]}; {late}" if said and said[-1] else f"{late}: in order it would have been so"
