"""Several processes on one ledger, and commits whose process died before telling."""

import asyncio
from pathlib import Path

import pytest

from renown.errors import LedgerError
from renown.model import Event
from tests.engine.ledger_kit import News, StoreFactory, applied, opened, review, second, view

WRITES = """
import asyncio, sys
from pathlib import Path
from renown.ledger import Ledger, LedgerOptions
from renown.policy import Policies
from tests.engine.ledger_kit import STORES, News, applied, review

async def main(store, folder, name, batches):
    ledger = Ledger(STORES[store](Path(folder)), Policies.presets(), LedgerOptions(timers=False))
    await ledger.start()
    news = News(ledger)
    print("ready", flush=True)
    sys.stdin.readline()
    for i in range(int(batches)):
        events = [
            review(i * 10 + k, subject=f"seller:{k % 3}", id=f"{name}-{i}-{k}", actor=f"buyer:{name}{i}-{k}")
            for k in range(10)
        ]
        applied(await ledger.append(events))
    print("done", flush=True)
    sys.stdin.readline()
    await ledger.sweep()
    print(len(news.problems), *[f"{s}={v[0]}..{v[-1]}" for s, v in sorted(news.versions.items())], flush=True)
    await ledger.close()

asyncio.run(main(*sys.argv[1:]))
"""

DIES = """
import asyncio, os, sys
from pathlib import Path
from renown.ledger import Ledger, LedgerOptions
from renown.policy import Policies
from tests.engine.ledger_kit import STORES, review

async def main(store, folder):
    ledger = Ledger(STORES[store](Path(folder)), Policies.presets(), LedgerOptions(timers=False))
    await ledger.start()
    ledger.on_commit(lambda updates: os._exit(7))
    await ledger.append([review(50), review(51)])

asyncio.run(main(*sys.argv[1:]))
"""


OPENS = """
import sys
from pathlib import Path
import alembic.command
from tests.engine.ledger_kit import STORES
print("ready", flush=True)
sys.stdin.readline()
store = STORES[sys.argv[1]](Path(sys.argv[2]))
print(store.ledger_id, store.near.newest_seq(), flush=True)
store.close()
"""


@pytest.mark.parametrize("attempt", range(2))
def test_many_processes_may_open_a_new_ledger_at_once(
    make: StoreFactory, tmp_path: Path, request: pytest.FixtureRequest, attempt: int
) -> None:
    processes = [second(OPENS, request.node.callspec.params["make"], tmp_path) for _ in range(5)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate()[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0] * 5
    assert said == [[make(tmp_path).ledger_id, "0"]] * 5


async def test_two_processes_share_a_ledger_and_each_sees_every_commit(
    make: StoreFactory, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    store = request.node.callspec.params["make"]
    processes = [second(WRITES, store, tmp_path, name, 40) for name in ("left", "right")]
    try:
        async with opened(make, tmp_path) as ledger:
            news = News(ledger)
            for step in ("ready", "done"):
                for process in processes:
                    assert process.stdout is not None
                    assert (await asyncio.to_thread(process.stdout.readline)).strip() == step
                for process in processes:
                    assert process.stdin is not None
                    process.stdin.write("go\n")
                    process.stdin.flush()
            told = []
            for process in processes:
                assert process.stdout is not None
                told.append((await asyncio.to_thread(process.stdout.readline)).strip())
            await ledger.sweep()
            whole = {"seller:0": 320, "seller:1": 240, "seller:2": 240}
            assert news.versions == {subject: list(range(1, n + 1)) for subject, n in whole.items()}
            assert not news.problems
            line = "0 " + " ".join(f"{subject}=1..{n}" for subject, n in whole.items())
            assert told == [line, line]
            for subject, n in whole.items():
                assert view(await ledger.snapshot(subject))["version"] == n
                entries = await ledger.events(subject, None, 1000)
                assert [entry.version for entry in entries] == list(range(n, 0, -1))
            assert ledger.stats().events == 800
            report = await ledger.rebuild(check=True)
            assert report.clean, report.differences[:5]
            for process in processes:
                assert await asyncio.to_thread(process.wait) == 0
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            process.communicate()


async def test_a_commit_whose_process_died_before_telling_is_told(
    make: StoreFactory, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with opened(make, tmp_path, sweep_interval=0.05) as ledger:
        news = News(ledger)
        applied(await ledger.append([review(1)]))
        process = second(DIES, request.node.callspec.params["make"], tmp_path)
        await asyncio.to_thread(process.communicate)
        assert process.returncode == 7
        async with asyncio.timeout(30):
            await news.until("seller:1", 3)
        assert news.versions == {"seller:1": [1, 2, 3]}
        assert applied(await ledger.append([review(2)])) == [4]
        assert news.versions == {"seller:1": [1, 2, 3, 4]}
        assert not news.problems


async def test_news_of_others_come_before_our_own_later_ones(make: StoreFactory, tmp_path: Path) -> None:
    async with (
        opened(make, tmp_path, sweep_interval=60.0) as one,
        opened(make, tmp_path, sweep_interval=60.0) as two,
    ):
        ours, theirs = News(one), News(two)
        for i in range(0, 40, 2):
            applied(await one.append([review(i)]))
            applied(await two.append([review(i + 1)]))
        await one.sweep()
        await two.sweep()
        assert ours.versions == theirs.versions == {"seller:1": list(range(1, 41))}
        assert not ours.problems
        assert not theirs.problems
        assert [u.version for u in ours.updates] == sorted(u.version for u in ours.updates)


async def test_a_retraction_reaches_what_another_process_wrote(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as one, opened(make, tmp_path) as two:
        applied(await one.append([review(1), review(2)]))
        applied(await two.append([Event("retract", "seller:1", ref="order:1")]))
        applied(await one.append([review(2, id="twice", actor="buyer:2", minutes=9)]))
        assert view(await two.snapshot("seller:1"))["count"] == 1
        assert (await two.rebuild(check=True)).clean


async def test_a_sweep_that_fails_is_tried_again(
    make: StoreFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sign that somebody committed is seen once; a sweep that fails must not lose it."""
    async with (
        opened(make, tmp_path) as one,
        opened(make, tmp_path, sweep_interval=0.02) as two,
    ):
        theirs, real, failures = (
            News(two),
            two.sweep,
            [LedgerError("the disk is away"), OSError("so is the rest")],
        )

        async def sweep() -> None:
            if failures:
                raise failures.pop()
            await real()

        monkeypatch.setattr(two, "sweep", sweep)
        applied(await one.append([review(1)]))
        async with asyncio.timeout(30):
            await theirs.until("seller:1", 1)
        assert not failures


async def test_commits_of_its_own_make_a_ledger_look_for_nobody_elses(
    make: StoreFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They change the file, too; but a sweep holds the writer up."""
    async with opened(make, tmp_path, sweep_interval=0.01) as one, opened(make, tmp_path) as two:
        real, sweeps, mine = one.sweep, list[int](), News(one)

        async def sweep() -> None:
            sweeps.append(max(mine.versions.get("seller:1", [0])))
            await real()

        monkeypatch.setattr(one, "sweep", sweep)
        for i in range(5):
            applied(await one.append([review(i)]))
            await asyncio.sleep(0.03)
        assert not sweeps
        applied(await two.append([review(5)]))
        async with asyncio.timeout(30):
            await mine.until("seller:1", 6)
        assert sweeps == [5]
