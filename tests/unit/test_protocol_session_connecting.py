"""Connecting: who may, what the answer says, and what the server subscribes the connection to."""

import json
from typing import Any

import pytest
from msgspec import Raw

from renown.protocol.access import ServerSubscription
from renown.protocol.codec import JSON, PROTOBUF
from renown.protocol.codes import ERRORS, UNSUBSCRIBES
from renown.protocol.effects import Attach, Await, Detach, Done, Log, Newest, Position, Release
from renown.protocol.replies import Message, Push
from renown.protocol.session import Session, State
from tests.unit.protocol_talk import Rules, Talk, claims, code, message, pub


class TestAnswers:
    def test_anonymous(self) -> None:
        assert Talk().connect() == [
            {"id": 1, "connect": {"client": "c", "version": "renown", "ping": 25, "pong": True}}
        ]

    def test_without_pings(self) -> None:
        assert Talk(ping=0.0).connect() == [{"id": 1, "connect": {"client": "c", "version": "renown"}}]

    def test_a_lifetime_is_told_in_whole_seconds(self) -> None:
        (reply,) = Talk().connect(token='{"user":"ana","ttl":9.2}')
        assert (reply["connect"]["expires"], reply["connect"]["ttl"]) == (True, 10)

    def test_in_protobuf(self) -> None:
        (reply,) = Talk(PROTOBUF).connect(name="js")
        assert (reply.id, reply.connect.client, reply.connect.ping) == (1, "c", 25)

    def test_where_the_uplink_goes(self) -> None:
        talk = Talk()
        talk.session = Session(
            "c", JSON, talk.rules, talk.limits, now=0, spread=0, session="secret", node="n1"
        )
        (reply,) = talk.connect()
        assert (reply["connect"]["session"], reply["connect"]["node"]) == ("secret", "n1")

    def test_the_name_and_version_of_the_sdk_are_remembered_but_not_for_ever_long(self) -> None:
        talk = Talk()
        talk.connect(name="js" * 40, version="1.2" * 40)
        assert (talk.session.name, talk.session.version) == ("js" * 8, ("1.2" * 40)[:64])


class TestRefusals:
    @pytest.mark.parametrize(
        "anonymous, token, answer",
        [
            (False, "", 3501),
            (False, '{"user":""}', 3507),
            (True, "junk", 3500),
            (True, "expired", {"id": 1, "error": {"code": 109, "message": "token expired"}}),
            (True, '{"user":"ana","ttl":-1}', {"id": 1, "error": {"code": 110, "message": "expired"}}),
            (True, '{"user":"ana","rights":{"blocked":true}}', 3507),
            (True, '{"user":"ana","token_id":"lost"}', 3500),
            (True, '{"user":"many"}', 3504),
            (True, '{"user":"ana","subs":{"n:1":{},"n:2":{},"n:3":{}}}', 3505),
        ],
    )
    def test_table(self, anonymous: bool, token: str, answer: object) -> None:
        rules = Rules()
        rules.anonymous, rules.crowds, rules.revocations = anonymous, ("many",), ("lost",)
        assert Talk(rules=rules, server_channels=2).connect(token=token) == [answer]

    def test_after_an_error_nothing_more_is_answered(self) -> None:
        talk = Talk()
        talk.connect(token="expired")
        assert talk.session.state is State.REFUSED
        assert talk.connect() == [3501]

    @pytest.mark.parametrize(
        "first",
        ['{"id":1,"subscribe":{"channel":"n:1"}}', "{}", '{"connect":{}}', '{"send":{}}', '{"id":1}'],
    )
    @pytest.mark.parametrize("codec", [JSON, PROTOBUF])
    def test_nothing_goes_before_it(self, first: str, codec: Any) -> None:
        assert Talk(codec).say(first) == [3501]

    def test_not_twice(self) -> None:
        talk = Talk()
        talk.connect()
        assert talk.connect() == [3501]

    def test_the_deadline(self) -> None:
        talk = Talk()
        assert talk.wait(9.9) == []
        assert talk.wait(0.2) == [3502]
        assert talk.connect() == []


