"""Working in what comes late: the life of a subject as it would be had its events come in order.

The events from the nearest checkpoint on are folded anew in the order of their times, with what was recorded
beside them, by the code that folds everything. Of that only the life is kept: scores are those of the order
of time anyway, and what guards remember and say belongs to the order of arrival.
"""

from collections.abc import Sequence
from math import inf
from typing import Final, NamedTuple, Protocol

import msgspec

from renown import scoring
from renown.errors import EventError
from renown.ledger.folding.forms import Applied, Earlier, Folded, Incoming, Lived, Past
from renown.ledger.folding.living import face_in
from renown.ledger.folding.told import Told
from renown.model import Basis, Change, Event
from renown.policy import Policy
from renown.scoring import TIME, Effect, Reading
from renown.scoring.life import Moment, as_judged, begin_life, made_up, turn, unjudged

__all__ = ["MOST", "Fold", "Worked", "work_in"]

MOST: Final = 1_000
"""Events that are folded anew for one that comes late, at most: nobody else should have to wait for long."""

_DAY: Final = 86_400.0
_event: Final = msgspec.json.Decoder(Event)


class Worked(NamedTuple):
    """What working an event in has come to."""

    changes: Sequence[Change]
    passed_over: bool
    """It was not worked in: too much would have to be folded anew."""


class _Said(msgspec.Struct, gc=False, eq=False):
    """An event, with what it means."""

    id: str
    at: float
    event: Event
    effect: Effect


class Fold(Protocol):
    """Applies one event; it is `fold.apply`, which works in what comes late and is therefore handed over."""

    def __call__(
        self, policy: Policy, before: Folded, incoming: Incoming, basis: Basis, past: Past
    ) -> Applied:
        """Return what an event makes of its subject."""
        ...


class _Coming(msgspec.Struct, gc=False, eq=False):
    """An event with its place in time."""

    place: tuple[float, int]
    said: _Said
    basis: Basis
    body: bytes


def work_in(
    policy: Policy,
    before: Folded,
    folded: Folded,
    incoming: Incoming,
    *,
    basis: Basis,
    past: Past,
    place: tuple[float, int],
    reading: Reading,
    judged: Sequence[Change],
    fold: Fold,
) -> Worked | None:
    """Put the life in `folded` that its subject has with a late event worked in, and return what changed.

    On entry `folded` has the life that the event makes on arrival, and `judged` is what it changed. Both
    stand where it comes later than the policy's tolerance: then return None. `place` is the lowest (at,
    version) of the events of which something else counts now, its own included.
    """
    arrived = folded.life
    if before.life is None or arrived is None or before.at - incoming.at > _longest(policy):
        return None
    lived = past.lived_since(place, folded.version - MOST)
    if lived is None:
        return None
    if not lived.events:
        return _passed_over(incoming, judged, f"It came late, after more than {MOST} events")
    walk = _Walk(policy, fold, incoming.id)
    said = _Said(incoming.id, incoming.at, incoming.event, incoming.effect)
    body = msgspec.json.encode(incoming.event)
    walk.go(lived, _Coming((incoming.at, folded.version), said, basis, body))
    then = walk.folded
    if then.life is None or then.face is None or not _agrees(policy, then, folded, basis, reading):
        # Somebody decided between the two what would have been decided otherwise.
        return _passed_over(incoming, judged, "It came late, and what was done since does not go with it")
    life, face = as_judged(policy, then.life, arrived), then.face
    if life is not then.life:
        # It looks at the same moment again, which changes nothing but when it is due.
        turned = turn(policy, life, Moment(then.at, reading, TIME, counts=False))
        life, face = turned.life, face_in(turned)
    folded.life, folded.face, folded.calm = life, face, None
    changes = made_up(policy, before.life, life, own=walk.own, since=walk.since, judged=judged)
    return Worked(changes, passed_over=False)


def _passed_over(incoming: Incoming, judged: Sequence[Change], why: str) -> Worked:
    told = Change("late", incoming.id, why=f"{why}: tiers, badges and alerts are not made up for.")
    return Worked([*judged, told], passed_over=True)


