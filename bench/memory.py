"""Memory per connection: what thousands of idle subscribers add to the server's resident memory.

A few hundred connections stand before the first look, so that what is imported, cached or reserved once is
not counted, and they stay, so that the new ones cannot live in memory that the old ones gave back.
"""

import time
from collections.abc import Callable
from typing import Any

from bench.contestants import Missing, PythonBroadcast, SocketIO
from bench.loadgen import LoadGenerator, Subscriber
from bench.machine import cores, resident_bytes
from bench.options import Options
from bench.renown_server import RenownServer, subscriber
from bench.report import Goal, Report, Table

__all__ = ["run", "settled"]

WARM = 300
"""Connections that stand before the first look."""
EACH_ITS_OWN = "a channel of its own each"


def settled(read: Callable[[], int], patience: float = 10.0) -> int:
    """The value once it has stopped to grow for a second."""
    value, end = read(), time.monotonic() + patience
    while time.monotonic() < end:
        time.sleep(1.0)
        later = read()
        if abs(later - value) < 64 * 1024:
            return later
        value = later
    return value


def _per_connection(port: int, pids: list[int], kind: Subscriber, count: int) -> dict[str, float]:
    load = cores().load
    warm = LoadGenerator(port, WARM, kind, load)
    before = settled(lambda: resident_bytes(*pids))
    many = LoadGenerator(port, count, kind, load)
    after = settled(lambda: resident_bytes(*pids))
    standing = many.look()
    many.stop()
    warm.stop()
    if standing["closed"]:
        raise RuntimeError(f"{standing['closed']} connections were closed meanwhile")
    return {"connections": count, "before": before, "after": after, "each": (after - before) / count}


def _renown(channel: str, count: int) -> dict[str, float]:
    layout = cores()
    with RenownServer("memory", cores=[layout.server]) as server:
        return _per_connection(server.port, server.pids, subscriber(channel), count)


def run(options: Options) -> Report:
    """Measure the real server, then the references."""
    report = Report("memory", "Memory per connection")
    figures: dict[str, dict[str, Any]] = {
        f"Renown, {EACH_ITS_OWN}": _renown("standing:seller:{n}", options.connections),
        "Renown, all on one channel": _renown("standing:seller:1", options.connections),
    }
    for kind in (PythonBroadcast, SocketIO):
        try:
            server = kind(cores().server)
        except Missing as reason:
            report.notes.append(f"{kind.name} was not measured: {reason}.")
            continue
        try:
            figures[kind.name] = _per_connection(
                server.port, server.pids(), kind.subscriber, options.connections
            )
        finally:
            server.stop()
    ours = figures[f"Renown, {EACH_ITS_OWN}"]["each"]
    rows = [
        (
            name,
            f"{f['connections']:,}",
            f"{f['before'] / 2**20:.1f}",
            f"{f['after'] / 2**20:.1f}",
            f"{f['each'] / 1024:.2f}",
            f"{ours / f['each']:.2f}",
        )
        for name, f in figures.items()
    ]
    columns = ("server", "connections", "RSS before MiB", "RSS after MiB", "KiB each", "first line ÷ this")
    report.tables.append(Table("One subscription per connection (references: none needed)", columns, rows))
    for name in list(figures)[:2]:
        report.goals.append(Goal(f"Memory per connection: {name}", figures[name]["each"] / 1024, 12, "KiB"))
    report.notes.append(
        f"`renown serve --dev`; {WARM} connections stand before the first look and stay. Resident memory of "
        "the server's processes; the kernel's socket buffers are not in it, for none of the servers."
    )
    report.raw = figures
    return report
