"""The Protobuf form of a standing, for clients that read many of them: `wire/standing.proto`."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from google.protobuf.message import DecodeError

from renown.model import Category, Cause, Standing
from renown.protocol.raw import Undecodable
from renown.protocol.wire import standing_pb2 as pb

__all__ = ["pack", "unpack"]

_DECODER: Final = msgspec.json.Decoder(Standing)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def pack(standing: bytes) -> bytes:
    """Return the Protobuf form of a standing's JSON; it holds all that the JSON holds.

    Raises:
        Undecodable: `standing` is not the JSON of a standing.

    """
    try:
        return _message(_DECODER.decode(standing)).SerializeToString()
    except (msgspec.DecodeError, ValueError, TypeError, RecursionError) as error:
        raise Undecodable(f"no standing: {error}") from error


def _message(s: Standing) -> pb.Standing:
    m = pb.Standing()
    m.subject = s.subject
    m.version = s.version
    m.score = s.score
    m.low = s.low
    m.high = s.high
    m.count = s.count
    add = m.categories.add
    for name, category in s.categories.items():
        each = add()
        each.name = name
        each.score = category.score
        each.count = category.count
    if s.tier is not None:
        m.tier = s.tier
    m.badges.extend(s.badges)
    m.status = s.status
    m.provisional = s.provisional
    m.updated_at = _micros(s.updated_at)
    if s.cause is not None:
        cause = m.cause
        cause.SetInParent()
        cause.type = s.cause.type
        cause.delta = s.cause.delta
    m.held = s.held
    if s.status_until is not None:
        m.status_until = _micros(s.status_until)
    return m


def _micros(time: str) -> int:
    return (datetime.fromisoformat(time) - _EPOCH) // _MICROSECOND


def _time(micros: int) -> str:
    return (_EPOCH + micros * _MICROSECOND).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def unpack(packed: bytes) -> Standing:
    """Return the standing that was packed.

    Raises:
        Undecodable: `packed` is not the Protobuf form of a standing.

    """
    try:
        m = pb.Standing.FromString(packed)
        updated_at = _time(m.updated_at)
        status_until = _time(m.status_until) if m.HasField("status_until") else None
    except (DecodeError, OverflowError) as error:
        raise Undecodable(f"no standing: {error}") from error
    return Standing(
        subject=m.subject,
        version=m.version,
        score=m.score,
        low=m.low,
        high=m.high,
        count=m.count,
        categories={each.name: Category(each.score, each.count) for each in m.categories},
        tier=m.tier if m.HasField("tier") else None,
        badges=tuple(m.badges),
        status=m.status,
        provisional=m.provisional,
        updated_at=updated_at,
        cause=Cause(m.cause.type, m.cause.delta) if m.HasField("cause") else None,
        held=m.held,
        status_until=status_until,
    )
