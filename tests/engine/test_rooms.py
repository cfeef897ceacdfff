"""What every implementation of rooms must keep, asked of each of them: their logs."""

import asyncio

import msgspec
import pytest

from renown.errors import RoomError
from renown.protocol.effects import History, Position
from renown.protocol.replies import ClientInfo, Publication
from renown.rooms import Draft, Retention
from renown.rooms.room import Publishing
from tests.engine.rooms_kit import BOTH, LOG, STATE, AnyRooms, Clock, Heard, data, offsets, says


async def test_offsets_count_from_one_under_one_epoch(rooms: AnyRooms, heard: Heard) -> None:
    positions = [await rooms.publish("chat:a", says(n), LOG) for n in range(5)]
    assert [position.offset for position in positions] == [1, 2, 3, 4, 5]
    assert len({position.epoch for position in positions}) == 1
    assert heard.offsets("chat:a") == [1, 2, 3, 4, 5]
    assert {epoch for _, _, epoch in heard.all} == {positions[0].epoch}
    assert await rooms.top("chat:a") == positions[-1]


async def test_each_channel_has_a_numbering_and_an_epoch_of_its_own(rooms: AnyRooms) -> None:
    first = await rooms.publish("chat:a", says(1), LOG)
    other = await rooms.publish("chat:b", says(1), LOG)
    assert (first.offset, other.offset) == (1, 1)
    assert first.epoch != other.epoch


async def test_a_publication_is_told_before_publish_returns(rooms: AnyRooms, heard: Heard) -> None:
    position = await rooms.publish("chat:a", says("now"), LOG)
    assert heard.offsets("chat:a") == [position.offset]


async def test_everything_said_with_a_publication_comes_back(
    rooms: AnyRooms, heard: Heard, clock: Clock
) -> None:
    info = ClientInfo("u1", "c1", msgspec.Raw(b'{"name":"Ann"}'), msgspec.Raw(b"[1]"))
    text = '{"a": 1.50,  "é":"😀"}'.encode()
    draft = Draft(msgspec.Raw(text), info, {"lang": "fr", "": "ü"})
    position = await rooms.publish("chat:a", draft, LOG)
    (kept,) = (await rooms.history("chat:a", None, 10)).publications
    told = heard.all[0][1]
    for publication in (kept, told):
        # The base of a delta is these very bytes.
        assert bytes(publication.data) == text
        assert publication.tags == {"lang": "fr", "": "ü"}
        assert publication.offset == position.offset
        assert publication.time == int(clock.now * 1000)
        assert publication.info is not None
        assert (publication.info.user, publication.info.client) == ("u1", "c1")
        assert bytes(publication.info.conn_info or b"") == b'{"name":"Ann"}'
        assert bytes(publication.info.chan_info or b"") == b"[1]"


async def test_bytes_that_are_no_json_are_kept_as_they_are(rooms: AnyRooms, heard: Heard) -> None:
    raw = bytes(range(256))
    await rooms.publish("chat:a", Draft(msgspec.Raw(raw), binary=True), LOG)
    (kept,) = (await rooms.history("chat:a", None, 1)).publications
    for publication in (kept, heard.all[0][1]):
        assert bytes(publication.data) == raw
        assert publication.binary


async def test_an_empty_channel_has_an_epoch_that_its_first_publication_keeps(rooms: AnyRooms) -> None:
    before = await rooms.top("chat:new")
    assert before.offset == 0
    assert before.epoch
    assert await rooms.history("chat:new", None, 10) == History(before.epoch, 0)
    after = await rooms.publish("chat:new", says(1), LOG)
    assert after == Position(before.epoch, 1)


async def test_a_log_keeps_its_newest_publications(rooms: AnyRooms) -> None:
    for n in range(25):
        await rooms.publish("chat:a", says(n), LOG)
    history = await rooms.history("chat:a", None, 100)
    assert offsets(history) == list(range(16, 26))
    assert history.top == 25


async def test_a_smaller_size_counts_from_the_next_publication_on(rooms: AnyRooms) -> None:
    for n in range(10):
        await rooms.publish("chat:a", says(n), LOG)
    await rooms.publish("chat:a", says(10), Retention(size=3))
    assert offsets(await rooms.history("chat:a", None, 100)) == [9, 10, 11]


