"""Batches folded ahead, while the one before is being stored, come to the same as one after the other."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from renown.errors import LedgerError
from renown.ledger import Ledger, LedgerOptions
from renown.ledger.writing import writer
from renown.model import Answer, Event, Status, Update
from renown.policy import Policies
from renown.stores import sqlite_writer

START = datetime(2025, 1, 1, tzinfo=UTC)


def tangled(count: int, seed: int, calm: float) -> list[Event]:
    """Events, some sent twice; all but the share `calm` are newer values, late, retractions, amendments."""
    dice = random.Random(seed)
    events: list[Event] = []
    for i in range(count):
        subject, actor = f"trader:{dice.randrange(4)}", f"trader:{10 + dice.randrange(6)}"
        at = START + timedelta(hours=i - (dice.randrange(40) if dice.random() < 0.15 else 0))
        chance = 0.4 if dice.random() < calm else dice.random()
        if events and dice.random() < 0.1:
            events.append(dice.choice(events[-12:]))
        elif chance < 0.2 and events:
            of = dice.choice(events[-12:])
            events.append(Event("retract", of.subject, id=f"e{i}", ref=of.id, occurred_at=at))
        elif chance < 0.28 and events:
            of = dice.choice(events[-12:])
            events.append(Event("amend", of.subject, id=f"e{i}", ref=of.id, value=2.0, occurred_at=at))
        elif chance < 0.5:
            events.append(
                Event(
                    "review",
                    f"seller:{dice.randrange(3)}",
                    id=f"e{i}",
                    actor=f"buyer:{i}",
                    value=4.0,
                    ref=f"order:{i}",
                    occurred_at=at,
                )
            )
        else:
            value = float(dice.choice((-10, -1, 1, 3, 8)))
            events.append(Event("rating", subject, id=f"e{i}", actor=actor, value=value, occurred_at=at))
    return events


async def _views(ledger: Ledger) -> dict[str, bytes]:
    subjects = [f"trader:{n}" for n in range(4)] + [f"seller:{n}" for n in range(3)]
    return {subject: view for subject, (_, view) in (await ledger.snapshots(subjects)).items()}


async def _told(events: Sequence[Event], folder: Path, at_once: int) -> tuple[list[Answer], dict[str, bytes]]:
    ledger = Ledger.open(folder, Policies.presets(), LedgerOptions(timers=False))
    await ledger.start()
    answers: list[Answer] = []
    for start in range(0, len(events), at_once):
        requests = [ledger.append([event]) for event in events[start : start + at_once]]
        answers += [answer for given in await asyncio.gather(*requests) for answer in given]
    views = await _views(ledger)
    report = await ledger.rebuild(check=True)
    await ledger.close()
    assert report.clean, report.differences
    return answers, views


@pytest.mark.parametrize("calm", [0.0, 0.8, 0.97])
@pytest.mark.parametrize("seed", range(3))
async def test_folding_ahead_gives_the_same_answers_and_standings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, calm: float
) -> None:
    events = tangled(250, seed, calm)
    one_by_one = await _told(events, tmp_path / "one", at_once=1)
    # Small batches, so that many are folded while the one before is stored.
    monkeypatch.setattr(writer, "MAX_BATCH", 4)
    ahead = await _told(events, tmp_path / "ahead", at_once=125)
    assert ahead == one_by_one
    assert {answer.status for answer in ahead[0]} >= {Status.APPLIED, Status.DUPLICATE}


async def test_a_batch_that_another_writer_overtakes_is_folded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MAX_BATCH", 3)
    ledgers = [Ledger.open(tmp_path, Policies.presets(), LedgerOptions(timers=False)) for _ in range(2)]
    told: list[list[tuple[str, int]]] = [[], []]
    for ledger, heard in zip(ledgers, told, strict=True):
        ledger.on_commit(lambda updates, heard=heard: heard.extend((u.subject, u.version) for u in updates))
        await ledger.start()
    streams = [
        [
            Event(
                "rating",
                f"trader:{i % 3}",
                id=f"{name}{i}",
                actor=f"trader:{name}{i % 40}",
                value=float(i % 7),
            )
            for i in range(300)
            if i % 7
        ]
        for name in "ab"
    ]
    answers = await asyncio.gather(
        *(
            ledger.append([event])
            for pair in zip(*streams, strict=True)
            for ledger, event in zip(ledgers, pair, strict=True)
        )
    )
    assert {answer.status for given in answers for answer in given} == {Status.APPLIED}
    by_subject: dict[str, list[int]] = {}
    for (answer,) in answers:
        by_subject.setdefault(answer.subject or "", []).append(answer.version or 0)
    for versions in by_subject.values():
        assert sorted(versions) == list(range(1, len(versions) + 1))
    for ledger in ledgers:
        await ledger.sweep()
    await asyncio.sleep(0)
    for heard in told:
        for subject, versions in by_subject.items():
            mine = [version for key, version in heard if key == subject]
            assert mine == sorted(set(mine))
            assert mine[-1] == len(versions)
    report = await ledgers[0].rebuild(check=True)
    for ledger in ledgers:
        await ledger.close()
    assert report.clean, report.differences


async def test_a_store_that_fails_now_and_then_loses_nothing_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever step fails, on whichever thread: those not answered may try again, the others are kept."""
    monkeypatch.setattr(writer, "MAX_BATCH", 4)
    dice = random.Random(5)
    broken = False

    def unreliable(name: str) -> None:
        real = getattr(sqlite_writer.SqliteWriter, name)

        def step(self: object, *arguments: object) -> object:
            if broken and dice.random() < 0.08:
                raise LedgerError("the disk is full")
            return real(self, *arguments)

        monkeypatch.setattr(sqlite_writer.SqliteWriter, name, step)

    for name in ("begin", "put_standings", "commit"):
        unreliable(name)
    events = tangled(300, 11, calm=0.8)
    ledger = Ledger.open(tmp_path, Policies.presets(), LedgerOptions(timers=False))
    heard: dict[str, list[int]] = {}

    def hear(updates: Sequence[Update]) -> None:
        for update in updates:
            heard.setdefault(update.subject, []).append(update.version)

    ledger.on_commit(hear)
    await ledger.start()
    broken = True
    given = await asyncio.gather(*(ledger.append([event]) for event in events), return_exceptions=True)
    broken = False
    failed = [event for event, answer in zip(events, given, strict=True) if isinstance(answer, LedgerError)]
    assert failed
    for event in failed:
        await ledger.append([event])
    kept = [answer for answers in given if not isinstance(answers, BaseException) for answer in answers]
    for answer in kept:
        if answer.status is Status.APPLIED:
            entry = await ledger.event(answer.id or "")
            assert entry is not None
            assert entry.version == answer.version
    await ledger.sweep()
    await asyncio.sleep(0)
    for subject, (version, _) in (await ledger.snapshots(list(heard))).items():
        assert heard[subject] == sorted(set(heard[subject]))
        assert heard[subject][-1] == version
    report = await ledger.rebuild(check=True)
    await ledger.close()
    assert report.clean, report.differences
