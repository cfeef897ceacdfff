"""The bench of guards on worlds whose answers are known, and the figures they are held to."""

import pytest

from bench.report import Report
from bench.scoring.attacks import FRESH
from bench.scoring.data import FOLDER, Rating, missing
from bench.scoring.guarding import NEEDS, RING, TURNED, guarding, ring_of, ring_rank, turning, with_guards
from bench.scoring.watching import DAY, Watched
from renown.policy import preset
from renown.scoring.guards import RingCell

ABSENT = missing(*NEEDS)


def test_a_ring_praises_itself_completely() -> None:
    ring = ring_of(5, 100 * DAY)
    assert len(ring) == 20
    assert {rating.target for rating in ring} == {FRESH + i for i in range(5)}
    assert all(rating.source != rating.target for rating in ring)
    assert all(100 * DAY <= rating.at <= 103 * DAY for rating in ring)


def test_what_looks_more_like_a_ring_ranks_higher() -> None:
    assert ring_rank(None) == ring_rank(RingCell((1, 2, 3), (2, 1, 0), 0)) == 0
    few, many = RingCell((1, 2, 3, 4), (3, 2, 1, 0), 0), RingCell(tuple(range(20)), tuple(range(20)), 0)
    loose = RingCell(tuple(range(20)), (1,) * 20, 0)
    assert ring_rank(many) > ring_rank(few) > ring_rank(loose) > 0


def test_members_of_a_ring_are_flagged_and_nobody_else() -> None:
    watched = Watched(with_guards(RING))
    flagged = set[int]()
    honest = [Rating(i, 50 + (i * 7) % 13, 0.5, 100 * DAY + i) for i in range(40)]
    for rating in sorted([*honest, *ring_of(12, 100 * DAY)], key=lambda each: each.at):
        watched.learn(rating)
        flagged |= {rating.target for _ in watched.last.incidents}
    assert flagged == {FRESH + i for i in range(12)}


def test_who_turns_is_noticed_and_who_stays_is_not() -> None:
    policy = with_guards(TURNED)
    assert turning(policy, lambda _: 0.5, [0.5] * 20) is None
    assert turning(policy, lambda i: 0.5 if i < 30 else -1.0, []) == -1
    found = turning(policy, lambda _: 0.5, [-1.0] * 20)
    assert found is not None
    assert 1 <= found <= 5


def test_a_hundred_new_accounts_move_a_score_no_further_than_ten() -> None:
    moved = dict[int, float]()
    for many in (10, 100):
        watched = Watched(preset("trader"))
        for i in range(30):
            watched.learn(Rating(i, i + 1, 1.0, i * DAY))
            watched.learn(Rating(i, 500, 0.5, i * DAY))
        before = watched.kind
        for i in range(many):
            watched.learn(Rating(FRESH + i, 500, -1.0, 200 * DAY))
        # The mean of all traders is what is believed before there is evidence, and of thirty it moves, too.
        watched.kind = before
        moved[many] = watched.score(500, 200 * DAY)
    assert moved[100] == pytest.approx(moved[10])


@pytest.mark.skipif(bool(ABSENT), reason=f"not in {FOLDER}: {', '.join(ABSENT)}")
def test_the_shipped_guards_keep_what_they_are_held_to() -> None:
    report: Report = guarding()
    assert report.raw["missed"] == []
