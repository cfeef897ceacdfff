"""Turning a life by one moment, and its encoding."""

from collections.abc import Mapping

import msgspec

from renown.errors import PolicyError
from renown.model import Change
from renown.policy import Policy
from renown.scoring.effect import TIME
from renown.scoring.life.badges import stand_still
from renown.scoring.life.ground import is_within
from renown.scoring.life.plan import LifePlan, life_plan_of
from renown.scoring.life.state import Alarm, Calm, Life, Moment, Standstill, Turned
from renown.scoring.life.watching import Seen
from renown.scoring.reading import Reading
from renown.scoring.state import State

__all__ = ["begin_life", "decode_life", "encode_life", "has_life", "look", "turn"]

_MOST_MISSED = 4_000
"""So many missed dues are made up for in one turn: eleven years of days."""
_Now = tuple[float, Reading, tuple[Alarm, ...]]
"""A time, what the scores are then, and which alarms begin, go on or end."""

_DECODER = msgspec.json.Decoder(Life)
_ENCODER = msgspec.json.Encoder()


def has_life(policy: Policy) -> bool:
    """Tell whether there is anything to carry; if not, the tier is the reading's and nothing else is."""
    return life_plan_of(policy).has_life


def begin_life(policy: Policy) -> Life:
    """Return the life of a subject without events."""
    return life_plan_of(policy).empty


def turn(policy: Policy, life: Life, moment: Moment, calm: Calm | None = None) -> Turned:
    """Return what an event, or time, makes of a life.

    Dues that have passed without having been turned are made up for first, each at its own time and in order,
    so that it makes no difference whether timers did them or they come all at once with the next event.
    They are read with `moment.earlier`, as the subject was before the event; without it the score is assumed
    to have been since the last moment what `moment.reading` says. A due at the very time of an event comes
    before it. Changes made up for are told with this moment, in order.

    `calm` is what the turn before has found out; it saves work and changes nothing.
    """
    plan = life_plan_of(policy)
    if calm is not None and calm.life is life and _is_calm(plan, calm, moment):
        return _eased(plan, calm, moment)
    at = moment.at if life.at is None else max(moment.at, life.at)
    by_time = moment.type == TIME
    changes: list[Change] = []
    if life.at is None:
        life = _begun(plan, life, at, changes)
    for _ in range(_MOST_MISSED):
        due = life.due
        if due is None or due > at or (due == at and by_time):
            break
        reading = moment.reading if moment.earlier is None else moment.earlier(due)
        life, _ = _stepped(plan, life, (due, reading, ()), None, changes)
    before = life
    event = None if by_time else moment
    life, due = _stepped(plan, life, (at, moment.reading, moment.incidents), event, changes)
    stands = not by_time and life.tiers is before.tiers and stand_still(before.badges, life.badges)
    going = plan.alerts.open(life.alerts)
    box = plan.ground.box(moment.reading, going) if stands and moment.type not in plan.stirring else None
    badges = plan.badges.shown(life.badges) if life.badges else ()
    calm = Calm(life, box, due, going, badges)
    return _turned(plan, calm, moment.reading, changes)


def look(policy: Policy, state: State, at: float, prior: Mapping[str, float]) -> Reading:
    """Return what a life looks at in a reading, at less cost: no bounds, only the categories it asks for."""
    return life_plan_of(policy).glance.read(state, at, prior)


def encode_life(life: Life) -> bytes:
    """Return the life as bytes; `decode_life` gives back an equal one."""
    return _ENCODER.encode(life)


def decode_life(policy: Policy, data: bytes) -> Life:
    """Return the encoded life.

    Raises:
        PolicyError: it was made under another form of policy (`state_mismatch`); then fold the subject anew.

    """
    try:
        life = _DECODER.decode(data)
        for bits in life.tiers.bits:
            int(bits, 16)
    except (msgspec.DecodeError, ValueError) as error:
        raise PolicyError(f"the life cannot be read: {error}", code="state_mismatch") from None
    if not life_plan_of(policy).fits(life):
        raise PolicyError(
            f"the life was not made under the policy `{policy.name}` version {policy.version}",
            code="state_mismatch",
        )
    return life


