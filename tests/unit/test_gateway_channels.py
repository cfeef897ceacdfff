"""What channel names mean, and the frames that carry their publications."""

import pytest

from renown.gateway.hub.channels import Address, Source, find, route
from renown.gateway.options import ChannelRule, ChannelRules
from renown.gateway.transports.wires import text_frame
from renown.protocol.access import Route, Who
from renown.protocol.codes import ERRORS


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
    address = find(channel)
    assert isinstance(address, Address)
    assert (address.channel, address.source, address.name, address.stream) == (channel, source, name, stream)


@pytest.mark.parametrize("channel", ["", ":", "standing", "x:1", "$standing:seller:42", "Standing:seller:42"])
def test_unknown_namespaces(channel: str) -> None:
    assert find(channel) is ERRORS.UNKNOWN_CHANNEL


@pytest.mark.parametrize(
    "channel",
    ["standing:", "standing:seller", "standing:seller:", "standing:seller:ä", "standing:seller:4 2",
     "standing:seller:42\n", "board:seller:42", "board:", "board:seller\n", "feed:Ä"],
)  # fmt: skip
def test_names_that_cannot_be(channel: str) -> None:
    assert find(channel) is ERRORS.BAD_REQUEST


def test_routes_follow_the_rules() -> None:
    rules = ChannelRules(standing=ChannelRule(subscribe=Who.USERS))
    assert route("standing:seller:42", rules) == Route(stream=False, subscribe=Who.USERS)
    assert route("activity:seller:42", rules) == Route(stream=True, subscribe=Who.ANYONE)
    assert route("x:1", rules) is ERRORS.UNKNOWN_CHANNEL


@pytest.mark.parametrize("kind, known", [("seller", True), ("sellers", False), ("all", False)])
@pytest.mark.parametrize("channel", ["standing:{}:42", "activity:{}:42", "board:{}", "feed:{}"])
def test_channels_of_a_kind_without_policy_are_unknown(channel: str, kind: str, known: bool) -> None:
    found = route(channel.format(kind), ChannelRules(), ("seller", "product"))
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
