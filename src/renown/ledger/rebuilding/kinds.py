"""The counts and the running means of a kind, anew from all its events."""

from typing import Final

from renown import scoring
from renown.errors import EventError
from renown.ledger.folding.lineage import changed
from renown.ledger.folding.living import waits
from renown.ledger.rebuilding.comparing import Tell, text_of
from renown.ledger.rebuilding.report import Difference
from renown.ledger.rebuilding.rules import Rules
from renown.ledger.views import basis_of, changes_of, event_of, is_news
from renown.ledger.writing.cache import MAX_RECENT, Kind, Waiting
from renown.policy import Policy
from renown.scoring import KindState
from renown.stores import EventRow, KindRow, Reader

__all__ = ["compare_kind", "see_event"]

_PAGE: Final = 5_000
_HOLDS: Final = b'"hold"'


def compare_kind(
    reader: Reader, rules: Rules, kind: str, tell: Tell
) -> tuple[list[Difference], KindRow | None]:
    """Return what differs of a kind, and its row as it should be; the caller holds a snapshot.

    What is known of actors is not compared: it begins with the policy that first asks for it.
    """
    policy = rules.of_kind(reader, kind)
    if policy is None:
        return [], None
    found = next((row for row in reader.kind_rows() if row.kind == kind), None)
    expected = _expected(reader, policy, tell)
    if found is not None and expected is not None and _is_switching(reader, kind):
        # What was held may say something of its kind from another moment on: counted when all is folded.
        expected = expected._replace(state=found.state)
    differences: list[Difference] = []
    for i, what in enumerate(KindRow._fields):
        old, new = found and found[i], expected and expected[i]
        if old != new:
            differences.append(Difference(kind, None, what, text_of(new), text_of(old)))
    return differences, expected


def _is_switching(reader: Reader, kind: str) -> bool:
    return any(name == kind and switched is not None for name, _, switched in reader.policy_states())


def _expected(reader: Reader, policy: Policy, tell: Tell) -> KindRow | None:
    kind = Kind.new(policy)
    if kind.state is None:
        kind.events, kind.subjects = reader.counted(policy.kind)
        kind.recent = _newest(reader, policy.kind)
        return kind.row() if kind.events else None
    seq = 0
    while rows := reader.of_kind_since(policy.kind, seq, _PAGE):
        for row in rows:
            see_event(kind, policy, row)
        seq = rows[-1].seq
        tell(0)
    return kind.row() if kind.events else None


def _newest(reader: Reader, kind: str) -> list[int]:
    """Return the newest positions of a kind that are news, ascending."""
    looked = MAX_RECENT
    while True:
        newest = reader.newest_of(kind, looked)
        news = [row.seq for row in reader.at_seqs(newest) if is_news(row)]
        if len(news) >= MAX_RECENT or len(newest) < looked:
            return news[:MAX_RECENT][::-1]
        looked *= 8


def see_event(kind: Kind, policy: Policy, row: EventRow) -> None:
    """Count an event for its kind, and fold it into the kind's running means."""
    kind.count(row)
    if len(kind.recent) > 2 * MAX_RECENT:
        del kind.recent[:-MAX_RECENT]
    if kind.state is None:
        return
    event = event_of(row)
    try:
        effect = scoring.interpret(policy, event, row.at)
    except EventError:
        return
    if not effect.speaks:
        if kind.waiting:
            _see_freed(kind, kind.state, policy, row)
    elif (effect.blind is not None or _HOLDS in row.basis) and waits(effect, basis_of(row)):
        kind.waiting[row.id] = Waiting(event, row.at, effect.contributions, row.ended_by)
    else:
        kind.state = scoring.observe(policy, kind.state, row.actor, effect.contributions)


def _see_amended(kind: Kind, policy: Policy, row: EventRow, amended: str) -> None:
    """Let an amendment wait in the place of what it amends; one that the rules do not take does nothing."""
    waiting, event = kind.waiting[amended], event_of(row)
    try:
        said = scoring.amended(policy, event, waiting.event, waiting.at).contributions
    except EventError:
        return
    del kind.waiting[amended]
    kind.waiting[row.id] = Waiting(changed(waiting.event, event), waiting.at, said, row.ended_by)


def _see_freed(kind: Kind, state: KindState, policy: Policy, row: EventRow) -> None:
    """Observe what counts from this event on, of what was held when it came; dismissed or not."""
    if row.type == "amend":
        amended = next((name for name, each in kind.waiting.items() if each.heir == row.id), None)
        if amended is not None:
            _see_amended(kind, policy, row, amended)
    for change in changes_of(row):
        if change.kind not in ("release", "open") or change.after != "counted":
            continue
        freed = kind.waiting.pop(change.name or "", None)
        if freed is not None:
            state = scoring.observe(policy, state, freed.event.actor, freed.contributions)
    kind.state = state
