"""Guards and events that come late: nobody gets past one by telling of long ago, and nobody else notices."""

from math import floor

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renown import scoring
from renown.errors import PolicyError
from renown.model import Event
from renown.policy import Late, Policy
from renown.scoring.guards import (
    NOTHING,
    Bursts,
    Facts,
    Guards,
    Spending,
    begin_guards,
    decode_guards,
    encode_guards,
    guards_due,
    judge,
    seen,
    spend,
    spent,
)
from renown.scoring.guards.periods import reach_of
from tests.unit.guards_kit import DAY, Watched, guarded

times = st.floats(100, 160) | st.integers(100, 160).map(float)
tolerances = st.sampled_from([0.0, 1.0, 2.5, 7.0, 40.0])
lengths = st.sampled_from([0.5, 1.0, 3.0, 10.0])
KINDS = {
    "burst": "windows = [1, 3]\nleast = 2\nsds = 0\nchance = 0.1",
    "fresh": "per_day = 2\nleast = 2",
    "budget": 'most = 1\ndays = 2\naction = "weigh"',
    "repeat": "most = 1",
    "retaliation": "days = 20",
    "reciprocity": "least = 2",
    "ring": "least = 2",
    "exit_scam": "least = 2\nsds = 1",
}
ANYWHERE = 'name = "g"\nkind = "budget"\nper = "actor_anywhere"\naction = "reject"\nmost = 3'


def late(policy: Policy, days: float) -> Policy:
    return msgspec.structs.replace(policy, late=Late(tolerance_days=days))


def told(shop: Watched, days: list[float], actor: str | None = None, ref: str | None = None) -> list[str]:
    """Send one star on each day, by an actor or each by its own, and return what became of them."""
    return [shop.tell(1.0, day, actor=actor or f"b:{i}", ref=ref).action for i, day in enumerate(days)]


def test_a_period_is_kept_as_long_as_events_may_be_late() -> None:
    assert [reach_of(7, days) for days in (1, 2, 7, 30, 36_525)] == [7, 4, 1, 1, 1]
    assert [reach_of(0, 1), reach_of(7, 0.7), reach_of(366, 1), reach_of(7, 0.01)] == [0, 10, 31, 31]


def test_a_subject_has_one_budget_of_a_day_however_late_it_is_told_of() -> None:
    shop = Watched(guarded('name = "g"\nkind = "budget"\nper = "subject"\nmost = 3\naction = "reject"'))
    assert told(shop, [100.1] * 6) == ["count"] * 3 + ["reject"] * 3
    assert told(shop, [101.1]) == ["count"]
    assert told(shop, [100.2] * 4) == ["reject"] * 4
    # The sixth day before: nothing is told of it yet. What is too late counts with the newest.
    assert told(shop, [105.1, 99.1, 99.1, 99.1, 99.1]) == ["count"] * 4 + ["reject"]
    assert told(shop, [97.9, 20.0, 60.0, 0.0]) == ["count", "count", "reject", "reject"]
    assert told(shop, [105.9, 106.0, 100.9]) == ["reject", "count", "reject"]


def test_a_late_alarm_of_a_budget_ends_with_the_period_that_it_is_about() -> None:
    shop = Watched(guarded('name = "g"\nkind = "budget"\nper = "subject"\nmost = 1\naction = "hold"'))
    assert told(shop, [101.5, 100.5, 100.5]) == ["count", "count", "hold"]
    assert guards_due(shop.guards) == 101 * DAY
    assert told(shop, [50.5]) == ["hold"]
    assert guards_due(shop.guards) == 102 * DAY


