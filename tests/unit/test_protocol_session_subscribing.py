"""Subscribing: who may, on what terms, and what the answer says."""

import json
from typing import Any

import pytest
from msgspec import Raw

from renown.protocol.access import Action
from renown.protocol.codec import JSON, PROTOBUF
from renown.protocol.codes import ERRORS, UNSUBSCRIBES
from renown.protocol.commands import FilterNode
from renown.protocol.effects import Attach, Detach, Log, Newest, Position
from renown.protocol.replies import ClientInfo
from renown.protocol.subscriptions import PLAIN
from tests.unit.protocol_talk import Rules, Talk, claims, code, pub

RECOVER = {"recover": True, "epoch": "e", "offset": 3}
LEAF = {"key": "lang", "cmp": "eq", "val": "en"}


@pytest.fixture
def talk() -> Talk:
    talk = Talk()
    talk.connect()
    return talk


def signed_in(user: str = "ana", **limits: Any) -> Talk:
    talk = Talk(**limits)
    talk.connect(token=json.dumps({"user": user, "info": {"name": user}}))
    return talk


def asked(talk: Talk, channel: str, **request: Any) -> Attach:
    (effect,) = talk.say({"id": 2, "subscribe": {"channel": channel, **request}})
    assert isinstance(effect, Attach)
    return effect


class TestRefusals:
    @pytest.mark.parametrize(
        "request_, answer",
        [
            ({"channel": "x:1"}, 102),
            ({"channel": "n:" + "1" * 254}, 107),
            ({"channel": "n:" + "ä" * 127}, 107),
            ({"channel": "u:1"}, 103),
            ({"channel": "t:1"}, 103),
            ({"channel": "$n:1"}, 103),
            ({"channel": "u:1#ana"}, 103),
            ({"channel": "n:1", "token": "junk"}, 103),
            ({"channel": "n:1", "token": "expired"}, 109),
            ({"channel": "n:1", "token": claims(ttl=-1)}, 110),
            ({"channel": "n:1", "token": claims(token_id="lost")}, 103),
            ({"channel": "n:1", "type": 1}, 107),
            ({"channel": "n:1", "type": 2}, 107),
            ({"channel": "n:1", "type": 4}, 107),
            ({"channel": "m:1"}, 107),
            ({"channel": "n:1", "tf": LEAF}, 107),
            ({"channel": "r:1", "tf": {}}, 107),
            ({"channel": "r:1", "tf": {"op": "not", "nodes": []}}, 107),
            ({"channel": "b:1", "data": {"form": "protobuf"}}, 107),
            ({"channel": "b:1", "data": {"form": "xml"}}, 107),
        ],
    )
    def test_errors(self, talk: Talk, request_: dict[str, Any], answer: int) -> None:
        talk.rules.revocations = ("lost",)
        assert code(talk.subscribe(**request_)) == answer
        assert talk.subscribe("n:2")[0]["subscribe"]["offset"] == 4

    @pytest.mark.parametrize(
        "request_, answer", [({}, 3501), ({"channel": ""}, 3501), ({"channel": "n:1", "delta": "x"}, 3501)]
    )
    def test_ends(self, talk: Talk, request_: dict[str, Any], answer: int) -> None:
        assert talk.say({"id": 2, "subscribe": request_}) == [answer]

    @pytest.mark.parametrize(
        "token", [claims(channel="n:2"), claims(user="eve"), claims(client="another")], ids=str
    )
    def test_a_token_for_something_else_ends_the_connection(self, talk: Talk, token: str) -> None:
        assert talk.subscribe(token=token) == [3500]

    def test_twice_and_too_many(self) -> None:
        talk = Talk(channels=1)
        talk.connect()
        talk.subscribe()
        assert code(talk.subscribe()) == 105
        assert code(talk.subscribe("n:2")) == 106

    def test_a_failed_read_is_temporary(self, talk: Talk) -> None:
        asked(talk, "n:1")
        reply, detach = talk.answer(ERRORS.INTERNAL)
        assert (reply["error"]["code"], reply["error"]["temporary"], detach) == (100, True, Detach("n:1"))
        assert not talk.session.subscribed("n:1")


class TestWhoMay:
    def test_a_token_opens_what_is_closed_and_brings_data(self, talk: Talk) -> None:
        token = claims(channel="t:1", ttl=5, client="c", data={"a": 1})
        result = talk.subscribe("t:1", token=token)[0]["subscribe"]
        assert (result["expires"], result["ttl"], result["data"]) == (True, 5, {"a": 1})

    def test_a_token_opens_private_channels(self, talk: Talk) -> None:
        assert "subscribe" in talk.subscribe("$n:1", token=claims(channel="$n:1"))[0]

    def test_users(self) -> None:
        assert "subscribe" in signed_in().subscribe("u:1")[0]

    def test_elsewhere_a_hash_is_part_of_the_name(self) -> None:
        assert "subscribe" in signed_in().subscribe("n:2#eve")[0]

    def test_what_a_subscription_stands_on(self, talk: Talk) -> None:
        talk.subscribe("n:1")
        talk.subscribe("n:2", token=claims(channel="n:2", token_id="7", issued_at=8, ttl=9))
        assert talk.session.subscription("n:1") is PLAIN
        by_token = talk.session.subscription("n:2")
        assert by_token is not None
        assert (by_token.by_token, by_token.token_id, by_token.issued_at) == (True, "7", 8)
        assert talk.session.subscription("n:3") is None


