"""What is published into durable rooms within one transaction: together, and as if one by one."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncGenerator, Coroutine, Generator
from pathlib import Path
from typing import Any

import pytest

from renown.errors import RoomError
from renown.protocol.effects import Position
from renown.rooms import Draft, Retention, SqliteRooms
from renown.rooms.book import LAG
from renown.rooms.file import FILE_NAME
from renown.rooms.room import REMOVED_AGE
from tests.engine.rooms_kit import BOTH, STATE, Clock, Heard, data, keys, offsets, says


@pytest.fixture
async def rooms(tmp_path: Path, clock: Clock) -> AsyncGenerator[SqliteRooms]:
    rooms = SqliteRooms.open(tmp_path, clock=clock)
    await rooms.start()
    # What it does by itself would come in between.
    assert rooms._sweeper is not None
    rooms._sweeper.cancel()
    yield rooms
    await rooms.close()


@pytest.fixture
def beside(tmp_path: Path, rooms: SqliteRooms) -> sqlite3.Connection:
    _ = rooms
    return sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)


@pytest.fixture
def run(rooms: SqliteRooms) -> list[str]:
    """What statements the thread that writes has run."""
    assert rooms._keeper is not None
    statements: list[str] = []
    rooms._keeper._file._connection.set_trace_callback(statements.append)
    return statements


@pytest.fixture
def at_once(run: list[str]) -> Generator[None]:
    """See that nothing had to be done again, one by one."""
    yield
    assert "COMMIT" in run
    assert "ROLLBACK" not in run


async def together(rooms: SqliteRooms, *jobs: Coroutine[Any, Any, Any]) -> list[Any]:
    """Have all of them done in one transaction: the thread is busy until they are put in."""
    begun, ended = threading.Event(), threading.Event()
    first = asyncio.ensure_future(rooms._do(lambda _book, _now: (begun.set(), ended.wait())))
    await asyncio.to_thread(begun.wait)
    waiting = [asyncio.ensure_future(job) for job in jobs]
    await asyncio.sleep(0)
    ended.set()
    await first
    return await asyncio.gather(*waiting, return_exceptions=True)


@pytest.mark.usefixtures("at_once")
async def test_an_idempotency_key_that_comes_twice_is_published_once(
    rooms: SqliteRooms, heard: Heard
) -> None:
    before = await rooms.publish("chat:a", says(0, idempotency_key="old"), BOTH)
    answers = await together(
        rooms,
        rooms.publish("chat:a", says(1, idempotency_key="k"), BOTH),
        rooms.publish("chat:a", says(2), BOTH),
        rooms.publish("chat:a", says(3, idempotency_key="k"), BOTH),
        rooms.publish("chat:b", says(4, idempotency_key="k"), BOTH),
        rooms.publish("chat:a", says(5, idempotency_key="old"), BOTH),
        rooms.publish("chat:b", says(6, idempotency_key="k"), BOTH),
    )
    assert [answer.offset for answer in answers] == [2, 3, 2, 1, 1, 1]
    assert answers[4] == before
    assert heard.offsets("chat:a") == [1, 2, 3]
    assert heard.offsets("chat:b") == [1]
    assert await rooms.publish("chat:b", says(7, idempotency_key="k"), BOTH) == answers[3]


@pytest.mark.usefixtures("at_once")
async def test_a_key_of_a_map_that_comes_twice_is_what_it_was_set_to_last(
    rooms: SqliteRooms, heard: Heard
) -> None:
    await rooms.publish("map:a", says(0, key="old", version=5), BOTH)
    answers = await together(
        rooms,
        rooms.publish("map:a", says(1, key="a", version=2), BOTH),
        rooms.publish("map:a", says(2, key="a", version=1), BOTH),
        rooms.publish("map:a", says(3, key="old", version=4), BOTH),
        rooms.publish("map:a", says(4, key="a", version=3), BOTH),
        rooms.publish("map:a", says(5, key="b"), BOTH),
        rooms.publish("map:a", says(6, key="b", removed=True), BOTH),
        rooms.publish("map:a", says(7, key="b", removed=True), BOTH),
        rooms.publish("map:a", says(8, key="old", version=6), BOTH),
    )
    assert [answer.offset for answer in answers] == [2, 2, 2, 3, 4, 5, 5, 6]
    assert heard.offsets("map:a") == [1, 2, 3, 4, 5, 6]
    page = await rooms.page("map:a", "", 10)
    assert list(zip(keys(page.entries), data(page.entries), strict=True)) == [("a", 4), ("old", 8)]
    assert keys((await rooms.changes("map:a", Position("", 3), 10)).publications) == ["b", "-b", "old"]
    # And so it is for whoever comes later.
    assert (await rooms.publish("map:a", says(9, key="a", version=3), BOTH)).offset == 6


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("known", [True, False], ids=["known", "new"])
async def test_forgetting_between_two_publications_begins_anew(
    rooms: SqliteRooms, heard: Heard, known: bool
) -> None:
    for channel in ("chat:a", "map:a"):
        if known:
            await rooms.publish(channel, says(0, key="k" * channel.startswith("map")), BOTH)
    heard.all.clear()
    chat_1, map_1, _, _, chat_2, map_2, _, chat_3 = await together(
        rooms,
        rooms.publish("chat:a", says(1), BOTH),
        rooms.publish("map:a", says(1, key="k", version=9), BOTH),
        rooms.forget("chat:a"),
        rooms.forget("map:a"),
        rooms.publish("chat:a", says(2), BOTH),
        rooms.publish("map:a", says(2, key="k", version=8), BOTH),
        rooms.forget("chat:a"),
        rooms.publish("chat:a", says(3), BOTH),
    )
    before = int(known) + 1
    assert (chat_1.offset, map_1.offset) == (before, before)
    assert (chat_2.offset, map_2.offset, chat_3.offset) == (1, 1, 1)
    assert len({chat_1.epoch, chat_2.epoch, chat_3.epoch}) == 3
    assert map_1.epoch != map_2.epoch
    assert await rooms.top("chat:a") == chat_3
    assert data((await rooms.history("chat:a", None, 10)).publications) == [3]
    assert data((await rooms.page("map:a", "", 10)).entries) == [2]
    assert heard.offsets("chat:a") == [before, 1, 1]


async def test_one_that_fails_among_many_leaves_the_others_as_they_are(
    rooms: SqliteRooms, heard: Heard
) -> None:
    broken = Draft(object())  # pyright: ignore[reportArgumentType] - a bug
    jobs = [rooms.publish(f"chat:{n % 3}", says(n, idempotency_key=f"k{n % 9}"), BOTH) for n in range(12)]
    maps = [rooms.publish("map:a", says(n, key=f"k{n % 2}"), BOTH) for n in range(4)]
    wrong = [rooms.publish("chat:0", broken, BOTH), rooms.publish("chat:new", broken, BOTH)]
    answers = await together(rooms, *jobs[:6], *wrong, *jobs[6:], *maps)
    assert [type(answer) for answer in answers[6:8]] == [RoomError, RoomError]
    del answers[6:8]
    assert [answer.offset for answer in answers] == [1, 1, 1, 2, 2, 2, 3, 3, 3, 1, 1, 1, 1, 2, 3, 4]
    for n in range(3):
        assert heard.offsets(f"chat:{n}") == offsets(await rooms.history(f"chat:{n}", None, 99)) == [1, 2, 3]
    assert heard.offsets("map:a") == [1, 2, 3, 4]
    assert data((await rooms.page("map:a", "", 10)).entries) == [2, 3]
    assert await rooms.names() == ["chat:0", "chat:1", "chat:2", "map:a"]


@pytest.mark.usefixtures("at_once")
async def test_what_has_had_its_time_goes_between_publications(
    rooms: SqliteRooms, heard: Heard, beside: sqlite3.Connection, clock: Clock
) -> None:
    for n in range(5):
        await rooms.publish("chat:a", says(n), Retention(size=2))
        await rooms.publish("map:a", says(n, key=f"k{n}"), Retention(key_age=3))
    clock.now += LAG + 1
    one, _, two, again = await together(
        rooms,
        rooms.publish("map:a", says("on", key="k0"), Retention(key_age=3)),
        rooms.tidy(),
        rooms.publish("map:a", says("back", key="k1"), Retention(key_age=3)),
        rooms.publish("chat:a", says("on"), Retention(size=2)),
    )
    assert (one.offset, again.offset) == (6, 6)
    assert heard.offsets("map:a") == list(range(1, len(heard.offsets("map:a")) + 1))
    await rooms.tidy()
    page = await rooms.page("map:a", "", 10)
    assert keys(page.entries) == ["k0", "k1"]
    assert two.offset in (entry.offset for entry in page.entries)
    assert data((await rooms.history("chat:a", None, 10)).publications) == [4, "on"]
    assert beside.execute("SELECT count(*) FROM log").fetchone()[0] < 13


@pytest.mark.usefixtures("at_once")
async def test_many_new_rooms_at_once_are_all_there_for_everybody(tmp_path: Path, rooms: SqliteRooms) -> None:
    other = SqliteRooms.open(tmp_path, clock=rooms._clock)
    heard = Heard()
    other.listen(heard)
    await other.start()
    epochs = {n: (await other.top(f"chat:{n}")).epoch for n in range(700)}
    for _ in range(2):
        # The second time nothing is published: the keys are known.
        answers = await together(
            rooms,
            *(rooms.publish(f"chat:{n}", says(n, idempotency_key="k"), BOTH) for n in range(700)),
        )
        assert answers == [Position(epochs[n], 1) for n in range(700)]
    entries = await together(
        rooms, *(rooms.publish("map:a", says(n, key=f"{n:04}"), STATE) for n in range(700))
    )
    assert [answer.offset for answer in entries] == list(range(1, 701))
    await other.sweep()
    assert [name for name, _, _ in heard.all] == [*(f"chat:{n}" for n in range(700)), *["map:a"] * 700]
    assert heard.offsets("map:a") == list(range(1, 701))
    assert data((await other.page("map:a", "", 1_000)).entries) == list(range(700))
    more = await together(other, *(other.publish(f"chat:{n}", says("on"), BOTH) for n in range(700)))
    assert more == [Position(epochs[n], 2) for n in range(700)]
    await other.close()


@pytest.mark.usefixtures("at_once")
async def test_publications_of_one_transaction_share_their_statements(
    rooms: SqliteRooms, beside: sqlite3.Connection, run: list[str]
) -> None:
    chat = [rooms.publish(f"chat:{n % 50}", says(n, idempotency_key=f"k{n}"), BOTH) for n in range(300)]
    maps = [rooms.publish(f"map:{n % 50}", says(n, key=f"k{n % 7}"), BOTH) for n in range(300)]
    await together(rooms, *chat, *maps)
    assert len(run) < 60
    assert beside.execute("SELECT count(*) FROM log").fetchone() == (600,)


@pytest.mark.usefixtures("at_once")
async def test_a_removal_that_is_forgotten_counts_no_more_in_the_same_transaction(
    rooms: SqliteRooms, clock: Clock
) -> None:
    await rooms.publish("map:a", says(1, key="k"), STATE)
    await rooms.publish("map:a", says(1, key="k", removed=True, version=5), STATE)
    clock.now += REMOVED_AGE + 1
    before, _, after = await together(
        rooms,
        rooms.publish("map:a", says(2, key="k", version=3), STATE),
        rooms.tidy(),
        rooms.publish("map:a", says(3, key="k", version=3), STATE),
    )
    assert (before.offset, after.offset) == (2, 3)
    assert data((await rooms.page("map:a", "", 5)).entries) == [3]


@pytest.mark.usefixtures("at_once")
async def test_what_other_processes_have_written_in_between_counts(
    tmp_path: Path, rooms: SqliteRooms, clock: Clock
) -> None:
    other = SqliteRooms.open(tmp_path, clock=clock)
    await other.start()
    for n, (one, two) in enumerate([(rooms, other), (other, rooms)] * 3):
        first = await one.publish(f"chat:{n}.one", says(n), BOTH)
        second = await two.publish(f"chat:{n}.two", says(n), BOTH)
        assert (first.offset, second.offset) == (1, 1)
        assert (await one.publish("map:a", says(n, key="k", version=n + 1), STATE)).offset == n + 1
        assert (await two.publish("map:a", says("old", key="k", version=n + 1), STATE)).offset == n + 1
    for each in (rooms, other):
        assert len(await each.names("chat:*")) == 12
        for n in range(6):
            for name in (f"chat:{n}.one", f"chat:{n}.two"):
                assert data((await each.history(name, None, 5)).publications) == [n]
    await other.close()


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("name", ["a\0b", "\0", "é\0", '"', "'", "😀"])
async def test_names_of_any_unicode_are_told_apart(rooms: SqliteRooms, name: str) -> None:
    for turn in range(2):
        answers = await together(
            rooms,
            rooms.publish("chat:" + name, says(1, idempotency_key=name), BOTH),
            rooms.publish("chat:" + name, says(2, idempotency_key=name + "x"), BOTH),
            rooms.publish("chat:" + name + "x", says(3, idempotency_key=name), BOTH),
            rooms.publish("map:a", says(1, key=name), BOTH),
            rooms.publish("map:a", says(2, key=name + "x"), BOTH),
            rooms.publish("map:a", says(turn, key=name + "y", version=1), BOTH),
        )
        assert [answer.offset for answer in answers[:3]] == [1, 2, 1]
        assert [answer.offset for answer in answers[3:]] == [[1, 2, 3], [4, 5, 5]][turn]
    assert data((await rooms.page("map:a", "", 10)).entries) == [1, 2, 0]
