"""Planted bombs on products whose past is known."""

from random import Random

import pytest

from bench.scoring.bombs import Life, begun, bomb_days, bombed, guarded
from bench.scoring.data import Review
from renown.policy import Policy, preset

DAYS = (730_000, 730_300, 730_600, 730_900)


def life(policy: Policy, *bad: int) -> Life:
    """A product with a good review every twenty days, and bad ones on some."""
    good = [Review("p", 5.0, 730_000 + 20 * i, True) for i in range(50)]
    return Life(policy, sorted([*good, *(Review("p", 1.0, day, False) for day in bad)], key=lambda r: r.day))


def test_a_quiet_product_raises_no_alarm() -> None:
    assert begun(life(guarded(), *DAYS)) == {"d1": 0, "d7": 0, "d30": 0}


def test_a_bomb_is_noticed_on_its_day() -> None:
    quiet = life(guarded(), *DAYS)
    assert bombed(quiet, [730_500] * 20).sounded == {"d1", "d7", "d30"}
    assert bombed(quiet, [730_500, 730_700]).sounded == set()


def test_what_sounded_before_the_bomb_is_no_hit() -> None:
    noisy = life(guarded(), 730_000, *[730_499] * 20)
    assert begun(noisy) == {"d1": 1, "d7": 1, "d30": 1}
    assert bombed(noisy, [730_500]).sounded == set()


def test_what_is_held_does_not_move_the_score() -> None:
    came = bombed(life(preset("product"), *DAYS), [730_500] * 20)
    assert 15 <= came.held < 20
    assert came.plain < came.shift < 0
    unguarded = bombed(life(guarded(), *DAYS), [730_500] * 20)
    assert unguarded.held == 0
    assert unguarded.shift == pytest.approx(unguarded.plain)


def test_a_bomb_falls_within_its_span() -> None:
    quiet = life(guarded(), *DAYS)
    for span in (1, 7, 30):
        days = bomb_days(Random(1), quiet, 10, span)
        assert len(days) == 10
        assert days[-1] - days[0] < span
        assert days == sorted(days)
