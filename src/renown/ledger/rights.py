"""What single users may, which tokens are revoked, and telling every process of it at once."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
import structlog

from renown.errors import LedgerError
from renown.stores import NoticeRow, RevocationRow, Store, Writer

__all__ = ["Changes", "RightsBook", "UserRecord"]

_log = structlog.get_logger(__name__)

_LOOK_EVERY: Final = 0.2
"""Seconds between two looks for what other processes changed."""
_NOTICES_KEPT: Final = 600.0
_REMEMBERED: Final = 65_536
_NAMES_KEPT: Final = 100_000
_RIGHTS, _USER, _TOKEN, _DISCONNECT = "rights", "user", "token", "disconnect"


class UserRecord(msgspec.Struct, frozen=True):
    """What the ledger holds about one user."""

    body: bytes | None = None
    """The user's rights as JSON; None: none are stored, and what the token says holds."""
    version: int = 0
    updated_at: float = 0.0
    """POSIX seconds."""
    issued_before: float = 0.0
    """Tokens issued before this time are revoked; 0: none are."""


class Changes(msgspec.Struct, frozen=True):
    """What happened since the last time, in this process or another."""

    users: frozenset[str] = frozenset()
    """Users whose rights changed or whose tokens were revoked."""
    tokens: frozenset[str] = frozenset()
    """Ids of tokens that were revoked."""
    disconnect: tuple[tuple[str, bytes], ...] = ()
    """Users to disconnect, each with the JSON that says how."""
    everything: bool = False
    """Whether more may have changed than could be read: everybody is to be looked at."""

    def concerns(self, user: str, token: str) -> bool:
        """Tell whether a connection of a user, opened with a token, is to be looked at."""
        return self.everything or user in self.users or token in self.tokens


_NOTHING: Final = UserRecord()


