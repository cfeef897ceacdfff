"""Incidents as they form: which guards are in alarm about which subjects, and which alerts fired or cleared.

What guards say is recorded with the events (the verdict in an event's basis); what goes on is remembered
with the standing. A book reads the newest 50,000 events once, and after that only what is new: so asking
again and again costs as much as what has happened since. Alarms that began before those events are found
among the standings with something due, once. Whether an alarm still goes on, and since when, is always read
from the standing itself, of as many subjects as are shown.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from renown.errors import PolicyError
from renown.ledger.folding.carried import guards_in
from renown.ledger.folding.living import verdict_of
from renown.model import Basis, Change, kind_of, timestamp
from renown.policy import Policies, Policy
from renown.policy.evidence.guarding import BurstGuard, Guarding
from renown.scoring.guards import Bursts, Guards, Incident, Open
from renown.stores import AlarmRow, Reader, Store

__all__ = ["AlertLine", "IncidentBook", "IncidentLine", "Incidents", "Pile", "Point"]

_BACK: Final = 50_000
"""How many of the newest events are looked at when a book begins."""
_KEPT: Final = 2_000
_POINTS: Final = 60
_ALERTS: Final = 100
_PILES: Final = 200
_DAY: Final = 86_400
_DAYS: Final = 30
_WHOLE: Final = ("ring", "exit_scam")
"""Kinds of guards whose figures are no count beside an expected one: their sentence says it all."""

_basis: Final = msgspec.json.Decoder(Basis)
_changes: Final = msgspec.json.Decoder(tuple[Change, ...])
_Key = tuple[str, str]


class Point(msgspec.Struct, frozen=True):
    """One point of an incident's course."""

    at: str
    count: int


class IncidentLine(msgspec.Struct, frozen=True):
    """A guard in alarm about a subject, now or lately."""

    subject: str
    guard: str
    """Its name in the policy."""
    title: str
    kind: str
    """`burst`, `fresh`, `ring` …"""
    action: str
    """What the guard does about the events: `count`, `weigh`, `hold` or `reject`."""
    open: bool
    """Whether it goes on now."""
    since: str
    at: str
    """When it last sounded, or ended."""
    until: str
    """When it is over if nothing more comes."""
    count: int
    """How many were seen in the window when it last sounded."""
    expected: float | None
    """How many were to be expected there; None where the guard does not count."""
    days: float
    """Length of the window; 0 where it is one of the last so many."""
    events: int
    """How many events have kept it up."""
    held: int
    """How many of the subject's events this guard holds for review now."""
    text: str
    """One sentence with the figures."""
    per: Literal["day", "event"]
    """What the points of the course are: what came on each day, or the count at each event."""
    course: tuple[Point, ...]


class AlertLine(msgspec.Struct, frozen=True):
    """An alert that fired or cleared."""

    subject: str
    alert: str
    title: str
    severity: str
    state: Literal["fired", "cleared"]
    lasting: bool
    """Whether it goes on until it clears; others are about a moment and are over at once."""
    version: int
    at: str
    why: str


class Pile(msgspec.Struct, frozen=True):
    """How much of a subject is under review for one reason."""

    subject: str
    why: str
    count: int
    oldest: str
    newest: str


class Incidents(msgspec.Struct, frozen=True):
    """What there is to watch: incidents, what is under review, alerts."""

    incidents: tuple[IncidentLine, ...]
    """Those that go on first, then those that are over; the newest first."""
    held: tuple[Pile, ...]
    """The newest first; at most 200."""
    alerts: tuple[AlertLine, ...]
    """The newest first."""


class _Track:
    """What has been heard of one alarm."""

    __slots__ = ("last", "over", "points", "seq")

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self.last: Incident | None = None
        self.over = False
        self.points: deque[Point] = deque(maxlen=_POINTS)

    def hear(self, seq: int, news: Incident) -> None:
        if news.phase == "begins":
            self.points.clear()
        if news.phase != "ends":
            self.points.append(Point(timestamp(news.at), news.count))
        self.seq, self.last, self.over = seq, news, news.phase == "ends"


