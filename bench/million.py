"""A million events: folding all of them anew, and reading and explaining a subject that has them all."""

import asyncio
import os
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.options import Options
from bench.report import Goal, Report, Table
from renown.ledger import Ledger, LedgerOptions
from renown.model import Event, Status
from renown.policy import Policies
from renown.server.interpreter import prepare_interpreter

__all__ = ["EVENTS", "run"]

EVENTS = 1_000_000
START = datetime(2024, 1, 1, tzinfo=UTC)
_BLOCK = 20_000
_LOOKS = 40
_CORES = len(os.sched_getaffinity(0))


def _review(i: int) -> Event:
    return Event(
        "review",
        "seller:1",
        id=f"r{i}",
        actor=f"buyer:{i}",
        value=float(1 + i * 7 % 5),
        categories={"delivery": float(1 + i % 5)},
        occurred_at=START + timedelta(seconds=20 * i),
    )


def _vote(i: int) -> Event:
    return Event(
        "upvote",
        "member:1",
        id=f"v{i}",
        actor=f"member:x{i}",
        ref=f"post:{i}",
        occurred_at=START + timedelta(seconds=20 * i),
    )


def _spread(i: int) -> Event:
    event = _review(i)
    return Event(
        event.type, f"seller:{i % 2000}", id=event.id, actor=event.actor, value=event.value,
        categories=event.categories, occurred_at=event.occurred_at,
    )  # fmt: skip


MANY = "reviews of 2,000 sellers"
WORLDS: dict[str, tuple[str, Callable[[int], Event]]] = {
    MANY: ("seller:1", _spread),
    "reviews of one seller": ("seller:1", _review),
    "votes on one member, under the daily cap": ("member:1", _vote),
}


async def _fill(ledger: Ledger, make: Callable[[int], Event]) -> float:
    began = time.monotonic()
    for start in range(0, EVENTS, _BLOCK):
        answers = await ledger.append([make(i) for i in range(start, start + _BLOCK)])
        assert answers[0].status is Status.APPLIED, answers[0]
    return time.monotonic() - began


def _spent() -> float:
    """Return the CPU seconds of this process and of those it has waited for."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


async def _timed(looks: Callable[[], Coroutine[Any, Any, object]]) -> tuple[float, float]:
    """Return median and worst milliseconds of some looks."""
    took: list[float] = []
    for _ in range(_LOOKS):
        began = time.perf_counter()
        await looks()
        took.append((time.perf_counter() - began) * 1e3)
    return statistics.median(took), max(took)


async def _world(subject: str, make: Callable[[int], Event]) -> dict[str, Any]:
    dice = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        # Nobody's timers run ahead of a past that is only now told: what follows would come late.
        ledger = Ledger.open(Path(folder), Policies.presets(), LedgerOptions(timers=False))
        await ledger.start()
        try:
            filled = await _fill(ledger, make)
            began, spent = time.monotonic(), _spent()
            report = await ledger.rebuild(check=True, processes=_CORES)
            rebuilt, spent = time.monotonic() - began, _spent() - spent
            assert report.clean, report.differences[:3]
            pages = [await ledger.explain(subject)]
            while pages[-1].cursor is not None and len(pages) < 20:
                pages.append(await ledger.explain(subject, cursor=pages[-1].cursor))
            cursors = [None, *(page.cursor for page in pages if page.cursor is not None)]
            return {
                "append": EVENTS / filled,
                "rebuild": rebuilt,
                "rebuild_cpu": spent,
                "read": await _timed(lambda: ledger.snapshot(subject)),
                "history": await _timed(lambda: ledger.history(subject, 200)),
                "explain": await _timed(lambda: ledger.explain(subject)),
                "older": await _timed(lambda: ledger.explain(subject, cursor=dice.choice(cursors))),
            }
        finally:
            await ledger.close()


def run(options: Options) -> Report:
    """Fill a ledger per world, rebuild it, and look at its busiest subject."""
    del options
    prepare_interpreter()  # As the server does, which fills a ledger otherwise.
    raw = {name: asyncio.run(_world(*world)) for name, world in WORLDS.items()}
    looks = ("read", "history", "explain", "older")
    rows = [
        (
            name,
            f"{found['append']:,.0f}",
            f"{found['rebuild']:.1f} / {found['rebuild_cpu']:.1f}",
            *(f"{found[look][0]:.2f} / {found[look][1]:.1f}" for look in looks),
        )
        for name, found in raw.items()
    ]
    report = Report("million", "A million events", raw=raw)
    columns = ("events", "appended/s", "rebuild --check, s / CPU s", "read, ms", "history, ms", "explain, ms")
    report.tables.append(Table("median / worst of 40 looks", (*columns, "a page further back, ms"), rows))
    report.notes.append(
        f"A rebuild shares the subjects among {_CORES} processes; one of them folds one subject."
    )
    report.goals += [
        Goal(f"rebuild of a million events, {MANY}", raw[MANY]["rebuild"], 30, "s"),
        Goal(
            "reading and explaining", max(each[look][0] for each in raw.values() for look in looks), 20, "ms"
        ),
    ]
    return report
