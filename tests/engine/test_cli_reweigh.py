"""`renown rebuild --reweigh` as people call it: what it prints, how it exits, and a server beside it."""

import json
import subprocess
import sys
from pathlib import Path

from renown.client import Renown
from tests.engine.ledger_kit import raw
from tests.running import RunningServer


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "renown.cli", *arguments], capture_output=True, text=True, check=False
    )


def _forget_the_weight(folder: Path, event: str) -> None:
    beside = raw(folder)
    assert beside.execute("UPDATE events SET basis = ? WHERE id = ?", (b"[0.1,{}]", event)).rowcount == 1
    beside.close()


def test_a_server_goes_on_beside_it_and_shows_what_has_come_out(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    with RunningServer(tmp_path) as running, Renown(running.url) as renown:
        for n in range(5):
            renown.event("seller:a", "review", value=1 + n, actor=f"buyer:{n}", id=f"r{n}", ref=f"o{n}")
        before = renown.standing("seller:a")
        clean = _run("rebuild", "--reweigh", "--check", *data)
        assert (clean.returncode, "weighing it anew comes to" in clean.stdout) == (0, True), clean.stderr
        _forget_the_weight(tmp_path, "r4")
        assert _run("rebuild", *data).returncode == 0
        looked = json.loads(_run("rebuild", "--reweigh", "--check", "--json", *data).stdout)
        assert (looked["reweighed"], looked["changed"], looked["rewritten"]) == (1, 1, False)
        (mover,) = looked["movers"]
        assert mover["subject"] == "seller:a"
        done = _run("rebuild", "--reweigh", *data)
        assert done.returncode == 0
        assert "events with another weight, mean or verdict: 1\n" in done.stdout
        assert f"seller:a: {mover['before']:.6g} → {mover['after']:.6g}" in done.stdout
        assert done.stdout.endswith("all is written\n")
        after = renown.standing("seller:a")
        assert (round(after.score, 5), after.version) == (round(before.score, 5), before.version + 1)
        assert after.cause is not None
        assert after.cause.type == "renown.policy"
        assert renown.event("seller:a", "review", value=5, actor="buyer:9", ref="o9").version == 7
        assert _run("rebuild", "--check", *data).returncode == 0
        again = json.loads(_run("rebuild", "--reweigh", "--json", *data).stdout)
        assert (again["reweighed"], again["changed"], again["rewritten"]) == (0, 0, True)


def test_it_is_the_work_of_one_process(tmp_path: Path) -> None:
    refused = _run("rebuild", "--reweigh", "--processes", "2", "--data", str(tmp_path))
    assert (refused.returncode, "one process does it" in refused.stderr) == (2, True)