def _agrees(policy: Policy, then: Folded, folded: Folded, basis: Basis, reading: Reading) -> bool:
    """Tell whether what is folded in order of time comes to what is read now."""
    return then.at == folded.at and scoring.read(policy, then.state, folded.at, basis.prior) == reading


def _longest(policy: Policy) -> float:
    return policy.late.tolerance_days * _DAY


class _Walk:
    """Folds events in the order of their times."""

    folded: Folded

    def __init__(self, policy: Policy, fold: Fold, of: str) -> None:
        """`of` is the id of the event for whose sake all is folded."""
        self._policy, self._fold, self._of = policy, fold, of
        self.own: Sequence[Change] = ()
        """What that event changed."""
        self.since: list[Change] = []
        """What changed from that event on."""

    def go(self, lived: Lived, last: _Coming) -> None:
        """Fold the events of `lived`, and `last`, which came after all of them."""
        order = sorted(_placed(self._policy, lived, last), key=lambda each: each.place)
        start = lived.start
        self.folded = _begun(self._policy, order[0]) if start is None else _again(self._policy, start)
        past = Told(self.folded.state, lives=False)
        begun = False
        for coming in order:
            begun = begun or coming.said.id == self._of
            self._take(coming, past, told=begun)

    def _take(self, coming: _Coming, past: Told, *, told: bool) -> None:
        said = coming.said
        try:
            one = self._fold(self._policy, self.folded, said, coming.basis, past)
        except EventError:
            # It was in order when it came, and would not have been had all come in time.
            return
        self.folded = one.folded
        earlier = Earlier(
            0, said.id, one.folded.version, said.at, one.pair, one.basis, one.contributions, coming.body
        )
        past.add(earlier, said.event.ref)
        past.mark(one)
        if told:
            self.since += one.changes
            if said.id == self._of:
                self.own = one.changes


def _begun(policy: Policy, first: _Coming) -> Folded:
    state, at, prior = scoring.empty(policy), first.said.at, first.basis.prior
    return Folded(0, state, at, scoring.score(policy, state, at, prior), life=begin_life(policy), prior=prior)


def _again(policy: Policy, start: Folded) -> Folded:
    """Return a subject as of a checkpoint, with nothing but what its life depends on."""
    life = start.life
    if life is not None:
        reading = scoring.read(policy, start.state, start.at, start.prior)
        life = unjudged(policy, life, Moment(start.at, reading, TIME, counts=False))
    return Folded(start.version, start.state, start.at, start.score, life=life, prior=start.prior)


def _placed(policy: Policy, lived: Lived, last: _Coming) -> list[_Coming]:
    """Return the events with their places.

    One that came later than the policy allows has the place at which it came, and what people and time do to
    others comes after those.
    """
    longest, passed_over = _longest(policy), frozenset(lived.passed_over)
    newest = -inf if lived.start is None else lived.start.at
    ends: dict[str, float] = {}
    placed: list[_Coming] = []
    for coming in [*_decoded(policy, lived.events), last]:
        at, version = coming.place
        counts_late = newest - at > longest or version in passed_over
        place = newest if counts_late and newest > at else at
        newest = max(newest, at)
        effect, names = coming.said.effect, [coming.said.id]
        about = effect.takes_back or effect.concerns
        if about is not None:
            place = max(place, ends.get(about, place))
        elif coming.said.event.ref is not None:
            names.append(coming.said.event.ref)
        for name in names:
            ends[name] = max(place, ends.get(name, place))
        coming.place = place, version
        placed.append(coming)
    return placed


def _decoded(policy: Policy, events: Sequence[Earlier]) -> list[_Coming]:
    found: list[_Coming] = []
    for earlier in events:
        event = _event.decode(earlier.body)
        try:
            effect = scoring.interpret(policy, event, earlier.at)
        except EventError:
            continue
        said = _Said(earlier.id, earlier.at, event, effect)
        found.append(_Coming((earlier.at, earlier.version), said, earlier.basis, earlier.body))
    return found
