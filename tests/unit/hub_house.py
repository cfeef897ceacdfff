"""A hub over real rooms in memory, and members that read all that they are written as clients do.

They decode it as the official clients, patches included, and check it as it comes.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import msgspec

from renown.gateway.channels import Address, Channels
from renown.gateway.hub.delivery import Delivery
from renown.gateway.hub.hub import Hub
from renown.gateway.hub.library import Library
from renown.gateway.hub.rooms import RoomKeeper
from renown.gateway.metrics import GatewayMetrics
from renown.gateway.options import GatewayOptions, Recovery, RoomRule
from renown.gateway.wires import SSE_JSON, STREAM_JSON, STREAM_PROTOBUF, WS_JSON, WS_PROTOBUF, Wire
from renown.model import Entry
from renown.protocol.codec import PROTOBUF
from renown.protocol.codes import Disconnect, Error
from renown.protocol.commands import FilterNode
from renown.protocol.effects import Attach, Log, Newest, Position, State
from renown.protocol.fossil import apply
from renown.protocol.wire import client_pb2
from renown.rooms import Draft, MemoryRooms

__all__ = [
    "CHAT",
    "EVEN",
    "FORMS",
    "NEWS",
    "SHOUT",
    "SMALL",
    "Client",
    "House",
    "Watched",
    "draft",
    "text",
]

CHAT, NEWS, SHOUT, SMALL = "chat:a", "news:a", "shout:a", "small:a"
OPTIONS = GatewayOptions(
    rooms={
        "chat": RoomRule(history_size=1000, presence=True, join_leave=True, delta=True, filters=True),
        "news": RoomRule(history_size=10, recovery=Recovery.NEWEST, interval=0.002, delta=True, filters=True),
        "shout": RoomRule(delta=True, filters=True),
        "small": RoomRule(history_size=3, max_subscribers=2),
    }
)
FOUND = Channels(OPTIONS)
EVEN = FilterNode(key="even", cmp="eq", val="yes")
FORMS: list[tuple[Wire, bool, FilterNode | None]] = [
    (WS_JSON, False, None),
    (WS_JSON, True, None),
    (STREAM_JSON, False, EVEN),
    (SSE_JSON, True, None),
    (WS_PROTOBUF, True, None),
    (STREAM_PROTOBUF, False, None),
    (WS_PROTOBUF, True, EVEN),
]


class Nothing:
    """A ledger in which nothing happens."""

    id = "e"

    def behind(self) -> bool:
        return False

    async def snapshots(self, subjects: list[str]) -> dict[str, tuple[int, bytes]]:
        return {}

    async def activity(self, subject: str, after: int, limit: int) -> list[tuple[int, bytes]]:
        return []

    async def recent(self, kind: str | None, limit: int) -> tuple[int, list[bytes]]:
        return 0, []

    async def board(self, kind: str, limit: int) -> tuple[int, list[bytes]]:
        return 0, []

    async def page(self, kind: str, after: str, limit: int) -> tuple[int, list[tuple[str, int, bytes]]]:
        return 0, []

    async def changed(self, kind: str, after: int, limit: int) -> tuple[int, list[tuple[str, int, bytes]]]:
        return 0, []

    async def events(self, subject: str, before: int | None, limit: int) -> list[Entry]:
        return []

    def confidence(self, subject: str) -> float:
        return 0.95


def text(number: int) -> dict[str, Any]:
    """What the publication with a number says: long and much like the one before, as patches like it."""
    return {"n": number, "pad": "a long sentence that every publication repeats, word for word: äöü" * 3}


def draft(number: int) -> Draft:
    return Draft(
        msgspec.Raw(json.dumps(text(number), ensure_ascii=False).encode()),
        tags={"even": "yes" if number % 2 == 0 else "no"},
    )


class Watched:
    """One subscription, as its client sees it."""

    def __init__(self, position: int, base: bytes | None) -> None:
        self.position = position
        self.base = base
        self.numbers: list[int] = []
        self.patched = 0


class Client:
    """A connection that reads its frames and checks them as they come."""

    def __init__(self, hub: Hub, form: tuple[Wire, bool, FilterNode | None], name: str = "c") -> None:
        self.hub = hub
        self.wire, self.delta, self.filter = form
        self.name = name
        self.paused = False
        self.waiting: dict[str, int | None] = {}
        self.watched: dict[str, Watched] = {}
        self.known: dict[str, tuple[str, int]] = {}
        self.answers: list[State | Error] = []
        self.heard: list[tuple[str, str, str]] = []
        self.closed: list[Disconnect] = []
        self.lost: list[str] = []
        self.held: list[bytes] | None = None
        self.outlet = -1
        self.writes = 0

    # As a member

    @property
    def write(self) -> Callable[[bytes], None]:
        return self._write if self.held is None else self.held.append

    def crowded(self) -> None:
        return

    def close(self, why: Disconnect) -> None:
        self.closed.append(why)
        for channel in list(self.watched):
            self.detach(channel)

    def lost_track(self, channel: str) -> None:
        self.lost.append(channel)
        self.detach(channel)

    def found(self, channel: str, state: State | Error) -> bool:
        after = self.waiting.pop(channel)
        self.answers.append(state)
        if isinstance(state, Error):
            return False
        watched = Watched(0, None)
        if isinstance(state, Newest):
            watched.position = state.offset
            if state.offset and state.data:
                data = self._data(msgspec.Raw(state.data), False, None)
                watched.base = data
                assert json.loads(data) == text(state.offset)
        elif isinstance(state, Log):
            watched.position = state.top
            numbers: list[int] = []
            for publication in state.publications:
                watched.base = self._data(publication.data, publication.delta, watched.base)
                assert json.loads(watched.base) == text(publication.offset)
                numbers.append(publication.offset)
            if after is not None and (numbers or state.skipped):
                wanted = [n for n in range(after + 1, state.top + 1) if self.filter is None or n % 2 == 0]
                assert numbers == wanted
                assert len(numbers) + state.skipped == state.top - after
        assert isinstance(state, Newest | Log)
        self.known[channel] = (state.epoch, watched.position)
        self.watched[channel] = watched
        return True

    # As a client

    def attach(self, channel: str, recover: bool = True, hold: bool = False, **more: Any) -> None:
        if channel in self.waiting or channel in self.watched:
            return
        address = FOUND.find(channel)
        assert isinstance(address, Address)
        known = self.known.get(channel)
        since = Position(*known) if known and known[0] and recover and address.stream else None
        self.waiting[channel] = since.offset if since else None
        wanted = Attach(channel, since, delta=self.delta, filter=self.filter, hold=hold, **more)
        self.hub.attach(self, address, wanted)

    def detach(self, channel: str) -> None:
        # On the wire it lies before the end of the subscription, however late it is read.
        held, self.held = self.held, None if self.held is None else []
        for frame in held or ():
            self._write(frame)
        if self.watched.pop(channel, None) is not None:
            self.hub.detach(self, channel)

    def pause(self) -> None:
        self.paused = True
        self.hub.pause(self, list(self.watched))

    def resume(self) -> None:
        self.paused = False
        for frame in self.hub.resume(self, list(self.watched)):
            self.write(frame)

    def hold(self) -> None:
        if self.held is None:
            self.held = []

    def release(self) -> None:
        held, self.held = self.held or [], None
        for frame in held:
            self._write(frame)

    def _write(self, frame: bytes) -> None:
        self.writes += 1
        for reply in replies_in(self.wire, frame):
            self._take(reply)

    def _take(self, push: dict[str, Any]) -> None:
        channel = push["channel"]
        for what in ("join", "leave"):
            if what in push:
                self.heard.append((what, push[what]["info"]["client"], channel))
                return
        watched = self.watched.get(channel)
        assert watched is not None, "a push before its reply or after its end"
        pub = push["pub"]
        data = pub["data"] if isinstance(pub["data"], bytes) else json.dumps(pub["data"], ensure_ascii=False)
        if self.delta and self.wire.codec.json:
            assert isinstance(pub["data"], str)
            data = pub["data"].encode()
        data = data if isinstance(data, bytes) else data.encode()
        if pub.get("delta"):
            assert watched.base is not None
            assert self.delta
            assert self.filter is None
            data = apply(watched.base, data)
            watched.patched += 1
        watched.base = data
        said = json.loads(data)
        assert said == text(said["n"])
        assert self.filter is None or said["n"] % 2 == 0
        offset = pub.get("offset", 0)
        if channel == SHOUT:
            assert not offset
        elif offset:
            assert offset == said["n"]
            assert offset > watched.position
            watched.position = offset
            self.known[channel] = (self.known[channel][0], offset)
        watched.numbers.append(said["n"])

    def _data(self, raw: msgspec.Raw, patched: bool, base: bytes | None) -> bytes:
        data = bytes(raw)
        if self.delta and self.wire.codec.json:
            data = json.loads(data).encode()
        if patched:
            assert base is not None
            data = apply(base, data)
        return data


def replies_in(wire: Wire, frame: bytes) -> list[dict[str, Any]]:
    """Return the pushes in what a wire wrote."""
    if wire is STREAM_JSON:
        assert frame.endswith(b"\n")
        assert frame.count(b"\n") == 1
        return [json.loads(frame)["push"]]
    if wire is SSE_JSON:
        assert frame.startswith(b"data: ")
        assert frame.endswith(b"\n\n")
        return [json.loads(frame[6:])["push"]]
    body = frame
    if wire is not STREAM_PROTOBUF:
        assert frame[0] == (0x81 if wire is WS_JSON else 0x82)
        body = frame[2:] if frame[1] < 126 else frame[4:] if frame[1] == 126 else frame[10:]
    if wire is WS_JSON:
        return [json.loads(line)["push"] for line in body.split(b"\n")]
    return [_of_protobuf(encoded) for encoded in PROTOBUF.split(body)]


def _of_protobuf(encoded: bytes) -> dict[str, Any]:
    push = client_pb2.Reply.FromString(encoded).push
    for what in ("join", "leave"):
        if push.HasField(what):
            info = getattr(push, what).info
            return {"channel": push.channel, what: {"info": {"client": info.client}}}
    pub = {"data": push.pub.data, "delta": push.pub.delta, "offset": push.pub.offset}
    return {"channel": push.channel, "pub": pub}


class House:
    """A hub over real rooms."""

    def __init__(self) -> None:
        self.metrics = GatewayMetrics()
        self.rooms = RoomKeeper(MemoryRooms())
        self.hub = Hub("e", OPTIONS, Delivery(self.metrics), self.metrics)
        self.library = Library(Nothing(), self.hub, OPTIONS, self.rooms)
        self.published: dict[str, int] = {}
        self.failures: list[dict[str, Any]] = []

    async def __aenter__(self) -> "House":
        asyncio.get_running_loop().set_exception_handler(lambda _, context: self.failures.append(context))
        self.hub.start(self.library)
        await self.rooms.start(self.hub.publish)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.library.close()
        await self.rooms.close()
        self.hub.stop()
        assert not self.failures, self.failures

    async def publish(self, channel: str) -> None:
        address = FOUND.find(channel)
        assert isinstance(address, Address)
        number = self.published[channel] = self.published.get(channel, 0) + 1
        position = await self.rooms.publish(address, draft(number))
        assert isinstance(position, Position)
        assert position.offset in (0, number)

    def room(self, channel: str) -> Address:
        address = FOUND.find(channel)
        assert isinstance(address, Address)
        return address
