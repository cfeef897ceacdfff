"""What waits to be sent on a transport whose `send` is awaited.

Whoever has something to say calls `write`, which never waits; one task per connection, `pump`, hands it on as
fast as the client reads. Above the soft limit the connection counts as paused, so that only the newest state
is kept for it; what may be unsent at all is for its owner to bound, by `unsent`.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

__all__ = ["BATCH", "Outbox"]

BATCH = 16_384
"""Bytes that are joined to one piece at most: as many as one TLS record holds."""


class Outbox:
    """A queue of whole pieces, each one or more replies, with its bytes counted."""

    __slots__ = ("_closed", "_free", "_full", "_joiner", "_paused", "_pieces", "_soft", "_wake", "unsent")

    def __init__(
        self,
        soft_limit: int,
        *,
        full: Callable[[], None],
        free: Callable[[], None],
        joiner: bytes = b"",
    ) -> None:
        """`full` is called when more than `soft_limit` bytes are unsent, `free` when few are left.

        `joiner` stands between two pieces that are sent as one.
        """
        self.unsent = 0
        """Bytes written and not yet taken by the transport."""
        self._soft = soft_limit
        self._full = full
        self._free = free
        self._joiner = joiner
        self._pieces: deque[bytes] = deque()
        self._paused = False
        self._closed = False
        self._wake = asyncio.Event()

    def write(self, data: bytes, /) -> None:
        """Take one piece; after `finish` or `abandon` nothing is taken."""
        if self._closed:
            return
        self._pieces.append(data)
        self.unsent += len(data)
        self._wake.set()
        if self.unsent > self._soft and not self._paused:
            self._paused = True
            self._full()

    def finish(self, last: bytes = b"", *, hurry: bool = False) -> None:
        """Take no more; `pump` ends when all is sent, `last` at the very end.

        In a `hurry` only `last` is sent of what still waits.
        """
        if self._closed:
            return
        if hurry:
            self._drop()
        if last:
            self._pieces.append(last)
            self.unsent += len(last)
        self._closed = True
        self._wake.set()

    def abandon(self) -> None:
        """Send nothing any more: the client is gone."""
        self._closed = True
        self._drop()
        self._wake.set()

    async def pump(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        """Hand everything to `send` in order until `finish` and all is sent, or `abandon`."""
        while True:
            while self._pieces:
                batch = self._batch()
                await send(self._joiner.join(batch) if len(batch) > 1 else batch[0])
                self.unsent -= sum(map(len, batch))
                if self._paused and self.unsent <= self._soft // 4:
                    self._paused = False
                    self._free()
            if self._closed:
                return
            self._wake.clear()
            await self._wake.wait()

    def _batch(self) -> list[bytes]:
        batch = [self._pieces.popleft()]
        size = len(batch[0])
        while self._pieces and size + len(self._pieces[0]) <= BATCH:
            batch.append(self._pieces.popleft())
            size += len(batch[-1])
        return batch

    def _drop(self) -> None:
        self.unsent -= sum(map(len, self._pieces))
        self._pieces.clear()
