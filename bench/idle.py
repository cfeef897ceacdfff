"""Idle connections: the CPU that pings, pongs and timers of connections take on which nothing happens."""

import time

from bench.loadgen import LoadGenerator
from bench.machine import cores, cpu_seconds
from bench.options import Options
from bench.renown_server import RenownServer, subscriber
from bench.report import Goal, Report, Table

__all__ = ["run"]

CONNECTIONS, PING, WATCHERS = 10_000, 25, 10
EMPTY = 6.0
"""Seconds of looking at the server without connections."""
DOCUMENTED, TUNED = 4.7, 2.2
"""Microseconds of CPU per second and connection in Centrifugo's documentation, by default and tuned."""


def _share(pids: list[int], seconds: float) -> float:
    began, before = time.monotonic(), cpu_seconds(*pids)
    time.sleep(seconds)
    return (cpu_seconds(*pids) - before) / (time.monotonic() - began)


def run(options: Options) -> Report:
    """Measure over at least one whole ping interval, so that every connection had its ping."""
    report = Report("idle", "Idle connections")
    layout = cores()
    seconds = max(PING + 7.0, options.seconds)
    with RenownServer("idle", cores=[layout.server]) as server:
        time.sleep(1.0)
        empty = _share(server.pids, EMPTY)
        load = LoadGenerator(
            server.port, CONNECTIONS, subscriber("standing:seller:{g}"), layout.load, group=WATCHERS, nap_us=0
        )
        time.sleep(3.0)
        full = _share(server.pids, seconds)
        closed = load.look()["closed"]
        load.stop()
    if closed:
        raise RuntimeError(f"{closed} connections were closed meanwhile")
    each = full * 1e6 / CONNECTIONS
    report.tables.append(
        Table(
            f"{CONNECTIONS:,} connections with one subscription, a ping every {PING} s",
            ("", "share of a core", "µs/s per connection"),
            [
                ("the server without connections", f"{empty:.2%}", ""),
                ("with them, all in all", f"{full:.2%}", f"{each:.2f}"),
                ("what they add", f"{full - empty:.2%}", f"{(full - empty) * 1e6 / CONNECTIONS:.2f}"),
                ("Centrifugo, documented, default", "", f"{DOCUMENTED}"),
                ("Centrifugo, documented, tuned", "", f"{TUNED}"),
            ],
        )
    )
    report.goals.append(Goal("CPU of an idle connection", each, DOCUMENTED, "µs/s"))
    report.notes.append(
        f"Over {seconds:.0f} s; every connection is pinged and answers. Centrifugo's figures are those of "
        "its documentation, on another machine."
    )
    report.raw = {"empty": empty, "full": full, "seconds": seconds, "connections": CONNECTIONS}
    return report
