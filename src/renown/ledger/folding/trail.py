"""What a subject lately was, in memory: what comes a little late is worked in from there, with little work.

A trail knows nothing that the events do not tell: without it working in begins at a checkpoint and comes to
the same.
"""

from typing import Final

from renown.ledger.folding.forms import Folded

__all__ = ["Trail"]

_MOST: Final = 64
"""Of one subject; twice as many at times."""


class Trail:
    """One subject after each of its newest events, as far as nothing has come since that lies before them."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: list[Folded] = []

    def note(self, folded: Folded, changed: tuple[float, int] | None) -> None:
        """Take note of what an event made; `changed` is the lowest (at, version) whose count it changed."""
        kept = self._kept
        if changed is not None:
            at, version = changed
            while kept and (last := kept[-1]).at >= at and (last.at > at or last.version >= version):
                kept.pop()
        kept.append(folded)
        if len(kept) >= 2 * _MOST:
            del kept[:_MOST]

    def below(self, place: tuple[float, int]) -> Folded | None:
        """Return the newest below `place`, (at, version)."""
        return next((each for each in reversed(self._kept) if (each.at, each.version) < place), None)

    def shorten(self, states: int) -> None:
        """Forget the oldest."""
        del self._kept[:states]
