"""Table C4: telling frauds by the public score, without the ratings that made the labels."""

from collections.abc import Callable

from bench.report import Report
from bench.scoring import product
from bench.scoring.comparison import Allowed, Row, Sheet, report_of
from bench.scoring.data import LABELS, OTC, Rating, labels, traders
from bench.scoring.fading import Fading
from bench.scoring.means import Beta, Wilson
from bench.scoring.measures import auc
from bench.scoring.prediction import Predictor
from bench.scoring.wary import Wary

__all__ = ["NEEDS", "before_deciding", "early", "first_deciding", "rated", "without_benign"]

NEEDS = (OTC, LABELS)
STRONG = 0.5
"""A rating of +5 or more vouches, one of -5 or less accuses."""

METHODS: tuple[tuple[str, Callable[[], Predictor]], ...] = (
    ("mean", product.mean),
    ("Bayes 2", lambda: product.bayesian(2)),
    ("Beta .8", lambda: Beta(0.8)),
    ("Wilson", Wilson),
    ("R1 floor .2", lambda: Fading(floor=0.2)),
    ("trader (product)", product.trader),
    ("R4", Wary),
)
MEASURED = {
    "B": (0.896, 0.876, 0.881, 0.889, 0.836, None, None),
    "C": (0.711, 0.728, 0.747, 0.680, 0.768, None, None),
}


def first_deciding(ratings: list[Rating], frauds: dict[int, bool]) -> dict[int, int]:
    """Return per labelled user the place in the stream of the first strong rating by somebody benign.

    Those are the ratings that make labels: benign is whom the founder and his circle rate +5 or more, a
    fraud whom they rate -5 or less.
    """
    first = dict[int, int]()
    for place, rating in enumerate(ratings):
        if rating.target in frauds and frauds.get(rating.source) is False and abs(rating.value) >= STRONG:
            first.setdefault(rating.target, place)
    return first


def without_benign(predictor: Predictor, ratings: list[Rating], frauds: dict[int, bool]) -> dict[int, float]:
    """Return the scores of the labelled, each at its last rating, without any by those labelled benign."""
    last = dict[int, float]()
    for rating in ratings:
        if frauds.get(rating.source) is not False:
            predictor.learn(rating)
            last[rating.target] = rating.at
    return {user: predictor.score(user, last.get(user, 0.0)) for user in frauds}


def before_deciding(predictor: Predictor, ratings: list[Rating], frauds: dict[int, bool]) -> dict[int, float]:
    """Return the scores of the labelled right before the first rating that made their label.

    The mean of all ratings is that of the whole stream for everybody: as it moved, it would tell when
    somebody came.
    """
    deciding = {place: user for user, place in first_deciding(ratings, frauds).items()}
    then = dict[int, tuple[Predictor, float]]()
    for place, rating in enumerate(ratings):
        if (user := deciding.get(place)) is not None:
            then[user] = (predictor.alone(user), rating.at)
        predictor.learn(rating)
    for user in frauds:
        then.setdefault(user, (predictor.alone(user), ratings[-1].at))
    for each, _ in then.values():
        each.believe(predictor)
    return {user: each.score(user, at) for user, (each, at) in then.items()}


def rated(ratings: list[Rating], frauds: dict[int, bool], *, early: bool) -> tuple[int, int]:
    """Return how many benign and fraudulent have a rating left; the others have the prior."""
    deciding, left = first_deciding(ratings, frauds), set[int]()
    for place, rating in enumerate(ratings):
        if rating.target not in frauds:
            continue
        counts = (
            place < deciding.get(rating.target, place + 1)
            if early
            else frauds.get(rating.source) is not False
        )
        if counts:
            left.add(rating.target)
    bad = sum(frauds[user] for user in left)
    return len(left) - bad, bad


def early() -> Report:
    """Rows B and C; row A, with the ratings that made the labels, is never shown."""
    ratings, frauds = traders(), labels()
    sheet = Sheet("AUC of “fraud” by the public score", tuple(name for name, _ in METHODS))
    sheet.reference = "measured before"
    notes = list[str]()
    for letter, name, scores in (
        ("B", "B: without ratings by benign-labelled users", without_benign),
        ("C", "C: before the first label-making rating", before_deciding),
    ):
        each = [scores(make(), ratings, frauds) for _, make in METHODS]
        ours = tuple(
            auc([(score, -1.0 if frauds[user] else 1.0) for user, score in one.items()]) for one in each
        )
        sheet.rows.append(Row(name, ours, MEASURED[letter], Allowed(0.02, ("same",) * len(METHODS))))
        benign, bad = rated(ratings, frauds, early=letter == "C")
        notes.append(
            f"{letter}: {benign} benign and {bad} frauds have a rating left; the others have the prior."
        )
    notes += [
        "The labels are a function of the ratings, so an AUC over all ratings would measure the labels. "
        "C is the honest bench, and no method is good at it.",
        "± .02: how time and the mean of all ratings were taken before is not known to the last detail.",
    ]
    return report_of("early", "Early warning: Bitcoin OTC", [sheet], notes)
