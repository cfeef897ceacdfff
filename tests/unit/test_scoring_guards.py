"""Each guard on a story made by hand: what it says, when, and with which figures."""

import pytest

from renown import scoring
from renown.errors import PolicyError
from renown.model import Event
from renown.policy import load, preset
from renown.scoring.guards import (
    NOTHING,
    Facts,
    Verdict,
    Wants,
    begin_guards,
    decode_guards,
    encode_guards,
    guards_due,
    judge,
    kin_of,
    pass_time,
    seen,
    wants,
)
from tests.unit.guards_kit import DAY, HOUR, Watched, guarded

BURST = 'name = "bombing"\nkind = "burst"\ntypes = ["review"]\non = "unverified_negatives"\naction = "hold"'
RATED = Facts(returned=(5.0, 0.0))
OLD = Facts(known_since=0.0, given=50)


def told(verdict: Verdict) -> list[str]:
    return [reason.text for reason in verdict.reasons]


def phases(verdict: Verdict) -> list[tuple[str, str]]:
    return [(incident.guard, incident.phase) for incident in verdict.incidents]


def test_a_policy_without_guards_costs_nothing() -> None:
    plain = guarded()
    shop = Watched(plain)
    assert shop.tell(1.0, 100) is NOTHING
    assert encode_guards(shop.guards) == b""
    assert wants(plain) == Wants()
    assert guards_due(shop.guards) is None
    assert pass_time(plain, shop.guards, 1e9) == (shop.guards, ())


def test_unverified_negatives_of_a_burst_are_held_and_others_are_not() -> None:
    shop = Watched(guarded(BURST))
    said = [shop.tell(1.0, 100 + i / 100, actor=f"b:{i}") for i in range(6)]
    held = [verdict.action for verdict in said]
    assert held[:2] == ["count", "count"]
    assert held[-1] == "hold"
    assert said[-1].hold_until is None
    assert told(said[-1]) == ["6 negative reviews in a day; 1.5 were to be expected."]
    assert shop.tell(1.0, 100.5, data={"verified": True}).action == "count"
    assert shop.tell(5.0, 100.5).action == "count"
    assert shop.tell(None, 100.5, type="visit").action == "count"


def test_a_burst_is_told_while_it_forms_goes_on_and_ends() -> None:
    shop = Watched(guarded(BURST))
    said = [shop.tell(1.0, 100.25, actor=f"b:{i}") for i in range(20)]
    begun = next(i for i, verdict in enumerate(said) if verdict.incidents)
    assert phases(said[begun]) == [("bombing", "begins")]
    assert all(phases(verdict) == [("bombing", "goes_on")] for verdict in said[begun + 1 :])
    last = said[-1].incidents[0]
    assert (last.kind, last.count, last.events, last.since) == ("burst", 20, 20 - begun, 100.25 * DAY)
    # The 30-day window is lively for a quarter of it, 8 days, after the last one.
    assert guards_due(shop.guards) == last.until == 108 * DAY
    still, ended = pass_time(shop.policy, shop.guards, 107 * DAY)
    assert (still, ended) == (shop.guards, ())
    after, ended = pass_time(shop.policy, shop.guards, 108 * DAY)
    assert [(each.phase, each.at, each.count, each.events) for each in ended] == [
        ("ends", 108 * DAY, 20, 20 - begun)
    ]
    assert guards_due(after) is None


def test_without_a_timer_the_next_event_tells_of_the_end() -> None:
    shop = Watched(guarded(BURST))
    for i in range(20):
        shop.tell(1.0, 100.25, actor=f"b:{i}")
    assert shop.tell(5.0, 105) is NOTHING
    late = shop.tell(5.0, 120)
    assert [(each.phase, each.at) for each in late.incidents] == [("ends", 108 * DAY)]
    assert shop.tell(1.0, 121).action == "count"


