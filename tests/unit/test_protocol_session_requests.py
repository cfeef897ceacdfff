"""Commands that ask something: publish, presence, history, calls, and the rest."""

import json
from typing import Any

import pytest
from msgspec import Raw

from renown.protocol.access import Action
from renown.protocol.codec import JSON, PROTOBUF
from renown.protocol.codes import ERRORS
from renown.protocol.effects import (
    Call,
    Done,
    History,
    Newest,
    Present,
    Publish,
    ReadHistory,
    ReadPresence,
    Returned,
)
from renown.protocol.replies import ClientInfo
from tests.unit.protocol_talk import Talk, claims, code, message, pub

ANA = ClientInfo("ana", "c", Raw(b'"A"'))


@pytest.fixture
def talk() -> Talk:
    talk = Talk()
    talk.connect(token=json.dumps({"user": "ana", "info": "A"}))
    return talk


@pytest.mark.parametrize(
    "request_, answer",
    [
        ({"publish": {"channel": "n:1", "data": 1}}, 103),
        ({"publish": {"channel": "n:1", "data": None}}, 107),
        ({"publish": {"channel": "r:1"}}, 107),
        ({"publish": {"channel": "r:1", "data": 1, "type": 2}}, 107),
        ({"publish": {"channel": "r:1", "data": 1, "type": 1, "key": "a"}}, 108),
        ({"publish": {"channel": "r:1", "removed": True}}, 107),
        ({"publish": {"channel": "m:1", "data": 1}}, 108),
        ({"publish": {"channel": "m:1", "data": 1, "type": 1}}, 107),
        ({"publish": {"channel": "m:1", "key": "a", "type": 1}}, 107),
        ({"publish": {"channel": "$r:1", "data": 1}}, 103),
        ({"publish": {"channel": "x:1", "data": 1}}, 102),
        ({"presence": {"channel": "n:1"}}, 108),
        ({"presence_stats": {"channel": "n:1"}}, 108),
        ({"presence": {"channel": "x:1"}}, 102),
        ({"history": {"channel": "n:1"}}, 108),
        ({"history": {"channel": "x:1"}}, 102),
        ({"history": {"channel": "$s:1"}}, 103),
        ({"rpc": {"method": "m"}}, 104),
        ({"rpc": {}}, 104),
    ],
)
def test_errors(talk: Talk, request_: dict[str, Any], answer: int) -> None:
    assert code(talk.say({"id": 3, **request_})) == answer


@pytest.mark.parametrize(
    "request_, answer",
    [
        ({}, 3501),
        ({"ping": {}}, 3501),
        ({"send": {"data": 1}}, 3508),
        ({"publish": {"data": 1}}, 3501),
        ({"presence": {}}, 3501),
        ({"presence_stats": {}}, 3501),
        ({"history": {"channel": ""}}, 3501),
        ({"unsubscribe": {}}, 3501),
    ],
)
@pytest.mark.parametrize("codec", [JSON, PROTOBUF])
def test_ends(codec: Any, request_: dict[str, Any], answer: int) -> None:
    talk = Talk(codec)
    talk.connect()
    assert talk.say({"id": 3, **request_}) == [answer]


def test_a_message_without_an_id_that_nobody_takes(talk: Talk) -> None:
    assert talk.say({"send": {"data": 1}}) == [3508]


def test_the_first_of_several_requests_counts(talk: Talk) -> None:
    assert code(talk.say({"id": 3, "rpc": {}, "publish": {"channel": "x:1", "data": 1}})) == 102


@pytest.mark.parametrize(
    "request_, action",
    [
        ({"publish": {"channel": "r:1", "data": 1}}, Action.PUBLISH),
        ({"presence": {"channel": "r:1"}}, Action.PRESENCE),
        ({"presence_stats": {"channel": "r:1"}}, Action.PRESENCE),
        ({"history": {"channel": "r:1"}}, Action.HISTORY),
    ],
)
def test_what_may_not_be_done(talk: Talk, request_: dict[str, Any], action: Action) -> None:
    talk.rules.denied = (action,)
    assert code(talk.say({"id": 3, **request_})) == 103


@pytest.mark.parametrize(
    "request_",
    [
        {"publish": {"channel": "r:1", "data": 1}},
        {"presence": {"channel": "r:1"}},
        {"history": {"channel": "r:1"}},
        {"rpc": {"method": "echo"}},
    ],
)
@pytest.mark.parametrize(
    "answer, answered",
    [(ERRORS.INTERNAL, 100), (ERRORS.NOT_AVAILABLE, 108), (Newest("e", 1, b"1"), 100)],
)
def test_questions_that_find_no_answer(
    talk: Talk, request_: dict[str, Any], answer: Any, answered: int
) -> None:
    talk.say({"id": 3, **request_})
    assert code(talk.answer(answer)) == answered