class TestPositions:
    def test_a_stream_is_asked_for_from_its_position(self, talk: Talk) -> None:
        assert asked(talk, "s:1", **RECOVER).recover == Position("e", 3)
        (reply,) = talk.answer(Log("e", 5, (pub(4, b"4"), pub(5, b"5"))))
        assert reply["subscribe"]["publications"] == [{"data": 4, "offset": 4}, {"data": 5, "offset": 5}]
        assert (reply["subscribe"]["recovered"], reply["subscribe"]["offset"]) == (True, 3)

    def test_unrecoverable(self, talk: Talk) -> None:
        asked(talk, "s:1", **RECOVER, flag=3)
        reply, detach = talk.answer(Log("f", 5))
        assert (reply["error"]["code"], detach) == (112, Detach("s:1"))
        assert not talk.session.subscribed("s:1")

    @pytest.mark.parametrize("wish", [{}, {"join_leave": True}])
    def test_where_it_is_a_wish_who_does_not_wish_it_gets_no_position(
        self, talk: Talk, wish: dict[str, Any]
    ) -> None:
        (reply,) = talk.subscribe("r:1", **wish)
        assert reply == {"id": 2, "subscribe": {}}

    @pytest.mark.parametrize(
        "wish, recoverable",
        [({"recoverable": True}, True), ({"positioned": True}, False), ({"recover": True}, True)],
    )
    def test_a_wish_needs_the_right_to_read_the_history(
        self, talk: Talk, wish: dict[str, Any], recoverable: bool
    ) -> None:
        result = talk.subscribe("r:1", **wish)[0]["subscribe"]
        assert (result.get("recoverable", False), result["positioned"]) == (recoverable, True)
        assert (result["epoch"], result["offset"]) == ("e", 4)
        talk.rules.denied = (Action.HISTORY,)
        result = talk.subscribe("r:2", **wish)[0]["subscribe"]
        assert not {"recoverable", "positioned", "epoch", "offset", "recovered"} & result.keys()

    def test_a_recovery_that_is_not_granted_did_not_happen(self, talk: Talk) -> None:
        talk.rules.denied = (Action.HISTORY,)
        assert asked(talk, "r:1", **RECOVER).recover is None
        (reply,) = talk.answer(Log("e", 3))
        assert reply["subscribe"] == {"was_recovering": True}
        reply, _ = talk.subscribe("r:2", **RECOVER, flag=2)
        assert reply["error"]["code"] == 112

    def test_channels_without_a_log_have_none(self, talk: Talk) -> None:
        (reply,) = talk.subscribe("w:1", recoverable=True, positioned=True, **RECOVER)
        assert reply["subscribe"] == {"was_recovering": True}

    def test_a_token_can_grant_and_take(self, talk: Talk) -> None:
        def result(channel: str, **override: bool) -> dict[str, Any]:
            found: dict[str, Any] = talk.subscribe(channel, token=claims(channel=channel, override=override))[
                0
            ]["subscribe"]
            return found

        assert result("r:1", force_recovery=True)["recoverable"]
        assert result("r:2", force_positioning=True) == {"positioned": True, "epoch": "e", "offset": 4}
        assert result("s:1", force_recovery=False) == {}

    def test_a_newest_publication_may_be_told_as_a_whole(self, talk: Talk) -> None:
        asked(talk, "n:1")
        (reply,) = talk.answer(Newest("e", 4, b"1", pub(4, b"1", tags={"a": "b"}, time=9)))
        assert reply["subscribe"]["publications"] == [{"data": 1, "offset": 4, "tags": {"a": "b"}, "time": 9}]


class TestWishes:
    def test_patches(self, talk: Talk) -> None:
        assert asked(talk, "s:1", delta="fossil", **RECOVER).delta
        text = JSON.text(b'{"a":1}')
        (reply,) = talk.answer(Log("e", 4, (pub(4, text),)))
        assert reply["subscribe"]["delta"]
        assert reply["subscribe"]["publications"] == [{"data": '{"a":1}', "offset": 4}]

    def test_patches_in_protobuf_are_bytes(self) -> None:
        talk = Talk(PROTOBUF)
        talk.connect()
        assert asked(talk, "s:1", delta="fossil", **RECOVER).delta
        (reply,) = talk.answer(Log("e", 4, (pub(4, b'{"a":1}'),)))
        assert (reply.subscribe.delta, reply.subscribe.publications[0].data) == (True, b'{"a":1}')

    def test_no_patches_where_there_are_none_or_with_a_filter(self, talk: Talk) -> None:
        assert not asked(talk, "n:1", delta="fossil").delta
        assert "delta" not in talk.answer(Newest("e", 0, b""))[0]["subscribe"]
        assert not asked(talk, "r:1", delta="fossil", tf=LEAF).delta

    @pytest.mark.parametrize("codec", [JSON, PROTOBUF])
    def test_a_filter(self, codec: Any) -> None:
        talk = Talk(codec)
        talk.connect()
        wanted = asked(talk, "r:1", tf={"op": "or", "nodes": [LEAF, LEAF]}).filter
        assert wanted is not None
        assert [node.val for node in wanted.nodes or []] == ["en", "en"]
        assert isinstance(wanted, FilterNode)

    @pytest.mark.parametrize(
        "data, packed", [({"form": "protobuf"}, True), ({"form": "json"}, False), ([1], False), (None, False)]
    )
    def test_the_packed_form_is_for_protobuf(self, data: object, packed: bool) -> None:
        talk = Talk(PROTOBUF)
        talk.connect()
        assert asked(talk, "b:1", data=data).packed == packed

    def test_elsewhere_data_is_the_apps_own(self, talk: Talk) -> None:
        assert not asked(talk, "n:1", data={"form": "protobuf"}).packed


