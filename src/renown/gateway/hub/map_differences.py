"""Maps without a log: what changed is the difference between one look at them and the next."""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from renown.gateway.hub.map_parts import Stretch
from renown.protocol.replies import Publication

__all__ = ["Differences"]

_DEPARTED: Final = 1_000
"""How many keys that are gone are remembered, for those who read slowly."""


class Differences:
    """The entries of a map as of the last look. Offsets count the differences."""

    def __init__(self, epoch: str) -> None:
        self.epoch: Final = epoch
        self.top = 0
        self.entries: dict[str, Publication] = {}
        """As they were given."""
        self._seen: Mapping[str, Publication] = {}
        """The same without offsets."""
        self._changed: dict[str, Publication] = {}
        """The newest of each key, those that are gone included, by offset."""
        self._departed: dict[str, int] = {}
        """The keys that are gone, with their offsets, in that order."""
        self._forgotten = 0
        """The greatest offset of a departure that is not remembered any more."""

    def look(self, rows: Mapping[str, Publication]) -> None:
        """Take the map as it is now: publications by key, without offsets."""
        before, self._seen = self._seen, rows
        entries, self.entries = self.entries, {}
        for key in before:
            if key not in rows:
                self._note(Publication(key=key, removed=True))
                self._departed[key] = self.top
        for key, row in rows.items():
            if key in before and before[key] == row:
                self.entries[key] = entries[key]
            else:
                self._departed.pop(key, None)
                self.entries[key] = self._note(row)
        for key in list(self._departed)[: max(0, len(self._departed) - _DEPARTED)]:
            self._forgotten = max(self._forgotten, self._departed.pop(key))
            del self._changed[key]

    def _note(self, row: Publication) -> Publication:
        self.top += 1
        self._changed.pop(row.key, None)
        noted = self._changed[row.key] = replace(row, offset=self.top)
        return noted

    def after(self, offset: int, limit: int) -> Stretch:
        """Return up to `limit` changes after an offset."""
        if offset < self._forgotten or offset > self.top:
            return Stretch(self.epoch, self.top, self.top, lost=True)
        changed: list[Publication] = []
        for entry in reversed(self._changed.values()):
            if entry.offset <= offset:
                break
            changed.append(entry)
        changed.reverse()
        more = len(changed) > limit
        changed = changed[:limit]
        reached = changed[-1].offset if more else self.top
        return Stretch(self.epoch, self.top, reached, tuple(changed), more)
