"""New rules while everything runs: every subject once, watchers and other processes told; trying first."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from renown.errors import ConflictError, EventError
from renown.ledger import Ledger, Stopped
from renown.ledger.policies import switching
from renown.ledger.policies.entering import enter
from renown.model import Event
from renown.policy import Policies, Policy, load, preset
from tests.engine.ledger_kit import News, StoreFactory, applied, moment, opened, raw, second, view

TEXT = """
name = "club"
kind = "club"
version = {version}
title = "Club"

[scale]
min = 0
max = 1000

[score]
method = "points"

[rules.win]
value = {win}

[rules.foul]
value = -1

[[tiers]]
name = "low"

[[tiers]]
name = "high"
min_score = {high}
"""


def club(version: int = 1, win: int = 3, high: int = 20) -> Policy:
    return load(TEXT.format(version=version, win=win, high=high))


def policies(*more: Policy) -> Policies:
    return Policies([*(more or [club()]), preset("trader")])


def games(count: int, clubs: int, kind: str = "win") -> list[Event]:
    return [
        Event(kind, f"club:{i % clubs:04d}", id=f"{kind}-{i}", occurred_at=moment(i)) for i in range(count)
    ]


async def finished(ledger: Ledger, kind: str = "club") -> None:
    """Return when every subject is under the newest rules; the test's own time limit is the deadline."""
    while ledger.policies.of(kind).done is not None:
        await asyncio.to_thread(threading.Event().wait, 0.01)
    await ledger.sweep()


async def test_a_switch_brings_every_subject_under_the_new_rules_and_tells_its_watchers(
    make: StoreFactory, tmp_path: Path
) -> None:
    async with opened(make, tmp_path, policies()) as ledger:
        applied(await ledger.append([*games(70, 7), *games(7, 7, "foul")]))
        applied(await ledger.append([Event("foul", "club:lost", id="lost")]))
        news = News(ledger)
        state = await ledger.policies.put(club(2, win=2))
        assert state.policy.version == 2
        await finished(ledger)
        for i in range(7):
            key = f"club:{i:04d}"
            shown = view(await ledger.snapshot(key))
            assert (shown["score"], shown["tier"], shown["version"]) == (19, "low", 12)
            assert shown["cause"] == {"type": "renown.policy", "delta": -10}
            assert news.versions[key] == [12]
        lost = view(await ledger.snapshot("club:lost"))
        assert (lost["score"], lost["version"]) == (-1, 1), "nothing changed, so nobody is told"
        assert "club:lost" not in news.versions
        assert not news.problems
        (entry,) = await ledger.events("club:0000", None, 1)
        assert (entry.event.type, entry.event.id) == ("renown.policy", "renown.policy/club:0000/2")
        assert entry.changes[0].why == (
            "The rules of club changed: the score goes from 29 to 19 and the tier from high to low."
        )
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences[:5]
        rows = raw(tmp_path).execute("SELECT count(*) FROM standings WHERE policy_version = 1").fetchone()
        assert rows == (0,)


async def test_what_arrives_meanwhile_is_folded_under_the_new_rules(
    make: StoreFactory, tmp_path: Path
) -> None:
    async with opened(make, tmp_path, policies()) as ledger:
        applied(await ledger.append(games(900, 300)))
        news = News(ledger)
        putting = asyncio.create_task(ledger.policies.put(club(2, win=5)))
        answers = [await ledger.append(games(300, 300, "foul")[i : i + 10]) for i in range(0, 300, 10)]
        await putting
        assert [a.status.value for part in answers for a in part] == ["applied"] * 300
        await finished(ledger)
        shown = [view(await ledger.snapshot(f"club:{i:04d}")) for i in range(300)]
        assert {each["score"] for each in shown} == {14}
        assert {each["version"] for each in shown} == {5}
        assert not news.problems
        assert (await ledger.rebuild(check=True)).clean


async def test_a_restart_with_a_changed_file_switches_and_an_older_file_does_not(
    make: StoreFactory, tmp_path: Path
) -> None:
    async with opened(make, tmp_path, policies()) as ledger:
        applied(await ledger.append(games(30, 3)))
    async with opened(make, tmp_path, policies(club(2, win=4))) as ledger:
        await finished(ledger)
        assert view(await ledger.snapshot("club:0000"))["score"] == 40
        await ledger.policies.put(club(3, win=1))
        await finished(ledger)
    async with opened(make, tmp_path, policies(club(2, win=4))) as ledger:
        await finished(ledger)
        state = ledger.policies.of("club")
        assert (state.policy.version, state.policy.rules["win"].value) == (3, 1)
        assert [each.version for each in state.versions] == [1, 2, 3]
        assert view(await ledger.snapshot("club:0000"))["score"] == 10
        applied(await ledger.append([Event("win", "club:0000")]))
        assert view(await ledger.snapshot("club:0000"))["score"] == 11
        assert (await ledger.rebuild(check=True)).clean


