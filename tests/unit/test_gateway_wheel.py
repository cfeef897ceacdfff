"""The shared wheel: never early, soon after, and nothing left behind."""

from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st

from renown.gateway.wheel import NOT_SCHEDULED, Wheel


class Item:
    def __init__(self) -> None:
        self.wheel_slot = NOT_SCHEDULED


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("schedule"), st.integers(0, 4), st.floats(-1, 1000)),
        st.tuples(st.just("cancel"), st.integers(0, 4), st.just(0.0)),
        st.tuples(st.just("wait"), st.just(0), st.floats(0, 300)),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(STEPS)
def test_items_come_once_when_their_time_has_come(steps: list[tuple[str, int, float]]) -> None:
    wheel: Wheel[Item] = Wheel(0.0)
    items = [Item() for _ in range(5)]
    due: dict[Item, float] = {}
    now = 0.0
    for step, number, seconds in steps:
        item = items[number]
        if step == "schedule":
            wheel.schedule(item, now + seconds)
            # One that has passed already is due with the next slot, like one of now.
            due[item] = now + max(seconds, 0)
        elif step == "cancel":
            wheel.cancel(item)
            due.pop(item, None)
        else:
            now += seconds
            came = wheel.advance(now)
            assert len(came) == len(set(came))
            for item in came:
                assert due.pop(item) <= now
            assert all(when > now - 2 * wheel.resolution for when in due.values())
        assert len(wheel) == len(due)


def test_never_is_off_the_wheel() -> None:
    wheel: Wheel[Item] = Wheel(0.0)
    item = Item()
    wheel.schedule(item, 5.0)
    wheel.schedule(item, inf)
    assert (len(wheel), item.wheel_slot) == (0, NOT_SCHEDULED)
    assert wheel.advance(1e9) == []


def test_a_new_deadline_replaces_the_old_one_either_way() -> None:
    wheel: Wheel[Item] = Wheel(0.0)
    item = Item()
    wheel.schedule(item, 100.0)
    wheel.schedule(item, 1.0)
    assert wheel.advance(2.0) == [item]
    assert wheel.advance(200.0) == []
