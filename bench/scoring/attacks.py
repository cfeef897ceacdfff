"""Table E: how far attacks move the public score, on Bitcoin OTC."""

from typing import NamedTuple

from bench.report import Report
from bench.scoring import product
from bench.scoring.comparison import Allowed, Row, Sheet, report_of
from bench.scoring.data import OTC, Rating, traders
from bench.scoring.fading import Fading
from bench.scoring.means import Beta
from bench.scoring.prediction import Predictor

__all__ = ["ATTACKS", "NEEDS", "Attack", "Field", "attacks", "negatives_to_fall", "shift"]

NEEDS = (OTC,)
FRESH = 1_000_000
"""Ids from here on are accounts that nobody has seen before."""


class Attack(NamedTuple):
    name: str
    fresh: int
    """How many new accounts rate the subject."""
    value: float
    good: bool
    """Whether good subjects are attacked, or bad ones praised."""
    ring: bool = False
    """Whether the accounts praise each other first."""
    turned: int = 0
    """How many established raters rate the subject."""


ATTACKS = (
    Attack("1 fresh account, −10", 1, -1.0, True),
    Attack("5 fresh, −10", 5, -1.0, True),
    Attack("20 fresh, −10", 20, -1.0, True),
    Attack("100 fresh, −10", 100, -1.0, True),
    Attack("5 fresh stuff a bad subject, +10", 5, 1.0, False),
    Attack("ring of 5, +10", 5, 1.0, False, ring=True),
    Attack("ring of 20, +10", 20, 1.0, False, ring=True),
    Attack("1 established rater turns, −10", 0, -1.0, True, turned=1),
    Attack("3 established raters turn, −10", 0, -1.0, True, turned=3),
)
METHODS = (
    ("mean", product.mean),
    ("Bayes 5", lambda: product.bayesian(5)),
    ("Beta .8", lambda: Beta(0.8)),
    ("R1 unweighted", lambda: Fading(floor=None)),
    ("R1 floor .2", lambda: Fading(floor=0.2)),
    ("R1 floor .05", lambda: Fading(floor=0.05)),
    ("trader (product)", product.trader),
    ("+ λ .95 (product)", lambda: product.hardened(memory=0.95)),
)
MEASURED: dict[str, tuple[float, ...]] = {
    "1 fresh account, −10": (-0.06, -0.05, -0.17, -0.30, -0.08, -0.02, -0.02, -0.01),
    "5 fresh, −10": (-0.24, -0.19, -0.57, -0.79, -0.31, -0.09, -0.09, -0.07),
    "20 fresh, −10": (-0.57, -0.50, -0.82, -1.03, -0.72, -0.30, -0.30, -0.22),
    "100 fresh, −10": (-0.94, -0.89, -0.83, -1.03, -1.02, -0.79, -0.79, -0.62),
    "5 fresh stuff a bad subject, +10": (0.59, 0.35, 0.84, 1.14, 0.45, 0.14, 0.14, 0.11),
    "ring of 5, +10": (0.59, 0.35, 0.84, 1.14, 0.91, 0.67, 0.14, 0.11),
    "ring of 20, +10": (1.07, 0.76, 1.19, 1.54, 1.54, 1.54, 0.46, 0.36),
    "1 established rater turns, −10": (-0.06, -0.05, -0.17, -0.30, -0.32, -0.32, -0.32, -0.22),
    "3 established raters turn, −10": (-0.16, -0.13, -0.41, -0.63, -0.64, -0.64, -0.64, -0.47),
}
NEGATIVES = (16, 16, 2, 2, 2, 2, 2, 6)


