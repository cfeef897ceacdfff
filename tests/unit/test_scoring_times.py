"""Times are put together from cached parts; they must read as the standard library writes them."""

from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from renown.model import timestamp


@given(st.floats(-1e9, 7_258_118_400) | st.integers(0, 7_258_118_400).map(float))
@example(1_700_000_000.9999996)
@example(3599.9999999)
@example(-0.5)
@example(0.0)
def test_a_time_reads_as_the_standard_library_writes_it(seconds: float) -> None:
    assert timestamp(seconds) == datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
