"""The guards on Bitcoin OTC: what attacks still do, whom guards find, and what the honest pay for it."""

from collections.abc import Callable, Iterable
from random import Random
from time import perf_counter

from typing_extensions import override

from bench.report import Report
from bench.scoring.attacks import ATTACKS, FRESH, Field, shift
from bench.scoring.comparison import Allowed, Row, Sheet, report_of
from bench.scoring.data import LABELS, OTC, Rating, labels, traders
from bench.scoring.prediction import prequential
from bench.scoring.product import trader
from bench.scoring.watching import DAY, Watched
from renown.policy import Policy, load, preset, preset_text
from renown.scoring.guards import RingCell

__all__ = ["NEEDS", "guarding", "ring_of", "ring_rank", "turning", "with_guards"]

NEEDS = (OTC, LABELS)
RINGS = (5, 20, 50)
TOP = 20
GOALS = {"20 fresh, −10": -0.35, "100 fresh, −10": -0.35}


def with_guards(*guards: str) -> Policy:
    """Return the trader preset with these guards in place of its own."""
    own = "".join(f"\n[[guards]]\n{guard}\n" for guard in guards)
    return load(preset_text("trader").partition("[[guards]]")[0] + own, "bench")


RING = 'name = "ring"\nkind = "ring"'
REVENGE = 'name = "retaliation"\nkind = "retaliation"'
TURNED = 'name = "turned"\nkind = "exit_scam"'


def ring_of(size: int, at: float, days: float = 3.0) -> list[Rating]:
    """Return the ratings of new accounts that all praise one another within some days, in any order."""
    dice = Random(size)
    members = [FRESH + i for i in range(size)]
    return [
        Rating(giver, taker, 1.0, at + dice.random() * days * DAY)
        for giver in members
        for taker in members
        if giver != taker
    ]


def ring_rank(cell: RingCell | None) -> float:
    """Return how much a subject's last raters look like a ring: the share of pairs that know each other,
    the more of them the surer.
    """
    if cell is None or len(cell.raters) < 4:
        return 0.0
    count = len(cell.raters)
    return sum(cell.kin) / (count * (count - 1) / 2) * (1 - 3 / count)


def _attacks(ratings: list[Rating]) -> tuple[Sheet, Sheet]:
    plain, watched = trader(), Watched(preset("trader"))
    columns = ("without guards", "with guards")
    moves = Sheet("Shift of the mean public score by the preset `trader`, scale −1 to 1", columns)
    moves.signed, moves.reference = True, "goal"
    costs = Sheet("Predicting along the stream", ("RMSE", "Pearson", "AUC"), reference="goal")
    gate = Allowed(0.0, ("most", "free", "least"))
    for name, predictor in (("without guards", plain), ("with guards", watched)):
        figures = prequential(predictor, ratings).figures
        costs.rows.append(Row(name, tuple(figures), (0.305, None, 0.815), gate))
    field = Field.of(ratings)
    for attack in ATTACKS:
        ours = (shift(plain, attack, field), shift(watched, attack, field))
        goal = GOALS.get(attack.name)
        if goal is not None:
            moves.rows.append(Row(attack.name, ours, (None, goal), Allowed(0.0, ("free", "least"))))
        elif attack.name.startswith("ring of 20"):
            moves.rows.append(Row(attack.name, ours, (None, 0.5), Allowed(0.0, ("free", "most"))))
        else:
            moves.rows.append(Row(attack.name, ours))
    spoken = sum(count for name, count in watched.spoken.items() if name in ("newcomers", "ring"))
    costs.rows.append(Row(f"ratings weighed less by a guard: {spoken} of {len(ratings):,}", ()))
    return moves, costs


