"""Guards that look at one pair of actor and subject: self-rating, retaliation, repetition."""

from renown.policy.evidence.guarding import RepeatGuard, RetaliationGuard, SelfGuard
from renown.scoring.guards.detector import Detector, Finding
from renown.scoring.guards.sighting import DAY, Sighting
from renown.scoring.guards.words import figure, in_order, noun

__all__ = ["RepeatDetector", "RetaliationDetector", "SelfDetector"]


class SelfDetector(Detector):
    """Compares who sends with who gets."""

    cell = None

    def __init__(self, guard: SelfGuard) -> None:
        super().__init__(guard)
        self._same = tuple(guard.same.items())

    def look(self, cell: None, seen: Sighting) -> Finding | None:
        """Speak when they are the same, by key, owner or attribute."""
        _ = cell
        event = seen.event
        why = None
        if event.actor is not None and event.actor == event.subject:
            why = "The actor is the subject."
        elif seen.facts.same_owner:
            why = "Actor and subject belong to the same owner."
        elif self._same and event.data:
            why = self._alike(event.data)
        return None if why is None or not self.on.has(seen) else Finding(why)

    def _alike(self, data: dict[str, object]) -> str | None:
        for one, other in self._same:
            value = data.get(one)
            if value is not None and value == data.get(other):
                return f"`{one}` and `{other}` are the same."
        return None

    def add(self, cell: None, seen: Sighting, counts: bool) -> None:
        """Remember nothing."""


class RetaliationDetector(Detector):
    """Looks for the rating that this one may be the answer to."""

    cell = None

    def __init__(self, guard: RetaliationGuard, tolerance_days: float) -> None:
        super().__init__(guard)
        self._longest, self._late = guard.days * DAY, tolerance_days * DAY
        self._below = guard.negative_below

    def look(self, cell: None, seen: Sighting) -> Finding | None:
        """Speak when the subject has rated the actor negatively a short while before."""
        _ = cell
        returned = seen.facts.returned
        if returned is None:
            return None
        value, at = returned
        middle = seen.middle if self._below is None else self._below
        seconds = seen.at - at
        if seconds < -self._late:
            # The other one was there when this one came: it is an answer that tells of long before.
            seconds = 0.0
        if not value < middle or not 0 <= seconds <= self._longest or not self.on.has(seen):
            return None
        after = seconds / DAY
        when = f"{figure(after)} days" if after >= 2 else f"{figure(after * 24)} hours"
        return Finding(f"It answers the {value:g} that the subject gave the actor {when} before.")

    def add(self, cell: None, seen: Sighting, counts: bool) -> None:
        """Remember nothing: the ledger knows."""


class RepeatDetector(Detector):
    """Counts how many of the subject's last events are by the same actor."""

    cell = tuple[int, ...]
    marks = True

    def __init__(self, guard: RepeatGuard) -> None:
        super().__init__(guard)
        self._last, self._most, self._weight = guard.last, guard.most, guard.weight
        self._noun = noun(guard, guard.on)

    def look(self, cell: tuple[int, ...] | None, seen: Sighting) -> Finding | None:
        """Speak of an actor who repeats itself; each time it is worth less."""
        actor = seen.event.actor
        if cell is None or actor is None or len(cell) < self._most or not self.on.has(seen):
            return None
        before = cell[: self._last - 1].count(seen.mark)
        if before < self._most:
            return None
        return Finding(
            f"{before + 1} of the last {min(self._last, len(cell) + 1)} {self._noun} are by the same actor; "
            f"{in_order(self._most)}.",
            weight=self._weight ** (before + 1 - self._most),
        )

    def add(self, cell: tuple[int, ...] | None, seen: Sighting, counts: bool) -> tuple[int, ...] | None:
        """Remember the actor."""
        _ = counts
        actor = seen.event.actor
        if actor is None or not self.on.has(seen):
            return cell
        return (seen.mark, *(cell or ())[: self._last - 1])
