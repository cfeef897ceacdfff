"""The outgoing queue of transports whose `send` is awaited."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from renown.gateway.transports.outbox import BATCH, Outbox


class Reader:
    """What a transport does with pieces, as fast as the test lets it."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self.log: list[str] = []

    async def send(self, data: bytes) -> None:
        await self.reads.wait()
        self.pieces.append(data)

    def outbox(self, soft_limit: int = 100, joiner: bytes = b"") -> Outbox:
        return Outbox(
            soft_limit,
            full=lambda: self.log.append("full"),
            free=lambda: self.log.append("free"),
            joiner=joiner,
        )


@pytest.fixture
async def reader() -> Reader:
    return Reader()


@asynccontextmanager
async def pumping(outbox: Outbox, reader: Reader) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(outbox.pump(reader.send))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_pieces_due_together_are_sent_as_one(reader: Reader) -> None:
    outbox = reader.outbox(joiner=b"\n")
    async with pumping(outbox, reader):
        for piece in (b"a", b"b", b"c"):
            outbox.write(piece)
        await settle()
        outbox.write(b"d")
        await settle()
    assert reader.pieces == [b"a\nb\nc", b"d"]
    assert outbox.unsent == 0


async def test_joined_pieces_stay_small_and_large_ones_whole(reader: Reader) -> None:
    outbox = reader.outbox(soft_limit=10**9)
    sizes = [BATCH // 2, BATCH // 2, 1, 3 * BATCH, 1]
    for size in sizes:
        outbox.write(b"x" * size)
    outbox.finish()
    await outbox.pump(reader.send)
    assert list(map(len, reader.pieces)) == [BATCH, 1, 3 * BATCH, 1]


async def test_above_the_soft_limit_it_is_full_until_little_is_left(reader: Reader) -> None:
    reader.reads.clear()
    outbox = reader.outbox()
    async with pumping(outbox, reader):
        outbox.write(b"x" * 60)
        await settle()
        assert (outbox.unsent, reader.log) == (60, [])
        outbox.write(b"x" * 60)
        outbox.write(b"x" * 60)
        assert (outbox.unsent, reader.log) == (180, ["full"])
        reader.reads.set()
        await settle()
        assert (outbox.unsent, reader.log) == (0, ["full", "free"])


async def test_what_is_written_while_it_becomes_free_is_sent(reader: Reader) -> None:
    outbox = Outbox(10, full=lambda: None, free=lambda: outbox.write(b"newest"))
    outbox.write(b"x" * 11)
    async with pumping(outbox, reader):
        await settle()
        outbox.finish()
        await settle()
    assert reader.pieces == [b"x" * 11, b"newest"]


async def test_all_is_sent_before_the_end(reader: Reader) -> None:
    outbox = reader.outbox()
    outbox.write(b"a")
    outbox.finish(b"z")
    outbox.write(b"too late")
    await outbox.pump(reader.send)
    assert reader.pieces == [b"az"]


async def test_in_a_hurry_only_the_last_piece_is_sent(reader: Reader) -> None:
    reader.reads.clear()
    outbox = reader.outbox(soft_limit=10**9)
    async with pumping(outbox, reader) as task:
        outbox.write(b"in flight")
        await settle()
        outbox.write(b"x" * 1_000_000)
        outbox.finish(b"z", hurry=True)
        assert outbox.unsent == len(b"in flightz")
        reader.reads.set()
        await asyncio.wait_for(task, 10)
    assert reader.pieces == [b"in flight", b"z"]


async def test_an_abandoned_one_holds_and_sends_nothing(reader: Reader) -> None:
    outbox = reader.outbox()
    async with pumping(outbox, reader) as task:
        await settle()
        outbox.write(b"a")
        outbox.abandon()
        await asyncio.wait_for(task, 10)
    assert (reader.pieces, outbox.unsent) == ([], 0)
