"""How many alerts one channel is told in a while; the rest is told together, as so many more."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from renown.model import Alarm, kind_of, timestamp
from renown.policy import Alert, AlertLimits, Policies

__all__ = ["Limits", "MoreNews"]

_MINUTE: Final = 60.0
_MOST: Final = 10_000
"""Channels, and untold alerts of one, that are remembered."""


class MoreNews(msgspec.Struct, frozen=True, tag_field="type", tag="alerts_more"):
    """What is told of the alerts that were too many."""

    kind: str
    more: int
    alerts: dict[str, int]
    """How many fired, by their names in the policy."""
    since: str
    until: str


@dataclass(slots=True, eq=False)
class _Period:
    """One channel in one period; periods are counted from 1970, the same in every process."""

    since: float
    until: float
    told: int = 0
    decided: dict[str, bool] = field(default_factory=dict[str, bool])
    """By what an alert is told once: whether it is. So asking again changes nothing."""
    more: Counter[str] = field(default_factory=Counter[str])


class Limits:
    """Counts what channels are told of the kinds whose policies have `[alert_limits]`."""

    def __init__(self, policies: Policies, now: Callable[[], float] = time.time) -> None:
        self._policies = policies
        self._now = now
        self._periods: dict[tuple[str, str], _Period] = {}
        self._untold: dict[tuple[str, str, str], None] = {}
        """(channel, subject, alert) of those that fired untold: nor is it told that they clear."""

    def admits(self, channel: str, alarm: Alarm, alert: Alert, once: str) -> bool:
        """Tell whether a channel is to be told of an alarm, and count it."""
        kind = kind_of(alarm.subject)
        policy = self._policies.get(kind)
        limits = None if policy is None else policy.alert_limits
        if limits is None or alert.severity in limits.always:
            return True
        period = self._period((channel, kind), limits)
        told = period.decided.get(once)
        if told is None:
            told = period.decided[once] = self._decided(period, channel, alarm, limits)
            if len(period.decided) > _MOST:
                del period.decided[next(iter(period.decided))]
        return told

    @property
    def due(self) -> float | None:
        """In how many seconds there is something to tell of the rest; None: there is no rest."""
        ends = [period.until for period in self._periods.values() if period.more]
        return max(0.0, min(ends) - self._now()) if ends else None

    def over(self, *, all_of_them: bool = False) -> list[tuple[str, bytes, str]]:
        """Return what is to be told of periods that are over, or of all: channel, JSON, and its key."""
        now = self._now()
        told: list[tuple[str, bytes, str]] = []
        for (channel, kind), period in list(self._periods.items()):
            if period.more and (all_of_them or period.until <= now):
                told.append((channel, msgspec.json.encode(_news(kind, period)), _once(channel, kind, period)))
                period.more.clear()
            if period.until <= now:
                del self._periods[channel, kind]
        return told

    def _period(self, key: tuple[str, str], limits: AlertLimits) -> _Period:
        now, length = self._now(), limits.minutes * _MINUTE
        found = self._periods.get(key)
        if found is None or (found.until <= now and not found.more):
            since = now // length * length
            found = self._periods[key] = _Period(since, since + length)
            if len(self._periods) > _MOST:
                self._forget(now)
        return found

    def _decided(self, period: _Period, channel: str, alarm: Alarm, limits: AlertLimits) -> bool:
        name, key = alarm.change.name or "", (channel, alarm.subject, alarm.change.name or "")
        if alarm.change.after == "cleared":
            return not self._was_untold(key)
        if period.told < limits.most:
            period.told += 1
            self._untold.pop(key, None)
            return True
        period.more[name] += 1
        self._untold[key] = None
        if len(self._untold) > _MOST:
            del self._untold[next(iter(self._untold))]
        return False

    def _was_untold(self, key: tuple[str, str, str]) -> bool:
        untold = key in self._untold
        if untold:
            del self._untold[key]
        return untold

    def _forget(self, now: float) -> None:
        """Forget the channels whose periods are over, with nothing left to tell."""
        gone = [key for key, each in self._periods.items() if each.until <= now and not each.more]
        for key in gone:
            del self._periods[key]


def _news(kind: str, period: _Period) -> MoreNews:
    return MoreNews(
        kind, period.more.total(), dict(period.more), timestamp(period.since), timestamp(period.until)
    )


def _once(channel: str, kind: str, period: _Period) -> str:
    return f"more:{channel}:{kind}:{period.since:.0f}"