@pytest.mark.parametrize("per, ref", [("actor", None), ("ref", "order:1")])
def test_an_actor_and_an_order_have_one_budget_however_late(per: str, ref: str | None) -> None:
    policy = guarded(f'name = "g"\nkind = "budget"\nper = "{per}"\nmost = 3\naction = "reject"')
    shop = Watched(policy)
    for day, said in (
        (100.01, ["count"] * 3 + ["reject"] * 3),
        (101.5, ["count"] * 3 + ["reject"] * 3),
        (100.3, ["reject"] * 6),
        (20.0, ["reject"] * 6),
        (102.6, ["count"]),
        (101.5, ["count"] * 2 + ["reject"] * 4),
    ):
        assert told(shop, [day] * len(said), actor="b:1", ref=ref) == said


def test_new_accounts_have_one_budget_of_a_day_however_late() -> None:
    shop = Watched(guarded('name = "g"\nkind = "fresh"\naction = "weigh"\nshare = 1\nper_day = 2.5'))
    for day, weights in (
        (100.0, [1, 1, 0.5, 0]),
        (101.0, [1]),
        (100.5, [0, 0]),
        (99.0, [1, 1, 0.5, 0]),
        (60.0, [1, 0.5, 0]),
        (101.5, [0]),
    ):
        assert [shop.tell(1.0, day).weight for _ in weights] == weights


def test_a_burst_is_one_whatever_day_it_tells_of() -> None:
    for windows, back in (("[1, 7, 30]", 45), ("[1, 7, 30]", 20), ("[1, 7, 30]", 5), ("[1, 7]", 5)):
        shop = Watched(guarded(f'name = "g"\nkind = "burst"\nwindows = {windows}\naction = "hold"'))
        for i in range(100):
            assert shop.tell(4.0 + i % 2, 100 + i * 2, actor=f"old:{i}") is NOTHING
        said = told(shop, [299.5 - back] * 30)
        assert said.count("hold") >= 24


def test_a_day_before_all_that_a_burst_remembers_counts_into_the_newest() -> None:
    shop = Watched(late(guarded('name = "g"\nkind = "burst"\nwindows = [2]'), 366))
    told(shop, [200, 201, 199, 100])
    cell = shop.guards.cells[0]
    assert isinstance(cell, Bursts)
    assert (cell.past_all, cell.days, cell.volumes) == (0.0, (201, 200), (3, 1))


def test_a_hold_lasts_as_long_for_what_comes_late() -> None:
    shop = Watched(guarded('name = "g"\nkind = "repeat"\nmost = 1\naction = "hold"\nhold_days = 2'))
    shop.tell(5.0, 100)
    for day in (100, 97, 20):
        assert shop.tell(5.0, day).hold_until == 102 * DAY
    assert shop.tell(5.0, 101).hold_until == 103 * DAY


def test_an_alarm_of_the_last_raters_is_not_ended_by_what_comes_late() -> None:
    rated = Facts(returned=(5.0, 100 * DAY))
    shop = Watched(late(guarded('name = "g"\nkind = "reciprocity"'), 366))
    for i in range(10):
        shop.tell(5.0, 100, actor=f"b:{i}", facts=rated)
    assert guards_due(shop.guards) == 130 * DAY
    shop.tell(5.0, 50, facts=rated)
    assert guards_due(shop.guards) == 130 * DAY


def test_an_answer_is_one_also_when_it_tells_of_long_before() -> None:
    policy = guarded('name = "g"\nkind = "retaliation"')
    for day, weight in ((100.5, 0.5), (99.0, 1), (93.1, 1), (92.9, 0.5), (10.0, 0.5)):
        verdict = Watched(policy).tell(1.0, day, facts=Facts(returned=(1.0, 100 * DAY)))
        assert verdict.weight == weight


def test_a_memory_without_the_days_before_is_none() -> None:
    subject = guarded('name = "g"\nkind = "budget"\nper = "subject"')
    fresh = guarded('name = "g"\nkind = "fresh"\nper_day = 1')
    for policy, data in (
        (subject, b"[[[100,2]],[],8640000.0]"),
        (subject, b"[[[100,2,[]]],[]]"),
        (fresh, b"[[[1,1,0.0,0.0,100,1.0]],[],8640000.0]"),
    ):
        with pytest.raises(PolicyError) as caught:
            decode_guards(policy, data)
        assert caught.value.problem_code == "state_mismatch"


