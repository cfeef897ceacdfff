"""Replies and commands of every shape, and a comparison of JSON with Protobuf by the message definitions."""

import json
from typing import Any

import msgspec
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

from renown.protocol import replies as r
from renown.protocol.codes import Disconnect, Error, Unsubscribed

__all__ = ["REPLIES", "as_json", "messages", "same"]

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
U32 = st.integers(0, 2**32 - 1)
OFFSETS = st.integers(0, 2**53 - 1)
I64 = st.integers(-(2**63), 2**63 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=4,
)
DATA = VALUES.map(lambda value: msgspec.Raw(msgspec.json.encode(value)))
MAYBE = st.none() | DATA

INFO = st.builds(r.ClientInfo, TEXT, TEXT, MAYBE, MAYBE)
PUBLICATION = st.builds(
    r.Publication,
    data=DATA | st.just(r.EMPTY) | st.builds(msgspec.Raw),
    info=st.none() | INFO,
    offset=OFFSETS,
    tags=st.none() | st.dictionaries(TEXT, TEXT, max_size=2),
    delta=st.booleans(),
    time=I64,
    key=TEXT,
    removed=st.booleans(),
)
PUBLICATIONS = st.lists(PUBLICATION, max_size=3).map(tuple)
SUBSCRIBED = st.builds(
    r.SubscribeResult,
    expires=st.booleans(),
    ttl=U32,
    recoverable=st.booleans(),
    epoch=TEXT,
    publications=PUBLICATIONS,
    recovered=st.booleans(),
    offset=OFFSETS,
    positioned=st.booleans(),
    data=MAYBE,
    was_recovering=st.booleans(),
    delta=st.booleans(),
    type=st.integers(-(2**31), 2**31 - 1),
    phase=st.integers(0, 2),
    cursor=TEXT,
    state=PUBLICATIONS,
)
CONNECTED = st.builds(
    r.ConnectResult,
    client=TEXT,
    version=TEXT,
    expires=st.booleans(),
    ttl=U32,
    data=MAYBE,
    subs=st.dictionaries(TEXT, SUBSCRIBED, max_size=2),
    ping=U32,
    pong=st.booleans(),
    session=TEXT,
    node=TEXT,
    time=I64,
)
REFRESHED = st.builds(r.RefreshResult, st.booleans(), U32)
ENDED = st.builds(Unsubscribed, U32, TEXT)
PUSHES: list[st.SearchStrategy[r.Push]] = [
    st.builds(r.Push, TEXT, **{name: parts})
    for name, parts in {
        "pub": PUBLICATION,
        "join": st.builds(r.Joined, INFO),
        "leave": st.builds(r.Joined, INFO),
        "unsubscribe": ENDED,
        "message": st.builds(r.Message, DATA | st.just(r.EMPTY)),
        "subscribe": st.builds(r.SubscribePush, st.booleans(), TEXT, OFFSETS, st.booleans(), MAYBE),
        "disconnect": st.builds(Disconnect, U32, TEXT),
        "refresh": REFRESHED,
    }.items()
]
PARTS: dict[str, st.SearchStrategy[Any]] = {
    "error": st.builds(Error, U32, TEXT, st.booleans()),
    "push": st.one_of(PUSHES),
    "connect": CONNECTED,
    "subscribe": SUBSCRIBED,
    "unsubscribe": st.builds(r.EmptyResult),
    "publish": st.builds(r.EmptyResult),
    "presence": st.builds(r.PresenceResult, st.dictionaries(TEXT, INFO, max_size=3)),
    "presence_stats": st.builds(r.PresenceStatsResult, U32, U32),
    "history": st.builds(r.HistoryResult, PUBLICATIONS, TEXT, OFFSETS),
    "rpc": st.builds(r.RpcResult, MAYBE),
    "refresh": REFRESHED,
    "sub_refresh": REFRESHED,
}
REPLIES = st.one_of(
    st.just(r.Reply()),
    *(st.builds(r.Reply, U32, **{name: parts}) for name, parts in PARTS.items()),
)
"""Every kind of reply."""

SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_STRING: TEXT,
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_UINT32: U32,
    FieldDescriptor.TYPE_UINT64: OFFSETS,
    FieldDescriptor.TYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_INT64: I64,
    FieldDescriptor.TYPE_BYTES: VALUES.map(msgspec.json.encode),
}


def _is_map(field: Any) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _values(field: Any, depth: int) -> st.SearchStrategy[Any]:
    if _is_map(field):
        entry = field.message_type.fields_by_name
        return st.dictionaries(TEXT, _values(entry["value"], depth), max_size=2)
    one = SCALARS[field.type] if field.message_type is None else messages(field.message_type, depth - 1)
    return st.lists(one, max_size=2) if field.is_repeated else one


def messages(descriptor: Any, depth: int = 4) -> st.SearchStrategy[dict[str, Any]]:
    """Return mappings from some of a message's fields to values, nested `depth` deep."""
    fields = {
        field.name: _values(field, depth)
        for field in descriptor.fields
        if depth > 0 or field.message_type is None
    }
    return st.fixed_dictionaries({}, optional=fields)


def as_json(fields: dict[str, Any]) -> Any:
    """Return what the JSON form says of such a mapping: bytes are embedded JSON, defaults are left out."""

    def value(of: Any) -> Any:
        if isinstance(of, bytes):
            return json.loads(of)
        if isinstance(of, list):
            return [value(each) for each in of]
        return {key: value(each) for key, each in of.items()} if isinstance(of, dict) else of

    return {key: value(each) for key, each in fields.items() if each or isinstance(each, dict)}


def same(message: Message, said: Any, where: str = "") -> None:
    """Assert that a Protobuf message and the JSON of one say the same; fields new to it are passed over."""
    assert isinstance(said, dict), where
    fields: Any = message.DESCRIPTOR.fields
    for field in fields:
        ours, theirs, place = getattr(message, field.name), said.get(field.name), f"{where}.{field.name}"
        if _is_map(field):
            assert set(ours) == set(theirs or {}), place
            for key in ours:
                _same_value(field.message_type.fields_by_name["value"], ours[key], (theirs or {})[key], place)
        elif field.is_repeated:
            assert len(ours) == len(theirs or []), place
            for mine, other in zip(ours, theirs or [], strict=True):
                _same_value(field, mine, other, place)
        elif field.message_type is not None:
            assert message.HasField(field.name) == (field.name in said), place
            if field.name in said:
                same(ours, theirs, place)
        else:
            _same_value(field, ours, theirs, place, there=field.name in said)


def _same_value(field: Any, ours: Any, theirs: Any, where: str, *, there: bool = True) -> None:
    if field.message_type is not None:
        same(ours, theirs, where)
    elif field.type == FieldDescriptor.TYPE_BYTES:
        # Protobuf cannot tell absent from empty; in JSON an empty value does not exist.
        assert bool(ours) == there, where
        assert not ours or json.loads(ours) == theirs, where
    else:
        assert ours == (theirs if there else field.default_value), where