class TestPublish:
    def test_it_is_answered_when_it_is_accepted(self, talk: Talk) -> None:
        told = talk.say({"id": 3, "publish": {"channel": "r:1", "data": {"a": 1}}}, {"id": 4, "rpc": {}})
        assert told == [Publish("r:1", b'{"a": 1}', ANA)]
        accepted, other = talk.answer(Done())
        assert (accepted, other["id"]) == ({"id": 3, "publish": {}}, 4)

    def test_the_publisher_is_seen_as_in_the_channel(self, talk: Talk) -> None:
        talk.subscribe("r:1", token=claims(user="ana", channel="r:1", info=["x"]))
        (asked,) = talk.say({"id": 3, "publish": {"channel": "r:1", "data": 1}})
        assert asked.info == ClientInfo("ana", "c", Raw(b'"A"'), Raw(b'["x"]'))

    def test_private_rooms_are_open_to_subscribers(self, talk: Talk) -> None:
        talk.subscribe("$r:1", token=claims(user="ana", channel="$r:1"))
        (asked,) = talk.say({"id": 3, "publish": {"channel": "$r:1", "data": 1}})
        assert isinstance(asked, Publish)

    def test_a_key_of_a_map(self, talk: Talk) -> None:
        assert talk.say({"id": 3, "publish": {"channel": "m:1", "type": 1, "key": "a", "data": 1}}) == [
            Publish("m:1", b"1", ANA, "a")
        ]
        talk.answer(Done())
        assert talk.say({"id": 3, "publish": {"channel": "m:1", "type": 1, "key": "a", "removed": True}}) == [
            Publish("m:1", b"", ANA, "a", removed=True)
        ]

    def test_a_key_that_is_the_clients_own(self, talk: Talk) -> None:
        (asked,) = talk.say({"id": 3, "publish": {"channel": "k:1", "type": 1, "key": "a", "data": 1}})
        assert asked.key == "c"

    def test_any_bytes_in_protobuf(self) -> None:
        talk = Talk(PROTOBUF)
        talk.connect()
        (asked,) = talk.say({"id": 3, "publish": {"channel": "r:1", "data": None}, "rpc": None}) or [0]
        assert asked.error.code == 107
        talk.session.receive(b"\x0f\x08\x04\x3a\x0b\x0a\x03r:1\x12\x04null", 0.0)
        (told,) = talk.answer(Done())
        assert told.HasField("publish")


class TestPresence:
    HERE = Present({"c": ANA, "d": ClientInfo("ana", "d"), "e": ClientInfo("eve", "e")})

    def test_who(self, talk: Talk) -> None:
        assert talk.say({"id": 3, "presence": {"channel": "r:1"}}) == [ReadPresence("r:1")]
        (reply,) = talk.answer(self.HERE)
        assert reply["presence"]["presence"]["c"] == {"user": "ana", "client": "c", "conn_info": "A"}

    def test_how_many(self, talk: Talk) -> None:
        assert talk.say({"id": 3, "presence_stats": {"channel": "r:1"}}) == [ReadPresence("r:1")]
        assert talk.answer(self.HERE) == [{"id": 3, "presence_stats": {"num_clients": 3, "num_users": 2}}]

    def test_nobody(self, talk: Talk) -> None:
        talk.say({"id": 3, "presence": {"channel": "r:1"}})
        assert talk.answer(Present({})) == [{"id": 3, "presence": {"presence": {}}}]


class TestHistory:
    def test_it_is_read_within_the_limit(self, talk: Talk) -> None:
        for limit, expected in ((None, 0), (0, 0), (7, 7), (-1, 300), (5000, 300)):
            (asked,) = talk.say({"id": 3, "history": {"channel": "s:1", "limit": limit}})
            assert asked == ReadHistory("s:1", None, expected, reverse=False)
            (reply,) = talk.answer(History("e", 2, (pub(1, b"[]"),)))
            assert reply == {
                "id": 3,
                "history": {"publications": [{"data": [], "offset": 1}], "epoch": "e", "offset": 2},
            }

    def test_from_a_position_backwards(self, talk: Talk) -> None:
        since = {"offset": 4, "epoch": "e"}
        (asked,) = talk.say(
            {"id": 3, "history": {"channel": "s:1", "limit": 2, "since": since, "reverse": True}}
        )
        assert asked == ReadHistory("s:1", 4, 2, reverse=True, epoch="e")
        assert code(talk.answer(ERRORS.UNRECOVERABLE_POSITION)) == 112

    def test_bytes_that_json_cannot_say_end_the_connection(self, talk: Talk) -> None:
        talk.say({"id": 3, "history": {"channel": "s:1", "limit": 2}})
        assert talk.answer(History("e", 2, (pub(1, b"\xff", binary=True),))) == [3506]
        assert talk.session.due == float("inf")


class TestCalls:
    def test_a_call(self, talk: Talk) -> None:
        assert talk.say({"id": 3, "rpc": {"method": "echo", "data": [1]}}) == [Call("echo", b"[1]")]
        assert talk.answer(Returned(b"[2]")) == [{"id": 3, "rpc": {"data": [2]}}]

    def test_without_data(self, talk: Talk) -> None:
        assert talk.say({"id": 3, "rpc": {"method": "echo"}}) == [Call("echo", b"")]
        assert talk.answer(Returned(b"")) == [{"id": 3, "rpc": {}}]

    def test_in_protobuf(self) -> None:
        talk = Talk(PROTOBUF)
        talk.connect()
        (asked,) = talk.told(
            talk.session.receive(message(PROTOBUF, {"id": 3, "rpc": {"method": "echo", "data": 1}}), 0.0)
        )
        assert asked == Call("echo", b"1")
        (reply,) = talk.answer(Returned(b"\x00\xff"))
        assert reply.rpc.data == b"\x00\xff"