def test_more_of_everything_is_no_burst_of_negatives() -> None:
    sudden = BURST.replace("unverified_negatives", "negatives")
    busy, share = Watched(guarded(sudden)), Watched(guarded(sudden + "\nsds = 0"))
    held = {busy: 0, share: 0}
    for shop in held:
        for i in range(100):
            held[shop] += (
                shop.tell(1.0 if i % 5 == 0 else 5.0, 100 + i / 100, actor=f"b:{i}").action == "hold"
            )
    assert held[busy] == 0
    assert held[share] > 10


def test_a_slow_drip_is_seen_by_the_longest_window() -> None:
    shop = Watched(guarded(BURST))
    for day in range(0, 300, 10):
        assert shop.tell(5.0, day, actor=f"old:{day}") is NOTHING
    said = [shop.tell(1.0, 300 + 1.5 * i, actor=f"b:{i}") for i in range(20)]
    assert sum(verdict.action == "hold" for verdict in said) >= 10
    assert any("in 30 days" in text for verdict in said for text in told(verdict))


def test_a_hold_with_days_ends_by_itself_and_the_longest_wins() -> None:
    held = BURST + "\nhold_days = 14"
    short = BURST.replace("bombing", "short") + "\nhold_days = 2"
    verdict = [Watched(guarded(held)).tell(1.0, 100) for _ in range(1)][-1]
    shop = Watched(guarded(held, short))
    for i in range(10):
        verdict = shop.tell(1.0, 100, actor=f"b:{i}")
    assert verdict.hold_until == 114 * DAY
    person = Watched(guarded(held, short, BURST.replace("bombing", "person")))
    for i in range(10):
        verdict = person.tell(1.0, 100, actor=f"b:{i}")
    assert (verdict.action, verdict.hold_until, len(verdict.reasons)) == ("hold", None, 3)


def test_the_strictest_action_wins_and_weights_multiply() -> None:
    half = 'name = "{0}"\nkind = "retaliation"\nweight = {1}\naction = "{2}"'
    two = guarded(half.format("a", 0.5, "weigh"), half.format("b", 0.25, "weigh"))
    three = guarded(
        half.format("a", 0.5, "weigh"), half.format("b", 0.25, "weigh"), half.format("c", 0.1, "reject")
    )
    answer = Facts(returned=(1.0, 99.0 * DAY))
    verdict = Watched(two).tell(1.0, 100, facts=answer)
    assert (verdict.action, verdict.weight) == ("weigh", 0.125)
    verdict = Watched(three).tell(1.0, 100, facts=answer)
    assert (verdict.action, verdict.weight) == ("reject", 0.125)
    assert [(reason.guard, reason.action) for reason in verdict.reasons] == [
        ("a", "weigh"),
        ("b", "weigh"),
        ("c", "reject"),
    ]


def test_an_answer_to_a_negative_counts_half() -> None:
    shop = Watched(guarded('name = "revenge"\nkind = "retaliation"'))
    verdict = shop.tell(1.0, 100.25, facts=Facts(returned=(2.0, 100 * DAY)))
    assert (verdict.action, verdict.weight, verdict.incidents) == ("weigh", 0.5, ())
    assert told(verdict) == ["It answers the 2 that the subject gave the actor 6 hours before."]
    for value, facts in (
        (4.0, Facts(returned=(2.0, 100 * DAY))),
        (1.0, Facts(returned=(4.0, 100 * DAY))),
        (1.0, Facts(returned=(2.0, 93 * DAY))),
        (1.0, Facts(returned=(2.0, 101 * DAY))),
        (1.0, Facts()),
    ):
        assert shop.tell(value, 100.25, facts=facts) is NOTHING


def test_nobody_rates_itself() -> None:
    shop = Watched(guarded('name = "self"\nkind = "self"\nsame = { actor_device = "shop_device" }'))
    assert told(shop.tell(5.0, 1, actor="shop:1")) == ["The actor is the subject."]
    assert shop.tell(5.0, 1, facts=Facts(same_owner=True)).action == "reject"
    verdict = shop.tell(5.0, 1, data={"actor_device": "d1", "shop_device": "d1"})
    assert told(verdict) == ["`actor_device` and `shop_device` are the same."]
    assert shop.tell(5.0, 1, data={"actor_device": "d1", "shop_device": "d2"}) is NOTHING
    assert shop.tell(5.0, 1, data={"actor_device": None}) is NOTHING


