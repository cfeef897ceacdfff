"""Rooms in a file: shared by processes, kept over restarts, honest about a file that is no good."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import create_engine, inspect

from renown.errors import RoomError
from renown.protocol.effects import Position
from renown.rooms import Draft, Retention, SqliteRooms
from renown.rooms import statements as sql
from renown.rooms.book import LAG
from renown.rooms.file import FILE_NAME
from renown.rooms.schema import VERSION, metadata
from tests.engine.rooms_kit import BOTH, Clock, Heard, data, keys, offsets, says

TALK = """
import asyncio, sys
from pathlib import Path
import msgspec
from renown.rooms import Draft, Retention, SqliteRooms

async def main(folder, name, count):
    rooms = SqliteRooms.open(Path(folder))
    await rooms.start()
    print("ready", flush=True)
    sys.stdin.readline()
    async def talk(channel):
        for n in range(int(count)):
            said = msgspec.Raw(msgspec.json.encode([name, n]))
            await rooms.publish(channel, Draft(said), Retention(size=3))
    await asyncio.gather(talk("chat:a"), talk("chat:b"))
    await rooms.close()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
async def first(tmp_path: Path) -> AsyncGenerator[SqliteRooms]:
    rooms = SqliteRooms.open(tmp_path)
    await rooms.start()
    yield rooms
    await rooms.close()


@pytest.fixture
async def second(tmp_path: Path, first: SqliteRooms) -> AsyncGenerator[SqliteRooms]:
    rooms = SqliteRooms.open(tmp_path)
    await rooms.start()
    yield rooms
    await rooms.close()


async def test_what_one_publishes_both_are_told_once_and_in_order(
    first: SqliteRooms, second: SqliteRooms
) -> None:
    heard = [Heard(), Heard()]
    first.listen(heard[0])
    second.listen(heard[1])

    async def talk(rooms: SqliteRooms, who: int) -> None:
        for n in range(100):
            await rooms.publish("chat:a", says([who, n]), Retention(size=1))
            await rooms.publish("map:a", says([who, n], key=f"k{n % 5}"), Retention())

    await asyncio.gather(talk(first, 0), talk(second, 1))
    for each in heard:
        await each.until(lambda each=each: len(each.all) >= 400)
        assert each.offsets("chat:a") == list(range(1, 201))
        assert each.offsets("map:a") == list(range(1, 201))
    assert [p.data and bytes(p.data) for _, p, _ in heard[0].all if p.key == ""] == [
        bytes(p.data) for _, p, _ in heard[1].all if p.key == ""
    ]


async def test_own_publications_are_told_after_those_of_others_that_came_before(
    first: SqliteRooms, second: SqliteRooms
) -> None:
    heard = Heard()
    second.listen(heard)
    for n in range(5):
        await first.publish("chat:a", says(n), BOTH)
    mine = await second.publish("chat:a", says("mine"), BOTH)
    # Without any sweep in between that anybody had to wait for.
    assert heard.offsets("chat:a") == [1, 2, 3, 4, 5, 6]
    assert mine.offset == 6


async def test_both_agree_on_epochs_even_of_empty_channels(first: SqliteRooms, second: SqliteRooms) -> None:
    assert await first.top("chat:a") == await second.top("chat:a")
    await first.publish("chat:a", says(1), BOTH)
    await second.publish("chat:b", says(1), BOTH)
    for name in ("chat:a", "chat:b"):
        assert await first.top(name) == await second.top(name)
    await second.forget("chat:a")
    again = await first.publish("chat:a", says(2), BOTH)
    assert again == Position((await second.top("chat:a")).epoch, 1)


async def test_idempotency_and_versions_hold_across_processes(
    first: SqliteRooms, second: SqliteRooms
) -> None:
    draft = says(1, idempotency_key="k", version=7)
    answers = await asyncio.gather(*(rooms.publish("a", draft, BOTH) for rooms in (first, second) * 10))
    assert {answer.offset for answer in answers} == {1}
    for rooms in (second, first):
        assert (await rooms.publish("a", says(1, version=7), BOTH)).offset == 1


async def test_what_a_key_left_behind_is_removed_once_whoever_looks(tmp_path: Path) -> None:
    clock = Clock()
    both = [SqliteRooms.open(tmp_path, clock=clock) for _ in range(2)]
    heard = [Heard(), Heard()]
    for rooms, ears in zip(both, heard, strict=True):
        await rooms.start()
        rooms.listen(ears)
    for n in range(50):
        await both[n % 2].publish("map:a", says(n, key=f"k{n:02}"), Retention(key_age=3))
    clock.now += 4
    await asyncio.gather(*(rooms.tidy() for rooms in both))
    for ears in heard:
        await ears.until(lambda ears=ears: len(ears.all) >= 100)
        assert ears.offsets("map:a") == list(range(1, 101))
        assert sorted(keys(tuple(p for _, p, _ in ears.all[50:]))) == [f"-k{n:02}" for n in range(50)]
    for rooms in both:
        await rooms.close()


