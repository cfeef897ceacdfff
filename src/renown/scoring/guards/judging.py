"""Judging an event, and remembering it: all guards of a policy together.

`judge` says what is to become of an event, `seen` what is remembered after it. Both are pure and answer
alike for the same arguments, all of which are recorded with the event: so a rebuild judges as it was judged.
"""

from collections.abc import Sequence

import msgspec

from renown.errors import PolicyError
from renown.model import Event
from renown.policy import Policy
from renown.policy.evidence.guarding import Action
from renown.scoring.effect import Effect
from renown.scoring.guards.detector import Detector, Finding
from renown.scoring.guards.mutual import RingCell
from renown.scoring.guards.sighting import DAY, Sighting, mark_of
from renown.scoring.guards.state import NO_GUARDS, Guards, Open
from renown.scoring.guards.verdicts import NOTHING, Facts, Incident, Phase, Reason, Verdict, Wants
from renown.scoring.guards.watch import Watch, watch_of

__all__ = [
    "begin_guards",
    "decode_guards",
    "encode_guards",
    "guards_due",
    "judge",
    "kin_of",
    "pass_time",
    "seen",
    "wants",
]

_STRICT: dict[Action, int] = {"count": 0, "weigh": 1, "hold": 2, "reject": 3}
_ENCODER = msgspec.json.Encoder()

_Found = tuple[int, Finding]


def wants(policy: Policy) -> Wants:
    """Return which facts the guards of a policy need."""
    return watch_of(policy).wants


def begin_guards(policy: Policy) -> Guards:
    """Return what is remembered of a subject without events."""
    count = len(policy.guards)
    return Guards((None,) * count) if count else NO_GUARDS


def kin_of(policy: Policy, guards: Guards, actors: Guards | None, actor: str | None) -> int | None:
    """Return how many of the subject's last raters have rated the actor, too: the fact `kin`.

    `actors` is what the guards remember of the actor as a subject of the same policy; None: nothing.
    """
    place = watch_of(policy).ring
    if place is None or actor is None:
        return None
    cell: RingCell | None = guards.cells[place]
    others: RingCell | None = actors.cells[place] if actors is not None and actors.cells else None
    if cell is None or others is None:
        return 0
    common = set(cell.raters).intersection(others.raters)
    return len(common) - (mark_of(actor) in common) if common else 0


def judge(
    policy: Policy, guards: Guards, event: Event, effect: Effect, *, facts: Facts, at: float
) -> Verdict:
    """Return what the guards say of an event that arrives; `at` is when it happened.

    Events that contribute nothing, or take back or change earlier ones, are not looked at.
    """
    watch = watch_of(policy)
    looking = watch.looking.get(event.type)
    if looking is None or not effect.contributions:
        return NOTHING if not guards.open else _ended(watch, guards, at)
    now = watch.sight(event, effect, facts, at, guards.newest)
    cells = guards.cells
    found: list[_Found] = []
    for place, look in looking:
        finding = look(cells[place], now)
        if finding is not None:
            found.append((place, finding))
    return _verdict(watch, guards, found, now) if found or guards.open else NOTHING


def seen(
    policy: Policy, guards: Guards, event: Event, effect: Effect, *, facts: Facts, at: float, verdict: Verdict
) -> Guards:
    """Return what is remembered after an event, also after one that is held."""
    watch = watch_of(policy)
    adding = watch.adding.get(event.type)
    still = guards.open if not verdict.incidents else _opened(watch, guards.open, verdict)
    if adding is None or not effect.contributions:
        return guards if still is guards.open else Guards(guards.cells, still, guards.newest)
    now = watch.sighted(event, effect, facts, at, guards.newest)
    counts = verdict.action in ("count", "weigh")
    cells = list(guards.cells)
    for place, add in adding:
        cells[place] = add(cells[place], now, counts)
    return Guards(tuple(cells), still, now.now)


def guards_due(guards: Guards) -> float | None:
    """Return when the next alarm is over if nothing more comes; None: there is none."""
    return min([each.until for each in guards.open]) if guards.open else None


def pass_time(policy: Policy, guards: Guards, at: float) -> tuple[Guards, tuple[Incident, ...]]:
    """Return what is remembered when time alone has passed, and the alarms that are over by then."""
    if not guards.open:
        return guards, ()
    watch = watch_of(policy)
    verdict = _ended(watch, guards, at)
    if not verdict.incidents:
        return guards, ()
    return Guards(guards.cells, _opened(watch, guards.open, verdict), guards.newest), verdict.incidents


