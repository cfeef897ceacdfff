"""What the writer thread remembers between transactions."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import msgspec

from renown import scoring
from renown.ledger.folding.forms import Folded, Freed
from renown.ledger.folding.trail import Trail
from renown.ledger.timing.clock import Clock, SteadyClock
from renown.ledger.views import is_news
from renown.model import Contribution, Event
from renown.policy import Policies, Policy
from renown.scoring import KindState
from renown.scoring.life import Life
from renown.stores import ActorRow, EventRow, KindRow

__all__ = ["MAX_RECENT", "Cache", "Kind", "Subject", "Waiting"]

MAX_RECENT: Final = 100
"""How many positions of newest events a kind remembers."""

_MOST_SUBJECTS: Final = 100_000
_MOST_FOLLOWED: Final = 4_096
_encode: Final = msgspec.json.Encoder().encode
_seqs: Final = msgspec.json.Decoder(list[int])


class Subject(msgspec.Struct, gc=False, eq=False):
    """A subject's newest state."""

    key: str
    policy: Policy
    folded: Folded
    seq: int
    view: bytes
    looked: tuple[Folded, Life] | None = None
    """What was looked at when time last passed with nothing to show, and what its life had come to."""
    trail: Trail | None = None
    """What it lately was, where its policy asks for that when something comes late."""


class Waiting(msgspec.Struct, gc=False, frozen=True):
    """What an event says that is held since it came."""

    event: Event
    at: float
    contributions: tuple[Contribution, ...]
    heir: str | None
    """The id of the amendment that takes its place, or of what else ends it."""


@dataclass(slots=True, eq=False)
class Kind:
    """Counts and the running prior of one kind."""

    name: str
    policy: Policy
    subjects: int = 0
    events: int = 0
    recent: list[int] = field(default_factory=list[int])
    """Newest last."""
    state: KindState | None = None
    prior: dict[str, float] = field(default_factory=dict[str, float])
    waiting: dict[str, "Waiting"] = field(default_factory=dict[str, "Waiting"])
    """By id what is held since it came; only where events are counted anew."""

    @classmethod
    def new(cls, policy: Policy) -> "Kind":
        """Return a kind without subjects."""
        kind = cls(policy.kind, policy)
        if scoring.needs_kind_state(policy):
            kind.see(scoring.kind_empty(policy))
        return kind

    @classmethod
    def of(cls, row: KindRow, policy: Policy) -> "Kind":
        """Return the kind that `row` tells of."""
        kind = cls(row.kind, policy, row.subjects, row.events, _seqs.decode(row.recent)[::-1])
        if row.state is not None and scoring.needs_kind_state(policy):
            kind.see(scoring.decode_kind(policy, row.state))
        elif scoring.needs_kind_state(policy):
            kind.see(scoring.kind_empty(policy))
        return kind

    def see(self, state: KindState) -> None:
        """Take over a new state."""
        self.state = state
        self.prior = state.prior()

    def learn(self, freed: Sequence[Freed]) -> None:
        """Believe what counts from now on."""
        if freed and self.state is not None:
            state = self.state
            for each in freed:
                state = scoring.observe(self.policy, state, each.actor, each.contributions)
            self.see(state)

    def count(self, row: EventRow) -> None:
        """Count an event."""
        self.events += 1
        self.subjects += row.version == 1
        if is_news(row):
            self.recent.append(row.seq)

    def row(self) -> KindRow:
        """Return the row to be stored."""
        del self.recent[:-MAX_RECENT]
        state = None if self.state is None else scoring.encode_kind(self.state)
        return KindRow(self.name, self.subjects, self.events, _encode(self.recent[::-1]), state)


class Cache:
    """States of subjects and kinds, true only as long as no other process commits."""

    def __init__(self, policies: Policies, clock: Clock | None = None) -> None:
        self.policies = policies
        self.clock = clock or SteadyClock()
        self.subjects: dict[str, Subject | None] = {}
        """None: known to be absent."""
        self.actors: dict[str, ActorRow | None] = {}
        """Of those that guards ask for."""
        self.kinds: dict[str, Kind] = {}
        self._followed: deque[tuple[Trail, int]] = deque()
        """How many states were put into which trail by each batch."""
        self._states = 0
        """How many that makes."""
        self.newest_seq = 0
        self.valid = False
        """Whether `kinds` and `newest_seq` are filled in."""

    def follow(self, trail: Trail, states: int) -> None:
        """Keep what a batch has put into a trail, and drop what came first when that makes too many."""
        self._followed.append((trail, states))
        self._states += states
        while self._states > _MOST_FOLLOWED and len(self._followed) > 1:
            oldest, count = self._followed.popleft()
            oldest.shorten(count)
            self._states -= count

    def drop(self) -> None:
        """Forget everything."""
        self._followed.clear()
        self._states = 0
        self.subjects.clear()
        self.actors.clear()
        self.kinds.clear()
        self.valid = False

    def see_kinds(self, rows: Sequence[KindRow]) -> None:
        """Take over the kinds as stored; those without a policy now are left alone."""
        for row in rows:
            policy = self.policies.get(row.kind)
            if policy is not None:
                self.kinds[row.kind] = Kind.of(row, policy)

    @property
    def full(self) -> bool:
        """Whether there are too many subjects."""
        return len(self.subjects) > _MOST_SUBJECTS or len(self.actors) > _MOST_SUBJECTS

    def trim(self) -> None:
        """Forget the oldest subjects and actors when there are too many."""
        if len(self.actors) > _MOST_SUBJECTS:
            self.actors.clear()
        surplus = len(self.subjects) - _MOST_SUBJECTS
        if surplus > 0:
            for key in list(islice(self.subjects, surplus + _MOST_SUBJECTS // 10)):
                del self.subjects[key]

    def missing(self, keys: set[str]) -> Sequence[str]:
        """Return those keys that are not cached."""
        return [key for key in keys if key not in self.subjects]
