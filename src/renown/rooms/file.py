"""The file of durable rooms: opened, and its rows read and written."""

import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import msgspec

from renown.errors import RoomError
from renown.protocol.replies import ClientInfo, Publication
from renown.rooms import statements as sql
from renown.rooms.epochs import bucket_of, first_epoch, new_epoch
from renown.rooms.finding import Find
from renown.rooms.room import Draft
from renown.rooms.schema import VERSION
from renown.stores.compiling import Insert
from renown.stores.sqlite import connect

__all__ = ["FILE_NAME", "LifeRow", "RoomsFile", "body_of", "open_file", "publication_of"]

FILE_NAME: Final = "rooms.sqlite"
"""The file's name in the data folder."""

_WAL_PAGES: Final = 1_024
"""A checkpoint after 8 MiB: more of them than the ledger has, but none that people who talk would notice."""
_UNUSABLE: Final = "a writable folder, and in it no file of that name or one that Renown has made"


@dataclass(slots=True)
class LifeRow:
    """A life of a channel's log."""

    life: int
    channel: str
    epoch: str
    ended: int
    top: int
    touched: float
    size: int
    age: float
    version: int
    version_epoch: str
    forgotten: int
    due: float

    def floor(self) -> int:
        """Return the greatest offset that is not in the log any more because of its size."""
        return max(0, self.top - self.size)

    def since(self, now: float) -> float:
        """Return the time up to which publications are not in the log any more because of their age."""
        return now - self.age if self.age else -1.0

    def values(self) -> tuple[Any, ...]:
        """Return what is in the columns of the row."""
        return _columns(self)


_columns: Final[Callable[[LifeRow], tuple[Any, ...]]] = attrgetter(*(each.name for each in fields(LifeRow)))


class _Info(msgspec.Struct, array_like=True):
    user: str
    client: str
    conn_info: bytes | None
    chan_info: bytes | None


class _Body(msgspec.Struct, array_like=True):
    data: bytes
    info: _Info | None
    tags: dict[str, str] | None
    key: str
    removed: bool
    binary: bool


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(_Body)


def body_of(draft: Draft) -> bytes:
    """Return what is stored of a draft."""
    info = draft.info
    who = info and _Info(info.user, info.client, _bytes(info.conn_info), _bytes(info.chan_info))
    data = b"" if draft.removed else bytes(draft.data)
    return _ENCODER.encode(_Body(data, who, draft.tags, draft.key, draft.removed, draft.binary))


def publication_of(offset: int, time: float, stored: bytes) -> Publication:
    """Return a publication as it was stored.

    Raises:
        RoomError: it cannot be read.

    """
    try:
        body = _DECODER.decode(stored)
    except msgspec.MsgspecError as error:
        raise RoomError("a stored publication cannot be read") from error
    info = body.info
    who = info and ClientInfo(info.user, info.client, _raw(info.conn_info), _raw(info.chan_info))
    return Publication(
        msgspec.Raw(body.data),
        who,
        offset,
        body.tags,
        time=int(time * 1000),
        key=body.key,
        removed=body.removed,
        binary=body.binary,
    )


def _bytes(raw: msgspec.Raw | None) -> bytes | None:
    return None if raw is None else bytes(raw)


def _raw(stored: bytes | None) -> msgspec.Raw | None:
    return None if stored is None else msgspec.Raw(stored)


def open_file(folder: Path) -> Path:
    """Return the rooms file in `folder`, made with its tables when absent.

    Raises:
        RoomError: `rooms_unusable`: folder or file cannot be used; `rooms_too_new`: it is of a newer version.

    """
    file = folder / FILE_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        connection = connect(file)
        try:
            _prepare(connection, file)
        finally:
            connection.close()
    except (OSError, sqlite3.Error) as error:
        detail = f"cannot open the rooms {file}: {error}"
        raise RoomError(detail, code="rooms_unusable", expected=_UNUSABLE) from error
    return file