async def test_a_log_lets_go_of_what_is_too_old_and_keeps_its_position(rooms: AnyRooms, clock: Clock) -> None:
    keep = Retention(size=10, age=60)
    for n in range(3):
        await rooms.publish("chat:a", says(n), keep)
    clock.now += 59
    last = await rooms.publish("chat:a", says(3), keep)
    assert offsets(await rooms.history("chat:a", None, 100)) == [1, 2, 3, 4]
    clock.now += 2
    assert offsets(await rooms.history("chat:a", None, 100)) == [4]
    clock.now += 60
    assert await rooms.history("chat:a", None, 100) == History(last.epoch, 4)
    assert await rooms.publish("chat:a", says(4), keep) == Position(last.epoch, 5)


async def test_a_clock_that_is_set_back_makes_no_holes(rooms: AnyRooms, clock: Clock) -> None:
    keep = Retention(size=10, age=60)
    await rooms.publish("chat:a", says(0), keep)
    clock.now -= 50
    await rooms.publish("chat:a", says(1), keep)
    clock.now += 100
    await rooms.publish("chat:a", says(2), keep)
    found = offsets(await rooms.history("chat:a", None, 100))
    assert found == list(range(found[0], 4))
    clock.now += 11
    assert offsets(await rooms.history("chat:a", None, 100)) == [3]


@pytest.mark.parametrize(
    "after, limit, reverse, expected",
    [
        (None, 100, False, [6, 7, 8, 9, 10]),
        (None, 2, False, [6, 7]),
        (7, 100, False, [8, 9, 10]),
        (7, 2, False, [8, 9]),
        (3, 2, False, [6, 7]),
        (10, 5, False, []),
        (99, 5, False, []),
        (0, 0, False, []),
        (None, 100, True, [10, 9, 8, 7, 6]),
        (None, 2, True, [10, 9]),
        (9, 2, True, [8, 7]),
        (7, 10, True, [6]),
        (6, 10, True, []),
        (1, 10, True, []),
        (0, 10, True, []),
        (99, 2, True, [10, 9]),
        (None, 0, True, []),
        (2**80, 5, False, []),
        (2**80, 2, True, [10, 9]),
    ],
)
async def test_history_is_read_forward_and_backward(
    rooms: AnyRooms, after: int | None, limit: int, reverse: bool, expected: list[int]
) -> None:
    for n in range(10):
        await rooms.publish("chat:a", says(n), Retention(size=5))
    history = await rooms.history("chat:a", after, limit, reverse=reverse)
    assert offsets(history) == expected
    assert data(history.publications) == [offset - 1 for offset in expected]
    assert history.top == 10


async def test_paging_through_history_sees_each_publication_once(rooms: AnyRooms) -> None:
    for n in range(50):
        await rooms.publish("chat:a", says(n), BOTH)
    forward: list[int] = []
    while page := offsets(await rooms.history("chat:a", forward[-1] if forward else None, 7)):
        forward += page
    backward: list[int] = []
    while page := offsets(await rooms.history("chat:a", backward[-1] if backward else None, 7, reverse=True)):
        backward += page
    assert forward == backward[::-1] == list(range(1, 51))


async def test_what_is_not_kept_is_told_without_an_offset(rooms: AnyRooms, heard: Heard) -> None:
    assert await rooms.publish("chat:a", says("typing"), Retention()) == Position("", 0)
    assert [(p.offset, epoch) for _, p, epoch in heard.all] == [(0, "")]
    assert (await rooms.top("chat:a")).offset == 0


async def test_forgetting_begins_a_new_life(rooms: AnyRooms, heard: Heard) -> None:
    old, *_ = [await rooms.publish("chat:a", says(n), LOG) for n in range(3)]
    await rooms.publish("map:a", says(1, key="k"), BOTH)
    await rooms.forget("chat:a")
    await rooms.forget("map:a")
    top = await rooms.top("chat:a")
    assert top.offset == 0
    assert top.epoch != old.epoch
    assert offsets(await rooms.history("chat:a", None, 10)) == []
    assert (await rooms.page("map:a", "", 10)).entries == ()
    assert await rooms.publish("chat:a", says(9), LOG) == Position(top.epoch, 1)
    assert heard.offsets("chat:a") == [1, 2, 3, 1]
    await rooms.forget("chat:never")
    assert (await rooms.top("chat:never")).offset == 0


async def test_names_are_those_of_channels_that_were_published_into(rooms: AnyRooms) -> None:
    for name in ("chat:b", "chat:a", "news", "chatter"):
        await rooms.publish(name, says(1), LOG)
    await rooms.top("chat:asked")
    assert await rooms.names() == ["chat:a", "chat:b", "chatter", "news"]
    assert await rooms.names("chat:*") == ["chat:a", "chat:b"]
    assert await rooms.names("chat:[!a]") == ["chat:b"]
    await rooms.forget("chat:a")
    assert await rooms.names("chat:*") == ["chat:b"]


