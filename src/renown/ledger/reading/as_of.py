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
from renown.ledger.folding.living import face_at, turned_at
from renown.ledger.folding.replay import Replay, replay
from renown.ledger.reading.held import held_lines, is_told_held, step_lines
from renown.ledger.views import basis_of, cause_of, counting_entry_of, standing_of
from renown.model import Standing, kind_of
from renown.policy import Policies, Policy
from renown.scoring import Explanation
from renown.scoring.guards import Guards
from renown.scoring.life import Progress, progress
from renown.stores import EventRow, Reader

__all__ = [
    "Allowance",
    "AsOf",
    "Past",
    "board_as_of",
    "events_as_of",
    "explained_as_of",
    "scores_as_of",
    "search_as_of",
    "standing_as_of",
]

_PAGE: Final = 200
MOST_EVENTS: Final = 200_000
"""Events that one answer about many subjects of the past may look at."""
_CHANGING: Final = 60
_MATCHES: Final = 1_000
"""Subjects that one search of the past looks at."""


class _Named(msgspec.Struct, frozen=True):
    subject: str


_named: Final = msgspec.json.Decoder(_Named)


class Allowance:
    """How many events may still be folded for one answer about many subjects."""

    def __init__(self, code: str, what: str, expected: str) -> None:
        """Take what to say when they are too many: the code, what is made of them, what to ask instead."""
        self._left = MOST_EVENTS
        self._code, self._what, self._expected = code, what, expected

    def take(self, events: int) -> None:
        """Use up so many.

        Raises:
            RenownError: they are not left.

        """
        self._left -= events
        if self._left < 0:
            raise RenownError(
                f"{self._what} is made of at most {MOST_EVENTS:,} events; there are more",
                code=self._code,
                field="at",
                expected=self._expected,
            )


class AsOf(msgspec.Struct, frozen=True):
    """One subject as of a time."""

    policy: Policy
    at: float
    """POSIX seconds."""
    rows: Sequence[EventRow]
    """Its events up to then, by (time, version)."""
    made: Replay

    @classmethod
    def read(
        cls, reader: Reader, policy: Policy, subject: str, at: float, allowance: Allowance | None = None
    ) -> "AsOf | None":
        """Return the subject as of `at`, None before its first event.

        Raises:
            RenownError: it has more events than the allowance leaves.

        """
        count, newest = reader.happened_by(subject, at)
        if not count:
            return None
        if allowance is not None:
            allowance.take(count)
        rows = [row for row in reader.ascending(subject, 0, newest) if row.at <= at]
        made = replay(policy, rows)
        return cls(policy, at, sorted(made.onto(rows), key=lambda row: (row.at, row.version)), made)

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

    @property
    def held(self) -> list[EventRow]:
        """What was under review then and may be told, newest `seq` first."""
        found = [row for row in self.rows if is_told_held(row)]
        return sorted(found, key=lambda row: row.seq, reverse=True)

    @property
    def changing(self) -> list[EventRow]:
        """What did something besides moving scores, newest version first."""
        found = [row for row in self.rows if row.changes is not None]
        return sorted(found, key=lambda row: row.version, reverse=True)

    def brief(self) -> "Brief":
        """Return what is worth keeping while others are looked at."""
        held = self.held
        wanted = {row.held_by for row in held}
        makers = {row.id: row for row in self.rows if row.id in wanted} if held else {}
        return Brief(self.policy, self.made.folded.guards, held, makers, self.changing[:_CHANGING])

    def explain(self, category: str, limit: int, cursor: str | None) -> Explanation:
        """Return a page of the explanation of the score of then."""
        live = [row for row in reversed(self.rows) if row.ended_version is None]
        page = scoring.explain(
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
        if cursor is not None:
            return page
        return msgspec.structs.replace(
            page,
            held=held_lines(self.held),
            steps=step_lines(self.changing),
            tiers=None if category else self._progress(),
        )

    def _progress(self) -> Progress | None:
        folded = self.made.folded
        reading = scoring.read(self.policy, folded.state, self.at, self.prior)
        turned = turned_at(self.policy, folded, reading, self.at, self.prior)
        life = None if turned is None else turned.life
        return progress(self.policy, life, reading, max(self.at, folded.at))


class Brief(msgspec.Struct, frozen=True):
    """What of a subject as of a time is worth keeping while others are looked at."""

    policy: Policy
    guards: Guards | None
    held: list[EventRow]
    makers: dict[str, EventRow]
    """By their ids: the events that hold what is held."""
    changing: list[EventRow]
    """The newest that did something besides moving scores, newest first."""


class Past:
    """Many subjects as of one time."""

    def __init__(self, reader: Reader, policies: Policies, at: float, what: str, expected: str) -> None:
        """Take what to say when they have too many events: what is made of them, what to ask for instead."""
        self.reader: Final = reader
        self.at: Final = at
        self._policies = policies
        self._allowance = Allowance("past_too_large", what, expected)
        self._briefs: dict[str, Brief | None] = {}

    def of(self, subject: str) -> AsOf | None:
        """Return a subject, None before its first event and of a kind without a policy.

        Raises:
            RenownError: `past_too_large`.

        """
        policy = self._policies.get(kind_of(subject))
        if policy is None:
            return None
        return AsOf.read(self.reader, policy, subject, self.at, self._allowance)

    def brief(self, subject: str) -> Brief | None:
        """Return the same in brief; each subject is folded once."""
        if subject not in self._briefs:
            then = self.of(subject)
            self._briefs[subject] = None if then is None else then.brief()
        return self._briefs[subject]


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
    allowance = Allowance("board_too_large", "a board of the past", "none: the board of now")
    after = ""
    while page := reader.of_kind(policy.kind, after, _PAGE):
        for subject, _, _ in page:
            then = AsOf.read(reader, policy, subject, at, allowance)
            standing = None if then is None else then.standing()
            if standing is not None and not standing.provisional:
                found.append(standing)
        found = nsmallest(limit, found, key=lambda s: (-s.score, -s.count, s.subject))
        after = page[-1][0]
    return found


def search_as_of(
    reader: Reader, policies: Policies, text: str, at: float, *, kind: str | None, limit: int
) -> list[Standing]:
    """Return the standings as of a time of subjects whose id matches, in the order of a search.

    Those of whom nothing had happened by then are left out.

    Raises:
        RenownError: those that match have too many events for that (`past_too_large`).

    """
    found: list[Standing] = []
    past = Past(reader, policies, at, "a search of the past", "more of the name, a kind, or no `at`")
    for body in reader.search(text, kind, _MATCHES):
        then = past.of(_named.decode(body).subject)
        if then is not None:
            found.append(then.standing())
        if len(found) >= limit:
            break
    return found


def events_as_of(
    reader: Reader, policy: Policy, subject: str, at: float, *, before: int, limit: int
) -> list[EventRow]:
    """Return what had happened by a time below a version, newest first, with what had become of each then."""
    then = AsOf.read(reader, policy, subject, at)
    if then is None:
        return []
    below = [row for row in then.rows if row.version < before]
    return sorted(below, key=lambda row: row.version, reverse=True)[:limit]
