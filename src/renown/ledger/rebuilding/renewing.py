"""Bringing the rows of a ledger to those of another one that took the same events."""

from collections.abc import Iterable, Sequence
from math import inf
from operator import attrgetter
from typing import Any, Final

import msgspec

from renown import scoring
from renown.errors import LedgerError
from renown.ledger.folding.carried import decode_carried
from renown.ledger.folding.checkpoints import EVERY
from renown.ledger.folding.forms import Folded
from renown.ledger.policies.switched import shown
from renown.ledger.policies.trying import Tally
from renown.ledger.timing.clock import Clock
from renown.ledger.writing.access import Within
from renown.ledger.writing.batch import Batch
from renown.ledger.writing.cache import Cache
from renown.model import Event, Standing, instant
from renown.policy import Policies
from renown.stores import EventRow, Reader, Refolded, StandingRow, Writer

__all__ = ["Renewal", "overtaken"]

_EVENTS: Final = 5_000
_SUBJECTS: Final = 500
_MADE: Final = EventRow._fields.index("basis")
"""From there on columns are what was made of an event; the pair is, too."""
_derived: Final = attrgetter(*Refolded._fields)
_standing: Final = msgspec.json.Decoder(Standing)


def overtaken(what: str) -> LedgerError:
    """Return the error that something happened meanwhile which what was done rests on."""
    return LedgerError(
        f"{what} while all events were weighed anew; nothing has changed",
        code="reweigh_overtaken",
        expected="the same command again",
    )


class Renewal:
    """Compares the rows of `found` to those of `made`, and with a `writer`, of `found`, writes what differs.

    The caller holds a snapshot of both, or the writer's transaction.
    """

    def __init__(self, found: Reader, made: Reader, writer: Writer | None) -> None:
        self._found = found
        self._made = made
        self._writer = writer
        self.tally: Final = Tally()
        self.reweighed = 0
        """Events beside which something else is recorded now."""

    def run(self, policies: Policies, clock: Clock) -> None:
        """Go through all events, kinds and standings; tell of the standings that show something else.

        Raises:
            LedgerError: `reweigh_overtaken`, or the file failed.

        """
        seq = 0
        while rows := self._found.since(seq, _EVENTS):
            self._events(rows, {row.seq: row for row in self._made.since(seq, _EVENTS)})
            self._actors({row.actor for row in rows if row.actor is not None})
            seq = rows[-1].seq
        self._kinds()
        cache = Cache(policies, clock)
        after = ""
        while keys := self._found.subjects(after, _SUBJECTS):
            self._tell(cache, [news for each in self._standings(keys) if (news := self._news(cache, *each))])
            after = keys[-1]

    def _events(self, rows: Sequence[EventRow], made: dict[int, EventRow]) -> None:
        pairs = [(row, made[row.seq]) for row in rows if row.seq in made]
        for old, new in pairs:
            if (old.version, old.body) != (new.version, new.body):
                raise overtaken(f"the event `{old.id}` became another")
        self.tally.events += len(pairs)
        pairs = [(old, new) for old, new in pairs if old[_MADE:] != new[_MADE:] or old.pair != new.pair]
        based = [(new.basis, new.seq) for old, new in pairs if old.basis != new.basis]
        self.reweighed += len(based)
        if self._writer is not None:
            self._writer.rebase_events(based)
            self._writer.refold_events([Refolded._make(_derived(new)) for _, new in pairs])

    def _actors(self, actors: Iterable[str]) -> None:
        if self._writer is not None and (made := self._made.actors(sorted(actors))):
            found = set(self._found.actors([row.actor for row in made]))
            self._writer.put_actors([row for row in made if row not in found])

    def _kinds(self) -> None:
        if self._writer is not None:
            found = self._found.kind_rows()
            self._writer.put_kinds([row for row in self._made.kind_rows() if row not in found])

    def _standings(self, keys: Sequence[str]) -> list[tuple[StandingRow, StandingRow]]:
        """Compare some standings, and write those that differ; return (before, after) of those."""
        found = {row.subject: row for row in self._found.standings(keys)}
        made = self._made.standings(keys)
        self.tally.subjects += len(made)
        changed = [new for new in made if not _same(found.get(new.subject), new)]
        if self._writer is not None:
            self._writer.put_standings(changed)
            for row in made:
                if row.version >= EVERY:
                    self._checkpoints(self._writer, row.subject)
        return [(found[new.subject], new) for new in changed if new.subject in found]

    def _checkpoints(self, writer: Writer, subject: str) -> None:
        made = self._made.checkpoints(subject)
        if self._found.checkpoints(subject) != made:
            writer.drop_checkpoints([(subject, -inf, 0)])
            writer.add_checkpoints(made)

    def _news(self, cache: Cache, old: StandingRow, new: StandingRow) -> Event | None:
        """Count a standing that changed, and return what is to be told of it if something else is shown."""
        before, after = _standing.decode(old.view), _standing.decode(new.view)
        self.tally.see(before, after)
        if self._writer is None or shown(before) == shown(after):
            return None
        policy = cache.policies.for_subject(new.subject)
        folded = Folded(new.version, scoring.decode_state(policy, new.state), new.updated_at, new.score)
        decode_carried(policy, folded, new.life)
        at = max(round(cache.clock.now(), 6), folded.at)
        data: dict[str, Any] = {
            "policy": policy.name,
            "from": old.policy_version,
            "to": new.policy_version,
            "before": before.score,
            "after": scoring.score(policy, folded.state, at, folded.prior),
            "reweighed": True,
        }
        if before.tier != after.tier:
            data["tiers"] = [before.tier, after.tier]
        name = f"{scoring.POLICY}/{new.subject}/{new.policy_version}/{new.version + 1}"
        return Event(scoring.POLICY, new.subject, name, occurred_at=instant(at), data=data)

    def _tell(self, cache: Cache, news: Sequence[Event]) -> None:
        """Give subjects the version by which watchers and caches learn of it."""
        if self._writer is not None and news:
            batch = Batch(cache, (), switching=[event.subject for event in news], news=news)
            batch.run(Within(self._writer)).store(self._writer)
            cache.trim()


def _same(old: StandingRow | None, new: StandingRow) -> bool:
    """Tell whether two rows say the same; timers that found nothing to show have put the due off."""
    return old is not None and old._replace(due=new.due) == new
