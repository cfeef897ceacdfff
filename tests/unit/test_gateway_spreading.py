"""One frame to many sockets: whatever these take, every reader gets every byte once and in order."""

import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renown.gateway.hub.member import Member
from renown.gateway.hub.spreading import MANY, Group, Spreader
from renown.gateway.wires import WS_JSON
from renown.protocol.codes import Disconnect, Error
from renown.protocol.effects import State


class Line:
    """A member with a socket that takes little, and a transport in front of it as event loops have one."""

    def __init__(self, spreader: Spreader) -> None:
        self.server, self.client = socket.socketpair()
        self.server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.server.setblocking(False)
        self.client.setblocking(False)
        self.spreader = spreader
        self.wire = WS_JSON
        self.paused = False
        self.outlet = self.server.fileno()
        self.queue = b""
        self.writes = 0
        self.read = b""

    def write(self, data: bytes, /) -> None:
        self.writes += 1
        self.queue += data
        self.flush()

    def flush(self) -> None:
        with suppress(BlockingIOError, BrokenPipeError):
            self.queue = self.queue[self.server.send(self.queue) :] if self.queue else b""
        self._use(-1 if self.queue else self.server.fileno())

    def _use(self, outlet: int) -> None:
        if outlet != self.outlet:
            self.outlet = outlet
            self.spreader.changed()

    def drain(self) -> None:
        """Read what came, and let the transport send what it has."""
        with suppress(BlockingIOError):
            while data := self.client.recv(65_536):
                self.read += data
                self.flush()

    def close(self, why: Disconnect | None = None) -> None:
        self.client.close()
        self.server.close()

    def crowded(self) -> None:
        return

    def found(self, channel: str, state: State | Error) -> bool:
        return True

    def lost_track(self, channel: str) -> None:
        return


@pytest.fixture
def spreader() -> Spreader:
    return Spreader()


@pytest.fixture
def lines(spreader: Spreader) -> Iterator[list[Line]]:
    made = [Line(spreader) for _ in range(5 * MANY)]
    yield made
    for line in made:
        line.close()


def frames(sizes: list[int]) -> list[bytes]:
    """Return frames that say which they are in every eight bytes of theirs."""
    return [b"%08d" % number * size for number, size in enumerate(sizes)]


def test_sockets_that_take_all_are_written_to_past_their_transports(
    spreader: Spreader, lines: list[Line]
) -> None:
    for frame in frames([10, 20, 30]):
        spreader.write(frame, lines)
    for line in lines:
        line.drain()
        assert line.read == b"".join(frames([10, 20, 30]))
        assert not line.writes


def test_few_are_written_to_through_their_transports(spreader: Spreader, lines: list[Line]) -> None:
    few = lines[: MANY - 1]
    spreader.write(b"frame", few)
    for line in few:
        line.drain()
        assert (line.read, line.writes) == (b"frame", 1)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 4000), st.sets(st.integers(0, 2 * MANY))), min_size=1, max_size=8),
    st.booleans(),
)
def test_every_reader_gets_every_byte_once_and_in_order(
    turns: list[tuple[int, set[int]]], kept: bool
) -> None:
    """Each turn is a frame, and who reads after it. Full sockets take a part of it, or nothing."""
    spreader = Spreader()
    lines = [Line(spreader) for _ in range(2 * MANY + 1)]
    group = Group()
    group.enter(lines)
    said = frames([size for size, _ in turns])
    for frame, (_, readers) in zip(said, turns, strict=True):
        spreader.write(frame, lines, group.outlets(spreader) if kept else None)
        for reader in readers:
            lines[reader].drain()
    for line in lines:
        with closing(line):
            while line.queue:
                line.drain()
            line.drain()
            assert line.read == b"".join(said)


