"""Maps: one subscriber follows the standings of a thousand subjects, each of which changes once a second.

The lag of a change is the time from the first byte of its HTTP post to the arrival of that version, or a
newer one, at the subscriber. It is measured with the default interval, in which it contains the wait that
conflation makes on purpose, and without one.
"""

import bisect
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.child import Child
from bench.floors import Spread
from bench.machine import cores, cpu_seconds
from bench.native import OUT
from bench.options import Options
from bench.poster import post, review
from bench.renown_server import RenownServer
from bench.report import Goal, Report, Table

__all__ = ["lags", "run"]

SUBJECTS, RATE = 1000, 1000
CHANNEL = "standings:seller"
DEFAULT_INTERVAL = 0.5
_VARIABLE = "RENOWN_GATEWAY__CHANNELS__STANDINGS__INTERVAL"


def lags(posts: Iterable[str], arrived: Iterable[str], first_version: int) -> tuple[list[float], int]:
    """Seconds from each post to the arrival of what it made, and how many never arrived.

    `posts` are the producer's lines: number, nanoseconds of sending and of the answer; event `n` is about
    subject `n % SUBJECTS`. `arrived` are the subscriber's: subject, version, nanoseconds.
    """
    versions: dict[str, list[int]] = {}
    times: dict[str, list[int]] = {}
    for line in arrived:
        subject, version, at = line.split()
        versions.setdefault(subject, []).append(int(version))
        times.setdefault(subject, []).append(int(at))
    found: list[float] = []
    missing = 0
    for line in posts:
        number, sent, _ = map(int, line.split())
        subject = f"seller:{number % SUBJECTS}"
        place = bisect.bisect_left(versions.get(subject, []), first_version + number // SUBJECTS)
        if place == len(versions.get(subject, [])):
            missing += 1
        else:
            found.append((times[subject][place] - sent) / 1e9)
    return found, missing


@contextmanager
def _interval(seconds: float) -> Iterator[None]:
    os.environ[_VARIABLE] = str(seconds)
    try:
        yield
    finally:
        del os.environ[_VARIABLE]


@dataclass(frozen=True)
class _Figures:
    rate: float
    """Changes per second."""
    core: float
    """The server's share of a core."""
    lag: Spread | None = None
    missing: int = 0
    frames: float = 0.0
    """Per second."""
    bytes: float = 0.0
    """Per change."""

    def row(self, name: str) -> tuple[str, ...]:
        known = (name, f"{self.rate:,.0f}", f"{self.core:.0%}")
        if self.lag is None:
            return (*known, "", "", "", "")
        lag = self.lag
        return (*known, f"{lag.p50:.1f}", f"{lag.p99:.1f}", f"{self.frames:.0f}", f"{self.bytes:.0f}")


def _measure(interval: float, seconds: float, *, watched: bool = True) -> _Figures:
    layout = cores()
    record, posts = OUT / "map.txt", OUT / "map_posts.txt"
    with _interval(interval), RenownServer("maps", cores=[layout.server]) as server:
        post(server.port, review("warm"), layout.driver, connections=16, seconds=60, subjects=SUBJECTS,
             events=SUBJECTS)  # fmt: skip
        command = [sys.executable, "-m", "bench.map_reader", str(server.port), CHANNEL, str(record)]
        reader = Child(command, cores=layout.load[:1], log=OUT / "map_reader.log") if watched else None
        if reader is not None and reader.hear()["ready"] != SUBJECTS:
            raise RuntimeError("the subscriber did not get the whole map")
        time.sleep(1.0)
        cpu = cpu_seconds(*server.pids)
        posted = post(server.port, review("run"), layout.driver, connections=32, seconds=seconds, rate=RATE,
                      subjects=SUBJECTS, record=posts)  # fmt: skip
        core = (cpu_seconds(*server.pids) - cpu) / posted.seconds
        rate = posted.sent / posted.seconds
        if reader is None:
            return _Figures(rate, core)
        time.sleep(1.0 + interval)
        seen = reader.ask("look")
        reader.stop()
    if seen["closed"]:
        raise RuntimeError("the subscriber's connection did not last")
    took, missing = lags(_lines(posts), _lines(record), 2)
    publications = max(1, seen["publications"])
    return _Figures(
        rate, core, Spread(took), missing, seen["frames"] / posted.seconds, seen["bytes"] / publications
    )


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def run(options: Options) -> Report:
    """Measure without a subscriber, then with one, with and without an interval."""
    report = Report("maps", "Maps")
    rows = [_measure(DEFAULT_INTERVAL, options.seconds, watched=False).row("nobody")]
    for name, interval in (("0.5 s (default)", DEFAULT_INTERVAL), ("none", 0.0)):
        figures = _measure(interval, options.seconds)
        lag = figures.lag
        if lag is None:
            raise RuntimeError("nothing arrived")
        rows.append(figures.row(f"one, interval {name}"))
        report.goals += [
            Goal(f"Lag p99, interval {name}", lag.p99, 1000 * interval + 100, "ms"),
            Goal(f"Changes that never arrived, interval {name}", figures.missing, 0),
        ]
        report.raw[name] = {**asdict(figures), "lag": {"p50": lag.p50, "p99": lag.p99, "count": lag.count}}
    report.tables.append(
        Table(
            f"{RATE:,} changes/s of {SUBJECTS:,} subjects, posted one by one; one subscription",
            (
                "subscriber",
                "changes/s",
                "server core",
                "lag p50 ms",
                "lag p99 ms",
                "frames/s",
                "bytes/change",
            ),
            rows,
        )
    )
    report.notes.append(
        "The server's share of a core is mostly the intake of single posts; what the map adds is the "
        "difference to the first row."
    )
    return report
