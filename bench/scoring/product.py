"""The product as a predictor: its policies and its scoring functions, called as the ledger calls them."""

from typing_extensions import override

from bench.scoring.data import Rating
from bench.scoring.prediction import Predictor
from renown import scoring
from renown.model import Event
from renown.policy import Policy, load, preset
from renown.scoring import State

__all__ = ["Product", "bayesian", "hardened", "mean", "trader"]

_POLICY = """
name = "bench"
kind = "trader"
version = 1
title = "Bench"
[scale]
min = -10
max = 10
[score]
{score}
{raters}
[rules.rating]
{once}
"""


class Product(Predictor):
    """All traders under one policy: interpret, rater weight, fold, observe."""

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self.policy = policy
        self.states = dict[str, State]()
        self.kind = scoring.kind_empty(policy)

    def score(self, target: int, at: float) -> float:
        """Return the score that a standing would show, on -1 to 1."""
        state = self.states.get(f"trader:{target}") or scoring.empty(self.policy)
        return scoring.read(self.policy, state, at, self.kind.prior()).score / 10

    def weight(self, source: int) -> float:
        """Return what `source`'s word weighs."""
        actor = f"trader:{source}"
        return scoring.rater_weight(self.policy, self.states.get(actor), self.kind.is_seed(actor))

    def learn(self, rating: Rating) -> None:
        """Fold the rating in."""
        subject, actor = f"trader:{rating.target}", f"trader:{rating.source}"
        event = Event("rating", subject, actor=actor, value=rating.value * 10)
        effect = scoring.interpret(self.policy, event)
        contributions = scoring.weigh(effect.contributions, self.weight(rating.source))
        state = self.states.get(subject) or scoring.empty(self.policy)
        self.states[subject] = scoring.fold(self.policy, state, contributions, rating.at)
        self.kind = scoring.observe(self.policy, self.kind, actor, contributions)
        super().learn(rating)

    @override
    def believe(self, later: Predictor) -> None:
        super().believe(later)
        assert isinstance(later, Product)
        self.kind = later.kind


def _policy(score: str, raters: str = "") -> Policy:
    return load(_POLICY.format(score=score, raters=raters, once='one_per = "actor"'), "bench")


def mean() -> Product:
    """Return the running mean."""
    return Product(_policy('method = "mean"'))


def bayesian(weight: float, half_life_days: float | None = None) -> Product:
    """Return the mean with `weight` imagined ratings of the running mean of all."""
    fades = "" if half_life_days is None else f"\nhalf_life_days = {half_life_days}"
    prior = f"prior = {{ value = 0, weight = {weight}, running = true }}"
    return Product(_policy(f'method = "bayesian_mean"\n{prior}{fades}'))


def hardened(*, floor: float = 0.05, seeds: int = 20, memory: float = 0.8) -> Product:
    """Return the fading mean with rater weights, as the trader preset has it but for what is given."""
    score = (
        'method = "fading_mean"\nprior = { value = 0, weight = 0.5, running = true }\n'
        f"memory = {memory}\nhalf_life_days = 180"
    )
    return Product(_policy(score, f"[raters]\nfloor = {floor}\nseeds = {seeds}"))


def trader() -> Product:
    """Return the shipped trader preset."""
    return Product(preset("trader"))
