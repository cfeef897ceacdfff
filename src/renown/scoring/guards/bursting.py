"""The burst guard."""

from renown.policy.evidence.guarding import BurstGuard
from renown.scoring.guards.bursts import BurstAlarm, Bursts, BurstTest
from renown.scoring.guards.detector import Detector, Finding
from renown.scoring.guards.sighting import Filter, Sighting
from renown.scoring.guards.words import figure, noun, span

__all__ = ["BurstDetector"]


class BurstDetector(Detector):
    """Counts some events, and acts on these or others while far too many come."""

    cell = Bursts

    def __init__(self, guard: BurstGuard) -> None:
        super().__init__(guard)
        self._test = BurstTest(guard)
        self._of = Filter(guard, guard.of)
        self._same = guard.of == guard.on
        self._among = guard.of == "all" or guard.on.endswith(guard.of)
        """Whether nothing is meant that is not counted."""
        self._noun = noun(guard, guard.of)

    def look(self, cell: Bursts | None, seen: Sighting) -> Finding | None:
        """Speak while a window is in alarm and lively, the event itself included."""
        counted = self._of.has(seen)
        after = self._test.seen(cell, seen.day, counted)
        self._made = (cell, seen, after)
        if not counted and self._among:
            return None
        meant = counted if self._same else self.on.has(seen)
        if not counted and not meant:
            return None
        alarms = self._test.alarms(after, seen.day)
        if alarms:
            alarms = tuple([alarm for alarm in alarms if alarm.lively])
        if not alarms:
            return None
        worst = min(alarms, key=_unlikely)
        return Finding(
            f"{figure(worst.count)} {self._noun} in {span(worst.days)}; "
            f"{figure(worst.expected)} were to be expected.",
            acts=meant,
            until=self._test.quiet_after(alarms, after),
            count=worst.count,
            expected=worst.expected,
            days=float(worst.days),
        )

    def clears(self, seen: Sighting) -> bool:
        """What the guard is not about leaves the alarm as it is."""
        return self._of.has(seen) or self.on.has(seen)

    def add(self, cell: Bursts | None, seen: Sighting, counts: bool) -> Bursts | None:
        """Count the event, also when it is held: a held burst is one."""
        _ = counts
        before, event, after = self._made
        if before is cell and event is seen:
            return after
        return self._test.seen(cell, seen.day, self._of.has(seen))


def _unlikely(alarm: BurstAlarm) -> float:
    return alarm.chance
