"""Scores of a whole graph of ratings at once, by iteration: for nightly checks and comparisons.

`Opinions` holds the ratings, `fairness_goodness` solves them, `leave_one_out` tells what each rating would
have been expected to be without it.
"""

from renown.scoring.batch.fairness import Verdicts, fairness_goodness
from renown.scoring.batch.leave_one_out import Expectation, leave_one_out
from renown.scoring.batch.opinions import Opinions

__all__ = ["Expectation", "Opinions", "Verdicts", "fairness_goodness", "leave_one_out"]
