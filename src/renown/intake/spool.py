"""Holds answers until their reader takes them, in memory first and then in a temporary file."""

import asyncio
import tempfile
from types import TracebackType
from typing import Final, Self

__all__ = ["Spool"]

_IN_MEMORY: Final = 4 * 1024 * 1024
_PIECE: Final = 256 * 1024
_FULL: Final = 256 * 1024 * 1024


class Spool:
    """A queue of bytes whose writer does not wait until there is very much in it.

    Many HTTP clients send their whole request before they read the first byte of the response. A
    server that answers while it reads must not wait for such a client to take its answers, or both
    wait for ever. But nor may a client that never reads fill the disk: with `full` bytes waiting
    (256 MiB, some three million answers), `room` waits until all of them were read.
    """

    def __init__(self, full: int = _FULL) -> None:
        self._full = full
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 (closed in __exit__)
        self._written = 0
        self._taken = 0
        self._ended = False
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, data: bytes) -> None:
        """Add `data`."""
        self._file.seek(self._written)
        self._file.write(data)
        self._written += len(data)
        self._news.set()
        if self._written >= self._full:
            self._room.clear()

    async def room(self) -> None:
        """Return when more may be written; whoever writes asks before it takes on more work."""
        await self._room.wait()

    def end(self) -> None:
        """Say that nothing more will be written."""
        self._ended = True
        self._news.set()

    async def read(self) -> bytes:
        """Return the next bytes; empty at the end."""
        while self._taken == self._written and not self._ended:
            self._news.clear()
            await self._news.wait()
        self._file.seek(self._taken)
        data = self._file.read(min(_PIECE, self._written - self._taken))
        self._taken += len(data)
        if self._taken == self._written:
            self._rewind()
        return data

    def _rewind(self) -> None:
        """Begin the file anew, so that it is never longer than what waits at once and a little more."""
        self._taken = self._written = 0
        self._room.set()
