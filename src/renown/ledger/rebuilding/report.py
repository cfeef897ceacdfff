"""What a rebuild tells: while it goes on, and in the end."""

from collections.abc import Callable
from typing import Final

import msgspec

__all__ = ["MOST_DIFFERENCES", "Difference", "Progress", "Reached", "RebuildReport"]

MOST_DIFFERENCES: Final = 1_000


class Reached(msgspec.Struct, frozen=True):
    """How far a rebuild has come."""

    events: int
    total: int
    """Events in all, as of the beginning."""
    subjects: int
    """Those that are done."""
    all_subjects: int
    processes: int
    """How many work at it."""


Progress = Callable[[Reached], None]
"""Told now and then, in some thread, never in two at once."""


class Difference(msgspec.Struct, frozen=True):
    """One thing that is not what the events say."""

    subject: str
    """A subject's key, or a kind."""
    version: int | None
    """The event it is about; None: the standing as a whole."""
    what: str
    expected: str
    found: str


class RebuildReport(msgspec.Struct, frozen=True):
    """What a rebuild saw."""

    subjects: int
    events: int
    differences: tuple[Difference, ...]
    """At most the first 1,000, by subject."""
    rewritten: bool
    """False after a check."""
    behind: int = 0
    """Subjects that newer rules have not reached yet: they were folded under those on which they stand."""
    refused: int = 0
    """Events that the rules do not take. They count for nothing, which is no difference."""

    @property
    def clean(self) -> bool:
        """Whether everything was as the events say."""
        return not self.differences
