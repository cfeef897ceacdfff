"""What a life looks at is what a reading says: the same scores and counts, and all that it asks for."""

import random

import pytest

from renown import scoring
from renown.errors import EventError
from renown.model import Event
from renown.policy import attributes_of, preset, preset_names
from renown.scoring.life import Life, Moment, Turned, look, turn
from tests.unit.test_policies_known import PAGES, policy_of

WORLDS = {**{name: preset(name) for name in preset_names()}, **{page: policy_of(page) for page in PAGES}}
START = 1_780_000_000.0


@pytest.mark.parametrize("name", WORLDS)
def test_a_life_turns_alike_by_a_look_and_by_a_reading(name: str) -> None:
    policy, drawn = WORLDS[name], random.Random(name)
    state, at = scoring.empty(policy), START
    whole: Life = scoring.begin_life(policy)
    looked: Life = whole
    calm: Turned | None = None
    folded = 0
    for n in range(300):
        at += drawn.expovariate(1 / 20_000)
        kind = drawn.choice(list(policy.rules))
        rule = policy.rules[kind]
        low = max(policy.scale.min if rule.min is None else rule.min, -50.0)
        high = min(policy.scale.max if rule.max is None else rule.max, max(low, 50.0))
        value = None if rule.value_mode == "none" else float(drawn.randint(int(low), int(high)))
        data = {each: drawn.choice((30, 30, "high", True)) for each in sorted(attributes_of(policy))}
        event = Event(kind, f"{policy.kind}:1", f"e{n}", f"x:{n % 40}", value, ref=f"r{n}", data=data)
        try:
            state = scoring.fold(policy, state, scoring.interpret(policy, event, at).contributions, at)
        except EventError:
            continue
        folded += 1
        given = {"": drawn.uniform(low, high)} if n % 3 else {}
        reading, seen = scoring.read(policy, state, at, given), look(policy, state, at, given)
        assert (seen.score, seen.count, seen.tier, seen.provisional) == (
            reading.score,
            reading.count,
            reading.tier,
            reading.provisional,
        )
        assert all(reading.categories[part] == each for part, each in seen.categories.items())
        one = turn(policy, whole, Moment(at, reading, kind, value=value, data=data))
        calm = turn(policy, looked, Moment(at, seen, kind, value=value, data=data), calm and calm.calm)
        whole, looked = one.life, calm.life
        assert (whole, one.changes, one.due) == (looked, calm.changes, calm.due)
    assert folded > 30
