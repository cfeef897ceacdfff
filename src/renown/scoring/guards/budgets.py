"""Budgets: how many events an actor may send about a subject, and a `ref` or a subject get, in some days."""

from itertools import accumulate
from math import floor

import msgspec

from renown.policy.evidence.guarding import LIFETIME, BudgetGuard
from renown.scoring.guards.detector import Detector, Finding
from renown.scoring.guards.periods import counted, one_more, reach_of, steps_back
from renown.scoring.guards.sighting import DAY, Sighting, mark_of
from renown.scoring.guards.words import figure, in_order, noun, span

__all__ = [
    "ActorBudget",
    "ActorCell",
    "AnywhereBudget",
    "RefBudget",
    "Spending",
    "SubjectBudget",
    "SubjectCell",
]

_MOST = 40
"""So many events of the window are remembered; above that, actors that came once are forgotten first."""


class ActorCell(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Who sent the events of the window, the newest first."""

    newest: int
    """When the newest came, in minutes since 1970."""
    marks: tuple[int, ...]
    gaps: tuple[int, ...]
    """Minutes from each to the one before it in the list."""


class SubjectCell(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How many events a subject got in the newest period, and in those before it."""

    period: int
    """The newest one, counted from 1970."""
    count: int
    before: tuple[int, ...]
    """Those of the periods before it, the last first."""


class Spending(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How many events an actor has sent in the newest period, and in those before it."""

    period: int
    """The newest one, counted from 1970."""
    count: int
    before: tuple[int, ...] = ()
    """Those of the periods before it, the last first; older files know of none."""


class ActorBudget(Detector):
    """Counts the events of one actor about a subject."""

    cell = ActorCell
    marks = True
    whose = "by the same actor"

    def __init__(self, guard: BudgetGuard) -> None:
        super().__init__(guard)
        self._most, self._days = guard.most, guard.days
        self._minutes = max(1, floor(guard.days * 1440))
        self._noun = noun(guard, guard.on)

    def key(self, seen: Sighting) -> int | None:
        """Return what the events that are counted together have in common; None: it is not counted."""
        return None if seen.event.actor is None else seen.mark

    def look(self, cell: ActorCell | None, seen: Sighting) -> Finding | None:
        """Speak of an event that is one too many."""
        if cell is None:
            return None
        marks, most = cell.marks, self._most
        if len(marks) < most or (mark := self.key(seen)) is None:
            return None
        if marks.count(mark) < most or not self.on.has(seen):
            return None
        # As when it is remembered: one that is late counts as if it came with the newest.
        ages = accumulate(cell.gaps, initial=max(0, floor(seen.at / 60) - cell.newest))
        before = sum([m == mark and age < self._minutes for m, age in zip(marks, ages, strict=True)])
        if before < self._most:
            return None
        return Finding(
            f"{before + 1} {self._noun} {self.whose} in {span(self._days)}; {in_order(self._most)}.",
            until=seen.now + self._days * DAY,
            count=before + 1,
            expected=float(self._most),
            days=self._days,
        )

    def add(self, cell: ActorCell | None, seen: Sighting, counts: bool) -> ActorCell | None:
        """Remember who sent the event; forget what has left the window."""
        _ = counts
        mark = self.key(seen)
        if mark is None or not self.on.has(seen):
            return cell
        now = floor(seen.at / 60)
        if cell is None:
            return ActorCell(now, (mark,), ())
        # They lie in the order of arrival: one that is late counts as if it came with the newest.
        newest, size = cell.newest, len(cell.marks)
        now = max(now, newest)
        first = now - newest
        marks, gaps = (mark, *cell.marks), (first, *cell.gaps)
        # What was in the window in the same minute still is.
        if first and (age := sum(gaps)) >= self._minutes:
            while size and age >= self._minutes:
                size -= 1
                age -= gaps[size]
            marks, gaps = marks[: size + 1], gaps[:size]
        if size >= _MOST:
            marks, gaps = _shorter(marks, gaps)
        return ActorCell(now, marks, gaps)


class RefBudget(ActorBudget):
    """Counts the events about one order, post or whatever else `ref` names."""

    marks = False
    whose = "under the same `ref`"

    def key(self, seen: Sighting) -> int | None:
        """Return a number that stands for the event's `ref`."""
        ref = seen.event.ref
        return None if ref is None else mark_of(ref)


def _shorter(marks: tuple[int, ...], gaps: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Leave out the oldest of those that came once, or else the oldest."""
    last = len(marks) - 1
    drop = last
    if marks.count(marks[last]) > 1:
        drop = next((i for i in range(last - 1, 0, -1) if marks.count(marks[i]) == 1), last)
    if drop == last:
        return marks[:last], gaps[: last - 1]
    merged = gaps[drop - 1] + gaps[drop]
    return (*marks[:drop], *marks[drop + 1 :]), (*gaps[: drop - 1], merged, *gaps[drop + 1 :])


class SubjectBudget(Detector):
    """Counts all events about a subject in periods that begin with 1970."""

    cell = SubjectCell

    def __init__(self, guard: BudgetGuard, tolerance_days: float) -> None:
        super().__init__(guard)
        self._most, self._days = guard.most, guard.days
        self._seconds = guard.days * DAY
        self._reach = reach_of(tolerance_days, guard.days)
        self._noun = noun(guard, guard.on)

    def look(self, cell: SubjectCell | None, seen: Sighting) -> Finding | None:
        """Speak of every event over the budget of its period."""
        if cell is None or not self.on.has(seen):
            return None
        back = steps_back(cell.period, floor(seen.at / self._seconds), self._reach)
        count = counted(cell.count, cell.before, back)
        if count < self._most:
            return None
        if self._days >= LIFETIME:
            # A life is no burst that will be over: nothing is raised about it.
            return Finding(f"{figure(count + 1)} {self._noun} in all; {in_order(self._most)}.")
        return Finding(
            f"{figure(count + 1)} {self._noun} in {span(self._days)}; {in_order(self._most)}.",
            until=(cell.period - back + 1) * self._seconds,
            count=count + 1,
            expected=float(self._most),
            days=self._days,
        )

    def add(self, cell: SubjectCell | None, seen: Sighting, counts: bool) -> SubjectCell | None:
        """Count the event in its period."""
        _ = counts
        if not self.on.has(seen):
            return cell
        period = floor(seen.at / self._seconds)
        if cell is None:
            return SubjectCell(period, 1, ())
        return SubjectCell(*one_more(cell.period, cell.count, cell.before, period, self._reach))


class AnywhereBudget(Detector):
    """Counts the events of one actor about all subjects together; told as the fact `spent`."""

    cell = None

    def __init__(self, guard: BudgetGuard, place: int, tolerance_days: float) -> None:
        """`place` is that of the fact."""
        super().__init__(guard)
        self._place, self._most, self._days = place, guard.most, guard.days
        self._reach = reach_of(tolerance_days, guard.days)
        self._noun = noun(guard, guard.on)

    def spent(self, spending: Spending | None, at: float) -> int:
        """Return how many events an actor has sent in the period in which one of this time counts."""
        if spending is None:
            return 0
        back = steps_back(spending.period, self._period(at), self._reach)
        return counted(spending.count, spending.before, back)

    def spend(self, spending: Spending | None, at: float) -> Spending:
        """Return what an actor has spent with one event more."""
        period = self._period(at)
        if spending is None:
            return Spending(period, 1)
        return Spending(*one_more(spending.period, spending.count, spending.before, period, self._reach))

    def _period(self, at: float) -> int:
        return floor(at / (self._days * DAY))

    def look(self, cell: None, seen: Sighting) -> Finding | None:
        """Speak of every event over the budget of its period."""
        _ = cell
        spent = seen.facts.spent
        count = spent[self._place] if self._place < len(spent) else 0
        if count < self._most or not self.on.has(seen):
            return None
        many = f"{figure(count + 1)} {self._noun} by the same actor in {span(self._days)}"
        return Finding(f"{many}, whoever they are about; {in_order(self._most)}.")

    def add(self, cell: None, seen: Sighting, counts: bool) -> None:
        """Remember nothing: what is spent is kept with the actor."""
        _ = cell, seen, counts