async def test_processes_that_publish_and_trim_at_once_lose_nothing(
    tmp_path: Path, first: SqliteRooms
) -> None:
    heard = Heard()
    first.listen(heard)
    talkers = [_talker(tmp_path, name) for name in ("x", "y")]
    for talker in talkers:
        assert talker.stdout is not None
        assert await asyncio.to_thread(talker.stdout.readline) == "ready\n"
    for talker in talkers:
        assert talker.stdin is not None
        talker.stdin.write("go\n")
        talker.stdin.flush()
    await heard.until(lambda: len(heard.all) >= 600)
    for talker in talkers:
        await asyncio.to_thread(talker.communicate)
        assert talker.returncode == 0
    for channel in ("chat:a", "chat:b"):
        assert heard.offsets(channel) == list(range(1, 301))
        said = [msgspec.json.decode(p.data) for name, p, _ in heard.all if name == channel]
        for name in ("x", "y"):
            assert [n for who, n in said if who == name] == list(range(150))
    await first.sweep()
    assert len(heard.all) == 600


async def test_a_restart_goes_on_where_it_stopped(tmp_path: Path) -> None:
    rooms = SqliteRooms.open(tmp_path)
    await rooms.start()
    empty = await rooms.top("chat:none")
    drafts = [says(n, idempotency_key=f"i{n}", version=n + 1) for n in range(5)]
    *_, last = [await rooms.publish("chat:a", draft, BOTH) for draft in drafts]
    await rooms.publish("map:a", says(1, key="a"), Retention())
    await rooms.publish("map:a", says(1, key="b"), Retention())
    await rooms.publish("map:a", says(1, key="a", removed=True), Retention())
    await rooms.close()
    again = SqliteRooms.open(tmp_path)
    heard = Heard()
    again.listen(heard)
    assert await again.top("chat:a") == last
    await again.start()
    assert await again.top("chat:none") == empty
    assert data((await again.history("chat:a", None, 10)).publications) == [0, 1, 2, 3, 4]
    assert await again.publish("chat:a", says("x", idempotency_key="i4"), BOTH) == last
    assert await again.publish("chat:a", says("x", version=5), BOTH) == last
    assert await again.publish("chat:a", says("x", version=6), BOTH) == Position(last.epoch, 6)
    assert keys((await again.page("map:a", "", 10)).entries) == ["b"]
    assert keys((await again.changes("map:a", Position("", 0), 10)).publications) == ["b", "-a"]
    # What was told in the life before is not told again.
    assert heard.offsets("chat:a") == [6]
    await again.close()


async def test_rows_leave_the_file_soon_but_not_before_others_have_seen_them(tmp_path: Path) -> None:
    clock = Clock()
    rooms = SqliteRooms.open(tmp_path, clock=clock)
    await rooms.start()
    for n in range(1200):
        await rooms.publish("chat:a", says(n), Retention(size=10))
    await rooms.publish("chat:b", says(1), Retention(size=10, age=60))
    for n in range(600):
        await rooms.publish("map:gone", says(n, key=str(n)), Retention())
    await rooms.forget("map:gone")
    await rooms.tidy()
    assert _count(tmp_path, "log") == 1801
    clock.now += LAG + 1
    await rooms.tidy()
    assert _count(tmp_path, "log") == 11
    assert _count(tmp_path, "entries") == 0
    assert _count(tmp_path, "lives") == 3
    clock.now += 60
    await rooms.tidy()
    assert _count(tmp_path, "log") == 10
    assert offsets(await rooms.history("chat:a", None, 100)) == list(range(1191, 1201))
    # Positions in the file are never used twice, even when all rows are gone.
    heard = Heard()
    rooms.listen(heard)
    await rooms.forget("chat:a")
    clock.now += LAG + 1
    await rooms.tidy()
    assert _count(tmp_path, "log") == 0
    await rooms.publish("chat:a", says("on"), BOTH)
    await rooms.sweep()
    assert heard.offsets("chat:a") == [1]
    await rooms.close()


async def test_answers_to_idempotency_keys_leave_the_file(tmp_path: Path) -> None:
    clock = Clock()
    rooms = SqliteRooms.open(tmp_path, clock=clock)
    await rooms.start()
    for n in range(700):
        await rooms.publish("chat:a", says(n, idempotency_key=str(n)), BOTH)
    assert _count(tmp_path, "answers") == 700
    clock.now += 301
    await rooms.tidy()
    assert _count(tmp_path, "answers") == 0
    await rooms.close()


async def test_a_file_that_fails_later_is_told_and_the_rooms_go_on_when_it_is_free(tmp_path: Path) -> None:
    rooms = SqliteRooms.open(tmp_path)
    await rooms.start()
    beside = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    await rooms.publish("chat:a", says(1), BOTH)
    beside.execute("ALTER TABLE log RENAME TO hidden")
    with pytest.raises(RoomError, match="rooms file failed"):
        await rooms.publish("chat:a", says(2), BOTH)
    with pytest.raises(RoomError, match="rooms file failed"):
        await rooms.history("chat:a", None, 10)
    beside.execute("ALTER TABLE hidden RENAME TO log")
    beside.close()
    assert (await rooms.publish("chat:a", says(3), BOTH)).offset == 2
    await rooms.close()


