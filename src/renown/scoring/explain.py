"""Explaining a score: what every live event adds to it, to the last point.

A mean is a linear form: score = Σ shareᵢ·valueᵢ + share₀·prior, where an event's share is its faded weight
over all weight. So each event's points are its share times its value, and all points with the prior's
are the score. A sum is told by its terms. Everything else, and points under a cap, is counted again:
an event's points are what it changed when all live events are counted from the oldest on, read for the
same time, and what is read without any takes the prior's place.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from math import isfinite

import msgspec

from renown.errors import EventError, RenownError
from renown.model import OVERALL, Contribution, Entry, timestamp
from renown.policy import Policy, nearest
from renown.scoring.aggregators import Aggregator, Cell, PointsAggregator
from renown.scoring.aggregators.aggregator import moment
from renown.scoring.cursor import Cursor, decode_cursor, encode_cursor
from renown.scoring.life import Progress
from renown.scoring.lines import HeldLine, Line, PriorLine, StepLine, line_of
from renown.scoring.plan import plan_of
from renown.scoring.replaying import Replayed
from renown.scoring.state import State, empty

__all__ = ["Before", "Explanation", "Line", "PriorLine", "explain"]

Before = Callable[[float, int], State]
"""From (at, version) of a live event to the state of the live events before it."""
_Said = tuple[Entry, Contribution]


class Explanation(msgspec.Struct, frozen=True):
    """One page of an explanation: `prior.points` and the points of all pages' lines are the `score`."""

    subject: str
    category: str
    """A category's name, or empty for the overall score."""
    version: int
    score: float
    at: str
    prior: PriorLine
    lines: tuple[Line, ...]
    """Newest first."""
    points_of_older: float
    """The points of the lines that are left for further pages."""
    cursor: str | None
    """For the next, older page; None on the last."""
    held: tuple[HeldLine, ...] = ()
    """The newest of what is under review; on the first page."""
    steps: tuple[StepLine, ...] = ()
    """The newest of what people and time did besides; on the first page."""
    tiers: Progress | None = None
    """How far it is to each tier; on the first page about the overall score, under a policy with tiers."""


def explain(
    policy: Policy,
    entries: Iterable[Entry],
    state: State,
    at: float,
    prior: Mapping[str, float] | None = None,
    *,
    category: str = OVERALL,
    limit: int | None = None,
    cursor: str | None = None,
    subject: str = "",
    version: int = 0,
    before: Before | None = None,
) -> Explanation:
    """Return a page of what every live event adds to the score of `category`.

    `entries` are the subject's live entries, newest first by (at, version). An iterator that fetches as it
    is read is best: of a mean or a sum only `limit` entries and one more are read; what is counted
    from the oldest on needs them all, or `before` to begin with the oldest of the page. For a further
    page `entries` may begin after `cursor_position(cursor)`; newer ones are passed over.
    Pages are told for the time and the prior of the first.

    Raises:
        EventError: there is no such category (`unknown_category`).
        RenownError: the cursor is malformed (`bad_cursor`) or `version` is no longer the one the
            first page was of (`stale_cursor`).

    """
    plan = plan_of(policy)
    if category not in plan.index:
        raise EventError(
            f"`{category[:64]}` is no category",
            code="unknown_category",
            field="category",
            expected=nearest(category, plan.names[1:]) or "one of " + ", ".join(plan.names[1:]),
        )
    start = _start(cursor, at, (prior or {}).get(category), version)
    if category in plan.shapings:
        replayed = Replayed(policy, category, start.now, prior or {})
        said = _page(replayed.said(_before(entries, start)), limit, before)
        found = replayed.lines(said, start, _begun(policy, said, limit, before))
        score, blank = replayed.score(state), PriorLine(replayed.start, 0.0, replayed.start)
    else:
        i = plan.index[category]
        aggregator, cell = plan.aggregators[i], state.cells[i]
        older = _older(entries, category, start)
        if _is_retold(aggregator, cell):
            said = _page(older, limit, before)
            first = _begun(policy, said, limit, before).cells[i]
            found = _retold(aggregator, first, said, start)
        else:
            found = _told(aggregator, cell, older, start)
        score = aggregator.score(cell, start.now, start.prior)
        blank = _prior_line(aggregator, cell, start)
    page = list(islice(found, limit))
    more = limit is not None and next(found, None) is not None
    told = start.told + sum(line.points for line, _ in page)
    last = page[-1][1] if page else start
    following = Cursor(
        last.at, last.version, start.now, start.prior, version, last.passed, told, start.newer + len(page)
    )
    return Explanation(
        subject=subject,
        category=category,
        version=version,
        score=score,
        at=timestamp(start.now),
        prior=blank,
        lines=tuple(line for line, _ in page),
        points_of_older=score - blank.points - told if more else 0.0,
        cursor=encode_cursor(following) if more else None,
    )


def _start(cursor: str | None, at: float, prior: float | None, version: int) -> Cursor:
    if cursor is None:
        return Cursor(float("inf"), 0, at, prior, version, 0.0, 0.0)
    start = decode_cursor(cursor)
    if start.standing and version and start.standing != version:
        raise RenownError(
            "the standing has changed since the first page",
            code="stale_cursor",
            field="cursor",
            expected="none: begin again with the first page",
        )
    if not all(isfinite(each) for each in (start.at, start.now, start.passed, start.told)):
        raise RenownError("the cursor is not one of ours", code="bad_cursor", field="cursor")
    return start


