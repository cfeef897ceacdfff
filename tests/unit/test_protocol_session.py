"""The session as a value machine: every rule of the conversation, and anything at all thrown at it."""

import json
from math import inf
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renown.protocol.access import (
    ConnectionClaims,
    Limits,
    Refusal,
    Route,
    SubscriptionClaims,
    TokenRefused,
    Who,
)
from renown.protocol.codec import JSON
from renown.protocol.codes import DISCONNECTS, ERRORS, UNSUBSCRIBES, Disconnect, Error
from renown.protocol.effects import Attach, Close, Detach, Effect, History, Log, Newest, ReadHistory, Send
from renown.protocol.session import Session, State


class Rules:
    """Tokens are JSON here: a session only cares what they say."""

    anonymous = True
    epoch = "e"

    def _claims(self, token: str) -> dict[str, Any]:
        if token == "expired":
            raise TokenRefused(Refusal.EXPIRED, "expired")
        try:
            claims: dict[str, Any] = json.loads(token)
        except ValueError as error:
            raise TokenRefused(Refusal.INVALID, "invalid") from error
        return claims

    def connection(self, token: str) -> ConnectionClaims:
        return msgspec.convert(self._claims(token), ConnectionClaims)

    def subscription(self, token: str) -> SubscriptionClaims:
        claims = self._claims(token)
        data = claims.pop("data", None)
        found = msgspec.convert(claims, SubscriptionClaims)
        return msgspec.structs.replace(found, data=data and msgspec.Raw(msgspec.json.encode(data)))

    def route(self, channel: str) -> Route | Error:
        routes = {
            "n": Route(False),
            "s": Route(True),
            "u": Route(False, Who.USERS),
            "t": Route(False, Who.NOBODY),
        }
        return routes.get(channel.lstrip("$").partition(":")[0], ERRORS.UNKNOWN_CHANNEL)


class Conversation:
    """A session with a short memory of what it said."""

    def __init__(self, *, anonymous: bool = True, **limits: Any) -> None:
        rules = Rules()
        rules.anonymous = anonymous
        self.session = Session("c", JSON, rules, Limits(**limits), now=0.0, spread=0.0)
        self.now = 0.0

    def say(self, *commands: dict[str, Any] | str) -> list[Any]:
        """Return what the session wants done: replies decoded, closes as their code."""
        lines = [c if isinstance(c, str) else json.dumps(c) for c in commands]
        return self.told(self.session.receive("\n".join(lines).encode(), self.now))

    @staticmethod
    def told(effects: list[Effect]) -> list[Any]:
        return [
            json.loads(e.reply) if isinstance(e, Send) else e.why.code if isinstance(e, Close) else e
            for e in effects
        ]

    def connect(self, **request: Any) -> list[Any]:
        return self.say({"id": 1, "connect": request})

    def attached(self, found: Newest | Log) -> list[Any]:
        return self.told(self.session.attached(found, self.now))

    def subscribe(self, channel: str = "n:1", **request: Any) -> list[Any]:
        asked = self.say({"id": 2, "subscribe": {"channel": channel, **request}})
        if asked and isinstance(asked[-1], Attach):
            stream = asked[-1].stream
            return self.attached(Log("e", 4) if stream else Newest("e", 4, b"1"))
        return asked

    def wait(self, seconds: float) -> list[Any]:
        self.now += seconds
        return self.told(self.session.tick(self.now))


def code(told: list[Any]) -> int:
    assert len(told) == 1, told
    found: int = told[0]["error"]["code"]
    return found


@pytest.fixture
def talk() -> Conversation:
    conversation = Conversation()
    conversation.connect()
    return conversation


def claims(**values: Any) -> str:
    return json.dumps({"user": "", "channel": "n:1", **values})


