"""Every explanation adds up to the score it explains."""

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renown import scoring
from renown.errors import EventError, RenownError
from renown.model import OVERALL, Contribution, Entry
from renown.policy import Policy, preset
from renown.scoring import Explanation, State
from tests.unit.scoring_worlds import (
    COMPOSED,
    DAY,
    NOW,
    POLICIES,
    STICKY,
    entries,
    folded_all,
    happened,
    in_order,
    lately,
    laws,
    policy_of,
)

PRIOR = {"": 2.5, "a": 3.0}


def pages(
    policy: Policy, told: list[Entry], state: State, *, limit: int, category: str, paged: bool = False
) -> Iterator[Explanation]:
    """Explain page by page; `paged` with no more than a page, and the state of what is before it."""
    cursor: str | None = None

    def before(at: float, version: int) -> State:
        older = [each for each in reversed(told) if (each.at, each.version) < (at, version)]
        return scoring.refold(policy, [(each.contributions, each.at) for each in older])

    while True:
        place = scoring.cursor_position(cursor)
        left = [each for each in told if place is None or (each.at, each.version) < place]
        page = scoring.explain(
            policy,
            iter(left),
            state,
            NOW,
            PRIOR,
            category=category,
            limit=limit,
            cursor=cursor,
            before=before if paged else None,
        )
        yield page
        cursor = page.cursor
        if cursor is None:
            return


def close(policy: Policy) -> float:
    """What adding up may be off by: 1e-9 of the scale where that is large."""
    return 1e-9 * max(1.0, policy.scale.max if policy.scale.max < 1e5 else 1.0)


@laws
@given(st.data(), st.sampled_from(POLICIES))
def test_points_and_prior_are_the_score(data: st.DataObject, policy: Policy) -> None:
    folded = in_order(data.draw(lately(policy)))
    state = folded_all(policy, folded)
    reading = scoring.read(policy, state, NOW, PRIOR)
    for category in (OVERALL, *policy.categories):
        told = scoring.explain(policy, entries(folded), state, NOW, PRIOR, category=category)
        shown = reading.categories[category].score if category else reading.score
        assert told.score == shown
        total = told.prior.points + sum(line.points for line in told.lines)
        assert total == pytest.approx(shown, abs=close(policy))
        if policy not in COMPOSED and policy not in STICKY:
            assert len(told.lines) == sum(category in {c.category for c in cs} for cs, _ in folded)
        assert told.cursor is None
        assert told.points_of_older == 0.0


@laws
@given(st.data(), st.sampled_from(POLICIES))
def test_events_of_any_year_add_up_too(data: st.DataObject, policy: Policy) -> None:
    """Events far ahead of the reader or long before 1970 keep the books as well."""
    folded = in_order(data.draw(happened(policy)))
    state = folded_all(policy, folded)
    told = scoring.explain(policy, entries(folded), state, NOW, PRIOR)
    total = told.prior.points + sum(line.points for line in told.lines)
    assert total == pytest.approx(told.score, abs=1e-6)


@laws
@given(st.data(), st.sampled_from(POLICIES), st.integers(1, 5), st.booleans())
def test_pages_say_what_one_page_says(data: st.DataObject, policy: Policy, limit: int, paged: bool) -> None:
    folded = in_order(data.draw(lately(policy)))
    state, told = folded_all(policy, folded), entries(folded)
    whole = scoring.explain(policy, told, state, NOW, PRIOR)
    parts = list(pages(policy, told, state, limit=limit, category=OVERALL, paged=paged))
    lines = [line for page in parts for line in page.lines]
    assert [line.id for line in lines] == [line.id for line in whole.lines]
    assert [line.points for line in lines] == pytest.approx([line.points for line in whole.lines], abs=1e-9)
    assert {page.prior for page in parts} == {whole.prior}
    so_far = whole.prior.points
    for page in parts:
        so_far += sum(line.points for line in page.lines)
        assert so_far + page.points_of_older == pytest.approx(whole.score, abs=close(policy))


def test_an_explanation_of_a_mean_reads_no_more_than_its_page() -> None:
    policy = preset("trader")
    folded = [((Contribution(OVERALL, 5, 1.0),), NOW - (9 - i) * DAY) for i in range(9)]
    read: list[str | None] = []

    def watched(told: Iterable[Entry]) -> Iterator[Entry]:
        for each in told:
            read.append(each.event.id)
            yield each

    page = scoring.explain(policy, watched(entries(folded)), folded_all(policy, folded), NOW, limit=3)
    assert [line.id for line in page.lines] == ["e9", "e8", "e7"]
    assert read == ["e9", "e8", "e7", "e6"]