class Field(NamedTuple):
    """Who is attacked, when, and who turns."""

    good: dict[int, float]
    bad: dict[int, float]
    established: list[int]

    @classmethod
    def of(cls, ratings: list[Rating]) -> "Field":
        """Choose 150 liked subjects with ten ratings, 100 disliked with five, each at its last rating.

        Liked and disliked: the plain mean of the ratings is above .1 or below -.2.
        """
        sums, last, votes = dict[int, tuple[int, float]](), dict[int, float](), dict[int, int]()
        for rating in ratings:
            count, total = sums.get(rating.target, (0, 0.0))
            sums[rating.target] = (count + 1, total + rating.value)
            votes[rating.target] = votes.get(rating.target, 0) + (1 if rating.value > 0 else -1)
            last[rating.target] = rating.at
        good = sorted(subject for subject, (n, s) in sums.items() if n >= 10 and s / n > 0.1)
        bad = sorted(subject for subject, (n, s) in sums.items() if n >= 5 and s / n < -0.2)
        return cls(
            {subject: last[subject] for subject in _spread(good, 150)},
            {subject: last[subject] for subject in _spread(bad, 100)},
            sorted(votes, key=lambda rater: (-votes[rater], rater))[:100],
        )


def _spread(subjects: list[int], most: int) -> list[int]:
    return subjects[:: max(1, len(subjects) // most)][:most]


def shift(predictor: Predictor, attack: Attack, field: Field) -> float:
    """Return by how much the attack moves the mean public score of its subjects, each attacked alone."""
    raters = [FRESH + i for i in range(attack.fresh)] + field.established[: attack.turned]
    subjects = field.good if attack.good else field.bad
    ready = predictor.fork()
    if attack.ring:
        end = max(subjects.values())
        for a in raters:
            for b in raters:
                if a != b:
                    ready.learn(Rating(a, b, attack.value, end))
    total = 0.0
    for subject, at in subjects.items():
        attacked = ready.fork()
        for rater in raters:
            if rater != subject:
                attacked.learn(Rating(rater, subject, attack.value, at))
        total += attacked.score(subject, at) - predictor.score(subject, at)
    return total / len(subjects)


def negatives_to_fall(predictor: Predictor, established: list[int], at: float) -> int:
    """Return how many −10 by established raters it takes below 0 after 50 times +3 by others."""
    fork, subject = predictor.fork(), 2 * FRESH
    for rater in established[:50]:
        fork.learn(Rating(rater, subject, 0.3, at))
    for count, rater in enumerate(established[50:], start=1):
        fork.learn(Rating(rater, subject, -1.0, at))
        if fork.score(subject, at) < 0:
            return count
    return len(established) - 50 + 1


def attacks() -> Report:
    """Table E."""
    ratings = traders()
    learnt = dict[str, Predictor]()
    for name, make in METHODS:
        learnt[name] = make()
        for rating in ratings:
            learnt[name].learn(rating)
    field = Field.of(ratings)
    names = tuple(name for name, _ in METHODS)
    moves = Sheet(
        "Shift of the mean public score, scale −1 to 1", names, reference="measured before", decimals=2
    )
    moves.signed = True
    gates = Sheet("Acceptance: the trader preset", ("shift",), reference="goal")
    gates.signed = True
    allowed = Allowed(0.03, ("same",) * len(names))
    for attack in ATTACKS:
        row = Row(
            attack.name,
            tuple(shift(p, attack, field) for p in learnt.values()),
            MEASURED[attack.name],
            allowed,
        )
        moves.rows.append(row)
        found = row.ours[names.index("trader (product)")]
        if attack.name.startswith("20 fresh"):
            gates.rows.append(Row(attack.name, (found,), (-0.35,), Allowed(0, ("least",))))
        if attack.name.startswith("ring of 20"):
            gates.rows.append(Row(attack.name, (found,), (0.5,), Allowed(0, ("most",))))
    falls = Sheet("Honest −10 until the score is below 0, after 50 times +3", names, decimals=0)
    falls.reference = "measured before"
    fell = tuple(float(negatives_to_fall(p, field.established, ratings[-1].at)) for p in learnt.values())
    falls.rows.append(
        Row("negatives", fell, tuple(map(float, NEGATIVES)), Allowed(1, ("same",) * len(names)))
    )
    notes = [
        f"Mean over {len(field.good)} liked subjects (ten ratings or more, mean above .1), or "
        f"{len(field.bad)} disliked ones (five or more, below −.2), each attacked alone "
        "at the time of its last rating.",
        "Established raters are those with the most positive ratings less negative ones.",
        "A hundred fresh accounts move every score: that takes budgets and holds, not weights.",
    ]
    return report_of("attacks", "Attacks: Bitcoin OTC", [gates, moves, falls], notes)
