"""What is remembered of the keys of a map, so that nothing has to be kept for each who follows it.

A client holds of each key the last value that its subscription gave it. As all who follow a map know every
key as of some offset, what they hold is known from what was read for all of them together.
"""

from collections.abc import Collection
from typing import Final, Generic, TypeVar

__all__ = ["KeyMemory", "Known"]

T = TypeVar("T")
Known = tuple[int, int]
"""Two offsets between which a subscription told every change; the first is -1 for one that began with the
state."""


class KeyMemory(Generic[T]):
    """Something about the newest publication of each key that was read for the clients of one map."""

    def __init__(self, most: int) -> None:
        """`most`: bytes that are held; beyond it everything is unknown until it is said again."""
        self._most: Final = most
        self._held: dict[str, tuple[int, T, int]] = {}
        """Offset, what is remembered, and its size, by key."""
        self._size = 0
        self._newest = 0
        self._floor = 0
        """Of keys that are not held only what is newer is taken: they may be gone since."""

    def begin(self) -> None:
        """Forget all: the map began anew."""
        self._held.clear()
        self._size = self._newest = self._floor = 0

    def close(self, floor: int) -> None:
        """Take nothing of keys that are not held unless it is newer than an offset."""
        self._floor = max(self._floor, floor)

    def note(self, key: str, offset: int, what: T | None, size: int = 0) -> None:
        """Take what was read of a key, in any order of reads; each read is whole. None: it is gone."""
        before = self._held.get(key)
        if offset <= (self._floor if before is None else before[0]):
            return
        self._newest = max(self._newest, offset)
        if before is not None:
            self._drop(key)
        if what is None:
            self._floor = max(self._floor, offset)
            return
        self._held[key] = offset, what, size
        self._size += size
        if self._size > self._most:
            self._held.clear()
            self._size, self._floor = 0, self._newest

    def told(self, key: str, known: Known) -> T | None:
        """Return what a subscription told of a key last; None: that is not known."""
        found = self._held.get(key)
        return found[1] if found is not None and known[0] < found[0] <= known[1] else None

    def skip(self, after: int, reached: int, said: Collection[str]) -> None:
        """Note that part of a map's changes was told, between two offsets, and only of the keys `said`.

        What is remembered of another key there was not: the key has changed again meanwhile, and is told
        later.
        """
        if self._newest > after:
            for key in [key for key, (at, _, _) in self._held.items() if after < at <= reached]:
                if key not in said:
                    self._drop(key)

    def _drop(self, key: str) -> None:
        self._size -= self._held.pop(key)[2]