class TestConnect:
    def test_anonymous(self) -> None:
        assert Conversation().connect() == [
            {"id": 1, "connect": {"client": "c", "version": "renown", "ping": 25, "pong": True}}
        ]

    def test_without_pings(self) -> None:
        assert Conversation(ping=0.0).connect() == [
            {"id": 1, "connect": {"client": "c", "version": "renown"}}
        ]

    def test_a_lifetime_is_told_in_whole_seconds(self) -> None:
        (reply,) = Conversation().connect(token='{"user":"ana","ttl":9.2}')
        assert (reply["connect"]["expires"], reply["connect"]["ttl"]) == (True, 10)

    @pytest.mark.parametrize(
        "anonymous, token, answer",
        [
            (False, "", 3501),
            (False, '{"user":""}', 3507),
            (True, "junk", 3500),
            (True, "expired", {"id": 1, "error": {"code": 109, "message": "token expired"}}),
            (True, '{"user":"ana","ttl":-1}', {"id": 1, "error": {"code": 110, "message": "expired"}}),
        ],
    )
    def test_refusals(self, anonymous: bool, token: str, answer: object) -> None:
        assert Conversation(anonymous=anonymous).connect(token=token) == [answer]

    def test_after_an_error_nothing_more_is_answered(self) -> None:
        talk = Conversation()
        talk.connect(token="expired")
        assert talk.connect() == [3501]

    @pytest.mark.parametrize(
        "first", ['{"id":1,"subscribe":{"channel":"n:1"}}', "{}", '{"connect":{}}', '{"send":{}}']
    )
    def test_nothing_goes_before_it(self, first: str) -> None:
        assert Conversation().say(first) == [3501]

    def test_not_twice(self, talk: Conversation) -> None:
        assert talk.connect() == [3501]

    def test_the_deadline(self) -> None:
        talk = Conversation()
        assert talk.wait(9.9) == []
        assert talk.wait(0.2) == [3502]
        assert talk.connect() == []

    def test_a_frame_with_everything_in_it(self) -> None:
        talk = Conversation()
        told = talk.say(
            {"id": 1, "connect": {}}, {"id": 2, "subscribe": {"channel": "n:1"}}, {"id": 3, "rpc": {}}
        )
        assert [told[0]["id"], told[1]] == [1, Attach("n:1", stream=False, recover=None)]
        assert talk.session.backlog == 1
        assert [reply["id"] for reply in talk.attached(Newest("e", 0, b""))] == [2, 3]
        assert talk.session.backlog == 0


class TestPings:
    def test_first_within_the_second_half_then_every_interval(self, talk: Conversation) -> None:
        assert talk.session.due == 12.5
        assert talk.wait(12.5) == [{}]
        assert talk.say("{}") == []
        assert talk.session.due == 37.5
        assert talk.wait(25) == [{}]

    def test_no_pong(self, talk: Conversation) -> None:
        talk.wait(12.5)
        talk.say({"id": 2, "rpc": {}})
        assert talk.wait(8) == [3012]
        assert talk.session.due == inf

    def test_a_pong_unasked(self, talk: Conversation) -> None:
        assert talk.say("{}") == [3501]

    def test_two_pongs_for_one_ping(self, talk: Conversation) -> None:
        talk.wait(12.5)
        assert talk.say("{}", "{}") == [3501]

    def test_anything_without_an_id_is_a_pong(self, talk: Conversation) -> None:
        talk.wait(12.5)
        assert talk.say('{"subscribe":{"channel":"n:1"}}') == []


