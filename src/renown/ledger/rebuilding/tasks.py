"""Dividing a rebuild into tasks of about one size."""

from collections.abc import Iterator
from typing import Final

from renown.ledger.rebuilding.working import Task
from renown.policy import Policies
from renown.stores import Reader

__all__ = ["kind_tasks", "subject_tasks"]

_PAGE: Final = 200
_EVENTS: Final = 5_000
"""Of one task, about: what is written of it is written in one transaction."""
_LARGE: Final = 50_000
"""Events of a subject with which to begin: left for the end, all others would wait for it."""


def subject_tasks(reader: Reader, *, large_first: bool) -> Iterator[Task]:
    """Yield tasks for all subjects."""
    large: set[str] = set()
    if large_first:
        for subject in reader.largest(_LARGE):
            large.add(subject)
            yield Task([subject])
    after = ""
    while page := reader.subjects(after, _PAGE):
        sizes = {subject: version for subject, version, _ in reader.views(page)}
        subjects: list[str] = []
        events = 0
        for subject in page:
            if subject in large:
                continue
            subjects.append(subject)
            events += sizes.get(subject, 0)
            if events >= _EVENTS:
                yield Task(subjects)
                subjects, events = [], 0
        if subjects:
            yield Task(subjects)
        after = page[-1]


def kind_tasks(policies: Policies) -> Iterator[Task]:
    """Yield a task for each kind that there are rules for."""
    for kind in sorted(policies.kinds):
        yield Task(kind=kind)
