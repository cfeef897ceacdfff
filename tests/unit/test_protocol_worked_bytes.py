"""Messages whose bytes the official SDKs are known to read, in both codecs."""

import msgspec
import pytest

from renown.protocol.codec import JSON, PROTOBUF
from renown.protocol.codes import ERRORS, UNSUBSCRIBES
from renown.protocol.commands import Command
from renown.protocol.replies import ConnectResult, Publication, Push, Reply, SubscribeResult

PUBLICATION = Publication(msgspec.Raw(b'{"v":1}'), offset=8)

ROWS = [
    pytest.param(Reply(), "{}", "00", id="ping"),
    pytest.param(
        Reply(1, connect=ConnectResult("c1", "x", ping=25, pong=True)),
        '{"id":1,"connect":{"client":"c1","version":"x","ping":25,"pong":true}}',
        "0f 0801 2a0b 0a026331 120178 3819 4001",
        id="connect",
    ),
    pytest.param(
        Reply(2, subscribe=SubscribeResult(recoverable=True, epoch="ab", offset=7, positioned=True)),
        '{"id":2,"subscribe":{"recoverable":true,"epoch":"ab","offset":7,"positioned":true}}',
        "0e 0802 320a 1801 32026162 4807 5001",
        id="subscribe",
    ),
    pytest.param(
        Reply(2, subscribe=SubscribeResult()), '{"id":2,"subscribe":{}}', "04 0802 3200", id="empty subscribe"
    ),
    pytest.param(
        Reply(push=Push("a", pub=PUBLICATION)),
        '{"push":{"channel":"a","pub":{"data":{"v":1},"offset":8}}}',
        "12 2210 120161 220b 2207 7b2276223a317d 3008",
        id="publication",
    ),
    pytest.param(
        Reply(3, error=ERRORS.PERMISSION_DENIED),
        '{"id":3,"error":{"code":103,"message":"permission denied"}}',
        "19 0803 1215 0867 1211 7065726d697373696f6e2064656e696564",
        id="error",
    ),
    pytest.param(
        Reply(push=Push("a", unsubscribe=UNSUBSCRIBES.INSUFFICIENT_STATE)),
        '{"push":{"channel":"a","unsubscribe":{"code":2500,"reason":"insufficient state"}}}',
        "1e 221c 120161 3a17 10c413 1a12 696e73756666696369656e74207374617465",
        id="unsubscribe",
    ),
]


@pytest.mark.parametrize("reply, line, frame", ROWS)
def test_replies(reply: Reply, line: str, frame: str) -> None:
    assert JSON.join([JSON.reply(reply)]).decode() == line
    assert PROTOBUF.join([PROTOBUF.reply(reply)]) == bytes.fromhex(frame)


def test_the_fast_path_says_the_same() -> None:
    for codec in (JSON, PROTOBUF):
        assert codec.publication("a", PUBLICATION) == codec.reply(Reply(push=Push("a", pub=PUBLICATION)))


def test_pings_and_pongs() -> None:
    assert (JSON.join([JSON.ping]), PROTOBUF.join([PROTOBUF.ping])) == (b"{}", b"\0")
    for codec, pong in ((JSON, b"{}"), (PROTOBUF, b"\0")):
        assert codec.split(pong) == [codec.pong]
        assert (codec.command(codec.pong).id or 0) == 0
    assert JSON.command(JSON.pong) == Command()
