"""Drain: thousands of clients on a server that is told to stop, and a fresh process in its place.

The clients return as the official ones do: half a second to a second after the loss, then with a doubling
range up to 20 s. While they are away every subject changes, so that each must end with a newer state than it
had. The new process is started when the old one has ended, on the same port and the same data.
"""

import re
import statistics
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.loadgen import LoadGenerator
from bench.machine import cores
from bench.native import OUT
from bench.options import Options
from bench.poster import post, review
from bench.renown_server import RenownServer, subscriber
from bench.report import Goal, Report, Table

__all__ = ["Returns", "read_returns", "run"]

CLIENTS, WATCHERS = 5000, 10
SUBJECTS = CLIENTS // WATCHERS
PATIENCE = 40.0
"""Seconds after the new process is ready in which all should have returned."""
LONGEST_WAIT = 20.0
"""Seconds, of the official clients between two attempts."""
WINDOW = 0.5

_VERSION = re.compile(r'"version":(\d+)')


@dataclass
class Returns:
    """When what happened to the clients, in monotonic seconds."""

    codes: Counter[str] = field(default_factory=Counter[str])
    """Close codes of those who were told to go; `lost` for those whose socket just ended."""
    closed: list[float] = field(default_factory=list[float])
    subscribed: list[float] = field(default_factory=list[float])
    newest: list[float] = field(default_factory=list[float])
    """When each client first held the newest state."""
    refused: int = 0
    """Handshakes that a listening server refused."""


def read_returns(lines: Iterable[str], since: float, version: int) -> Returns:
    """What the load generator's events say of the time after `since`; `version` is the newest state's."""
    found, holding = Returns(), set[str]()
    for line in lines:
        at, client, what, text = line.split(" ", 3)
        when = int(at) / 1e9
        if when < since:
            continue
        if what in ("closed", "lost"):
            found.closed.append(when)
            found.codes[text.strip() if what == "closed" else what] += 1
        elif what == "refused":
            found.refused += 1
        elif what == "ready":
            found.subscribed.append(when)
        if what in ("ready", "said") and client not in holding and _newest_in(text) >= version:
            holding.add(client)
            found.newest.append(when)
    return found


def _newest_in(text: str) -> int:
    return max(map(int, _VERSION.findall(text)), default=-1)


def _per_window(moments: Sequence[float], begin: float) -> list[float]:
    """Events per second in each window from `begin` to the last event."""
    counts = Counter(int((moment - begin) / WINDOW) for moment in moments)
    return [counts[n] / WINDOW for n in range(max(counts) + 1)] if counts else []


def _post_all(server: RenownServer, run: str) -> None:
    post(
        server.port,
        review(run),
        cores().driver,
        connections=32,
        seconds=60,
        subjects=SUBJECTS,
        events=SUBJECTS,
    )


def run(options: Options) -> Report:  # noqa: ARG001 (one incident has its own length)
    """Stop the server under its clients, and watch them return."""
    report = Report("drain", "Drain and return")
    layout, events = cores(), OUT / "drain_events.txt"
    with RenownServer("drain", cores=[layout.server]) as server:
        _post_all(server, "before")
        load = LoadGenerator(
            server.port, CLIENTS, subscriber("standing:seller:{g}"), layout.load, group=WATCHERS,
            nap_us=0, events=events, comeback=True,
        )  # fmt: skip
        time.sleep(1.0)
        told = time.monotonic()
        server.terminate()
        gone = time.monotonic()
        server.start()
        ready = time.monotonic()
        _post_all(server, "after")
        end = time.monotonic() + PATIENCE
        wanted = load.first["ready"] + CLIENTS
        while load.look()["ready"] < wanted and time.monotonic() < end:
            time.sleep(0.25)
        time.sleep(1.5)
        load.look()
        load.stop()
    with Path(events).open() as lines:
        found = read_returns(lines, told, 2)
    _fill(report, found, told, gone, ready)
    return report


def _fill(report: Report, found: Returns, told: float, gone: float, ready: float) -> None:
    if not found.closed or not found.newest:
        raise RuntimeError("nobody was closed, or nobody returned")
    closes = sorted(moment - told for moment in found.closed)
    back = sorted(moment - ready for moment in found.subscribed)
    rates = _per_window([moment for moment in found.subscribed if moment >= ready], ready)
    spread = statistics.quantiles(closes, n=20)
    most = max(_per_window(found.closed, told)) * WINDOW
    told_to_go = found.codes["3001"] / len(closes)
    all_back = max(found.newest)
    rows = [
        ("SIGTERM to the end of the process", f"{gone - told:.2f} s"),
        ("closes: 5 %, half, 95 % of them after", ", ".join(f"{spread[n]:.2f}" for n in (0, 9, 18)) + " s"),
        ("most closes in one half second", f"{most:,.0f} of {len(closes):,}"),
        ("end of the process to the next one being ready", f"{ready - gone:.2f} s"),
        ("ready to half of the clients being subscribed", f"{statistics.median(back):.2f} s"),
        ("ready to all having the newest state", f"{all_back - ready:.2f} s"),
        ("SIGTERM to all having the newest state", f"{all_back - told:.2f} s"),
        (f"clients/s let in, each {WINDOW} s from ready", ", ".join(f"{rate:,.0f}" for rate in rates)),
    ]  # fmt: skip
    report.tables.append(Table(f"{CLIENTS:,} clients, one core, drain time 2 s", ("", "measured"), rows))
    report.goals += [
        Goal(
            "Clients that end with the newest state",
            len(found.newest) / CLIENTS,
            1.0,
            "of all",
            at_most=False,
        ),
        Goal("Clients that were told to go (3001)", told_to_go, 1.0, "of all", at_most=False),
        Goal("Handshakes refused by the new process", found.refused, 0),
        Goal("Ready to all having the newest state", all_back - ready, LONGEST_WAIT + 5, "s"),
    ]
    report.notes.append(
        "While the processes change places clients find nobody and double their range of waiting, which is "
        "what the time to the last one consists of."
    )
    report.raw = {
        "codes": dict(found.codes), "rates": rates, "refused": found.refused, "told": told, "gone": gone,
        "ready": ready, "newest": len(found.newest), "returns": asdict(found)["subscribed"],
    }  # fmt: skip