async def test_refused_versions_and_kinds(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path, policies()) as ledger:
        await ledger.policies.put(club())
        assert len(ledger.policies.of("club").versions) == 1, "the very rules that hold"
        with pytest.raises(ConflictError) as caught:
            await ledger.policies.put(club(1, win=9))
        assert caught.value.problem_code == "version_taken"
        assert caught.value.expected == "2 or more"
        with pytest.raises(EventError) as refused:
            await ledger.policies.put(preset("seller"))
        assert refused.value.problem_code == "unknown_kind"


async def test_running_means_of_the_kind_are_counted_anew(make: StoreFactory, tmp_path: Path) -> None:
    text = """
name = "club"
kind = "club"
version = {version}
title = "Club"
[scale]
min = 1
max = 5
[score]
method = "bayesian_mean"
prior = {{ value = 3, weight = 5, running = {running} }}
[rules.review]
"""
    plain, running = (load(text.format(version=v, running=r)) for v, r in ((1, "false"), (2, "true")))
    reviews = [Event("review", f"club:{i % 4}", id=f"r{i}", value=1.0 + i % 3) for i in range(40)]
    async with opened(make, tmp_path, Policies([plain])) as ledger:
        applied(await ledger.append(reviews))
        await ledger.policies.put(running)
        await finished(ledger)
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences[:5]
        applied(await ledger.append([Event("review", "club:new", value=5.0)]))
        prior = (sum(1.0 + i % 3 for i in range(40)) + 5) / 41
        assert view(await ledger.snapshot("club:new"))["score"] == pytest.approx((5 * prior + 5) / 6)


