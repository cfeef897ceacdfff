"""Review bombs planted among the Amazon reviews: how many are noticed and held, and false alarms."""

from collections.abc import Iterable
from random import Random
from time import perf_counter
from typing import NamedTuple

from bench.report import Report
from bench.scoring.comparison import Allowed, Row, Sheet, report_of
from bench.scoring.data import AMAZON, Review, reviews
from bench.scoring.watching import moment_of, review_event
from renown import scoring
from renown.policy import Policy, load, preset, preset_text
from renown.scoring import State
from renown.scoring.guards import Facts, Guards, Verdict, begin_guards, judge, seen

__all__ = [
    "NEEDS",
    "Bombed",
    "Life",
    "begun",
    "bomb_days",
    "bombed",
    "bombs",
    "busy_products",
    "guarded",
    "lives",
]

NEEDS = (AMAZON,)
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
_FACTS = Facts()
_EACH = "".join(
    f'\n[[guards]]\nname = "d{days}"\nkind = "burst"\nwindows = [{days}]\ntypes = ["review"]\n'
    'of = "negatives"\non = "negatives"\n'
    for days in WINDOWS
)


def guarded(guards: str = "") -> Policy:
    """Return the product preset's rules with other guards: by default one burst guard per window."""
    return load(preset_text("product").partition("[[guards]]")[0] + (guards or _EACH), "bench")


class Moment(NamedTuple):
    """A product right before one of its reviews, or at its end."""

    day: int
    state: State
    guards: Guards


class Life:
    """One product's own reviews, and what guards said of each."""

    def __init__(self, policy: Policy, stream: list[Review]) -> None:
        self.policy, self.stream = policy, stream
        self.verdicts: list[Verdict] = []
        self.moments: list[Moment] = []
        state, guards = scoring.empty(policy), begin_guards(policy)
        for i, review in enumerate(stream):
            self.moments.append(Moment(review.day, state, guards))
            state, guards, verdict = step(policy, state, guards, review, f"own:{i}")
            self.verdicts.append(verdict)
        self.moments.append(Moment(stream[-1].day, state, guards))

    @property
    def years(self) -> float:
        """How long its reviews span."""
        return (self.stream[-1].day - self.stream[0].day + 1) / 365.25


class Bombed(NamedTuple):
    """What came of a bomb."""

    sounded: set[str]
    """The guards that sounded while it fell and did not the day before."""
    held: int
    """Of its reviews."""
    plain: float
    """By how much it would have moved the score without guards …"""
    shift: float
    """… and by how much it did."""


def step(
    policy: Policy, state: State, guards: Guards, review: Review, actor: str
) -> tuple[State, Guards, Verdict]:
    """Judge a review, remember it, and fold it in as the verdict says."""
    event, at = review_event(review, actor), moment_of(review.day)
    effect = scoring.interpret(policy, event)
    verdict = judge(policy, guards, event, effect, facts=_FACTS, at=at)
    guards = seen(policy, guards, event, effect, facts=_FACTS, at=at, verdict=verdict)
    if verdict.action in ("count", "weigh"):
        state = scoring.fold(policy, state, scoring.weigh(effect.contributions, verdict.weight), at)
    return state, guards, verdict


def bombed(life: Life, days: list[int]) -> Bombed:
    """Drop unverified one-star reviews on some days, in order, into a product's own life."""
    policy = life.policy
    first = next((i for i, each in enumerate(life.stream) if each.day >= days[0]), len(life.stream))
    moment = life.moments[first]
    own = [(each.day, False, each) for each in life.stream[first:] if each.day <= days[-1]]
    planted = [(day, True, Review(life.stream[0].product, 1.0, day, False)) for day in days]
    state, guards, plain, without = moment.state, moment.guards, moment.state, moment.state
    before = {news.place for news in guards.open if news.until > moment_of(days[0])}
    names = [guard.name for guard in policy.guards]
    sounded, held = set[str](), 0
    # Of one day the product's own come first.
    for i, (day, is_bomb, review) in enumerate(sorted([*own, *planted], key=lambda each: each[:2])):
        state, guards, verdict = step(policy, state, guards, review, f"actor:{i}")
        found = {news.guard for news in verdict.incidents if news.phase != "ends"}
        if day == days[0]:
            found -= {names[place] for place in before}
        plain = _fold(policy, plain, review)
        if is_bomb:
            sounded |= found
            held += verdict.action == "hold"
        else:
            without = _fold(policy, without, review)
    scores = [scoring.score(policy, each, moment_of(days[-1]), {}) for each in (state, plain, without)]
    return Bombed(sounded, held, scores[1] - scores[2], scores[0] - scores[2])


def _fold(policy: Policy, state: State, review: Review) -> State:
    contributions = scoring.interpret(policy, review_event(review, "actor:0")).contributions
    return scoring.fold(policy, state, contributions, moment_of(review.day))


