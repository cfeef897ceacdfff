"""API keys: made here, shown once, kept as hashes."""

import hashlib
import secrets
import time
from collections.abc import Iterable
from typing import Final

import msgspec

from renown.errors import NotFoundError
from renown.stores import KeyRow, Store

__all__ = ["PREFIX", "Key", "Keys"]

PREFIX: Final = "rk_"
"""What every secret begins with, so that leak scanners can find it."""


class Key(msgspec.Struct, frozen=True):
    """An API key, without its secret."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: float
    """POSIX seconds."""
    revoked_at: float | None = None

    def allows(self, scope: str) -> bool:
        """Tell whether the key has a scope."""
        return self.revoked_at is None and scope in self.scopes


class Keys:
    """The API keys of a ledger. Every look goes to the file, so a revoked key ends at once everywhere.

    All methods are short enough to be called on the event loop, and raise `LedgerError` when the file fails.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, name: str, scopes: Iterable[str]) -> tuple[str, str]:
        """Make a key; return its id and its secret, which cannot be shown again."""
        key_id, secret = secrets.token_hex(6), PREFIX + secrets.token_urlsafe(32)
        scope_list = " ".join(dict.fromkeys(scopes))
        row = KeyRow(key_id, name, _hash(secret), scope_list, time.time(), None)
        writer = self._store.writer()
        try:
            writer.begin()
            writer.add_key(row)
            writer.commit()
        finally:
            writer.close()
        return key_id, secret

    def verify(self, secret: str) -> Key | None:
        """Return the live key with this secret, or None."""
        if not secret.startswith(PREFIX):
            return None
        row = self._store.near.key(_hash(secret))
        return None if row is None or row.revoked_at is not None else _key(row)

    def list(self) -> list[Key]:
        """Return all keys, revoked ones too, oldest first."""
        return [_key(row) for row in self._store.near.key_rows()]

    def revoke(self, key_id: str) -> None:
        """End a key.

        Raises:
            NotFoundError: there is no live key with this id.

        """
        writer = self._store.writer()
        try:
            writer.begin()
            found = writer.revoke_key(key_id, time.time())
            writer.commit()
        finally:
            writer.close()
        if not found:
            raise NotFoundError(f"there is no live key `{key_id}`", code="key_not_found")


def _hash(secret: str) -> str:
    # 256 random bits need no salt and no slow hash.
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _key(row: KeyRow) -> Key:
    return Key(row.id, row.name, tuple(row.scopes.split()), row.created_at, row.revoked_at)