def _prepare(connection: sqlite3.Connection, file: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if not tables:
            for statement in sql.CREATE:
                connection.execute(statement)
            rows = [("schema", VERSION), ("secret", new_epoch() + new_epoch()), ("seq", "0")]
            connection.executemany(sql.PUT_META, rows)
            connection.execute("COMMIT")
            return
        found = connection.execute(sql.META, ("schema",)).fetchone() if "meta" in tables else None
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    if found is None or not str(found[0]).isdecimal():
        raise RoomError(f"{file} holds no rooms", code="rooms_unusable", expected=_UNUSABLE)
    if int(found[0]) > int(VERSION):
        raise RoomError(f"{file} was written by a newer version of Renown", code="rooms_too_new")


class RoomsFile:
    """One connection to a rooms file. Raises `RoomError` whenever SQLite fails."""

    def __init__(self, file: Path) -> None:
        self._data_version = -1
        try:
            self._connection = connect(file)
        except sqlite3.Error as error:
            raise _failed(error) from error
        try:
            self.run(f"PRAGMA wal_autocheckpoint={_WAL_PAGES}")
            self._secret = self.meta("secret")
        except RoomError:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Run a statement and return all its rows; none under a name that is no Unicode."""
        try:
            return self._connection.execute(statement, parameters).fetchall()
        except UnicodeEncodeError:
            return []
        except sqlite3.Error as error:
            raise _failed(error) from error

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run a statement that returns no rows."""
        try:
            return self._connection.execute(statement, parameters)
        except sqlite3.Error as error:
            raise _failed(error) from error

    def find(self, find: Find, keys: Sequence[Sequence[Any]], *more: Any) -> list[Any]:
        """Return the rows with any of many keys, looked up with few statements."""
        return [row for each in find.statements(keys, *more) for row in self.rows(*each)]

    def insert(self, insert: Insert, rows: Sequence[Sequence[Any]]) -> None:
        """Insert many rows with few statements."""
        for each in insert.of(rows):
            self.run(*each)

    @contextmanager
    def snapshot(self) -> Generator[None]:
        """Have all reads see one committed state."""
        self.run("BEGIN")
        try:
            yield
        finally:
            self.rollback()

    def begin(self) -> None:
        """Begin to write."""
        self.run("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Write for good."""
        self.run("COMMIT")

    def rollback(self) -> None:
        """End the transaction, if there is one, as if it had not been."""
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def changed(self) -> bool:
        """Tell whether another connection has written since the last call."""
        ((now,),) = self.rows("PRAGMA data_version")
        before, self._data_version = self._data_version, now
        return bool(now != before)

    def meta(self, name: str) -> str:
        """Return a value of the file itself."""
        rows = self.rows(sql.META, (name,))
        if not rows:
            raise RoomError(f"the rooms file has lost its {name}", code="rooms_unusable", expected=_UNUSABLE)
        return str(rows[0][0])

    def seq(self) -> int:
        """Return the newest position in the log."""
        return int(self.meta("seq"))

    def life(self, channel: str) -> LifeRow | None:
        """Return a channel's present life."""
        return next(iter(self.lives((channel,))), None)

    def lives(self, channels: Sequence[str]) -> list[LifeRow]:
        """Return the present lives of channels that have one."""
        return [LifeRow(*row) for row in self.find(sql.FIND_LIVES, [(channel,) for channel in channels])]

    def position(self, channel: str) -> tuple[str, int]:
        """Return the epoch and the top of a channel, read at once."""
        rows = self.rows(sql.POSITION, (channel, channel, bucket_of(channel)))
        epoch, top, salt = rows[0] if rows else (None, 0, None)
        if epoch is None:
            return first_epoch(self._secret, str(salt or ""), channel), 0
        return str(epoch), int(top or 0)

    def first_epoch(self, channel: str) -> str:
        """Return the epoch of a channel that has no life yet."""
        return self.first_epochs((channel,))[channel]

    def first_epochs(self, channels: Sequence[str]) -> dict[str, str]:
        """Return the epochs of channels that have no lives yet."""
        buckets = {bucket_of(channel) for channel in channels}
        salts = dict(self.find(sql.FIND_SALTS, [(bucket,) for bucket in buckets]))
        return {
            channel: first_epoch(self._secret, str(salts.get(bucket_of(channel), "")), channel)
            for channel in channels
        }

    def publications(self, statement: str, parameters: Sequence[Any]) -> list[Publication]:
        """Return the publications that a statement finds."""
        return [publication_of(*row) for row in self.rows(statement, parameters)]


def _failed(error: sqlite3.Error) -> RoomError:
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return RoomError("another process holds the rooms for too long", code="rooms_busy")
    return RoomError(f"the rooms file failed: {error}")