class TestSubscribe:
    @pytest.mark.parametrize(
        "request_, answer",
        [
            ({"channel": "x:1"}, 102),
            ({"channel": "n:" + "1" * 254}, 107),
            ({"channel": "u:1"}, 103),
            ({"channel": "t:1"}, 103),
            ({"channel": "$n:1"}, 103),
            ({"channel": "u:1#ana"}, 103),
            ({"channel": "n:1", "token": "junk"}, 103),
            ({"channel": "n:1", "token": "expired"}, 109),
            ({"channel": "n:1", "token": claims(ttl=-1)}, 110),
            ({"channel": "n:1", "type": 1}, 107),
            ({"channel": "n:1", "tf": {}}, 107),
        ],
    )
    def test_errors(self, talk: Conversation, request_: dict[str, Any], answer: int) -> None:
        assert code(talk.subscribe(**request_)) == answer
        assert talk.subscribe("n:2")[0]["subscribe"]["offset"] == 4

    @pytest.mark.parametrize(
        "token", [claims(channel="n:2"), claims(user="eve"), claims(client="another")], ids=str
    )
    def test_a_token_for_something_else_ends_the_connection(self, talk: Conversation, token: str) -> None:
        assert talk.subscribe(token=token) == [3500]

    def test_a_token_opens_what_is_closed_and_brings_data(self, talk: Conversation) -> None:
        token = claims(channel="t:1", ttl=5, client="c", data={"a": 1})
        result = talk.subscribe("t:1", token=token)[0]["subscribe"]
        assert (result["expires"], result["ttl"], result["data"]) == (True, 5, {"a": 1})

    def test_users_and_names_with_a_hash(self) -> None:
        talk = Conversation()
        talk.connect(token='{"user":"ana"}')
        assert "subscribe" in talk.subscribe("u:1")[0]
        assert "subscribe" in talk.subscribe("n:2#eve")[0]

    def test_twice_and_too_many(self) -> None:
        talk = Conversation(channels=1)
        talk.connect()
        talk.subscribe()
        assert code(talk.subscribe()) == 105
        assert code(talk.subscribe("n:2")) == 106

    def test_a_stream_is_asked_for_from_its_position(self, talk: Conversation) -> None:
        (asked,) = talk.say(
            {"id": 2, "subscribe": {"channel": "s:1", "recover": True, "epoch": "e", "offset": 3}}
        )
        assert (asked.stream, asked.recover.epoch, asked.recover.offset) == (True, "e", 3)
        (reply,) = talk.attached(Log("e", 5, ((4, b"4"), (5, b"5"))))
        assert reply["subscribe"]["publications"] == [{"data": 4, "offset": 4}, {"data": 5, "offset": 5}]

    def test_unrecoverable(self, talk: Conversation) -> None:
        request = {"channel": "s:1", "recover": True, "epoch": "_", "offset": 3}
        talk.say({"id": 2, "subscribe": {**request, "flag": 3}})
        reply, detach = talk.attached(Log("e", 5))
        assert (reply["error"]["code"], detach) == (112, Detach("s:1"))
        assert not talk.session.subscribed("s:1")

    def test_a_failed_read_is_temporary(self, talk: Conversation) -> None:
        talk.say({"id": 2, "subscribe": {"channel": "n:1"}})
        reply, detach = talk.told(talk.session.failed(0.0))
        assert (reply["error"]["code"], reply["error"]["temporary"], detach) == (100, True, Detach("n:1"))

    def test_unsubscribe_waits_for_the_subscription_in_progress(self, talk: Conversation) -> None:
        told = talk.say(
            {"id": 2, "subscribe": {"channel": "n:1"}}, {"id": 3, "unsubscribe": {"channel": "n:1"}}
        )
        assert [type(effect) for effect in told] == [Attach]
        subscribed, detach, unsubscribed = talk.attached(Newest("e", 0, b""))
        assert (subscribed["id"], detach, unsubscribed) == (2, Detach("n:1"), {"id": 3, "unsubscribe": {}})

    def test_unsubscribe_is_idempotent(self, talk: Conversation) -> None:
        assert talk.say({"id": 3, "unsubscribe": {"channel": "n:1"}}) == [{"id": 3, "unsubscribe": {}}]

    def test_from_the_servers_side(self, talk: Conversation) -> None:
        talk.subscribe()
        push, detach = talk.told(talk.session.unsubscribe("n:1", UNSUBSCRIBES.INSUFFICIENT_STATE))
        assert push["push"]["unsubscribe"] == {"code": 2500, "reason": "insufficient state"}
        assert (push["push"]["channel"], detach) == ("n:1", Detach("n:1"))
        assert talk.session.unsubscribe("n:1", UNSUBSCRIBES.SERVER) == []


