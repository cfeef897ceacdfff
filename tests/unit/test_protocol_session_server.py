"""What the server does by itself on an open connection."""

from typing import Any

import pytest
from msgspec import Raw

from renown.protocol.access import Action, ServerSubscription
from renown.protocol.codes import DISCONNECTS, ERRORS, UNSUBSCRIBES
from renown.protocol.effects import Attach, Close, Detach, Log, MapPage, Newest, Position
from renown.protocol.replies import Message, Push
from renown.protocol.session import State
from tests.unit.protocol_talk import Talk, claims, code, pub


@pytest.fixture
def talk() -> Talk:
    talk = Talk(ping=0.0)
    talk.connect()
    return talk


def made(talk: Talk, channel: str = "s:1", **more: Any) -> list[Any]:
    return talk.told(talk.session.subscribe(channel, talk.now, **more))


class TestSubscriptions:
    def test_one_is_told_once_it_stands(self, talk: Talk) -> None:
        assert made(talk) == [Attach("s:1")]
        assert talk.answer(Log("e", 3)) == [
            {
                "push": {
                    "channel": "s:1",
                    "subscribe": {"recoverable": True, "epoch": "e", "offset": 3, "positioned": True},
                }
            }
        ]
        stands = talk.session.subscription("s:1")
        assert stands is not None
        assert stands.server_side

    def test_with_what_was_missed_since_a_position(self, talk: Talk) -> None:
        (asked,) = made(talk, since=Position("e", 1), said=ServerSubscription(data=Raw(b"7")))
        assert asked.recover == Position("e", 1)
        told = talk.answer(Log("e", 3, (pub(2, b"2"), pub(3, b"3"))))
        assert told[0]["push"]["subscribe"]["data"] == 7
        assert told[0]["push"]["subscribe"]["offset"] == 1
        assert [push["push"]["pub"] for push in told[1:]] == [
            {"data": 2, "offset": 2},
            {"data": 3, "offset": 3},
        ]

    def test_with_the_newest(self, talk: Talk) -> None:
        made(talk, "n:1")
        _, push = talk.answer(Newest("e", 3, b"3"))
        assert push["push"] == {"channel": "n:1", "pub": {"data": 3, "offset": 3}}

    def test_it_waits_for_what_is_being_answered(self, talk: Talk) -> None:
        talk.say({"id": 2, "subscribe": {"channel": "n:1"}})
        assert made(talk) == []
        reply, asked = talk.answer(Newest("e", 0, b""))
        assert (reply["id"], asked) == (2, Attach("s:1"))

    @pytest.mark.parametrize("channel", ["x:1", "m:1", "n:1"])
    def test_nothing_happens_where_it_cannot_be_or_stands_already(self, talk: Talk, channel: str) -> None:
        talk.subscribe("n:1")
        assert made(talk, channel) == []

    def test_one_that_cannot_be_read_is_not_told(self, talk: Talk) -> None:
        made(talk)
        assert talk.answer(ERRORS.INTERNAL) == [Detach("s:1")]
        assert talk.session.channels == []

    def test_one_that_is_taken_away_before_it_stands_is_not_told(self, talk: Talk) -> None:
        made(talk)
        assert talk.session.unsubscribe("s:1", UNSUBSCRIBES.SERVER) == []
        assert talk.answer(Log("e", 3)) == [Detach("s:1")]

    def test_one_that_is_taken_away_before_it_is_made_is_not_made(self, talk: Talk) -> None:
        talk.say({"id": 2, "subscribe": {"channel": "n:1"}})
        made(talk)
        talk.session.unsubscribe("s:1", UNSUBSCRIBES.SERVER)
        assert [reply["id"] for reply in talk.answer(Newest("e", 0, b""))] == [2]

    def test_the_clients_own_follows_it(self, talk: Talk) -> None:
        made(talk)
        talk.answer(Log("e", 3))
        assert code(talk.subscribe("s:1")) == 105
        assert talk.say({"id": 3, "unsubscribe": {"channel": "s:1"}})[0] == Detach("s:1")

    def test_a_snapshot_of_the_channel_gives_way(self, talk: Talk) -> None:
        talk.say({"id": 2, "subscribe": {"channel": "m:1", "type": 1, "phase": 2}})
        talk.answer(MapPage("e", 7, live=False, cursor="next"))
        assert made(talk, "m:1") == []
        assert talk.session.channels == ["m:1"]

    def test_none_before_the_connection_is_open(self) -> None:
        assert made(Talk()) == []


class TestEnds:
    @pytest.mark.parametrize(
        "why, end",
        [
            (UNSUBSCRIBES.INSUFFICIENT_STATE, DISCONNECTS.INSUFFICIENT_STATE),
            (UNSUBSCRIBES.EXPIRED, DISCONNECTS.SUBSCRIPTION_EXPIRED),
            (UNSUBSCRIBES.STATE_INVALIDATED, DISCONNECTS.STATE_INVALIDATED),
        ],
    )
    def test_what_the_client_cannot_ask_for_again_ends_the_connection(
        self, talk: Talk, why: Any, end: Any
    ) -> None:
        made(talk)
        talk.answer(Log("e", 3))
        assert talk.session.unsubscribe("s:1", why) == [Detach("s:1"), Close(end)]
        assert talk.session.state is State.CLOSED

    def test_what_is_taken_away_for_good_does_not(self, talk: Talk) -> None:
        made(talk)
        talk.answer(Log("e", 3))
        push, _ = talk.told(talk.session.unsubscribe("s:1", UNSUBSCRIBES.SERVER))
        assert push["push"]["unsubscribe"]["code"] == 2000

    def test_once_only(self, talk: Talk) -> None:
        assert talk.session.close(DISCONNECTS.SHUTDOWN) == [Close(DISCONNECTS.SHUTDOWN)]
        assert talk.session.close(DISCONNECTS.SLOW) == []
        assert talk.session.push(Push(message=Message(Raw(b"1")))) == []
        assert talk.session.extend(3, 0.0) == []
        assert made(talk) == []


class TestRechecks:
    def test_only_what_still_may_be_stays(self, talk: Talk) -> None:
        for channel in ("n:1", "s:1"):
            talk.subscribe(channel)
        talk.subscribe("t:1", token=claims(channel="t:1", token_id="good"))
        talk.subscribe("t:2", token=claims(channel="t:2", token_id="lost"))
        made(talk, "s:9")
        talk.answer(Log("e", 1))
        assert talk.session.recheck() == []
        talk.rules.revocations = ("lost",)
        assert [told for told in talk.session.recheck() if isinstance(told, Detach)] == [Detach("t:2")]
        talk.rules.denied = (Action.SUBSCRIBE,)
        left = [told for told in talk.session.recheck() if isinstance(told, Detach)]
        assert left == [Detach("n:1"), Detach("s:1")]
        assert talk.session.channels == ["t:1", "s:9"]

    def test_what_is_being_made_is_looked_at_too(self, talk: Talk) -> None:
        talk.say({"id": 2, "subscribe": {"channel": "n:1"}})
        talk.rules.denied = (Action.SUBSCRIBE,)
        assert talk.session.recheck() == []
        reply, detach = talk.answer(Newest("e", 1, b"1"))
        assert (reply["error"]["code"], detach) == (103, Detach("n:1"))


def test_anything_can_be_said(talk: Talk) -> None:
    assert talk.told(talk.session.push(Push(message=Message(Raw(b'{"a":1}'))))) == [
        {"push": {"message": {"data": {"a": 1}}}}
    ]
