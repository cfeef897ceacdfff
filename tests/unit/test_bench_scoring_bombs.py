"""Planted bombs on products whose past is known."""

from bench.scoring.bombs import natural, noticed
from renown.scoring.guards import BurstRule

RULE = BurstRule()
QUIET = (0, 1000, [0, 300, 600, 900])


def test_a_quiet_product_raises_no_alarm() -> None:
    assert natural(RULE, QUIET) == {1: 0, 7: 0, 30: 0}


def test_a_bomb_is_noticed_on_its_day() -> None:
    assert noticed(RULE, QUIET, [500] * 20) == {1, 7, 30}
    assert noticed(RULE, QUIET, [500, 700]) == set()


def test_what_sounded_before_the_bomb_is_no_hit() -> None:
    noisy = (0, 1000, [0, *[499] * 20])
    assert natural(RULE, noisy) == {1: 1, 7: 1, 30: 1}
    assert noticed(RULE, noisy, [500]) == set()
