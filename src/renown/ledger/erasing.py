"""Erasing a person: who did it and what was written go, what it did to scores stays.

The person's key becomes a random one of the same kind in every event they sent, the same for all of them,
so that one value per actor stays one value. Of the events' `data` only what policies read is kept. Weights
and scores that were recorded with the events stay as they are.
"""

import secrets
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from renown.errors import EventError
from renown.ledger.folding.replay import replay
from renown.ledger.rebuild import write_replay
from renown.model import Event, is_key, kind_of
from renown.policy import Policies, Policy, attributes_of
from renown.stores import EventRow, Store, Writer

__all__ = ["ERASED", "Erasure", "erase"]

ERASED: Final = b":gone-"
"""What the body of an erased event has in its actor."""

_PAGE: Final = 500
_DECIDED: Final = {"hold": {"days", "share"}, "resolve": {"decision"}}
"""What steps say in their data, under every policy; reasons go."""
_event: Final = msgspec.json.Decoder(Event)
_encoder: Final = msgspec.json.Encoder(order="deterministic")


class Erasure(msgspec.Struct, frozen=True):
    """What became of a person's events."""

    pseudonym: str
    """The random key that stands in their place."""
    events: int
    subjects: int


def erase(store: Store, policies: Policies, actor: str) -> Erasure:
    """Make an actor anonymous in all events of the ledger, a page of subjects per transaction.

    Safe while others read and write, and safe to repeat: what was erased before has another key already.

    Raises:
        EventError: `actor` is no key.
        LedgerError: the store failed.

    """
    if not is_key(actor):
        raise EventError(
            f"`{actor[:80]}` is no actor", code="invalid_actor", field="actor", expected="kind:id"
        )
    pseudonym = f"{kind_of(actor)}:gone-{secrets.token_hex(12)}"
    writer = store.writer()
    events, subjects = 0, set[str]()
    try:
        while True:
            writer.begin()
            try:
                found = writer.sent_by(actor, _PAGE)
                for subject in dict.fromkeys(row.subject for row in found):
                    rows = [row for row in found if row.subject == subject]
                    _rewrite(writer, policies, rows, pseudonym)
                    subjects.add(subject)
                _rename_seed(writer, actor, pseudonym)
                writer.forget_actor(actor)
                writer.commit()
            finally:
                writer.rollback()
            events += len(found)
            if len(found) < _PAGE:
                break
        writer.scrub()
    finally:
        writer.close()
    return Erasure(pseudonym, events, len(subjects))


def _rewrite(writer: Writer, policies: Policies, rows: Sequence[EventRow], pseudonym: str) -> None:
    subject = rows[0].subject
    policy = policies.get(kind_of(subject))
    erased = {row.seq: _without_person(row, policy, pseudonym) for row in rows}
    if policy is None:
        writer.erase_events([(pseudonym, row.pair, row.body, row.seq) for row in erased.values()])
        return
    told = [erased.get(row.seq, row) for row in writer.ascending(subject, 0, -1)]
    made = replay(policy, told)
    rewritten = [row for row in made.onto(told) if row.seq in erased]
    writer.erase_events([(pseudonym, row.pair, row.body, row.seq) for row in rewritten])
    for row in writer.standings([subject]):
        if (row.view, row.policy_version) == (made.standing.view, made.standing.policy_version):
            # Counts of different actors know them by hashes of their keys, in contributions and states.
            made.standing = made.standing._replace(due=row.due)
            write_replay(writer, made)
        else:
            # What guards remember of persons they remember under the new key.
            writer.put_standings([row._replace(life=made.standing.life)])


def _without_person(row: EventRow, policy: Policy | None, pseudonym: str) -> EventRow:
    event = _event.decode(row.body)
    kept = frozenset[str]() if policy is None else attributes_of(policy)
    kept |= _DECIDED.get(event.type, set())
    data: dict[str, Any] | None = None
    if event.data is not None:
        data = {name: each for name, each in event.data.items() if name in kept}
    event = msgspec.structs.replace(event, actor=pseudonym, data=data)
    return row._replace(actor=pseudonym, body=_encoder.encode(event))


def _rename_seed(writer: Writer, actor: str, pseudonym: str) -> None:
    """Let the anonymous actor stay one of the first raters of a kind, where the person was one."""
    old, new = _encoder.encode(actor), _encoder.encode(pseudonym)
    rows = [row for row in writer.kind_rows() if row.state is not None and old in row.state]
    writer.put_kinds([row._replace(state=(row.state or b"").replace(old, new)) for row in rows])
