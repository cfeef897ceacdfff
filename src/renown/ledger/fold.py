"""Applying one event to its subject: the one piece of code behind live intake and rebuild.

Pure: it takes what the subject was and a look at its past, and returns what it becomes. It never
changes its arguments, so an event that fails half-way has changed nothing.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

import msgspec

from renown import scoring
from renown.errors import EventError
from renown.model import Basis, Contribution, Event
from renown.policy import Policy
from renown.scoring import Effect, Reading, State

__all__ = ["Applied", "Earlier", "Folded", "Incoming", "Past", "apply", "begin", "score_of"]

_New = tuple[float, int, tuple[Contribution, ...]]
"""(at, version, contributions) of the incoming event."""

NO_CONTRIBUTIONS: Final[tuple[Contribution, ...]] = ()

_event: Final = msgspec.json.Decoder(Event)


class Earlier(msgspec.Struct, gc=False, eq=False):
    """An event the subject already has."""

    seq: int
    id: str
    version: int
    at: float
    pair: str | None
    basis: Basis
    contributions: tuple[Contribution, ...]
    body: bytes
    ended_at: float | None = None
    ended_by: str | None = None
    ended_version: int | None = None

    @property
    def live(self) -> bool:
        """Whether it contributes now."""
        return self.ended_version is None and bool(self.contributions)


class Past(Protocol):
    """What an event may need to know of the earlier events of its subject."""

    def newest_of(self, pair: str) -> Earlier | None:
        """Return the live event of a pair."""
        ...

    def all_of(self, pair: str) -> Sequence[Earlier]:
        """Return all events of a pair, ended ones too, by version."""
        ...

    def referred(self, reference: str) -> Sequence[Earlier]:
        """Return the events whose id or ref is `reference`, by version."""
        ...

    def live(self) -> Sequence[Earlier]:
        """Return the events that contribute, by (at, version)."""
        ...


class Incoming(Protocol):
    """An event that passed the checks, with what it means."""

    @property
    def id(self) -> str:
        """The producer's id or the one made for it."""
        ...

    @property
    def at(self) -> float:
        """When it happened, POSIX seconds."""
        ...

    @property
    def event(self) -> Event:
        """The event as sent."""
        ...

    @property
    def effect(self) -> Effect:
        """What it means under the policy."""
        ...


class Folded(msgspec.Struct, gc=False, eq=False):
    """What the events of a subject have come to."""

    version: int
    state: State
    at: float
    """The latest time any of its events has: the time for which it is read."""
    score: float


class Applied(msgspec.Struct, gc=False, eq=False):
    """What one event makes of its subject."""

    folded: Folded
    reading: Reading | None
    """The whole reading, where it was asked for."""
    delta: float
    pair: str | None
    basis: Basis
    contributions: tuple[Contribution, ...]
    ends: Sequence["End"]
    """What it takes back; the event itself, too, when a later value was there before it."""


class End(msgspec.Struct, frozen=True, gc=False):
    """That an event stops to contribute."""

    seq: int | None
    """None means the incoming event itself."""
    id: str
    pair: str | None
    at: float
    by: str


def begin(policy: Policy, prior: dict[str, float], at: float) -> Folded:
    """Return a subject without events."""
    state = scoring.empty(policy)
    return Folded(0, state, at, score_of(policy, state, at, prior))


def score_of(policy: Policy, state: State, at: float, prior: dict[str, float]) -> float:
    """Return the overall score alone: the same number as `scoring.read` gives, at a fraction of its cost."""
    return scoring.score(policy, state, at, prior)


def apply(
    policy: Policy, before: Folded, incoming: Incoming, basis: Basis, past: Past, *, whole: bool = False
) -> Applied:
    """Return what `incoming` makes of its subject; with `whole` together with its reading.

    `basis` is what lay outside the subject at that moment; the one in the result is to be recorded.

    Raises:
        EventError: `ref_not_found`, or what the policy has against the event.

    """
    version = before.version + 1
    effect = incoming.effect
    if effect.takes_back is not None:
        taken = _targets(incoming, past)
        pair, basis, contributions = _amended(policy, incoming, taken[-1], basis, past)
        ends = [End(t.seq, t.id, t.pair, max(t.at, incoming.at), incoming.id) for t in taken]
        counts = True
    else:
        pair = effect.one_per
        contributions = scoring.weigh(effect.contributions, basis.weight)
        taken, ends, counts = _supersede(pair, incoming, past) if pair is not None else ((), (), True)
    at, prior = incoming.at, basis.prior
    counted = contributions if counts else NO_CONTRIBUTIONS
    state = _folded(policy, before, past, taken, (at, version, counted))
    at = max(before.at, at)
    reading = scoring.read(policy, state, at, prior) if whole else None
    score = score_of(policy, state, at, prior) if reading is None else reading.score
    delta = score - before.score + 0.0
    return Applied(Folded(version, state, at, score), reading, delta, pair, basis, contributions, ends)


