"""Rooms that are maps, of every implementation: the newest of each key, in pages, and what changes."""

import pytest

from renown.errors import RoomError
from renown.protocol.effects import Position
from renown.rooms import Retention
from tests.engine.rooms_kit import BOTH, STATE, AnyRooms, Heard, data, keys, says


@pytest.mark.parametrize("keep", [STATE, BOTH], ids=["ephemeral", "persistent"])
async def test_a_map_holds_the_newest_of_each_key(rooms: AnyRooms, heard: Heard, keep: Retention) -> None:
    for n, key in enumerate("abcab"):
        await rooms.publish("map:a", says(n, key=key), keep)
    page = await rooms.page("map:a", "", 10)
    assert keys(page.entries) == ["a", "b", "c"]
    assert data(page.entries) == [3, 4, 2]
    assert [entry.offset for entry in page.entries] == [4, 5, 3]
    assert (page.offset, page.top, page.cursor) == (5, 5, "")
    assert heard.offsets("map:a") == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("keep", [STATE, BOTH], ids=["ephemeral", "persistent"])
async def test_a_removed_key_is_gone_and_told(rooms: AnyRooms, heard: Heard, keep: Retention) -> None:
    for key in "abc":
        await rooms.publish("map:a", says(1, key=key), keep)
    gone = await rooms.publish("map:a", says(1, key="b", removed=True), keep)
    again = await rooms.publish("map:a", says(1, key="b", removed=True), keep)
    never = await rooms.publish("map:a", says(1, key="zz", removed=True), keep)
    assert gone == again == never
    page = await rooms.page("map:a", "", 10)
    assert keys(page.entries) == ["a", "c"]
    last = heard.all[-1][1]
    assert (last.key, last.removed, bytes(last.data), last.offset) == ("b", True, b"", 4)
    assert len(heard.all) == 4
    await rooms.publish("map:a", says(2, key="b"), keep)
    assert keys((await rooms.page("map:a", "", 10)).entries) == ["a", "b", "c"]


async def test_pages_are_ordered_by_key_and_remember_where_the_first_one_stood(rooms: AnyRooms) -> None:
    names = [f"k{n:03}" for n in range(25)] + ["", ".", "ü", "😀", "z.9"]
    names.remove("")
    for name in reversed(names):
        await rooms.publish("map:a", says(name, key=name), STATE)
    first = await rooms.page("map:a", "", 10)
    assert first.offset == len(names)
    await rooms.publish("map:a", says("new", key="k005"), STATE)
    await rooms.publish("map:a", says("new", key="k015"), STATE)
    seen, page = list(first.entries), first
    while page.cursor:
        page = await rooms.page("map:a", page.cursor, 10)
        assert page.offset == first.offset
        assert page.top == first.top + 2
        seen += page.entries
    assert keys(tuple(seen)) == sorted(names)
    missed = await rooms.changes("map:a", Position(first.epoch, first.offset), 100)
    assert keys(missed.publications) == ["k005", "k015"]


async def test_a_full_last_page_has_no_cursor(rooms: AnyRooms) -> None:
    for key in "abcd":
        await rooms.publish("map:a", says(1, key=key), STATE)
    first = await rooms.page("map:a", "", 2)
    assert first.cursor
    assert (await rooms.page("map:a", first.cursor, 2)).cursor == ""
    assert (await rooms.page("map:a", "", 4)).cursor == ""


@pytest.mark.parametrize("cursor", ["x", "1", ".a", "-1.a", "1.", "٣.a", "9" * 40 + ".a", "1.\ud800"])
@pytest.mark.parametrize("channel", ["map:a", "map:none"])
async def test_a_cursor_of_nobody_is_refused(rooms: AnyRooms, channel: str, cursor: str) -> None:
    await rooms.publish("map:a", says(1, key="a"), STATE)
    with pytest.raises(RoomError) as refused:
        await rooms.page(channel, cursor, 10)
    assert refused.value.problem_code == "bad_cursor"


async def test_an_empty_map_is_an_empty_page(rooms: AnyRooms) -> None:
    page = await rooms.page("map:none", "", 10)
    assert (page.entries, page.cursor, page.offset, page.top) == ((), "", 0, 0)
    assert page.epoch == (await rooms.top("map:none")).epoch
    assert (await rooms.changes("map:none", Position(page.epoch, 0), 10)).complete
    assert not (await rooms.changes("map:none", Position(page.epoch, 1), 10)).complete
    assert not (await rooms.changes("map:none", Position("other", 0), 10)).complete


async def test_changes_of_a_persistent_map_are_its_log(rooms: AnyRooms) -> None:
    for n, key in enumerate("abab"):
        await rooms.publish("map:a", says(n, key=key), BOTH)
    await rooms.publish("map:a", says(0, key="a", removed=True), BOTH)
    epoch = (await rooms.top("map:a")).epoch
    changes = await rooms.changes("map:a", Position("", 1), 100)
    assert (changes.complete, changes.top, changes.epoch) == (True, 5, epoch)
    assert [p.offset for p in changes.publications] == [2, 3, 4, 5]
    assert keys(changes.publications) == ["b", "a", "b", "-a"]
    part = await rooms.changes("map:a", Position(epoch, 1), 2)
    assert [p.offset for p in part.publications] == [2, 3]
    assert part.top == 5
    assert (await rooms.changes("map:a", Position(epoch, 5), 2)).publications == ()


@pytest.mark.parametrize("keep", [STATE, Retention(size=2)], ids=["ephemeral", "short log"])
async def test_without_a_log_changes_are_the_newest_of_each_key(rooms: AnyRooms, keep: Retention) -> None:
    for n, key in enumerate("abcabcab"):
        await rooms.publish("map:a", says(n, key=key), keep)
    await rooms.publish("map:a", says(0, key="c", removed=True), keep)
    epoch = (await rooms.top("map:a")).epoch
    changes = await rooms.changes("map:a", Position(epoch, 3), 100)
    assert changes.complete
    assert keys(changes.publications) == ["a", "b", "-c"]
    assert [p.offset for p in changes.publications] == [7, 8, 9]
    part = await rooms.changes("map:a", Position(epoch, 3), 2)
    assert keys(part.publications) == ["a", "b"]
    rest = await rooms.changes("map:a", Position(epoch, part.publications[-1].offset), 2)
    assert keys(rest.publications) == ["-c"]


async def test_a_position_of_another_life_or_of_the_future_is_lost(rooms: AnyRooms) -> None:
    await rooms.publish("map:a", says(1, key="a"), BOTH)
    epoch = (await rooms.top("map:a")).epoch
    assert not (await rooms.changes("map:a", Position("other", 0), 10)).complete
    assert not (await rooms.changes("map:a", Position(epoch, 2), 10)).complete
    assert (await rooms.changes("map:a", Position(epoch, 1), 10)).complete
