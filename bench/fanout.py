"""Fan-out: what one delivery costs the server, and how many a second one core makes.

Every contestant stands with all its subscribers connected before the first measurement; then they take
turns, several rounds, each flat out on the same pinned core while the others are idle. So a noisy neighbour
hits all alike, and the ratio to the C loop is taken within each round.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from bench.contestants import (
    PAYLOAD,
    Contestant,
    Missing,
    Nchan,
    PythonBroadcast,
    SendLoop,
    ShortSendLoop,
    SocketIO,
)
from bench.loadgen import LoadGenerator
from bench.machine import Cores, busy_seconds, cores, cpu_seconds
from bench.options import Options
from bench.renown_gateway import RenownGateway, RenownGatewayProtobuf, RenownServe
from bench.report import Goal, Report, Table

__all__ = ["Ratios", "Sample", "Stand", "run", "summary"]

CONTESTANTS: tuple[type[Contestant], ...] = (
    SendLoop,
    ShortSendLoop,
    RenownGateway,
    RenownGatewayProtobuf,
    RenownServe,
    Nchan,
    PythonBroadcast,
    SocketIO,
)
CALM = 0.08
"""Share of the cores that others may use in a round that counts as calm."""
LEAD_IN = 0.1
"""Seconds of broadcasting before a measurement begins and after it has ended."""


@dataclass(frozen=True)
class Sample:
    """One contestant's figures of one turn."""

    name: str
    subscribers: int
    cpu_us: float
    """Server CPU per publication delivered, in microseconds."""
    rate: float
    """Publications delivered per second."""
    core: float
    """Share of its core that the server used."""
    busiest: float
    """Share of its core that the load generator's busiest thread used."""
    per_frame: float
    """Publications per WebSocket frame."""
    bytes: float
    """Bytes per frame on the wire, WebSocket header included."""
    p50_ms: float
    p99_ms: float
    waits: int
    """How often the server waited because a subscriber's socket was full."""
    lost: int
    closed: int
    others: float
    """Share of the server's and the load generator's cores that other processes used."""


class Stand:
    """A contestant with its subscribers."""

    def __init__(self, kind: type[Contestant], subscribers: int, layout: Cores) -> None:
        self.subscribers = subscribers
        self._cores = (layout.server, *layout.load)
        self.server = kind(layout.server)
        try:
            self.load = LoadGenerator(self.server.port, subscribers, self.server.subscriber, layout.load)
        except BaseException:
            self.server.stop()
            raise

    def measure(self, seconds: float) -> Sample:
        """One turn of broadcasting flat out."""
        pids = self.server.pids()
        first = self.load.look()
        self.server.go(seconds + 2 * LEAD_IN)
        time.sleep(LEAD_IN)
        busy = sum(map(busy_seconds, self._cores))
        before, cpu_before = self.load.look(), cpu_seconds(*pids)
        time.sleep(seconds)
        after, cpu_after = self.load.look(), cpu_seconds(*pids)
        busy = sum(map(busy_seconds, self._cores)) - busy
        told = self.server.finish()
        last = self._settled(first["messages"] + told["rounds"] * self.subscribers)
        counts = LoadGenerator.between(before, after)
        if not counts.messages:
            raise RuntimeError(f"{self.server.name} delivered nothing")
        cpu = cpu_after - cpu_before
        own = cpu + sum(b - a for a, b in zip(before["cpu"], after["cpu"], strict=True)) / 1e9
        return Sample(
            name=self.server.name,
            subscribers=self.subscribers,
            cpu_us=cpu * 1e6 / counts.messages,
            rate=counts.messages / counts.seconds,
            core=cpu / counts.seconds,
            busiest=counts.busiest,
            per_frame=counts.messages / counts.frames,
            bytes=counts.bytes / counts.frames,
            p50_ms=counts.p50_ms,
            p99_ms=counts.p99_ms,
            waits=told.get("waits", 0),
            lost=told["rounds"] * self.subscribers - (last["messages"] - first["messages"]),
            closed=last["closed"],
            others=max(0.0, busy - own) / counts.seconds / len(self._cores),
        )

    def _settled(self, expected: int) -> dict[str, Any]:
        """The counters once all has arrived, or nothing more for a second."""
        look, patience = self.load.look(), 10
        while look["messages"] < expected and patience:
            time.sleep(0.1)
            later = self.load.look()
            patience = 10 if later["messages"] > look["messages"] else patience - 1
            look = later
        return look

    def stop(self) -> None:
        """End the subscribers, then the server."""
        self.load.stop()
        self.server.stop()


def _turns(options: Options, subscribers: int, missing: dict[str, str]) -> list[list[Sample]]:
    """All rounds at one number of subscribers."""
    layout, stands = cores(), list[Stand]()
    try:
        for kind in CONTESTANTS:
            if options.only and not issubclass(kind, SendLoop) and kind.__name__.lower() not in options.only:
                continue
            try:
                stands.append(Stand(kind, subscribers, layout))
            except Missing as reason:
                missing[kind.name] = str(reason)
        return _calmest(stands, options)
    finally:
        for stand in stands:
            stand.stop()


