"""What is missing to each tier: told as the tiers themselves decide."""

import pytest

from renown import scoring
from renown.model import Contribution
from renown.policy import load
from renown.scoring.life import Need, Progress, has_life, progress
from tests.unit.test_policies_known import PAGES, lived_at, moment, policy_of, rows

TIERED = [page for page in PAGES if policy_of(page).tiers]
TIMES = sorted({(page, when) for page, when, _, _ in rows() if page in TIERED and page != "imdb"})


def at(page: str, when: str) -> Progress:
    policy, now = policy_of(page), moment(when)
    lived = lived_at(page, f"{policy.kind}:1", now)
    found = progress(policy, lived.life if has_life(policy) else None, lived.reading(now), now)
    assert found is not None
    return found


def needs(found: Progress, tier: str) -> dict[str, tuple[float, float]]:
    step = next(step for step in found.steps if step.name == tier)
    names = {need.what if need.part is None else f"{need.part} {need.what}": need for need in step.needs}
    return {name: (round(need.have, 6), need.need) for name, need in names.items()}


@pytest.mark.parametrize("page, when", TIMES)
def test_what_is_missing_is_why_a_tier_is_not_held(page: str, when: str) -> None:
    policy, found = policy_of(page), at(page, when)
    turned = lived_at(page, f"{policy.kind}:1", moment(when)).turned
    if turned is None:
        return  # before the first event there is no life
    assert found.tier == (turned.tier if has_life(policy) else found.tier)
    assert [step.name for step in found.steps] == [tier.name for tier in policy.tiers]
    assert [step.name for step in found.steps if step.held] == ([found.tier] if found.tier else [])
    assert sorted((step.reached for step in found.steps), reverse=True) == [s.reached for s in found.steps]
    if found.next_look is not None or found.set_by_event:
        return
    above = [step for step in found.steps if not step.reached]
    assert all(any(not need.met for need in step.needs) for step in above)
    if found.safe_until is None:
        assert all(need.met for step in found.steps if step.held for need in step.needs)


def test_lasting_counts_days_and_keeping_asks_for_less() -> None:
    assert needs(at("seller", "2023-01-14"), "top-rated") == {
        "score": (4.771861, 4.5),
        "count": (40, 25),
        "delivery score": (4.771861, 4.2),
        "lasting": (13, 14),
    }
    held = at("seller", "2024-01-01")
    assert held.tier == "top-rated"
    assert needs(held, "top-rated")["score"] == (4.513514, pytest.approx(4.41))
    assert needs(held, "standard") == {}, "what is below is had"
    lost = at("seller", "2024-12-31")
    (score, *_) = next(step for step in lost.steps if step.held).needs
    assert score.met is False
    assert lost.safe_until == "2025-01-07T00:00:00.000000Z"


def test_weeks_that_were_enough_are_counted_until_the_next_monday() -> None:
    found = at("freelancer", "2026-05-03")
    weeks = next(n for step in found.steps if step.name == "top-rated" for n in step.needs if n.of)
    assert weeks == Need("weeks", 12, 13, False, of=16)
    assert found.next_look == "2026-05-04T00:00:00.000000Z"
    assert needs(at("freelancer", "2026-05-10"), "top-rated-plus")["clients score"] == (3, 3)


PLAIN = load("""
name = "plain"
kind = "plain"
version = 1
title = "Plain"
[scale]
min = 0
max = 100
[score]
method = "mean"
[rules.mark]
[evidence]
min_count = 2
[[tiers]]
name = "some"
[[tiers]]
name = "many"
min_score = 50
min_count = 3
""")


def test_plain_tiers_and_too_little_evidence() -> None:
    def told(*values: float) -> Progress:
        state = scoring.empty(PLAIN)
        for value in values:
            state = scoring.fold(PLAIN, state, [Contribution("", value, 1)], 1.0)
        found = progress(PLAIN, None, scoring.read(PLAIN, state, 1.0), 1.0)
        assert found is not None
        return found

    assert told(80).tier is None
    assert needs(told(80), "some") == {"evidence": (1, 2)}
    assert needs(told(80, 20), "many") == {"score": (50, 50), "count": (2, 3)}
    assert [need.met for need in told(80, 20).steps[1].needs] == [True, False]
    assert told(80, 20, 70).tier == "many"


def test_a_policy_without_tiers_has_no_progress() -> None:
    policy = policy_of("imdb")
    assert (
        policy.tiers or progress(policy, None, scoring.read(policy, scoring.empty(policy), 0.0), 0.0) is None
    )