def _targets(incoming: Incoming, past: Past) -> Sequence[Earlier]:
    reference = incoming.effect.takes_back or ""
    referred = past.referred(reference)
    found = {heir.version: heir for earlier in referred for heir in _heirs(earlier, past) if heir.live}
    live = [found[version] for version in sorted(found)]
    if not live:
        why = "was taken back already" if referred else "is not known for this subject"
        raise EventError(
            f"there is nothing to {incoming.event.type}: `{reference}` {why}",
            code="ref_not_found",
            field="ref",
            expected="the id or the ref of a live event of the same subject",
        )
    return live[-1:] if incoming.effect.amends else live


def _heirs(earlier: Earlier, past: Past) -> Iterator[Earlier]:
    """Yield an event and the amendments that have taken its place, one after the other."""
    heir: Earlier | None = earlier
    while heir is not None:
        yield heir
        by = heir.ended_by
        follower = None if by is None else next((e for e in past.referred(by) if e.id == by), None)
        heir = follower if follower is not None and _event.decode(follower.body).type == "amend" else None


def _amended(
    policy: Policy, incoming: Incoming, target: Earlier, basis: Basis, past: Past
) -> tuple[str | None, Basis, tuple[Contribution, ...]]:
    """An amendment says anew what its target said, with its giver's weight; a retraction says nothing."""
    if not incoming.effect.amends:
        return None, basis, NO_CONTRIBUTIONS
    effect = scoring.amended(policy, incoming.event, _said(target, past), target.at)
    kept = Basis(target.basis.weight, basis.prior)
    return target.pair, kept, scoring.weigh(effect.contributions, kept.weight)


def _said(target: Earlier, past: Past) -> Event:
    """Return what `target` says; an amendment says what it amended with its own changes."""
    event = _event.decode(target.body)
    if event.type != "amend" or event.ref is None:
        return event
    origin = next((e for e in past.referred(event.ref) if e.ended_by == target.id), None)
    if origin is None:
        return event
    said = _said(origin, past)
    data = said.data if event.data is None else {**(said.data or {}), **event.data}
    return msgspec.structs.replace(
        said,
        value=said.value if event.value is None else event.value,
        categories=said.categories if event.categories is None else event.categories,
        data=data,
    )


def _supersede(pair: str, incoming: Incoming, past: Past) -> tuple[Sequence[Earlier], Sequence[End], bool]:
    live = past.newest_of(pair)
    if live is None:
        return (), (), True
    if live.at <= incoming.at:
        return (live,), (End(live.seq, live.id, pair, incoming.at, incoming.id),), True
    # It comes late and a later value is there: it takes its place in the chain, already over.
    chain = past.all_of(pair)
    ids = {earlier.id for earlier in chain}
    over = [
        End(earlier.seq, earlier.id, pair, incoming.at, incoming.id)
        for earlier in chain
        if earlier.ended_at is not None
        and earlier.at <= incoming.at < earlier.ended_at
        and earlier.ended_by in ids
    ]
    follower = min((e for e in chain if e.at > incoming.at), key=lambda e: (e.at, e.version))
    return (), (*over, End(None, incoming.id, pair, follower.at, follower.id)), False


def _folded(policy: Policy, before: Folded, past: Past, taken: Sequence[Earlier], new: _New) -> State:
    """Return what folding all live contributions by (at, version) gives, the short way if any."""
    state = before.state
    for earlier in taken:
        less = scoring.take_back(policy, state, earlier.contributions, earlier.at)
        if less is None:
            return _refolded(policy, past, taken, new)
        state = less
    at, _, contributions = new
    if not contributions:
        return state
    if scoring.needs_refold(policy, state, at):
        return _refolded(policy, past, taken, new)
    return scoring.fold(policy, state, contributions, at)


def _refolded(policy: Policy, past: Past, taken: Sequence[Earlier], new: _New) -> State:
    gone = {earlier.version for earlier in taken}
    live = [(e.at, e.version, e.contributions) for e in past.live() if e.version not in gone]
    if new[2]:
        live.append(new)
    live.sort(key=lambda each: each[:2])
    return scoring.refold(policy, [(contributions, at) for at, _, contributions in live])
