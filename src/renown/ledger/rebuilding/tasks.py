"""Dividing a rebuild into tasks of about one size."""

from collections.abc import Iterable, Iterator
from typing import Final

from renown.ledger.rebuilding.working import Task
from renown.policy import Policies
from renown.scoring import needs_kind_state
from renown.stores import Reader

__all__ = ["kind_tasks", "long_tasks", "subject_tasks"]

_PAGE: Final = 200
_EVENTS: Final = 5_000
"""Of one task, about: what is written of it is written in one transaction."""
_LARGE: Final = 50_000
"""Events of a subject with which to begin: left for the end, all others would wait for it."""


def subject_tasks(reader: Reader, *, large_first: bool, then: Iterable[Task] = ()) -> Iterator[Task]:
    """Yield tasks for all subjects, with `large_first` those with most events first and others `then`."""
    large: set[str] = set()
    if large_first:
        for subject in reader.largest(_LARGE):
            large.add(subject)
            yield Task([subject])
    yield from then
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


def kind_tasks(policies: Policies) -> list[Task]:
    """Return a task for each kind that there are rules for."""
    return [Task(kind=kind) for kind in sorted(policies.kinds)]


def long_tasks(reader: Reader, policies: Policies) -> list[Task]:
    """Return the tasks of those kinds whose events are gone through one by one, as running means ask for."""
    kinds = sorted(policy.kind for policy in policies if needs_kind_state(policy))
    return [Task(kind=kind) for kind in kinds if reader.counted(kind)[0]]
