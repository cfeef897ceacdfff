"""Bounded memories of a score that moves and of events that come: at most some thirty numbers each.

A window is cut into 32 buckets. What happened counts for the window's length at least and for a
thirty-second of it longer at most.
"""

from math import floor, inf

__all__ = ["Marks", "add_event", "add_level", "count_until", "covers", "highest", "level_until", "passed"]

Marks = tuple[tuple[int, float], ...]
"""(bucket, number), ascending by bucket."""

_BUCKETS = 32


def passed(marks: Marks, at: float, length: float) -> Marks:
    """Return what is still within the window of `length` seconds at `at`."""
    if not marks or at < _end(marks[0][0], length):
        return marks
    return tuple(mark for mark in marks if at < _end(mark[0], length))


def add_level(marks: Marks, at: float, level: float, length: float) -> Marks:
    """Return the marks of highest levels with one more: numbers fall from the first to the last."""
    bucket = _bucket(at, length)
    kept = list(marks)
    while kept and kept[-1][1] <= level:
        kept.pop()
    if not kept or kept[-1][0] != bucket:
        kept.append((bucket, level))
    return tuple(kept)


def covers(marks: Marks, at: float, level: float, length: float) -> bool:
    """Tell whether nothing has left the window, and adding levels up to `level` would add no mark."""
    if not marks:
        return False
    bucket, top = marks[-1]
    # Every event asks, so nothing is called for it: these are `_end` of the oldest, and `_bucket`.
    one = length / _BUCKETS
    return level <= top and at < (marks[0][0] + 1) * one + length and bucket == floor(at / one)


def add_event(marks: Marks, at: float, length: float) -> Marks:
    """Return the marks of counts with one more event.

    Counts are floats like levels: they are written as such once they have been read, and a life that has been
    written and read must be written alike.
    """
    bucket = _bucket(at, length)
    if marks and marks[-1][0] == bucket:
        return (*marks[:-1], (bucket, marks[-1][1] + 1.0))
    return (*marks, (bucket, 1.0))


def highest(marks: Marks) -> float:
    """Return the highest level."""
    return marks[0][1]


def level_until(marks: Marks, length: float, least: float) -> float:
    """Return when the highest level will be below `least` by time alone; -inf: it is already."""
    # Levels fall from the first to the last, so those that are high enough are in front.
    for bucket, level in reversed(marks):
        if level >= least:
            return _end(bucket, length)
    return -inf


def count_until(marks: Marks, length: float, least: float) -> float:
    """Return when there will be fewer events than `least` by time alone; -inf: there are."""
    left = sum(count for _, count in marks)
    if left < least:
        return -inf
    for bucket, count in marks:
        left -= count
        if left < least:
            return _end(bucket, length)
    return inf


def _bucket(at: float, length: float) -> int:
    return floor(at / (length / _BUCKETS))


def _end(bucket: int, length: float) -> float:
    return (bucket + 1) * (length / _BUCKETS) + length
