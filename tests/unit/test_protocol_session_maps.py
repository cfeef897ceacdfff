"""Maps: a snapshot in pages, what changed meanwhile, then live."""

from typing import Any

import pytest

from renown.protocol.access import CLIENTS_MAP, USERS_MAP
from renown.protocol.codec import JSON, PROTOBUF
from renown.protocol.codes import ERRORS, UNSUBSCRIBES
from renown.protocol.effects import Attach, Detach, Log, MapPage, MapWish, Position
from renown.protocol.replies import ClientInfo, Publication
from tests.unit.protocol_talk import Talk, claims, code, pub

ANA = ClientInfo("ana", "c")


@pytest.fixture
def talk() -> Talk:
    talk = Talk(ping=0.0)
    talk.connect()
    return talk


def ask(talk: Talk, channel: str = "m:1", **request: Any) -> list[Any]:
    return talk.say({"id": 2, "subscribe": {"type": 1, "channel": channel, **request}})


def first_page(talk: Talk, channel: str = "m:1", cursor: str = "next", **request: Any) -> dict[str, Any]:
    (asked,) = ask(talk, channel, phase=2, **request)
    assert isinstance(asked, Attach)
    (reply,) = talk.answer(MapPage("e", 7, live=False, state=(pub(3, b"1", key="a"),), cursor=cursor))
    result: dict[str, Any] = reply["subscribe"]
    return result


class TestSnapshots:
    @pytest.mark.parametrize(
        "asked, limit", [(None, 100), (0, 100), (5, 100), (500, 500), (9999, 1000), (-1, 100)]
    )
    def test_pages_have_a_size_within_bounds(self, talk: Talk, asked: int | None, limit: int) -> None:
        (effect,) = ask(talk, phase=2, limit=asked)
        assert effect.map == MapWish(2, "", limit)

    def test_a_page_is_answered_as_one_and_is_no_subscription_yet(self, talk: Talk) -> None:
        assert first_page(talk) == {
            "epoch": "e",
            "offset": 7,
            "type": 1,
            "phase": 2,
            "cursor": "next",
            "state": [{"data": 1, "offset": 3, "key": "a"}],
        }
        assert not talk.session.subscribed("m:1")
        assert talk.session.channels == ["m:1"]

    def test_page_after_page_then_changes_then_live(self, talk: Talk) -> None:
        first_page(talk)
        (asked,) = ask(talk, phase=2, cursor="next", epoch="e", offset=7)
        assert (asked.map, asked.recover) == (MapWish(2, "next", 100), Position("e", 7))
        (reply,) = talk.answer(MapPage("e", 7, live=False))
        assert "cursor" not in reply["subscribe"]
        (asked,) = ask(talk, phase=1, epoch="e", offset=7)
        assert (asked.map, asked.recover) == (MapWish(1, "", 100), Position("e", 7))
        (reply,) = talk.answer(MapPage("e", 7, live=False, publications=(pub(8, key="a"), pub(9, key="b"))))
        assert (reply["subscribe"]["phase"], reply["subscribe"]["offset"]) == (1, 9)
        (asked,) = ask(talk, phase=1, epoch="e", offset=9)
        assert asked.recover == Position("e", 9)
        (reply,) = talk.answer(
            MapPage("e", 10, live=True, publications=(pub(10, b"", key="a", removed=True),))
        )
        assert reply["subscribe"] == {
            "recoverable": True,
            "positioned": True,
            "epoch": "e",
            "offset": 10,
            "type": 1,
            "publications": [{"offset": 10, "key": "a", "removed": True}],
        }
        assert talk.session.subscribed("m:1")
        assert code(ask(talk, phase=2)) == 105

    def test_what_fits_one_page_is_live_at_once(self, talk: Talk) -> None:
        ask(talk, phase=2)
        (reply,) = talk.answer(MapPage("", 0, live=True, state=(pub(0, b"1", key="a"),), persistent=False))
        assert reply["subscribe"] == {"type": 1, "state": [{"data": 1, "key": "a"}]}
        assert talk.session.subscribed("m:1")

    def test_in_protobuf(self) -> None:
        talk = Talk(PROTOBUF)
        talk.connect()
        ask(talk, phase=2)
        (reply,) = talk.answer(MapPage("e", 3, live=False, state=(pub(3, b"\x00\xff", key="a"),), cursor="c"))
        assert (reply.subscribe.phase, reply.subscribe.type, reply.subscribe.cursor) == (2, 1, "c")
        assert reply.subscribe.state[0].data == b"\x00\xff"

    def test_values_are_text_where_patches_are_agreed_on(self, talk: Talk) -> None:
        assert first_page(talk, delta="fossil")["state"][0]["data"] == "1"
        (asked,) = ask(talk, phase=1, epoch="e", offset=7)
        assert asked.delta
        (reply,) = talk.answer(MapPage("e", 8, live=True, publications=(pub(8, b"2", key="a"),)))
        assert (reply["subscribe"]["delta"], reply["subscribe"]["publications"][0]["data"]) == (True, "2")


