"""Whatever is said says the same in both codecs, and to the official client's own classes."""

import json
from typing import Any

import msgspec
import pytest
from centrifuge.protocol import client_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from renown.protocol.codec import JSON, PROTOBUF, Undecodable
from renown.protocol.commands import Command
from renown.protocol.replies import ClientInfo, Joined, Publication, Push, Reply
from renown.protocol.wire import client_pb2 as pb
from tests.unit.protocol_shapes import INFO, PUBLICATION, REPLIES, TEXT, as_json, messages, same

OFFICIAL: Any = client_pb2
FIELDS: Any = pb.Command.DESCRIPTOR.fields_by_name
ALWAYS = {
    ("presence",): {"presence"},
    ("presence_stats",): {"num_clients", "num_users"},
    ("history",): {"publications", "offset", "epoch"},
}
COMMANDS = messages(pb.Command.DESCRIPTOR)


def defaults(value: Any, names: set[str]) -> list[str]:
    """Return the names of fields that are at their default, but for those that always are there."""
    if not isinstance(value, dict):
        return []
    return [name for name, field in value.items() if name not in names and field in (0, "", False, [], {})]


@settings(deadline=None, max_examples=300)
@given(REPLIES)
def test_replies_say_the_same_in_both(reply: Reply) -> None:
    line, encoded = JSON.reply(reply), PROTOBUF.reply(reply)
    assert b"\n" not in line
    said = json.loads(line)
    same(pb.Reply.FromString(encoded), said)
    same(OFFICIAL.Reply.FromString(encoded), said)
    for name, result in said.items():
        if name in ("connect", "subscribe", "presence", "presence_stats", "history", "refresh"):
            must = ALWAYS.get((name,), set())
            assert must <= set(result)
            assert not [each for each in defaults(result, must) if each not in ("client", "version", "data")]


@settings(deadline=None, max_examples=200)
@given(TEXT.filter(bool), PUBLICATION)
def test_publications_say_the_same_as_in_a_reply(channel: str, publication: Publication) -> None:
    reply = Reply(push=Push(channel, pub=publication))
    assert JSON.publication(channel, publication) == JSON.reply(reply)
    fast, slow = (
        pb.Reply.FromString(encoded)
        for encoded in (PROTOBUF.publication(channel, publication), PROTOBUF.reply(reply))
    )
    assert fast == slow


@given(TEXT.filter(bool), INFO)
def test_who_joins_and_leaves(channel: str, info: ClientInfo) -> None:
    joined = Reply(push=Push(channel, join=Joined(info)))
    left = Reply(push=Push(channel, leave=Joined(info)))
    for codec in (JSON, PROTOBUF):
        assert codec.joined(channel, info) == codec.reply(joined)
        assert codec.left(channel, info) == codec.reply(left)


@settings(deadline=None, max_examples=300)
@given(COMMANDS)
def test_commands_are_understood_alike(fields: dict[str, Any]) -> None:
    line = json.dumps(as_json(fields)).encode()
    message = pb.Command(**fields)
    encoded = PROTOBUF.join([message.SerializeToString()])
    [command] = PROTOBUF.split(encoded)
    assert plain(PROTOBUF.command(command)) == plain(JSON.command(line))


@settings(deadline=None)
@given(COMMANDS, st.data())
def test_null_is_absent_and_new_fields_are_nothing(fields: dict[str, Any], data: st.DataObject) -> None:
    said = as_json(fields)
    line = json.dumps(said).encode()

    def more(message: dict[str, Any], names: list[str]) -> dict[str, Any]:
        absent = [name for name in names if name not in message]
        nulls = data.draw(st.lists(st.sampled_from([*absent, "new"]), max_size=4))
        return {**message, **dict.fromkeys(nulls), "newer": [1, {"a": None}]}

    widened = {
        name: more(part, [f.name for f in FIELDS[name].message_type.fields])
        if isinstance(part, dict)
        else part
        for name, part in said.items()
    }
    widened = more(widened, list(FIELDS))
    assert plain(JSON.command(json.dumps(widened).encode())) == plain(JSON.command(line))


def plain(command: Command) -> Any:
    """Return a command as plain values, data decoded, what is absent or at its default left out."""

    def value(of: Any) -> Any:
        if isinstance(of, msgspec.Raw):
            return msgspec.json.decode(of) if of else ...
        if isinstance(of, msgspec.Struct):
            names = of.__struct_fields__
            said = {name: value(getattr(of, name)) for name in names}
            return {name: each for name, each in said.items() if each not in _NOTHING}
        if isinstance(of, dict):
            return {key: value(each) for key, each in of.items()} or None
        if isinstance(of, list):
            return [value(each) for each in of] or None
        return of or None

    return value(command)


_NOTHING: Any = (None, ...)


@pytest.mark.parametrize("offset", [2**53, 2**63, 2**64 - 1])
def test_offsets_that_clients_cannot_count_are_refused(offset: int) -> None:
    requests: list[dict[str, Any]] = [
        {"subscribe": {"offset": offset}},
        {"history": {"since": {"offset": offset}}},
        {"connect": {"subs": {"a": {"offset": offset}}}},
    ]
    for request in requests:
        with pytest.raises(Undecodable):
            JSON.command(json.dumps(request).encode())
        with pytest.raises(Undecodable):
            PROTOBUF.command(pb.Command(**request).SerializeToString())
