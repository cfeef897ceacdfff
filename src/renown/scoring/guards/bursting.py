"""The burst guard."""

from renown.policy.guarding import BurstGuard
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
        self._noun = noun(guard, guard.of)

    def look(self, cell: Bursts | None, seen: Sighting) -> Finding | None:
        """Speak while a window is in alarm and lively, the event itself included."""
        counted, meant = self._of.has(seen), self.on.has(seen)
        after = self._test.seen(cell, seen.day) if counted else cell
        if after is None:
            return None
        alarms = tuple([alarm for alarm in self._test.alarms(after, seen.day) if alarm.lively])
        if not alarms:
            return None
        worst = min(alarms, key=_unlikely)
        return Finding(
            f"{figure(worst.count)} {self._noun} in {span(worst.days)}; "
            f"{figure(worst.expected)} were to be expected",
            acts=meant,
            until=self._test.quiet_after(alarms, after),
            count=worst.count,
            expected=worst.expected,
            days=worst.days,
        )

    def clears(self, seen: Sighting) -> bool:
        """Any event that is looked at tells the time."""
        _ = seen
        return True

    def add(self, cell: Bursts | None, seen: Sighting, counts: bool) -> Bursts | None:
        """Count the event, also when it is held: a held burst is one."""
        _ = counts
        return self._test.seen(cell, seen.day) if self._of.has(seen) else cell


def _unlikely(alarm: BurstAlarm) -> float:
    return alarm.chance