def test_what_a_full_socket_does_not_take_waits_in_its_transport(
    spreader: Spreader, lines: list[Line]
) -> None:
    full = lines[3]
    while not full.queue:
        full.write(b"x" * 1000)
    before = len(full.queue)
    full.queue, full.writes = b"", 0
    full._use(full.server.fileno())
    spreader.write(b"frame", lines)
    assert before
    assert full.queue == b"frame"
    assert full.outlet == -1
    for line in lines:
        line.drain()
        assert line.read.endswith(b"frame")


def test_a_broken_socket_hurts_nobody_else(spreader: Spreader, lines: list[Line]) -> None:
    lines[MANY].client.close()
    lines[MANY + 1].client.close()
    for frame in frames([1, 2]):
        spreader.write(frame, lines)
    for line in lines[:MANY] + lines[MANY + 2 :]:
        line.drain()
        assert line.read == b"".join(frames([1, 2]))


def test_a_descriptor_that_was_given_back_is_never_written_to(spreader: Spreader, lines: list[Line]) -> None:
    """The next connection gets the number of the one that is gone."""
    group = Group()
    group.enter(lines)
    known = group.outlets(spreader)
    spreader.write(b"first", lines, known)
    gone = lines[5]
    number = gone.outlet
    gone._use(-1)
    gone.close()
    group.leave(gone)
    with closing(Line(spreader)) as stranger:
        assert number in (stranger.server.fileno(), stranger.client.fileno())
        staying = [line for line in lines if line is not gone]
        spreader.write(b"second", staying, known)
        spreader.write(b"third", staying, group.outlets(spreader))
        stranger.drain()
        stranger.client, stranger.server = stranger.server, stranger.client
        stranger.drain()
        assert not stranger.read
    lines.remove(gone)
    for line in lines:
        line.drain()
        assert line.read == b"firstsecondthird"


def test_a_group_knows_its_outlets_until_something_changes(spreader: Spreader, lines: list[Line]) -> None:
    group = Group()
    group.enter(lines[:MANY])
    known = group.outlets(spreader)
    assert known is not None
    assert known is group.outlets(spreader)
    group.enter(lines[MANY : MANY + 1])
    assert _owners(group, spreader) == lines[: MANY + 1]
    assert group.leave(lines[0])
    assert not group.leave(lines[0])
    assert _owners(group, spreader) == lines[1 : MANY + 1]
    lines[1]._use(-1)
    assert _owners(group, spreader) == lines[2 : MANY + 1]
    assert group.leave(lines[1])
    assert group.outlets(spreader) is None


def _owners(group: Group, spreader: Spreader) -> list[Member]:
    outlets = group.outlets(spreader)
    assert outlets is not None
    assert outlets.sockets == [owner.outlet for owner in outlets.owners]
    return outlets.owners


def test_transports_write_for_a_while_after_other_threads_had_their_turn(lines: list[Line]) -> None:
    ticks = count()
    times, waits = [0.0], [0]
    spreader = Spreader(lambda: times[0] + 0.01 * next(ticks), lambda: waits[0] + next(ticks))
    for line in lines:
        line.spreader = spreader
    spreader.write(b"frame", lines)
    direct = sum(not line.writes for line in lines)
    assert 0 < direct < len(lines)
    spreader.write(b"frame", lines)
    assert sum(line.writes for line in lines) == 2 * len(lines) - direct
    times[0] += 60
    spreader.write(b"frame", lines)
    assert sum(line.writes for line in lines) == 3 * len(lines) - 2 * direct
    for line in lines:
        line.drain()
        assert line.read == b"frame" * 3


def test_a_core_that_others_have_taken_meanwhile_changes_nothing(lines: list[Line]) -> None:
    """Then the loop did not run, either, but it did not wait: what is written directly still costs less."""
    ticks = count()
    spreader = Spreader(lambda: 0.01 * next(ticks), lambda: 0)
    for line in lines:
        line.spreader = spreader
    spreader.write(b"frame", lines)
    assert not sum(line.writes for line in lines)
