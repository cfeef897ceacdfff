"""Computing anew what was recorded beside every event: `renown rebuild --reweigh`.

What a standing needs from outside its subject (raters' weights, the means of its kind, what guards were told
and said) is recorded with each event, and a rebuild takes it from there. Here it is found out once more: all
events are taken in the order of the ledger, under the rules in force, by the code that takes them when they
arrive, into an empty store beside the ledger. Then one transaction brings the ledger's rows to what has come
out. Up to its commit the ledger is what it was.
"""

import threading
from contextlib import closing
from typing import Final

import msgspec

from renown.ledger.policies.trying import Mover
from renown.ledger.policies.versions import adopt
from renown.ledger.rebuild import StoppedRebuild
from renown.ledger.rebuilding.again import Again, softened
from renown.ledger.rebuilding.renewing import Renewal, overtaken
from renown.ledger.rebuilding.report import Progress, Reached
from renown.ledger.rebuilding.rules import Rules
from renown.ledger.rebuilding.working import transaction
from renown.ledger.timing.clock import Clock
from renown.ledger.writing.access import Within
from renown.ledger.writing.cache import Cache
from renown.policy import Policies
from renown.stores import Reader, Store, Writer

__all__ = ["ReweighReport", "reweigh"]

_PAGE: Final = 2_000


class ReweighReport(msgspec.Struct, frozen=True):
    """What weighing all events anew changes, or would."""

    events: int
    subjects: int
    reweighed: int
    """Events beside which something else is recorded: another weight, mean, fact or verdict."""
    changed: int
    """Standings that show something else."""
    scores: int
    """Overall scores that are others."""
    rising: int
    falling: int
    tiers: int
    """Subjects in another tier."""
    largest: float
    """The largest change of a score in either direction, with its sign."""
    movers: tuple[Mover, ...]
    """Those that change most, the most first; at most 50."""
    refused: int
    """Events that the rules in force do not take; they count for nothing."""
    kept: int
    """Events that stay held, or not held, because of what has followed from them."""
    rewritten: bool
    """False after a check."""


class _Retaking:
    """All events of a ledger on their way into the store beside it."""

    def __init__(
        self,
        policies: Policies,
        clock: Clock,
        scratch: Writer,
        progress: Progress | None,
        stop: threading.Event | None,
    ) -> None:
        self._cache = Cache(Policies([softened(policy) for policy in policies]), clock)
        self._scratch = scratch
        self._progress = progress
        self._stop = stop
        self._newest: int | None = None
        """The position of the newest event when it began."""
        self._seq = self._events = self._subjects = 0
        self.refused = self.kept = 0

    def catch_up(self, reader: Reader) -> None:
        """Take all that the reader sees and that was not taken yet.

        Raises:
            LedgerError: `reweigh_overtaken`, when somebody has meanwhile decided about what was another then.
            StoppedRebuild: nobody waits any more.

        """
        if self._newest is None:
            self._newest = reader.newest_seq()
        totals = reader.totals()
        while rows := reader.since(self._seq, _PAGE):
            if self._stop is not None and self._stop.is_set():
                raise StoppedRebuild("the rebuild was stopped")
            batch = Again(self._cache, reader, rows)
            self._scratch.begin()
            batch.run(Within(self._scratch)).store(self._scratch)
            self._scratch.commit()
            self._cache.trim()
            if any(row.seq > self._newest for row in batch.refused):
                raise overtaken("somebody has decided about an event")
            self.refused += len(batch.refused)
            self.kept += batch.kept
            self._events += len(rows)
            self._subjects += sum(row.version == 1 for row in rows)
            self._seq = rows[-1].seq
            if self._progress is not None:
                self._progress(Reached(self._events, totals[0], self._subjects, totals[1], 1))


def reweigh(
    store: Store,
    policies: Policies,
    clock: Clock,
    *,
    check: bool,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> ReweighReport:
    """Find out anew what lay outside the subjects of all events, and unless `check` go by that from now on.

    Others may read and write meanwhile; while the differences are written they wait. A subject that shows
    something else afterwards gets a version by an event of the type `renown.policy`.

    Raises:
        LedgerError: the file failed, others held it for two minutes, or something has happened that all of
            this rested on (`reweigh_overtaken`). Nothing has changed then.
        StoppedRebuild: `stop` was set meanwhile; nothing has changed.

    """
    with store.reader() as reader, store.scratch() as scratch:
        adopt(reader, policies)
        rules, states = Rules(policies), reader.policy_states()
        ruling = [rules.of_kind(reader, kind) for kind in policies.kinds]
        in_force = Policies([policy for policy in ruling if policy is not None])
        retaking = _Retaking(in_force, clock, scratch, progress, stop)
        retaking.catch_up(reader)
        if check:
            with reader.snapshot():
                retaking.catch_up(reader)
                renewal = Renewal(reader, scratch, None)
                renewal.run(in_force, clock)
        else:
            with closing(store.writer()) as writer, transaction(writer):
                if [each[:2] for each in writer.policy_states()] != [each[:2] for each in states]:
                    raise overtaken("the rules have changed")
                retaking.catch_up(writer)
                renewal = Renewal(writer, scratch, writer)
                renewal.run(in_force, clock)
    return _report(renewal, retaking, rewritten=not check)


def _report(renewal: Renewal, retaking: _Retaking, *, rewritten: bool) -> ReweighReport:
    tally = renewal.tally
    return ReweighReport(
        events=tally.events,
        subjects=tally.subjects,
        reweighed=renewal.reweighed,
        changed=tally.changed,
        scores=len(tally.deltas),
        rising=sum(delta > 0 for delta in tally.deltas),
        falling=sum(delta < 0 for delta in tally.deltas),
        tiers=tally.tiers,
        largest=max(tally.deltas, key=abs, default=0.0),
        movers=tally.movers(),
        refused=retaking.refused,
        kept=retaking.kept,
        rewritten=rewritten,
    )
