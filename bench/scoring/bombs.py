"""Review bombs planted among the Amazon reviews: how many are noticed, and how often nothing was there."""

from collections.abc import Iterable, Iterator
from random import Random
from time import perf_counter

from bench.report import Report
from bench.scoring.comparison import Allowed, Row, Sheet, report_of
from bench.scoring.data import AMAZON, reviews
from renown.scoring.guards import BurstRule, Bursts

__all__ = ["NEEDS", "bombs", "busy_products", "natural", "noticed"]

NEEDS = (AMAZON,)
DAY = 86_400.0
WINDOWS: tuple[int, ...] = (1, 7, 30)
TRIALS = 5
PLANTED: tuple[tuple[int, int, tuple[float | None, ...]], ...] = (
    (5, 1, (1.00, 0.99, 0.78)),
    (10, 1, (1.00, 1.00, 1.00)),
    (20, 1, (1.00, 1.00, 1.00)),
    (20, 7, (1.00, 1.00, 1.00)),
    (20, 30, (0.27, 1.00, 1.00)),
    (50, 90, (0.27, 0.99, 1.00)),
)
NATURAL = (0.002, 0.003, 0.014)

Negatives = tuple[int, int, list[int]]
"""A product's first and last day, and the days of its negative reviews in order."""


def busy_products(most: int = 2, least: int = 50) -> list[Negatives]:
    """Return the products with `least` reviews or more; negative are those of `most` stars or fewer."""
    days = dict[str, list[tuple[int, bool]]]()
    for review in reviews():
        days.setdefault(review.product, []).append((review.day, review.stars <= most))
    return [
        (found[0][0], found[-1][0], [day for day, bad in found if bad])
        for _, found in sorted(days.items())
        if len(found) >= least
    ]


def natural(rule: BurstRule, negatives: Negatives) -> dict[int, int]:
    """Return per window how often an alarm begins among a product's own reviews."""
    begun = dict.fromkeys(WINDOWS, 0)
    sounding = set[int]()
    for _, alarms in _walk(rule, negatives[2]):
        for window in alarms - sounding:
            begun[window] += 1
        sounding = alarms
    return begun


def noticed(rule: BurstRule, negatives: Negatives, bomb: list[int]) -> set[int]:
    """Return the windows that sound while the bomb falls (days in order), and did not the day before."""
    days = sorted([*negatives[2], *bomb])
    found, before = set[int](), set[int]()
    for day, alarms in _walk(rule, days):
        if day < bomb[0]:
            before = alarms
        elif day <= bomb[-1]:
            found |= alarms - before if day == bomb[0] else alarms
    return found


def _walk(rule: BurstRule, days: Iterable[int]) -> Iterator[tuple[int, set[int]]]:
    state = Bursts()
    for day in days:
        state = state.seen(rule, day * DAY)
        yield day, {alarm.days for alarm in state.alarms(rule, day * DAY)}


def bombs() -> Report:
    """Recall of planted bombs and natural alarms, per window."""
    rule, products, dice = BurstRule(), busy_products(), Random(20)
    columns = tuple(f"{window} d" for window in WINDOWS)
    either = (*columns, "any")
    recall = Sheet("Recall: part of the planted bombs noticed while they fall", either, decimals=2)
    alarms = Sheet("Natural alarms per product-year", columns)
    recall.reference = alarms.reference = "measured before"
    for count, span, measured in PLANTED:
        hits, noticed_at_all, tried = dict.fromkeys(WINDOWS, 0), 0, 0
        for product in products:
            for _ in range(TRIALS):
                first = dice.randint(product[0], max(product[0], product[1] - span + 1))
                bomb = sorted(first + dice.randrange(span) for _ in range(count))
                sounding = noticed(rule, product, bomb)
                for window in sounding:
                    hits[window] += 1
                noticed_at_all += bool(sounding)
                tried += 1
        ours = (*(hits[window] / tried for window in WINDOWS), noticed_at_all / tried)
        # What falls in a day is for the shorter windows to see.
        sides = ("least", "least", "free" if span == 1 else "least", "least")
        recall.rows.append(Row(f"{count} in {span} d", ours, (*measured, 1.0), Allowed(0.01, sides)))
    years = sum(last - first + 1 for first, last, _ in products) / 365.25
    begun = [natural(rule, product) for product in products]
    rates = tuple(sum(each[window] for each in begun) / years for window in WINDOWS)
    alarms.rows.append(Row("products with 50 reviews", rates, NATURAL, Allowed(0.005, ("most",) * 3)))
    began = perf_counter()
    for product in products:
        natural(rule, product)
    micros = (perf_counter() - began) / sum(len(product[2]) for product in products) * 1e6
    notes = [
        f"{len(products)} products with 50 reviews or more, {years:,.0f} product-years; counted are reviews "
        f"of one or two stars. {TRIALS} bombs of each sort per product, anywhere in its life, also at its "
        "start.",
        f"`Bursts`: chance below {rule.chance:g}, half-life {rule.half_life_days:g} d; {micros:.0f} µs per "
        "event, the look at all windows included. It takes the past for uncertain, so its 30-day window "
        "needs more than five to sound, and sounds less often for nothing. The goal for “any” is 1.00.",
        "Most of these products are quiet. On busy subjects the alarms have to be looked at again.",
    ]
    return report_of("bombs", "Review bombs: Amazon", [recall, alarms], notes)
