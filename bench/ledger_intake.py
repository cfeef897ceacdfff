"""Durable intake of the ledger in one process, beside the floor: the same rows through bare sqlite3.

    python bench/ledger_intake.py [--events 40000] [--batch 1000]

Both run in one sitting on the same disk with WAL and `synchronous=FULL`. The floor inserts the very
rows the ledger wrote, in batches of the same size, and upserts the standings each batch touched; so
the ratio is what checking, folding, encoding and group commit cost on top.
"""

import argparse
import asyncio
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from renown.ledger import Ledger
from renown.model import Event, Status
from renown.policy import Policies
from renown.server.interpreter import prepare_interpreter
from renown.stores import SqliteStore, statements
from renown.stores.sqlite import FILE_NAME, connect

START = datetime(2024, 1, 1, tzinfo=UTC)


def seller_events(count: int, dice: random.Random) -> list[Event]:
    """Reviews with two categories each, of 2,000 sellers."""
    return [
        Event(
            "review",
            f"seller:{dice.randrange(2000)}",
            id=f"rev-{dice.getrandbits(64):016x}",
            actor=f"buyer:{dice.randrange(50_000)}",
            value=float(dice.randint(2, 10)) / 2,
            categories={"communication": float(dice.randint(1, 5)), "delivery": float(dice.randint(1, 5))},
            ref=f"order:{i}",
            occurred_at=START + timedelta(seconds=i),
        )
        for i in range(count)
    ]


def trader_events(count: int, dice: random.Random) -> list[Event]:
    """Ratings between 6,000 members, popular ones more often; nobody rates anybody twice."""
    pairs: dict[tuple[int, int], None] = {}
    while len(pairs) < count:
        giver, taker = int(6000 * dice.random() ** 2), int(6000 * dice.random() ** 2)
        if giver != taker:
            pairs[giver, taker] = None
    return [
        Event(
            "rating",
            f"trader:{taker}",
            id=f"rate-{dice.getrandbits(64):016x}",
            actor=f"trader:{giver}",
            value=float(dice.choice((-10, -1, 1, 1, 1, 2, 3, 5, 8))),
            occurred_at=START + timedelta(seconds=i),
        )
        for i, (giver, taker) in enumerate(pairs)
    ]


async def through_ledger(folder: Path, events: Sequence[Event], batch: int) -> float:
    """Return events per second, appended by as many callers as an NDJSON stream has batches under way."""
    ledger = Ledger.open(folder, Policies.presets())
    await ledger.start()
    batches = [events[i : i + batch] for i in range(0, len(events), batch)]
    # The first batch pays for what is made once.
    await ledger.append(batches.pop(0))
    begun = time.perf_counter()
    turn = iter(batches)

    async def caller() -> int:
        applied = 0
        for one in turn:
            answers = await ledger.append(one)
            applied += sum(answer.status is Status.APPLIED for answer in answers)
        return applied

    applied = sum(await asyncio.gather(*(caller() for _ in range(4))))
    seconds = time.perf_counter() - begun
    await ledger.close()
    if applied != len(events) - batch:
        raise SystemExit(f"only {applied} of {len(events) - batch} were applied")
    return applied / seconds


def floor(source: Path, folder: Path, batch: int) -> float:
    """Return the rows per second that bare sqlite3 reaches with what the ledger wrote."""
    reading = sqlite3.connect(source / FILE_NAME)
    rows = reading.execute("SELECT * FROM events ORDER BY seq").fetchall()
    standings = {row[0]: row for row in reading.execute("SELECT * FROM standings")}
    reading.close()
    SqliteStore.open(folder).close()
    writing = connect(folder / FILE_NAME)
    begun = time.perf_counter()
    for i in range(batch, len(rows), batch):
        part = rows[i : i + batch]
        writing.execute("BEGIN IMMEDIATE")
        touched = [standings[s] for s in {row[2] for row in part}]
        for statement, values in (*statements.ADD_EVENTS.of(part), *statements.PUT_STANDINGS.of(touched)):
            writing.execute(statement, values)
        writing.execute("COMMIT")
    seconds = time.perf_counter() - begun
    writing.close()
    return (len(rows) - batch) / seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--batch", type=int, default=1_000)
    parser.add_argument("--folder", type=Path, default=None, help="on the disk to measure")
    given = parser.parse_args()
    makers: dict[str, Callable[[int, random.Random], list[Event]]] = {
        "seller": seller_events,
        "trader": trader_events,
    }
    prepare_interpreter()
    print(f"{given.events:,} events, batches of {given.batch:,}, synchronous=FULL")
    print(f"{'policy':<8} {'ledger/s':>10} {'floor/s':>10} {'ratio':>7}")
    for name, make in makers.items():
        events = make(given.events, random.Random(7))
        with tempfile.TemporaryDirectory(dir=given.folder) as scratch:
            ours, bare = Path(scratch) / "ours", Path(scratch) / "bare"
            reached = asyncio.run(through_ledger(ours, events, given.batch))
            bound = floor(ours, bare, given.batch)
        print(f"{name:<8} {reached:>10,.0f} {bound:>10,.0f} {reached / bound:>7.2f}")


if __name__ == "__main__":
    main()
