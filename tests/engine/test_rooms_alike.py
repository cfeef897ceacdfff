"""Rooms in memory and in a file are told the same in any order, and must say the same."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from renown.protocol.effects import Position
from renown.protocol.replies import Publication
from renown.rooms import Draft, MemoryRooms, Retention, SqliteRooms
from renown.rooms.room import Publishing

CHANNELS = ("chat:a", "map:a", "map:b")
channels = st.sampled_from(CHANNELS)
keeps = st.builds(
    Retention,
    size=st.sampled_from([0, 1, 3, 50]),
    age=st.sampled_from([0.0, 5.0, 500.0]),
    key_age=st.sampled_from([0.0, 4.0, 400.0]),
)
plain = st.builds(
    Draft,
    data=st.integers(0, 9).map(lambda n: msgspec.Raw(str(n).encode())),
    idempotency_key=st.sampled_from(["", "", "i", "j"]),
    version=st.sampled_from([0, 0, 0, 1, 2, 3]),
)
keyed = st.builds(
    lambda draft, key, removed: msgspec.structs.replace(draft, key=key, removed=removed),
    plain,
    st.sampled_from(["a", "b", "ü", "😀"]),
    st.booleans(),
)
drafts = plain | keyed
publishings = st.builds(Publishing, channels, drafts, keeps)


def changed(publications: tuple[Publication, ...]) -> dict[str, tuple[int, bool, bytes]]:
    """Return the newest of each key."""
    return {each.key: (each.offset, each.removed, bytes(each.data)) for each in publications if each.key}


class Alike(RuleBasedStateMachine):
    """Whatever is done to both, and a listener of each that checks the order of offsets."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_700_000_000.0
        self.heard: list[list[tuple[str, Publication]]] = [[], []]
        self.kept: dict[str, Retention] = {}

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.memory = MemoryRooms(clock=self.clock)
        self.sqlite = SqliteRooms.open(Path(self.folder.name), clock=self.clock)
        for rooms, heard in zip((self.memory, self.sqlite), self.heard, strict=True):
            rooms.listen(lambda channel, publication, _, heard=heard: heard.append((channel, publication)))
        # Without the memory's own background work, and with the file's thread alone: time is told by hand.
        self.runner.run(self.sqlite.start())
        self.epochs: dict[str, str] = {}

    def teardown(self) -> None:
        if hasattr(self, "sqlite"):
            self.runner.run(self.sqlite.close())
            self.runner.close()
            self.folder.cleanup()

    def clock(self) -> float:
        return self.now

    def both(self, method: str, *arguments: Any, **named: Any) -> list[Any]:
        self.now += 0.001
        calls = (getattr(rooms, method) for rooms in (self.memory, self.sqlite))
        return [self.runner.run(call(*arguments, **named)) for call in calls]

    @rule(publishing=publishings)
    def publish(self, publishing: Publishing) -> None:
        memory, sqlite = self.both("publish", *self.ruled(publishing))
        assert memory.offset == sqlite.offset

    @rule(coming=st.lists(publishings, max_size=8))
    def publish_many(self, coming: list[Publishing]) -> None:
        ruled = [self.ruled(each) for each in coming]
        # What is not kept may be told later than what is.
        kept = [each for each in ruled if each.draft.key or each.keep.size]
        memory, sqlite = self.both("publish_many", kept)
        assert [position.offset for position in memory] == [position.offset for position in sqlite]

    def ruled(self, publishing: Publishing) -> Publishing:
        """Return it as it can be in rooms."""
        channel, draft, keep = publishing
        # How much is kept is a matter of the channel's rule, which does not change while rooms are open.
        keep = self.kept.setdefault(channel, keep)
        if not draft.key and not keep.size:
            # What is not kept has nothing that would outlive the process.
            draft = Draft(draft.data)
        return Publishing(channel, draft, keep)

    @rule(seconds=st.sampled_from([1, 3, 61, 301]))
    def wait(self, seconds: int) -> None:
        self.now += seconds
        self.both("tidy")

    @rule(channel=channels)
    def forget(self, channel: str) -> None:
        before = self.both("top", channel)
        self.both("forget", channel)
        after = self.both("top", channel)
        assert all(old.epoch != new.epoch and new.offset == 0 for old, new in zip(before, after, strict=True))

    @rule(
        channel=channels,
        after=st.none() | st.integers(0, 30),
        limit=st.integers(0, 10),
        reverse=st.booleans(),
    )
    def history(self, channel: str, after: int | None, limit: int, reverse: bool) -> None:
        memory, sqlite = self.both("history", channel, after, limit, reverse=reverse)
        assert memory.top == sqlite.top
        assert said(memory.publications) == said(sqlite.publications)
        offsets = [publication.offset for publication in memory.publications]
        assert offsets == sorted(offsets, reverse=reverse)
        assert len(offsets) <= limit

    @rule(channel=channels, after=st.integers(0, 30), limit=st.integers(1, 10))
    def changes(self, channel: str, after: int, limit: int) -> None:
        memory, sqlite = self.both("changes", channel, Position("", after), 1_000)
        assert (memory.complete, memory.top) == (sqlite.complete, sqlite.top)
        # Where one still has the log and the other tells the newest of each key, a map comes out the same.
        assert changed(memory.publications) == changed(sqlite.publications)
        for part in self.both("changes", channel, Position("", after), limit):
            assert len(part.publications) <= limit
            offsets = [publication.offset for publication in part.publications]
            assert offsets == sorted(offsets)

    @rule(channel=channels, limit=st.integers(1, 3))
    def pages(self, channel: str, limit: int) -> None:
        cursors, entries = ["", ""], 0
        while True:
            memory, sqlite = self.both("page", channel, cursors[0], limit)
            assert (memory.offset, memory.top, memory.cursor) == (sqlite.offset, sqlite.top, sqlite.cursor)
            assert said(memory.entries) == said(sqlite.entries)
            entries += len(memory.entries)
            cursors = [memory.cursor, sqlite.cursor]
            if not memory.cursor:
                break
        assert entries <= 4

    @invariant()
    def heard_alike(self) -> None:
        for channel in CHANNELS:
            # Of several channels, what ends at the same time ends in any order.
            memory, sqlite = ([p for name, p in heard if name == channel] for heard in self.heard)
            assert said(memory) == said(sqlite)
            newest = 0
            for publication in sqlite:
                if publication.offset:
                    assert publication.offset in (newest + 1, 1)
                    newest = publication.offset


def said(publications: Any) -> list[tuple[Any, ...]]:
    return [(p.offset, p.key, p.removed, bytes(p.data), p.time // 1000) for p in publications]


TestAlike = Alike.TestCase
TestAlike.settings = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
