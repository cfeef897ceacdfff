"""What bytes on the wire mean, read with nothing of ours: the standard library's JSON, Google's Protobuf.

Commands and replies become the same plain values in both codecs: fields at their default are left out, and
data is the value that it is the JSON of, or the bytes themselves where it is none.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from renown.protocol.wire import client_pb2 as pb

__all__ = ["Value", "read_frame", "read_reply", "value_of"]

Value = dict[str, Any]

_IGNORED: Final = {"ping", "headers", "flag", "dict", "profile", "track", "untrack"}
"""Fields that say nothing to this server, in commands and requests; `flag` counts in subscribes."""
_LOWEST: Final = {FieldDescriptor.TYPE_INT32: -(2**31), FieldDescriptor.TYPE_INT64: -(2**63)}
_HIGHEST: Final = {
    FieldDescriptor.TYPE_UINT32: 2**32 - 1,
    FieldDescriptor.TYPE_UINT64: 2**53 - 1,
    FieldDescriptor.TYPE_INT32: 2**31 - 1,
    FieldDescriptor.TYPE_INT64: 2**63 - 1,
}
"""Offsets stay below 2**53: section 3."""
_ALWAYS: Final[dict[str, Value]] = {
    "ClientInfo": {"user": "", "client": ""},
    "PresenceResult": {"presence": {}},
    "PresenceStatsResult": {"num_clients": 0, "num_users": 0},
    "HistoryResult": {"publications": [], "offset": 0, "epoch": ""},
}
"""What JSON says even at its default: section 3, rule 4."""


class _Bad(Exception):
    """No command."""


def read_frame(frame: bytes, *, is_json: bool) -> list[tuple[bytes, Value | None]] | None:
    """Return the commands of a frame as they came and as they read, with None for what reads as none.

    None for a frame that has no commands or cannot be parted into them.
    """
    if is_json:
        lines = (frame[:-1] if frame.endswith(b"\n") else frame).split(b"\n")
        return None if lines == [b""] else [(line, _try(_from_json, line)) for line in lines]
    try:
        return [(part, _try(_from_protobuf, part)) for part in _parts(frame)] or None
    except _Bad:
        return None


def _try(read: Any, encoded: bytes) -> Value | None:
    try:
        found: Value = read(encoded)
    except (_Bad, ValueError, DecodeError, RecursionError):
        return None
    return found


def _from_json(line: bytes) -> Value:
    said = json.loads(line.decode(), parse_constant=_refuse)
    return _typed(said, pb.Command.DESCRIPTOR)


def _refuse(constant: str) -> None:
    raise _Bad(constant)


def _typed(said: object, kind: Any) -> Value:
    if not isinstance(said, dict):
        raise _Bad("no object")
    found: Value = {}
    for name, value in said.items():
        field = kind.fields_by_name.get(name)
        if field is None or value is None or _says_nothing(name, kind):
            continue
        if not field.is_repeated:
            found[name] = _one(value, field)
        elif field.message_type is not None and field.message_type.GetOptions().map_entry:
            inner = field.message_type.fields_by_name["value"]
            found[name] = {key: _one(each, inner) for key, each in _a(dict, value).items()}
        else:
            found[name] = [_one(each, field) for each in _a(list, value)]
    return found


def _says_nothing(name: str, kind: Any) -> bool:
    return name in _IGNORED and not (name == "flag" and kind.name == "SubscribeRequest")


def _a(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise _Bad(f"{value!r} is no {kind}")
    return value


def _one(value: object, field: FieldDescriptor) -> Any:
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return _typed(value, field.message_type)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return value
    if field.type == FieldDescriptor.TYPE_STRING:
        return _a(str, value)
    if field.type == FieldDescriptor.TYPE_BOOL:
        return _a(bool, value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _Bad(f"{value!r} is no whole number")
    if not _LOWEST.get(field.type, 0) <= value <= _HIGHEST[field.type]:
        raise _Bad(f"{value} is out of range")
    return value


def _parts(frame: bytes) -> Iterator[bytes]:
    """Yield the commands of a Protobuf frame; all are there, or it is none."""
    found: list[bytes] = []
    while frame:
        used = next((place for place, byte in enumerate(frame[:10], 1) if byte < 128), 0)
        length = sum((byte % 128) << 7 * place for place, byte in enumerate(frame[:used]))
        if not used or used + length > len(frame):
            raise _Bad("half a frame")
        found.append(frame[used : used + length])
        frame = frame[used + length :]
    yield from found


def _from_protobuf(encoded: bytes) -> Value:
    return _plain(pb.Command.FromString(encoded), commands=True)


def read_reply(encoded: bytes, *, is_json: bool) -> Value:
    """Return what a reply says; that of JSON must be a compact line."""
    if not is_json:
        return _plain(pb.Reply.FromString(encoded), commands=False)
    assert b"\n" not in encoded, "a line is a reply"
    said: Value = json.loads(encoded)
    return said


def _plain(message: Message, *, commands: bool) -> Value:
    kind = message.DESCRIPTOR
    found: Value = {} if commands else dict(_ALWAYS.get(kind.name, {}))
    for field, value in message.ListFields():
        name = field.name
        if commands and _says_nothing(name, kind):
            continue
        if commands and name == "offset" and value >= 2**53:
            raise _Bad("an offset is out of range")
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            of = field.message_type.fields_by_name["value"]
            nested = of.message_type is not None
            found[name] = {k: _plain(v, commands=commands) if nested else v for k, v in value.items()}
        elif field.message_type is not None:
            found[name] = (
                [_plain(each, commands=commands) for each in value]
                if field.is_repeated
                else _plain(value, commands=commands)
            )
        elif field.type == FieldDescriptor.TYPE_BYTES:
            found[name] = value_of(value)
        else:
            found[name] = list(value) if field.is_repeated else value
    return found


def value_of(data: bytes) -> Any:
    """Return what data says: the value it is the JSON of, or else the bytes."""
    try:
        return json.loads(data)
    except ValueError:
        return data
