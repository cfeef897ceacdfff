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
from renown.scoring.life.state import Alarm, Calm, Happening, Life, Moment, Standstill, Turned
from renown.scoring.life.watching import Seen
from renown.scoring.reading import Reading
from renown.scoring.state import State

__all__ = ["begin_life", "decode_life", "ease", "encode_life", "has_life", "look", "turn"]

_MOST_MISSED = 4_000
"""So many missed dues are made up for in one turn: eleven years of days."""
_Now = tuple[float, Reading, tuple[Alarm, ...]]
"""A time, what the scores are then, and which alarms begin, go on or end."""
Eased = tuple[Life, Calm, list[Change]]
"""A life, what is known of it, and what has changed: what was known before, itself, where that goes on."""

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

    `calm` is what the turn that made this life has found out; it saves work and changes nothing.
    """
    plan = life_plan_of(policy)
    if calm is not None:
        eased = ease(
            policy,
            life,
            calm,
            moment,
            at=moment.at,
            reading=moment.reading,
            counts=moment.counts,
            delta=moment.delta,
            incidents=moment.incidents,
            happened=moment.happened,
        )
        if eased is not None:
            return _turned(*eased)
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
        life, _, _ = _stepped(plan, life, (due, reading, ()), None, changes)
    before = life
    event = None if by_time else moment
    life, due, going = _stepped(plan, life, (at, moment.reading, moment.incidents), event, changes)
    stands = (
        not by_time
        and stand_still(before.badges, life.badges)
        and (life.tiers is before.tiers or plan.tiers.rest(life.tiers, at, moment.reading))
    )
    box = plan.ground.box(moment.reading, going) if stands and moment.type not in plan.stirring else None
    badges = plan.badges.shown(life.badges) if life.badges else ()
    statuses = plan.statuses
    until = statuses.until(life.status, life.at or 0.0, moment.reading) if statuses.moves else None
    tier, status = plan.tiers.name(life.tiers), statuses.name(life.status)
    return _turned(life, Calm(box, due, going, tier, badges, status, until), changes)


def ease(
    policy: Policy,
    life: Life,
    calm: Calm,
    event: Happening,
    *,
    at: float,
    reading: Reading,
    counts: bool,
    delta: float,
    incidents: tuple[Alarm, ...],
    happened: float | None,
) -> Eased | None:
    """Return what an event makes of a calm life; None where it has to be turned as a whole.

    In a calm life neither tier nor badges change but by counting, and no time that matters has passed:
    there is nothing to it but the status, and those badges and alerts that the event may concern. `calm` is
    what the turn that made this life has found out; the rest is what a moment says. Most events are such.
    """
    plan, box, due, type_ = life_plan_of(policy), calm.box, life.due, event.type
    if box is None or (due is not None and at >= due) or type_ in plan.stirring:
        return None
    if life.at is None or life.at > at or not is_within(box, reading):
        return None
    changes: list[Change] = []
    due, still, shown, name, until = calm.due, calm.open, calm.badges, calm.status, calm.status_until
    statuses, status, badges, alerts = plan.statuses, life.status, life.badges, life.alerts
    if statuses.moves:
        status = statuses.turned(status, at, reading, event if counts else None, changes, happened=happened)
        name, until = statuses.name(status), statuses.until(status, at, reading)
        due = _sooner(due, statuses.due(status, at, reading))
    if counts and badges and type_ in plan.badges.counting:
        told = len(changes)
        badges = plan.badges.counted(badges, reading, life.tiers.tier, event, changes)
        if len(changes) > told:
            shown = plan.badges.shown(badges)
    if alerts:
        concerned = plan.alerts.concerned(still, type_, incidents=bool(incidents))
        if concerned:
            seen = Seen(at, reading, event, counts, delta, name, None, incidents)
            alerts, still, soonest = plan.alerts.eased(alerts, concerned, seen, changes)
            if soonest is not None:
                due = _sooner(due, soonest)
    if changes or still != calm.open or until != calm.status_until:
        calm = Calm(box, calm.due, still, calm.tier, shown, name, until)
    return Life(at, due, life.tiers, status, badges, alerts), calm, changes


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


def _turned(life: Life, calm: Calm, changes: list[Change]) -> Turned:
    until = calm.status_until
    return Turned(life, calm.tier, calm.badges, calm.status, until, tuple(changes), life.due, calm)


def _begun(plan: LifePlan, life: Life, at: float, changes: list[Change]) -> Life:
    tiers = plan.tiers.begin(at)
    if tiers.tier >= 0:
        changes.append(Change("tier", None, None, plan.tiers.name(tiers), "everybody begins with it"))
    status = Standstill(life.status.status, at, at, life.status.named)
    return Life(at, None, tiers, status, life.badges, life.alerts)


def _stepped(
    plan: LifePlan, life: Life, now: _Now, event: Moment | None, changes: list[Change]
) -> tuple[Life, float | None, tuple[int, ...]]:
    """Turn everything once: tier, status, badges, alerts; each sees what those before it have become.

    Besides the life return when time alone may change the tier, and the places of the alerts that are open.
    """
    at, reading, alarms = now
    counts, counting = (False, None) if event is None or not event.counts else (True, event)
    # Looking twice at the same moment is no second evaluation.
    again = event is None and at == life.at
    counted = "" if again or (event is not None and not counts) else event and event.type
    tiers, why = plan.tiers.turned(life.tiers, at, reading, counted)
    fallen = None
    if tiers.tier != life.tiers.tier:
        before, after = plan.tiers.name(life.tiers), plan.tiers.name(tiers)
        changes.append(Change("tier", None, before, after, why))
        if tiers.tier < life.tiers.tier:
            fallen = f"`{before}` is lost: {why}"
    status = life.status
    if plan.statuses.moves:
        happened = None if event is None else event.happened
        status = plan.statuses.turned(status, at, reading, counting, changes, happened=happened)
    badges, alerts, going = life.badges, life.alerts, ()
    if badges:
        badges = plan.badges.turned(badges, reading, tiers.tier, counting, changes)
    if alerts:
        delta = 0.0 if event is None else event.delta
        seen = Seen(at, reading, event, counts, delta, plan.statuses.name(status), fallen, alarms)
        alerts = plan.alerts.turned(alerts, seen, changes)
    due = of_tiers = plan.tiers.due(tiers, at, reading)
    if plan.statuses.moves:
        due = _sooner(due, plan.statuses.due(status, at, reading))
    if alerts:
        going = plan.alerts.open(alerts)
        due = _sooner(due, plan.alerts.due(alerts, going, at))
    return Life(at, due, tiers, status, badges, alerts), of_tiers, going


def _sooner(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