def test_an_actor_has_a_budget_per_subject() -> None:
    shop = Watched(guarded('name = "pair"\nkind = "budget"\nmost = 2\naction = "reject"'))
    for hour in (0, 5):
        assert shop.tell(5.0, 100 + hour / 24).action == "count"
    assert shop.tell(5.0, 100.3, actor="buyer:2").action == "count"
    verdict = shop.tell(5.0, 100.5)
    assert (verdict.action, told(verdict)) == (
        "reject",
        ["3 events by the same actor in a day; up to 2 are in order."],
    )
    assert phases(verdict) == [("pair", "begins")]
    # A day after the first there is room again.
    assert shop.tell(5.0, 101.6, actor="buyer:2").action == "count"


def test_an_actor_that_waits_for_the_crowd_to_pass_is_remembered() -> None:
    shop = Watched(guarded('name = "pair"\nkind = "budget"\nmost = 2'))
    assert shop.tell(5.0, 100) is NOTHING
    assert shop.tell(5.0, 100.01) is NOTHING
    for i in range(500):
        shop.tell(5.0, 100.02, actor=f"crowd:{i}")
    assert shop.tell(5.0, 100.03).action == "hold"
    assert shop.largest < 1024


def test_an_order_has_a_budget_whoever_speaks_of_it() -> None:
    shop = Watched(guarded('name = "order"\nkind = "budget"\nper = "ref"\nmost = 2\nhold_days = 3'))
    for i in range(2):
        assert shop.tell(5.0, 100, actor=f"b:{i}", ref="order:1") is NOTHING
        assert shop.tell(5.0, 100, ref=f"order:{i + 2}") is NOTHING
        assert shop.tell(5.0, 100, ref=None) is NOTHING
    verdict = shop.tell(5.0, 100.9, actor="b:9", ref="order:1")
    assert (verdict.action, told(verdict)) == (
        "hold",
        ["3 events under the same `ref` in a day; up to 2 are in order."],
    )
    assert shop.tell(5.0, 100.9, actor="b:9", ref="order:2") is NOTHING
    verdict = shop.tell(5.0, 101.9, actor="b:9", ref="order:1")
    assert (verdict.action, phases(verdict)) == ("count", [("order", "ends")])


def test_a_subject_has_a_budget_per_day() -> None:
    shop = Watched(guarded('name = "day"\nkind = "budget"\nper = "subject"\nmost = 10\ndays = 0.5'))
    said = [shop.tell(5.0, 100.1, actor=f"b:{i}").action for i in range(12)]
    assert said == ["count"] * 10 + ["hold"] * 2
    assert guards_due(shop.guards) == 100.5 * DAY
    verdict = shop.tell(5.0, 100.6)
    assert (verdict.action, phases(verdict)) == ("count", [("day", "ends")])


def test_a_budget_for_life_is_never_over_and_no_alarm() -> None:
    text = 'name = "edits"\nkind = "budget"\nper = "subject"\nmost = 3\ndays = 36525\n'
    shop = Watched(guarded(text + 'action = "weigh"\nweight = 0'))
    assert [shop.tell(5.0, day).weight for day in (100, 5_000, 15_000, 15_001, 30_000)] == [1, 1, 1, 0, 0]
    verdict = shop.tell(5.0, 36_000)
    assert told(verdict) == ["6 events in all; up to 3 are in order."]
    assert (phases(verdict), guards_due(shop.guards)) == ([], None)


