"""Rooms in the hub, in every form at once: who watches misses nothing, sees nothing twice, can read it.

The rooms are the real ones in memory; members are connections that decode what they are written as the
official clients do, patches included.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

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
from renown.protocol.codes import DISCONNECTS, ERRORS, Disconnect, Error
from renown.protocol.commands import FilterNode
from renown.protocol.effects import Attach, Log, Newest, Position, State
from renown.protocol.fossil import apply
from renown.protocol.replies import ClientInfo, Publication
from renown.protocol.wire import client_pb2
from renown.rooms import Draft, MemoryRooms

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


NUMBERS = st.integers(0, len(FORMS) - 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.just(0), st.sampled_from([CHAT, CHAT, NEWS, SHOUT])),
        st.tuples(st.sampled_from(["attach", "detach"]), NUMBERS, st.sampled_from([CHAT, NEWS, SHOUT])),
        st.tuples(st.sampled_from(["pause", "resume", "hold", "release"]), NUMBERS, st.just("")),
        st.tuples(st.just("turn"), st.integers(1, 4), st.just("")),
        st.tuples(st.just("sleep"), st.just(0), st.just("")),
    ),
    min_size=5,
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_whatever_happens_each_form_is_complete_in_order_and_readable(
    steps: list[tuple[str, int, str]],
) -> None:
    asyncio.run(_story(steps))


async def _story(steps: list[tuple[str, int, str]]) -> None:
    async with House() as house:
        clients = [Client(house.hub, form, f"c{number}") for number, form in enumerate(FORMS)]
        since: dict[tuple[int, str], int] = {}
        for step, number, what in steps:
            client = clients[number]
            if step == "publish":
                await house.publish(what)
            elif step == "attach":
                if what not in client.watched:
                    since[number, what] = house.published.get(what, 0)
                client.attach(what)
            elif step == "detach":
                client.detach(what)
            elif step in ("pause", "resume", "hold", "release"):
                getattr(client, step)()
            elif step == "turn":
                for _ in range(number):
                    await asyncio.sleep(0)
            else:
                await asyncio.sleep(0.003)
        for client in clients:
            client.release()
            client.resume()
        await asyncio.sleep(0.02)
        for number, client in enumerate(clients):
            assert not client.closed
            assert not client.lost
            for channel, watched in client.watched.items():
                _check_complete(client, channel, watched, house.published.get(channel, 0))
                if channel == SHOUT and watched.numbers and client.filter is None:
                    assert watched.numbers[0] == since[number, channel] + 1
        for client in clients:
            for channel in (CHAT, NEWS, SHOUT):
                client.detach(channel)
        assert house.hub.channels == {}
        assert house.metrics.subscriptions == 0


def _check_complete(client: Client, channel: str, watched: Watched, top: int) -> None:
    numbers = watched.numbers
    newest = top if client.filter is None else top - top % 2
    if channel == NEWS:
        assert numbers == sorted(set(numbers))
        assert client.filter is not None or watched.position == top
        return
    if numbers:
        step = 1 if client.filter is None else 2
        assert numbers == list(range(numbers[0], newest + 1, step))
    elif channel == CHAT and client.filter is None:
        assert watched.position == top


def test_patches_are_sent_to_those_who_hold_the_publication_before() -> None:
    async def story() -> None:
        async with House() as house:
            clients = [Client(house.hub, form) for form in FORMS]
            for client in clients:
                client.attach(CHAT)
            await asyncio.sleep(0.01)
            for _ in range(4):
                await house.publish(CHAT)
                await asyncio.sleep(0)
            patched = [client.watched[CHAT].patched for client in clients]
            assert patched == [0, 3, 0, 3, 3, 0, 0]
            late = Client(house.hub, FORMS[1])
            late.attach(CHAT)
            await asyncio.sleep(0.01)
            await house.publish(CHAT)
            await asyncio.sleep(0.01)
            assert late.watched[CHAT].numbers == [5]
            assert not late.watched[CHAT].patched
            assert clients[1].watched[CHAT].patched == 4

    asyncio.run(story())


def test_equal_forms_are_made_once() -> None:
    """Members with filters that differ in order only are written the very same bytes."""

    async def story() -> None:
        async with House() as house:
            frames: list[bytes] = []
            either = FilterNode(op="or", nodes=[EVEN, FilterNode(key="x", cmp="in", vals=["a", "b"])])
            same = FilterNode(op="or", nodes=[FilterNode(key="x", cmp="in", vals=["b", "a"], val=""), EVEN])

            class Keeping(Client):
                def _write(self, frame: bytes) -> None:
                    frames.append(frame)

            for tags in (either, same, either):
                Keeping(house.hub, (WS_JSON, False, tags)).attach(CHAT)
            await asyncio.sleep(0.01)
            await house.publish(CHAT)
            await house.publish(CHAT)
            await asyncio.sleep(0.01)
            assert len(frames) == 3
            assert len({id(frame) for frame in frames}) == 1
            assert house.metrics.deliveries == 3

    asyncio.run(story())


def test_who_is_here_is_known_and_told() -> None:
    async def story() -> None:
        async with House() as house:
            clients = [Client(house.hub, FORMS[n], f"c{n}") for n in (0, 3, 4)]
            for client in clients:
                client.attach(CHAT, info=ClientInfo("u", client.name), joins=client.name != "c3")
                await asyncio.sleep(0.01)
            assert house.hub.presence(CHAT).keys() == {"c0", "c3", "c4"}
            clients[0].detach(CHAT)
            await asyncio.sleep(0.01)
            assert house.hub.presence(CHAT).keys() == {"c3", "c4"}
            # A client hears of its own coming, and of nothing once it left.
            assert clients[0].heard == [("join", "c0", CHAT), ("join", "c3", CHAT), ("join", "c4", CHAT)]
            assert clients[1].heard == []
            assert clients[2].heard == [("join", "c4", CHAT), ("leave", "c0", CHAT)]
            for client in clients:
                client.detach(CHAT)
            await asyncio.sleep(0.01)
            assert house.hub.presence(CHAT) == {}

    asyncio.run(story())


def test_a_room_that_begins_anew_sends_its_watchers_away_to_come_back() -> None:
    async def story() -> None:
        async with House() as house:
            client = Client(house.hub, FORMS[0])
            client.attach(CHAT)
            client.attach(NEWS)
            await asyncio.sleep(0.01)
            for channel in (CHAT, NEWS):
                await house.publish(channel)
                await asyncio.sleep(0.01)
                old = client.known[channel]
                await house.rooms.of(house.room(channel)).forget(channel)
                house.published[channel] = 0
                await house.publish(channel)
                await asyncio.sleep(0.01)
                assert client.lost[-1] == channel
                assert channel not in client.watched
                client.attach(channel)
                await asyncio.sleep(0.01)
                assert client.known[channel][0] not in ("", old[0])
                assert client.known[channel][1] == 1
            assert house.metrics.subscriptions == 2

    asyncio.run(story())


def test_what_the_listener_lost_is_read_from_the_log_or_given_up() -> None:
    async def story() -> None:
        async with House() as house:
            client = Client(house.hub, FORMS[0])
            for channel in (CHAT, SMALL):
                client.attach(channel)
            await asyncio.sleep(0.01)
            for channel in (CHAT, SMALL):
                for _ in range(5):
                    await _unheard(house, channel)
            await house.library.sweep()
            await asyncio.sleep(0.01)
            assert client.watched[CHAT].numbers == [1, 2, 3, 4, 5]
            # Of five publications the small room keeps three: the others cannot be had any more.
            assert client.lost == [SMALL]

    asyncio.run(story())


async def _unheard(house: House, channel: str) -> None:
    """Publish while the hub is deaf: its channel is out of the table for that moment."""
    watched = house.hub.channels.pop(channel)
    await house.publish(channel)
    house.hub.channels[channel] = watched


def test_one_too_many_is_refused() -> None:
    async def story() -> None:
        async with House() as house:
            clients = [Client(house.hub, FORMS[0]) for _ in range(3)]
            for client in clients:
                client.attach(SMALL)
            await asyncio.sleep(0.01)
            assert clients[2].answers == [ERRORS.LIMIT_EXCEEDED]
            clients[0].detach(SMALL)
            clients[2].attach(SMALL)
            await asyncio.sleep(0.01)
            assert SMALL in clients[2].watched

    asyncio.run(story())


def test_bytes_that_are_no_json_end_json_clients_alone() -> None:
    async def story() -> None:
        async with House() as house:
            readers: list[bytes] = []

            class Counting(Client):
                def _write(self, frame: bytes) -> None:
                    readers.append(frame)

            plain, binary = Client(house.hub, FORMS[0]), Counting(house.hub, FORMS[5])
            for client in (plain, binary):
                client.attach(CHAT)
            await asyncio.sleep(0.01)
            await house.rooms.publish(house.room(CHAT), Draft(msgspec.Raw(b"\xff\x00")))
            await asyncio.sleep(0.01)
            assert plain.closed == [DISCONNECTS.INAPPROPRIATE_PROTOCOL]
            assert not binary.closed
            assert len(readers) == 1

    asyncio.run(story())


def test_what_is_not_kept_reaches_those_who_watch_and_nobody_later() -> None:
    async def story() -> None:
        async with House() as house:
            clients = [Client(house.hub, form) for form in FORMS[:2]]
            for channel in (CHAT, NEWS):
                for client in clients:
                    client.attach(channel)
                await asyncio.sleep(0.01)
                await house.publish(channel)
                await asyncio.sleep(0.01)
                passing = draft(7)
                house.hub.publish(channel, Publication(passing.data, tags=passing.tags), "")
                await asyncio.sleep(0.01)
                await house.publish(channel)
                await asyncio.sleep(0.01)
                late = Client(house.hub, FORMS[0])
                late.attach(channel)
                await asyncio.sleep(0.01)
                assert late.known[channel][1] == 2
                for client in clients:
                    assert client.watched[channel].numbers == [1, 7, 2]

    asyncio.run(story())


def test_what_was_held_back_comes_first_and_then_all_the_rest() -> None:
    """A client whose connect command is being answered gets everything after the answer, in order."""

    async def story() -> None:
        async with House() as house:
            clients = [Client(house.hub, form) for form in FORMS[:2]]
            for client in clients:
                client.hold()
                client.attach(CHAT, hold=True)
            await asyncio.sleep(0.01)
            for _ in range(2):
                await house.publish(CHAT)
                await asyncio.sleep(0)
            assert [client.watched[CHAT].numbers for client in clients] == [[], []]
            for client in clients:
                client.release()
            await house.publish(CHAT)
            await asyncio.sleep(0.01)
            assert [client.watched[CHAT].numbers for client in clients] == [[1, 2, 3]] * 2

    asyncio.run(story())


def test_nobody_is_told_who_came_before_in_the_same_moment() -> None:
    async def story() -> None:
        async with House() as house:
            first, second = (Client(house.hub, FORMS[0], name) for name in ("first", "second"))
            for client in (first, second):
                client.attach(CHAT, info=ClientInfo("u", client.name), joins=True)
            await asyncio.sleep(0.01)
            assert [name for _, name, _ in first.heard] == ["first", "second"]
            assert [name for _, name, _ in second.heard] == ["second"]

    asyncio.run(story())
