"""What can be asked of a ledger."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import accumulate
from math import inf
from typing import Final, TypeVar

import msgspec

from renown import scoring
from renown.errors import NotFoundError
from renown.ledger.folding.carried import life_in
from renown.ledger.folding.checkpoints import state_before
from renown.ledger.folding.replay import replay
from renown.ledger.reading.as_of import (
    Past,
    board_as_of,
    events_as_of,
    explained_as_of,
    scores_as_of,
    search_as_of,
    standing_as_of,
)
from renown.ledger.reading.held import (
    LINES,
    held_entries,
    held_lines,
    held_rows,
    reviewed,
    shown_entry,
    step_lines,
)
from renown.ledger.reading.held_then import Reviews, reviews_as_of
from renown.ledger.views import activity_json, basis_of, counting_entry_of, entry_of
from renown.model import OVERALL, Entry, Standing, is_key
from renown.policy import Policies, Policy
from renown.scoring import Explanation, State
from renown.scoring.life import Progress, progress
from renown.stores import EventRow, Reader, StandingRow, Store

__all__ = ["HistoryPoint", "KindCounts", "Reads"]

MAX_PAGE: Final = 1_000
"""Rows of one page, at most."""

_FAR: Final = 2**62
"""Beyond any version."""
_T = TypeVar("_T")
_seqs: Final = msgspec.json.Decoder(list[int])


class HistoryPoint(msgspec.Struct, frozen=True):
    """The overall score after one version."""

    version: int
    at: float
    """POSIX seconds; never falls from one point to the next."""
    score: float


class KindCounts(msgspec.Struct, frozen=True):
    """How much there is of one kind."""

    subjects: int
    events: int


class Reads:
    """The reading side of a ledger: every answer is of one committed state.

    Reads of a few rows are done at once, longer ones in a thread of their own. All raise `LedgerError`
    when the file fails.
    """

    def __init__(self, store: Store, policies: Policies) -> None:
        self._store = store
        self._policies = policies

    async def _apart(self, read: Callable[[Reader], _T]) -> _T:
        def run() -> _T:
            with self._store.reader() as reader, reader.snapshot():
                return read(reader)

        return await asyncio.to_thread(run)

    async def snapshot(self, subject: str) -> tuple[int, bytes] | None:
        """Return version and JSON of a subject's newest standing, None without one."""
        return self._store.near.view(subject) if is_key(subject) else None

    async def snapshots(self, subjects: Sequence[str]) -> dict[str, tuple[int, bytes]]:
        """Return version and JSON of the newest standings of those subjects that have one."""
        rows = self._store.near.views([subject for subject in subjects if is_key(subject)])
        return {subject: (version, view) for subject, version, view in rows}

    async def standing_at(self, subject: str, at: float) -> Standing | None:
        """Return the standing as read at `at` (POSIX seconds), None before the first event.

        It is folded from what was contributing then, by the times of the events: a late event counts from
        the time it tells of, and what was taken back counts until it was.
        """
        policy = self._policies.for_subject(subject)
        return await self._apart(lambda reader: standing_as_of(reader, policy, subject, at))

    async def standings_at(self, subjects: Sequence[str], at: float) -> list[Standing]:
        """Return the standings as read at `at`, as `standing_at` does, of those that had one.

        Raises:
            RenownError: together they have too many events for that (`past_too_large`).

        """

        def read(reader: Reader) -> list[Standing]:
            past = Past(reader, self._policies, at, "what several subjects were then", "fewer subjects")
            then = [past.of(subject) for subject in subjects]
            return [each.standing() for each in then if each is not None]

        return await self._apart(read)

    async def activity(self, subject: str, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Return (version, JSON of the activity) after a version, ascending."""
        rows = self._store.near.ascending(subject, min(after, _FAR), _page(limit))
        return [(row.version, activity_json(row)) for row in rows]

    async def recent(self, kind: str | None, limit: int) -> tuple[int, list[bytes]]:
        """Return the ledger's newest `seq` and the newest activities, of one kind or of all, newest first.

        Of one kind at most 100 are kept at hand.
        """
        near = self._store.near
        with near.snapshot():
            newest = near.newest_seq()
            if kind is None:
                rows = near.recent(_page(limit))
            else:
                counted = {row.kind: row for row in near.kind_rows()}.get(kind)
                seqs = [] if counted is None else _seqs.decode(counted.recent)[: _page(limit)]
                rows = near.at_seqs(seqs)
        return newest, [activity_json(row) for row in rows]

    async def board(self, kind: str, limit: int) -> tuple[int, list[bytes]]:
        """Return the ledger's newest `seq` and the standings with the highest scores of a kind.

        Ties go to the higher count, then to the lower key. Provisional standings have no place.
        """
        near = self._store.near
        with near.snapshot():
            return near.newest_seq(), near.board(kind, _page(limit))

    async def board_at(self, kind: str, at: float, limit: int) -> list[Standing]:
        """Return the standings with the highest scores of a kind as read at `at` (POSIX seconds).

        Raises:
            EventError: there is no such kind.
            RenownError: the kind has too many events for that (`board_too_large`).

        """
        policy = self._policies.for_subject(f"{kind}:x")
        return await self._apart(lambda reader: board_as_of(reader, policy, at, _page(limit)))

    async def page(self, kind: str, after: str, limit: int) -> tuple[int, list[tuple[str, int, bytes]]]:
        """Return the ledger's newest `seq` and a page of a kind's standings in order of their keys.

        The rows are (subject, `seq` of its newest event, JSON of the standing), with subjects above
        `after`. Whoever pages on and then asks `changed` since the first page's `seq` has missed nothing.
        """
        near = self._store.near
        with near.snapshot():
            return near.newest_seq(), near.of_kind(kind, after, _page(limit))

    async def changed(self, kind: str, after: int, limit: int) -> tuple[int, list[tuple[str, int, bytes]]]:
        """Return the ledger's newest `seq` and the standings of a kind that changed after a `seq`.

        The rows are as those of `page`, each subject once, by the `seq` of its newest event, ascending:
        whoever applied some of them goes on from the last one's `seq`.
        """
        near = self._store.near
        with near.snapshot():
            return near.newest_seq(), near.changed_since(kind, min(after, _FAR), _page(limit))

    async def search(self, text: str, kind: str | None, limit: int) -> list[bytes]:
        """Return standings whose id begins with `text`, then those that contain it, in either case."""
        return await self._apart(lambda reader: reader.search(text, kind, _page(limit)))

    async def search_at(self, text: str, kind: str | None, limit: int, at: float) -> list[Standing]:
        """Return what `search` would have found at `at` (POSIX seconds), as the standings were then.

        Raises:
            RenownError: those that match have too many events for that (`past_too_large`).

        """
        return await self._apart(
            lambda reader: search_as_of(reader, self._policies, text, at, kind=kind, limit=_page(limit))
        )

    async def history(self, subject: str, points: int, until: float = inf) -> list[HistoryPoint]:
        """Return the score over time: at most `points` versions, evenly chosen, first and last kept.

        With `until` (POSIX seconds) it is told as of that time.
        """
        near, most = self._store.near, max(1, min(points, MAX_PAGE))
        with near.snapshot():
            found = near.standings([subject]) if is_key(subject) else None
            if not found:
                return []
            standing = found[0]
            count = newest = standing.version
            if until != inf:
                count, newest = near.happened_by(subject, until)
            rows = near.versions(subject, _evenly(newest, most)) if count == newest else []
        if count != newest:
            # Something of later came before something of then: what was recorded knew too much.
            policy = self._policies.for_subject(subject)
            rows = await self._apart(lambda reader: scores_as_of(reader, policy, subject, until))
            rows = [rows[i - 1] for i in _evenly(len(rows), most)]
        latest = list(accumulate((at for _, at, _ in rows), max))
        if standing.updated_at <= until:
            # The latest of all, which need not be among the points.
            latest[-1:] = [standing.updated_at]
        return [
            HistoryPoint(version, at, score) for (version, _, score), at in zip(rows, latest, strict=False)
        ]

    async def explain(
        self,
        subject: str,
        category: str = OVERALL,
        limit: int = 50,
        cursor: str | None = None,
        at: float | None = None,
        *,
        now: float | None = None,
    ) -> Explanation:
        """Return a page of what each live event adds to the newest score, or to that of `at`, newest first.

        With `now` (POSIX seconds) it is told how long lasts what tiers ask to last; without it, up to the
        newest event.

        Raises:
            NotFoundError: the subject has no standing.
            EventError: there is no such category or kind.
            RenownError: the cursor is malformed or of an earlier version.

        """
        policy = self._policies.for_subject(subject)

        def read(reader: Reader) -> Explanation:
            if at is not None:
                return explained_as_of(
                    reader, policy, subject, at, category=category, limit=_page(limit), cursor=cursor
                )
            found = reader.standings([subject]) if is_key(subject) else None
            if not found:
                raise NotFoundError(f"`{subject}` has no standing", code="unknown_subject")
            standing = found[0]
            before = partial(state_before, reader, policy, subject)
            rows: Iterable[EventRow] = _newest_first(reader, subject, _page(limit) + 1, cursor)
            if not _in_force(standing, policy):
                before = None
                folded = reader.ascending(subject, 0, -1)
                made = replay(policy, folded)
                live = (row for row in made.onto(folded) if row.ended_version is None)
                standing = made.standing
                rows = sorted(live, key=lambda row: (row.at, row.version), reverse=True)
            prior = basis_of(reader.descending(subject, standing.version + 1, 1)[0]).prior
            state = scoring.decode_state(policy, standing.state)
            page = scoring.explain(
                policy,
                map(counting_entry_of, rows),
                state,
                standing.updated_at,
                prior,
                category=category,
                limit=_page(limit),
                cursor=cursor,
                subject=subject,
                version=standing.version,
                before=before,
            )
            if cursor is not None:
                return page
            return msgspec.structs.replace(
                page,
                held=held_lines(held_rows(reader, subject)),
                steps=step_lines(reader.changing(subject, LINES)),
                tiers=None if category else _progress(policy, standing, state, prior, now),
            )

        return await self._apart(read)

    async def held(
        self, kind: str | None, subject: str | None, before: int | None, limit: int
    ) -> list[Entry]:
        """Return what is under review: of a subject, of a kind or of all, newest first.

        `before` is the `seq` of the last one of the page before. Each entry says why it is held, by which
        event, since when and until when; its changes tell a guard's reasons. Blind reviews are not among
        them.
        """
        return held_entries(self._store.near, kind, subject, before, _page(limit))

    async def held_counts(self) -> dict[str, dict[str, int]]:
        """Return how much is under review, per kind of subject and reason."""
        return reviewed(self._store.near)

    async def reviews_at(
        self, kind: str | None, subject: str | None, before: int | None, limit: int, at: float
    ) -> Reviews:
        """Return what `held` and `held_counts` would have told at `at` (POSIX seconds).

        Raises:
            RenownError: those of whom something was held have too many events for that (`past_too_large`).

        """

        def read(reader: Reader) -> Reviews:
            past = Past(reader, self._policies, at, "what was under review then", "a kind, or no `at`")
            then = reviews_as_of(past, kind)
            return then.page(subject, _FAR if before is None else before, _page(limit))

        return await self._apart(read)

    async def events(
        self, subject: str, before: int | None, limit: int, until: float = inf, *, sealed: bool = False
    ) -> list[Entry]:
        """Return a subject's events below a version, or from the newest, newest first.

        With `until` (POSIX seconds) only those that happened by then, with what had become of them by then.
        Of blind reviews that are not open only that something is held, unless they may be `sealed`.
        """
        below = _FAR if before is None else min(before, _FAR)
        near = self._store.near
        rows = near.descending(subject, below, _page(limit), until)
        if until != inf and rows and near.happened_by(subject, until)[0] < _newest(near, subject):
            # What came later may have taken back, held or released what came before.
            policy = self._policies.for_subject(subject)
            rows = await self._apart(
                lambda reader: events_as_of(reader, policy, subject, until, before=below, limit=_page(limit))
            )
        return [shown_entry(row, sealed=sealed) for row in rows]

    def confidence(self, subject: str) -> float:
        """Return the probability with which a subject's score lies within its bounds, as its policy says.

        Raises:
            EventError: there is no such kind.

        """
        return self._policies.for_subject(subject).bounds.confidence

    async def event(self, event_id: str) -> Entry | None:
        """Return one event by its id."""
        row = self._store.near.event(event_id)
        return None if row is None else entry_of(row)

    async def kinds(self) -> dict[str, KindCounts]:
        """Return the counts of all kinds that have events."""
        rows = self._store.near.kind_rows()
        return {row.kind: KindCounts(row.subjects, row.events) for row in rows}


def _progress(
    policy: Policy, standing: StandingRow, state: State, prior: dict[str, float], now: float | None
) -> Progress | None:
    """Return how far a subject is from each tier, as of its newest event."""
    at = standing.updated_at
    reading = scoring.read(policy, state, at, prior)
    return progress(policy, life_in(policy, standing.life), reading, max(at, now or at))


def _newest(reader: Reader, subject: str) -> int:
    """Return a subject's newest version."""
    return reader.descending(subject, _FAR, 1)[0].version


def _newest_first(reader: Reader, subject: str, first: int, cursor: str | None) -> Iterator[EventRow]:
    """Yield the live events below a cursor, newest first, fetched as they are asked for."""
    at, version = scoring.cursor_position(cursor) or (inf, 0)
    size = first
    while rows := reader.live_before(subject, at, version, size):
        yield from rows
        if len(rows) < size:
            return
        at, version = rows[-1].at, rows[-1].version
        size = MAX_PAGE


def _in_force(standing: StandingRow, policy: Policy) -> bool:
    """Tell whether a standing was folded under this policy; if not, it is folded anew for the look."""
    return (standing.policy, standing.policy_version) == (policy.name, policy.version)


def _page(limit: int) -> int:
    return max(0, min(limit, MAX_PAGE))


def _evenly(newest: int, points: int) -> list[int]:
    if newest <= points:
        return list(range(1, newest + 1))
    if points == 1:
        return [newest]
    return [1 + i * (newest - 1) // (points - 1) for i in range(points)]