def test_repetition_is_worth_less_each_time() -> None:
    shop = Watched(guarded('name = "again"\nkind = "repeat"\nlast = 5\nmost = 2'))
    said = [shop.tell(5.0, 100 + i) for i in range(6)]
    assert [verdict.weight for verdict in said] == [1, 1, 0.5, 0.25, 0.125, 0.125]
    assert told(said[2]) == ["3 of the last 3 events are by the same actor; up to 2 are in order."]


def test_raters_who_are_rated_back_are_told_apart_from_those_who_are_not() -> None:
    shop = Watched(guarded('name = "swap"\nkind = "reciprocity"\nlast = 10\naction = "weigh"\nweight = 0.2'))
    for i in range(9):
        assert shop.tell(5.0, i, actor=f"b:{i}", facts=RATED) is NOTHING
    verdict = shop.tell(5.0, 9, actor="b:9", facts=RATED)
    assert (verdict.action, verdict.weight, phases(verdict)) == ("weigh", 0.2, [("swap", "begins")])
    assert told(verdict) == [
        "10 of the last 10 raters were rated by the subject, too (100 %; up to 80 % is in order)."
    ]
    honest = shop.tell(5.0, 10, actor="b:10")
    assert (honest.action, phases(honest)) == ("count", [("swap", "goes_on")])
    assert phases(shop.tell(5.0, 11, actor="b:11")) == [("swap", "ends")]


def test_a_ring_is_seen_where_raters_know_one_another() -> None:
    policy = guarded('name = "ring"\nkind = "ring"\naction = "weigh"\nweight = 0\nleast = 4')
    members = [f"shop:{i}" for i in range(6)]
    minds = {member: begin_guards(policy) for member in members}
    rated = dict[tuple[str, str], float]()
    said = dict[str, list[Verdict]]()
    for giver in members:
        for taker in members:
            if giver == taker:
                continue
            event = Event("review", taker, actor=giver, value=5.0)
            effect = scoring.interpret(policy, event)
            back = rated.get((taker, giver))
            kin = kin_of(policy, minds[taker], minds[giver], giver)
            facts = Facts(returned=None if back is None else (back, 0.0), kin=kin)
            verdict = judge(policy, minds[taker], event, effect, facts=facts, at=0.0)
            minds[taker] = seen(policy, minds[taker], event, effect, facts=facts, at=0.0, verdict=verdict)
            rated[giver, taker] = 5.0
            said.setdefault(taker, []).append(verdict)
    # The first to be rated back by all: four of four raters, all six pairs.
    assert said["shop:0"][3].action == "weigh"
    assert told(said["shop:0"][3]) == [
        "100 % of all pairs among the last 4 raters know each other (from 45 % on it is a ring), and 4 of "
        "them were rated by the subject, too."
    ]
    stranger = Watched(policy)
    for i in range(10):
        assert stranger.tell(5.0, i, actor=f"b:{i}", facts=Facts(returned=(5.0, 0.0), kin=0)) is NOTHING


def test_too_many_new_accounts_are_noticed() -> None:
    shop = Watched(guarded('name = "fresh"\nkind = "fresh"\naction = "hold"\non = "positives"'))
    for i in range(40):
        assert shop.tell(5.0, 100 + i, actor=f"old:{i}", facts=OLD) is NOTHING
    said = [shop.tell(5.0, 141, actor=f"new:{i}") for i in range(14)]
    assert [verdict.action for verdict in said] == ["count"] * 10 + ["hold"] * 4
    assert told(said[10]) == ["11 of the last 20 raters are new accounts; 2.8 were to be expected."]
    assert shop.tell(5.0, 142, actor="old:1", facts=OLD).action == "count"


