"""Tells alerts as they fire and clear, on `alerts:` channels and to those whom a subject belongs to."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from itertools import islice
from operator import attrgetter
from typing import Final, Literal

import msgspec

from renown.gateway.alert_limits import Limits
from renown.ledger import AlarmBook
from renown.model import Alarm, Update, kind_of, timestamp
from renown.policy import Alert, Policies

__all__ = ["AlertNews", "Alerts", "Announcement", "Tell", "alerts_of"]

_NOTED: Final = 5.0
"""Seconds between two notes of up to where alerts were told."""
_AGAIN: Final = 1.0
_LITTLE: Final = 0.01
_TOGETHER: Final = 100
"""Alarms told at once, at most."""
_seq: Final = attrgetter("seq")
_LOG = logging.getLogger("renown.gateway")

Announcement = tuple[str, bytes, str]
"""Channel, JSON, and a key by which it is published once however many processes say it."""
Tell = Callable[[Sequence[Announcement]], Awaitable[None]]
"""Publishes together."""
Own = Callable[[str], Iterable[str]]
"""Returns the connected users a subject belongs to."""


class AlertNews(msgspec.Struct, frozen=True, tag_field="type", tag="alert"):
    """What is told of an alert."""

    alert: str
    """Its name in the policy."""
    title: str
    severity: str
    state: Literal["fired", "cleared"]
    subject: str
    version: int
    """The subject's version with which it did."""
    at: str
    why: str
    """One sentence for people."""


class Alerts:
    """Passes on the alarms of a ledger. Lives on the event loop.

    Every process tells what it hears, under the same keys, so it is told once. Up to where all was told is
    noted in the ledger now and then: what a process died with is found there and told after the next start.
    """

    def __init__(self, tell: Tell, policies: Policies, book: AlarmBook) -> None:
        self._tell = tell
        self._policies = policies
        self._book = book
        self._own: Own = _nobody
        self._limits = Limits(policies)
        self._waiting: deque[Alarm] = deque()
        self._heard = 0
        """The newest position of which all alarms are waiting or told."""
        self._noted = 0
        self._some, self._more = asyncio.Event(), asyncio.Event()
        self._running: list[asyncio.Task[None]] = []

    async def start(self, own: Own) -> None:
        """Find what nobody is known to have told, and begin to tell; `own` says to whom besides."""
        self._own = own
        self._heard, untold = await self._book.untold()
        self._waiting.extend(untold)
        self._some.set()
        loop = asyncio.get_running_loop()
        self._running = [
            loop.create_task(self._tell_all(), name="renown-alerts"),
            loop.create_task(self._note_often(), name="renown-alerts-noted"),
            loop.create_task(self._tell_more(), name="renown-alerts-more"),
        ]

    async def close(self) -> None:
        """Stop; what is not told yet is found by the next start."""
        for task in self._running:
            task.cancel()
        for task in self._running:
            with suppress(asyncio.CancelledError):
                await task
        if self._running:
            with suppress(Exception):
                await self._tell_rest(self._limits.over(all_of_them=True))
            with suppress(Exception):
                await self._note()
        self._running = []

    def take(self, updates: Sequence[Update]) -> None:
        """Take the updates of one commit, as the bus hands them over."""
        for update in updates:
            if update.alarms:
                self._waiting.extend(update.alarms)
                self._some.set()
        self._heard = max(self._heard, max(map(_seq, updates), default=0))

    async def _tell_all(self) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            while self._waiting:
                some = list(islice(self._waiting, _TOGETHER))
                try:
                    await self._tell_some(some)
                except Exception:
                    _LOG.exception("cannot tell an alert; it will be tried again")
                    await asyncio.sleep(_AGAIN)
                else:
                    for _ in some:
                        self._waiting.popleft()
            if self._limits.due is not None:
                self._more.set()

    async def _tell_more(self) -> None:
        """Tell of what was too much, when its time is over."""
        while True:
            await self._more.wait()
            due = self._limits.due
            if due is None:
                self._more.clear()
                continue
            await asyncio.sleep(due + _LITTLE)
            try:
                await self._tell_rest(self._limits.over())
            except Exception:
                _LOG.exception("cannot tell how many more alerts there were")

    async def _tell_rest(self, rest: Sequence[Announcement]) -> None:
        if rest:
            await self._tell(rest)

    async def _tell_some(self, alarms: Sequence[Alarm]) -> None:
        """Tell some alarms together: they are kept with one write to the disk."""
        declared = [(alarm, alert) for alarm in alarms if (alert := _declared(self._policies, alarm))]
        owned = list(dict.fromkeys(alarm.subject for alarm, alert in declared if "owner" in alert.to))
        owners = dict(zip(owned, await self._book.owners(owned), strict=True)) if owned else {}
        tellings = [
            (channel, data, once)
            for alarm, alert in declared
            for channel, data, once in self._said(alarm, alert, owners.get(alarm.subject, ()))
            if self._limits.admits(channel, alarm, alert, once)
        ]
        if tellings:
            await self._tell(tellings)

    def _said(self, alarm: Alarm, alert: Alert, owners: Iterable[str]) -> Iterable[Announcement]:
        """Return what is told of an alarm."""
        subject = alarm.subject
        data = msgspec.json.encode(_news(alarm, alert))
        once = f"alert:{subject}:{alarm.version}:{alert.name}:{alarm.change.after}"
        channels: list[str] = []
        if "alerts" in alert.to:
            channels += [f"alerts:{subject}", f"alerts:{kind_of(subject)}", "alerts:all"]
        if "owner" in alert.to:
            users = {subject, *self._own(subject), *owners}
            channels += [f"user:{user}" for user in sorted(users)]
        return [(channel, data, once) for channel in channels]

    async def _note_often(self) -> None:
        while True:
            try:
                await self._note()
            except Exception:
                _LOG.exception("cannot note up to where alerts were told")
            await asyncio.sleep(_NOTED)

    async def _note(self) -> None:
        if not any(policy.alerts for policy in self._policies):
            return
        heard = self._heard
        if not self._waiting and heard > self._noted:
            await self._book.told(heard)
            self._noted = heard


def _nobody(subject: str) -> Iterable[str]:
    _ = subject
    return ()


def alerts_of(book: AlarmBook | None, policies: Policies | None, tell: Tell) -> Alerts | None:
    """Return who passes on the alarms of a ledger, None where there are no such."""
    return None if book is None or policies is None else Alerts(tell, policies, book)


def _declared(policies: Policies, alarm: Alarm) -> Alert | None:
    policy = policies.get(kind_of(alarm.subject))
    alerts = () if policy is None else policy.alerts
    return next((each for each in alerts if each.name == alarm.change.name), None)


def _news(alarm: Alarm, alert: Alert) -> AlertNews:
    change = alarm.change
    return AlertNews(
        alert.name,
        alert.title or alert.name,
        alert.severity,
        "cleared" if change.after == "cleared" else "fired",
        alarm.subject,
        alarm.version,
        timestamp(alarm.at),
        change.why or "",
    )
