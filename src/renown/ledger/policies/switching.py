"""Bringing every subject of a kind under its new rules while everything runs.

The `policies` table says which versions a kind has had; the newest is in force, for every process on the
file. A process learns of a new one before it folds anything after it: whatever it has not seen committed
makes it drop its cache and look its rules up again. So nothing is folded under older rules once a
newer version is stored, and a subject that gets an event is brought under the new rules first.

All others are brought under them page by page, each page one transaction together with how far it has come:
killed at any moment, whoever runs next goes on from there. A subject whose shown standing changes gets a
new version through an event of the type `renown.policy`, so that watchers and caches learn of it.

The running means of the kind are counted when its rules are stored. What was held says nothing of its kind
before it counts, and when it did may be another moment under the new rules: where there is such they are
counted once more when all subjects have been reached.
"""

import time
from typing import Final, NamedTuple

import structlog

from renown.ledger.folding.replay import Replay, replay
from renown.ledger.policies.counting import KindCount, may_wait
from renown.ledger.policies.switched import switch_event
from renown.ledger.rebuild import write_replay
from renown.ledger.writing.access import Within
from renown.ledger.writing.batch import Batch
from renown.ledger.writing.cache import Cache
from renown.model import Event
from renown.policy import Policies, Policy
from renown.stores import EventRow, Reader, StandingRow, Store, Writer

__all__ = ["switch_page"]

_PAGE: Final = 500
_EVENTS: Final = 5_000
"""Of one transaction, about: then others may write."""
_log: Final = structlog.get_logger(__name__)


class _Made(NamedTuple):
    """A subject folded under new rules, from what was stored when nobody had to wait."""

    standing: StandingRow
    rows: list[EventRow]
    made: Replay


def switch_page(store: Store, policy: Policy) -> str:
    """Bring some subjects under a policy, in one transaction; return how far that is.

    They are folded before it, so that others wait for no more than the writing; one to which something has
    happened in between is folded once more.
    """
    with store.reader() as reader:
        after = _mark(reader, policy)
        if after is None:
            return ""
        keys, last = _some(reader, policy, after)
        count = None
        if last is None and may_wait(reader, policy):
            if keys:
                # Counted is what is written: on the next page.
                last = keys[-1]
            else:
                count = KindCount(policy, anew=True)
                count.go_on(reader)
        made = [each for key in keys if (each := _fold(reader, policy, key)) is not None]
        prior = KindCount(policy, anew=False).prior(reader)
    writer = store.writer()
    try:
        writer.begin()
        found = _mark(writer, policy)
        if found != after:
            # Another process was faster.
            return found or ""
        if keys:
            news = [told for each in made if (told := _write(writer, policy, each, prior)) is not None]
            batch = Batch(Cache(Policies([policy])), (), switching=keys, news=news)
            batch.run(Within(writer)).store(writer)
        if count is not None:
            count.go_on(writer)
            writer.put_kinds(count.rows(writer))
        writer.mark_switched(policy.kind, policy.version, last)
        writer.commit()
        if last is None:
            _log.info("all subjects are under the policy", kind=policy.kind, version=policy.version)
        return last or ""
    finally:
        writer.rollback()
        writer.close()


def _mark(reader: Reader, policy: Policy) -> str | None:
    """Return how far the switch to a policy has come; None when there is nothing to do for it any more."""
    state = next((each for each in reader.policy_states() if each[0] == policy.kind), None)
    return state[2] if state is not None and state[1] == policy.version else None


def _fold(reader: Reader, policy: Policy, key: str) -> _Made | None:
    with reader.snapshot():
        found, rows = reader.standings([key]), reader.ascending(key, 0, -1)
    return _Made(found[0], rows, replay(policy, rows)) if found and rows else None


def _write(writer: Writer, policy: Policy, made: _Made, prior: dict[str, float]) -> Event | None:
    """Store a subject as it was folded, unless it is not what it was; return what is to be told."""
    standing, rows, replayed = made
    key = standing.subject
    if writer.standings([key]) != [standing] or writer.ascending(key, 0, -1) != rows:
        return None
    write_replay(writer, replayed)
    return switch_event(policy, standing, replayed, round(time.time(), 6), prior)


def _some(reader: Reader, policy: Policy, after: str) -> tuple[list[str], str | None]:
    """Return the next subjects to be switched, as many as fit, and the last one looked at; None: all."""
    start = f"{policy.kind}:"
    page = [key for key in reader.subjects(max(after, start), _PAGE) if key.startswith(start)]
    rows = {row.subject: row for row in reader.standings(page)}
    keys: list[str] = []
    events = 0
    for key in page:
        row = rows.get(key)
        if row is not None and (row.policy, row.policy_version) != (policy.name, policy.version):
            keys.append(key)
            events += row.version
            if events >= _EVENTS:
                return keys, key
    return keys, page[-1] if len(page) == _PAGE else None
