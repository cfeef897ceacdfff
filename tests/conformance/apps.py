"""What the tests of applications on rooms share: a real server with their settings, its API, the people."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import cent

from renown.gateway.admission.tokens import Tokens
from renown.gateway.options import TokenOptions
from renown.ledger import Ledger
from renown.policy import Policies
from tests.conformance.javascript import JavaScript
from tests.running import RunningServer

__all__ = ["SECRET", "Person", "Town", "api", "application", "token"]

SECRET = "a secret of more than thirty-two bytes"


def token(user: str, **claims: Any) -> str:
    """Return a connection token."""
    return Tokens(TokenOptions(secret=SECRET)).issue(user, **claims)


@contextmanager
def application(folder: Path, settings: str) -> Iterator[RunningServer]:
    """Run the server with an application's settings."""
    file = folder / "renown.toml"
    file.write_text(f'policies = ["seller"]\n[tokens]\nsecret = "{SECRET}"\n{settings}')
    with RunningServer(folder / "data", "--config", str(file), dev=False) as server:
        yield server


@asynccontextmanager
async def api(server: RunningServer) -> AsyncIterator[cent.AsyncClient]:
    """Speak for a backend, with the official server library."""
    ledger = Ledger.open(server.data, Policies.presets())
    try:
        key = ledger.keys.create("backend", ["rooms"])[1]
    finally:
        ledger._store.close()
    async with cent.AsyncClient(f"{server.url}/api", key) as client:
        yield client


class Town:
    """All clients of a test. What each saw is kept: waiting for one loses nothing of another."""

    def __init__(self, js: JavaScript, url: str, *, protobuf: bool = False) -> None:
        self._js = js
        self._url = url
        self._protobuf = protobuf
        self._people: dict[str, Person] = {}

    @classmethod
    @asynccontextmanager
    async def run(cls, url: str, *, protobuf: bool = False) -> AsyncIterator["Town"]:
        """Start the clients' process."""
        async with JavaScript.run("rooms.mjs") as js:
            yield cls(js, url, protobuf=protobuf)

    async def connect(self, name: str, user: str | None = None, **claims: Any) -> "Person":
        """Let somebody connect: as the user `name`, unless another is said, and wait until they are in."""
        person = self._people[name] = Person(self, name)
        user = name if user is None else user
        given = {"token": token(user, **claims)} if user else {}
        await person.do("connect", url=self._url, protobuf=self._protobuf, **given)
        person.client = (await person.next("connected"))["client"]
        return person

    async def do(self, command: str, **more: Any) -> None:
        """Have the process do something."""
        await self._js.do(command, **more)

    async def take(self) -> None:
        """Sort the next event to whom it happened."""
        seen = await self._js.next()
        self._people[seen["who"]].seen.append(seen)


class Person:
    """One client."""

    def __init__(self, town: Town, name: str) -> None:
        self._town = town
        self.name = name
        self.client = ""
        """The id of its connection."""
        self.seen: list[dict[str, Any]] = []
        """All that happened and was not taken yet."""

    async def do(self, command: str, **more: Any) -> None:
        """Do something."""
        await self._town.do(command, **{"as": self.name}, **more)

    async def next(self, event: str, **values: Any) -> dict[str, Any]:
        """Take the first event of that name and those values, now or when it happens."""
        while True:
            for place, seen in enumerate(self.seen):
                if seen["event"] == event and all(seen.get(name) == it for name, it in values.items()):
                    return self.seen.pop(place)
            await self._town.take()

    async def watch(self, channel: str, **options: Any) -> None:
        """Subscribe and wait until it stands."""
        await self.do("watch", channel=channel, options=options)
        await self.next("subscribed", channel=channel)

    async def map(self, channel: str) -> dict[str, Any]:
        """Subscribe to a map; return what is in it."""
        await self.do("map", channel=channel)
        found = await self.next("sync", channel=channel)
        return {entry["key"]: entry["data"] for entry in found["entries"]}

    async def ask(self, command: str, **more: Any) -> dict[str, Any]:
        """Ask for something and return the answer, or the refusal with its code."""
        answer = {"publish": "published"}.get(command, command)
        await self.do(command, **more)
        while True:
            for place, seen in enumerate(self.seen):
                refused = seen["event"] == "refused" and seen["what"] == answer
                if refused or seen["event"] == answer:
                    return self.seen.pop(place)
            await self._town.take()

    def saw(self, event: str, **values: Any) -> list[dict[str, Any]]:
        """Return what happened and was not taken yet."""
        return [
            seen
            for seen in self.seen
            if seen["event"] == event and all(seen.get(name) == it for name, it in values.items())
        ]
