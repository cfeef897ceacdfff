"""How well the trader policy predicts real ratings: prequential, on Bitcoin OTC.

Every rating of the file, in time order, is first predicted by the score its subject has at that moment
and then folded in: interpret, rater weight, fold, observe, as the ledger does. Scored are ratings of
subjects with at least one earlier rating. RMSE and Pearson on ratings divided by 10; AUC of "the rating
is negative" by minus the prediction. Then the first attacks: how far fresh accounts and a ring of
colluders move the public score.

Data: SNAP soc-sign-bitcoin-otc (Kumar et al., ICDM 2016), expected in ../shared/data beside the project.
Exits 1 when the hardened fading mean misses RMSE <= .305 or AUC >= .815, 2 when the data is absent.
"""

import csv
import gzip
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from time import perf_counter

from renown import scoring
from renown.model import Contribution, Event
from renown.policy import Policy, load, preset
from renown.scoring import KindState, State

DATA = Path(__file__).parents[1].parent / "shared" / "data" / "bitcoin-otc.csv.gz"
MAX_RMSE, MIN_AUC = 0.305, 0.815
HARDENED = "fading mean R1, hardened (trader)"

PUBLISHED = {
    HARDENED: (0.305, 0.573, 0.818),
    "Bayesian mean, m=2": (0.324, 0.508, 0.781),
    "running mean": (0.326, 0.481, 0.768),
}
ATTACK_PUBLISHED = {"20 fresh accounts at -10": -0.30, "ring of 20 at +10": 0.46}

_PLAIN = """
name = "{name}"
kind = "trader"
version = 1
title = "{name}"
[scale]
min = -10
max = 10
[score]
{score}
[rules.rating]
one_per = "actor"
"""


def policies() -> dict[str, Policy]:
    mean = _PLAIN.format(name="running", score='method = "mean"')
    bayes = _PLAIN.format(
        name="bayes", score='method = "bayesian_mean"\nprior = { value = 0, weight = 2, running = true }'
    )
    return {
        HARDENED: preset("trader"),
        "Bayesian mean, m=2": load(bayes, "bench"),
        "running mean": load(mean, "bench"),
    }


@dataclass(frozen=True)
class Rating:
    event: Event
    value: float
    at: float


@dataclass
class World:
    """All traders under one policy, fed through the product's own functions."""

    policy: Policy
    kind: KindState
    states: dict[str, State] = field(default_factory=dict[str, State])

    @classmethod
    def new(cls, policy: Policy) -> "World":
        return cls(policy, scoring.kind_empty(policy))

    def score(self, subject: str, at: float) -> float:
        state = self.states.get(subject) or scoring.empty(self.policy)
        return scoring.read(self.policy, state, at, self.kind.prior()).score

    def weighed(self, event: Event) -> tuple[Contribution, ...]:
        effect = scoring.interpret(self.policy, event)
        actor = event.actor or ""
        weight = scoring.rater_weight(self.policy, self.states.get(actor), self.kind.is_seed(actor))
        return scoring.weigh(effect.contributions, weight)

    def apply(self, event: Event, at: float) -> None:
        contributions = self.weighed(event)
        state = self.states.get(event.subject) or scoring.empty(self.policy)
        self.states[event.subject] = scoring.fold(self.policy, state, contributions, at)
        self.kind = scoring.observe(self.policy, self.kind, event.actor, contributions)


@dataclass(frozen=True)
class Figures:
    rmse: float
    pearson: float
    auc: float
    scored: int
    negative: float
    micros: float
    """Per event, predicting and folding together."""


def ratings(path: Path = DATA) -> list[Rating]:
    """Read the file; it is in time order."""

    def rows() -> Iterator[Rating]:
        with gzip.open(path, "rt", newline="") as file:
            for row in csv.DictReader(file):
                value = float(row["rating"])
                subject, actor = f"trader:{row['target']}", f"trader:{row['source']}"
                yield Rating(Event("rating", subject, actor=actor, value=value), value, float(row["time"]))

    return list(rows())


def prequential(policy: Policy, data: list[Rating]) -> tuple[Figures, World]:
    world = World.new(policy)
    pairs: list[tuple[float, float]] = []
    started = perf_counter()
    for rating in data:
        if rating.event.subject in world.states:
            pairs.append((world.score(rating.event.subject, rating.at) / 10, rating.value / 10))
        world.apply(rating.event, rating.at)
    micros = (perf_counter() - started) / len(data) * 1e6
    negative = sum(truth < 0 for _, truth in pairs) / len(pairs)
    return Figures(_rmse(pairs), _pearson(pairs), auc(pairs), len(pairs), negative, micros), world


def _rmse(pairs: list[tuple[float, float]]) -> float:
    return sqrt(sum((guess - truth) ** 2 for guess, truth in pairs) / len(pairs))


