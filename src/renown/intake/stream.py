"""Takes events as NDJSON of any length: lines into batches, batches into the ledger, answers in order."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from operator import attrgetter
from time import perf_counter
from typing import Protocol

import msgspec

from renown.intake.decode import DECODING_ERRORS, Limits, rejected
from renown.intake.lines import LineSplitter
from renown.intake.problems import problem_of
from renown.model import Answer, Event, Problem, Status

__all__ = ["Appender", "EventStream"]

_events = msgspec.json.Decoder(Event)
_encoder = msgspec.json.Encoder()
_status = attrgetter("status")

_Batch = tuple[Sequence[int], Sequence[bytes | None]]
"""The numbers of lines within the stream, and the lines; None: too long."""


class Appender(Protocol):
    """The one thing the stream needs of a ledger."""

    async def append(self, events: Sequence[Event], *, standing: bool = False) -> list[Answer]:
        """Return the answers to `events`, after their commit."""
        ...


class EventStream:
    """One NDJSON request. `run` reads it to its end and hands out the answers as encoded lines."""

    def __init__(
        self,
        ledger: Appender,
        limits: Limits,
        *,
        standing: bool,
        count: Callable[[Sequence[Answer], float], None],
    ) -> None:
        self._ledger = ledger
        self._limits = limits
        self._standing = standing
        self._count = count
        self._ahead = asyncio.Semaphore(limits.stream_ahead)
        self._line = 0

    async def run(self, chunks: AsyncIterator[bytes], write: Callable[[bytes], None]) -> None:
        """Append every line of `chunks`; call `write` with the answers, batch by batch in order.

        Reading pauses while `stream_ahead` batches wait for their commit.

        Raises:
            LedgerError: the ledger takes no events now; what was answered so far stands.

        """
        waiting: asyncio.Queue[asyncio.Task[bytes] | None] = asyncio.Queue()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hand_out(waiting, write))
            async for batch in self._batches(chunks):
                await self._ahead.acquire()
                waiting.put_nowait(group.create_task(self._append(batch)))
            waiting.put_nowait(None)

    async def _hand_out(
        self, waiting: asyncio.Queue[asyncio.Task[bytes] | None], write: Callable[[bytes], None]
    ) -> None:
        while (task := await waiting.get()) is not None:
            write(await task)

    async def _batches(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[_Batch]:
        splitter = LineSplitter(self._limits.event_bytes)
        async for chunk in chunks:
            for batch in self._numbered(splitter.feed(chunk)):
                yield batch
        for batch in self._numbered(splitter.close()):
            yield batch

    def _numbered(self, lines: Sequence[bytes | None]) -> list[_Batch]:
        """Number `lines`, drop the blank ones, and cut them into batches."""
        first = self._line + 1
        self._line += len(lines)
        numbers: Sequence[int] = range(first, self._line + 1)
        if not all(line is None or line.strip() for line in lines):
            kept = [(n, line) for n, line in zip(numbers, lines, strict=True) if line is None or line.strip()]
            numbers, lines = [n for n, _ in kept], [line for _, line in kept]
        size = self._limits.stream_batch
        starts = range(0, len(lines), size)
        return [(numbers[start : start + size], lines[start : start + size]) for start in starts]

    async def _append(self, batch: _Batch) -> bytes:
        try:
            numbers, lines = batch
            events = self._read_at_once(lines)
            read: Sequence[Event | Problem] = events or [self._decode(line) for line in lines]
            events = events or [item for item in read if isinstance(item, Event)]
            began = perf_counter()
            answers = await self._ledger.append(events, standing=self._standing) if events else []
            took = perf_counter() - began
            if len(events) < len(lines) or Status.REJECTED in map(_status, answers):
                answers = _in_place(numbers, read, answers)
            self._count(answers, took)
            return _encoder.encode_lines(answers)
        finally:
            self._ahead.release()

    def _read_at_once(self, lines: Sequence[bytes | None]) -> list[Event] | None:
        """Return the events of all lines; None when one of them is wrong."""
        whole = [line for line in lines if line is not None]
        try:
            events = _events.decode_lines(b"\n".join(whole))
        except DECODING_ERRORS:
            return None
        return events if len(events) == len(lines) else None

    def _decode(self, line: bytes | None) -> Event | Problem:
        if line is None:
            most = self._limits.event_bytes
            return Problem("too_large", f"A line may have {most} bytes.", None, f"at most {most} bytes")
        try:
            return _events.decode(line)
        except DECODING_ERRORS as error:
            return problem_of(error)


def _in_place(
    numbers: Sequence[int], read: Sequence[Event | Problem], given: Sequence[Answer]
) -> list[Answer]:
    """Return one answer per line in its order; what was rejected says its line."""
    answers = iter(given)
    placed: list[Answer] = []
    for number, item in zip(numbers, read, strict=True):
        answer = rejected(item, line=number) if isinstance(item, Problem) else next(answers)
        if answer.status is Status.REJECTED and answer.problem is not None:
            answer = rejected(answer.problem, event_id=answer.id, line=number)
        placed.append(answer)
    return placed
