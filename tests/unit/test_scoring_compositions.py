"""Compositions and shapes against numbers worked out by hand, and what cannot be declared."""

from math import exp

import pytest

from renown import scoring
from renown.errors import PolicyError
from renown.model import Contribution, Event
from renown.policy import Policy, load
from tests.unit.scoring_worlds import NOW, folded_all, made_of

_HALF = 'method = "sum_of"\nparts = { a = 1 }\n'


def read(policy: Policy, **values: tuple[float, ...]) -> scoring.Reading:
    said = [((Contribution(name, value, 1.0),), NOW) for name, each in values.items() for value in each]
    return scoring.read(policy, folded_all(policy, said), NOW)


def test_a_sum_of_parts() -> None:
    """.7·6 + .5·(2·5 + 8)/3 − .1·3 + 1 = 4.2 + 3 − .3 + 1."""
    policy = made_of('method = "sum_of"\nparts = { a = 0.7, b = 0.5, n = -0.1 }\nconstant = 1')
    reading = read(policy, a=(5, 7), b=(8,), n=(0, 0, 0))
    assert reading.score == pytest.approx(7.9, abs=1e-12)
    assert reading.count == 6
    assert reading.categories["n"].score == 3


def test_empty_parts_are_left_out() -> None:
    """b is empty: a alone, its factor scaled up from 1 to 1 + 2."""
    policy = made_of('method = "sum_of"\nparts = { a = 1, b = 2 }\nskip_empty = true')
    assert read(policy, a=(2,)).score == pytest.approx(6, abs=1e-12)
    assert read(policy).score == 10
    assert read(made_of('method = "lowest_of"\nparts = ["a", "n"]\nskip_empty = true'), a=(4,)).score == 4
    assert read(made_of('method = "lowest_of"\nparts = ["a", "n"]'), a=(4,)).score == 0


def test_a_geometric_mean() -> None:
    """The weights are 1 and 2: (8 · 1²)^(1/3) = 2; `both` is the lower of a = 8 and b = 1 (rounded)."""
    policy = made_of('method = "geometric_mean_of"\nparts = { a = 1, both = 2 }')
    b = (1,) * 1000
    assert read(policy, a=(8,), b=b).categories["both"].score == 1
    assert read(policy, a=(8,), b=b).score == pytest.approx(2, abs=1e-12)
    assert read(policy, a=(0,), b=b).score == 0


def test_a_ratio() -> None:
    policy = made_of('method = "ratio_of"\nof = "a"\nto = "n"\nfactor = 2\nempty = 3')
    assert read(policy, a=(6,)).score == 3
    assert read(policy, a=(6,), n=(0,) * 4).score == 3
    assert read(policy, a=(6,), n=(0,) * 3).score == 4


def test_a_gate_asks_for_all_or_for_some() -> None:
    asked = '[{ part = "a", at_least = 4 }, { part = "b", at_most = 6 }, { part = "n", min_count = 2 }]'
    every = made_of(f'method = "gate_of"\nconditions = {asked}')
    some = made_of(f'method = "gate_of"\nconditions = {asked}\nneed = 2\nthen = "a"\notherwise = 1')
    assert read(every, a=(4,), b=(8,), n=(0, 0)).score == 10
    assert read(every, a=(4,), b=(8,), n=(0,)).score == 0
    assert read(some, a=(4,), b=(8,), n=(0,)).score == 4
    assert read(some, a=(3.9,), b=(8,), n=(0,)).score == 1


def test_penalties_are_capped_and_compressed() -> None:
    """9 less 2·3 for n, at most 5; compressed by 4: 9 − 4·(1 − e^(−5/4))."""
    plain = made_of('method = "penalty_of"\nbase = 9\nparts = { n = { per = 2, most = 5 } }')
    bent = made_of('method = "penalty_of"\nbase = 9\ncompress = 4\nparts = { n = { per = 2, most = 5 } }')
    assert read(plain, n=(0, 0)).score == 5
    assert read(plain, n=(0, 0, 0)).score == 4
    assert read(bent, n=(0, 0, 0)).score == pytest.approx(9 - 4 * (1 - exp(-1.25)), abs=1e-12)


def test_a_pull_lets_go_as_evidence_comes() -> None:
    """Towards 7 by (n + 1) / (n + 10): nothing said, 7 + (5 − 7)·.1; eight times 2, 7 − 5·.5."""
    policy = made_of(_HALF, "[shape]\npull = { towards = 7, have = 1, need = 10 }")
    assert read(policy).score == pytest.approx(6.8, abs=1e-12)
    assert read(policy, a=(2,) * 8).score == pytest.approx(4.5, abs=1e-12)
    by = made_of(_HALF, '[shape]\npull = { towards = 7, need = 4, by = "n" }')
    assert read(by, a=(2,), n=(0, 0, 0, 0)).score == pytest.approx(4.5, abs=1e-12)


