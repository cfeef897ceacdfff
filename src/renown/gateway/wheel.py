"""One timer for all connections: deadlines sorted into slots of equal length."""

from math import ceil, inf
from typing import Generic, Protocol, TypeVar

__all__ = ["NOT_SCHEDULED", "Timed", "Wheel"]

NOT_SCHEDULED = -1


class Timed(Protocol):
    """Something with at most one deadline on the wheel."""

    wheel_slot: int
    """Owned by the wheel; `NOT_SCHEDULED` while off it."""


T = TypeVar("T", bound=Timed)


class Wheel(Generic[T]):
    """Deadlines kept to the next full slot: never early, late by `resolution` seconds at most."""

    def __init__(self, now: float, resolution: float = 0.25) -> None:
        self.resolution = resolution
        self._slots: dict[int, set[T]] = {}
        self._passed = int(now / resolution)

    def __len__(self) -> int:
        return sum(map(len, self._slots.values()))

    def schedule(self, item: T, when: float) -> None:
        """Give `item` the deadline `when` in place of any it had; `inf` is none."""
        if when == inf:
            self.cancel(item)
            return
        slot = max(ceil(when / self.resolution), self._passed + 1)
        if slot == item.wheel_slot:
            return
        self.cancel(item)
        self._slots.setdefault(slot, set()).add(item)
        item.wheel_slot = slot

    def cancel(self, item: T) -> None:
        """Take `item` off the wheel, if it is on it."""
        slot, item.wheel_slot = item.wheel_slot, NOT_SCHEDULED
        items = self._slots.get(slot)
        if items is None:
            return
        items.discard(item)
        if not items:
            del self._slots[slot]

    def advance(self, now: float) -> list[T]:
        """Take off the wheel, and return, every item whose deadline has passed, earliest first."""
        reached = int(now / self.resolution)
        if reached - self._passed > len(self._slots):
            slots = sorted(slot for slot in self._slots if slot <= reached)
        else:
            slots = [slot for slot in range(self._passed + 1, reached + 1) if slot in self._slots]
        self._passed = max(self._passed, reached)
        items = [item for slot in slots for item in self._slots.pop(slot)]
        for item in items:
            item.wheel_slot = NOT_SCHEDULED
        return items