def _before(entries: Iterable[Entry], start: Cursor) -> Iterator[Entry]:
    return (entry for entry in entries if (entry.at, entry.version) < (start.at, start.version))


def _older(entries: Iterable[Entry], category: str, start: Cursor) -> Iterator[_Said]:
    for entry in _before(entries, start):
        for contribution in entry.contributions:
            if contribution.category == category:
                yield entry, contribution


def _prior_line(aggregator: Aggregator, cell: Cell, start: Cursor) -> PriorLine:
    value, weight = aggregator.prior(start.prior)
    if aggregator.telling == "shares":
        mass = aggregator.mass(cell, start.now)
        share = weight / (mass + weight) if mass + weight > 0 else 1.0
        return PriorLine(value, weight, value * share)
    if aggregator.telling == "replay":
        value = aggregator.score(aggregator.empty(), start.now, start.prior)
    return PriorLine(value, 0.0, value)


def _page(older: Iterable[_Said], limit: int | None, before: Before | None) -> list[_Said]:
    """Return what is to be counted from the oldest on: a page and one more, or all there is."""
    return list(islice(older, None if before is None or limit is None else limit + 1))


def _begun(policy: Policy, said: list[_Said], limit: int | None, before: Before | None) -> State:
    """Return the state in which the oldest of `said` was folded."""
    if before is None or limit is None or len(said) <= limit:
        return empty(policy)
    oldest = said[-1][0]
    return before(oldest.at, oldest.version)


def _is_retold(aggregator: Aggregator, cell: Cell) -> bool:
    if isinstance(aggregator, PointsAggregator):
        return aggregator.bent(cell)
    return aggregator.telling == "replay"


def _retold(
    aggregator: Aggregator, cell: Cell, said: list[_Said], start: Cursor
) -> Iterator[tuple[Line, Cursor]]:
    if isinstance(aggregator, PointsAggregator):
        return _bent(aggregator, cell, said, start)
    return _replayed(aggregator, cell, said, start)


def _told(
    aggregator: Aggregator, cell: Cell, older: Iterable[_Said], start: Cursor
) -> Iterator[tuple[Line, Cursor]]:
    if aggregator.telling == "shares":
        return _shared(aggregator, cell, older, start)
    return _counted(aggregator, cell, older, start)


def _shared(
    aggregator: Aggregator,
    cell: Cell,
    older: Iterable[_Said],
    start: Cursor,
) -> Iterator[tuple[Line, Cursor]]:
    whole = aggregator.mass(cell, start.now) + aggregator.prior(start.prior)[1]
    now = moment(aggregator.now(cell, start.now))
    passed = start.passed
    for newer, (entry, contribution) in enumerate(older, start.newer):
        age = now - moment(entry.at)
        faded = contribution.weight * aggregator.memory**passed
        if aggregator.half_life is not None:
            faded *= 2.0 ** (-age / aggregator.half_life)
        if not aggregator.keeps(cell, entry.at, start.now, newer):
            faded = 0.0
        passed += contribution.weight
        share = faded / whole if whole > 0 else 0.0
        points = share * aggregator.worth(contribution.value, start.prior)
        line = line_of(aggregator, entry, contribution, (faded, share, points))
        yield line, msgspec.structs.replace(start, at=entry.at, version=entry.version, passed=passed)


def _counted(
    aggregator: Aggregator, cell: Cell, older: Iterable[_Said], start: Cursor
) -> Iterator[tuple[Line, Cursor]]:
    for newer, (entry, contribution) in enumerate(older, start.newer):
        kept = aggregator.keeps(cell, entry.at, start.now, newer)
        points = aggregator.whole(contribution) if kept else 0.0
        weight = contribution.weight if kept else 0.0
        yield _line(aggregator, entry, contribution, (weight, float(kept), points), start)


def _bent(
    aggregator: PointsAggregator, cell: Cell, said: list[_Said], start: Cursor
) -> Iterator[tuple[Line, Cursor]]:
    """Points under a cap or on the floor: what each came to when it was counted."""
    deltas: list[float] = []
    for entry, contribution in reversed(said):
        after = aggregator.fold(cell, contribution, entry.at)
        deltas.append(aggregator.counted(cell, after))
        cell = after
    for entry, contribution in said:
        whole, points = aggregator.whole(contribution), deltas.pop()
        share = points / whole if whole else 1.0
        yield _line(aggregator, entry, contribution, (contribution.weight, share, points), start)


def _replayed(
    aggregator: Aggregator, cell: Cell, said: list[_Said], start: Cursor
) -> Iterator[tuple[Line, Cursor]]:
    before = aggregator.score(cell, start.now, start.prior)
    deltas: list[float] = []
    for entry, contribution in reversed(said):
        cell = aggregator.fold(cell, contribution, entry.at)
        after = aggregator.score(cell, start.now, start.prior)
        deltas.append(after - before)
        before = after
    for entry, contribution in said:
        points = deltas.pop()
        counts = (contribution.weight, float(points != 0), points)
        yield _line(aggregator, entry, contribution, counts, start)


def _line(
    aggregator: Aggregator,
    entry: Entry,
    contribution: Contribution,
    counts: tuple[float, float, float],
    start: Cursor,
) -> tuple[Line, Cursor]:
    """Return a line that is told by itself, and where it stands."""
    line = line_of(aggregator, entry, contribution, counts)
    return line, msgspec.structs.replace(start, at=entry.at, version=entry.version)