class TestKeysThatMustBeFetched:
    def talk(self, missing: int) -> Talk:
        rules = Rules()
        rules.keys_missing = missing
        return Talk(rules=rules)

    def test_the_command_is_tried_again(self) -> None:
        talk = self.talk(2)
        told = talk.say({"id": 1, "connect": {"token": '{"user":"ana"}'}}, {"id": 2, "rpc": {}})
        assert told == [Await()]
        assert talk.answer(Done()) == [Await()]
        connected, refused = talk.answer(Done())
        assert (connected["connect"]["client"], refused["id"]) == ("c", 2)
        assert talk.session.user == "ana"

    def test_but_not_for_ever(self) -> None:
        talk = self.talk(99)
        told = talk.connect(token="{}")
        while told == [Await()]:
            told = talk.answer(Done())
        assert told == [3500]

    def test_keys_that_cannot_be_had_are_no_reason_to_leave_for_good(self) -> None:
        talk = self.talk(99)
        talk.connect(token="{}")
        (reply,) = talk.answer(ERRORS.INTERNAL)
        assert (reply["error"]["code"], reply["error"]["temporary"]) == (100, True)

    @pytest.mark.parametrize(
        "command, answer",
        [
            ({"subscribe": {"channel": "n:1", "token": claims()}}, {"code": 103}),
            ({"refresh": {"token": '{"user":""}'}}, 3500),
            ({"sub_refresh": {"channel": "n:1", "token": claims()}}, 3500),
        ],
    )
    def test_other_tokens_wait_too(self, command: dict[str, Any], answer: Any) -> None:
        talk = Talk()
        talk.connect()
        if "sub_refresh" in command:
            talk.subscribe()
        talk.rules.keys_missing = 99
        told = talk.say({"id": 7, **command})
        for _ in range(3):
            assert told == [Await()]
            told = talk.answer(Done())
        got = told[0] if isinstance(answer, int) else {"code": told[0]["error"]["code"]}
        assert got == answer

    def test_the_deadline_goes_on(self) -> None:
        talk = self.talk(99)
        talk.connect(token="{}")
        assert talk.wait(10) == [3502]
        assert talk.answer(Done()) == []


class TestOneFrame:
    def test_with_everything_in_it(self) -> None:
        talk = Talk()
        told = talk.say(
            {"id": 1, "connect": {}}, {"id": 2, "subscribe": {"channel": "n:1"}}, {"id": 3, "rpc": {}}
        )
        assert [told[0]["id"], told[1]] == [1, Attach("n:1")]
        assert talk.session.backlog == 1
        assert [reply["id"] for reply in talk.answer(Newest("e", 0, b""))] == [2, 3]
        assert talk.session.backlog == 0


