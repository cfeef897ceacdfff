"""Trying a policy on the whole ledger without touching it: what every standing would be.

Reads only: each subject's events are folded anew in memory from one snapshot, and after them what a switch at
this moment would add. What it would show then is compared to what is shown now.
"""

import threading
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from heapq import heappush, heappushpop
from math import ceil, floor, log10
from typing import Final

import msgspec

from renown.errors import LedgerError
from renown.ledger.folding.replay import replay
from renown.ledger.policies.counting import KindCount
from renown.ledger.policies.foretelling import Foretelling
from renown.ledger.policies.switched import shown
from renown.model import Standing
from renown.policy import Policy
from renown.stores import Reader, Store

__all__ = ["Bin", "Mover", "Refusal", "Stopped", "Tally", "TierMove", "Trial", "try_policy"]

MOVERS: Final = 50
"""How many of those that change most are told by name."""

_REFUSALS: Final = 50
_PAGE: Final = 500
_BINS: Final = 20
"""About as many bars a chart of the changes has."""

_standing: Final = msgspec.json.Decoder(Standing)

Progress = Callable[[int, int], None]
"""Told (events done, events of the kind), in the thread that tries."""


class Stopped(LedgerError):
    """Nobody waits for the trial any more."""

    code = "trial_stopped"


class Mover(msgspec.Struct, frozen=True):
    """A subject whose score changes much."""

    subject: str
    before: float
    after: float
    tier_before: str | None
    tier_after: str | None
    badges_before: tuple[str, ...] = ()
    badges_after: tuple[str, ...] = ()


class TierMove(msgspec.Struct, frozen=True):
    """How many subjects go from one tier to another."""

    before: str | None
    after: str | None
    subjects: int


class Refusal(msgspec.Struct, frozen=True):
    """An event that the policy would not accept; it would count for nothing."""

    subject: str
    id: str
    type: str
    code: str
    detail: str


class Bin(msgspec.Struct, frozen=True):
    """One bar of the chart: how many scores change by at least `low` and less than `high`."""

    low: float
    high: float
    subjects: int


class Trial(msgspec.Struct, frozen=True):
    """What a policy would change."""

    kind: str
    policy: str
    version: int
    subjects: int
    events: int
    changed: int
    """Standings that would show anything else: score, bounds, categories, tier, badges, status …"""
    scores: int
    """Overall scores that would be others."""
    rising: int
    falling: int
    tiers: int
    """Subjects that would be in another tier."""
    badges: int
    """Subjects that would have other badges."""
    statuses: int
    provisional: int
    """Subjects of which a number would be shown where none is, or none where one is."""
    mean: float
    """By how much scores would change on average."""
    median: float
    """Of the changes that there are."""
    largest: float
    """The largest change in either direction, with its sign."""
    tier_moves: tuple[TierMove, ...]
    """The most frequent first."""
    movers: tuple[Mover, ...]
    """Those that change most, the most first; at most 50."""
    histogram: tuple[Bin, ...]
    """Of the changes of the overall score that are not 0; empty when there are none."""
    refused: dict[str, int]
    """How many events would be refused, by code."""
    refusals: tuple[Refusal, ...]
    """The first 50 of them."""


class Tally:
    """Counts what changes while subjects go by."""

    def __init__(self) -> None:
        """Begin with none."""
        self.subjects = self.events = self.changed = 0
        self.tiers = self.badges = self.statuses = self.provisional = 0
        self.deltas = array("d")
        self.moves: Counter[tuple[str | None, str | None]] = Counter()
        self.refused: Counter[str] = Counter()
        self.refusals: list[Refusal] = []
        self._movers: list[tuple[float, str, Mover]] = []

    def see(self, before: Standing, after: Standing) -> None:
        """Count a subject, as it is and as it would be."""
        self.changed += shown(before) != shown(after)
        if before.tier != after.tier:
            self.tiers += 1
            self.moves[before.tier, after.tier] += 1
        self.badges += before.badges != after.badges
        self.statuses += before.status != after.status
        self.provisional += before.provisional != after.provisional
        delta = after.score - before.score
        if delta == 0:
            return
        self.deltas.append(delta)
        mover = Mover(
            before.subject,
            before.score,
            after.score,
            before.tier,
            after.tier,
            before.badges,
            after.badges,
        )
        # Ties go to the lower key, whatever order subjects come in.
        entry = (abs(delta), _descending(before.subject), mover)
        if len(self._movers) < MOVERS:
            heappush(self._movers, entry)
        else:
            heappushpop(self._movers, entry)

    def movers(self) -> tuple[Mover, ...]:
        """Return those that change most, the most first."""
        return tuple(mover for _, _, mover in sorted(self._movers, reverse=True, key=lambda each: each[:2]))


