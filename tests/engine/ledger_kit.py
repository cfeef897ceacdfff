"""What the ledger's tests share: stores to run against, events to send, and a second process."""

import asyncio
import contextlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from renown.ledger import Ledger, LedgerOptions
from renown.ledger.timing.clock import Clock
from renown.model import Answer, Entry, Event, Status, Update
from renown.policy import Policies, Policy
from renown.stores import SqliteStore, Store
from renown.stores.sqlite import FILE_NAME

__all__ = [
    "STORES",
    "T0",
    "Hands",
    "News",
    "StoreFactory",
    "applied",
    "by_time",
    "moment",
    "opened",
    "rating",
    "raw",
    "review",
    "running",
    "second",
    "view",
]

StoreFactory = Callable[[Path], Store]
STORES: dict[str, StoreFactory] = {"sqlite": SqliteStore.open}
"""Every store the product has: each must pass the whole suite."""

T0 = datetime(2025, 3, 1, 12, tzinfo=UTC)


def moment(minutes: float) -> datetime:
    """Return a time some minutes after the tests' beginning of time."""
    return T0 + timedelta(minutes=minutes)


def review(n: int, *, subject: str = "seller:1", minutes: float | None = None, **fields: Any) -> Event:
    """Return the n-th review, by its own buyer about its own order."""
    given: dict[str, Any] = {
        "id": f"rev-{subject}-{n}",
        "actor": f"buyer:{n}",
        "value": float(1 + n % 5),
        "ref": f"order:{n}",
        "occurred_at": moment(n if minutes is None else minutes),
    }
    return Event("review", subject, **(given | fields))


def rating(giver: str, taker: str, value: float, minutes: float, **fields: Any) -> Event:
    """Return a rating between traders."""
    return Event(
        "rating",
        f"trader:{taker}",
        actor=f"trader:{giver}",
        value=value,
        occurred_at=moment(minutes),
        **fields,
    )


@contextlib.asynccontextmanager
async def opened(
    make: StoreFactory,
    folder: Path,
    policies: Policies | None = None,
    *,
    clock: Clock | None = None,
    **options: Any,
) -> AsyncGenerator[Ledger]:
    """Open and start a ledger; close it in the end.

    Time does nothing in it by itself unless `timers` are asked for: the tests' events are years old.
    """
    chosen = LedgerOptions(**{"timers": False} | options)
    ledger = Ledger(make(folder), policies or Policies.presets(), chosen, clock=clock)
    await ledger.start()
    try:
        yield ledger
    finally:
        await ledger.close()


class Hands(Clock):
    """A clock that is set by hand, in minutes after the tests' beginning of time."""

    def __init__(self, minutes: float = 0.0) -> None:
        self.minutes = minutes

    def now(self) -> float:
        """Return the time that it is set to."""
        return moment(self.minutes).timestamp()


def running(
    make: StoreFactory, folder: Path, policy: Policy | Policies, clock: Clock | None = None
) -> AbstractAsyncContextManager[Ledger]:
    """Open and start a ledger in which time does what it is due to do, by a clock.

    Without one it is an hour after the tests' beginning of time.
    """
    policies = policy if isinstance(policy, Policies) else Policies([policy])
    return opened(make, folder, policies, clock=clock or Hands(60), timers=True)


def view(found: tuple[int, bytes] | None) -> dict[str, Any]:
    """Return the JSON of a snapshot as a dict."""
    assert found is not None
    value: dict[str, Any] = json.loads(found[1])
    assert value["version"] == found[0]
    return value


def applied(answers: list[Answer]) -> list[int]:
    """Return the versions made; fail when anything was not applied."""
    assert [answer.status for answer in answers] == [Status.APPLIED] * len(answers), answers
    return [answer.version or 0 for answer in answers]


async def by_time(ledger: Ledger, subject: str) -> list[Entry]:
    """Return what time did to a subject, oldest first."""
    found = await ledger.events(subject, None, 1_000)
    return [each for each in reversed(found) if each.event.type == "renown.time"]


class News:
    """Collects what `on_commit` tells, and checks the order of it."""

    def __init__(self, ledger: Ledger) -> None:
        self.updates: list[Update] = []
        self.versions: dict[str, list[int]] = {}
        self.seqs: list[int] = []
        self.problems: list[str] = []
        self._told = asyncio.Event()
        ledger.on_commit(self._take)

    async def until(self, subject: str, version: int) -> None:
        """Return when a version has been told."""
        while self.versions.get(subject, [0])[-1] < version:
            self._told.clear()
            await self._told.wait()

    def _take(self, updates: Sequence[Update]) -> None:
        self._told.set()
        for update in updates:
            self.updates.append(update)
            seen = self.versions.setdefault(update.subject, [])
            for version, seq, _ in update.activity:
                if seen and version != seen[-1] + 1:
                    self.problems.append(f"{update.subject}: {version} after {seen[-1]}")
                seen.append(version)
                self.seqs.append(seq)
            if json.loads(update.standing)["version"] != update.version:
                self.problems.append(f"{update.subject}: standing and version differ")


def raw(folder: Path) -> sqlite3.Connection:
    """Open the file beside the ledger."""
    return sqlite3.connect(folder / FILE_NAME, timeout=10, isolation_level=None)


def second(script: str, *arguments: object) -> subprocess.Popen[str]:
    """Run a script in a process of its own."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