class TestServerSide:
    def talk(self, *channels: str, **fields: Any) -> Talk:
        rules = Rules()
        rules.servers = {channel: ServerSubscription(**fields) for channel in channels}
        return Talk(rules=rules)

    def test_each_is_attached_before_the_answer(self) -> None:
        talk = self.talk("s:1", "s:2")
        told = talk.say({"id": 1, "connect": {}}, {"id": 2, "rpc": {}})
        assert told == [Attach("s:1", hold=True)]
        assert talk.answer(Log("e", 3)) == [Attach("s:2", hold=True)]
        assert talk.session.subscribed("s:1")
        reply, release, refused = talk.answer(Log("e", 5))
        assert release == Release()
        assert reply["connect"]["subs"] == {
            "s:1": {"recoverable": True, "epoch": "e", "offset": 3, "positioned": True},
            "s:2": {"recoverable": True, "epoch": "e", "offset": 5, "positioned": True},
        }
        assert refused["id"] == 2
        assert talk.session.channels == ["s:1", "s:2"]

    def test_they_are_recovered(self) -> None:
        talk = self.talk("s:1")
        subs = {"s:1": {"recover": True, "epoch": "e", "offset": 2, "delta": "fossil"}}
        (asked,) = talk.connect(subs=subs)
        assert (asked.recover, asked.delta) == (Position("e", 2), True)
        reply, _ = talk.answer(Log("e", 3, (pub(3, JSON.text(b"[3]")),)))
        found = reply["connect"]["subs"]["s:1"]
        assert (found["was_recovering"], found["recovered"], found["offset"]) == (True, True, 2)
        assert found["publications"] == [{"data": "[3]", "offset": 3}]

    def test_what_clients_would_not_read_in_the_answer_follows_it(self) -> None:
        talk = self.talk("n:1")
        talk.connect()
        reply, push, release = talk.answer(Newest("e", 3, b"[3]"))
        assert "publications" not in reply["connect"]["subs"]["n:1"]
        assert push == {"push": {"channel": "n:1", "pub": {"data": [3], "offset": 3}}}
        assert release == Release()

    def test_a_channel_that_cannot_be_had_is_left_out(self) -> None:
        talk = self.talk("s:1", "x:1", "m:1")
        assert talk.connect() == [Attach("s:1", hold=True)]
        detach, reply, release = talk.answer(ERRORS.LIMIT_EXCEEDED)
        assert (detach, release) == (Detach("s:1"), Release())
        assert "subs" not in reply["connect"]
        assert talk.session.channels == []

    def test_one_that_cannot_be_read_now_has_the_client_come_again(self) -> None:
        talk = self.talk("s:1", "s:2")
        talk.connect()
        talk.answer(Log("e", 3))
        assert talk.answer(ERRORS.INTERNAL) == [Detach("s:2"), 3004]
        assert talk.session.channels == ["s:1"]
        assert talk.say({"id": 2, "rpc": {}}) == []

    def test_their_info_and_data(self) -> None:
        talk = self.talk("f:1", info=Raw(b'"i"'), data=Raw(b'{"a":1}'))
        (asked,) = talk.connect()
        assert (asked.info.chan_info, asked.joins) == (Raw(b'"i"'), True)
        reply, _ = talk.answer(Log("e", 0))
        assert reply["connect"]["subs"]["f:1"]["data"] == {"a": 1}

    def test_one_taken_away_before_the_answer_is_not_in_it(self) -> None:
        talk = self.talk("s:1", "s:2")
        talk.connect()
        talk.answer(Log("e", 1))
        assert talk.told(talk.session.unsubscribe("s:1", UNSUBSCRIBES.SERVER)) == [Detach("s:1")]
        reply, _ = talk.answer(Log("e", 1))
        assert list(reply["connect"]["subs"]) == ["s:2"]

    def test_one_lost_before_the_answer_ends_the_connection_as_it_does_later(self) -> None:
        talk = self.talk("s:1", "s:2")
        talk.connect()
        talk.answer(Log("e", 1))
        told = talk.told(talk.session.unsubscribe("s:1", UNSUBSCRIBES.INSUFFICIENT_STATE))
        assert told == [Detach("s:1"), 3010]

    def test_nothing_is_said_before_the_answer(self) -> None:
        talk = self.talk("s:1")
        talk.connect()
        assert talk.session.push(Push(message=Message(Raw(b"1")))) == []
        reply, push, _ = talk.answer(Log("e", 1))
        assert (reply["id"], push) == (1, {"push": {"message": {"data": 1}}})

    def test_a_client_cannot_subscribe_to_them_again_and_they_do_not_count_as_its_own(self) -> None:
        rules = Rules()
        rules.servers = {"s:1": ServerSubscription()}
        talk = Talk(rules=rules, channels=1)
        talk.connect()
        talk.answer(Log("e", 1))
        assert code(talk.subscribe("s:1")) == 105
        assert "subscribe" in talk.subscribe("n:1")[0]
        assert code(talk.subscribe("n:2")) == 106

    def test_a_connection_that_ends_meanwhile_names_all_that_is_to_be_left(self) -> None:
        talk = self.talk("s:1", "s:2")
        talk.connect()
        talk.answer(Log("e", 1))
        assert talk.wait(10) == [3502]
        assert talk.session.channels == ["s:1", "s:2"]


def test_tokens_bring_their_own() -> None:
    talk = Talk()
    token = json.dumps({"user": "ana", "subs": {"s:7": {}}})
    assert talk.told(talk.session.receive(message(JSON, {"id": 1, "connect": {"token": token}}), 0.0)) == [
        Attach("s:7", hold=True)
    ]
