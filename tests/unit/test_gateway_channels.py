"""What channel names mean, and the frames that carry their publications."""

import pytest

from renown.gateway.channels import Address, Channels, Source
from renown.gateway.options import GatewayOptions
from renown.gateway.wires import (
    MESSAGE_JSON,
    SSE_JSON,
    STREAM_JSON,
    STREAM_PROTOBUF,
    WIRES,
    WS_PROTOBUF,
    Wire,
    text_frame,
)
from renown.protocol.access import Route, Shape
from renown.protocol.codes import ERRORS

CHANNELS = Channels(GatewayOptions())


@pytest.mark.parametrize(
    "channel, source, name, stream",
    [
        ("standing:seller:42", Source.STANDING, "seller:42", False),
        ("standing:user:a:b#c", Source.STANDING, "user:a:b#c", False),
        ("activity:seller:42", Source.ACTIVITY, "seller:42", True),
        ("board:seller", Source.BOARD, "seller", False),
        ("feed:all", Source.FEED, "all", False),
        ("feed:product", Source.FEED, "product", False),
    ],
)
def test_addresses(channel: str, source: Source, name: str, stream: bool) -> None:
    address = CHANNELS.find(channel)
    assert isinstance(address, Address)
    assert (address.channel, address.source, address.name, address.stream) == (channel, source, name, stream)


@pytest.mark.parametrize("channel", ["", ":", "standing", "x:1", "$standing:seller:42", "Standing:seller:42"])
def test_unknown_namespaces(channel: str) -> None:
    assert CHANNELS.find(channel) is ERRORS.UNKNOWN_CHANNEL


@pytest.mark.parametrize(
    "channel",
    ["standing:", "standing:seller", "standing:seller:", "standing:seller:ä", "standing:seller:4 2",
     "standing:seller:42\n", "board:seller:42", "board:", "board:seller\n", "feed:Ä"],
)  # fmt: skip
def test_names_that_cannot_be(channel: str) -> None:
    assert CHANNELS.find(channel) is ERRORS.BAD_REQUEST


def test_routes_follow_the_source() -> None:
    standing, activity = CHANNELS.route("standing:seller:42"), CHANNELS.route("activity:seller:42")
    assert isinstance(standing, Route)
    assert isinstance(activity, Route)
    assert (standing.shape, standing.history, standing.packed) == (Shape.NEWEST, False, True)
    assert (activity.shape, activity.history, activity.packed) == (Shape.STREAM, True, False)
    assert CHANNELS.route("x:1") is ERRORS.UNKNOWN_CHANNEL


@pytest.mark.parametrize("kind, known", [("seller", True), ("sellers", False), ("all", False)])
@pytest.mark.parametrize("channel", ["standing:{}:42", "activity:{}:42", "board:{}", "feed:{}"])
def test_channels_of_a_kind_without_policy_are_unknown(channel: str, kind: str, known: bool) -> None:
    found = Channels(GatewayOptions(), ("seller", "product")).route(channel.format(kind))
    exists = known or channel.format(kind) == "feed:all"
    assert isinstance(found, Route) if exists else found is ERRORS.UNKNOWN_CHANNEL


@pytest.mark.parametrize(
    "size, head",
    [
        (0, "8100"),
        (125, "817d"),
        (126, "817e007e"),
        (65_535, "817effff"),
        (65_536, "817f0000000000010000"),
    ],
)
def test_frames(size: int, head: str) -> None:
    assert text_frame(b"x" * size) == bytes.fromhex(head) + b"x" * size


@pytest.mark.parametrize("wire", WIRES, ids=repr)
def test_wires_carry_every_push_once_and_in_order(wire: Wire) -> None:
    pushes = [b'{"n":%d}' % n for n in range(3)]
    frames = wire.frames(pushes)
    whole = b"".join(frames)
    places = [whole.index(push) for push in pushes]
    assert places == sorted(places)
    assert len(frames) == (1 if wire.name in ("websocket", "asgi") else 3)


def test_streams_write_each_reply_by_itself() -> None:
    assert STREAM_JSON.frames([b"{}", b"1"]) == [b"{}\n", b"1\n"]
    assert SSE_JSON.frames([b"{}", b"1"]) == [b"data: {}\n\n", b"data: 1\n\n"]
    assert STREAM_PROTOBUF.frames([b"", b"ab"]) == [b"\x00", b"\x02ab"]
    assert WS_PROTOBUF.frames([b"", b"ab"]) == [b"\x82\x04\x00\x02ab"]
    assert MESSAGE_JSON.frames([b"{}", b"1"]) == [b"{}\n1"]