def busy_products(least: int = 50) -> list[list[Review]]:
    """Return the reviews of each product with so many or more, by day."""
    found = dict[str, list[Review]]()
    for review in reviews():
        found.setdefault(review.product, []).append(review)
    return [stream for _, stream in sorted(found.items()) if len(stream) >= least]


def lives(policy: Policy, products: Iterable[list[Review]]) -> list[Life]:
    """Let every product live under a policy."""
    return [Life(policy, stream) for stream in products]


def begun(life: Life) -> dict[str, int]:
    """Return how many alarms each guard raised by the product's own reviews."""
    counts = {guard.name: 0 for guard in life.policy.guards}
    for verdict in life.verdicts:
        for news in verdict.incidents:
            counts[news.guard] += news.phase == "begins"
    return counts


def bomb_days(dice: Random, life: Life, count: int, span: int) -> list[int]:
    """Return the days of a bomb of `count` within `span` days, anywhere in a product's life."""
    start, end = life.stream[0].day, life.stream[-1].day
    first = dice.randint(start, max(start, end - span + 1))
    return sorted(first + dice.randrange(span) for _ in range(count))


def _recall(products: list[Life]) -> Sheet:
    either = (*(f"{window} d" for window in WINDOWS), "any")
    recall = Sheet("Recall: part of the planted bombs noticed while they fall", either, decimals=2)
    recall.reference = "measured before"
    dice = Random(20)
    for count, span, measured in PLANTED:
        found = [
            bombed(life, bomb_days(dice, life, count, span)).sounded
            for life in products
            for _ in range(TRIALS)
        ]
        hits = [sum(f"d{window}" in each for each in found) / len(found) for window in WINDOWS]
        ours = (*hits, sum(map(bool, found)) / len(found))
        # What falls in a day is for the shorter windows to see.
        sides = ("least", "least", "free" if span == 1 else "least", "least")
        recall.rows.append(Row(f"{count} in {span} d", ours, (*measured, 1.0), Allowed(0.01, sides)))
    return recall


def _shifts(products: list[Life]) -> Sheet:
    columns = ("held", "shift without", "shift with")
    sheet = Sheet("What a bomb of one star does to the score, preset `product`", columns, decimals=2)
    sheet.signed, sheet.reference = True, "goal"
    dice = Random(21)
    for count, span, _ in PLANTED:
        found = [bombed(life, bomb_days(dice, life, count, span)) for life in products for _ in range(TRIALS)]
        held = sum(each.held for each in found) / (count * len(found))
        plain = sum(each.plain for each in found) / len(found)
        shift = sum(each.shift for each in found) / len(found)
        goal = Allowed(0.0, ("least", "free", "least"))
        reference = (0.75, None, plain / 3) if count == 20 and span == 1 else ()
        sheet.rows.append(Row(f"{count} in {span} d", (held, plain, shift), reference, goal))
    return sheet


def _natural(each: list[Life], whole: list[Life]) -> Sheet:
    alarms = Sheet("Natural alarms per product-year", tuple(f"{window} d" for window in WINDOWS))
    alarms.reference = "measured before"
    years = sum(life.years for life in each)
    rates = tuple(sum(begun(life)[f"d{window}"] for life in each) / years for window in WINDOWS)
    alarms.rows.append(Row("products with 50 reviews", rates, NATURAL, Allowed(0.005, ("most",) * 3)))
    held = sum(verdict.action == "hold" for life in whole for verdict in life.verdicts)
    total = sum(len(life.stream) for life in whole)
    alarms.rows.append(
        Row(f"preset `product`: {held} of {total:,} own reviews held, per product-year", (held / years,))
    )
    return alarms


def bombs() -> Report:
    """Recall of planted bombs, what they do to scores, and natural alarms, all through `judge`."""
    products = busy_products()
    each, whole = lives(guarded(), products), lives(preset("product"), products)
    sheets = [_recall(each), _shifts(whole), _natural(each, whole)]
    began = perf_counter()
    again = lives(preset("product"), products)
    micros = (perf_counter() - began) / sum(len(life.stream) for life in again) * 1e6
    years = sum(life.years for life in each)
    notes = [
        f"{len(products)} products with 50 reviews or more, {years:,.0f} product-years; negative are reviews "
        f"of one or two stars. {TRIALS} bombs of each sort per product, anywhere in its life, also at its "
        "start, unverified. Judged, remembered and folded like any event.",
        f"{micros:.0f} µs per event: interpreting, judging, remembering and folding. The past is taken for "
        "uncertain, so the 30-day window needs more than five to sound, and sounds less often for nothing. "
        "The goal for “any” is 1.00.",
        "Held are the unverified negative ones from the moment the guard sounds; what came before counts.",
        "Most of these products are quiet. On busy subjects the alarms have to be looked at again.",
    ]
    return report_of("bombs", "Review bombs: Amazon", sheets, notes)
