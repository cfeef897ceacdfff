"""When a channel may speak: at once after a quiet spell, else when its interval is over."""

import heapq
from itertools import count
from typing import Generic, Protocol, TypeVar

__all__ = ["Paced", "Pacer"]


class Paced(Protocol):
    """Something that speaks no more often than once per `interval` seconds."""

    interval: float
    silent_until: float
    """When it may speak again."""
    waiting: bool
    """Whether it has something to say and waits for its turn."""


T = TypeVar("T", bound=Paced)


class Pacer(Generic[T]):
    """Holds back what changes too often; whoever waits gets exactly one turn, for the newest."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, T]] = []
        self._order = count()

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def next(self) -> float | None:
        """When `due` has something to return next; None: never."""
        return self._heap[0][0] if self._heap else None

    def wants(self, item: T, now: float) -> bool:
        """Note that `item` has news. True: it may speak now; False: its turn comes through `due`."""
        if item.waiting:
            return False
        item.waiting = True
        if now >= item.silent_until:
            return True
        heapq.heappush(self._heap, (item.silent_until, next(self._order), item))
        return False

    def spoke(self, item: T, now: float) -> None:
        """Note that `item` speaks now: its quiet time begins."""
        item.waiting = False
        item.silent_until = now + item.interval

    def due(self, now: float) -> list[T]:
        """Return those whose turn has come."""
        ready: list[T] = []
        while self._heap and self._heap[0][0] <= now:
            ready.append(heapq.heappop(self._heap)[2])
        return ready
