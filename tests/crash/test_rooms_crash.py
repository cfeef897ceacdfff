"""`kill -9` while rooms are published into: nothing acknowledged is lost, nothing is there twice."""

import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from renown.rooms import Draft, Retention, SqliteRooms
from renown.rooms.file import FILE_NAME

KILLS = 12

LOAD = """
import asyncio, os, random, sys
from pathlib import Path
import msgspec
from renown.rooms import Draft, Retention, SqliteRooms

async def main(folder, acknowledged, life):
    rooms = SqliteRooms.open(Path(folder))
    await rooms.start()
    told = os.open(acknowledged, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    dice = random.Random(life)

    async def talk(name):
        n = 0
        while True:
            n += 1
            made = f"{life}-{name}-{n}"
            said = msgspec.Raw(msgspec.json.encode(made))
            if dice.random() < 0.3:
                channel = f"map:{dice.randrange(2)}"
                key = f"k{dice.randrange(20)}"
                draft = Draft(said, key=key, removed=dice.random() < 0.2)
                await rooms.publish(channel, draft, Retention())
            else:
                channel = f"chat:{dice.randrange(3)}"
                draft = Draft(said, idempotency_key=made)
                position = await rooms.publish(channel, draft, Retention(size=1_000_000))
                line = f"{made} {channel} {position.epoch} {position.offset}\\n"
                os.write(told, line.encode())

    print("loading", flush=True)
    await asyncio.gather(*(talk(name) for name in range(16)))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.timeout(600)
async def test_kill_9_loses_nothing_acknowledged_and_doubles_nothing(tmp_path: Path) -> None:
    folder, acknowledged = tmp_path / "data", tmp_path / "acknowledged"
    dice = random.Random(1)
    seen = 0
    for life in range(KILLS):
        # Two at once: one of them goes on in the same file over the other's death.
        _live_and_die(folder, acknowledged, life, dice.uniform(0.0, 0.12))
        promised = [line.split() for line in acknowledged.read_text().splitlines()]
        assert len(promised) > seen, "it was killed before it had acknowledged anything"
        seen = len(promised)
        _check_file(folder)
        await _check_rooms(folder, promised)


async def _check_rooms(folder: Path, promised: list[list[str]]) -> None:
    rooms = SqliteRooms.open(folder)
    await rooms.start()
    for channel in {name for _, name, _, _ in promised}:
        history = await rooms.history(channel, None, 100_000)
        kept = {msgspec.json.decode(p.data): p.offset for p in history.publications}
        assert [p.offset for p in history.publications] == list(range(1, history.top + 1))
        assert len(kept) == history.top, "something is there twice"
        for made, name, epoch, offset in promised:
            if name == channel:
                assert kept.get(made) == int(offset)
                assert epoch == history.epoch
        # Whoever was not told, and sends again, gets the first answer: of the last ones at least.
        for made, offset in list(kept.items())[-3:]:
            again = Draft(msgspec.Raw(msgspec.json.encode(made)), idempotency_key=made)
            assert (await rooms.publish(channel, again, Retention(size=1_000_000))).offset == offset
    for channel in ("map:0", "map:1"):
        page = await rooms.page(channel, "", 100)
        offsets = [entry.offset for entry in page.entries]
        assert len(set(offsets)) == len(offsets)
        assert max(offsets, default=0) <= page.top
    await rooms.close()


def _live_and_die(folder: Path, acknowledged: Path, life: int, seconds: float) -> None:
    processes = [_process(folder, acknowledged, f"{life}{letter}") for letter in "ab"]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "loading\n"
    size = _size(acknowledged)
    deadline = time.monotonic() + 30
    # Under load means: they have begun to acknowledge. From then on any moment may be the last.
    while _size(acknowledged) == size:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    for process in processes:
        time.sleep(seconds / 2)
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _process(folder: Path, acknowledged: Path, life: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", LOAD, str(folder), str(acknowledged), life]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _check_file(folder: Path) -> None:
    beside = sqlite3.connect(folder / FILE_NAME)
    assert beside.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    # The tops are those of the logs, and the map's rows are those of the log.
    halves = beside.execute(
        "SELECT channel, top, (SELECT count(*) FROM log WHERE log.life = lives.life) FROM lives"
        " WHERE channel LIKE 'chat:%'"
    ).fetchall()
    assert halves
    assert [row for row in halves if row[1] != row[2]] == []
    beyond = "SELECT count(*) FROM entries JOIN lives USING (life) WHERE entries.offset > lives.top"
    assert beside.execute(beyond).fetchone() == (0,)
    (seq,) = beside.execute("SELECT value FROM meta WHERE name = 'seq'").fetchone()
    assert beside.execute("SELECT max(seq) FROM log").fetchone() == (int(seq),)
    beside.close()