# What follows holds every guard that counts in periods to the rule, said once more in the plainest way.


class Rule:
    """Which period an event counts in, and how much of each is used."""

    def __init__(self, tolerance: float, days: float, *, by_time: bool = True) -> None:
        self.tolerance, self.days, self.by_time = tolerance, days, by_time
        self.newest = self.period = 0.0
        self.used: dict[float, float] = {}

    def place(self, day: float) -> float:
        at = day * DAY
        if self.by_time and self.newest - at > self.tolerance * DAY:
            at = self.newest
        period = floor(at / (self.days * DAY))
        kept = min(32, floor((self.tolerance + self.days - 1e-6) / self.days) + 1)
        return period if period > self.period - kept else self.period

    def take(self, day: float, much: float = 1.0) -> None:
        period = self.place(day)
        self.used[period] = self.used.get(period, 0.0) + much
        self.newest, self.period = max(self.newest, day * DAY), max(self.period, period)


@given(st.lists(times, max_size=40), tolerances, lengths, st.integers(1, 3))
def test_no_period_of_a_subject_gets_more_than_its_budget(
    days: list[float], tolerance: float, length: float, most: int
) -> None:
    text = f'name = "g"\nkind = "budget"\nper = "subject"\nmost = {most}\ndays = {length}\naction = "reject"'
    policy, rule = late(guarded(text), tolerance), Rule(tolerance, length)
    guards = begin_guards(policy)
    for day in days:
        over = rule.used.get(rule.place(day), 0) >= most
        guards, action, _ = step(policy, guards, day)
        assert action == ("reject" if over else "count")
        if not over:
            rule.take(day)
    assert all(used <= most for used in rule.used.values())


@given(st.lists(st.tuples(times, st.sampled_from([0.25, 1.0, 2.0])), max_size=40), tolerances)
def test_no_day_of_new_accounts_gets_more_than_its_budget(
    raters: list[tuple[float, float]], tolerance: float
) -> None:
    text = 'name = "g"\nkind = "fresh"\nshare = 1\nper_day = 2.5\naction = "weigh"'
    policy, rule = late(guarded(text), tolerance), Rule(tolerance, 1)
    guards = begin_guards(policy)
    for day, weight in raters:
        left = 2.5 - rule.used.get(rule.place(day), 0.0)
        guards, _, cut = step(policy, guards, day, Facts(weight=weight))
        assert cut == min(1.0, left / weight)
        rule.take(day, cut * weight)
    assert all(used <= 2.5 for used in rule.used.values())


@given(st.lists(st.tuples(times, st.integers(0, 1)), max_size=40), tolerances, lengths)
def test_no_period_of_an_actor_gets_more_than_its_budget_wherever_it_speaks(
    votes: list[tuple[float, int]], tolerance: float, length: float
) -> None:
    policy = late(guarded(f"{ANYWHERE}\ndays = {length}"), tolerance)
    known: list[dict[str, Spending]] = [{}, {}]
    rules = [Rule(tolerance, length, by_time=False) for _ in known]
    for i, (day, who) in enumerate(votes):
        event = Event("review", f"shop:{i}", actor=f"b:{who}", value=3.0)
        effect, rule = scoring.interpret(policy, event), rules[who]
        counts = spent(policy, known[who], day * DAY)
        assert counts == (rule.used.get(rule.place(day), 0),)
        facts = Facts(spent=counts)
        verdict = judge(policy, begin_guards(policy), event, effect, facts=facts, at=day * DAY)
        assert (verdict.action == "reject") is (counts[0] >= 3)
        if verdict.action == "count":
            known[who] = {**spend(policy, known[who], event, effect, facts=facts, at=day * DAY)}
            rule.take(day)
    assert all(used <= 3 for rule in rules for used in rule.used.values())