class TestExpiry:
    def connected(self, ttl: float = 30) -> Conversation:
        talk = Conversation(ping=0.0)
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

    @pytest.mark.parametrize(
        "token, answer", [("", 3501), ("junk", 3500), ("expired", 3005), ('{"user":"eve"}', 3500)]
    )
    def test_bad_refreshes(self, token: str, answer: int) -> None:
        assert self.connected().say({"id": 2, "refresh": {"token": token}}) == [answer]

    def test_a_refresh_that_is_past_already(self) -> None:
        assert code(self.connected().say({"id": 2, "refresh": {"token": '{"user":"ana","ttl":0}'}})) == 110

    def test_a_subscription_expires_alone(self, talk: Conversation) -> None:
        talk.subscribe(token=claims(ttl=30))
        talk.wait(12.5)
        talk.say("{}")
        talk.now = talk.session._ping_at - 1  # pyright: ignore[reportPrivateUsage]
        assert talk.say({"id": 3, "sub_refresh": {"channel": "n:1", "token": claims(ttl=1)}}) == [
            {"id": 3, "sub_refresh": {"expires": True, "ttl": 1}}
        ]
        seen: list[Any] = []
        while Detach("n:1") not in seen:
            seen += talk.wait(talk.session.due - talk.now)
            if seen[-1] == {}:
                talk.say("{}")
        assert {
            "push": {"channel": "n:1", "unsubscribe": {"code": 2501, "reason": "subscription expired"}}
        } in seen
        assert talk.session.state is State.OPEN

    @pytest.mark.parametrize(
        "request_, answer",
        [
            ({"channel": "n:2", "token": claims()}, 103),
            ({"channel": "n:1"}, 107),
            ({"channel": "n:1", "token": claims(ttl=0)}, 110),
            ({"token": claims(channel="n:9")}, 103),
        ],
    )
    def test_bad_subscription_refreshes(
        self, talk: Conversation, request_: dict[str, Any], answer: int
    ) -> None:
        talk.subscribe()
        assert code(talk.say({"id": 3, "sub_refresh": request_})) == answer

    def test_an_expired_subscription_token_is_asked_for_again(self, talk: Conversation) -> None:
        talk.subscribe()
        (reply,) = talk.say({"id": 3, "sub_refresh": {"channel": "n:1", "token": "expired"}})
        assert reply["error"] == {"code": 109, "message": "token expired", "temporary": True}

    @pytest.mark.parametrize("token", ["junk", claims(user="eve"), claims(channel="n:2")])
    def test_a_wrong_subscription_token_ends_the_connection(self, talk: Conversation, token: str) -> None:
        talk.subscribe()
        assert talk.say({"id": 3, "sub_refresh": {"channel": "n:1", "token": token}}) == [3500]

    def test_the_channel_may_stand_in_the_token_alone(self, talk: Conversation) -> None:
        talk.subscribe()
        assert talk.say({"id": 3, "sub_refresh": {"token": claims()}}) == [{"id": 3, "sub_refresh": {}}]


class TestOtherCommands:
    @pytest.mark.parametrize(
        "request_, answer",
        [
            ({"publish": {"channel": "n:1", "data": 1}}, 103),
            ({"publish": {"channel": "n:1", "data": None}}, 107),
            ({"publish": {"channel": "x:1", "data": 1}}, 102),
            ({"presence": {"channel": "n:1"}}, 108),
            ({"presence_stats": {"channel": "n:1"}}, 108),
            ({"presence": {"channel": "x:1"}}, 102),
            ({"history": {"channel": "n:1"}}, 108),
            ({"history": {"channel": "x:1"}}, 102),
            ({"history": {"channel": "s:1", "since": {"offset": 1, "epoch": "x"}}}, 112),
            ({"rpc": {"method": "m"}}, 108),
        ],
    )
    def test_errors(self, talk: Conversation, request_: dict[str, Any], answer: int) -> None:
        assert code(talk.say({"id": 3, **request_})) == answer

    @pytest.mark.parametrize(
        "request_, answer",
        [
            ({}, 3501),
            ({"ping": {}}, 3501),
            ({"send": {"data": 1}}, 3508),
            ({"publish": {"data": 1}}, 3501),
            ({"history": {"channel": ""}}, 3501),
            ({"unsubscribe": {}}, 3501),
        ],
    )
    def test_ends(self, talk: Conversation, request_: dict[str, Any], answer: int) -> None:
        assert talk.say({"id": 3, **request_}) == [answer]

    def test_the_first_of_several_requests_counts(self, talk: Conversation) -> None:
        assert code(talk.say({"id": 3, "rpc": {}, "publish": {"channel": "x:1", "data": 1}})) == 102

    def test_history_is_read_within_the_limit(self, talk: Conversation) -> None:
        for limit, expected in ((None, 0), (0, 0), (7, 7), (-1, 300), (5000, 300)):
            (asked,) = talk.say({"id": 3, "history": {"channel": "s:1", "limit": limit}})
            assert asked == ReadHistory("s:1", None, expected, reverse=False)
            (reply,) = talk.told(talk.session.read(History("e", 2, ((1, b"[]"),)), 0.0))
            assert reply == {
                "id": 3,
                "history": {"publications": [{"data": [], "offset": 1}], "epoch": "e", "offset": 2},
            }


