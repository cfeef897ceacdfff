"""Filters by tag in maps: a key that passes no longer is gone for who filters, and one that passes is there.

So a client that was told of a key must be told when it stops to pass, as if it were removed; one that was
never told of it need not hear of each change. Where it is not known what a client was told, it is told:
the end of a key that it does not have means nothing to it.
"""

from collections.abc import Iterable
from typing import Final

from renown.gateway.hub.forms import Form
from renown.gateway.hub.map_memory import KeyMemory, Known
from renown.protocol.replies import Publication

__all__ = ["Tags"]

_MOST: Final = 16 * 2**20
"""Bytes of tags that are held for one map."""
_ENTRY: Final = 200
"""Bytes that a key takes besides its tags, about."""


class Tags:
    """The tags of the newest publication of each key that was read for the clients of one map."""

    def __init__(self) -> None:
        self.memory: Final[KeyMemory[Publication]] = KeyMemory(_MOST)

    def note(self, entries: Iterable[Publication]) -> None:
        """Take what was read of the map, in any order of reads; each read is whole."""
        for entry in entries:
            tags = entry.tags or {}
            size = _ENTRY + sum(len(name) + len(value) for name, value in tags.items())
            # That a key is gone is remembered, too: then nobody is told so once more.
            told = Publication(tags=entry.tags, removed=entry.removed)
            self.memory.note(entry.key, entry.offset, told, size)

    def said(self, due: Iterable[Publication], form: Form, known: Known) -> list[Publication]:
        """Return publications as those are told them who know the map as of the second of two offsets."""
        there: dict[str, bool] = {}
        said: list[Publication] = []
        for entry in due:
            key, before = entry.key, there.get(entry.key)
            there[key] = not entry.removed and form.passes(entry)
            if there[key]:
                said.append(form.whole(entry))
            elif before is True or (before is None and self._was_there(key, form, known)):
                said.append(Publication(offset=entry.offset, key=key, removed=True))
        return said

    def _was_there(self, key: str, form: Form, known: Known) -> bool:
        """Tell whether clients may have been told of a key, and not that it is gone."""
        told = self.memory.told(key, known)
        return told is None or (not told.removed and form.passes(told))
