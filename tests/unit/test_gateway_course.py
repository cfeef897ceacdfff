"""The last minutes of a gateway, and the quantiles of its latencies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renown.gateway.course import Course, quantile
from renown.gateway.metrics import LATENCY_BOUNDS, GatewayMetrics

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
        metrics.conflated += 1
        metrics.dropped += 1
        now[0] += 2
    samples = course.since(0)
    assert len(samples) == 150, "five minutes"
    assert [sample.connections for sample in samples] == list(range(50, 200))
    assert samples[-1].left_out == 2 * 199
    assert [sample.at for sample in course.since(samples[-3].at)] == [sample.at for sample in samples[-2:]]


def test_latencies_are_those_of_the_last_minute() -> None:
    metrics = GatewayMetrics()
    course = Course(metrics, lambda: 0.0)
    assert course.latency() is None
    for _ in range(10):
        metrics.delivered(2.0)
    for _ in range(31):
        course.note()
    assert course.latency() is None, "a minute ago"
    for _ in range(100):
        metrics.delivered(0.0005)
    latency = course.latency()
    assert latency is not None
    assert latency.count == 100
    assert latency.p99 == pytest.approx(0.00099)