def test_new_accounts_have_a_budget_of_weight_per_day() -> None:
    shop = Watched(guarded('name = "fresh"\nkind = "fresh"\naction = "weigh"\nper_day = 2.5'))
    said = [shop.tell(1.0, 100, actor=f"new:{i}") for i in range(5)]
    assert [verdict.weight for verdict in said] == [1, 1, 0.5, 0, 0]
    assert told(said[3]) == ["New accounts would count 3.5 together in a day; up to 2.5 is in order."]
    assert shop.tell(1.0, 100, actor="old:1", facts=OLD) is NOTHING
    assert shop.tell(1.0, 101, actor="new:9").weight == 1
    light = Watched(guarded('name = "fresh"\nkind = "fresh"\naction = "hold"\nper_day = 0.2'))
    said = [light.tell(1.0, 100, actor=f"new:{i}", facts=Facts(weight=0.05)) for i in range(6)]
    assert [verdict.action for verdict in said] == ["count"] * 4 + ["hold"] * 2
    # Ten times .05 is not quite .5: what is left over is no weight.
    ten = Watched(guarded('name = "fresh"\nkind = "fresh"\naction = "weigh"\nshare = 1\nper_day = 0.5'))
    said = [ten.tell(1.0, 100, actor=f"new:{i}", facts=Facts(weight=0.05)) for i in range(12)]
    assert [verdict.weight for verdict in said] == [1] * 10 + [0, 0]


def test_someone_who_turns_is_noticed_after_a_few() -> None:
    shop = Watched(guarded('name = "exit"\nkind = "exit_scam"'))
    for i in range(40):
        assert shop.tell(4.0 + i % 2, i, actor=f"b:{i}") is NOTHING
    said = [shop.tell(1.0, 40 + i, actor=f"b:{40 + i}") for i in range(10)]
    alarmed = next(i for i, verdict in enumerate(said) if verdict.incidents)
    assert alarmed <= 3
    assert phases(said[alarmed]) == [("exit", "begins")]
    assert "The newest ratings are at" in told(said[alarmed])[0]
    recovered = [shop.tell(5.0, 60 + i, actor=f"b:{60 + i}") for i in range(10)]
    assert any(phases(verdict) == [("exit", "ends")] for verdict in recovered)


def test_what_takes_back_is_not_looked_at() -> None:
    policy = guarded(BURST)
    shop = Watched(policy)
    for i in range(20):
        shop.tell(1.0, 100, actor=f"b:{i}")
    event = Event("retract", "shop:1", ref="r1")
    effect = scoring.interpret(policy, event)
    verdict = judge(policy, shop.guards, event, effect, facts=Facts(), at=100.5 * DAY)
    assert verdict is NOTHING
    assert (
        seen(policy, shop.guards, event, effect, facts=Facts(), at=100.5 * DAY, verdict=verdict)
        == shop.guards
    )
    late = judge(policy, shop.guards, event, effect, facts=Facts(), at=120 * DAY)
    assert phases(late) == [("bombing", "ends")]


def test_only_the_facts_that_are_needed_are_asked_for() -> None:
    for kind, wanted in {
        "burst": Wants(),
        "budget": Wants(),
        "self": Wants(),
        "repeat": Wants(),
        "retaliation": Wants(returned=True),
        "reciprocity": Wants(returned=True),
        "ring": Wants(returned=True, kin=True),
        "fresh": Wants(actors=True, weight=True),
        "exit_scam": Wants(weight=True),
    }.items():
        assert wants(guarded(f'name = "g"\nkind = "{kind}"')) == wanted
    anywhere = guarded('name = "g"\nkind = "budget"\nper = "actor_anywhere"')
    assert wants(anywhere) == Wants(actors=True, spent=True)


def test_a_memory_of_another_policy_is_refused() -> None:
    one, other = guarded(BURST), guarded('name = "r"\nkind = "repeat"', BURST)
    shop = Watched(one)
    shop.tell(1.0, 100)
    for data in (
        encode_guards(shop.guards),
        b"[[null,null,null],[]]",
        b"{",
        b'[[null,null],[[7,0,0,0,0,0,0,""]]]',
    ):
        with pytest.raises(PolicyError) as caught:
            decode_guards(other, data)
        assert caught.value.problem_code == "state_mismatch"
    assert decode_guards(one, b"") == begin_guards(one)


