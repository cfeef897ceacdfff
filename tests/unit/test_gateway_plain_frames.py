"""Frames that are taken at once mean what `websockets` says they mean; all others are left to it."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN, SERVER, Protocol

from renown.gateway.transports.plain_frames import plain_messages

LONGEST = 1_000
LOG = logging.getLogger("renown.gateway.wires")
MESSAGES = st.lists(
    st.tuples(st.sampled_from([Opcode.TEXT, Opcode.BINARY]), st.binary(max_size=300)), max_size=4
)


def said(*frames: Frame) -> bytes:
    return b"".join(frame.serialize(mask=True) for frame in frames)


def parsed(data: bytes) -> list[bytes] | None:
    """Return what `websockets` finds in bytes; None when that is not messages and nothing else."""
    protocol = Protocol(SERVER, state=OPEN, max_size=LONGEST, logger=LOG)
    protocol.receive_data(data)
    found = [event for event in protocol.events_received() if isinstance(event, Frame)]
    if protocol.data_to_send() or not all(frame.fin and frame.opcode in (1, 2) for frame in found):
        return None
    whole = said(*(Frame(frame.opcode, frame.data) for frame in found))
    return [bytes(frame.data) for frame in found] if len(whole) == len(data) else None


@given(MESSAGES)
def test_whole_messages_are_taken_at_once(messages: list[tuple[Opcode, bytes]]) -> None:
    data = said(*(Frame(opcode, payload) for opcode, payload in messages))
    assert plain_messages(data, LONGEST) == [payload for _, payload in messages] == parsed(data)


@given(MESSAGES, st.binary(max_size=40), st.integers(0, 2000))
def test_whatever_is_taken_at_once_is_what_the_parser_finds(
    messages: list[tuple[Opcode, bytes]], rest: bytes, cut: int
) -> None:
    data = (said(*(Frame(opcode, payload) for opcode, payload in messages)) + rest)[:cut]
    found = plain_messages(data, LONGEST)
    assert found is None or found == parsed(data)


@given(st.binary(min_size=1, max_size=40))
def test_no_bytes_at_all_are_taken_for_something_else(data: bytes) -> None:
    found = plain_messages(data, LONGEST)
    assert found is None or found == parsed(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(said(Frame(Opcode.TEXT, b"{}", fin=False)), id="unfinished"),
        pytest.param(said(Frame(Opcode.CONT, b"{}")), id="continued"),
        pytest.param(said(Frame(Opcode.PING, b"")), id="ping"),
        pytest.param(said(Frame(Opcode.PONG, b"")), id="pong"),
        pytest.param(said(Frame(Opcode.CLOSE, b"\x03\xe8")), id="close"),
        pytest.param(b"\xc1" + said(Frame(Opcode.TEXT, b"{}"))[1:], id="reserved bit"),
        pytest.param(Frame(Opcode.TEXT, b"{}").serialize(mask=False), id="unmasked"),
        pytest.param(said(Frame(Opcode.TEXT, b"x" * (LONGEST + 1))), id="too long"),
        pytest.param(said(Frame(Opcode.TEXT, b"x" * 70_000)), id="much too long"),
        pytest.param(said(Frame(Opcode.TEXT, b"{}"))[:-1], id="cut short"),
        pytest.param(said(Frame(Opcode.TEXT, b"{}")) + b"\x81", id="begun"),
        pytest.param(said(Frame(Opcode.TEXT, b"{}"), Frame(Opcode.PING, b"")), id="followed by a ping"),
    ],
)
def test_everything_else_is_left_to_the_parser(data: bytes) -> None:
    assert plain_messages(data, LONGEST) is None


def test_the_longest_message_is_taken() -> None:
    assert plain_messages(said(Frame(Opcode.TEXT, b"x" * LONGEST)), LONGEST) == [b"x" * LONGEST]