OTHER = """
import asyncio, sys
from pathlib import Path
from renown.ledger import Ledger
from renown.model import Event
from tests.engine.ledger_kit import STORES, News, applied
from tests.engine.test_ledger_switching import policies

async def main(store, folder):
    ledger = Ledger(STORES[store](Path(folder)), policies())
    await ledger.start()
    news = News(ledger)
    print("ready", flush=True)
    sys.stdin.readline()
    # It has heard of nothing yet but what its own transaction sees.
    applied(await ledger.append([Event("win", "club:0000", id="other")]))
    await news.until("club:0001", 11)
    print("told", ledger.policies.of("club").policy.version, len(news.problems), flush=True)
    await ledger.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_other_processes_take_new_rules_over(
    make: StoreFactory, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with opened(make, tmp_path, policies()) as ledger:
        applied(await ledger.append(games(20, 2)))
        other = second(OTHER, request.node.callspec.params["make"], tmp_path)
        assert other.stdin is not None
        assert other.stdout is not None
        assert await asyncio.to_thread(other.stdout.readline) == "ready\n"
        await ledger.policies.put(club(2, win=7))
        other.stdin.write("go\n")
        other.stdin.flush()
        # The log may have had its say before.
        lines = [line for line in await asyncio.to_thread(other.stdout.readlines) if line[:5] == "told "]
        assert lines == ["told 2 0\n"]
        assert other.wait() == 0
        other.stdin.close()
        other.stdout.close()
        await finished(ledger)
        assert view(await ledger.snapshot("club:0000"))["score"] == 77
        assert view(await ledger.snapshot("club:0001"))["score"] == 70
        assert (await ledger.rebuild(check=True)).clean


async def test_a_trial_says_what_a_switch_then_does(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path, policies()) as ledger:
        uneven = [Event("win", f"club:{i:02d}", id=f"w{i}-{k}") for i in range(20) for k in range(i + 1)]
        applied(await ledger.append(uneven))
        before = {f"club:{i:02d}": await ledger.snapshot(f"club:{i:02d}") for i in range(20)}
        told: list[tuple[int, int]] = []
        trial = await ledger.policies.try_out(
            club(2, win=4, high=40), lambda done, total: told.append((done, total))
        )
        assert told[-1] == (210, 210)
        assert {key: await ledger.snapshot(key) for key in before} == before, "nothing was touched"
        assert (trial.subjects, trial.events, trial.changed, trial.scores) == (20, 210, 20, 20)
        assert (trial.rising, trial.falling, trial.largest, trial.median) == (20, 0, 20, 10.5)
        assert trial.mean == pytest.approx(10.5)
        # High was from 20 = seven wins on, and is from 40 = ten wins on.
        assert trial.tiers == 3
        assert [(m.before, m.after, m.subjects) for m in trial.tier_moves] == [("high", "low", 3)]
        assert [(m.subject, m.before, m.after) for m in trial.movers[:2]] == [
            ("club:19", 60, 80),
            ("club:18", 57, 76),
        ]
        assert sum(each.subjects for each in trial.histogram) == 20
        assert trial.histogram[0].low == 0
        assert trial.histogram[-1].high == 20 or trial.histogram[-1].low == 20
        await ledger.policies.put(club(2, win=4, high=40))
        await finished(ledger)
        for mover in trial.movers:
            assert view(await ledger.snapshot(mover.subject))["score"] == mover.after
        again = await ledger.policies.try_out(club(2, win=4, high=40))
        assert (again.changed, again.scores, again.histogram, again.movers) == (0, 0, (), ())


async def test_a_trial_names_the_events_it_would_refuse(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path, policies()) as ledger:
        applied(await ledger.append([*games(4, 2), *games(3, 1, "foul")]))
        without = TEXT.format(version=2, win=3, high=20).replace("[rules.foul]\nvalue = -1\n", "")
        trial = await ledger.policies.try_out(load(without))
        assert trial.refused == {"unknown_type": 3}
        assert [(each.id, each.subject, each.type) for each in trial.refusals] == [
            (f"foul-{i}", "club:0000", "foul") for i in range(3)
        ]
        assert (trial.scores, trial.rising) == (1, 1)


async def test_one_trial_at_a_time_that_ends_when_nobody_waits(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path, policies()) as ledger:
        applied(await ledger.append(games(20, 5)))
        entered, go_on = threading.Event(), threading.Event()

        def hold(done: int, total: int) -> None:
            entered.set()
            go_on.wait()

        trying = asyncio.create_task(ledger.policies.try_out(club(2), hold))
        await asyncio.to_thread(entered.wait)
        with pytest.raises(ConflictError) as caught:
            await ledger.policies.try_out(club(2))
        assert caught.value.problem_code == "trial_running"
        trying.cancel()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await trying
        stop = threading.Event()
        stop.set()
        with pytest.raises(Stopped):
            await ledger.policies.try_out(club(2), stop=stop)
        assert (await ledger.policies.try_out(club(2))).subjects == 5


async def test_a_policy_made_in_code_is_kept_as_text_that_means_the_same(
    make: StoreFactory, tmp_path: Path
) -> None:
    made = msgspec.structs.replace(preset("seller"), version=7)
    async with opened(make, tmp_path, Policies([made])) as ledger:
        assert ledger.policies.of("seller").policy is made
    older: Sequence[Any] = [preset("seller")]
    async with opened(make, tmp_path, Policies(older)) as ledger:
        assert ledger.policies.of("seller").policy.version == 7


async def test_a_check_while_new_rules_are_on_their_way_finds_nothing_wrong(
    make: StoreFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(make, tmp_path, policies()) as ledger:
        applied(await ledger.append(games(60, 6)))
    monkeypatch.setattr(switching, "_PAGE", 2)
    newer = policies(club(2, win=2))
    begun = Ledger(make(tmp_path), newer)
    report = await begun.rebuild(check=True)
    assert (report.clean, report.behind) == (True, 6), (
        "the settings are newer, and nobody has started with them"
    )
    for done in (0, 2, 4):
        store = make(tmp_path)
        if done == 0:
            enter(store, club(2, win=2))
        else:
            switching.switch_page(store, club(2, win=2))
        store.close()
        report = await begun.rebuild(check=True)
        assert report.clean, report.differences[:3]
        assert report.behind == 6 - done
    spoilt = raw(tmp_path)
    spoilt.execute("UPDATE events SET score = score + 1 WHERE version = 3")
    spoilt.close()
    report = await begun.rebuild(check=True)
    assert {(each.subject, each.what) for each in report.differences} == {
        (f"club:{i:04d}", "score") for i in range(6)
    }
    assert (await begun.rebuild(check=False)).behind == 2, "they are mended, and wait as before"
    assert (await begun.rebuild(check=True)).behind == 2
    await begun.close()
    async with opened(make, tmp_path, newer) as ledger:
        await finished(ledger)
        shown = [view(await ledger.snapshot(f"club:{i:04d}")) for i in range(6)]
        assert {(each["score"], each["version"]) for each in shown} == {(20, 11)}, "watchers of all are told"
        report = await ledger.rebuild(check=True)
        assert (report.clean, report.behind) == (True, 0)
        old = raw(tmp_path)
        old.execute("UPDATE standings SET policy_version = 1 WHERE subject = 'club:0003'")
        old.close()
        assert not (await ledger.rebuild(check=True)).clean, "nothing is on its way any more"
