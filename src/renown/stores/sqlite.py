"""The SQLite store: one file, WAL, `synchronous=FULL`."""

import os
import secrets
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Self, cast

from renown.errors import LedgerError
from renown.stores.migrate import migrate
from renown.stores.sqlite_reader import SqliteReader
from renown.stores.sqlite_writer import SqliteWriter

__all__ = ["FILE_NAME", "SqliteStore", "connect"]

FILE_NAME: Final = "ledger.sqlite"
"""The ledger's file in the data folder."""

_SECRET_TABLES: Final = ("keys", "rights", "revocations", "notices")
_BUSY_MS: Final = 10_000
_PAGE_BYTES: Final = 4_096
_WAL_BYTES: Final = 128 * 1024 * 1024
_CACHE_KIB: Final = 65_536


def _bind_plainly() -> None:
    """Bind bytes and None as they are.

    For each of them the driver asks otherwise whether somebody knows how to adapt it, which ends in an error
    made and dropped: half of what storing an event took, and with the interpreter held.
    """
    nothing: dict[object, object] = {}
    # Both are called in C: what is looked up in an empty dict is None.
    for kind, itself in ((bytes, bytes), (type(None), nothing.get)):
        if (kind, sqlite3.PrepareProtocol) not in sqlite3.adapters:
            sqlite3.register_adapter(kind, cast(Callable[[Any], Any], itself))


_bind_plainly()


def connect(file: Path, *, synchronous: str = "FULL") -> sqlite3.Connection:
    """Open a connection as the ledger uses it: autocommit, WAL, patient.

    A checkpoint at 128 MiB of WAL instead of 4 keeps most of its cost out of the commits.
    """
    connection = sqlite3.connect(
        file, timeout=_BUSY_MS / 1000, isolation_level=None, check_same_thread=False, cached_statements=128
    )
    # Counts for a new file only. In a large ledger each event of a batch is at home in other pages of each
    # index, and all of a page is written for a few bytes in it: the larger the page, the more.
    connection.execute(f"PRAGMA page_size={_PAGE_BYTES}")
    _use_wal(connection)
    connection.execute(f"PRAGMA synchronous={synchronous}")
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    connection.execute(f"PRAGMA wal_autocheckpoint={_WAL_BYTES // page_bytes}")
    connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
    connection.execute("PRAGMA temp_store=MEMORY")
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL. A new file is switched once, and for that alone SQLite does not wait for others."""
    deadline = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


class SqliteStore:
    """A ledger store in one SQLite file. See `store.Store` for what it promises."""

    def __init__(self, file: Path, ledger_id: str) -> None:
        self._file = file
        self._ledger_id = ledger_id
        self._near = SqliteReader(connect(file))
        self._idle: list[SqliteReader] = []
        self._lock = threading.Lock()
        self._closed = False

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the store in `folder`, made or brought to the newest tables first; or in an exported file.

        Raises:
            LedgerError: the folder or file cannot be used.

        """
        file = folder if folder.is_file() else folder / FILE_NAME
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            connection = connect(file)
            try:
                migrate(connection, file)
                ledger_id = _identity(connection)
            finally:
                connection.close()
            return cls(file, ledger_id)
        except (OSError, sqlite3.Error) as error:
            raise LedgerError(
                f"cannot open the ledger {file}: {error}",
                code="ledger_unusable",
                expected="a writable folder with a ledger of this or an earlier version",
            ) from error

    @property
    def ledger_id(self) -> str:
        """The random id made with the file."""
        return self._ledger_id

    @property
    def file(self) -> Path:
        """The ledger's file."""
        return self._file

    @property
    def near(self) -> SqliteReader:
        """The reader of the thread that opened the store."""
        return self._near

    @contextmanager
    def reader(self) -> Generator[SqliteReader]:
        """Borrow a reader; opened when none is idle, kept afterwards."""
        with self._lock:
            reader = self._idle.pop() if self._idle else None
        reader = reader or SqliteReader(connect(self._file))
        try:
            yield reader
        finally:
            with self._lock:
                if self._closed or len(self._idle) >= 4:
                    reader.close()
                else:
                    self._idle.append(reader)

    def writer(self) -> SqliteWriter:
        """Open a writer."""
        return SqliteWriter(connect(self._file))

    @contextmanager
    def scratch(self) -> Generator[SqliteWriter]:
        """Lend an empty file beside the ledger's; it has no name any more as soon as it is open.

        Raises:
            LedgerError: there can be none.

        """
        try:
            handle, name = tempfile.mkstemp(prefix=f"{self._file.name}-", dir=self._file.parent)
            os.close(handle)
        except OSError as error:
            raise LedgerError(f"cannot write beside {self._file}: {error}") from error
        file = Path(name)
        writer = None
        try:
            writer = SqliteWriter(_scratch(file))
            # Not everywhere can an open file lose its name; there it does when it is closed.
            with suppress(OSError):
                file.unlink()
            yield writer
        finally:
            if writer is not None:
                writer.close()
            file.unlink(missing_ok=True)

    def export(self, file: Path, *, secrets: bool) -> None:
        """Write a copy of all that is committed into the new file `file`, without a journal beside it.

        Without `secrets` it holds no API keys, no rights and no revocations.

        Raises:
            LedgerError: the file exists or cannot be written.

        """
        if file.exists():
            raise LedgerError(f"{file} exists already", code="file_exists", expected="a new file")
        try:
            source = connect(self._file)
            try:
                source.execute("VACUUM INTO ?", (str(file),))
            finally:
                source.close()
            if not secrets:
                _forget(file)
        except sqlite3.Error as error:
            raise LedgerError(f"cannot export to {file}: {error}", code="export_failed") from error

    def close(self) -> None:
        """Close all idle readers and the near one."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for reader in [*idle, self._near]:
            reader.close()


def _scratch(file: Path) -> sqlite3.Connection:
    """Open a file that need not outlive anything: no journal, nothing waits for the disk."""
    try:
        connection = sqlite3.connect(
            file, isolation_level=None, check_same_thread=False, cached_statements=128
        )
        connection.execute(f"PRAGMA page_size={_PAGE_BYTES}")
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        connection.execute("PRAGMA temp_store=MEMORY")
        migrate(connection, file)
    except sqlite3.Error as error:
        raise LedgerError(f"cannot write beside the ledger: {error}") from error
    return connection


def _forget(file: Path) -> None:
    copy = sqlite3.connect(file, isolation_level=None)
    try:
        for table in _SECRET_TABLES:
            copy.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
        copy.execute("VACUUM")
    finally:
        copy.close()


def _identity(connection: sqlite3.Connection) -> str:
    connection.execute(
        "INSERT INTO meta (name, value) VALUES ('ledger', ?) ON CONFLICT (name) DO NOTHING",
        (secrets.token_hex(8),),
    )
    (value,) = connection.execute("SELECT value FROM meta WHERE name = 'ledger'").fetchone()
    return str(value)