async def test_a_listener_that_is_gone_or_fails_disturbs_nobody(rooms: AnyRooms) -> None:
    first, last = Heard(), Heard()

    def broken(channel: str, publication: Publication, epoch: str) -> None:
        raise ValueError(channel)

    stop = rooms.listen(first)
    rooms.listen(broken)
    rooms.listen(last)
    await rooms.publish("chat:a", says(1), LOG)
    stop()
    stop()
    await rooms.publish("chat:a", says(2), LOG)
    assert first.offsets("chat:a") == [1]
    assert last.offsets("chat:a") == [1, 2]


async def test_publications_of_many_at_once_are_numbered_without_gap(rooms: AnyRooms, heard: Heard) -> None:
    async def talk(who: int) -> list[int]:
        return [(await rooms.publish(f"chat:{n % 3}", says([who, n]), BOTH)).offset for n in range(30)]

    answers = await asyncio.gather(*(talk(who) for who in range(10)))
    assert len([offset for each in answers for offset in each]) == 300
    for n in range(3):
        assert heard.offsets(f"chat:{n}") == list(range(1, 101))
        assert offsets(await rooms.history(f"chat:{n}", None, 1000)) == list(range(1, 101))
    for who in range(10):
        said = [p for name, p, _ in heard.all if name == "chat:0"]
        order = [n for speaker, n in (msgspec.json.decode(p.data) for p in said) if speaker == who]
        assert order == sorted(order)


async def test_many_are_published_together_in_their_order(rooms: AnyRooms, heard: Heard) -> None:
    before = await rooms.publish("chat:a", says(0, idempotency_key="old"), LOG)
    coming = [
        Publishing("chat:a", says(1, idempotency_key="k"), LOG),
        Publishing("typing:a", says(2), STATE),
        Publishing("map:a", says(3, key="k"), BOTH),
        Publishing("chat:a", says(4, idempotency_key="k"), LOG),
        Publishing("chat:a", says(5, idempotency_key="old"), LOG),
        Publishing("map:a", says(6, key="k"), BOTH),
        Publishing("chat:a", says(7), LOG),
    ]
    done = await rooms.publish_many(coming)
    assert [position.offset for position in done] == [2, 0, 1, 2, 1, 2, 3]
    assert (done[4], done[6]) == (before, await rooms.top("chat:a"))
    assert heard.offsets("chat:a") == [1, 2, 3]
    assert heard.offsets("map:a") == [1, 2]
    assert heard.offsets("typing:a") == [0]
    assert data((await rooms.page("map:a", "", 5)).entries) == [6]
    assert await rooms.publish_many(()) == []


async def test_many_of_which_one_cannot_be_kept_are_not_published(rooms: AnyRooms, heard: Heard) -> None:
    coming = [Publishing("chat:a", says(1), LOG), Publishing("chat:b", says(2, version=-1), LOG)]
    with pytest.raises(RoomError):
        await rooms.publish_many(coming)
    assert (heard.all, await rooms.names()) == ([], [])


@pytest.mark.parametrize(
    "draft",
    [
        says(1, key="\ud800"),
        says(1, tags={"a": "\udfff"}),
        says(1, idempotency_key="\ud800"),
        says(1, version=2**63),
        says(1, version=-1),
        says(1, removed=True),
        says(1, info=ClientInfo("\ud800", "c")),
    ],
)
async def test_what_cannot_be_kept_is_refused_and_hurts_nobody(rooms: AnyRooms, draft: Draft) -> None:
    good = [rooms.publish("chat:a", says(n), BOTH) for n in range(3)]
    results = await asyncio.gather(*good, rooms.publish("chat:a", draft, BOTH), return_exceptions=True)
    assert [result.offset for result in results[:3] if isinstance(result, Position)] == [1, 2, 3]
    refused = results[3]
    assert isinstance(refused, RoomError)
    assert refused.problem_code == "bad_publication"


async def test_a_name_that_is_no_unicode_has_nothing_and_takes_nothing(rooms: AnyRooms) -> None:
    assert (await rooms.top("chat:\ud800")).offset == 0
    assert (await rooms.history("chat:\ud800", None, 5)).publications == ()
    assert (await rooms.page("chat:\ud800", "", 5)).entries == ()
    with pytest.raises(RoomError):
        await rooms.publish("chat:\ud800", says(1), LOG)
