"""What time does to a session: pings, lifetimes, and commands that come too fast."""

import json
from math import inf
from typing import Any

import pytest

from renown.protocol.access import ServerSubscription
from renown.protocol.codec import JSON, PROTOBUF
from renown.protocol.effects import Attach, Detach, Log, Newest
from renown.protocol.session import State
from tests.unit.protocol_talk import Rules, Talk, claims, code


@pytest.fixture
def talk() -> Talk:
    talk = Talk()
    talk.connect()
    return talk


class TestPings:
    def test_first_within_the_second_half_then_every_interval(self, talk: Talk) -> None:
        assert talk.session.due == 12.5
        assert talk.wait(12.5) == [{}]
        assert talk.say("{}") == []
        assert talk.session.due == 37.5
        assert talk.wait(25) == [{}]

    def test_no_pong(self, talk: Talk) -> None:
        talk.wait(12.5)
        talk.say({"id": 2, "rpc": {}})
        assert talk.wait(8) == [3012]
        assert talk.session.due == inf

    def test_pongs_that_may_take_longer_than_pings_are_waited_for_all_the_same(self) -> None:
        talk = Talk(ping=5.0, pong=8.0)
        talk.connect()
        talk.wait(2.5)
        assert talk.wait(5) == [{}]
        assert talk.wait(3) == [3012]

    @pytest.mark.parametrize("codec", [JSON, PROTOBUF])
    def test_a_pong_unasked(self, codec: Any) -> None:
        talk = Talk(codec)
        talk.connect()
        assert talk.say("{}") == [3501]

    @pytest.mark.parametrize("codec", [JSON, PROTOBUF])
    def test_two_pongs_for_one_ping(self, codec: Any) -> None:
        talk = Talk(codec)
        talk.connect()
        talk.wait(12.5)
        assert talk.say("{}", "{}") == [3501]

    def test_anything_without_an_id_is_a_pong(self, talk: Talk) -> None:
        talk.wait(12.5)
        assert talk.say('{"subscribe":{"channel":"n:1"}}') == []

    @pytest.mark.parametrize("codec", [JSON, PROTOBUF])
    def test_a_call_without_an_id_is_a_pong_though_it_sends_too(self, codec: Any) -> None:
        talk = Talk(codec)
        talk.connect()
        assert talk.say({"id": 0, "rpc": {"method": "echo"}, "send": {"data": 1}}) == [3501]

    @pytest.mark.parametrize("codec", [JSON, PROTOBUF])
    def test_a_pong_does_not_wait_behind_a_question(self, codec: Any) -> None:
        talk = Talk(codec)
        talk.connect()
        assert talk.say({"id": 2, "subscribe": {"channel": "n:1"}}) == [Attach("n:1")]
        talk.wait(12.5)
        assert talk.say({"id": 3, "unsubscribe": {"channel": "n:1"}}, "{}") == []
        assert talk.session.due == 37.5
        assert talk.session.backlog == 1


