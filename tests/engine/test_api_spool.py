"""Answers wait for their reader, but not without bound."""

import asyncio

from renown.intake import Spool


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_full_spool_has_room_again_when_all_of_it_was_read() -> None:
    with Spool(full=10) as spool:
        spool.write(b"12345")
        await spool.room()
        spool.write(b"67890")
        waiting = asyncio.create_task(spool.room())
        await _settle()
        assert not waiting.done()
        assert await spool.read() == b"1234567890"
        await waiting
        spool.write(b"next")
        await spool.room()
        assert await spool.read() == b"next"


async def test_what_is_under_way_when_it_is_full_is_still_taken() -> None:
    with Spool(full=4) as spool:
        for _ in range(3):
            spool.write(b"12345")
        spool.end()
        assert b"".join([await spool.read(), await spool.read()]) == b"123451234512345"
        await spool.room()
