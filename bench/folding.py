"""Folding: contributions per second and core that each aggregator takes, without anything around it."""

import time

from bench.options import Options
from bench.report import Goal, Report, Table
from renown import scoring
from renown.model import OVERALL, Contribution
from renown.policy import load

__all__ = ["METHODS", "run"]

METHODS = {
    "sum": "",
    "count": "",
    "mean": "",
    "bayesian_mean": "prior = { value = 3.5, weight = 7 }",
    "bayesian_mean, half-life": "prior = { value = 3.5, weight = 7 }\nhalf_life_days = 365",
    "fading_mean": "memory = 0.8\nprior = { value = 3, weight = 0.5 }\nhalf_life_days = 180",
    "wilson": "",
    "beta": "memory = 0.9",
    "min": "",
    "last": "",
    "points": "start = 1\nfloor = 1\ndaily_cap = 200",
    "quantile": "",
}
"""The common aggregators, with what else stands in their `[score]`."""
GOAL = 100_000
_POLICY = """
name = "bench"
kind = "bench"
version = 1
title = "Bench"
[scale]
min = 1
max = 5
[score]
method = "{method}"
{more}
[rules.told]
min = 1
max = 5
"""
_BLOCK = 20_000


def run(options: Options) -> Report:
    """Fold blocks of contributions, a minute apart, and keep each aggregator's fastest block."""
    said = [(Contribution(OVERALL, float(1 + i % 5), 1.0),) for i in range(1000)]
    rows, raw = list[tuple[str, ...]](), dict[str, float]()
    for name, more in METHODS.items():
        policy = load(_POLICY.format(method=name.partition(",")[0], more=more))
        state, at, rate = scoring.empty(policy), 1.7e9, 0.0
        until = time.monotonic() + options.seconds / len(METHODS)
        while time.monotonic() < until:
            began = time.process_time()
            for i in range(_BLOCK):
                at += 60.0
                state = scoring.fold(policy, state, said[i % 1000], at)
            rate = max(rate, _BLOCK / (time.process_time() - began))
        raw[name] = rate
        rows.append((name, f"{rate:,.0f}", f"{1e6 / rate:.2f}"))
    report = Report("folding", "Folding", raw=raw)
    report.tables.append(
        Table("Folding on one core", ("aggregator", "contributions/s", "µs per contribution"), rows)
    )
    slowest = min(raw, key=lambda name: raw[name])
    report.goals.append(
        Goal(f"the slowest ({slowest})", raw[slowest], GOAL, "contributions/s", at_most=False)
    )
    return report
