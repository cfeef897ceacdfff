"""Durable rooms: publications per second that are on disk when they are answered, and the wait for it."""

import json
import urllib.request
from dataclasses import asdict

from bench.floors import fsync_rate
from bench.machine import cores, cpu_seconds
from bench.options import Options
from bench.poster import Posted, post
from bench.renown_server import RenownServer
from bench.report import Report, Table

__all__ = ["run"]

IN_FLIGHT = 64
HISTORY = 1000
DATA = '{"n":{n},"text":"' + "x" * 130 + '"}'
CASES = (("one room", 1), ("1,000 rooms in turn", 1000))


def _kept(server: RenownServer, rooms: int) -> int:
    """How many publications the rooms have counted."""
    count = 0
    for number in range(rooms):
        request = urllib.request.Request(
            f"http://127.0.0.1:{server.port}/api/history",
            json.dumps({"channel": f"log:{number}", "limit": 0}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            count += json.load(answer)["result"]["offset"]
    return count


def _measure(rooms: int, seconds: float) -> tuple[Posted, float]:
    layout = cores()
    config = f"[gateway.rooms.log]\nhistory_size = {HISTORY}\n"
    with RenownServer("rooms", cores=[layout.server, *layout.load], config=config) as server:
        how = {"connections": IN_FLIGHT, "subjects": rooms, "path": "/api/publish"}
        template = f'{{"channel":"log:{{s}}","data":{DATA}}}'
        warm = post(server.port, template, layout.driver, seconds=1.0, **how)
        cpu = cpu_seconds(*server.pids)
        posted = post(server.port, template, layout.driver, seconds=seconds, **how)
        cpu = (cpu_seconds(*server.pids) - cpu) / posted.seconds
        if (kept := _kept(server, rooms)) != warm.sent + posted.sent:
            raise RuntimeError(f"{kept} publications were kept of {warm.sent + posted.sent}")
    return posted, cpu


def run(options: Options) -> Report:
    """Publish into one room, then into many."""
    report = Report("rooms", "Durable rooms")
    rows = list[tuple[str, ...]]()
    for name, rooms in CASES:
        posted, core = _measure(rooms, min(options.seconds, 5.0))
        times = (f"{posted.p50_ms:.1f}", f"{posted.p99_ms:.1f}")
        rows.append((name, f"{posted.rate:,.0f}", *times, f"{core:.2f}", f"{posted.share:.0%}"))
        report.raw[name] = asdict(posted)
    columns = ("", "publications/s", "answer p50 ms", "p99 ms", "server cores", "producer's core")
    report.tables.append(
        Table(f"`POST /api/publish`, {IN_FLIGHT} in flight, `synchronous=FULL`", columns, rows)
    )
    report.notes += [
        f"Rooms that keep their newest {HISTORY:,} publications; their positions show that all were kept.",
        f"The disk syncs {fsync_rate(4096, 1.0):,.0f} appends of 4 KiB per second.",
    ]
    return report
