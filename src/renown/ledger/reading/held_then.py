"""What was under review at a past time.

An event's row tells only what it is held for now. So every subject of whom something was ever held by then is
folded as of the time, and its rows tell what was held then, since when, by what and until when.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec

from renown.ledger.reading.as_of import Past
from renown.ledger.views import entry_of
from renown.model import Entry, kind_of
from renown.stores import EventRow

__all__ = ["Reviews", "ReviewsThen", "reviews_as_of"]


class Reviews(msgspec.Struct, frozen=True):
    """A page of what was under review at a time."""

    entries: list[Entry]
    """Newest first."""
    makers: dict[str, Entry]
    """By their ids: the events that hold those of the page."""
    counts: dict[str, dict[str, int]]
    """How much was held in all, per kind of subject and reason."""


class ReviewsThen(msgspec.Struct, frozen=True):
    """All that was under review at a time."""

    rows: Sequence[EventRow]
    """Newest `seq` first."""
    makers: dict[str, EventRow]

    def page(self, subject: str | None, before: int, limit: int) -> Reviews:
        """Return a page of it, of one subject or of all, with positions below `before`."""
        meant = [row for row in self.rows if row.seq < before and subject in (None, row.subject)][:limit]
        makers = {row.held_by: self.makers[row.held_by] for row in meant if row.held_by in self.makers}
        return Reviews(
            [entry_of(row) for row in meant],
            {name: entry_of(row) for name, row in makers.items()},
            self._counts(),
        )

    def _counts(self) -> dict[str, dict[str, int]]:
        counts: dict[str, dict[str, int]] = {}
        for (kind, why), count in Counter((kind_of(row.subject), row.held_why) for row in self.rows).items():
            counts.setdefault(kind, {})[why or ""] = count
        return counts


def reviews_as_of(past: Past, kind: str | None) -> ReviewsThen:
    """Return what was under review at a time, of one kind of subject or of all that have a policy.

    Raises:
        RenownError: the subjects of whom something was ever held by then have too many events for that
            (`past_too_large`).

    """
    rows: list[EventRow] = []
    makers: dict[str, EventRow] = {}
    for subject in past.reader.held_by(kind, past.at):
        then = past.brief(subject)
        if then is not None:
            rows += then.held
            makers |= then.makers
    return ReviewsThen(sorted(rows, key=lambda row: row.seq, reverse=True), makers)
