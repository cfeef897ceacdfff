"""What has been heard of alarms, and the lines it makes.

Whether an alarm still goes on, and since when, is what the guards of its subject remember.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from renown.ledger.folding.living import verdict_of
from renown.ledger.reading.incident_forms import AlertLine, IncidentLine, Point
from renown.model import Basis, Change, kind_of, timestamp
from renown.policy import Policies, Policy
from renown.policy.evidence.guarding import BurstGuard, Guarding
from renown.scoring.guards import Bursts, Guards, Incident, Open
from renown.stores import AlarmRow

__all__ = ["Key", "Track", "Tracks", "alert_lines"]

_KEPT: Final = 2_000
_POINTS: Final = 60
_ALERTS: Final = 100
_DAY: Final = 86_400
_DAYS: Final = 30
_WHOLE: Final = ("ring", "exit_scam")
"""Kinds of guards whose figures are no count beside an expected one: their sentence says it all."""
_basis: Final = msgspec.json.Decoder(Basis)
_changes: Final = msgspec.json.Decoder(tuple[Change, ...])

Key = tuple[str, str]
"""A subject and the name of a guard."""


class Track:
    """What has been heard of one alarm."""

    __slots__ = ("last", "over", "points", "seq")

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self.last: Incident | None = None
        self.over = False
        self.points: deque[Point] = deque(maxlen=_POINTS)

    def hear(self, seq: int, news: Incident) -> None:
        """Take what one event says of it."""
        if news.phase == "begins":
            self.points.clear()
        if news.phase != "ends":
            self.points.append(Point(timestamp(news.at), news.count))
        self.seq, self.last, self.over = seq, news, news.phase == "ends"


class Tracks:
    """What has been heard of the alarms of a ledger."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self._tracks: dict[Key, Track] = {}
        self.alerts: deque[AlertLine] = deque(maxlen=_ALERTS)
        """The newest alerts that fired or cleared, newest first."""

    def hear(self, row: AlarmRow) -> None:
        """Take what an event says of alarms; events come by `seq`."""
        for news in verdict_of(_basis.decode(row.basis)).incidents:
            key = (row.subject, news.guard)
            track = self._tracks.get(key)
            if track is None:
                track = self._tracks[key] = Track(row.seq)
            track.hear(row.seq, news)
        policy = self._policies.get(kind_of(row.subject))
        for line in alert_lines(policy, row.subject, row.version, row.at, row.changes):
            self.alerts.appendleft(line)

    def take_up(self, subject: str, policy: Policy, guards: Guards) -> None:
        """Take up alarms of a subject that go on and of which nothing has been heard."""
        for each in guards.open:
            self._tracks.setdefault((subject, policy.guards[each.place].name), Track(0)).over = False

    def forget(self) -> None:
        """Keep only so many: those that go on, then the newest."""
        if len(self._tracks) > _KEPT:
            kept = sorted(self._tracks.items(), key=lambda each: (not each[1].over, each[1].seq))[-_KEPT:]
            self._tracks = dict(kept)

    def newest(self, kind: str | None, subject: str | None, limit: int) -> list[tuple[Key, Track]]:
        """Return those of a subject, of a kind or of all, first those that go on as far as was heard."""
        meant = [
            (key, track)
            for key, track in self._tracks.items()
            if subject in (None, key[0]) and kind in (None, kind_of(key[0]))
        ]
        meant.sort(key=lambda each: (not each[1].over, each[1].seq), reverse=True)
        return meant[:limit]

    @staticmethod
    def lines(
        meant: Iterable[tuple[Key, Track]],
        remembered: Mapping[str, tuple[Policy, Guards]],
        held: Mapping[Key, int],
        now: float,
    ) -> list[IncidentLine]:
        """Return the lines of those of whose subjects it is known what guards remember, by what goes on."""
        lines: list[IncidentLine] = []
        for key, track in meant:
            if key[0] in remembered:
                policy, guards = remembered[key[0]]
                waiting = held.get((key[0], f"guard:{key[1]}"), 0)
                line = _line(policy, guards, key, track, now=now, held=waiting)
                if line is not None:
                    lines.append(line)
        lines.sort(key=lambda line: (line.open, line.at), reverse=True)
        return lines


def alert_lines(
    policy: Policy | None, subject: str, version: int, at: float, changes: bytes | None
) -> Iterator[AlertLine]:
    """Yield the alerts that an event says fired or cleared."""
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


def _line(
    policy: Policy, guards: Guards, key: Key, track: Track, *, now: float, held: int
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
