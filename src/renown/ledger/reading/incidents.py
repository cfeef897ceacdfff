"""Incidents as they form: which guards are in alarm about which subjects, and which alerts fired or cleared.

What guards say is recorded with the events (the verdict in an event's basis); what goes on is remembered
with the standing. A book reads the newest 50,000 events once, and after that only what is new: so asking
again and again costs as much as what has happened since. Alarms that began before those events are found
among the standings with something due, once. Whether an alarm still goes on, and since when, is always read
from the standing itself, of as many subjects as are shown. Of a past time the newest alarms by then are
read, and the subjects shown are folded as of it.
"""

import asyncio
import threading
from collections.abc import Iterable
from typing import Final

from renown.errors import PolicyError
from renown.ledger.folding.carried import guards_in
from renown.ledger.reading.as_of import Past
from renown.ledger.reading.held_then import reviews_as_of
from renown.ledger.reading.incident_forms import AlertLine, Incidents, Pile
from renown.ledger.reading.tracks import Tracks, alert_lines
from renown.model import kind_of, timestamp
from renown.policy import Policies, Policy
from renown.scoring.guards import Guards
from renown.stores import EventRow, Reader, Store

__all__ = ["IncidentBook"]

_BACK: Final = 50_000
"""How many of the newest events are looked at when a book begins."""
_BACK_THEN: Final = 5_000
"""How many of the newest events by a past time that say something of alarms are looked at."""
_KEPT: Final = 2_000
_POINTS: Final = 60
_PILES: Final = 200


class IncidentBook:
    """The incidents of a ledger, as far as this process has looked. Any thread may ask.

    Raises `LedgerError` when the file fails.
    """

    def __init__(self, store: Store, policies: Policies) -> None:
        self._store = store
        self._policies = policies
        self._lock = threading.Lock()
        self._seq: int | None = None
        self._tracks = Tracks(policies)

    async def look(self, kind: str | None, subject: str | None, limit: int, now: float) -> Incidents:
        """Return the incidents of a subject, of a kind or of all, those that go on at `now` first.

        A subject's own are all that go on, whenever they began. With them comes how much is under review per
        subject and reason, and the newest alerts that fired or cleared.
        """
        return await asyncio.to_thread(self._look, kind, subject, limit, now)

    async def look_back(self, kind: str | None, subject: str | None, limit: int, at: float) -> Incidents:
        """Return what `look` would have told at a past time, POSIX seconds.

        Of alarms and alerts the newest 5,000 events by then that say something of them are looked at.

        Raises:
            RenownError: the subjects shown, and those of whom something was held, have too many events for
                that (`past_too_large`).

        """
        return await asyncio.to_thread(self._look_back, kind, subject, limit, at)

    def _look(self, kind: str | None, subject: str | None, limit: int, now: float) -> Incidents:
        with self._lock, self._store.reader() as reader, reader.snapshot():
            self._catch_up(reader)
            piles = [
                Pile(row.subject, row.why, row.events, timestamp(row.oldest), timestamp(row.newest))
                for row in reader.held_piles(_PILES)
                if subject in (None, row.subject) and kind in (None, kind_of(row.subject))
            ]
            if subject is None:
                alerts = _of_kind(self._tracks.alerts, kind)
            else:
                self._find(reader, [subject])
                alerts = self._alerts(reader.changing(subject, _POINTS))
            meant = self._tracks.newest(kind, subject, limit)
            remembered = self._guards(reader, {key[0] for key, _ in meant})
            held = {(pile.subject, pile.why): pile.count for pile in piles}
            lines = Tracks.lines(meant, remembered, held, now)
        return Incidents(tuple(lines), tuple(piles), tuple(alerts))

    def _look_back(self, kind: str | None, subject: str | None, limit: int, at: float) -> Incidents:
        tracks = Tracks(self._policies)
        with self._store.reader() as reader, reader.snapshot():
            past = Past(reader, self._policies, at, "what there was to watch then", "a subject, or a kind")
            for row in reversed(reader.alarming_by(at, _BACK_THEN)):
                tracks.hear(row)
            reviews = reviews_as_of(past, kind if subject is None else kind_of(subject))
            piles = [pile for pile in _piles(reviews.rows) if subject in (None, pile.subject)][:_PILES]
            alerts = _of_kind(tracks.alerts, kind)
            if subject is not None:
                then = past.brief(subject)
                alerts = [] if then is None else self._alerts(then.changing)
                if then is not None and then.guards is not None:
                    tracks.take_up(subject, then.policy, then.guards)
            meant = tracks.newest(kind, subject, limit)
            remembered: dict[str, tuple[Policy, Guards]] = {}
            for key, _ in meant:
                then = past.brief(key[0])
                if then is not None and then.guards is not None:
                    remembered[key[0]] = then.policy, then.guards
            held = {(pile.subject, pile.why): pile.count for pile in piles}
            lines = Tracks.lines(meant, remembered, held, at)
        return Incidents(tuple(lines), tuple(piles), tuple(alerts))

    def _catch_up(self, reader: Reader) -> None:
        newest = reader.newest_seq()
        begin = self._seq is None or newest - self._seq > _BACK
        after = max(0, newest - _BACK) if begin else (self._seq or 0)
        for row in reader.alarming(after, newest):
            self._tracks.hear(row)
        if begin:
            guarded = [policy.kind for policy in self._policies if policy.guards]
            self._find(reader, [subject for subject, _ in reader.alarmed(guarded, _KEPT)])
        self._seq = newest
        self._tracks.forget()

    def _find(self, reader: Reader, subjects: Iterable[str]) -> None:
        for subject, (policy, guards) in self._guards(reader, subjects).items():
            self._tracks.take_up(subject, policy, guards)

    def _alerts(self, rows: Iterable[EventRow]) -> list[AlertLine]:
        """Return what events of one subject say of alerts, in their order."""
        return [
            line
            for row in rows
            for line in alert_lines(
                self._policies.get(kind_of(row.subject)), row.subject, row.version, row.at, row.changes
            )
        ]

    def _guards(self, reader: Reader, subjects: Iterable[str]) -> dict[str, tuple[Policy, Guards]]:
        """Return what guards remember of subjects, by the rules in force; others are left out."""
        found: dict[str, tuple[Policy, Guards]] = {}
        for row in reader.standings(list(subjects)):
            policy = self._policies.get(row.kind)
            if policy is None or (policy.name, policy.version) != (row.policy, row.policy_version):
                continue
            try:
                found[row.subject] = policy, guards_in(policy, row.life)
            except PolicyError:
                continue
        return found


def _of_kind(alerts: Iterable[AlertLine], kind: str | None) -> list[AlertLine]:
    return [each for each in alerts if kind in (None, kind_of(each.subject))]


def _piles(rows: Iterable[EventRow]) -> list[Pile]:
    """Return how much of what is held there is per subject and reason, the newest first."""
    times: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        times.setdefault((row.subject, row.held_why or ""), []).append(row.held_at or row.at)
    piles = sorted(times.items(), key=lambda each: max(each[1]), reverse=True)
    return [
        Pile(subject, why, len(held), timestamp(min(held)), timestamp(max(held)))
        for (subject, why), held in piles
    ]