def _rings(ratings: list[Rating]) -> Sheet:
    columns = (f"precision at {TOP}", "members flagged", "others flagged")
    sheet = Sheet("Rings of new accounts planted half-way", columns, reference="goal", decimals=2)
    for size in RINGS:
        stream = sorted([*ratings, *ring_of(size, ratings[len(ratings) // 2].at)], key=lambda r: r.at)
        watched, peaks, flagged = Watched(with_guards(RING)), dict[int, float](), set[int]()
        for rating in stream:
            watched.learn(rating)
            rank = ring_rank(watched.of(rating.target).cells[0])
            peaks[rating.target] = max(rank, peaks.get(rating.target, 0.0))
            if any(news.phase != "ends" for news in watched.last.incidents):
                flagged.add(rating.target)
        top = sorted(peaks, key=lambda subject: -peaks[subject])[:TOP]
        members = sum(subject >= FRESH for subject in flagged)
        ours = (sum(subject >= FRESH for subject in top) / TOP, members / size, len(flagged) - members)
        reference = (0.9, 0.9, None) if size >= TOP else ()
        sheet.rows.append(Row(f"ring of {size}", ours, reference, Allowed(0.0, ("least", "least", "free"))))
    return sheet


def _retaliation(ratings: list[Rating]) -> Sheet:
    said = dict[tuple[int, int], float]()
    answers = [0, 0]
    for rating in ratings:
        before = said.get((rating.target, rating.source))
        if before is not None and before < 0:
            answers[0] += 1
            answers[1] += rating.value < 0
        said[rating.source, rating.target] = rating.value
    sheet = Sheet("Answers to a negative rating", ("negative", "share"), reference="measured before")
    row = (float(answers[1]), answers[1] / answers[0])
    sheet.rows.append(Row("of any age, counted", row, (304, 0.947), Allowed(0.0005, ("same", "same"))))
    for days in (3650, 7):
        watched = Watched(with_guards(f"{REVENGE}\ndays = {days}"))
        error = prequential(watched, ratings).figures
        flagged = float(watched.spoken["retaliation"])
        reference = (304.0, None) if days > 7 else ()
        name = f"the guard, within {days} d: weighed half, RMSE {error.rmse:.4f}, AUC {error.auc:.4f}"
        row = (flagged, flagged / answers[0])
        sheet.rows.append(Row(name, row, reference, Allowed(0.0, ("same", "free"))))
    return sheet


def turning(policy: Policy, values: Callable[[int], float], bad: Iterable[float]) -> int | None:
    """Return how many ratings after a trader's turning the guard sounds; None: not at all, -1: before."""
    watched = _Alone(policy)
    for i in range(50):
        if watched.sounds(values(i), i):
            return -1
    return next((i + 1 for i, value in enumerate(bad) if watched.sounds(value, 50 + i)), None)


class _Alone(Watched):
    """One subject whose raters all weigh 1."""

    @override
    def weight(self, source: int) -> float:
        return 1.0

    def sounds(self, value: float, day: int) -> bool:
        self.learn(Rating(day + 1, 0, value, day * DAY))
        return any(news.phase != "ends" for news in self.last.incidents)


def _turned(ratings: list[Rating], fraud: dict[int, bool]) -> Sheet:
    sheet = Sheet("Exit scams: ratings after the turn until the alarm", ("ratings",), reference="goal")
    sheet.decimals = 0
    policy = with_guards(TURNED)
    for name, values in (
        ("50 times +3, then −10", lambda _: 0.3),
        ("50 times +1 to +5, then −10", lambda i: (0.1, 0.3, 0.5, 0.2, 0.4)[i % 5]),
        ("50 times +5, every tenth −10, then −10", lambda i: -1.0 if i % 10 == 9 else 0.5),
    ):
        found = turning(policy, values, [-1.0] * 30)
        ours = float(99 if found is None else found)
        sheet.rows.append(Row(name, (ours,), (5,), Allowed(0.0, ("most",))))
    watched, alarmed = Watched(policy), set[int]()
    for rating in ratings:
        watched.learn(rating)
        if any(news.phase == "begins" for news in watched.last.incidents):
            alarmed.add(rating.target)
    known = [fraud[each] for each in alarmed if each in fraud]
    sheet.rows.append(
        Row(
            f"real traders it sounds for: {len(alarmed)} of {len(watched.guards):,}, "
            f"of these labelled as frauds {sum(known)}, as benign {len(known) - sum(known)}",
            (),
        )
    )
    return sheet


def guarding() -> Report:
    """Attacks under guards, rings, retaliation and exit scams."""
    ratings = traders()
    moves, costs = _attacks(ratings)
    sheets = [moves, costs, _rings(ratings), _retaliation(ratings), _turned(ratings, labels())]
    watched = Watched(preset("trader"))
    began = perf_counter()
    for rating in ratings:
        watched.learn(rating)
    guards = (perf_counter() - began) / len(ratings) * 1e6
    plain = trader()
    began = perf_counter()
    for rating in ratings:
        plain.learn(rating)
    without = (perf_counter() - began) / len(ratings) * 1e6
    notes = [
        "New members, together, count at most half of one rater in good standing per subject and day: so a "
        "hundred fresh accounts move a score no further than ten. It costs the honest nothing that can be "
        "measured.",
        "A ring of five is four raters each, and circles of friends look the same: it is neither flagged nor "
        "at the top. From six raters on, a ring is told from friends by how many pairs know each other.",
        "Answers to a negative rating are mostly negative, and mostly right: counting them half makes the "
        "prediction worse. The preset flags them and leaves them to the raters' weights.",
        f"{guards:.0f} µs per event with all four guards of the preset, {without:.0f} µs without: looking up "
        "the facts, interpreting, judging, remembering and folding.",
    ]
    return report_of("guards", "Guards: Bitcoin OTC", sheets, notes)
