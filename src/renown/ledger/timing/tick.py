"""One transaction in which time does what it is due to do."""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from typing import Final

import structlog

from renown.errors import LedgerError
from renown.ledger.timing.fading import midnight
from renown.ledger.timing.outlook import due_of, outlook
from renown.ledger.writing.access import Access, Overtaken
from renown.ledger.writing.batch import Batch
from renown.ledger.writing.cache import Cache, Subject
from renown.ledger.writing.outcome import Work
from renown.scoring import TIME
from renown.stores import DueRow, Reader

__all__ = ["MAX_STEPS", "OVERDUE", "REST", "Tick"]

MAX_STEPS: Final = 500
"""Moments of one transaction, at most: what brings events should not have to wait for long."""

OVERDUE: Final = 60.0
"""Seconds. Who is due for longer has been told of their past, or time stood still for everybody."""
REST: Final = 10.0
"""Seconds without news after which time goes on for those: a history that comes in moves their time itself.
Time that ran ahead of it would make all the rest of it late."""
_LATER: Final = 3_600.0
"""Seconds after which a subject that failed is tried again."""
_log = structlog.get_logger(__name__)


class Tick(Batch):
    """Takes the subjects that are due, in order of their dues. Used once, on the writer's thread.

    It must have its transaction already: what is due is read within it, so that of several processes one
    alone does it.
    """

    def __init__(self, cache: Cache) -> None:
        super().__init__(cache, ())
        self._until: dict[str, float | None] = {}
        """When the subjects that were looked at are due next."""
        self.steps = 0
        """How many moments were looked at."""

    def run(self, access: Access) -> Work:
        """Let time pass for who is due; return what is to be stored.

        Raises:
            LedgerError: the store failed; the cache has to be dropped.

        """
        self._access = access
        self._load()
        kinds = self._cache.policies.kinds
        waiting = [(due, key) for key, due in self._due(access.writer(), kinds) if due is not None]
        self._lookup.find([key for _, key in waiting])
        self._tell_switched()
        heapify(waiting)
        for _ in range(MAX_STEPS):
            if not waiting:
                break
            due, key = heappop(waiting)
            self.steps += 1
            following = self._step(key, due)
            self._until[key] = following
            if following is not None and following <= self._now:
                heappush(waiting, (following, key))
        work = self._work()
        standings = [
            row._replace(due=self._until[row.subject]) if row.subject in self._until else row
            for row in work.standings
        ]
        dues = [DueRow(key, due) for key, due in self._until.items() if not self._outcome.has(key)]
        return work._replace(standings=standings, dues=dues)

    def _due(self, reader: Reader, kinds: Sequence[str]) -> list[DueRow]:
        """Return who is due, but for those whose past is still being told."""
        late = self._now - OVERDUE
        overdue = reader.due(kinds, late, MAX_STEPS)
        resting: set[str] = set()
        if overdue:
            resting.update(reader.told_lately([key for key, _ in overdue], self._now - REST, TIME))
        return [
            *(row for row in overdue if row.subject not in resting),
            *reader.due(kinds, self._now, MAX_STEPS, after=late),
        ]

    def _step(self, key: str, due: float) -> float | None:
        """Let one subject reach `due`; return when it is due next."""
        subject = self._cache.subjects.get(key)
        if subject is None:
            return None
        try:
            return self._reach(subject, due)
        except (LedgerError, Overtaken):
            raise
        except Exception:
            _log.exception("time cannot pass for a subject; it will be tried again", subject=key)
            return self._now + _LATER

    def _reach(self, subject: Subject, due: float) -> float | None:
        policy, folded = subject.policy, subject.folded
        if due <= folded.at:
            first = due_of(policy, folded, folded.at)
            if first is None or first > due:
                # An event has come since that lies after it; or nobody has looked at the subject yet.
                return first
            # Holds and alarms about what came late can be over before the newest event.
        looked = subject.looked[1] if subject.looked and subject.looked[0] is folded else None
        look = outlook(policy, folded, subject.view, due, looked, today=midnight(self._now))
        if not look.shows:
            subject.looked = None if look.life is None else (folded, look.life)
            return look.due
        self._pass_time(subject, due)
        # It may be looked at once more within this transaction.
        subject.view = self._outcome.view(subject.key)
        return due_of(policy, subject.folded, subject.folded.at)