class RightsBook:
    """The stored rights and revocations of a ledger. Belongs to one event loop.

    Reading takes microseconds, nearly always from memory; writing waits for the file in another thread,
    and returns when the listeners of this process were told. Other processes hear within the fifth of a
    second. All methods raise `LedgerError` when the file fails.
    """

    def __init__(self, store: Store, write: Callable[[Callable[[Writer], None]], Awaitable[None]]) -> None:
        """Write through `write`: what another connection writes looks to the writer like another process."""
        self._store = store
        self._through = write
        self._known: dict[str, UserRecord] = {}
        self._named: set[str] | None = None
        """Users about whom anything is stored: of most there is nothing. None: too many, or not known."""
        self._tokens: dict[str, bool] = {}
        """Which tokens are revoked, as far as it was asked."""
        self._listeners: list[Callable[[Changes], None]] = []
        self._heard = -1
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look for what other processes change."""
        if self._looking is None:
            self._heard = self._store.near.notice_bounds()[1]
            self._named = self._names()
            self._looking = asyncio.get_running_loop().create_task(self._look_often(), name="renown-rights")

    async def stop(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking
            self._looking = None
            self._named = None

    def listen(self, listener: Callable[[Changes], None]) -> Callable[[], None]:
        """Call `listener` with every change, after it counts; return how to end that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def of(self, user: str) -> UserRecord:
        """Return what is held about a user."""
        if self._named is not None and user not in self._named:
            return _NOTHING
        known = self._known.get(user)
        if known is None:
            known = self._read(user)
            if len(self._known) >= _REMEMBERED:
                self._known.pop(next(iter(self._known)))
            # Without `start` nobody would notice that another process changed it.
            if self._looking is not None:
                self._known[user] = known
        return known

    def token_revoked(self, token: str) -> bool:
        """Tell whether the token with this id is revoked."""
        known = self._tokens.get(token)
        if known is None:
            known = self._store.near.revocation(_TOKEN, token) is not None
            if len(self._tokens) >= _REMEMBERED:
                self._tokens.pop(next(iter(self._tokens)))
            # As for users: only while somebody looks for what other processes change.
            if self._looking is not None:
                self._tokens[token] = known
        return known

    async def put(self, user: str, body: bytes) -> UserRecord:
        """Store a user's rights instead of those before; return what is now held."""
        now = time.time()
        await self._write(lambda writer: writer.put_rights(user, body, now), _RIGHTS, user)
        return self.of(user)

    async def drop(self, user: str) -> bool:
        """Forget a user's rights, so that tokens count again; tell whether there were any."""
        if self._read(user).body is None:
            return False
        await self._write(lambda writer: writer.drop_rights(user), _RIGHTS, user)
        return True

    async def revoke_token(self, token: str, keep_until: float | None = None) -> None:
        """Revoke a token by its id. From `keep_until` on it could not be good anyway."""
        row = RevocationRow(_TOKEN, token, 0.0, time.time(), keep_until)
        await self._write(lambda writer: writer.put_revocation(row), _TOKEN, token)

    async def revoke_user(self, user: str, issued_before: float, keep_until: float | None = None) -> None:
        """Revoke all tokens of a user issued before a time, and those that do not say when they were."""
        row = RevocationRow(_USER, user, issued_before, time.time(), keep_until)
        await self._write(lambda writer: writer.put_revocation(row), _USER, user)

    async def disconnect(self, user: str, body: bytes) -> None:
        """Have every process disconnect a user, as `body` says."""
        await self._write(lambda _: None, _DISCONNECT, user, body)

    def look(self) -> None:
        """Look now for changes, and tell the listeners."""
        oldest, newest = self._store.near.notice_bounds()
        if newest == self._heard:
            return
        missed = self._heard >= 0 and oldest > self._heard + 1
        found = self._store.near.notices(self._heard)
        self._heard = max(newest, found[-1].id if found else newest)
        changes = _changes(found, everything=missed)
        if missed:
            self._known.clear()
            self._tokens.clear()
            self._named = self._names()
        for user in changes.users:
            self._known.pop(user, None)
            if self._named is not None:
                self._named.add(user)
        for token in changes.tokens:
            self._tokens.pop(token, None)
        self._tell(changes)

    def look_at_all(self) -> None:
        """Have everybody looked at again: what decides about rights besides these has changed."""
        self._tell(Changes(everything=True))

    def _tell(self, changes: Changes) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(changes)
            except Exception:
                _log.exception("a listener failed on changed rights")

    def _names(self) -> set[str] | None:
        names = self._store.near.rights_holders(_USER, _NAMES_KEPT + 1)
        return None if len(names) > _NAMES_KEPT else set(names)

    def _read(self, user: str) -> UserRecord:
        rights = self._store.near.rights(user)
        revoked = self._store.near.revocation(_USER, user)
        before = 0.0 if revoked is None else revoked.issued_before
        if rights is None:
            return UserRecord(issued_before=before)
        return UserRecord(rights.body, rights.version, rights.updated_at, before)

    async def _write(
        self, change: Callable[[Writer], object], kind: str, name: str, body: bytes = b""
    ) -> None:
        def run(writer: Writer) -> None:
            now = time.time()
            writer.begin()
            change(writer)
            writer.add_notice(kind, name, body, now)
            writer.drop_notices(now - _NOTICES_KEPT)
            writer.drop_revocations(now)
            writer.commit()

        await self._through(run)
        self.look()

    async def _look_often(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            try:
                self.look()
            except LedgerError as error:
                _log.warning("changed rights are looked for again: they cannot be read", reason=error.detail)


def _changes(rows: list[NoticeRow], *, everything: bool) -> Changes:
    return Changes(
        users=frozenset(row.name for row in rows if row.kind in (_RIGHTS, _USER)),
        tokens=frozenset(row.name for row in rows if row.kind == _TOKEN),
        disconnect=tuple((row.name, row.body) for row in rows if row.kind == _DISCONNECT),
        everything=everything,
    )
