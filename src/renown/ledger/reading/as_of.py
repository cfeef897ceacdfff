"""The ledger as of a past time: what was known to contribute then, by the times of the events.

A late event counts from the time it tells of, and what was taken back counts until it was. So a subject as of
a time is what its events up to that time come to, in the order in which the ledger got them.
"""

from collections.abc import Sequence
from heapq import nsmallest
from typing import Final

import msgspec

from renown import scoring
from renown.errors import NotFoundError, RenownError
from renown.ledger.folding.living import face_at
from renown.ledger.folding.replay import Replay, replay
from renown.ledger.views import basis_of, cause_of, counting_entry_of, standing_of
from renown.model import Standing
from renown.policy import Policy
from renown.scoring import Explanation
from renown.stores import EventRow, Reader

__all__ = ["board_as_of", "explained_as_of", "scores_as_of", "standing_as_of"]

_PAGE: Final = 200
MOST_EVENTS: Final = 200_000
"""Events that one board of the past may look at."""


class AsOf(msgspec.Struct, frozen=True):
    """One subject as of a time."""

    policy: Policy
    at: float
    """POSIX seconds."""
    rows: Sequence[EventRow]
    """Its events up to then, by (time, version)."""
    made: Replay

    @classmethod
    def read(cls, reader: Reader, policy: Policy, subject: str, at: float) -> "AsOf | None":
        """Return the subject as of `at`, None before its first event."""
        rows = [row for row in reader.ascending(subject, 0, -1) if row.at <= at]
        if not rows:
            return None
        made = replay(policy, rows)
        # A replay counts versions from 1 on; what is told keeps its own.
        told = [new._replace(version=old.version) for old, new in zip(rows, made.rows, strict=True)]
        return cls(policy, at, sorted(told, key=lambda row: (row.at, row.version)), made)

    @property
    def version(self) -> int:
        """The newest version of then."""
        return max(row.version for row in self.rows)

    @property
    def prior(self) -> dict[str, float]:
        """The running means with which the newest event was read."""
        return basis_of(self.rows[-1]).prior

    def standing(self) -> Standing:
        """Return the standing."""
        newest = self.rows[-1]
        reading = scoring.read(self.policy, self.made.folded.state, self.at, self.prior)
        folded = self.made.folded
        face = face_at(self.policy, folded, reading, self.at, self.prior)
        return standing_of(
            newest.subject,
            self.version,
            newest.at,
            reading,
            cause_of(newest),
            held=folded.held,
            face=face,
        )

    def explain(self, category: str, limit: int, cursor: str | None) -> Explanation:
        """Return a page of the explanation of the score of then."""
        live = [row for row in reversed(self.rows) if row.ended_version is None]
        return scoring.explain(
            self.policy,
            map(counting_entry_of, live),
            self.made.folded.state,
            self.at,
            self.prior,
            category=category,
            limit=limit,
            cursor=cursor,
            subject=self.rows[-1].subject,
            version=self.version,
        )


def standing_as_of(reader: Reader, policy: Policy, subject: str, at: float) -> Standing | None:
    """Return a past standing, None before the subject's first event."""
    then = AsOf.read(reader, policy, subject, at)
    return None if then is None else then.standing()


def scores_as_of(reader: Reader, policy: Policy, subject: str, at: float) -> list[tuple[int, float, float]]:
    """Return (version, at, score) of each event by then, as if nothing later had come between them."""
    then = AsOf.read(reader, policy, subject, at)
    rows = [] if then is None else sorted(then.rows, key=lambda row: row.version)
    return [(row.version, row.at, row.score) for row in rows]


def explained_as_of(
    reader: Reader, policy: Policy, subject: str, at: float, *, category: str, limit: int, cursor: str | None
) -> Explanation:
    """Return a page of the explanation of a past score.

    Raises:
        NotFoundError: the subject had no event then.

    """
    then = AsOf.read(reader, policy, subject, at)
    if then is None:
        raise NotFoundError(f"`{subject}` had no standing then", code="unknown_subject")
    return then.explain(category, limit, cursor)


def board_as_of(reader: Reader, policy: Policy, at: float, limit: int) -> list[Standing]:
    """Return the standings with the highest scores of a kind as of a time, ordered as boards are.

    Every subject of the kind is folded for it.

    Raises:
        RenownError: the kind has too many events for that (`board_too_large`).

    """
    found: list[Standing] = []
    after, events = "", 0
    while page := reader.of_kind(policy.kind, after, _PAGE):
        for subject, _, _ in page:
            then = AsOf.read(reader, policy, subject, at)
            if then is None:
                continue
            events += len(then.rows)
            if events > MOST_EVENTS:
                raise RenownError(
                    f"a board of the past is made of at most {MOST_EVENTS:,} events; this kind has more",
                    code="board_too_large",
                    field="at",
                    expected="none: the board of now",
                )
            standing = then.standing()
            if not standing.provisional:
                found.append(standing)
        found = nsmallest(limit, found, key=lambda s: (-s.score, -s.count, s.subject))
        after = page[-1][0]
    return found
