"""Decodes what producers send: one event, or an array of them."""

from collections.abc import Sequence
from typing import Final

import msgspec

from renown.errors import EventError
from renown.intake.problems import MalformedError, TooLargeError, problem_of
from renown.model import Answer, Event, Problem, Status

__all__ = [
    "DECODING_ERRORS",
    "Limits",
    "NumberedAnswer",
    "decode_array",
    "decode_event",
    "is_array",
    "merge",
    "rejected",
]

DECODING_ERRORS: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""All that the decoder raises on bytes from outside."""

_event = msgspec.json.Decoder(Event)
_array = msgspec.json.Decoder(list[Event])
_loose = msgspec.json.Decoder(list[msgspec.Raw])
_SPACE: Final = b" \t\r\n"


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much one request may carry."""

    event_bytes: int = 65_536
    """Longest JSON of one event, in bytes; also the longest line of an NDJSON stream."""
    body_bytes: int = 8_388_608
    """Longest body of a request that is not a stream, in bytes."""
    array_events: int = 10_000
    """Most events of one array."""
    stream_batch: int = 1_000
    """Most lines of a stream that go to the ledger together."""
    stream_ahead: int = 6
    """Batches of one stream that may wait for their commit before reading pauses."""


class NumberedAnswer(Answer, frozen=True, omit_defaults=True, kw_only=True):
    """The answer to one rejected line or array member, with its place."""

    line: int | None = None
    """Number of the line within the stream, from 1."""
    index: int | None = None
    """Position within the array, from 0."""


def is_array(body: bytes) -> bool:
    """Tell whether `body` looks like a JSON array rather than one object."""
    return body.lstrip(_SPACE)[:1] == b"["


def decode_event(body: bytes, limits: Limits) -> Event:
    """Return the one event in `body`.

    Raises:
        MalformedError: `body` is no JSON.
        EventError: it is JSON but no event.
        TooLargeError: it is longer than an event may be.

    """
    if len(body) > limits.event_bytes:
        raise TooLargeError(
            f"An event may have {limits.event_bytes} bytes; this one has {len(body)}.",
            expected=f"at most {limits.event_bytes} bytes",
        )
    try:
        return _event.decode(body)
    except DECODING_ERRORS as error:
        raise _as_error(problem_of(error)) from error


def decode_array(body: bytes, limits: Limits) -> list[Event | Problem]:
    """Return what stands in the array `body`: events, and problems where a member is none.

    Raises:
        MalformedError: `body` is no JSON array.
        TooLargeError: it has too many members.

    """
    try:
        events: list[Event | Problem] = list(_array.decode(body))
    except DECODING_ERRORS:
        events = _decode_members(body, limits)
    if len(events) > limits.array_events:
        raise TooLargeError(
            f"An array may have {limits.array_events} events; this one has {len(events)}."
            " Send more as NDJSON, which may be of any length.",
            expected=f"at most {limits.array_events} events",
        )
    return events


def _decode_members(body: bytes, limits: Limits) -> list[Event | Problem]:
    try:
        members = _loose.decode(body)
    except DECODING_ERRORS as error:
        raise MalformedError(problem_of(error).detail) from error
    events: list[Event | Problem] = []
    for member in members:
        try:
            events.append(decode_event(bytes(member), limits))
        except EventError as error:
            events.append(error.problem)
    return events


def _as_error(problem: Problem) -> EventError:
    kind = MalformedError if problem.code == "malformed_json" else EventError
    return kind(problem.detail, code=problem.code, field=problem.field, expected=problem.expected)


def rejected(
    problem: Problem, *, event_id: str | None = None, line: int | None = None, index: int | None = None
) -> NumberedAnswer:
    """Return the answer to what could not be decoded or was turned down."""
    return NumberedAnswer(Status.REJECTED, event_id, problem=problem, line=line, index=index)


def merge(read: Sequence[Event | Problem], answers: Sequence[Answer]) -> list[Answer]:
    """Put the ledger's `answers` to the events of `read` in place, problems between them."""
    given = iter(answers)
    merged: list[Answer] = []
    for index, item in enumerate(read):
        if isinstance(item, Problem):
            merged.append(rejected(item, index=index))
            continue
        answer = next(given)
        if answer.status is Status.REJECTED and answer.problem is not None:
            answer = rejected(answer.problem, event_id=answer.id, index=index)
        merged.append(answer)
    return merged