def try_policy(
    store: Store, policy: Policy, *, progress: Progress | None = None, stop: threading.Event | None = None
) -> Trial:
    """Fold all subjects of the policy's kind under it; return what would be different after a switch now.

    What was recorded beside events stays: rater weights, running priors, what guards said. Takes as long as
    a rebuild; meant for a thread of its own.

    Raises:
        LedgerError: the file failed.
        Stopped: `stop` was set meanwhile.

    """
    tally, now = Tally(), round(time.time(), 6)

    def check_on() -> None:
        if stop is not None and stop.is_set():
            raise Stopped("the trial was stopped")

    with store.reader() as reader:
        count = KindCount(policy, anew=True)
        count.go_on(reader, check_on)
        foretell = partial(Foretelling, policy, now=now, prior=count.prior(reader))
        kinds = {row.kind: row.events for row in reader.kind_rows()}
        total = kinds.get(policy.kind, 0)
        for key in _subjects(reader, policy.kind):
            check_on()
            with reader.snapshot():
                _one(tally, reader, policy, key, foretell)
            if progress is not None:
                progress(tally.events, max(total, tally.events))
    return _told(tally, policy)


def _subjects(reader: Reader, kind: str) -> Iterator[str]:
    after = f"{kind}:"
    while page := reader.subjects(after, _PAGE):
        for key in page:
            if not key.startswith(f"{kind}:"):
                return
            yield key
        after = page[-1]


def _one(
    tally: Tally, reader: Reader, policy: Policy, key: str, foretell: Callable[[Standing], Foretelling]
) -> None:
    found = next(iter(reader.standings([key])), None)
    rows = reader.ascending(key, 0, -1)
    if found is None or not rows:
        return
    tally.subjects += 1
    tally.events += len(rows)
    before = _standing.decode(found.view)
    made = replay(policy, rows, foretell(before))
    tally.see(before, _standing.decode(made.standing.view))
    if made.refused:
        by_version = {row.version: row for row in rows}
        for version, error in made.refused.items():
            if version not in by_version:
                continue
            tally.refused[error.problem_code] += 1
            if len(tally.refusals) < _REFUSALS:
                row = by_version[version]
                tally.refusals.append(Refusal(key, row.id, row.type, error.problem_code, error.detail))


def _told(tally: Tally, policy: Policy) -> Trial:
    deltas = sorted(tally.deltas)
    moves = sorted(tally.moves.items(), key=lambda each: (-each[1], str(each[0])))
    return Trial(
        kind=policy.kind,
        policy=policy.name,
        version=policy.version,
        subjects=tally.subjects,
        events=tally.events,
        changed=tally.changed,
        scores=len(deltas),
        rising=sum(delta > 0 for delta in deltas),
        falling=sum(delta < 0 for delta in deltas),
        tiers=tally.tiers,
        badges=tally.badges,
        statuses=tally.statuses,
        provisional=tally.provisional,
        mean=sum(deltas) / tally.subjects if deltas else 0.0,
        median=_median(deltas),
        largest=max(deltas, key=abs, default=0.0),
        tier_moves=tuple(TierMove(*names, count) for names, count in moves),
        movers=tally.movers(),
        histogram=_histogram(deltas),
        refused=dict(tally.refused.most_common()),
        refusals=tuple(tally.refusals),
    )


def _median(ascending: list[float]) -> float:
    if not ascending:
        return 0.0
    middle = len(ascending) // 2
    if len(ascending) % 2:
        return ascending[middle]
    return (ascending[middle - 1] + ascending[middle]) / 2


def _histogram(deltas: list[float]) -> tuple[Bin, ...]:
    """Return bars of one round width from the lowest change to the highest; 0 is always an edge."""
    if not deltas:
        return ()
    low, high = min(deltas[0], 0.0), max(deltas[-1], 0.0)
    width = _round_width((high - low) / _BINS)
    first, last = floor(low / width), max(ceil(high / width), floor(low / width) + 1)
    counts = [0] * (last - first)
    for delta in deltas:
        counts[min(max(floor(delta / width) - first, 0), len(counts) - 1)] += 1
    return tuple(Bin((first + i) * width, (first + i + 1) * width, count) for i, count in enumerate(counts))


def _round_width(width: float) -> float:
    """Return the next width that people like: 1, 2 or 5 times a power of ten."""
    power = 10.0 ** floor(log10(max(width, 1e-12)))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= width)


def _descending(key: str) -> str:
    return "".join(chr(0x10FFFF - ord(letter)) for letter in key)