@given(st.lists(st.tuples(times, st.integers(0, 1)), max_size=39), tolerances, st.integers(1, 3))
def test_no_window_gets_more_than_its_budget_in_any_order(
    events: list[tuple[float, int]], tolerance: float, most: int
) -> None:
    policy = late(guarded(f'name = "g"\nkind = "budget"\nmost = {most}\naction = "reject"'), tolerance)
    guards, came, newest = begin_guards(policy), list[tuple[int, int]](), 0.0
    for day, who in events:
        at = newest if newest - day * DAY > tolerance * DAY else day * DAY
        minute = max(floor(at / 60), came[-1][0] if came else 0)
        over = sum(other == who and minute - when < 1440 for when, other in came) >= most
        guards, action, _ = step(policy, guards, day, actor=f"b:{who}")
        assert action == ("reject" if over else "count")
        if not over:
            came.append((minute, who))
            newest = max(newest, day * DAY)
    for i, (minute, who) in enumerate(came):
        assert sum(other == who and minute - when < 1440 for when, other in came[: i + 1]) <= most


@given(st.lists(times, max_size=40).map(sorted), tolerances, lengths, st.integers(1, 3))
def test_in_order_of_time_a_period_is_all_that_counts(
    days: list[float], tolerance: float, length: float, most: int
) -> None:
    text = f'name = "NAME"\nkind = "budget"\nper = "PER"\nmost = {most}\ndays = {length}'
    both = [text.replace("PER", per).replace("NAME", per) for per in ("subject", "actor_anywhere")]
    new = f'name = "fresh"\nkind = "fresh"\nshare = 1\nper_day = {most}'
    policy = late(guarded(*both, new), tolerance)
    guards, known = begin_guards(policy), dict[str, Spending]()
    for i, day in enumerate(days):
        event = Event("review", "shop:1", actor="b:1", value=3.0)
        effect, at = scoring.interpret(policy, event), day * DAY
        facts = Facts(spent=spent(policy, known, at))
        verdict = judge(policy, guards, event, effect, facts=facts, at=at)
        before = sum(floor(other / length) == floor(day / length) for other in days[:i])
        today = sum(floor(other) == floor(day) for other in days[:i])
        said = {reason.guard for reason in verdict.reasons}
        assert said == {
            *(("subject", "actor_anywhere") if before >= most else ()),
            *(("fresh",) if today >= most else ()),
        }
        counting = msgspec.structs.replace(verdict, action="count")
        guards = seen(policy, guards, event, effect, facts=facts, at=at, verdict=counting)
        known = {**spend(policy, known, event, effect, facts=facts, at=at)}


@given(st.lists(st.tuples(times, st.integers(0, 3), st.sampled_from([1.0, 5.0]))).map(sorted), tolerances)
def test_in_order_of_time_no_guard_asks_how_late_anything_may_be(
    events: list[tuple[float, int, float]], tolerance: float
) -> None:
    plain = guarded(*[f'name = "{kind}"\nkind = "{kind}"\n{more}' for kind, more in KINDS.items()])
    one, other = Watched(late(plain, tolerance)), Watched(late(plain, 366))
    for day, who, value in events:
        facts = Facts(returned=(1.0, 100 * DAY) if who else None, kin=who)
        said = [shop.tell(value, day, actor=f"b:{who}", facts=facts) for shop in (one, other)]
        assert said[0] == said[1]
        for shop in (one, other):
            assert shop.guards.newest == day * DAY


def step(
    policy: Policy, guards: Guards, day: float, facts: Facts | None = None, actor: str = "b:1"
) -> tuple[Guards, str, float]:
    """Return the guards after one event and what they said; what they remember is written and read."""
    event = Event("review", "shop:1", actor=actor, value=3.0)
    effect, known = scoring.interpret(policy, event), facts or Facts()
    verdict = judge(policy, guards, event, effect, facts=known, at=day * DAY)
    if verdict.action != "reject":
        guards = seen(policy, guards, event, effect, facts=known, at=day * DAY, verdict=verdict)
    return decode_guards(policy, encode_guards(guards)), verdict.action, verdict.weight
