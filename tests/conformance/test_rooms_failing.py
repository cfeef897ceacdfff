"""What clients see while the file of the rooms cannot be read: never silence, and all of it once it can."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.conformance.full import full
from tests.conformance.keys import shared
from tests.conformance.raw import Raw


@contextmanager
def unreadable(folder: Path) -> Iterator[None]:
    """Take away the tables under a running server, and give them back."""
    with closing(sqlite3.connect(folder / "data" / "rooms.sqlite", isolation_level=None)) as file:
        tables = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        tables = [name for name in tables if not name.startswith("sqlite_")]
        assert tables
        for name in tables:
            file.execute(f'ALTER TABLE "{name}" RENAME TO "away_{name}"')
        try:
            yield
        finally:
            for name in tables:
                file.execute(f'ALTER TABLE "away_{name}" RENAME TO "{name}"')


async def test_whoever_connects_meanwhile_is_to_come_again(tmp_path: Path) -> None:
    token = shared().issue("ana")
    async with full(tmp_path) as server:
        with unreadable(tmp_path):
            async with Raw.open(server.url) as raw:
                await raw.send({"id": 1, "connect": {"token": token}})
                assert await raw.closed() == (3004, "internal server error")
            async with Raw.open(server.url) as nobody:
                # Who has no channel there is not concerned.
                assert "subs" not in await nobody.hello()
        async with Raw.open(server.url) as raw:
            assert list((await raw.hello(token))["subs"]) == ["user:ana"]