def _is_calm(plan: LifePlan, calm: Calm, moment: Moment) -> bool:
    """Tell whether tier and badges can change by counting alone, and no time that matters has passed."""
    box, due, type_ = calm.box, calm.life.due, moment.type
    if box is None or type_ == TIME or type_ in plan.stirring:
        return False
    return (due is None or moment.at < due) and is_within(box, moment.reading)


def _eased(plan: LifePlan, calm: Calm, moment: Moment) -> Turned:
    """Turn a calm life by an event: its status, and those badges and alerts that the event may concern."""
    life, reading, at = calm.life, moment.reading, moment.at
    if life.at is not None and life.at > at:
        at = life.at
    changes: list[Change] = []
    status, alerts, due, still = life.status, life.alerts, calm.due, calm.open
    statuses = plan.statuses
    if statuses.moves:
        status = statuses.turned(status, at, reading, moment, changes)
        due = _sooner(due, statuses.due(status, at, reading))
    badges, shown = life.badges, calm.badges
    if badges and moment.type in plan.badges.counting:
        told = len(changes)
        badges = plan.badges.counted(badges, reading, life.tiers.tier, moment, changes)
        if len(changes) > told:
            shown = plan.badges.shown(badges)
    if alerts:
        looked = plan.alerts.concerned(still, moment)
        if looked:
            seen = Seen(at, reading, moment, statuses.name(status), None, moment.incidents)
            alerts, still = plan.alerts.eased(alerts, looked, seen, changes)
        if still:
            due = _sooner(due, plan.alerts.due(alerts, still, at))
    after = Life(at, due, life.tiers, status, badges, alerts)
    return _turned(plan, Calm(after, calm.box, calm.due, still, shown), reading, changes)


def _turned(plan: LifePlan, calm: Calm, reading: Reading, changes: list[Change]) -> Turned:
    life, statuses = calm.life, plan.statuses
    until = statuses.until(life.status, life.at or 0.0, reading) if statuses.moves else None
    tier, status = plan.tiers.name(life.tiers), statuses.name(life.status)
    return Turned(life, tier, calm.badges, status, until, tuple(changes), life.due, calm)


def _begun(plan: LifePlan, life: Life, at: float, changes: list[Change]) -> Life:
    tiers = plan.tiers.begin(at)
    if tiers.tier >= 0:
        changes.append(Change("tier", None, None, plan.tiers.name(tiers), "everybody begins with it"))
    status = Standstill(life.status.status, at, at, life.status.named)
    return Life(at, None, tiers, status, life.badges, life.alerts)


def _stepped(
    plan: LifePlan, life: Life, now: _Now, event: Moment | None, changes: list[Change]
) -> tuple[Life, float | None]:
    """Turn everything once: tier, status, badges, alerts; each sees what those before it have become.

    Besides the life return when time alone may change the tier.
    """
    at, reading, alarms = now
    # Looking twice at the same moment is no second evaluation.
    again = event is None and at == life.at
    counted = "" if again or (event is not None and not event.counts) else event and event.type
    tiers, why = plan.tiers.turned(life.tiers, at, reading, counted)
    fallen = None
    if tiers.tier != life.tiers.tier:
        before, after = plan.tiers.name(life.tiers), plan.tiers.name(tiers)
        changes.append(Change("tier", None, before, after, why))
        if tiers.tier < life.tiers.tier:
            fallen = f"`{before}` is lost: {why}"
    status = life.status
    if plan.statuses.moves:
        status = plan.statuses.turned(status, at, reading, event, changes)
    badges, alerts = life.badges, life.alerts
    if badges:
        badges = plan.badges.turned(badges, reading, tiers.tier, event, changes)
    if alerts:
        seen = Seen(at, reading, event, plan.statuses.name(status), fallen, alarms)
        alerts = plan.alerts.turned(alerts, seen, changes)
    due = of_tiers = plan.tiers.due(tiers, at, reading)
    if plan.statuses.moves:
        due = _sooner(due, plan.statuses.due(status, at, reading))
    if alerts:
        due = _sooner(due, plan.alerts.due(alerts, plan.alerts.open(alerts), at))
    return Life(at, due, tiers, status, badges, alerts), of_tiers


def _sooner(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
