"""Whether conditions on scores hold, and what is missing where they do not."""

from collections.abc import Iterable

from renown.policy import Condition
from renown.scoring.reading import Reading

__all__ = ["figure", "hold", "lacking", "part_of"]


def figure(number: float) -> str:
    """Return a number for people."""
    return f"{number:.6g}"


def part_of(reading: Reading, part: str) -> tuple[float, int]:
    """Return score and count of a category, or of the whole for `overall`."""
    if part == "overall":
        return reading.score, reading.count
    category = reading.categories[part]
    return category.score, category.count


def hold(conditions: Iterable[Condition], reading: Reading, factor: float = 1.0) -> bool:
    """Tell whether all hold; with `factor` below 1 that share of what they ask for is enough."""
    for each in conditions:
        score, count = part_of(reading, each.part)
        if each.at_least is not None and score < each.at_least * factor:
            return False
        if each.at_most is not None and score > each.at_most / factor:
            return False
        if count < each.min_count * factor:
            return False
    return True


def lacking(conditions: Iterable[Condition], reading: Reading, factor: float = 1.0) -> str | None:
    """Return what the first that does not hold lacks, None when all hold."""
    for each in conditions:
        score, count = part_of(reading, each.part)
        name = "score" if each.part == "overall" else f"`{each.part}`"
        if each.at_least is not None and score < each.at_least * factor:
            return f"{name} is {figure(score)}, less than {figure(each.at_least * factor)}"
        if each.at_most is not None and score > each.at_most / factor:
            return f"{name} is {figure(score)}, more than {figure(each.at_most / factor)}"
        if count < each.min_count * factor:
            return f"{name} has {count} of {figure(each.min_count * factor)} contributions"
    return None
