"""The last minutes of a gateway, and the quantiles of its latencies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renown.gateway.course import Course, latency_of, quantile
from renown.gateway.metrics import LATENCY_BOUNDS, GatewayMetrics
from renown.gateway.nodes.figures import figures_of, together
from renown.gateway.nodes.messages import Figures

_COUNTS = st.lists(
    st.integers(0, 1000), min_size=len(LATENCY_BOUNDS) + 1, max_size=len(LATENCY_BOUNDS) + 1
).filter(any)


@given(_COUNTS, st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_takes_no_less_time(counts: list[int], one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= quantile(counts, low) <= quantile(counts, high) <= LATENCY_BOUNDS[-1]


def test_a_quantile_lies_in_the_range_that_was_counted() -> None:
    counts = [0] * (len(LATENCY_BOUNDS) + 1)
    counts[2] = 100
    assert LATENCY_BOUNDS[1] < quantile(counts, 0.5) < LATENCY_BOUNDS[2]
    assert quantile(counts, 1.0) == LATENCY_BOUNDS[2]
    counts[-1] = 100
    assert quantile(counts, 0.99) == LATENCY_BOUNDS[-1]


def test_samples_come_once_and_in_order() -> None:
    metrics = GatewayMetrics()
    now = [100.0]
    course = Course(metrics, lambda: now[0])
    for _ in range(200):
        course.note()
        metrics.connections += 1
        metrics.publications += 3
        metrics.conflated += 1
        metrics.dropped += 1
        now[0] += 2
    samples = course.since(0)
    assert len(samples) == 150, "five minutes"
    assert [sample.connections for sample in samples] == list(range(50, 200))
    assert {sample.left_out for sample in samples} == {2}
    assert {sample.publications for sample in samples} == {3}
    assert [sample.at for sample in course.since(samples[-3].at)] == [sample.at for sample in samples[-2:]]


def test_latencies_are_those_of_the_last_minute() -> None:
    metrics = GatewayMetrics()
    now = [0.0]
    course = Course(metrics, lambda: now[0])
    assert latency_of(course.latencies) is None
    for _ in range(10):
        metrics.delivered(2.0)
    for _ in range(31):
        course.note()
        now[0] += 2
    assert latency_of(course.latencies) is None, "a minute ago"
    for _ in range(100):
        metrics.delivered(0.0005)
    latency = latency_of(course.latencies)
    assert latency is not None
    assert latency.count == 100
    assert latency.p99 == pytest.approx(0.00099)


class Process:
    """A process that notes and is heard by others."""

    def __init__(self, name: str, clock: list[float]) -> None:
        self.metrics = GatewayMetrics()
        self.course = Course(self.metrics, lambda: clock[0], name)
        self.others: list[Course] = []
        self.course.noted = self._tell

    def _tell(self) -> None:
        for other in self.others:
            # What is told again is known already.
            for _ in range(2):
                other.take(self.course.node, self.course.newest)


def test_what_all_processes_noted_is_added_up_in_each_of_them() -> None:
    now = [1_000.0]
    one, two = Process("one", now), Process("two", now)
    one.others, two.others = [two.course], [one.course]
    for turn in range(10):
        one.metrics.connections, two.metrics.connections = turn, 100
        one.metrics.deliveries += 5
        two.metrics.deliveries += 7
        now[0] += 1.99 if turn % 2 else 2.01
        for each in (one, two):
            each.course.note()
    told = one.course.since(0)
    assert told == two.course.since(0)
    assert [(each.connections, each.deliveries) for each in told] == [(100 + turn, 12) for turn in range(10)]
    assert one.course.since(told[3].at, told[5].at) == told[4:6]
    # What was lost comes with what is told next; who comes late is told all, of those who are gone, too.
    one.others = []
    one.metrics.deliveries += 1
    now[0] += 2
    for each in (one, two):
        each.course.note()
    one.others = [two.course]
    now[0] += 2
    one.course.note()
    assert two.course.since(0)[-2].deliveries == 1
    three = Process("three", now)
    for node, rows in two.course.rows(whole=True).items():
        three.course.take(node, rows)
    assert three.course.since(0) == two.course.since(0)
    assert one.course.rows(whole=False).keys() == {"one"}


def test_a_clock_that_goes_back_is_followed() -> None:
    now = [1_000.0]
    course = Course(GatewayMetrics(), lambda: now[0])
    for _ in range(5):
        course.note()
        now[0] += 2
    now[0] = 500.0
    for _ in range(3):
        course.note()
        now[0] += 2
    assert [sample.at for sample in course.since(0)] == [500.0, 502.0, 504.0]


@given(st.lists(_COUNTS, min_size=1, max_size=5))
def test_figures_add_up(counted: list[list[int]]) -> None:
    """Latencies as if one process had counted them all; the largest queue stays the largest."""
    one = GatewayMetrics()
    each: list[Figures] = []
    for number, counts in enumerate(counted):
        metrics = GatewayMetrics()
        metrics.connections = one.connections = number
        metrics.closes[3000 + number % 2] += 1
        metrics.clients["websocket", "json", "js", ""] += 2
        metrics.subscriptions_in["chat"] += 1
        metrics.publications_in[f"only-{number}"] += 3
        waiting = [number, 0, 10 * number]
        metrics.unsent = lambda waiting=waiting: waiting
        each.append(figures_of(metrics, counts, number))
    all_of_them = together(*each)
    number = len(counted)
    assert latency_of(all_of_them.latencies) == latency_of(
        [sum(column) for column in zip(*counted, strict=True)]
    )
    assert all_of_them.connections == all_of_them.slow == sum(range(number))
    assert sum(all_of_them.closes.values()) == number
    assert all_of_them.clients == {("websocket", "json", "js", ""): 2 * number}
    assert all_of_them.namespaces["chat"] == (number, 0)
    assert all_of_them.namespaces["only-0"] == (0, 3)
    assert (all_of_them.waiting, all_of_them.largest) == (2 * (number - 1), 10 * (number - 1))
    assert all_of_them.unsent == 11 * sum(range(number))
