"""What tests of rooms have in common: a clock set by hand, a listener, what is said and how it is read."""

import asyncio
from collections.abc import Callable

import msgspec

from renown.protocol.effects import History
from renown.protocol.replies import Publication
from renown.rooms import Draft, MemoryRooms, Retention, SqliteRooms

__all__ = ["BOTH", "LOG", "STATE", "AnyRooms", "Clock", "Heard", "data", "keys", "offsets", "says"]

LOG = Retention(size=10)
STATE = Retention()
BOTH = Retention(size=100)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.all: list[tuple[str, Publication, str]] = []
        self.news = asyncio.Event()

    def __call__(self, channel: str, publication: Publication, epoch: str) -> None:
        self.all.append((channel, publication, epoch))
        self.news.set()

    def offsets(self, channel: str) -> list[int]:
        return [publication.offset for name, publication, _ in self.all if name == channel]

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not done():
                self.news.clear()
                await self.news.wait()


AnyRooms = MemoryRooms | SqliteRooms


def says(text: object, **more: object) -> Draft:
    return msgspec.structs.replace(Draft(msgspec.Raw(msgspec.json.encode(text))), **more)


def offsets(history: History) -> list[int]:
    return [publication.offset for publication in history.publications]


def data(publications: tuple[Publication, ...]) -> list[object]:
    return [msgspec.json.decode(publication.data) for publication in publications]


def keys(publications: tuple[Publication, ...]) -> list[str]:
    return [("-" if publication.removed else "") + publication.key for publication in publications]
