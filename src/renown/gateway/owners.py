"""Tells connected users about their own subjects, on `user:<id>`: each new standing, the newest at most once
a second.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

import msgspec

from renown.gateway.alerts import Alerts
from renown.model import Update

__all__ = ["Owners", "Tell"]

_INTERVAL: Final = 1.0
_MOST: Final = 1_000
"""Subjects of one user that are looked after."""

Tell = Callable[[str, bytes, str], Awaitable[None]]
"""Publishes JSON to a user, under a key by which it is published once however many processes say it."""


class _News(msgspec.Struct, frozen=True, tag_field="type", tag="standing"):
    """What a user is told."""

    standing: msgspec.Raw


class Owners:
    """Which connected users own which subjects, and what is to be told to them. Lives on the event loop."""

    def __init__(self, tell: Tell, alerts: Alerts | None = None) -> None:
        """Hand what is to be alerted to `alerts`."""
        self._alerts = alerts
        self._tell = tell
        self._users: dict[str, frozenset[str]] = {}
        self._owners: dict[str, set[str]] = {}
        self._news: dict[tuple[str, str], Update] = {}
        self._telling: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to tell alerts."""
        if self._alerts is not None:
            await self._alerts.start(self.of)

    def came(self, user: str, subjects: Iterable[str]) -> None:
        """Look after the subjects of `user`, and no others of before; patterns are not followed."""
        self.left(user)
        mine = frozenset(sorted(subject for subject in subjects if "*" not in subject)[:_MOST])
        if mine:
            self._users[user] = mine
        for subject in mine:
            self._owners.setdefault(subject, set()).add(user)

    def left(self, user: str) -> None:
        """Look after the subjects of `user` no more."""
        for subject in self._users.pop(user, ()):
            users = self._owners[subject]
            users.discard(user)
            if not users:
                del self._owners[subject]

    def take(self, updates: Sequence[Update]) -> None:
        """Take the updates of one commit, as the bus hands them over."""
        if self._alerts is not None:
            self._alerts.take(updates)
        if not self._owners:
            return
        for update in updates:
            for user in self._owners.get(update.subject, ()):
                self._news[user, update.subject] = update
        if self._news and self._telling is None:
            self._telling = asyncio.get_running_loop().create_task(self._tell_all())

    def of(self, subject: str) -> Iterable[str]:
        """Return the connected users a subject belongs to."""
        return tuple(self._owners.get(subject, ()))

    async def close(self) -> None:
        """Stop."""
        if self._alerts is not None:
            await self._alerts.close()
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)

    async def _tell_all(self) -> None:
        while self._news:
            news, self._news = self._news, {}
            for (user, subject), update in news.items():
                data = msgspec.json.encode(_News(msgspec.Raw(update.standing)))
                await self._tell(user, data, f"standing:{subject}:{update.version}")
            await asyncio.sleep(_INTERVAL)
        self._telling = None
