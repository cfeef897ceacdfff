"""Maps without a log: what changed is the difference between one look at them and the next."""

from collections.abc import Callable, Mapping
from typing import Final, Generic, TypeVar

from msgspec.structs import replace

from renown.gateway.hub.map_parts import Stretch
from renown.protocol.replies import Publication

__all__ = ["Differences"]

_DEPARTED: Final = 1_000
"""How many keys that are gone are remembered, for those who read slowly."""

T = TypeVar("T")


class Differences(Generic[T]):
    """The entries of a map as of the last look. Offsets count the differences."""

    def __init__(self, epoch: str, say: Callable[[T], Publication]) -> None:
        """`say` makes the publication of what a key is now; it is asked for what changed only."""
        self.epoch: Final = epoch
        self.top = 0
        self.rows: Mapping[str, T] = {}
        """The map as it was given last."""
        self._say = say
        self._newest: dict[str, Publication] = {}
        """The newest of each key, those that are gone included, by offset."""
        self._departed: dict[str, int] = {}
        """The keys that are gone, with their offsets, in that order."""
        self._forgotten = 0
        """The greatest offset of a departure that is not remembered any more."""

    def __getitem__(self, key: str) -> Publication:
        """Return the entry of a key that is there."""
        return self._newest[key]

    def look(self, rows: Mapping[str, T]) -> None:
        """Take the map as it is now; `rows` is not to be changed afterwards."""
        before, self.rows = self.rows, rows
        if rows == before:
            return
        for key in before.keys() - rows.keys():
            self._note(key, Publication(removed=True))
            self._departed[key] = self.top
        for key, row in rows.items():
            if key not in before or before[key] != row:
                self._departed.pop(key, None)
                self._note(key, self._say(row))
        for key in list(self._departed)[: max(0, len(self._departed) - _DEPARTED)]:
            self._forgotten = max(self._forgotten, self._departed.pop(key))
            del self._newest[key]

    def _note(self, key: str, entry: Publication) -> None:
        self.top += 1
        self._newest.pop(key, None)
        self._newest[key] = replace(entry, key=key, offset=self.top)

    def after(self, offset: int, limit: int) -> Stretch:
        """Return up to `limit` changes after an offset."""
        if offset < self._forgotten or offset > self.top:
            return Stretch(self.epoch, self.top, self.top, lost=True)
        changed: list[Publication] = []
        for entry in reversed(self._newest.values()):
            if entry.offset <= offset:
                break
            changed.append(entry)
        changed.reverse()
        more = len(changed) > limit
        changed = changed[:limit]
        reached = changed[-1].offset if more else self.top
        return Stretch(self.epoch, self.top, reached, tuple(changed), more)
