"""Who said what of whom, as a graph."""

from collections.abc import Iterable, Iterator

from renown.errors import RenownError

__all__ = ["Opinions"]


class Opinions:
    """Ratings between -1 and 1, one per rater and subject: a newer one takes the place of the older."""

    __slots__ = ("given", "received")

    def __init__(self, ratings: Iterable[tuple[str, str, float]] = ()) -> None:
        """Take (rater, subject, value) in order; raises as `add` does."""
        self.given: dict[str, dict[str, float]] = {}
        """By rater and subject."""
        self.received: dict[str, dict[str, float]] = {}
        """By subject and rater."""
        for rater, subject, value in ratings:
            self.add(rater, subject, value)

    def add(self, rater: str, subject: str, value: float) -> None:
        """Take one rating; raise `RenownError` (`value_out_of_range`) for a value outside -1 to 1."""
        if not -1 <= value <= 1:
            raise RenownError(
                f"an opinion of {value:g}", code="value_out_of_range", field="value", expected="-1 to 1"
            )
        self.given.setdefault(rater, {})[subject] = value
        self.received.setdefault(subject, {})[rater] = value

    def __len__(self) -> int:
        """Return the number of ratings."""
        return sum(map(len, self.given.values()))

    def __iter__(self) -> Iterator[tuple[str, str, float]]:
        """Yield (rater, subject, value), rater by rater."""
        for rater, said in self.given.items():
            for subject, value in said.items():
                yield rater, subject, value