class TestPresence:
    def test_who_is_shown(self) -> None:
        talk = signed_in()
        token = claims(user="ana", channel="r:1", info=["typing"])
        assert asked(talk, "r:1", token=token).info == ClientInfo(
            "ana", "c", Raw(b'{"name":"ana"}'), Raw(b'["typing"]')
        )

    def test_nobody_is_shown_where_nobody_may_look(self, talk: Talk) -> None:
        assert asked(talk, "n:1").info is None

    @pytest.mark.parametrize(
        "override, shown",
        [({"presence": False}, True), ({"presence": False, "join_leave": False}, False)],
    )
    def test_a_token_can_hide(self, talk: Talk, override: dict[str, bool], shown: bool) -> None:
        token = claims(channel="r:1", override=override)
        assert (asked(talk, "r:1", token=token).info is not None) == shown

    def test_joins_are_told_to_those_who_ask_and_may(self, talk: Talk) -> None:
        assert not asked(talk, "r:1").joins
        talk.answer(Log("e", 0))
        assert asked(talk, "r:2", join_leave=True).joins
        talk.answer(Log("e", 0))
        talk.rules.denied = (Action.PRESENCE,)
        assert not asked(talk, "r:3", join_leave=True).joins

    def test_or_to_all_where_the_rule_says_so(self, talk: Talk) -> None:
        assert asked(talk, "f:1").joins

    def test_or_by_the_token(self, talk: Talk) -> None:
        token = claims(channel="r:1", override={"force_push_join_leave": True})
        assert asked(talk, "r:1", token=token).joins


class TestUnsubscribe:
    def test_waits_for_the_subscription_in_progress(self, talk: Talk) -> None:
        told = talk.say(
            {"id": 2, "subscribe": {"channel": "n:1"}}, {"id": 3, "unsubscribe": {"channel": "n:1"}}
        )
        assert [type(effect) for effect in told] == [Attach]
        subscribed, detach, unsubscribed = talk.answer(Newest("e", 0, b""))
        assert (subscribed["id"], detach, unsubscribed) == (2, Detach("n:1"), {"id": 3, "unsubscribe": {}})

    def test_is_idempotent(self, talk: Talk) -> None:
        assert talk.say({"id": 3, "unsubscribe": {"channel": "n:1"}}) == [{"id": 3, "unsubscribe": {}}]

    def test_from_the_servers_side(self, talk: Talk) -> None:
        talk.subscribe()
        push, detach = talk.told(talk.session.unsubscribe("n:1", UNSUBSCRIBES.INSUFFICIENT_STATE))
        assert push["push"]["unsubscribe"] == {"code": 2500, "reason": "insufficient state"}
        assert (push["push"]["channel"], detach) == ("n:1", Detach("n:1"))
        assert talk.session.unsubscribe("n:1", UNSUBSCRIBES.SERVER) == []

    @pytest.mark.parametrize(
        "why, answer", [(UNSUBSCRIBES.SERVER, 103), (UNSUBSCRIBES.INSUFFICIENT_STATE, 100)]
    )
    def test_what_is_taken_away_while_it_is_made_never_stands(
        self, talk: Talk, why: Any, answer: int
    ) -> None:
        asked(talk, "n:1")
        assert talk.session.unsubscribe("n:1", why) == []
        reply, detach = talk.answer(Newest("e", 1, b"1"))
        assert (reply["error"]["code"], detach) == (answer, Detach("n:1"))
        assert talk.session.channels == []


def test_a_connection_that_ends_while_a_channel_is_read_names_it() -> None:
    talk = Talk()
    talk.connect()
    asked(talk, "n:1")
    assert talk.session.channels == ["n:1"]
    talk.session.lost()
    assert talk.session.channels == ["n:1"]
    assert talk.answer(Newest("e", 1, b"1")) == []


def test_rules_are_shared() -> None:
    rules = Rules()
    first, second = Talk(rules=rules), Talk(rules=rules)
    for talk in (first, second):
        talk.connect()
        talk.subscribe()
    assert first.session.subscription("n:1") is second.session.subscription("n:1")