def encode_guards(guards: Guards) -> bytes:
    """Return it as bytes, none for a policy without guards; `decode_guards` gives back an equal one."""
    return _ENCODER.encode(guards) if guards.cells else b""


def decode_guards(policy: Policy, data: bytes) -> Guards:
    """Return the encoded state; nothing stands for a subject without events.

    Raises:
        PolicyError: `state_mismatch`, it was made under another form of policy.

    """
    if not data:
        return begin_guards(policy)
    watch = watch_of(policy)
    try:
        stored = watch.decoder.decode(data)
    except msgspec.DecodeError as error:
        raise PolicyError(f"what guards remember cannot be read: {error}", code="state_mismatch") from None
    if any(not 0 <= each.place < len(watch.detectors) for each in stored.open):
        raise PolicyError("an alarm is of no guard of the policy", code="state_mismatch")
    return Guards(stored.cells, stored.open, stored.newest)


def _verdict(watch: Watch, guards: Guards, found: Sequence[_Found], now: Sighting) -> Verdict:
    action: Action = "count"
    weight, hold_until, decides = 1.0, 0.0, False
    reasons: list[Reason] = []
    alarming = bool(guards.open)
    for place, finding in found:
        alarming = alarming or finding.until is not None
        if not finding.acts:
            continue
        guard = watch.detectors[place].guard
        wanted = guard.action
        cut = None
        if _STRICT[wanted] > _STRICT[action]:
            action = wanted
        if wanted == "weigh":
            cut = guard.weight if finding.weight is None else finding.weight
            weight *= cut
        elif wanted == "hold":
            decides = decides or guard.hold_days is None
            hold_until = max(hold_until, now.now + (guard.hold_days or 0.0) * DAY)
        reasons.append(Reason(guard.name, finding.text, wanted, cut))
    news = _news(watch, guards, found, now) if alarming else ()
    if not reasons and not news:
        return NOTHING
    until = hold_until if action == "hold" and not decides else None
    return Verdict(action, weight, tuple(reasons), until, news)


def _news(watch: Watch, guards: Guards, found: Sequence[_Found], now: Sighting) -> tuple[Incident, ...]:
    news: list[Incident] = []
    going = {each.place: each for each in guards.open}
    findings = dict(found)
    for place, detector in watch.types[now.event.type]:
        finding, before = findings.get(place), going.pop(place, None)
        if finding is not None and finding.until is not None:
            if before is not None and before.until <= now.at:
                news.append(_incident(watch, before, "ends", before.until))
                before = None
            news.append(_told(detector, finding, before, now.at))
        elif before is not None and (before.until <= now.at or detector.clears(now)):
            news.append(_incident(watch, before, "ends", min(now.at, before.until)))
    news.extend(_incident(watch, each, "ends", each.until) for each in going.values() if each.until <= now.at)
    return tuple(news)


def _told(detector: Detector, finding: Finding, before: Open | None, at: float) -> Incident:
    phase: Phase = "begins" if before is None else "goes_on"
    since, events = (at, 0) if before is None else (before.since, before.events)
    return Incident(
        detector.guard.name,
        detector.kind,
        phase,
        since,
        at,
        finding.count,
        finding.expected,
        finding.days,
        events + 1,
        finding.text,
        finding.until or at,
    )


def _incident(watch: Watch, each: Open, phase: Phase, at: float) -> Incident:
    detector = watch.detectors[each.place]
    return Incident(
        detector.guard.name,
        detector.kind,
        phase,
        each.since,
        at,
        each.count,
        each.expected,
        each.days,
        each.events,
        each.text,
        each.until,
    )


def _ended(watch: Watch, guards: Guards, at: float) -> Verdict:
    over = tuple([_incident(watch, each, "ends", each.until) for each in guards.open if each.until <= at])
    return Verdict(incidents=over) if over else NOTHING


def _opened(watch: Watch, going: tuple[Open, ...], verdict: Verdict) -> tuple[Open, ...]:
    """Return the alarms that go on after a verdict."""
    still = {each.place: each for each in going}
    for news in verdict.incidents:
        place = watch.places.get(news.guard)
        if place is None:
            continue
        still.pop(place, None)
        if news.phase != "ends":
            still[place] = Open(
                place,
                news.since,
                news.until,
                news.count,
                news.expected,
                news.days,
                news.events,
                news.text,
            )
    return tuple(still.values())
