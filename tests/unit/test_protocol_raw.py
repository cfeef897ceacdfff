"""Data that is passed on: what is JSON, how it becomes one line, and what no JSON client can be told."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renown.protocol.codec import JSON, PROTOBUF, Unspeakable
from renown.protocol.raw import as_text, compact, is_json, mended
from renown.protocol.replies import (
    EMPTY,
    ClientInfo,
    ConnectResult,
    HistoryResult,
    Joined,
    Message,
    PresenceResult,
    Publication,
    Push,
    Reply,
    RpcResult,
    SubscribePush,
    SubscribeResult,
)

BYTES = msgspec.Raw(b"\x00\x01 no JSON")
INJECTED = msgspec.Raw(b'1,"offset":99')
PRETTY = msgspec.Raw(b'{\r\n  "a": [1,\n 2.50]\n}')


@pytest.mark.parametrize(
    "raw", [b"1", b'"x"', b"null", b'{"a":[1.10,{}]}', b"1e999", b"9" * 50, '"é"'.encode(), b' {"a":\n1}\n']
)
def test_json(raw: bytes) -> None:
    assert is_json(raw)


@pytest.mark.parametrize(
    "raw",
    [b"", b" ", b"{", b"1 2", b"01", b"NaN", b"'a'", b'"\xff"', b'"a\nb"', b"[1,]", b"[" * 9000, INJECTED],
)
def test_no_json(raw: bytes) -> None:
    assert not is_json(raw)
    with pytest.raises(Unspeakable):
        compact(bytes(raw))


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
    ),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_one_line_says_the_same(value: object, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        return
    line = compact(raw)
    assert b"\n" not in line
    if b"\\ud" not in raw:
        assert json.loads(line) == value


def test_a_line_is_left_as_it_is() -> None:
    raw = b'{ "price": 1.10, "id": 12345678901234567890 }'
    assert compact(raw) is raw
    assert compact(b'{"price":\r\n1.10}') == b'{"price":1.10}'


@pytest.mark.parametrize(
    "raw, better",
    [
        (rb'"cut \ud83d"', rb'"cut \ufffd"'),
        (rb'"\udc4d is cut"', rb'"\ufffd is cut"'),
        (rb'"whole \ud83d\udc4d"', rb'"whole \ud83d\udc4d"'),
        (rb'"\ud83d\ud83d\udc4d"', rb'"\ufffd\ud83d\udc4d"'),
        (rb'"no escape: \\ud83d"', rb'"no escape: \\ud83d"'),
        (rb'"\u00e9"', rb'"\u00e9"'),
    ],
)
def test_half_characters_are_mended(raw: bytes, better: bytes) -> None:
    assert mended(raw) == compact(raw) == better
    assert is_json(better)


def test_a_command_with_half_a_character_is_understood() -> None:
    command = JSON.command(rb'{"id":1,"publish":{"channel":"a","data":{"text":"cut \ud83d"}}}')
    assert command.publish is not None
    assert bytes(command.publish.data) == rb'{"text":"cut \ufffd"}'


def _everywhere(data: msgspec.Raw) -> list[Reply]:
    info = ClientInfo("u", "c", conn_info=data)
    binary = Publication(data, binary=not is_json(data))
    from_client = Publication(msgspec.Raw(b"1"), ClientInfo("u", "c", chan_info=data))
    return [
        Reply(1, connect=ConnectResult("c", "v", data=data)),
        Reply(1, connect=ConnectResult("c", "v", subs={"a": SubscribeResult(data=data)})),
        Reply(1, subscribe=SubscribeResult(publications=(binary,))),
        Reply(1, subscribe=SubscribeResult(state=(from_client,))),
        Reply(1, history=HistoryResult((from_client, binary), "e", 1)),
        Reply(1, presence=PresenceResult({"c": info})),
        Reply(1, rpc=RpcResult(data)),
        Reply(push=Push("a", pub=binary)),
        Reply(push=Push("a", pub=from_client)),
        Reply(push=Push("a", join=Joined(info))),
        Reply(push=Push("a", leave=Joined(info))),
        Reply(push=Push(message=Message(data))),
        Reply(push=Push("a", subscribe=SubscribePush(data=data))),
    ]


@pytest.mark.parametrize("data", [BYTES, INJECTED])
def test_bytes_that_are_no_json_are_not_said_in_json(data: msgspec.Raw) -> None:
    for reply in _everywhere(data):
        with pytest.raises(Unspeakable):
            JSON.reply(reply)
        assert bytes(data) in PROTOBUF.reply(reply)
        if reply.push is not None and reply.push.pub is not None:
            with pytest.raises(Unspeakable):
                JSON.publication("a", reply.push.pub)
            assert bytes(data) in PROTOBUF.publication("a", reply.push.pub)


def test_line_breaks_in_data_do_not_break_lines() -> None:
    for reply in _everywhere(PRETTY):
        line = JSON.reply(reply)
        assert b"\n" not in line
        assert b"\r" not in line
        assert b'{"a":[1,2.50]}' in line
    assert JSON.publication("a", Publication(PRETTY)) == (
        b'{"push":{"channel":"a","pub":{"data":{"a":[1,2.50]}}}}'
    )


@pytest.mark.parametrize("empty", [EMPTY, msgspec.Raw(b"")])
def test_a_removed_key_has_no_data(empty: msgspec.Raw) -> None:
    removed = Publication(empty, key="k", removed=True)
    line = b'{"push":{"channel":"a","pub":{"key":"k","removed":true}}}'
    assert JSON.publication("a", removed) == JSON.reply(Reply(push=Push("a", pub=removed))) == line
    history = Reply(1, history=HistoryResult((removed,), "e", 0))
    assert json.loads(JSON.reply(history))["history"]["publications"] == [{"key": "k", "removed": True}]


def test_text_for_patches() -> None:
    assert JSON.text(b'{"a":"\xc3\xa9"}') == b'"{\\"a\\":\\"\xc3\xa9\\"}"'
    assert json.loads(JSON.text(b"1B\nE:x")) == "1B\nE:x"
    assert PROTOBUF.text(b"\xff") == b"\xff"
    with pytest.raises(Unspeakable):
        as_text(b"\xff")