class IncidentBook:
    """The incidents of a ledger, as far as this process has looked. Any thread may ask.

    Raises `LedgerError` when the file fails.
    """

    def __init__(self, store: Store, policies: Policies) -> None:
        self._store = store
        self._policies = policies
        self._lock = threading.Lock()
        self._seq: int | None = None
        self._tracks: dict[_Key, _Track] = {}
        self._alerts: deque[AlertLine] = deque(maxlen=_ALERTS)

    async def look(self, kind: str | None, subject: str | None, limit: int, now: float) -> Incidents:
        """Return the incidents of a subject, of a kind or of all, those that go on at `now` first.

        A subject's own are all that go on, whenever they began. With them comes how much is under review per
        subject and reason, and the newest alerts that fired or cleared.
        """
        return await asyncio.to_thread(self._look, kind, subject, limit, now)

    def _look(self, kind: str | None, subject: str | None, limit: int, now: float) -> Incidents:
        with self._lock, self._store.reader() as reader, reader.snapshot():
            self._catch_up(reader)
            piles = [
                Pile(row.subject, row.why, row.events, timestamp(row.oldest), timestamp(row.newest))
                for row in reader.held_piles(_PILES)
                if subject in (None, row.subject) and kind in (None, kind_of(row.subject))
            ]
            if subject is None:
                alerts = [each for each in self._alerts if kind in (None, kind_of(each.subject))]
            else:
                self._find(reader, [subject])
                alerts = self._alerts_of(reader, subject)
            held = {(pile.subject, pile.why): pile.count for pile in piles}
            lines = self._lines(reader, kind, subject, limit=limit, now=now, held=held)
        lines.sort(key=lambda line: (line.open, line.at), reverse=True)
        return Incidents(tuple(lines), tuple(piles), tuple(alerts))

    def _catch_up(self, reader: Reader) -> None:
        newest = reader.newest_seq()
        begin = self._seq is None or newest - self._seq > _BACK
        after = max(0, newest - _BACK) if begin else (self._seq or 0)
        for row in reader.alarming(after, newest):
            self._hear(row)
        if begin:
            guarded = [policy.kind for policy in self._policies if policy.guards]
            self._find(reader, [subject for subject, _ in reader.alarmed(guarded, _KEPT)])
        self._seq = newest
        if len(self._tracks) > _KEPT:
            kept = sorted(self._tracks.items(), key=lambda each: (not each[1].over, each[1].seq))[-_KEPT:]
            self._tracks = dict(kept)

    def _hear(self, row: AlarmRow) -> None:
        for news in verdict_of(_basis.decode(row.basis)).incidents:
            key = (row.subject, news.guard)
            track = self._tracks.get(key)
            if track is None:
                track = self._tracks[key] = _Track(row.seq)
            track.hear(row.seq, news)
        for line in self._alert_lines(row.subject, row.version, row.at, row.changes):
            self._alerts.appendleft(line)

    def _find(self, reader: Reader, subjects: Iterable[str]) -> None:
        """Take up alarms that go on and of which nothing has been heard."""
        for subject, (policy, guards) in self._guards(reader, subjects).items():
            for each in guards.open:
                self._tracks.setdefault((subject, policy.guards[each.place].name), _Track(0)).over = False

    def _alerts_of(self, reader: Reader, subject: str) -> list[AlertLine]:
        rows = reader.changing(subject, _POINTS)
        return [line for row in rows for line in self._alert_lines(subject, row.version, row.at, row.changes)]

    def _alert_lines(
        self, subject: str, version: int, at: float, changes: bytes | None
    ) -> Iterable[AlertLine]:
        policy = self._policies.get(kind_of(subject))
        if changes is None or policy is None:
            return
        declared = {alert.name: alert for alert in policy.alerts}
        for change in _changes.decode(changes):
            alert = declared.get(change.name or "") if change.kind == "alert" else None
            if alert is not None:
                state: Literal["fired", "cleared"] = "cleared" if change.after == "cleared" else "fired"
                yield AlertLine(
                    subject,
                    alert.name,
                    alert.title or alert.name,
                    alert.severity,
                    state,
                    alert.clear is not None or (alert.when.event is None and not alert.when.tier_lost),
                    version,
                    timestamp(at),
                    change.why or "",
                )

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

    def _lines(
        self,
        reader: Reader,
        kind: str | None,
        subject: str | None,
        *,
        limit: int,
        now: float,
        held: dict[_Key, int],
    ) -> list[IncidentLine]:
        meant = [
            (key, track)
            for key, track in self._tracks.items()
            if subject in (None, key[0]) and kind in (None, kind_of(key[0]))
        ]
        meant.sort(key=lambda each: (not each[1].over, each[1].seq), reverse=True)
        meant = meant[:limit]
        remembered = self._guards(reader, {key[0] for key, _ in meant})
        lines: list[IncidentLine] = []
        for key, track in meant:
            if key[0] in remembered:
                policy, guards = remembered[key[0]]
                waiting = held.get((key[0], f"guard:{key[1]}"), 0)
                line = _line(policy, guards, key, track, now=now, held=waiting)
                if line is not None:
                    lines.append(line)
        return lines


def _line(
    policy: Policy, guards: Guards, key: _Key, track: _Track, *, now: float, held: int
) -> IncidentLine | None:
    place = next((i for i, guard in enumerate(policy.guards) if guard.name == key[1]), None)
    if place is None:
        return None
    guard = policy.guards[place]
    goes_on = next((each for each in guards.open if each.place == place and each.until > now), None)
    track.over = goes_on is None
    said: Open | Incident | None = goes_on or track.last
    if said is None:
        return None
    at = track.last.at if track.last is not None else said.since
    if goes_on is None:
        at = max(at, min(said.until, now))
    kind = str(type(guard).__struct_config__.tag)
    cell = guards.cells[place] if place < len(guards.cells) else None
    days = _per_day(guard, cell, now)
    return IncidentLine(
        subject=key[0],
        guard=guard.name,
        title=guard.title or guard.name,
        kind=kind,
        action=guard.action,
        open=goes_on is not None,
        since=timestamp(said.since),
        at=timestamp(at),
        until=timestamp(said.until),
        count=said.count,
        expected=None if kind in _WHOLE else said.expected,
        days=said.days,
        events=said.events,
        held=held,
        text=said.text,
        per="event" if days is None else "day",
        course=tuple(track.points) if days is None else days,
    )


def _per_day(guard: Guarding, cell: object, now: float) -> tuple[Point, ...] | None:
    """Return how many came on each of the last days, as a burst guard remembers them; None of others."""
    if not isinstance(guard, BurstGuard) or not isinstance(cell, Bursts):
        return None
    counts = dict(zip(cell.days, cell.counts, strict=True))
    today = max(int(now // _DAY), cell.days[0])
    # Beyond its longest window a guard remembers no single days.
    first = max(today - min(_DAYS, guard.windows[-1]) + 1, cell.first - 1)
    return tuple([Point(_midnight(day), counts.get(day, 0)) for day in range(first, today + 1)])


def _midnight(day: int) -> str:
    return datetime.fromtimestamp(day * _DAY, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
