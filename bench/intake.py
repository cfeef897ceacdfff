"""Durable intake: events per second that are on disk when they are answered.

Each case meets the server twice per round: held to one core, which the goals are about, and free to use the
cores beside it. The rounds of both are interleaved, and the median counts. The producer is one C thread on a
core of its own. How fast it could be is measured in the same run against a server that answers at once and
keeps nothing.
"""

from dataclasses import asdict, dataclass
from operator import attrgetter
from typing import Any, Final

from bench.child import Child, free_port
from bench.floors import commit_rate, fsync_rate
from bench.machine import cores, cpu_seconds
from bench.native import build
from bench.options import Options
from bench.poster import Posted, post, review
from bench.renown_server import RenownServer
from bench.report import Goal, Report, Table

__all__ = ["CASES", "Case", "run"]


@dataclass(frozen=True)
class Case:
    """One way of sending events."""

    name: str
    template: str
    mode: str
    connections: int
    most_per_commit: int
    goal: float | None = None
    subjects: int = 1000


RATING = '{"id":"rating-{n}","type":"rating","subject":"trader:{s}","actor":"trader:{a}","value":{v}}'
STARS = (
    '{"id":"stars-{n}","type":"review","subject":"product:{s}","actor":"buyer:{n}","value":{v},'
    '"data":{"verified":true}}'
)
CASES = (
    Case("NDJSON stream, seller reviews, three guards", review("stream"), "stream", 1, 1000, goal=10_000),
    Case("NDJSON stream, trader ratings, four guards", RATING, "stream", 1, 1000, goal=10_000),
    Case("NDJSON stream, product reviews, a guard that holds", STARS, "stream", 1, 1000, goal=10_000),
    Case("single posts, 64 in parallel, seller reviews", review("single"), "single", 64, 64, goal=2_500),
)


@dataclass(frozen=True)
class Figures:
    """What one case came to."""

    posted: Posted
    per_commit: float
    """Events per synced transaction, by the server's own count."""
    counted: bool
    """Whether the server counts its commits; without that `per_commit` is the most it can be."""
    server_cores: float

    @property
    def rate(self) -> float:
        """Events per second."""
        return self.posted.rate


_ROUNDS: Final = 3
"""At most: each starts a new server."""


def _renown(case: Case, seconds: float, used: list[int]) -> Figures:
    """A new server for each case, so that none inherits another's data."""
    layout = cores()
    with RenownServer("intake", cores=used) as server:
        warm = case.template.replace('{"id":"', '{"id":"warm-')
        how = {"mode": case.mode, "connections": case.connections, "subjects": case.subjects}
        post(server.port, warm, layout.driver, seconds=30, events=3 * case.subjects, **how)
        before, cpu = server.metrics(), cpu_seconds(*server.pids)
        posted = post(server.port, case.template, layout.driver, seconds=seconds, **how)
        after, cpu = server.metrics(), cpu_seconds(*server.pids) - cpu
    commits = after["renown_commit_events_count"] - before["renown_commit_events_count"]
    events = after["renown_commit_events_sum"] - before["renown_commit_events_sum"]
    per_commit = events / commits if commits else case.most_per_commit
    return Figures(posted, per_commit, commits > 0, cpu / posted.seconds)


def _ceiling(case: Case, seconds: float) -> Posted:
    layout, port = cores(), free_port()
    with Child([build("nullhttp"), str(port)], cores=[layout.server]) as server:
        server.hear()
        return post(
            port, case.template, layout.driver, mode=case.mode, connections=case.connections, seconds=seconds
        )


def _rounds(case: Case, options: Options) -> tuple[Figures, Figures]:
    """The median round on one core, and the one on all that the load leaves free."""
    layout = cores()
    one, many = list[Figures](), list[Figures]()
    for _ in range(min(options.rounds, _ROUNDS)):
        one.append(_renown(case, options.seconds, [layout.server]))
        many.append(_renown(case, options.seconds, [layout.server, *layout.load]))
    return _median(one), _median(many)


def _median(rounds: list[Figures]) -> Figures:
    return sorted(rounds, key=attrgetter("rate"))[len(rounds) // 2]


def run(options: Options) -> Report:
    """Measure each case, its floor at the same number of events per commit, and the producer's ceiling."""
    report = Report("intake", "Durable intake")
    rows, raw = list[tuple[str, ...]](), dict[str, Any]()
    for case in CASES:
        one, many = _rounds(case, options)
        per_commit = max(1, round(one.per_commit))
        floor = commit_rate(per_commit, min(2.0, options.seconds), case.subjects)
        ceiling = _ceiling(case, min(1.0, options.seconds))
        rows.append(
            (
                case.name,
                f"{one.rate:,.0f}",
                f"{many.rate:,.0f}",
                f"{many.server_cores:.2f}",
                f"{'' if one.counted else '≤ '}{one.per_commit:,.1f}",
                f"{floor:,.0f}",
                f"{one.rate / floor:.2f}",
                f"{one.posted.share:.0%}",
                f"{ceiling.rate:,.0f}",
                f"{one.posted.p50_ms:.1f} / {one.posted.p99_ms:.1f}" if case.mode == "single" else "",
            )
        )
        raw[case.name] = {
            "one core": asdict(one),
            "free": asdict(many),
            "sqlite": floor,
            "ceiling": asdict(ceiling),
        }
        if case.goal:
            name = f"{case.name}, on one core"
            report.goals.append(Goal(name, one.rate, case.goal, "events/s", at_most=False))
    raw["fsync"] = synced = fsync_rate(4096, min(2.0, options.seconds))
    columns = ("how", "events/s on one core", "events/s if free", "cores it uses then", "events/commit")
    columns += ("bare SQLite events/s", "one core ÷ SQLite", "producer's core", "producer's ceiling events/s")
    columns += ("answer p50 / p99 ms",)
    report.tables.append(Table("`synchronous=FULL`, each event with an id of its own", columns, rows))
    report.notes += [
        "On one core: all threads of the server share it, those that write to the disk too. Free: it may use "
        "the cores between its own and the producer's.",
        "Bare SQLite: as many events with their standings per synced transaction as our commits had, on the "
        "same disk, with no HTTP, no checks and no scoring.",
        f"The disk syncs {synced:,.0f} appends of 4 KiB per second.",
        "The producer is not the limit: the share of its core is small, and its ceiling against a server in "
        "C that keeps nothing is far above.",
    ]
    report.raw = raw
    return report
