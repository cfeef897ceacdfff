"""`kill -9` in the middle of load: every acknowledged event is there, and none by half."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from renown.ledger import Ledger, LedgerOptions
from renown.policy import Policies
from tests.engine.ledger_kit import raw

KILLS = 20

LOAD = """
import asyncio, os, random, sys
from pathlib import Path
from renown.ledger import Ledger, LedgerOptions
from renown.model import Event, Status
from renown.policy import Policies

async def main(folder, acknowledged, life):
    ledger = Ledger.open(Path(folder), Policies.presets(), LedgerOptions(timers=False))
    await ledger.start()
    told = os.open(acknowledged, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    dice = random.Random(int(life))

    async def caller(name):
        n = 0
        while True:
            events = []
            for _ in range(dice.randrange(1, 40)):
                n += 1
                made = f"{life}-{name}-{n}"
                if dice.random() < 0.1:
                    ref = f"o{dice.randrange(n)}"
                    events.append(Event("retract", f"seller:{dice.randrange(9)}", id=made, ref=ref))
                elif dice.random() < 0.5:
                    events.append(Event("review", f"seller:{dice.randrange(9)}", id=made, value=4.0,
                                        actor=f"buyer:{made}", ref=f"o{n}"))
                else:
                    giver, taker = dice.sample(range(30), 2)
                    events.append(Event("rating", f"trader:{taker}", id=made, actor=f"trader:{giver}",
                                        value=float(dice.randrange(-10, 11))))
            answers = await ledger.append(events)
            lines = [f"{a.id} {a.subject} {a.version}\\n" for a in answers if a.status is Status.APPLIED]
            os.write(told, "".join(lines).encode())

    print("loading", flush=True)
    await asyncio.gather(*(caller(name) for name in range(4)))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.timeout(600)
async def test_kill_9_loses_nothing_acknowledged_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    folder, acknowledged = tmp_path / "data", tmp_path / "acknowledged"
    dice = random.Random(1)
    seen = 0
    for life in range(KILLS):
        _live_and_die(folder, acknowledged, life, dice.uniform(0.0, 0.15))
        promised = [line.split() for line in acknowledged.read_text().splitlines()]
        assert len(promised) > seen, "it was killed before it had acknowledged anything"
        seen = len(promised)
        _check_file(folder, promised)
        ledger = Ledger.open(folder, Policies.presets(), LedgerOptions(timers=False))
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences[:5]
        assert report.events >= len(promised)
        await ledger.close()


def _live_and_die(folder: Path, acknowledged: Path, life: int, seconds: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", LOAD, str(folder), str(acknowledged), str(life)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "loading\n"
    size = acknowledged.stat().st_size if acknowledged.exists() else 0
    deadline = time.monotonic() + 30
    # Under load means: it has begun to acknowledge. From then on any moment may be the last.
    while acknowledged.stat().st_size == size if acknowledged.exists() else True:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.002)
    time.sleep(seconds)
    process.kill()
    process.wait()
    process.stdout.close()


def _check_file(folder: Path, promised: list[list[str]]) -> None:
    beside = raw(folder)
    assert beside.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    kept = {row[0]: row[1:] for row in beside.execute("SELECT id, subject, version FROM events")}
    for name, subject, version in promised:
        assert kept.get(name) == (subject, int(version))
    halves = beside.execute(
        "SELECT subject, version, (SELECT count(*) FROM events e WHERE e.subject = s.subject) AS events,"
        " (SELECT max(version) FROM events e WHERE e.subject = s.subject) AS newest FROM standings s"
    ).fetchall()
    assert halves
    assert [row for row in halves if not row[1] == row[2] == row[3]] == []
    assert sum(row[2] for row in halves) == len(kept)
    beside.close()
