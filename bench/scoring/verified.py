"""What unverified reviews are worth: predicting the next verified star on Amazon."""

from bench.report import Report
from bench.scoring.comparison import Allowed, Row, Sheet, report_of
from bench.scoring.data import AMAZON, Review, reviews
from bench.scoring.measures import rmse
from renown import scoring
from renown.model import Event
from renown.policy import Policy, load
from renown.scoring import State

__all__ = ["NEEDS", "next_verified", "policy", "verified"]

NEEDS = (AMAZON,)
DAY = 86_400.0
MEASURED = {1.0: 1.175, 0.5: 1.170, 0.2: 1.168, 0.0: 1.168}
_POLICY = """
name = "bench"
kind = "product"
version = 1
title = "Bench"
[scale]
min = 1
max = 5
[score]
method = "bayesian_mean"
prior = {{ value = 4, weight = 5, running = true }}
[rules.review]
weight = 1
[[rules.review.weights]]
when = {{ verified = false }}
weight = {weight}
"""


def policy(weight: float) -> Policy:
    """Return a Bayesian mean of five imagined reviews that gives unverified ones a weight."""
    return load(_POLICY.format(weight=weight), "bench")


def next_verified(rules: Policy, stream: list[Review]) -> list[tuple[float, float]]:
    """Return (score, stars) of every verified review whose product has an earlier review."""
    states, kind = dict[str, State](), scoring.kind_empty(rules)
    pairs = list[tuple[float, float]]()
    for review in stream:
        at = review.day * DAY
        state = states.get(review.product)
        if state is not None and review.verified:
            pairs.append((scoring.read(rules, state, at, kind.prior()).score, review.stars))
        event = Event(
            "review", f"product:{review.product}", value=review.stars, data={"verified": review.verified}
        )
        contributions = scoring.interpret(rules, event).contributions
        states[review.product] = scoring.fold(rules, state or scoring.empty(rules), contributions, at)
        kind = scoring.observe(rules, kind, None, contributions)
    return pairs


def verified() -> Report:
    """The paragraph of C3 on verified reviews."""
    stream = reviews()
    sheet = Sheet("Predicting the next verified star", ("RMSE",), reference="measured before")
    scored = 0
    for weight, measured in MEASURED.items():
        pairs = next_verified(policy(weight), stream)
        scored = len(pairs)
        row = Row(f"unverified weigh {weight:g}", (rmse(pairs),), (measured,), Allowed(0.005, ("same",)))
        sheet.rows.append(row)
    notes = [
        f"{scored:,} verified reviews scored; a Bayesian mean with m=5 (product). Weight .2 keeps almost all."
    ]
    return report_of("verified", "Verified reviews: Amazon", [sheet], notes)
