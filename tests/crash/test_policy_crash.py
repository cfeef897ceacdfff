"""`kill -9` in the middle of a switch: what is done is done once, and whoever runs next does the rest."""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from renown.ledger import Ledger
from renown.model import Event
from renown.policy import Policies
from tests.engine.ledger_kit import applied, raw
from tests.engine.test_ledger_switching import club, finished, games

CLUBS, WINS, KILLS = 2_500, 4, 6

SWITCHES = """
import asyncio, sys
from pathlib import Path
from renown.ledger import Ledger
from renown.policy import Policies
from tests.engine.test_ledger_switching import club

async def main(folder):
    ledger = Ledger.open(Path(folder), Policies([club(2, win=5)]))
    await ledger.start()
    print("switching", flush=True)
    await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.timeout(300)
async def test_a_switch_that_is_killed_is_finished_by_the_next_process(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path, Policies([club()]))
    await ledger.start()
    events = games(CLUBS * WINS, CLUBS)
    for i in range(0, len(events), 2_000):
        applied(await ledger.append(events[i : i + 2_000]))
    await ledger.close()
    seen: list[str] = []
    for _ in range(KILLS):
        _switch_until_it_moves(tmp_path, seen)
        beside = raw(tmp_path)
        assert beside.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        (switched,) = beside.execute("SELECT switched FROM policies WHERE version = 2").fetchone()
        _check_every_subject(beside.execute("SELECT subject, version, policy_version, view FROM standings"))
        assert _told(beside, "club:0000") <= 1
        beside.close()
        if switched is None:
            break
        seen.append(switched)
    assert [at for at in seen if at], "it was never killed in the middle"
    assert seen == sorted(seen), "it goes on where it was"
    ledger = Ledger.open(tmp_path, Policies([club(2, win=5)]))
    await ledger.start()
    applied(await ledger.append([Event("foul", "club:2499")]))
    await finished(ledger)
    report = await ledger.rebuild(check=True)
    assert report.clean, report.differences[:5]
    await ledger.close()
    beside = raw(tmp_path)
    found = beside.execute("SELECT version, policy_version, score FROM standings WHERE subject < 'club:2499'")
    assert set(found) == {(WINS + 1, 2, 5.0 * WINS)}, "every subject was told once"
    last = beside.execute("SELECT version, policy_version, score FROM standings WHERE subject = 'club:2499'")
    assert last.fetchall() == [(WINS + 2, 2, 5.0 * WINS - 1)]
    beside.close()


def _switch_until_it_moves(folder: Path, seen: list[str]) -> None:
    """Run a process that switches, and kill it as soon as it has come further than the ones before."""
    process = subprocess.Popen([sys.executable, "-c", SWITCHES, str(folder)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"switching\n"
    deadline = time.monotonic() + 60
    while True:
        beside = raw(folder)
        (switched,) = beside.execute("SELECT switched FROM policies WHERE version = 2").fetchone()
        beside.close()
        if switched is None or switched > max(seen, default=""):
            break
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.kill()
    process.wait()
    process.stdout.close()


def _check_every_subject(rows: Iterable[tuple[str, int, int, bytes]]) -> None:
    for subject, version, policy_version, view in rows:
        shown = json.loads(view)
        assert shown["score"] == (5.0 if policy_version == 2 else 3.0) * WINS, subject
        assert version == shown["version"] == WINS + policy_version - 1, subject


def _told(beside: sqlite3.Connection, subject: str) -> int:
    found = beside.execute(
        "SELECT count(*) FROM events WHERE subject = ? AND type = 'renown.policy'", (subject,)
    ).fetchone()
    return int(found[0])
