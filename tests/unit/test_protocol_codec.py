"""The JSON form: framing, null, unknown fields, number ranges, what is always or never there."""

import json
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renown.protocol.codec import JSON, Undecodable
from renown.protocol.codes import ERRORS, UNSUBSCRIBES
from renown.protocol.commands import Command
from renown.protocol.replies import (
    ConnectResult,
    EmptyResult,
    HistoryResult,
    Publication,
    Push,
    RefreshResult,
    Reply,
    SubscribeResult,
)


@pytest.mark.parametrize(
    "reply, expected",
    [
        (Reply(), "{}"),
        (
            Reply(1, connect=ConnectResult("c1", "x", ping=25, pong=True)),
            '{"id":1,"connect":{"client":"c1","version":"x","ping":25,"pong":true}}',
        ),
        (
            Reply(2, subscribe=SubscribeResult(recoverable=True, epoch="ab", offset=7, positioned=True)),
            '{"id":2,"subscribe":{"recoverable":true,"epoch":"ab","offset":7,"positioned":true}}',
        ),
        (Reply(2, subscribe=SubscribeResult()), '{"id":2,"subscribe":{}}'),
        (Reply(4, unsubscribe=EmptyResult()), '{"id":4,"unsubscribe":{}}'),
        (Reply(5, refresh=RefreshResult()), '{"id":5,"refresh":{}}'),
        (
            Reply(3, error=ERRORS.PERMISSION_DENIED),
            '{"id":3,"error":{"code":103,"message":"permission denied"}}',
        ),
        (
            Reply(3, error=ERRORS.INTERNAL),
            '{"id":3,"error":{"code":100,"message":"internal server error","temporary":true}}',
        ),
        (
            Reply(push=Push("a", unsubscribe=UNSUBSCRIBES.INSUFFICIENT_STATE)),
            '{"push":{"channel":"a","unsubscribe":{"code":2500,"reason":"insufficient state"}}}',
        ),
        (
            Reply(6, history=HistoryResult((), "e", 0)),
            '{"id":6,"history":{"publications":[],"epoch":"e","offset":0}}',
        ),
        (
            Reply(6, history=HistoryResult((Publication(msgspec.Raw(b'{"v":[1]}'), offset=3),), "e", 3)),
            '{"id":6,"history":{"publications":[{"data":{"v":[1]},"offset":3}],"epoch":"e","offset":3}}',
        ),
    ],
)
def test_replies_byte_by_byte(reply: Reply, expected: str) -> None:
    assert JSON.reply(reply).decode() == expected


def test_a_publication_byte_by_byte() -> None:
    assert JSON.publication("a", Publication(msgspec.Raw(b'{"v":1}'), offset=8)) == (
        b'{"push":{"channel":"a","pub":{"data":{"v":1},"offset":8}}}'
    )


@settings(deadline=None)
@given(st.text(), st.integers(1, 2**53), st.dictionaries(st.text(), st.integers() | st.text()))
def test_a_publication_is_one_line_of_json(channel: str, offset: int, data: dict[str, object]) -> None:
    try:
        encoded = msgspec.json.encode(data)
        push = JSON.publication(channel, Publication(msgspec.Raw(encoded), offset=offset))
    except UnicodeEncodeError:
        return
    assert b"\n" not in push
    assert json.loads(push) == {"push": {"channel": channel, "pub": {"data": data, "offset": offset}}}


def test_null_is_absent_and_unknown_fields_are_ignored() -> None:
    command = JSON.command(
        b'{"id":2,"connect":null,"new":1,"subscribe":{"channel":"a","token":null,"tf":null,"x":{}}}'
    )
    assert command.id == 2
    assert command.connect is None
    assert command.subscribe is not None
    assert (command.subscribe.channel, command.subscribe.token) == ("a", None)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"1",
        b'{"id":"1"}',
        b'{"id":-1}',
        b'{"id":4294967296}',
        b'{"subscribe":[]}',
        b'{"subscribe":{"channel":1}}',
        b'{"subscribe":{"offset":-1}}',
        b'{"subscribe":{"channel":"\xff"}}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_command(text: bytes) -> None:
    with pytest.raises(Undecodable):
        JSON.command(text)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_command_or_undecodable(text: bytes) -> None:
    with suppress(Undecodable):
        assert isinstance(JSON.command(text), Command)


def test_lines() -> None:
    assert JSON.split(b"{}\n{}\n") == [b"{}", b"{}"]
    assert JSON.split(b"{}") == [b"{}"]
    assert JSON.split(b"{}\n\n{}") == [b"{}", b"", b"{}"]
    for nothing in (b"", b"\n"):
        with pytest.raises(Undecodable):
            JSON.split(nothing)


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=40).filter(lambda b: b"\n" not in b), min_size=1))
def test_messages_hold_everything_within_the_limit(replies: list[bytes]) -> None:
    messages = list(JSON.messages(replies, 64))
    assert [line for message in messages for line in message.split(b"\n")] == replies
    assert all(len(message) <= 64 for message in messages)
