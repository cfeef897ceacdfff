"""What is folded and not stored yet reads as it will once it is: whenever the batch before is committed."""

import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from renown.errors import LedgerError
from renown.ledger.folding import checkpoints, replay
from renown.ledger.folding.forms import Earlier
from renown.ledger.folding.lineage import in_place
from renown.ledger.folding.past import Unwritten
from renown.ledger.views import earlier_of
from renown.ledger.writing.access import Access, Ahead, Within
from renown.ledger.writing.batch import Batch
from renown.ledger.writing.cache import Cache
from renown.ledger.writing.outcome import Work
from renown.ledger.writing.prepared import Prepared
from renown.ledger.writing.unsaved import Unsaved
from renown.model import Answer, Event, Status
from renown.policy import Policies, load
from renown.stores import Reader, SqliteStore, Writer
from renown.stores.sqlite_writer import SqliteWriter
from tests.engine.ledger_kit import STORES, Hands, moment, opened, raw

SHOPS = """
name = "shops"
kind = "shop"
version = 1
title = "Shops"

[scale]
min = 1
max = 5

[score]
method = "fading_mean"
prior = { value = 3, weight = 1 }

[rules.review]
one_per = "actor"

[[tiers]]
name = "standard"
[[tiers]]
name = "good"
min_score = 3
dwell = { days = 2, of = 4 }

[[badges]]
name = "busy"
event = "review"
count = 3
repeatable = true

[[guards]]
name = "many"
kind = "budget"
most = 2
days = 1
action = "hold"

[disputes]
window_days = 30
"""
SUBJECTS = ("trader:1", "trader:2", "shop:1", "shop:2")


def _story(dice: random.Random, length: int) -> list[Event]:
    """Mostly newer values of the same few givers; some late, some taken back, amended, held or disputed."""
    events: list[Event] = []
    for n in range(length):
        subject = dice.choice(SUBJECTS)
        kind = "rating" if subject.startswith("trader") else "review"
        late = dice.randint(0, 3 * n) if dice.random() < 0.1 else 0
        told: dict[str, Any] = {"id": f"e{n}", "occurred_at": moment(3 * n - late)}
        if events and dice.random() < 0.25:
            of = dice.choice(events[-25:])
            steps = ["retract", "amend"] * 2 + ["hold", "release", "dispute", "dismiss"]
            step = dice.choice(steps)
            told |= {"ref": of.id, "actor": of.actor if step == "amend" else "moderator:mo"}
            value = 2.0 if step == "amend" else None
            events.append(Event(step, of.subject, value=value, **told))
        else:
            actor = f"trader:{dice.randint(10, 20)}"
            events.append(Event(kind, subject, actor=actor, value=float(dice.randint(1, 5)), **told))
    return events


class _Watched:
    """A reader in the midst of whose statements something happens: before the one that is named."""

    def __init__(self, reader: Reader, at: int, happens: Callable[[], None]) -> None:
        self._reader, self._left, self._happens = reader, at, happens

    def __getattr__(self, name: str) -> Any:
        self._left -= 1
        if self._left == 0:
            self._happens()
        return getattr(self._reader, name)


class _Compared:
    """Answers with what is not stored, once it is what would be read were it stored."""

    def __init__(self, unsaved: Unsaved, copied: Callable[[], Any], seen: list[str]) -> None:
        self._unsaved, self._copied, self._seen = unsaved, copied, seen

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def answer(*asked: Any) -> Any:
            with self._copied() as stored:
                wanted = getattr(stored, name)(*asked)
            given = getattr(self._unsaved, name)(*asked)
            if given != wanted:
                # A batch takes whatever else is raised for a failure of one event.
                raise LedgerError(f"{name}{asked}: {given} is not {wanted}")
            if given:
                self._seen.append(name)
            return given

        return answer


def _held(earlier: Earlier) -> tuple[str, float | None, float | None, str | None]:
    return earlier.id, earlier.held_at, earlier.held_until, earlier.held_why


class _Watchful(Batch):
    """A batch whose every look back is compared, and that looks back without need now and then."""

    line: "_Line"

    def unwritten(self) -> Unwritten:
        found = super().unwritten()
        if not isinstance(found, Unsaved):
            return found
        compared: Any = _Compared(found, lambda: self.line.copied(self), self.line.seen)
        return compared

    def _load(self) -> None:
        super()._load()
        with self.line.copied(self) as stored:
            for (subject, pair), found in self._lookup.pairs.items():
                live = [earlier_of(row) for row in stored.live_pairs([(subject, pair)])]
                there = in_place(sorted(live, key=lambda each: -each.version))
                assert (there and _held(there)) == (found and _held(found))

    def _take(self, prepared: Prepared) -> None:
        dice, subject = self.line.dice, prepared.event.subject
        if dice.random() < 0.3:
            rows, version = self.unwritten(), self._cache.policies.for_subject(subject).version
            low, high = sorted((self._place(), self._place()))
            rows.checkpoint(subject, high, version)
            rows.counting_between(subject, low, high)
            rows.ascending(subject, low[1], dice.choice((-1, 5)))
            subject, pair = dice.choice(self.line.pairs or [(subject, "")])
            rows.paired(subject, pair)
            rows.live_pairs([(subject, pair)])
            rows.referred(subject, f"e{dice.randint(0, 100)}")
        if prepared.effect.one_per is not None:
            self.line.pairs.append((prepared.event.subject, prepared.effect.one_per))
        super()._take(prepared)

    def _place(self) -> tuple[float, int]:
        return moment(self.line.dice.randint(0, 1_500)).timestamp(), self.line.dice.randint(0, 150)


