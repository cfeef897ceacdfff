"""Handshakes read at once are answered as `websockets` answers them, and odd ones are left to it."""

import logging
from collections.abc import Sequence

import pytest
from websockets.http11 import Request, Response

from renown.gateway.admission.origins import OriginRule
from renown.gateway.transports.handshake import Handshake
from renown.gateway.transports.upgrade import Wanted, is_plain_upgrade, judge, read_head, upgrade_response
from renown.gateway.wires import WS_JSON, WS_PROTOBUF

LOG = logging.getLogger("renown.gateway.wires")
PLAIN = (
    "GET /connection/websocket?a=b HTTP/1.1",
    "Host: localhost:8000",
    "Upgrade: WebSocket",
    "Connection: keep-alive, Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
)


def head(*lines: str) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def instead(name: str, *lines: str) -> tuple[str, ...]:
    return (*(line for line in PLAIN if not line.startswith(name)), *lines)


def library(lines: Sequence[str]) -> tuple[Response, Handshake]:
    """Return how `websockets` answers a handshake, by our verdict."""
    handshake = Handshake(logger=LOG)
    handshake.receive_data(head(*lines))
    (request,) = handshake.events_received()
    assert isinstance(request, Request)
    return handshake.answer(request, "/connection/websocket", OriginRule((), dev=False)), handshake


def said(response: bytes) -> list[str]:
    return sorted(line for line in response.decode().split("\r\n") if line and not line.startswith("Date"))


@pytest.mark.parametrize(
    "lines",
    [
        PLAIN,
        (*PLAIN, "Sec-WebSocket-Protocol: other, centrifuge-protobuf"),
        (*PLAIN, "Sec-WebSocket-Protocol:"),
        (*PLAIN, "Sec-WebSocket-Extensions: permessage-deflate"),
        (*PLAIN, "Sec-WebSocket-Protocol: centrifuge-json", "Sec-WebSocket-Protocol: centrifuge-protobuf"),
        instead("Upgrade"),
        instead("Upgrade", "Upgrade: websocket, h2c"),
        instead("Connection", "Connection: close"),
        instead("Sec-WebSocket-Key"),
        instead("Sec-WebSocket-Key", "Sec-WebSocket-Key: short=="),
        instead("Sec-WebSocket-Key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR=="),
        instead("Sec-WebSocket-Version", "Sec-WebSocket-Version: 8"),
        (*PLAIN, "X-Name: caf\xe9"),
        (*PLAIN, "X_Name: 1"),
    ],
)
def test_every_handshake_is_answered_as_the_library_answers_it(lines: tuple[str, ...]):
    response, handshake = library(lines)
    found = read_head(head(*lines))
    if found is None or not is_plain_upgrade(found[1]):
        return  # Left to the library anyway.

    target, fields = found
    wanted = Wanted(target, fields["host"], None, fields.get("sec-websocket-protocol", ""))
    verdict = judge(wanted, "/connection/websocket", OriginRule((), dev=False))
    assert handshake.verdict == verdict
    assert response.status_code == verdict.status == 101
    ours = upgrade_response(fields["sec-websocket-key"], verdict.subprotocol)
    assert said(ours) == said(response.serialize())


def test_a_plain_handshake_is_read_at_once():
    found = read_head(head(*PLAIN))

    assert found is not None
    assert found[0] == "/connection/websocket?a=b"
    assert found[1]["host"] == "localhost:8000"
    assert is_plain_upgrade(found[1])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        head(*PLAIN)[:-1],
        head(*PLAIN) + b"x",
        head("POST / HTTP/1.1", *PLAIN[1:]),
        head("GET / HTTP/1.0", *PLAIN[1:]),
        head("GET /a b HTTP/1.1", *PLAIN[1:]),
        head(*PLAIN, "Host: again"),
        head(*PLAIN, " folded"),
        head(*PLAIN, "X: a\nY: b"),
        head(*PLAIN, "X: a\x00b"),
        head(*PLAIN, "X: " + "a" * 5000),
    ],
)
def test_what_is_odd_is_not_read_at_once(data: bytes):
    assert read_head(data) is None


def test_a_handshake_in_pieces_is_put_together_even_if_a_piece_looks_whole():
    whole = head("GET /other HTTP/1.1", "X-Was: a", *PLAIN[1:])
    cut = whole.index(b"X-Was")

    handshake = Handshake(logger=LOG)
    handshake.receive_data(whole[:cut])
    assert handshake.events_received() == []
    handshake.receive_data(whole[cut:])
    (request,) = handshake.events_received()
    assert isinstance(request, Request)
    assert request.path == "/other"
    assert handshake.accept(request).status_code == 101


def test_refusals_close_as_before_and_the_wire_is_chosen():
    rule = OriginRule((), dev=True)
    handshake = Handshake(logger=LOG)
    handshake.receive_data(head(*PLAIN))
    (request,) = handshake.events_received()
    assert isinstance(request, Request)
    refused = handshake.answer(request, "/elsewhere", rule)
    handshake.send_response(refused)
    assert refused.status_code == 404
    assert handshake.data_to_send()[-1] == b""

    assert judge(Wanted("/x?cf_protocol=protobuf", "localhost", None, ""), "/x", rule).wire is WS_PROTOBUF
    assert (
        judge(Wanted("/x?format=protobuf", "localhost", None, "centrifuge-json"), "/x", rule).wire is WS_JSON
    )
    assert judge(Wanted("/x", "localhost", "https://evil.example", ""), "/x", rule).status == 403
