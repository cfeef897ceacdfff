"""When a channel may speak: at once after a quiet spell, then at its interval, the newest last."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from renown.gateway.hub.conflation import Pacer


class Speaker:
    def __init__(self, interval: float) -> None:
        self.interval = interval
        self.silent_until = 0.0
        self.waiting = False


def spoken(interval: float, news: list[float]) -> list[tuple[float, float]]:
    """Return (when, which news) a speaker speaks that has news at these times and a perfect timer."""
    pacer: Pacer[Speaker] = Pacer()
    speaker = Speaker(interval)
    said: list[tuple[float, float]] = []
    newest = -1.0

    def turns(until: float) -> None:
        while pacer.next is not None and pacer.next <= until:
            when = pacer.next
            assert pacer.due(when) == [speaker]
            pacer.spoke(speaker, when)
            said.append((when, newest))

    for moment in news:
        turns(moment)
        newest = moment
        if pacer.wants(speaker, moment):
            pacer.spoke(speaker, moment)
            said.append((moment, newest))
    turns(float("inf"))
    assert len(pacer) == 0
    return said


def test_the_first_at_once_the_rest_at_the_interval_the_newest_last() -> None:
    assert spoken(0.5, [1.0, 1.1, 1.2, 1.45, 9.0]) == [(1.0, 1.0), (1.5, 1.45), (9.0, 9.0)]


def test_without_interval_everything_is_said() -> None:
    assert [which for _, which in spoken(0.0, [1.0, 1.1, 1.2])] == [1.0, 1.1, 1.2]


@settings(deadline=None)
@given(
    st.floats(0.1, 2),
    st.lists(st.floats(0, 20), min_size=1, unique=True).map(sorted),
)
def test_never_faster_than_the_interval_and_always_the_newest(interval: float, news: list[float]) -> None:
    said = spoken(interval, news)
    moments = [when for when, _ in said]
    assert moments[0] == news[0]
    assert all(later - earlier >= interval * 0.999 for earlier, later in pairwise(moments))
    assert said[-1][1] == news[-1]
    for moment in news:
        assert any(moment <= when <= moment + interval for when, _ in said)
    for when, which in said:
        assert which >= max((moment for moment in news if moment < when), default=which)
