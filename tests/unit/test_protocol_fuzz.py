"""Whatever bytes clients send: commands or `Undecodable`, never anything else, and no great memory."""

import json
import tracemalloc
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from renown.protocol.codec import JSON, PROTOBUF, Codec, Undecodable, Unspeakable
from renown.protocol.commands import Command
from renown.protocol.protobuf_codec import varint
from renown.protocol.raw import compact, is_json
from renown.protocol.replies import Publication
from renown.protocol.wire import client_pb2 as pb
from tests.unit.protocol_shapes import as_json, messages

LIMIT = 65_536
"""The longest message that a client may send."""
COMMANDS = st.lists(messages(pb.Command.DESCRIPTOR), min_size=1, max_size=3)


def lines(commands: list[dict[str, Any]]) -> bytes:
    return b"\n".join(json.dumps(as_json(command)).encode() for command in commands)


def framed(commands: list[dict[str, Any]]) -> bytes:
    return PROTOBUF.join([pb.Command(**command).SerializeToString() for command in commands])


def read(codec: Codec, message: bytes) -> list[Command]:
    """Read a message as a session does; whatever others are sent of it can be sent."""
    commands: list[Command] = []
    with suppress(Undecodable):
        commands.extend(codec.command(encoded) for encoded in codec.split(message))
    for command in commands:
        assert 0 <= (command.id or 0) < 2**32
        if command.publish is not None and command.publish.data:
            publish(codec, bytes(command.publish.data))
        if command.subscribe is not None:
            assert 0 <= (command.subscribe.offset or 0) < 2**53
    return commands


def publish(codec: Codec, data: bytes) -> None:
    """Data of JSON clients is always JSON; of others it is, or is known not to be."""
    try:
        accepted = Publication(msgspec.Raw(compact(data)), offset=1)
    except Unspeakable:
        assert not codec.json
        accepted = Publication(msgspec.Raw(data), offset=1, binary=True)
        with pytest.raises(Unspeakable):
            JSON.publication("a", accepted)
    else:
        push = JSON.publication("a", accepted)
        assert b"\n" not in push
        assert b"\r" not in push
        assert is_json(push)
    assert PROTOBUF.split(PROTOBUF.join([PROTOBUF.publication("a", accepted)]))


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200))
@example(b"\x80" * 11 + b"\x00")
@example(b"\xff" * 9 + b"\x01")
@example(b"\xff\xff\xff\xff\x0f{}")
@example(b"[" * LIMIT)
@example(b'{"rpc":{"data":' + b"[" * 60_000)
@example(b'{"publish":{"data":"\xff"}}')
@example(b'{"publish":{"data":"\\ud83d"},"id":1}')
@example(b'{"publish":{"data":' + b"9" * 60_000 + b'},"id":1}')
@example(b'{"id":' + b"9" * 60_000 + b"}")
@example(b'{"id":1e400}')
@example(b'{"subscribe":{"flag":' + b"9" * 400 + b"}}")
def test_any_bytes(message: bytes) -> None:
    read(JSON, message)
    read(PROTOBUF, message)


def edited(data: st.DataObject, message: bytes) -> bytes:
    """Return the message after some damage: bytes set, cut, doubled, put in, lengths made huge."""
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(message)))
        end = data.draw(st.integers(at, min(len(message), at + 8)))
        middle = data.draw(
            st.binary(max_size=4)
            | st.just(message[at:end] * 2)
            | st.integers(0, 2**64 - 1).map(varint)
            | st.sampled_from([b'"', b"{", b"]", b"\\u", b"\n", b"null", b"-1", b"1e9", b"\xed\xa0\x80"])
        )
        message = message[:at] + middle + message[end:]
    return message


@settings(deadline=None, max_examples=150)
@given(COMMANDS, st.data())
def test_damaged_messages(commands: list[dict[str, Any]], data: st.DataObject) -> None:
    for codec, encode in ((JSON, lines), (PROTOBUF, framed)):
        message = encode(commands)
        if message:
            assert len(read(codec, message)) == len(commands)
        read(codec, edited(data, message))


@settings(deadline=None, max_examples=150)
@given(COMMANDS, st.data())
def test_damaged_commands_behind_right_lengths(commands: list[dict[str, Any]], data: st.DataObject) -> None:
    for command in commands:
        read(PROTOBUF, PROTOBUF.join([edited(data, pb.Command(**command).SerializeToString())]))


@settings(deadline=None)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=20), st.integers(1, 500))
def test_messages_hold_every_reply_in_order(replies: list[bytes], limit: int) -> None:
    made = list(PROTOBUF.messages(replies, limit))
    assert [reply for message in made for reply in PROTOBUF.split(message)] == replies
    assert b"".join(made) == PROTOBUF.join(replies)
    assert all(len(message) <= limit or len(PROTOBUF.split(message)) == 1 for message in made)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x01",
        b"\x80",
        b"\x05ab",
        varint(2**31) + b"ab",
        varint(2**63) + b"ab",
        b"\xff" * 10 + b"\x01",
        b"\0" + varint(2**40),
    ],
)
def test_lengths_that_lie(message: bytes) -> None:
    with pytest.raises(Undecodable):
        PROTOBUF.split(message)


@pytest.mark.parametrize(
    "encoded",
    [
        b"\x08",
        b"\x2a\x05ab",
        b"\x2a" + varint(2**31 - 1) + b"a",
        pb.Command(subscribe=pb.SubscribeRequest(channel="ab"))
        .SerializeToString()
        .replace(b"ab", b"\xff\xfe"),
    ],
)
def test_what_is_no_protobuf_command(encoded: bytes) -> None:
    with pytest.raises(Undecodable):
        PROTOBUF.command(encoded)


def _nested(depth: int) -> bytes:
    """Return a filter of so many nodes within each other, by hand: none that is honest is so deep."""
    node = b""
    for _ in range(depth):
        node = b"\x32" + varint(len(node)) + node
    tf = b"\x6a" + varint(len(node)) + node
    return b"\x2a" + varint(len(tf)) + tf


def test_deep_filters() -> None:
    assert PROTOBUF.command(_nested(20)).subscribe is not None
    with pytest.raises(Undecodable):
        PROTOBUF.command(_nested(10_000))


@pytest.mark.parametrize(
    "codec, message",
    [
        (PROTOBUF, b"\0" * LIMIT),
        (PROTOBUF, b"\x02\x2a\0" * (LIMIT // 3)),
        (PROTOBUF, varint(2**32) + b"\0" * (LIMIT - 5)),
        (PROTOBUF, PROTOBUF.join([_nested(10_000)])),
        (PROTOBUF, framed([{"connect": {"subs": {f"{n}": {} for n in range(6_000)}}}])),
        (JSON, b"\n" * LIMIT),
        (JSON, b"{}\n" * (LIMIT // 3)),
        (JSON, b'{"connect":{"subs":{' + b",".join(b'"%d":{}' % n for n in range(6_000)) + b"}}}"),
        (JSON, b'{"subscribe":{"tf":' + b'{"nodes":[' * 6_000),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else type(value).__name__,
)
def test_memory_stays_in_proportion(codec: Codec, message: bytes) -> None:
    assert len(message) <= LIMIT
    tracemalloc.start()
    try:
        encoded: list[bytes] = []
        with suppress(Undecodable):
            encoded = codec.split(message)
        for each in encoded:
            with suppress(Undecodable):
                codec.command(each)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 50 * LIMIT