def _calmest(stands: list[Stand], options: Options) -> list[list[Sample]]:
    """The rounds in which others disturbed least; up to twice as many are made to find calm ones."""
    rounds = list[list[Sample]]()
    calm = 0
    while calm < options.rounds and len(rounds) < 2 * options.rounds:
        rounds.append([stand.measure(options.turn) for stand in stands])
        calm += _disturbance(rounds[-1]) < CALM
    return sorted(rounds, key=_disturbance)[: options.rounds]


def _disturbance(samples: list[Sample]) -> float:
    return max(sample.others for sample in samples)


@dataclass(frozen=True)
class Ratios:
    """A contestant against its floor, within each round; the median of all rounds."""

    cpu: float
    """CPU time per delivery."""
    rate: float
    """Deliveries per second."""


def summary(rounds: list[list[Sample]]) -> tuple[Table, dict[str, Ratios]]:
    """The medians of all rounds as a table, and each contestant against its floor: in general the first."""
    floors = {kind.name: kind.floor for kind in CONTESTANTS}
    standing = [{sample.name: sample for sample in samples} for samples in rounds]
    rows, ratios = list[tuple[str, ...]](), dict[str, Ratios]()
    for turns in zip(*rounds, strict=True):

        def median(value: Callable[[Sample], float], turns: tuple[Sample, ...] = turns) -> float:
            return statistics.median(map(value, turns))

        name = turns[0].name
        floor = floors.get(name) or rounds[0][0].name
        pairs = list(zip(turns, (samples[floor] for samples in standing), strict=True))
        ratios[name] = Ratios(
            cpu=statistics.median(s.cpu_us / least.cpu_us for s, least in pairs),
            rate=statistics.median(s.rate / most.rate for s, most in pairs),
        )
        spread = f"{min(s.cpu_us for s in turns):.2f}–{max(s.cpu_us for s in turns):.2f}"
        rows.append(
            (
                name,
                f"{median(lambda s: s.cpu_us):.2f}",
                spread,
                f"{ratios[name].cpu:.2f}",
                f"{median(lambda s: s.rate):,.0f}",
                f"{ratios[name].rate:.2f}",
                f"{median(lambda s: s.core):.0%}",
                f"{median(lambda s: s.busiest):.0%}",
                f"{median(lambda s: s.per_frame):.2f}",
                f"{median(lambda s: s.bytes):.0f}",
                f"{sum(s.lost for s in turns):,}",
            )
        )
    columns = (
        "server",
        "CPU µs/delivery",
        "range",
        "× C loop",
        "deliveries/s",
        "÷ C loop",
        "server core",
        "load's busiest core",
    )
    columns += ("publications/frame", "bytes/frame", "lost")
    return Table(f"{rounds[0][0].subscribers:,} subscribers", columns, rows), ratios


def _goals(subscribers: int, ratios: dict[str, Ratios]) -> list[Goal]:
    goals = list[Goal]()
    for kind in (RenownGateway, RenownGatewayProtobuf):
        if kind.name in ratios:
            name = f"Deliveries/s of {kind.name} against the C loop at {subscribers:,} subscribers"
            goals.append(Goal(name, ratios[kind.name].rate, 0.75, "of them", at_most=False))
    for other in (Nchan.name, PythonBroadcast.name, SocketIO.name):
        if other in ratios and RenownGateway.name in ratios:
            name = f"CPU against {other} at {subscribers:,} subscribers"
            goals.append(Goal(name, ratios[RenownGateway.name].cpu / ratios[other].cpu, 1.0, "×"))
    return goals


def run(options: Options) -> Report:
    """Measure all contestants at each number of subscribers."""
    report = Report("fanout", "Fan-out")
    missing: dict[str, str] = {}
    for subscribers in options.subscribers:
        rounds = _turns(options, subscribers, missing)
        table, ratios = summary(rounds)
        report.tables.append(table)
        worst = max(map(_disturbance, rounds))
        report.notes.append(
            f"{subscribers:,} subscribers: other processes used up to {worst:.0%} of the measured cores"
            + ("." if worst < CALM else ": **too much, measure again on a quiet machine.**")
        )
        report.raw[str(subscribers)] = [[asdict(sample) for sample in samples] for samples in rounds]
        report.goals += _goals(subscribers, ratios)
    report.notes += [
        f"{PAYLOAD}-byte publications, WebSocket frames, one core for the server; "
        f"medians of {options.rounds} interleaved turns of {options.turn:g} s.",
        "The load generator is not the limit where the server's core is full and the generator's busiest "
        "core is not; the C loop shows how many deliveries the same generator takes in.",
    ]
    report.notes += [f"{name} was not measured: {reason}." for name, reason in missing.items()]
    return report