def test_a_map_bends_and_levels() -> None:
    policy = made_of(_HALF, "[shape]\nmap = [[2, 0], [6, 1], [8, 9]]")
    for value, expected in ((0, 0), (2, 0), (4, 0.5), (6, 1), (7, 5), (8, 9), (10, 9)):
        assert read(policy, a=(value,)).score == pytest.approx(expected, abs=1e-12)


def test_halves_round_up() -> None:
    policy = made_of(_HALF, "[shape]\nstep = 0.5")
    for value, expected in ((4.24, 4), (4.25, 4.5), (4.74, 4.5), (4.75, 5)):
        assert read(policy, a=(value,)).score == expected


def test_a_step_of_a_tenth_shows_tenths() -> None:
    assert read(made_of(_HALF, "[shape]\nstep = 0.1"), a=(0.31,)).score == 0.3


def test_hysteresis_keeps_what_was_shown() -> None:
    """`last` instead of a mean: 5 is shown until 5.8 or more (5 + .5 + .3), then 6 until below 5.2."""
    text = """
name = "grade"
kind = "grade"
version = 1
title = "Grade"
scale = { min = 0, max = 10 }
score = { method = "last" }
shape = { step = 1, hysteresis = 0.3 }
[rules.graded]
"""
    policy = load(text)
    shown: list[float] = []
    state = scoring.empty(policy)
    for i, value in enumerate((5, 5.6, 5.79, 5.8, 5.5, 5.2, 5.19, 8, 4.5)):
        (contribution,) = scoring.interpret(policy, Event("graded", "grade:1", value=value)).contributions
        state = scoring.fold(policy, state, (contribution,), NOW + i)
        shown.append(scoring.read(policy, state, NOW + i).score)
    assert shown == [5, 5, 5, 6, 6, 6, 5, 8, 5]
    assert scoring.needs_refold(policy, state, NOW)


@pytest.mark.parametrize(
    "score, shape, field, expected",
    [
        ('method = "sum_of"\nparts = { c = 1 }', "", "score.parts.c", "one of a, b, n, both"),
        ('method = "sum_of"\nparts = {}', "", "score.parts", "categories"),
        ('method = "lowest_of"\nparts = ["bth"]', "", "score.parts[0]", "both"),
        ('method = "ratio_of"\nof = "a"\nto = "overall"', "", "score.to", "one of"),
        ('method = "ratio_of"\nof = "a"\nto = "b"\nempty = 11', "", "score.empty", "0 to 10"),
        ('method = "gate_of"\nconditions = []', "", "score.parts", "categories"),
        (
            'method = "gate_of"\nconditions = [{ part = "a" }]',
            "",
            "score.conditions[0]",
            "at_least, at_most or min_count",
        ),
        (
            'method = "gate_of"\nneed = 2\nconditions = [{ part = "a", at_least = 1 }]',
            "",
            "score.need",
            "1 to 1",
        ),
        (
            'method = "gate_of"\nthen = "aa"\nconditions = [{ part = "a", at_least = 1 }]',
            "",
            "score.then",
            "a",
        ),
        ('method = "penalty_of"\nbase = 12\nparts = { a = {} }', "", "score.base", "0 to 10"),
        ('method = "penalty_of"\nbase = 1\nparts = { a = { per = -1 } }', "", "score.parts.a.per", "0 to"),
        (_HALF, "[shape]\nhysteresis = 1", "shape.hysteresis", "step"),
        (_HALF, "[shape]\nmap = [[0, 1], [1, 0]]", "shape.map", "never falling"),
        (_HALF, "[shape]\nmap = [[0, 1]]", "shape.map", "two points"),
        (_HALF, "[shape]\nmap = [[0, 1, 2]]", "shape.map[0]", "a list of 2"),
        (_HALF, "[shape]\npull = { towards = 1, need = 1, have = 2 }", "shape.pull.need", "2 to"),
        (_HALF, "[shape]\nround = 1", "shape.round", ""),
        (_HALF, "[rules.x]", "rules.x.into.overall", "one of a, b, n"),
    ],
)
def test_what_cannot_be_meant_names_the_key(score: str, shape: str, field: str, expected: str) -> None:
    with pytest.raises(PolicyError) as caught:
        made_of(score, shape)
    assert caught.value.field == field
    assert expected in (caught.value.expected or "")