@pytest.mark.parametrize(
    "guard, field, expected",
    [
        ('name = "g"\nkind = "brust"', "guards[0].kind", "burst"),
        ('kind = "burst"', "guards[0].name", "a string"),
        ('name = "G!"\nkind = "burst"', "guards[0].name", "a-z, 0-9, _, -"),
        ('name = "g"\nkind = "burst"\nwindow = [1]', "guards[0].window", "windows"),
        ('name = "g"\nkind = "burst"\nwindows = [7, 1]', "guards[0].windows", "the shortest first"),
        ('name = "g"\nkind = "burst"\nwindows = [0]', "guards[0].windows[0]", "1 to 60"),
        ('name = "g"\nkind = "burst"\ntypes = ["reviews"]', "guards[0].types[0]", "review"),
        ('name = "g"\nkind = "burst"\naction = "halt"', "guards[0].action", '"count"'),
        ('name = "g"\nkind = "burst"\nhold_days = 3', "guards[0].hold_days", 'action = "hold"'),
        ('name = "g"\nkind = "burst"\nchance = 2', "guards[0].chance", "1e-12 to 0.1"),
        ('name = "g"\nkind = "ring"\nlast = 100', "guards[0].last", "2 to 60"),
        ('name = "g"\nkind = "ring"\nlast = 10\nleast = 20', "guards[0].least", "2 to 10"),
        ('name = "g"\nkind = "repeat"\nlast = 5\nmost = 5', "guards[0].most", "1 to 4"),
        ('name = "g"\nkind = "exit_scam"\nfast = 0.99', "guards[0].fast", "< 0.98"),
        ('name = "g"\nkind = "self"\nsame = { a = "a" }', "guards[0].same.a", "another attribute"),
        ('name = "g"\nkind = "weigh"\nweight = 2', "guards[0].kind", "one of"),
        ('name = "g"\nkind = "repeat"\nweight = 2', "guards[0].weight", "0 to 1"),
    ],
)
def test_a_wrong_guard_is_named_with_what_was_expected(guard: str, field: str, expected: str) -> None:
    with pytest.raises(PolicyError) as caught:
        guarded(guard)
    assert caught.value.field == field
    assert expected in (caught.value.expected or "")


def test_two_guards_have_two_names() -> None:
    with pytest.raises(PolicyError) as caught:
        guarded(BURST, BURST)
    assert caught.value.field == "guards[1].name"
    with pytest.raises(PolicyError) as caught:
        guarded(*[BURST.replace("bombing", f"b{i}") for i in range(17)])
    assert caught.value.field == "guards"


def test_a_category_stands_in_where_nothing_goes_into_the_whole() -> None:
    policy = load(
        """
        name = "shop"
        kind = "shop"
        version = 1
        title = "Shop"
        [scale]
        min = 1
        max = 5
        [categories.speed]
        scale = { min = 0, max = 100 }
        [score]
        method = "mean"
        [rules.late]
        value = 20
        into = { speed = 1 }
        [[guards]]
        name = "revenge"
        kind = "retaliation"
        """
    )
    shop = Watched(policy)
    assert shop.tell(None, 1, type="late", facts=Facts(returned=(30.0, 0.9 * DAY))).action == "weigh"


def test_points_are_negative_below_nothing() -> None:
    policy = load(
        "\n".join(
            [
                'name = "m"\nkind = "shop"\nversion = 1\ntitle = "M"',
                "[scale]\nmin = 0\nmax = 1000",
                '[score]\nmethod = "points"',
                '[rules.review]\nvalue = "required"\nmin = -10\nmax = 10',
                '[[guards]]\nname = "revenge"\nkind = "retaliation"',
            ]
        )
    )
    assert Watched(policy).tell(-1.0, 1, facts=Facts(returned=(-2.0, DAY - HOUR))).action == "weigh"
    assert Watched(policy).tell(1.0, 1, facts=Facts(returned=(-2.0, DAY - HOUR))) is NOTHING


def test_presets_load_with_their_guards() -> None:
    for name in ("product", "seller", "trader"):
        assert wants(preset(name)) is not None
