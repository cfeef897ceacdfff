"""Editing together on rooms: operations in one order for all through losses, and cursors that vanish."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from string import ascii_letters
from typing import Any, Self

import pytest

from tests.conformance.apps import Town, application, token
from tests.conformance.javascript import JavaScript, install

SETTINGS = """
[gateway.rooms.doc]
history_size = 1000
subscribe = "users"
publish = "subscribers"

[gateway.rooms.cursors]
map = "ephemeral"
durable = false
client_key = true
key_age = 1.0
subscribe = "users"
publish = "subscribers"
"""
EDITORS = ("ana", "bo", "cy")
LETTERS = ascii_letters + ascii_letters


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    install()


class Line:
    """A network between clients and server that can be cut: connections end without a word."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._writers: set[asyncio.StreamWriter] = set()
        self.url = ""

    @classmethod
    @asynccontextmanager
    async def laid(cls, port: int) -> AsyncIterator[Self]:
        line = cls(port)
        server = await asyncio.start_server(line._serve, "127.0.0.1", 0)
        line.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/connection/websocket"
        try:
            yield line
        finally:
            server.close()
            line.cut()

    def cut(self) -> int:
        """Cut all connections; return how many there were."""
        writers, self._writers = self._writers, set()
        for writer in writers:
            writer.transport.abort()
        return len(writers)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, upstream[1]}
        await asyncio.gather(self._pump(reader, upstream[1]), self._pump(upstream[0], writer))
        self._writers -= {writer, upstream[1]}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
        except OSError:
            pass
        finally:
            writer.transport.abort()


async def each(js: JavaScript, event: str) -> dict[str, dict[str, Any]]:
    """Return an event of every editor, in whatever order they come."""
    found: dict[str, dict[str, Any]] = {}
    while len(found) < len(EDITORS):
        seen = await js.next(event)
        found[seen["who"]] = seen
    return found


async def test_all_end_with_one_document_through_losses(tmp_path: Path) -> None:
    channel, strokes = "doc:minutes", len(EDITORS) * len(LETTERS)
    with application(tmp_path, SETTINGS) as server:
        async with Line.laid(server.port) as line, JavaScript.run("editors.mjs") as js:
            for name in EDITORS:
                await js.do("open", **{"as": name}, url=line.url, token=token(name), channel=channel)
                await js.next("subscribed", who=name)
            for name in EDITORS:
                await js.do("type", **{"as": name}, letters=LETTERS)
            for number in range(6):
                assert line.cut()
                if number == 3:
                    server.kill()
                    server.start()
                await each(js, "subscribed")
            for name in EDITORS:
                await js.do("read", **{"as": name}, strokes=strokes)
            read = await each(js, "read")
    for found in read.values():
        assert found["log"] == list(range(1, len(found["log"]) + 1))
        assert found["gaps"] == 0
    (text,) = {found["text"] for found in read.values()}
    assert len(text) > len(LETTERS)


async def test_cursors_are_each_clients_own_and_vanish(tmp_path: Path) -> None:
    cursors = "cursors:minutes"
    with application(tmp_path, SETTINGS) as server:
        async with Town.run(server.websocket) as town:
            ana, bo = await town.connect("ana"), await town.connect("bo")
            assert await ana.map(cursors) == {}
            assert await bo.map(cursors) == {}
            # Whatever key is named, it is the connection's own.
            await ana.ask("set", channel=cursors, key=bo.client, data={"line": 3})
            await bo.ask("set", channel=cursors, key=bo.client, data={"line": 8})
            moved = await bo.next("update", key=ana.client)
            assert (moved["data"], moved["user"]) == ({"line": 3}, "ana")
            assert (await ana.next("update", key=bo.client))["data"] == {"line": 8}
            cy = await town.connect("cy")
            assert (await cy.map(cursors)).keys() <= {ana.client, bo.client}
            await ana.do("leave")
            assert (await bo.next("update", key=ana.client, removed=True))["key"] == ana.client
            await bo.next("update", key=bo.client, removed=True)
            dana = await town.connect("dana")
            assert await dana.map(cursors) == {}
