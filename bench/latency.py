"""Latency: from the first byte of an event's HTTP post to its arrival at every WebSocket client that watches.

Subjects are many, so that each changes more rarely than its channel's least interval: what is measured is
the way through the product, not the wait that conflation makes on purpose.
"""

import re
import time
from collections.abc import Iterable
from pathlib import Path

from bench.floors import Spread, commit_times, echo_times
from bench.loadgen import LoadGenerator
from bench.machine import cores, cpu_seconds
from bench.native import OUT
from bench.options import Options
from bench.poster import post, review
from bench.renown_server import RenownServer, subscriber
from bench.report import Goal, Report, Table

__all__ = ["arrivals", "run", "waits"]

WATCHERS, SUBJECTS, RATE = 1000, 200, 100
EACH = WATCHERS // SUBJECTS
WARM_UP = 2
"""Events per subject before the measurement."""

_STATE = re.compile(r'"subject":"seller:(\d+)","version":(\d+)')


def arrivals(lines: Iterable[str]) -> dict[tuple[int, int], list[int]]:
    """Nanoseconds of arrival of each (subject, version) in the load generator's record.

    A line begins with the time and the connection's number; a frame with several publications has further
    lines.
    """
    found: dict[tuple[int, int], list[int]] = {}
    at = 0
    for line in lines:
        if line[:1].isdigit():
            at = int(line.partition(" ")[0])
        for subject, version in _STATE.findall(line):
            found.setdefault((int(subject), int(version)), []).append(at)
    return found


def waits(posts: Iterable[str], arrived: dict[tuple[int, int], list[int]], first_version: int) -> list[float]:
    """Seconds from each post to each arrival of the version it made.

    `posts` are the producer's lines: the event's number, nanoseconds of sending and of the answer. Event `n`
    is about subject `n % SUBJECTS`, and a subject's events are further apart than any answer takes.
    """
    took = list[float]()
    for line in posts:
        number, sent, _ = map(int, line.split())
        key = (number % SUBJECTS, first_version + number // SUBJECTS)
        took += [(at - sent) / 1e9 for at in arrived.get(key, ())]
    return took


def _measure(seconds: float) -> tuple[Spread, Spread, dict[str, float]]:
    layout = cores()
    record, posts = OUT / "arrivals.txt", OUT / "posts.txt"
    with RenownServer("latency", cores=[layout.server, *layout.load[1:]]) as server:
        post(server.port, review("warm"), layout.driver, connections=16, seconds=60, subjects=SUBJECTS,
             events=WARM_UP * SUBJECTS)  # fmt: skip
        kind = subscriber("standing:seller:{g}")
        watch = LoadGenerator(
            server.port, WATCHERS, kind, layout.load[:1], group=EACH, record=record, nap_us=0
        )
        time.sleep(1.0)
        before, cpu = watch.look(), cpu_seconds(*server.pids)
        posted = post(server.port, review("run"), layout.driver, connections=32, seconds=seconds,
                      rate=RATE, subjects=SUBJECTS, record=posts)  # fmt: skip
        cpu = cpu_seconds(*server.pids) - cpu
        time.sleep(1.0)
        counts = LoadGenerator.between(before, watch.look())
        watch.stop()
    took = waits(_lines(posts), arrivals(_lines(record)), WARM_UP + 1)
    answered = Spread([(int(b) - int(a)) / 1e9 for _, a, b in (line.split() for line in _lines(posts))])
    expected = posted.sent * EACH
    return (
        Spread(took),
        answered,
        {
            "events": posted.sent,
            "late": posted.late,
            "expected": expected,
            "arrived": len(took),
            "server core": cpu / posted.seconds,
            "load core": counts.busiest,
        },
    )


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def run(options: Options) -> Report:
    """Measure the product, then the floors under it."""
    layout = cores()
    arrived, answered, figures = _measure(options.seconds)
    commit = commit_times(RATE, min(options.seconds, 5))
    echo = echo_times(layout.server, RATE, min(options.seconds, 5))
    floor = commit.p50 + echo.p50
    rows = [
        ("post to message at the watcher", arrived),
        ("post to its HTTP answer", answered),
        ("floor: synced SQLite commit", commit),
        ("floor: WebSocket echo, there and back", echo),
    ]
    report = Report("latency", "Latency")
    report.tables.append(
        Table(
            f"{WATCHERS:,} watchers, {RATE} events/s, {SUBJECTS} subjects",
            ("what", "p50 ms", "p99 ms", "p50 ÷ floors", "samples"),
            [
                (name, f"{s.p50:.2f}", f"{s.p99:.2f}", f"{s.p50 / floor:.2f}", f"{s.count:,}")
                for name, s in rows
            ],
        )
    )
    report.goals += [
        Goal("Post to message, p50", arrived.p50, 10, "ms"),
        Goal("Post to message, p99", arrived.p99, 50, "ms"),
        Goal("Messages that arrived", figures["arrived"] / figures["expected"], 1.0, "of all", at_most=False),
    ]
    report.notes += [
        f"Each of {SUBJECTS} subjects has {EACH} watchers and changes every {SUBJECTS / RATE:g} s: more "
        "rarely than the 500 ms that conflation would make a channel wait.",
        f"Server {figures['server core']:.0%} of a core, load generator {figures['load core']:.0%} of its "
        f"own; {figures['late']:.0f} posts found no idle connection at their instant.",
    ]
    report.raw = {
        **figures,
        **{name: {"p50": s.p50, "p99": s.p99, "count": s.count} for name, s in rows},
    }
    return report
