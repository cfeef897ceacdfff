"""Memory per connection: what thousands of idle subscribers add to the server's resident memory.

A few hundred connections stand before the first look, so that what is imported, cached or reserved once is
not counted, and they stay, so that the new ones cannot live in memory that the old ones gave back.
"""

import time
from collections.abc import Callable
from dataclasses import replace
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
MOST = 10.0
"""Kilobytes of 1,000 bytes."""
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


def _renown(kind: Subscriber, count: int, environment: dict[str, str] | None = None) -> dict[str, float]:
    layout = cores()
    with RenownServer("memory", cores=[layout.server], environment=environment) as server:
        return _per_connection(server.port, server.pids, kind, count)


def _stream(channel: str) -> Subscriber:
    return replace(subscriber(channel), path="/connection/http_stream", stream=True)


def run(options: Options) -> Report:
    """Measure the real server, then the references."""
    report = Report("memory", "Memory per connection")
    own = subscriber("standing:seller:{n}")
    figures: dict[str, dict[str, Any]] = {
        f"Renown, {EACH_ITS_OWN}": _renown(own, options.connections),
        f"Renown, {EACH_ITS_OWN}, twice as many": _renown(own, 2 * options.connections),
        "Renown, all on one channel": _renown(subscriber("standing:seller:1"), options.connections),
    }
    ours = figures[f"Renown, {EACH_ITS_OWN}"]["each"]
    for name, figure in figures.items():
        report.goals.append(Goal(f"Memory per connection: {name}", figure["each"] / 1000, MOST, "KB"))
    # Nobody answers pings here, since on this transport answers have an uplink of their own.
    figures["Renown, HTTP streaming"] = _renown(
        _stream("standing:seller:{n}"), options.connections, {"RENOWN_GATEWAY__PING_INTERVAL": "0"}
    )
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
    rows = [
        (
            name,
            f"{f['connections']:,}",
            f"{f['before'] / 2**20:.1f}",
            f"{f['after'] / 2**20:.1f}",
            f"{f['each'] / 1000:.2f}",
            f"{ours / f['each']:.2f}",
        )
        for name, f in figures.items()
    ]
    columns = ("server", "connections", "RSS before MiB", "RSS after MiB", "KB each", "first line ÷ this")
    report.tables.append(Table("One subscription per connection (references: none needed)", columns, rows))
    report.notes.append(
        f"`renown serve --dev`; {WARM} connections stand before the first look and stay. Resident memory of "
        "the server's processes; the kernel's socket buffers are not in it, for none of the servers."
    )
    report.raw = figures
    return report
