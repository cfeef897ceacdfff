"""`kill -9` while all events are weighed anew: the ledger is what it was, or what it was to become."""

import subprocess
import sys
from pathlib import Path

import pytest

from renown.ledger import Ledger
from renown.policy import Policies
from tests.engine.ledger_kit import raw
from tests.engine.test_ledger_reweigh import careful, dump, plain, ratings, taken
from tests.engine.test_ledger_switching import finished

EVENTS = 4_000

WEIGHS = """
import asyncio, sys
from pathlib import Path
from renown.ledger import Ledger
from renown.policy import Policies
from renown.stores.sqlite_writer import SqliteWriter
from tests.engine.test_ledger_reweigh import careful

begun = False

def told(method):
    def write(self, *rows):
        # What is taken into the store beside the ledger comes first, and is nobody's concern.
        global begun
        begun = begun or method.__name__ == "rebase_events"
        if begun:
            print(method.__name__, flush=True)
            sys.stdin.readline()
        return method(self, *rows)
    return write

async def main(folder):
    ledger = Ledger.open(Path(folder), Policies([careful()]))
    for name in ("rebase_events", "refold_events", "put_kinds", "put_standings", "commit"):
        setattr(SqliteWriter, name, told(getattr(SqliteWriter, name)))
    await ledger.reweigh(check=False)
    print("done", flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.timeout(300)
async def test_a_ledger_whose_weighing_anew_is_killed_is_whole(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path, Policies([plain()]))
    await ledger.start()
    events = ratings(7, EVENTS)
    for start in range(0, len(events), 2_000):
        taken(await ledger.append(events[start : start + 2_000]))
    await ledger.close()
    ledger = Ledger.open(tmp_path, Policies([careful()]))
    await ledger.start()
    await finished(ledger, "trader")
    await ledger.close()
    before, files = dump(tmp_path), _files(tmp_path)
    for name, times in (
        ("rebase_events", 1),
        ("refold_events", 1),
        ("put_standings", 1),
        ("put_standings", 2),
    ):
        assert _run(tmp_path, name, times) == name, "it was killed before it could write that"
    assert _run(tmp_path, "commit", 1) == "commit"
    beside = raw(tmp_path)
    assert beside.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    beside.close()
    assert dump(tmp_path) == before
    assert _files(tmp_path) == files, "nothing lies beside the ledger"
    assert _run(tmp_path, "nothing", 1) == "done"
    after = dump(tmp_path)
    assert after["events"][: len(before["events"])] != before["events"]
    ledger = Ledger.open(tmp_path, Policies([careful()]))
    assert (await ledger.rebuild(check=True)).clean
    assert (await ledger.reweigh(check=True)).reweighed == 0
    await ledger.close()


def _files(folder: Path) -> set[str]:
    return {file.name.removesuffix("-wal").removesuffix("-shm") for file in folder.iterdir()}


def _run(folder: Path, name: str, times: int) -> str:
    """Weigh anew in a process; kill it when it is about to do `name` once more. Return what was last."""
    process = subprocess.Popen(
        [sys.executable, "-c", WEIGHS, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    last = ""
    for line in process.stdout:
        last = line.strip()
        times -= last == name
        if not times:
            process.kill()
            break
        if last == "done":
            break
        process.stdin.write("\n")
        process.stdin.flush()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        pipe.close()
    return last