REQUESTS = st.sampled_from(
    ["connect", "subscribe", "unsubscribe", "publish", "presence", "history", "rpc", "send", "refresh",
     "sub_refresh", "ping", "nonsense"]
)  # fmt: skip
VALUES = st.none() | st.booleans() | st.integers(-3, 400) | st.sampled_from(
    ["", "n:1", "s:1", "u:1", "$n:1", "n:1#ana", "junk", "expired", "e", "_", claims(), claims(ttl=1),
     "ä:\ud800"]
)  # fmt: skip
FIELDS = st.sampled_from(["channel", "token", "recover", "epoch", "offset", "flag", "limit", "data", "delta"])
COMMANDS = st.builds(
    lambda number, name, request: json.dumps({"id": number, name: request}).encode(),
    st.integers(-1, 5),
    REQUESTS,
    st.dictionaries(FIELDS, VALUES, max_size=4),
)
STEPS = st.one_of(
    st.tuples(st.just("say"), COMMANDS | st.binary(max_size=30) | st.just(b"{}")),
    st.tuples(st.just("say"), st.lists(COMMANDS, max_size=4).map(b"\n".join)),
    st.tuples(st.just("wait"), st.floats(0, 40)),
    st.tuples(st.just("answer"), st.sampled_from(["found", "failed"])),
    st.tuples(st.just("unsubscribe"), st.sampled_from(["n:1", "s:1"])),
)


@settings(max_examples=400, deadline=None)
@given(st.booleans(), st.booleans(), st.lists(STEPS, max_size=25))
def test_anything_in_any_order_gets_a_right_code_and_never_raises(
    anonymous: bool, greeted: bool, steps: list[tuple[str, Any]]
) -> None:
    talk = Conversation(anonymous=anonymous)
    session = talk.session
    if greeted:
        talk.connect(token='{"user":"ana","ttl":60}')
    errors = {value.code for value in vars(ERRORS).values() if isinstance(value, Error)}
    closes = {value.code for value in vars(DISCONNECTS).values() if isinstance(value, Disconnect)}
    asked: Attach | ReadHistory | None = None
    closed = False
    for step, value in steps:
        effects: list[Effect] = []
        if step == "say":
            effects = session.receive(value, talk.now)
        elif step == "wait":
            talk.now += value
            effects = session.tick(talk.now)
        elif step == "unsubscribe":
            effects = session.unsubscribe(value, UNSUBSCRIBES.INSUFFICIENT_STATE)
        elif value == "failed":
            effects, asked = session.failed(talk.now), None
        elif isinstance(asked, Attach):
            state = Log("e", 2) if asked.stream else Newest("e", 2, b"{}")
            effects, asked = session.attached(state, talk.now), None
        elif asked is not None:
            effects, asked = session.read(History("e", 2), talk.now), None
        assert not (closed and effects)
        for effect in effects:
            assert not closed
            if isinstance(effect, Close):
                assert effect.why.code in closes
                closed = True
            elif isinstance(effect, Attach | ReadHistory):
                assert asked is None
                assert effect is effects[-1]
                asked = effect
            elif isinstance(effect, Send):
                reply = json.loads(effect.reply)
                assert reply.get("error", {"code": 100})["code"] in errors
        assert (session.state is State.CLOSED) == closed
        if closed:
            asked = None
