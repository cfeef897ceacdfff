"""Folding one subject anew, and telling what of it is not what its events say."""

from collections.abc import Callable, Iterator
from math import inf
from typing import Any, Final

import msgspec

from renown.ledger.folding.replay import Replay, replay
from renown.ledger.rebuilding.report import MOST_DIFFERENCES, Difference
from renown.ledger.rebuilding.rules import Rules
from renown.ledger.timing.outlook import reaches
from renown.model import kind_of
from renown.stores import EventRow, Reader, Refolded, StandingRow, Writer

__all__ = ["Compared", "compare", "is_still", "text_of", "write_replay"]

_PAGE: Final = 5_000
Tell = Callable[[int], None]
"""Told how many events more were read."""


class Compared(msgspec.Struct):
    """A subject, as it was found and as it should be."""

    key: str
    events: int
    differences: list[Difference]
    """At most the first 1,000."""
    refused: int = 0
    """Events that its rules do not take: they are to count for nothing."""
    behind: bool = False
    """It stands on older rules than those in force, and may: they have not reached it yet."""
    standing: StandingRow | None = None
    mark: int = 0
    """Of the rows that were read: others have another."""
    made: Replay | None = None
    """None where nothing can be made of it."""

    def differ(self, version: int | None, what: str, expected: Any, found: Any) -> None:
        """Note one thing that differs."""
        if len(self.differences) < MOST_DIFFERENCES:
            self.differences.append(Difference(self.key, version, what, text_of(expected), text_of(found)))


class _Rows:
    """The events of a subject, page by page."""

    def __init__(self, reader: Reader, key: str, tell: Tell) -> None:
        self._reader = reader
        self._key = key
        self._tell = tell
        self.mark = 0
        self.events = 0

    def read(self, *, marked: bool) -> Iterator[EventRow]:
        """Yield all; with `marked` keep in `mark` what they were."""
        after = 0
        while page := self._reader.ascending(self._key, after, _PAGE):
            if marked:
                for row in page:
                    self.mark = hash((self.mark, row))
            yield from page
            self.events += len(page)
            self._tell(len(page))
            after = page[-1].version


def compare(reader: Reader, rules: Rules, key: str, tell: Tell, *, to_write: bool = False) -> Compared:
    """Fold a subject anew and compare; the caller holds a snapshot. `to_write`: as `is_still` needs it."""
    with_standing = reader.standings([key])
    found = with_standing[0] if with_standing else None
    compared = Compared(key, 0, [], standing=found)
    policy, compared.behind = rules.of(reader, key, found)
    rows = _Rows(reader, key, tell)
    if policy is None:
        compared.events = sum(1 for _ in rows.read(marked=False))
        compared.differ(None, "policy", f"one for the kind {kind_of(key)}", "none")
        return compared
    each = rows.read(marked=to_write)
    first = next(each, None)
    if first is None:
        compared.differ(None, "events", "at least one", "none")
        return compared
    made = compared.made = replay(policy, _from(first, each))
    compared.events, compared.mark = rows.events, rows.mark
    # New rules may refuse what older ones took: no fault. One of which something counts is found below.
    compared.refused = len(made.refused)
    for event in made.changed:
        if event.stored != event.version:
            compared.differ(event.stored, "version", event.version, event.stored)
        _differ_by(compared, event.stored, event.found, event.made)
    if found is None:
        compared.differ(None, "standing", "one", "none")
        return compared
    # Timers that found nothing to show have put the due off.
    if found.due != made.standing.due and reaches(policy, made.folded, made.standing.view, found.due):
        found = found._replace(due=made.standing.due)
    _differ_by(compared, None, found, made.standing)
    if policy.version == found.policy_version:
        _compare_checkpoints(compared, reader, made)
    return compared


def is_still(reader: Reader, compared: Compared) -> bool:
    """Tell whether a subject is what it was when it was compared to be written."""
    if reader.standings([compared.key]) != ([] if compared.standing is None else [compared.standing]):
        return False
    rows = _Rows(reader, compared.key, lambda _: None)
    for _ in rows.read(marked=True):
        pass
    return rows.mark == compared.mark


def _from(first: EventRow, more: Iterator[EventRow]) -> Iterator[EventRow]:
    yield first
    yield from more


def _compare_checkpoints(compared: Compared, reader: Reader, made: Replay) -> None:
    """Compare those checkpoints that there are: a ledger from before there were any lacks some."""
    expected = {(row.at, row.version): row for row in made.checkpoints}
    for row in reader.checkpoints(compared.key):
        if row != expected.get((row.at, row.version)):
            compared.differ(row.version, "checkpoint", expected.get((row.at, row.version)), row)


def _differ_by(
    compared: Compared, version: int | None, found: Refolded | StandingRow, expected: Refolded | StandingRow
) -> None:
    if found == expected:
        return
    for name, old, new in zip(found._fields, found, expected, strict=True):
        if old != new:
            compared.differ(version, name, new, old)


def write_replay(writer: Writer, made: Replay) -> None:
    """Store what a replay has made: the derived columns of those events that changed, and the standing."""
    writer.refold_events([each.made for each in made.changed])
    writer.put_standings([made.standing])
    writer.drop_checkpoints([(made.standing.subject, -inf, 0)])
    writer.add_checkpoints(made.checkpoints)


def text_of(value: Any) -> str:
    """Return a value for a report."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "none" if value is None else str(value)