async def test_one_job_that_fails_does_not_take_the_others_with_it(first: SqliteRooms) -> None:
    broken = Draft(object())  # pyright: ignore[reportArgumentType] - a bug
    waiting = [first.publish("chat:a", says(n), BOTH) for n in range(5)]
    waiting.insert(2, first.publish("chat:a", broken, BOTH))
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [r.offset for r in results if isinstance(r, Position)] == [1, 2, 3, 4, 5]
    assert [type(r) for r in results if isinstance(r, Exception)] == [RoomError]


async def test_closed_rooms_say_so(tmp_path: Path) -> None:
    rooms = SqliteRooms.open(tmp_path)
    with pytest.raises(RoomError) as refused:
        await rooms.publish("chat:a", says(1), BOTH)
    assert refused.value.problem_code == "rooms_closed"
    await rooms.start()
    pending = [asyncio.ensure_future(rooms.publish("chat:a", says(n), BOTH)) for n in range(50)]
    await asyncio.sleep(0)
    await rooms.close()
    # What was put in before is answered.
    assert [position.offset for position in await asyncio.gather(*pending)] == list(range(1, 51))
    await rooms.close()
    with pytest.raises(RoomError):
        await rooms.publish("chat:a", says(1), BOTH)


@pytest.mark.parametrize("garbage", [b"", b"no database at all" * 400, b"SQLite format 3\0" + b"\7" * 9000])
def test_a_file_that_is_no_database_is_refused_by_name(tmp_path: Path, garbage: bytes) -> None:
    file = tmp_path / FILE_NAME
    file.write_bytes(garbage)
    if not garbage:
        # As a crash before the first commit leaves it: as good as none.
        SqliteRooms.open(tmp_path)._near.close()
        return
    with pytest.raises(RoomError) as refused:
        SqliteRooms.open(tmp_path)
    assert refused.value.problem_code == "rooms_unusable"
    assert str(file) in refused.value.detail
    assert file.read_bytes() == garbage


async def test_a_torn_file_is_told(tmp_path: Path) -> None:
    rooms = SqliteRooms.open(tmp_path)
    await rooms.start()
    for _ in range(300):
        await rooms.publish("chat:a", says("x" * 1000), Retention(size=1000))
    await rooms.close()
    file = tmp_path / FILE_NAME
    whole = file.read_bytes()
    assert not (tmp_path / (FILE_NAME + "-wal")).exists()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RoomError) as refused:
        await _read_all(tmp_path)
    assert refused.value.problem_code in ("rooms_unusable", "rooms_unavailable")


def test_another_database_is_not_taken_over(tmp_path: Path) -> None:
    beside = sqlite3.connect(tmp_path / FILE_NAME)
    beside.execute("CREATE TABLE mine (a)")
    beside.commit()
    beside.close()
    with pytest.raises(RoomError) as refused:
        SqliteRooms.open(tmp_path)
    assert refused.value.problem_code == "rooms_unusable"


async def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    SqliteRooms.open(tmp_path)._near.close()
    beside = sqlite3.connect(tmp_path / FILE_NAME)
    beside.execute(sql.PUT_META, ("schema", str(int(VERSION) + 1)))
    beside.commit()
    beside.close()
    with pytest.raises(RoomError) as refused:
        SqliteRooms.open(tmp_path)
    assert refused.value.problem_code == "rooms_too_new"


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RoomError) as refused:
        SqliteRooms.open(tmp_path / "file" / "data")
    assert refused.value.problem_code == "rooms_unusable"


def test_a_new_file_has_the_tables_of_the_schema(tmp_path: Path) -> None:
    SqliteRooms.open(tmp_path)._near.close()
    engine = create_engine(f"sqlite:///{tmp_path / FILE_NAME}")
    found = inspect(engine)
    assert set(found.get_table_names()) == set(metadata.tables)
    for name, table in metadata.tables.items():
        assert {c["name"] for c in found.get_columns(name)} == {c.name for c in table.columns}
        assert {i["name"] for i in found.get_indexes(name)} == {i.name for i in table.indexes}
    engine.dispose()


async def _read_all(folder: Path) -> None:
    rooms = SqliteRooms.open(folder)
    try:
        await rooms.history("chat:a", None, 1000)
    finally:
        await rooms.close()


def _talker(folder: Path, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", TALK, str(folder), name, "150"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _count(folder: Path, table: str) -> int:
    beside = sqlite3.connect(folder / FILE_NAME)
    (count,) = beside.execute(f"SELECT count(*) FROM {table}").fetchone()
    beside.close()
    return int(count)
