"""The clock that does not believe a jump at once."""

import pytest

from renown.ledger.timing.clock import PATIENCE, TOLERANCE, SteadyClock


class Machine:
    """A machine whose two clocks are set by hand."""

    def __init__(self) -> None:
        self.wall, self.passed = 1_000_000.0, 50.0
        self.clock = SteadyClock(lambda: self.wall, lambda: self.passed)

    def live(self, seconds: float) -> float:
        self.wall += seconds
        self.passed += seconds
        return self.clock.now()


def test_time_passes() -> None:
    machine = Machine()
    assert machine.clock.now() == 1_000_000.0
    assert machine.live(10) == 1_000_010.0


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0, -10.0, 10.0])
def test_a_jump_is_believed_only_after_it_has_lasted(jump: float) -> None:
    machine = Machine()
    machine.live(5)
    machine.wall += jump
    assert machine.live(1) == 1_000_006.0
    assert machine.live(PATIENCE - 1) == 1_000_005.0 + PATIENCE
    assert machine.live(2) == pytest.approx(1_000_007.0 + PATIENCE + jump)
    assert machine.live(1) == pytest.approx(1_000_008.0 + PATIENCE + jump)


def test_a_jump_that_is_taken_back_has_never_been() -> None:
    machine = Machine()
    machine.wall += 3_600
    machine.live(PATIENCE / 2)
    machine.wall -= 3_600
    machine.live(1)
    machine.wall += 3_600
    assert machine.live(PATIENCE / 2) == 1_000_000.0 + PATIENCE + 1


def test_a_clock_that_jumps_about_is_not_believed_until_it_rests() -> None:
    machine = Machine()
    for _ in range(10):
        machine.wall += 600
        machine.live(PATIENCE / 2)
    assert machine.clock.now() == 1_000_000.0 + 5 * PATIENCE
    machine.live(PATIENCE)
    assert machine.clock.now() == 1_006_000.0 + 6 * PATIENCE


def test_small_corrections_are_followed_at_once() -> None:
    machine = Machine()
    machine.wall -= TOLERANCE / 2
    assert machine.clock.now() == 1_000_000.0 - TOLERANCE / 2