class TestRecovery:
    def test_changes_since_a_position(self, talk: Talk) -> None:
        (asked,) = ask(talk, phase=1, recover=True, epoch="e", offset=5)
        assert (asked.map, asked.recover) == (MapWish(1, "", 100), Position("e", 5))
        (reply,) = talk.answer(MapPage("e", 6, live=True, publications=(pub(6, key="a"),)))
        result = reply["subscribe"]
        assert (result["was_recovering"], result["recovered"], result["offset"]) == (True, True, 6)

    def test_in_several_parts(self, talk: Talk) -> None:
        ask(talk, phase=1, recover=True, epoch="e", offset=5)
        talk.answer(MapPage("e", 9, live=False, publications=(pub(6, key="a"),)))
        (asked,) = ask(talk, phase=1, recover=True, epoch="e", offset=6)
        assert asked.recover == Position("e", 6)
        (reply,) = talk.answer(MapPage("e", 7, live=True, publications=(pub(7, key="a"),)))
        assert reply["subscribe"]["recovered"]

    def test_a_lost_position(self, talk: Talk) -> None:
        ask(talk, phase=1, recover=True, epoch="e", offset=5)
        reply, detach = talk.answer(ERRORS.UNRECOVERABLE_POSITION)
        assert (reply["error"]["code"], detach) == (112, Detach("m:1"))
        assert first_page(talk)["phase"] == 2

    def test_a_map_without_a_log_has_no_changes(self, talk: Talk) -> None:
        ask(talk, phase=1, recover=True, epoch="e", offset=5)
        reply, detach = talk.answer(MapPage("e", 6, live=True, persistent=False))
        assert (reply["error"]["code"], detach) == (107, Detach("m:1"))


class TestRefusals:
    @pytest.mark.parametrize(
        "request_, answer",
        [
            ({"phase": 0}, 107),
            ({}, 107),
            ({"phase": 3}, 107),
            ({"phase": 1}, 103),
            ({"phase": 1, "epoch": "e", "offset": 1}, 103),
            ({"phase": 2, "cursor": "x"}, 103),
            ({"phase": 2, "channel": "n:1"}, 107),
            ({"phase": 2, "channel": "x:1"}, 102),
            ({"phase": 2, "channel": "$m:1"}, 103),
        ],
    )
    def test_without_a_snapshot(self, talk: Talk, request_: dict[str, Any], answer: int) -> None:
        assert code(ask(talk, **request_)) == answer

    def test_a_second_one_beside_it(self, talk: Talk) -> None:
        first_page(talk)
        assert code(ask(talk, phase=2)) == 113
        (asked,) = ask(talk, phase=2, cursor="next")
        assert isinstance(asked, Attach)

    @pytest.mark.parametrize("request_", [{"phase": 2, "cursor": "next"}, {"phase": 1, "offset": 7}])
    def test_another_epoch_ends_it(self, talk: Talk, request_: dict[str, Any]) -> None:
        first_page(talk)
        reply, detach = ask(talk, epoch="f", **request_)
        assert (reply["error"]["code"], detach) == (112, Detach("m:1"))
        assert first_page(talk)["phase"] == 2

    def test_what_was_lost_meanwhile_is_begun_anew(self, talk: Talk) -> None:
        first_page(talk)
        assert talk.session.unsubscribe("m:1", UNSUBSCRIBES.INSUFFICIENT_STATE) == [Detach("m:1")]
        reply, _ = ask(talk, phase=2, cursor="next")
        assert reply["error"]["code"] == 112
        assert first_page(talk)["phase"] == 2

    def test_a_right_that_is_gone_ends_it(self, talk: Talk) -> None:
        first_page(talk, token=claims(channel="m:1", token_id="t"))
        talk.rules.revocations = ("t",)
        reply, detach = ask(talk, phase=2, cursor="next")
        assert (reply["error"]["code"], detach) == (103, Detach("m:1"))

    def test_an_answer_of_another_kind(self, talk: Talk) -> None:
        ask(talk, phase=2)
        reply, detach = talk.answer(Log("e", 1))
        assert (reply["error"]["code"], detach) == (100, Detach("m:1"))

    def test_snapshots_count_among_the_channels(self) -> None:
        talk = Talk(channels=1)
        talk.connect()
        first_page(talk)
        assert code(talk.subscribe("n:1")) == 106
        (asked,) = ask(talk, phase=2, cursor="next")
        assert isinstance(asked, Attach)


