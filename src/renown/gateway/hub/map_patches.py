"""Patches in maps: each key's publication as its difference from the key's one before.

A client holds of each key the last value that this subscription gave it. As all who follow a map know every
key as of some offset, what they hold is known here too, without a list for each of them.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from renown.gateway.hub.forms import Form
from renown.protocol.fossil import delta
from renown.protocol.replies import Publication

__all__ = ["Bases"]

_MOST: Final = 16 * 2**20
"""Bytes of values that are held for one map; beyond it everything is whole until it is said again."""


class Bases:
    """The newest value of each key that was read for the clients of one map."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[int, bytes]] = {}
        """Offset and data by key."""
        self._size = 0
        self._newest = 0
        self._floor = 0
        """Values of keys that are not held are taken only if they are newer: a key may be gone since."""

    def begin(self) -> None:
        """Forget all: the map began anew."""
        self._values.clear()
        self._size = self._newest = self._floor = 0

    def note(self, entries: Iterable[Publication]) -> None:
        """Take what was read of the map, in any order of reads; each read is whole."""
        for entry in entries:
            before = self._values.get(entry.key)
            if entry.offset <= (self._floor if before is None else before[0]):
                continue
            self._newest = max(self._newest, entry.offset)
            if before is not None:
                del self._values[entry.key]
                self._size -= len(before[1])
            if entry.removed:
                self._floor = max(self._floor, entry.offset)
            else:
                data = bytes(entry.data)
                self._values[entry.key] = (entry.offset, data)
                self._size += len(data)
            if self._size > _MOST:
                self._values.clear()
                self._size, self._floor = 0, self._newest

    def said(self, due: Sequence[Publication], form: Form, known: tuple[int, int]) -> list[Publication]:
        """Return publications as those are told them who were given all between two offsets.

        After the first of the two this subscription has told them every change, up to the second.
        """
        first, last = known
        told: dict[str, bytes | None] = {}
        said: list[Publication] = []
        for entry in due:
            if entry.removed:
                told[entry.key] = None
                said.append(entry)
                continue
            data = bytes(entry.data)
            base = told[entry.key] if entry.key in told else self._held(entry.key, first, last)
            patch = None if base is None else delta(base, data)
            said.append(form.whole(entry) if patch is None else form.patched(entry, patch))
            told[entry.key] = data
        return said

    def _held(self, key: str, first: int, last: int) -> bytes | None:
        offset, data = self._values.get(key, (0, b""))
        return data if first < offset <= last else None
