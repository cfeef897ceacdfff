"""The data sets, read from ../shared/data beside the project; never part of it.

Bitcoin OTC: SNAP soc-sign-bitcoin-otc (Kumar et al., ICDM 2016); its labels: Kumar et al., WSDM 2018.
Amazon: a subset of the Amazon Customer Reviews (COMAP MCM 2020, C). Stack Exchange: the first half year of
quantumcomputing.stackexchange.com (CC BY-SA).
"""

import csv
import gzip
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

__all__ = ["FOLDER", "Rating", "Review", "labels", "missing", "reviews", "rows", "traders"]

FOLDER = Path(__file__).parents[2].parent / "shared" / "data"
OTC, LABELS, AMAZON = "bitcoin-otc.csv.gz", "otc_gt.csv", "amazon-mcm2020c.csv.gz"


class Rating(NamedTuple):
    source: int
    target: int
    value: float
    """-1 to 1."""
    at: float
    """POSIX seconds."""


class Review(NamedTuple):
    product: str
    stars: float
    day: int
    """Days since the year 1."""
    verified: bool


def missing(*names: str) -> list[str]:
    """Return those of the files that are not there."""
    return [name for name in names if not (FOLDER / name).exists()]


def rows(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a file, packed or not."""
    path = FOLDER / name
    with gzip.open(path, "rt", newline="") if name.endswith(".gz") else path.open(newline="") as file:
        yield from csv.DictReader(file)


def traders() -> list[Rating]:
    """Return the ratings of Bitcoin OTC, in time order as the file is."""
    return [
        Rating(int(row["source"]), int(row["target"]), int(row["rating"]) / 10, float(row["time"]))
        for row in rows(OTC)
    ]


def labels() -> dict[int, bool]:
    """Return whom the labels of Bitcoin OTC call a fraud (True) or benign (False)."""
    return {int(row["user"]): row["label"] == "-1" for row in rows(LABELS)}


def reviews() -> list[Review]:
    """Return the Amazon reviews by day; of one day in the file's order."""
    found = [
        Review(
            f"{row['set']}/{row['product_parent']}",
            float(row["star_rating"]),
            date.fromisoformat(row["review_date"]).toordinal(),
            row["verified_purchase"] == "1",
        )
        for row in rows(AMAZON)
    ]
    return sorted(found, key=lambda review: review.day)
