"""Proving that every standing is what its events say, and making it so."""

import threading
from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import chain
from typing import Final

from renown.errors import LedgerError
from renown.ledger.policies.versions import adopt
from renown.ledger.rebuilding.comparing import write_replay
from renown.ledger.rebuilding.crew import Line, share
from renown.ledger.rebuilding.kinds import see_event
from renown.ledger.rebuilding.report import MOST_DIFFERENCES, Difference, Progress, Reached, RebuildReport
from renown.ledger.rebuilding.tasks import kind_tasks, long_tasks, subject_tasks
from renown.ledger.rebuilding.working import Task, transaction, work_on
from renown.ledger.writing.guarding import knows_actors
from renown.policy import Policies
from renown.policy.checks.policy import RESERVED_TYPES
from renown.stores import Reader, Store

__all__ = [
    "Difference",
    "Progress",
    "Reached",
    "RebuildReport",
    "StoppedRebuild",
    "rebuild",
    "see_event",
    "write_replay",
]

_WORTH: Final = 30_000
"""Events from which on starting processes takes less time than they save."""


class StoppedRebuild(LedgerError):
    """Nobody waits for the rebuild any more."""

    code = "rebuild_stopped"


class _Sum:
    """What has been done so far, by whoever."""

    def __init__(
        self, totals: tuple[int, int], progress: Progress | None, stop: threading.Event | None
    ) -> None:
        self.events = self.subjects = self.behind = self.refused = 0
        self.processes = 1
        self._totals = totals
        self._progress = progress
        self._stop = stop
        self._subjects: list[Difference] = []
        self._kinds: list[Difference] = []

    def add(self, task: Task, line: Line) -> None:
        """Add what a line tells."""
        self.check_on()
        self.events += line.events
        self.subjects += line.subjects
        if line.outcome is not None:
            self.behind += line.outcome.behind
            self.refused += line.outcome.refused
            self._note(task, line.outcome.differences)
        if self._progress is not None and (line.events or line.subjects):
            total, subjects = self._totals
            self._progress(Reached(self.events, total, self.subjects, subjects, self.processes))

    def check_on(self) -> None:
        """Raise `StoppedRebuild` when nobody waits any more."""
        if self._stop is not None and self._stop.is_set():
            raise StoppedRebuild("the rebuild was stopped")

    def _note(self, task: Task, differences: Sequence[Difference]) -> None:
        if task.kind:
            self._kinds += differences
        else:
            # Whoever was faster: the first are those of the lowest keys.
            found = sorted([*self._subjects, *differences], key=lambda each: each.subject)
            self._subjects = found[:MOST_DIFFERENCES]

    @property
    def differences(self) -> tuple[Difference, ...]:
        kinds = sorted(self._kinds, key=lambda each: each.subject)
        return tuple([*self._subjects, *kinds][:MOST_DIFFERENCES])


def rebuild(
    store: Store,
    policies: Policies,
    *,
    check: bool,
    progress: Progress | None = None,
    processes: int = 1,
    stop: threading.Event | None = None,
) -> RebuildReport:
    """Replay every subject's raw events with what was recorded beside them, and compare to the last digit.

    Without `check` whatever differs is written anew. Subjects of kinds without a policy are left alone
    and reported; those that newer rules have not reached yet are folded under the older ones on which they
    stand. Safe while others read and write: each step is one transaction. All but small ledgers are shared
    among `processes`.

    Raises:
        LedgerError: the file failed, or one of the processes has died (`rebuild_died`).
        StoppedRebuild: `stop` was set meanwhile.

    """
    with store.reader() as reader:
        adopt(reader, policies)
        totals = reader.totals()
        done = _Sum(totals, progress, stop)
        if processes > 1 and totals[0] >= _WORTH:
            done.processes = processes
            _shared(store, policies, done, reader, check=check)
        else:
            tasks = chain(subject_tasks(reader, large_first=False), kind_tasks(policies))
            _here(store, policies, done, tasks, check=check)
    if not check:
        _count_actors(store, policies)
    return RebuildReport(done.subjects, done.events, done.differences, not check, done.behind, done.refused)


def _here(store: Store, policies: Policies, done: _Sum, tasks: Iterable[Task], *, check: bool) -> None:
    for task in tasks:

        def tell(events: int, subjects: int, task: Task = task) -> None:
            done.add(task, Line(events, subjects))

        done.add(task, Line(outcome=work_on(store, policies, task, tell, check=check)))


def _shared(store: Store, policies: Policies, done: _Sum, reader: Reader, *, check: bool) -> None:
    # What is counted must be as it is written: then all kinds are counted afterwards.
    long = long_tasks(reader, policies) if check else []
    tasks = subject_tasks(reader, large_first=True, then=long)
    share(store, policies, tasks, done.add, check=check, processes=done.processes, check_on=done.check_on)
    _here(store, policies, done, [task for task in kind_tasks(policies) if task not in long], check=check)


def _count_actors(store: Store, policies: Policies) -> None:
    kinds = [policy.kind for policy in policies if knows_actors(policy)]
    if kinds:
        with closing(store.writer()) as writer, transaction(writer):
            writer.count_actors(kinds, sorted(RESERVED_TYPES))
