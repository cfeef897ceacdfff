"""Live events to score: what the law tests draw from, for every method of scoring."""

from collections.abc import Sequence

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from renown import scoring
from renown.model import Basis, Contribution, Entry, Event
from renown.policy import COMPOSING, Policy, load, preset
from renown.policy.scores.ranges import has_own_range
from renown.scoring import State

laws = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For law tests: a loaded machine is no failure."""

NOW = 1_790_000_000.0
DAY = 86_400.0

Folded = tuple[tuple[Contribution, ...], float]
"""The contributions of one event and its time."""

_HEAD = """
name = "plain"
kind = "thing"
version = 1
title = "Thing"
[scale]
min = {low}
max = {high}
[score]
{score}
[categories.a]
[categories.b.score]
{score}
[rules.review]
value = "required"
min = {low}
max = {high}
categories = "optional"
"""


def policy_of(score: str, low: float = -10, high: float = 10) -> Policy:
    """Return a policy with a method for the whole and two categories."""
    return load(_HEAD.format(score=score, low=low, high=high), "test")


UNORDERED = [
    policy_of('method = "mean"'),
    policy_of('method = "bayesian_mean"\nprior = { value = 1, weight = 3 }'),
    policy_of('method = "bayesian_mean"\nprior = { value = 1, weight = 0.01 }\nhalf_life_days = 7'),
    policy_of('method = "bayesian_mean"\nprior = { value = 0, weight = 2, running = true }'),
    policy_of('method = "points"', -1e6, 1e6),
    policy_of('method = "sum"\nstart = 2', -1e6, 1e6),
    policy_of('method = "count"', -1e6, 1e6),
    policy_of('method = "quantile"\nq = 0.25\nstep = 0.5'),
    policy_of('method = "wilson"'),
    policy_of('method = "beta"\ngood = 2'),
    policy_of('method = "residual_mean"\naround = 1'),
    policy_of('method = "residual_mean"\naround = 1\nweight = 0.01\nrunning = true'),
    preset("product"),
    preset("seller"),
]
ORDERED = [
    policy_of('method = "fading_mean"\nprior = { value = 1, weight = 0.5 }'),
    policy_of('method = "fading_mean"\nprior = { value = 1, weight = 0.01 }\nmemory = 1\nhalf_life_days = 7'),
    policy_of('method = "points"\nstart = 1\nfloor = -3\ndaily_cap = 20', -1e6, 1e6),
    policy_of('method = "points"\ndaily_cap = 20', -1e6, 1e6),
    policy_of('method = "beta"\nmemory = 0.8'),
    preset("trader"),
    preset("member"),
]
REFOLDING = [
    policy_of('method = "distinct"\nexact = 16\nof = "value"', -1e6, 1e6),
    policy_of('method = "min"'),
    policy_of('method = "max"\nstart = 3'),
    policy_of('method = "hot"\nepoch = 1134028003', -1e6, 1e6),
    policy_of('method = "growing"\nafter_days = 5\nmore = 3', -1e6, 1e6),
    *(policy_of(f'method = "streak"\nof = "{of}"', -1e6, 1e6) for of in ("current", "longest", "days")),
]
"""Order does not matter, yet taking back may need a refold."""
LATEST = [
    policy_of('method = "last"'),
    policy_of('method = "last"\nkeep_days = 30\nstart = -2'),
    policy_of('method = "mean"\nwindow = { last = 3 }'),
    policy_of('method = "max"\nwindow = { last = 3 }'),
    policy_of('method = "fading_mean"\nprior = { value = 1, weight = 0.5 }\nwindow = { last = 4 }'),
    policy_of('method = "sum"\nwindow = { last = 2 }', -1e6, 1e6),
]
"""Order does not matter but among events of the same time."""
WINDOWED = [
    policy_of('method = "mean"\nwindow = { days = 30 }'),
    policy_of('method = "sum"\nstart = 5\nwindow = { days = 365, bucket_days = 7 }', -1e6, 1e6),
    policy_of('method = "count"\nwindow = { calendar = "month" }', -1e6, 1e6),
    policy_of('method = "count"\nwindow = { calendar = "week", period = "previous" }', -1e6, 1e6),
    policy_of('method = "min"\nwindow = { calendar = "quarter" }'),
    policy_of('method = "distinct"\nexact = 16\nwindow = { days = 90 }', -1e6, 1e6),
    policy_of('method = "quantile"\nwindow = { days = 90, bucket_days = 30 }'),
    policy_of('method = "wilson"\nwindow = { days = [30, 90, 900], pick = "lowest", min_count = 2 }'),
    policy_of('method = "beta"\nwindow = { days = [30, 90], pick = "first", min_count = 3 }'),
    policy_of('method = "residual_mean"\naround = 2\nwindow = { calendar = "year" }'),
    policy_of(
        'method = "bayesian_mean"\nprior = { value = 1, weight = 1 }\nhalf_life_days = 90\n'
        "window = { days = [30, 60, 90] }"
    ),
]
"""Windows of time."""
_PARTS = """
name = "made"
kind = "thing"
version = 1
title = "Thing"
[scale]
min = 0
max = 10
[score]
{score}
{shape}
[categories.a.score]
method = "mean"
[categories.b.score]
method = "bayesian_mean"
prior = {{ value = 5, weight = 2 }}
window = {{ days = 90 }}
[categories.n]
score = {{ method = "count", window = {{ days = 30 }} }}
scale = {{ min = 0, max = 100 }}
[categories.both]
score = {{ method = "lowest_of", parts = ["a", "b"] }}
shape = {{ step = 0.5 }}
[rules.review]
into = {{ a = 1, b = 0.5, n = 1 }}
"""


def made_of(score: str, shape: str = "") -> Policy:
    """Return a policy whose overall score is made of the categories a, b, n and both."""
    return load(_PARTS.format(score=score, shape=shape), "test")


COMPOSED = [
    made_of('method = "sum_of"\nparts = { a = 0.7, b = 0.5, n = -0.1 }\nconstant = 1'),
    made_of('method = "sum_of"\nparts = { a = 1, b = 2 }\nskip_empty = true'),
    made_of('method = "lowest_of"\nparts = ["a", "n"]\nskip_empty = true'),
    made_of('method = "geometric_mean_of"\nparts = { a = 1, both = 2 }'),
    made_of('method = "ratio_of"\nof = "a"\nto = "n"\nfactor = 2'),
    made_of(
        'method = "gate_of"\nneed = 2\nthen = "a"\notherwise = 1\nconditions = ['
        '{ part = "a", at_least = 4 }, { part = "b", at_most = 6 }, '
        '{ part = "n", at_least = 2, min_count = 2 }]'
    ),
    made_of(
        'method = "penalty_of"\nbase = "a"\ncompress = 4\nparts = { n = { per = 2, most = 9 }, b = {} }',
        "[shape]\npull = { towards = 7, have = 1, need = 10 }\nstep = 0.25",
    ),
    made_of(
        'method = "sum_of"\nparts = { both = 1 }',
        '[shape]\npull = { towards = 3, need = 2, by = "n" }\nmap = [[0, 0], [5, 2], [10, 10]]',
    ),
]
"""Made of parts; order does not matter."""
STICKY = [
    made_of('method = "sum_of"\nparts = { a = 0.5, b = 0.5 }', "[shape]\nstep = 1\nhysteresis = 0.3"),
    made_of('method = "lowest_of"\nparts = ["a", "n"]', "[shape]\nstep = 2\nhysteresis = 1"),
]
"""What was shown before matters, and so does order."""
POLICIES = [*UNORDERED, *ORDERED, *REFOLDING, *LATEST, *WINDOWED, *COMPOSED, *STICKY]


def is_points(policy: Policy) -> bool:
    """Tell whether the values and the score of a policy are not on its scale."""
    return has_own_range(policy.score)


def times() -> st.SearchStrategy[float]:
    """Return times of events: mostly of late, some at the same moment, some from any year."""
    near = st.integers(0, 40).map(lambda step: NOW - step * DAY / 4)
    return near | st.floats(NOW - 4000 * DAY, NOW) | st.floats(-6e10, 2.5e11)


@st.composite
def happenings(draw: st.DrawFn, policy: Policy, when: st.SearchStrategy[float]) -> Folded:
    """Return the contributions of one event of the policy and its time."""
    low, high = (-50.0, 50.0) if is_points(policy) else (policy.scale.min, policy.scale.max)
    value = st.floats(low, high) | st.integers(int(low), int(high)).map(float)
    weight = st.sampled_from([1.0, 0.05, 0.2]) | st.floats(0.001, 1000)
    whole = [] if isinstance(policy.score, COMPOSING) else [""]
    own = [name for name in policy.categories if not isinstance(policy.method(name), COMPOSING)]
    names = [*whole, *draw(st.lists(st.sampled_from(own or [""]), unique=True, max_size=2))]
    contributions = tuple(
        Contribution(name, draw(value), draw(weight), draw(st.booleans())) for name in dict.fromkeys(names)
    )
    return contributions, draw(when)


def happened(policy: Policy, most: int = 12) -> st.SearchStrategy[list[Folded]]:
    """Return a few events of the policy in any order of time."""
    return st.lists(happenings(policy, times()), max_size=most)


def lately(policy: Policy, most: int = 12) -> st.SearchStrategy[list[Folded]]:
    """Return a few events of the last ten years, none after `NOW`."""
    return st.lists(happenings(policy, st.floats(NOW - 4000 * DAY, NOW)), max_size=most)


def in_order(folded: Sequence[Folded]) -> list[Folded]:
    """Return the events by time, equal times in the order given."""
    return sorted(folded, key=lambda each: each[1])


def folded_all(policy: Policy, folded: Sequence[Folded]) -> State:
    """Return what folding one by one gives."""
    state = scoring.empty(policy)
    for contributions, at in folded:
        state = scoring.fold(policy, state, contributions, at)
    return state


def entries(folded: Sequence[Folded]) -> list[Entry]:
    """Return the events in the order given as the ledger's entries, newest first."""
    made = [
        Entry(
            seq=i,
            version=i,
            event=Event("review", "thing:1", id=f"e{i}", actor=f"thing:{i + 1}"),
            at=at,
            received_at=at,
            basis=Basis(),
            contributions=contributions,
            score=0.0,
        )
        for i, (contributions, at) in enumerate(folded, 1)
    ]
    return made[::-1]
