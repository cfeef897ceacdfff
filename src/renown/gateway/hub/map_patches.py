"""Patches in maps: each key's publication as its difference from the key's one before."""

from collections.abc import Iterable, Sequence
from typing import Final

from renown.gateway.hub.forms import Form
from renown.gateway.hub.map_memory import KeyMemory, Known
from renown.protocol.fossil import delta
from renown.protocol.replies import Publication

__all__ = ["Bases"]

_MOST: Final = 16 * 2**20
"""Bytes of values that are held for one map; beyond it everything is whole until it is said again."""


class Bases:
    """The newest value of each key that was read for the clients of one map."""

    def __init__(self) -> None:
        self.memory: Final[KeyMemory[bytes]] = KeyMemory(_MOST)

    def note(self, entries: Iterable[Publication]) -> None:
        """Take what was read of the map, in any order of reads; each read is whole."""
        for entry in entries:
            data = None if entry.removed else bytes(entry.data)
            self.memory.note(entry.key, entry.offset, data, len(data or b""))

    def said(self, due: Sequence[Publication], form: Form, known: Known) -> list[Publication]:
        """Return publications as those are told them who know the map as of the second of two offsets."""
        told: dict[str, bytes | None] = {}
        said: list[Publication] = []
        for entry in due:
            if entry.removed:
                told[entry.key] = None
                said.append(entry)
                continue
            data = bytes(entry.data)
            base = told[entry.key] if entry.key in told else self.memory.told(entry.key, known)
            patch = None if base is None else delta(base, data)
            said.append(form.whole(entry) if patch is None else form.patched(entry, patch))
            told[entry.key] = data
        return said
