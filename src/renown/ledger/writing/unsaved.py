"""What is folded and not stored yet, read as if it were.

Of the batch before, which is being stored meanwhile, a reader sees all or nothing, and from one statement to
the next it may come to see it. That does not matter here: what a batch has made is laid over what the store
has, and laid over itself it stays what it is. That somebody else has written in between is found out when the
batch is to be stored; then nothing that was read counts.
"""

from collections.abc import Callable, Sequence

from renown.ledger.writing.outcome import Outcome
from renown.stores import CheckpointRow, CountingRow, EventRow, Reader

__all__ = ["Unsaved"]

_Place = tuple[float, int]


class Unsaved:
    """Answers as the store will once it has all that some batches have come to so far."""

    def __init__(self, reader: Reader, made: Sequence[Outcome]) -> None:
        """`made` is what the batches have come to that the store may lack, the oldest first."""
        self._reader = reader
        self._made = made

    def checkpoint(self, subject: str, before: _Place, policy_version: int) -> CheckpointRow | None:
        """Return the highest checkpoint below (at, version) that was made under a version of the policy."""
        found: list[CheckpointRow | None] = []
        for made in reversed(self._made):
            found.append(made.checkpoints.made_below(subject, before, policy_version))
            before = made.checkpoints.changed_below(subject, before)
        found.append(self._reader.checkpoint(subject, before, policy_version))
        there = [each for each in found if each is not None]
        return max(there, key=lambda each: (each.at, each.version), default=None)

    def counting_between(self, subject: str, after: _Place, before: _Place) -> list[CountingRow]:
        """Return what counts of the live events above one (at, version) and below another, in that order."""
        rows = {row.version: row for row in self._reader.counting_between(subject, after, before)}
        for made in self._made:
            for row in made.rows_of(subject):
                if row.ended_at is None and after < (row.at, row.version) < before:
                    rows[row.version] = CountingRow(
                        row.seq, row.version, row.at, row.contributions, row.held_at, row.held_share
                    )
        for made in self._made:
            for version in [version for version, row in rows.items() if row.seq in made.ends]:
                del rows[version]
            for version, row in rows.items() if made.holds else ():
                if (hold := made.holds.get(row.seq)) is not None:
                    held_at, _, _, share, _, _ = hold
                    rows[version] = row._replace(held_at=held_at, held_share=share)
        return sorted(rows.values(), key=lambda row: (row.at, row.version))

    def ascending(self, subject: str, after: int, limit: int) -> list[EventRow]:
        """Return events with a version above `after`, oldest first; all when `limit` is -1."""
        stored = self._reader.ascending(subject, after, limit)
        rows = self._laid_over(subject, stored, lambda row: row.version > after)
        return rows if limit < 0 else rows[:limit]

    def paired(self, subject: str, pair: str) -> list[EventRow]:
        """Return all events of the pair, ended ones too, ascending."""
        stored = self._reader.paired(subject, pair)
        return self._laid_over(subject, stored, lambda row: row.pair == pair)

    def referred(self, subject: str, reference: str) -> list[EventRow]:
        """Return the subject's events whose id or ref is `reference`, ascending."""
        stored = self._reader.referred(subject, reference)
        return self._laid_over(subject, stored, lambda row: reference in (row.id, row.ref))

    def live_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[EventRow]:
        """Return the live events with these (subject, pair)."""
        stored = self._reader.live_pairs(pairs)
        rows: list[EventRow] = []
        for subject, pair in pairs:
            mine = [row for row in stored if (row.subject, row.pair) == (subject, pair)]
            rows += self._laid_over(subject, mine, lambda row, pair=pair: row.pair == pair)
        return [row for row in rows if row.ended_at is None]

    def _laid_over(
        self, subject: str, stored: Sequence[EventRow], fits: Callable[[EventRow], bool]
    ) -> list[EventRow]:
        """Lay those of the batches' rows that fit over the stored ones that do."""
        rows = {row.version: row for row in stored}
        for made in self._made:
            rows.update((row.version, row) for row in made.rows_of(subject) if fits(row))
        return [self._marked(row) for _, row in sorted(rows.items())]

    def _marked(self, row: EventRow) -> EventRow:
        """Return the row of an event with what the batches have done to it."""
        for made in self._made:
            if (end := made.ends.get(row.seq)) is not None:
                at, by, version, _ = end
                row = row._replace(ended_at=at, ended_by=by, ended_version=version)
            if (hold := made.holds.get(row.seq)) is not None:
                since, by, until, share, why, _ = hold
                row = row._replace(
                    held_at=since, held_by=by, held_until=until, held_share=share, held_why=why
                )
        return row