class TestTime:
    def test_the_next_page_may_take_a_while(self, talk: Talk) -> None:
        first_page(talk)
        assert talk.wait(29) == []
        ask(talk, phase=2, cursor="next")
        talk.answer(MapPage("e", 7, live=False, cursor="more"))
        assert talk.wait(29) == []
        assert talk.wait(1) == [3008]

    def test_catching_up_may_not(self, talk: Talk) -> None:
        first_page(talk, cursor="")
        assert talk.wait(4) == []
        ask(talk, phase=1, epoch="e", offset=7)
        talk.answer(MapPage("e", 7, live=False, publications=(pub(8, key="a"),)))
        assert talk.wait(1) == [3008]

    def test_live_ends_the_hurry(self, talk: Talk) -> None:
        first_page(talk, cursor="")
        ask(talk, phase=1, epoch="e", offset=7)
        talk.answer(MapPage("e", 7, live=True))
        assert talk.wait(99) == []

    def test_an_unsubscribe_gives_the_snapshot_up(self, talk: Talk) -> None:
        first_page(talk)
        told = talk.say({"id": 3, "unsubscribe": {"channel": "m:1"}})
        assert told == [Detach("m:1"), {"id": 3, "unsubscribe": {}}]
        assert talk.wait(99) == []

    def test_the_lifetime_of_its_token_counts_from_the_first_page(self, talk: Talk) -> None:
        first_page(talk, token=claims(channel="m:1", ttl=10))
        talk.wait(5)
        ask(talk, phase=1, epoch="e", offset=7)
        (reply,) = talk.answer(MapPage("e", 7, live=True))
        assert (reply["subscribe"]["expires"], reply["subscribe"]["ttl"]) == (True, 10)
        assert talk.session.due == 35


@pytest.mark.parametrize("codec", [JSON, PROTOBUF])
def test_a_filter_goes_with_every_page(codec: Any) -> None:
    talk = Talk(codec)
    talk.connect()
    (asked,) = ask(talk, phase=2, tf={"key": "a", "cmp": "ex"})
    talk.answer(MapPage("e", 7, live=False, cursor="next"))
    (again,) = ask(talk, phase=2, cursor="next")
    assert asked.filter is not None
    assert again.filter == asked.filter


class TestPresence:
    """`$p:r:1` is who is in `r:1`, for those who have that."""

    def watch(self, talk: Talk) -> list[Any]:
        asked = ask(talk, "$p:r:1", type=CLIENTS_MAP, phase=2)
        if not isinstance(asked[-1], Attach):
            return asked
        page = MapPage("e", 0, live=True, state=(Publication(key="c", info=ANA),), persistent=False)
        return talk.answer(page)

    def test_it_has_a_type_of_its_own(self, talk: Talk) -> None:
        talk.subscribe("r:1")
        (reply,) = self.watch(talk)
        assert reply["subscribe"] == {
            "epoch": "e",
            "type": CLIENTS_MAP,
            "state": [{"info": {"user": "ana", "client": "c"}, "key": "c"}],
        }
        for kind in (0, 1, USERS_MAP):
            assert code(ask(talk, "$p:r:2", type=kind, phase=2)) == 107

    def test_whoever_has_the_channel_not_yet_asks_again(self, talk: Talk) -> None:
        (reply,) = self.watch(talk)
        assert reply["error"] == {"code": 103, "message": "permission denied", "temporary": True}
        talk.subscribe("r:1")
        assert "subscribe" in self.watch(talk)[0]

    def test_it_ends_with_the_channel_and_in_the_same_way(self, talk: Talk) -> None:
        talk.subscribe("r:1")
        self.watch(talk)
        told = talk.say({"id": 3, "unsubscribe": {"channel": "r:1"}})
        assert told[:2] == [Detach("r:1"), {"id": 3, "unsubscribe": {}}]
        assert [told[2]["push"]["unsubscribe"]["code"], told[3]] == [2000, Detach("$p:r:1")]
        talk.subscribe("r:1")
        self.watch(talk)
        told = talk.told(talk.session.unsubscribe("r:1", UNSUBSCRIBES.INSUFFICIENT_STATE))
        pushes = [each["push"] for each in told if isinstance(each, dict)]
        assert [(push["channel"], push["unsubscribe"]["code"]) for push in pushes] == [
            ("r:1", 2500),
            ("$p:r:1", 2500),
        ]
        assert talk.session.channels == []

    def test_a_token_of_its_own_opens_it_and_keeps_it(self, talk: Talk) -> None:
        token = claims(channel="$p:r:1")
        (asked,) = ask(talk, "$p:r:1", type=CLIENTS_MAP, phase=2, token=token)
        assert isinstance(asked, Attach)
        talk.answer(MapPage("e", 0, live=True, persistent=False))
        talk.subscribe("r:1")
        talk.say({"id": 3, "unsubscribe": {"channel": "r:1"}})
        assert talk.session.channels == ["$p:r:1"]