def test_what_is_counted_anew_reads_no_more_than_its_page_either() -> None:
    policy = preset("member")
    folded = [((Contribution(OVERALL, 150.0, 1.0),), NOW - 3600 + i) for i in range(9)]
    told, read = entries(folded), list[int]()

    def watched() -> Iterator[Entry]:
        for each in told:
            read.append(each.version)
            yield each

    def before(at: float, version: int) -> State:
        return scoring.refold(policy, folded[: version - 1])

    state = folded_all(policy, folded)
    page = scoring.explain(policy, watched(), state, NOW, limit=2, before=before)
    assert [line.points for line in page.lines] == [0.0, 0.0]
    assert page.points_of_older == 200.0
    assert read == [9, 8, 7]


def test_a_line_tells_what_faded() -> None:
    policy = preset("trader")
    folded = [
        ((Contribution(OVERALL, 10, 0.5),), NOW - 180 * DAY),
        ((Contribution(OVERALL, -10, 1.0),), NOW),
    ]
    told = scoring.explain(policy, entries(folded), folded_all(policy, folded), NOW)
    newer, older = told.lines
    assert (newer.weight, newer.faded, newer.value) == (1.0, 1.0, -10)
    assert older.weight == 0.5
    assert older.faded == pytest.approx(0.5 * 0.8 * 0.5)
    assert newer.share + older.share + 0.5 / 1.7 == pytest.approx(1.0)
    assert (newer.actor, newer.type, newer.version) == ("thing:3", "review", 2)


def test_under_a_cap_the_gains_that_came_too_late_count_nothing() -> None:
    """A member's day: 19 upvotes, an accepted answer, then two upvotes of which one is over the cap."""
    policy = preset("member")
    up, accepted = (Contribution(OVERALL, 10, 1.0),), (Contribution(OVERALL, 15, 1.0, exempt=True),)
    day = NOW - NOW % DAY
    folded = [(up, day + i) for i in range(19)] + [(accepted, day + 19), (up, day + 20), (up, day + 21)]
    state = folded_all(policy, folded)
    assert scoring.read(policy, state, day + 30).score == 1 + 200 + 15
    told = scoring.explain(policy, entries(folded), state, day + 30)
    assert [line.points for line in told.lines[:3]] == [0.0, 10.0, 15.0]
    assert told.lines[0].share == 0.0
    assert told.prior.points == 1
    assert told.prior.points + sum(line.points for line in told.lines) == told.score


def test_what_would_fall_below_the_floor_is_cut_and_forgotten() -> None:
    policy = preset("member")
    spam, up = (Contribution(OVERALL, -100, 1.0),), (Contribution(OVERALL, 10, 1.0),)
    folded = [(up, NOW), (spam, NOW + 1), (up, NOW + 2)]
    state = folded_all(policy, folded)
    assert scoring.read(policy, state, NOW + 3).score == 11
    told = scoring.explain(policy, entries(folded), state, NOW + 3)
    assert [line.points for line in told.lines] == [10.0, -10.0, 10.0]


def test_a_new_day_has_a_new_cap() -> None:
    policy = preset("member")
    up = (Contribution(OVERALL, 10, 1.0),)
    day = NOW - NOW % DAY
    state = folded_all(policy, [(up, day + i) for i in range(25)] + [(up, day + DAY)])
    assert scoring.read(policy, state, day + DAY).score == 1 + 200 + 10


def test_an_unknown_category_names_the_nearest() -> None:
    policy = preset("seller")
    with pytest.raises(EventError) as caught:
        scoring.explain(policy, [], scoring.empty(policy), NOW, category="delivry")
    assert (caught.value.problem_code, caught.value.expected) == ("unknown_category", "delivery")


@pytest.mark.parametrize("cursor", ["", "x", "####", "bm9wZQ", "Ł", "W10", "W251bGwsMSwxLDEsMSwxLDFd"])
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    policy = preset("seller")
    with pytest.raises(RenownError) as caught:
        scoring.explain(policy, [], scoring.empty(policy), NOW, cursor=cursor)
    assert caught.value.problem_code == "bad_cursor"


@laws
@given(st.text())
def test_any_cursor_is_understood_or_refused(cursor: str) -> None:
    try:
        scoring.cursor_position(cursor)
    except RenownError:
        return


def test_a_cursor_of_another_version_is_stale() -> None:
    policy = policy_of('method = "mean"')
    folded = [((Contribution(OVERALL, 1, 1.0),), NOW + i) for i in range(3)]
    state = folded_all(policy, folded)
    page = scoring.explain(policy, entries(folded), state, NOW, limit=1, version=3)
    assert page.cursor is not None
    with pytest.raises(RenownError) as caught:
        scoring.explain(policy, entries(folded), state, NOW, limit=1, cursor=page.cursor, version=4)
    assert caught.value.problem_code == "stale_cursor"