class _Line:
    """Folds batches ahead as the writer's thread does; when the one before is committed the dice say."""

    def __init__(self, folder: Path, policies: Policies, dice: random.Random) -> None:
        self.dice = dice
        self.seen: list[str] = []
        """What was asked that had an answer."""
        self.pairs: list[tuple[str, str]] = []
        self.ahead = 0
        self._folder = folder
        self._store = SqliteStore.open(folder)
        self._writer = self._store.writer()
        self._cache = Cache(policies, Hands(10_000))
        self._storing: tuple[Batch, Work] | None = None
        self._writing = False

    def fold(self, events: Sequence[Event]) -> list[Answer]:
        if self._storing is None or self._storing[0].looked_back:
            self.settle()
            self._begin()
            return self._run(events, None, Within(self._writer))
        self.ahead += 1
        reader: Any = _Watched(self._store.near, self.dice.randint(1, 40), self.settle)
        return self._run(events, self._storing[0], Ahead(reader, self._catch_up))

    def _run(self, events: Sequence[Event], before: Batch | None, access: Access) -> list[Answer]:
        batch = _Watchful(self._cache, events, before)
        batch.line = self
        work = batch.run(access)
        self.settle()
        self._storing = batch, work
        return batch.answers([False] * len(events))

    def _catch_up(self) -> Writer:
        self.settle()
        if not self._writing:
            self._begin()
        return self._writer

    def _begin(self) -> None:
        self._writer.begin()
        self._writing = True

    def settle(self) -> None:
        """Commit the batch before."""
        if self._storing is not None:
            (_, work), self._storing = self._storing, None
            if not self._writing:
                self._begin()
            work.store(self._writer)
            self._writer.commit()
            self._writing = False

    @contextmanager
    def copied(self, batch: _Watchful) -> Iterator[Reader]:
        """Lend a copy of the ledger that has all that was folded."""
        found, copy = raw(self._folder), sqlite3.connect(":memory:", isolation_level=None)
        found.backup(copy)
        found.close()
        writer = SqliteWriter(copy)
        for each in () if self._storing is None else (self._storing[0],):
            _store(each, writer)
        _store(batch, writer)
        yield writer
        writer.close()

    def close(self) -> None:
        self.settle()
        self._writer.close()
        self._store.close()


def _store(batch: Batch, writer: Writer) -> None:
    """Write what a batch has come to, which stays as it is."""
    outcome = batch._outcome
    writer.add_events(outcome._rows)
    writer.end_events(list(outcome.ends.values()))
    writer.hold_events(list(outcome.holds.values()))
    outcome.checkpoints.store(writer)


@pytest.mark.parametrize("seed", range(8))
async def test_what_is_not_stored_reads_as_if_it_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    for module in (checkpoints, replay):
        monkeypatch.setattr(module, "EVERY", 3)
    dice = random.Random(seed)
    policies = Policies([Policies.presets().for_subject("trader:1"), load(SHOPS, "shops")])
    line = _Line(tmp_path, policies, dice)
    events, start = _story(dice, 250), 0
    statuses: set[Status] = set()
    while start < len(events):
        size = dice.choice((1, 4, 15))
        answers = line.fold(events[start : start + size])
        assert all(each.problem is None or each.problem.code != "internal" for each in answers), answers
        statuses.update(each.status for each in answers)
        start += size
    line.close()
    assert line.ahead > 15
    asked = {"checkpoint", "counting_between", "ascending", "paired", "referred", "live_pairs"}
    assert set(line.seen) == asked
    assert statuses == {Status.APPLIED, Status.HELD, Status.REJECTED}
    connection = raw(tmp_path)
    (replaced,) = connection.execute("SELECT COUNT(*) FROM events WHERE ended_version IS NOT NULL").fetchone()
    connection.close()
    assert replaced > 50
    async with opened(STORES["sqlite"], tmp_path, policies) as ledger:
        report = await ledger.rebuild(check=True)
    assert report.clean, report.differences[:3]