def _pearson(pairs: list[tuple[float, float]]) -> float:
    n = len(pairs)
    mean_guess = sum(guess for guess, _ in pairs) / n
    mean_truth = sum(truth for _, truth in pairs) / n
    both = sum((guess - mean_guess) * (truth - mean_truth) for guess, truth in pairs)
    guesses = sum((guess - mean_guess) ** 2 for guess, _ in pairs)
    truths = sum((truth - mean_truth) ** 2 for _, truth in pairs)
    return both / sqrt(guesses * truths)


def auc(pairs: list[tuple[float, float]]) -> float:
    """Area under the curve of "negative" by minus the guess: Mann-Whitney with mid-ranks for ties."""
    ranked = sorted(((-guess, truth < 0) for guess, truth in pairs), key=lambda pair: pair[0])
    rank_sum, i = 0.0, 0
    while i < len(ranked):
        j = i
        while j < len(ranked) and ranked[j][0] == ranked[i][0]:
            j += 1
        rank_sum += (i + j + 1) / 2 * sum(bad for _, bad in ranked[i:j])
        i = j
    bad = sum(bad for _, bad in ranked)
    return (rank_sum - bad * (bad + 1) / 2) / (bad * (len(ranked) - bad))


def shift(world: World, subjects: dict[str, float], attack: list[tuple[str, str | None, float]]) -> float:
    """Return by how much an attack moves the mean public score of `subjects`, on the scale -1 to 1.

    The attack is a list of (actor, subject, value), None meaning the subject under attack; each subject
    is attacked at the time of its last rating, in a world where nobody else is.
    """
    total = 0.0
    for subject, at in subjects.items():
        states = dict(world.states)
        attacked = World(world.policy, world.kind, states)
        before = attacked.score(subject, at)
        for actor, target, value in attack:
            attacked.apply(Event("rating", target or subject, actor=actor, value=value), at)
        after = scoring.read(world.policy, states[subject], at, world.kind.prior()).score
        total += (after - before) / 10
    return total / len(subjects)


def attacks(world: World, data: list[Rating]) -> dict[str, float]:
    counts: dict[str, int] = {}
    last: dict[str, float] = {}
    for rating in data:
        subject = rating.event.subject
        counts[subject] = counts.get(subject, 0) + 1
        last[subject] = rating.at
    scores = {subject: world.score(subject, at) for subject, at in last.items()}
    known = sorted(subject for subject, count in counts.items() if count >= 10 and scores[subject] > 0)
    step = len(known) // 150
    good = {subject: last[subject] for subject in known[::step][:150]}
    disliked = sorted(subject for subject, score in scores.items() if score < 0)
    bad = {subject: last[subject] for subject in disliked[:: len(disliked) // 100][:100]}
    fresh = [(f"trader:fresh{i}", None, -10.0) for i in range(20)]
    ring = [f"trader:ring{i}" for i in range(20)]
    praise = [(a, b, 10.0) for a in ring for b in ring if a != b]
    return {
        "20 fresh accounts at -10": shift(world, good, list(fresh)),
        "ring of 20 at +10": shift(world, bad, [*praise, *((a, None, 10.0) for a in ring)]),
    }


def main() -> int:
    if not DATA.exists():
        print(f"The ratings are not there: {DATA}. See the module's docstring for their origin.")
        return 2
    data = ratings()
    print(f"Bitcoin OTC: {len(data):,} ratings, prequential")
    print(f"{'':36}{'RMSE':>8}{'Pearson':>9}{'AUC':>8}   {'published':>16}{'us/event':>10}")
    gate: Figures | None = None
    world: World | None = None
    for name, policy in policies().items():
        figures, after = prequential(policy, data)
        if gate is None:
            gate, world = figures, after
        published = "/".join(f"{value:.3f}"[1:] for value in PUBLISHED[name])
        print(
            f"{name:36}{figures.rmse:8.4f}{figures.pearson:9.4f}{figures.auc:8.4f}"
            f"   {published:>16}{figures.micros:10.1f}"
        )
    assert gate is not None
    assert world is not None
    print(f"scored {gate.scored:,}, {gate.negative:.2%} negative (published: 29,734, 10.65 %)\n")
    print("Attacks on the trader policy: shift of the public score, scale -1 to 1")
    for name, moved in attacks(world, data).items():
        print(f"{name:36}{moved:+8.3f}   published {ATTACK_PUBLISHED[name]:+.2f}")
    good = gate.rmse <= MAX_RMSE and gate.auc >= MIN_AUC
    print(
        f"\nGate: RMSE {gate.rmse:.6f} <= {MAX_RMSE} and AUC {gate.auc:.6f} >= {MIN_AUC}:"
        f" {'passed' if good else 'MISSED'}"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