class TestConnections:
    def connected(self, ttl: float = 30) -> Talk:
        talk = Talk(ping=0.0)
        talk.connect(token=json.dumps({"user": "ana", "ttl": ttl}))
        return talk

    def test_lifetime_and_grace(self) -> None:
        talk = self.connected()
        assert talk.wait(54.9) == []
        assert talk.wait(0.2) == [3005]

    def test_refresh_moves_the_end(self) -> None:
        talk = self.connected()
        told = talk.say({"id": 2, "refresh": {"token": '{"user":"ana","ttl":100}'}})
        assert told == [{"id": 2, "refresh": {"expires": True, "ttl": 100}}]
        assert talk.session.due == 125
        assert talk.say({"id": 3, "refresh": {"token": '{"user":"ana"}'}}) == [{"id": 3, "refresh": {}}]
        assert talk.session.due == inf

    def test_the_server_can_move_it_too(self) -> None:
        talk = self.connected()
        (told,) = talk.told(talk.session.extend(7, 0.0))
        assert told == {"push": {"refresh": {"expires": True, "ttl": 7}}}
        assert talk.session.due == 32

    @pytest.mark.parametrize(
        "token, answer",
        [
            ("", 3501),
            ("junk", 3500),
            ("expired", 3005),
            ('{"user":"eve"}', 3500),
            ('{"user":"ana","token_id":"lost"}', 3500),
            ('{"user":"ana","rights":{"blocked":true}}', 3507),
            ('{"user":"ana","subs":{"n:1":{}}}', 3010),
        ],
    )
    def test_bad_refreshes(self, token: str, answer: int) -> None:
        talk = self.connected()
        talk.rules.revocations = ("lost",)
        assert talk.say({"id": 2, "refresh": {"token": token}}) == [answer]

    def test_a_refresh_that_is_past_already(self) -> None:
        assert code(self.connected().say({"id": 2, "refresh": {"token": '{"user":"ana","ttl":0}'}})) == 110

    def test_a_refresh_with_other_rights_ends_what_they_do_not_give(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        talk = self.connected()
        talk.subscribe("u:1")
        may = talk.rules.may
        monkeypatch.setattr(
            talk.rules,
            "may",
            lambda action, channel, who, *, subscribed: (
                "staff" in who.rights.roles and may(action, channel, who, subscribed=subscribed)
            ),
        )
        staff = json.dumps({"user": "ana", "rights": {"roles": ["staff"]}})
        assert len(talk.say({"id": 2, "refresh": {"token": staff}})) == 1
        reply, push, detach = talk.say({"id": 3, "refresh": {"token": '{"user":"ana"}'}})
        assert (reply["id"], push["push"]["unsubscribe"]["code"], detach) == (3, 2000, Detach("u:1"))


class TestSubscriptions:
    def test_one_expires_alone(self, talk: Talk) -> None:
        talk.subscribe(token=claims(ttl=30))
        talk.wait(12.5)
        talk.say("{}")
        talk.now = 36.5
        assert talk.say({"id": 3, "sub_refresh": {"channel": "n:1", "token": claims(ttl=1)}}) == [
            {"id": 3, "sub_refresh": {"expires": True, "ttl": 1}}
        ]
        seen: list[Any] = []
        while Detach("n:1") not in seen:
            seen += talk.wait(talk.session.due - talk.now)
            if seen[-1] == {}:
                talk.say("{}")
        expired = {"channel": "n:1", "unsubscribe": {"code": 2501, "reason": "subscription expired"}}
        assert {"push": expired} in seen
        assert talk.session.state is State.OPEN

    def test_one_that_the_server_made_ends_the_connection(self) -> None:
        talk = Talk(ping=0.0)
        talk.connect()
        talk.session.subscribe("s:1", 0.0, ttl=10)
        talk.answer(Log("e", 0))
        assert talk.session.due == 35
        assert talk.wait(35) == [Detach("s:1"), 3006]

    def test_a_refresh_is_remembered(self, talk: Talk) -> None:
        talk.subscribe(token=claims(token_id="1", ttl=5, info=1))
        talk.say({"id": 3, "sub_refresh": {"channel": "n:1", "token": claims(token_id="2", issued_at=3)}})
        stands = talk.session.subscription("n:1")
        assert stands is not None
        assert (stands.token_id, stands.issued_at, stands.expires_by) == ("2", 3, inf)
        assert stands.info is not None

    @pytest.mark.parametrize(
        "request_, answer",
        [
            ({"channel": "n:2", "token": claims()}, 103),
            ({"channel": "n:1"}, 107),
            ({"channel": "n:1", "token": claims(ttl=0)}, 110),
            ({"token": claims(channel="n:9")}, 103),
        ],
    )
    def test_bad_refreshes(self, talk: Talk, request_: dict[str, Any], answer: int) -> None:
        talk.subscribe()
        assert code(talk.say({"id": 3, "sub_refresh": request_})) == answer

    def test_an_expired_token_is_asked_for_again(self, talk: Talk) -> None:
        talk.subscribe()
        (reply,) = talk.say({"id": 3, "sub_refresh": {"channel": "n:1", "token": "expired"}})
        assert reply["error"] == {"code": 109, "message": "token expired", "temporary": True}

    @pytest.mark.parametrize(
        "token", ["junk", claims(user="eve"), claims(channel="n:2"), claims(token_id="lost")]
    )
    def test_a_wrong_token_ends_the_connection(self, talk: Talk, token: str) -> None:
        talk.rules.revocations = ("lost",)
        talk.subscribe()
        assert talk.say({"id": 3, "sub_refresh": {"channel": "n:1", "token": token}}) == [3500]

    def test_the_channel_may_stand_in_the_token_alone(self, talk: Talk) -> None:
        talk.subscribe()
        assert talk.say({"id": 3, "sub_refresh": {"token": claims()}}) == [{"id": 3, "sub_refresh": {}}]


class TestPace:
    def talk(self, **limits: Any) -> Talk:
        talk = Talk(ping=0.0, commands=2.0, burst=4, **limits)
        talk.connect()
        return talk

    def ask(self, talk: Talk, times: int) -> list[Any]:
        told = talk.say(*[{"id": 2, "rpc": {}}] * times)
        return [each if isinstance(each, int) else each["error"]["code"] for each in told]

    def test_too_many_at_once_are_refused_and_may_be_tried_again(self) -> None:
        talk = self.talk()
        assert self.ask(talk, 4) == [104, 104, 104, 111]
        (reply,) = talk.say({"id": 2, "rpc": {}})
        assert reply["error"] == {"code": 111, "message": "too many requests", "temporary": True}
        talk.now += 2
        assert self.ask(talk, 2) == [104, 104]

    def test_who_does_not_slow_down_must_go(self) -> None:
        talk = self.talk()
        assert self.ask(talk, 20) == [104] * 3 + [111] * 4 + [3013]

    def test_a_pace_within_the_limit_is_never_refused(self) -> None:
        talk = self.talk()
        for _ in range(50):
            assert self.ask(talk, 1) == [104]
            talk.now += 0.5

    def test_who_comes_back_gets_all_that_they_had(self) -> None:
        talk = self.talk(channels=50)
        for number in range(50):
            assert "subscribe" in talk.subscribe(f"n:{number}")[0], number
        assert self.ask(talk, 4) == [104, 104, 104, 111]

    def test_subscribing_again_and_again_counts(self) -> None:
        talk = self.talk(channels=5)
        answers = []
        for number in range(9):
            answers.append(talk.subscribe(f"n:{number}")[0])
            talk.say({"id": 3, "unsubscribe": {"channel": f"n:{number}"}})
        assert ["subscribe" in answer for answer in answers] == [True] * 8 + [False]
        assert code(answers[8:]) == 111

    def test_leaving_is_never_refused(self) -> None:
        talk = self.talk(channels=20)
        for number in range(20):
            talk.subscribe(f"n:{number}")
        commands = [{"id": 3, "unsubscribe": {"channel": f"n:{number}"}} for number in range(20)]
        told = talk.say(*commands)
        assert [each["unsubscribe"] for each in told if isinstance(each, dict)] == [{}] * 20
        # What is not there to be left counts as any command.
        told = talk.say(*commands[:6])
        assert [each.get("error", {}).get("code") for each in told] == [None] * 3 + [111] * 3

    def test_all_subscriptions_may_be_refreshed_at_once(self) -> None:
        talk = self.talk(channels=30)
        tokens = [claims(channel=f"t:{number}", ttl=600) for number in range(30)]
        for number, token in enumerate(tokens):
            talk.subscribe(f"t:{number}", token=token)
        talk.now += 600
        told = talk.say(
            *[{"id": 3, "sub_refresh": {"channel": f"t:{i}", "token": t}} for i, t in enumerate(tokens)]
        )
        assert [each["sub_refresh"]["ttl"] for each in told] == [600] * 30
        assert self.ask(talk, 1) == [111]

    def test_without_a_limit_there_is_none(self, talk: Talk) -> None:
        assert self.ask(talk, 1000) == [104] * 1000

    def test_commands_behind_a_question_are_bounded(self, talk: Talk) -> None:
        talk.say({"id": 2, "subscribe": {"channel": "n:1"}})
        assert talk.say(*[{"id": 2, "rpc": {}}] * 1024) == []
        assert talk.session.backlog == 1024
        assert talk.say({"id": 2, "rpc": {}}) == [3013]
        assert talk.answer(Newest("e", 0, b"")) == []

    def test_the_bound_leaves_room_for_all_channels_at_once(self) -> None:
        talk = Talk(channels=1000)
        talk.connect()
        told = talk.say(*[{"id": i + 2, "subscribe": {"channel": f"n:{i}"}} for i in range(1000)])
        count = 0
        while told and isinstance(told[-1], Attach):
            told = talk.answer(Newest("e", 0, b""))
            count += 1
        assert count == 1000


def test_a_session_that_the_server_subscribes_keeps_the_connects_deadline() -> None:
    rules = Rules()
    rules.servers = {"s:1": ServerSubscription()}
    talk = Talk(rules=rules)
    talk.connect()
    assert talk.session.due == 10
