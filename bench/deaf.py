"""Readers that never read: what a thousand of them do to the others and to the server's memory.

All watch one room. The others' latency is measured with nobody else, with as many that read, and with as
many that do not: the second shows what more subscribers cost anyway.
"""

import time
from dataclasses import asdict, dataclass

from bench.loadgen import LoadGenerator
from bench.machine import cores, resident_bytes
from bench.options import Options
from bench.poster import post
from bench.renown_server import RenownServer, subscriber
from bench.report import Goal, Report, Table

__all__ = ["run"]

READERS, CROWD, RATE, SECONDS = 100, 1000, 80, 8.0
DATA = '{"sent":{t},"fill":"' + "x" * 3400 + '"}'
TEMPLATE = f'{{"channel":"news:1","data":{DATA}}}'
CONFIG = "[gateway.rooms.news]\n"
ALONE, READING, DEAF = f"{READERS} readers alone", f"with {CROWD:,} that read", f"with {CROWD:,} that do not"


@dataclass(frozen=True)
class _Turn:
    p50_ms: float
    p99_ms: float
    arrived: float
    """Share of what was to arrive at the readers."""
    grown: float
    """Bytes that the server's memory grew by at most, since the turn's connections stood."""
    slow: float
    """Connections that were closed because they did not read."""


def _closed(server: RenownServer) -> float:
    return server.metrics().get('renown_gateway_closes_total{code="3008"}', 0.0)


def _turn(server: RenownServer, crowd: str, seconds: float) -> _Turn:
    layout = cores()
    kind = subscriber("news:1", stamp='"sent":')
    others = None
    if crowd != ALONE:
        others = LoadGenerator(server.port, CROWD, kind, layout.load[-1:], deaf=crowd == DEAF)
    readers = LoadGenerator(server.port, READERS, kind, layout.load[:1], nap_us=0)
    time.sleep(0.5)
    memory, slow = resident_bytes(*server.pids), _closed(server)
    before, most, sent = readers.look(), memory, 0
    pieces = max(2, round(seconds))
    for _ in range(pieces):
        sent += post(
            server.port, TEMPLATE, layout.driver, connections=8, seconds=seconds / pieces, rate=RATE,
            path="/api/publish",
        ).sent  # fmt: skip
        most = max(most, resident_bytes(*server.pids))
    time.sleep(0.5)
    counts = LoadGenerator.between(before, readers.look())
    slow = _closed(server) - slow
    for load in (others, readers):
        if load:
            load.stop()
    time.sleep(0.5)
    return _Turn(counts.p50_ms, counts.p99_ms, counts.messages / (sent * READERS), most - memory, slow)


def run(options: Options) -> Report:  # noqa: ARG001 (until the limit is reached)
    """Take the three in turn; each lasts until the deaf owe more than they may."""
    report = Report("deaf", "Readers that never read")
    layout = cores()
    with RenownServer("deaf", cores=[layout.server], config=CONFIG) as server:
        turns = {crowd: _turn(server, crowd, SECONDS) for crowd in (ALONE, READING, DEAF)}
    rows = [
        (
            crowd,
            f"{turn.p50_ms:.2f}",
            f"{turn.p99_ms:.2f}",
            f"{turn.arrived:.1%}",
            f"{turn.grown / 1e6:.1f}",
            f"{turn.slow:,.0f}",
        )
        for crowd, turn in turns.items()
    ]
    columns = ("", "p50 ms", "p99 ms", "arrived", "server grew by MB", "closed with 3008")
    report.tables.append(
        Table(f"Latency of {READERS} readers of one room, {RATE} publications/s", columns, rows)
    )
    deaf, reading = turns[DEAF], turns[READING]
    median, slowest = deaf.p50_ms / reading.p50_ms, deaf.p99_ms / reading.p99_ms
    report.goals += [
        Goal("Median latency with the deaf against with as many that read", median, 1.1, "×"),
        Goal("p99 with the deaf against with as many that read", slowest, 1.5, "×"),
        Goal("What arrived at the readers", deaf.arrived, 1.0, "of all", at_most=False),
        Goal("The deaf who were closed with 3008", deaf.slow / CROWD, 1.0, "of all", at_most=False),
        Goal("Memory for a deaf reader at most", deaf.grown / CROWD / 1024, 1024, "KiB"),
    ]
    report.notes.append(
        "From the producer's post to the reader. Publications of 3.4 KB. The kernel's buffers of a deaf "
        "reader take some 1.1 MB; what it is owed beyond a further 1 MiB ends its connection with 3008. What "
        "waits for many is in memory once."
    )
    report.raw = {crowd: asdict(turn) for crowd, turn in turns.items()}
    return report
