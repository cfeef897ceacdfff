"""The events of a ledger taken once more, in its order, by the code that takes those that arrive.

They keep their places, versions and ids. What has followed from them lies in the ledger, too, and comes in
its turn: so nothing is made here, neither by time nor for others.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from renown import scoring
from renown.errors import EventError, LedgerError
from renown.ledger.erasing import ERASED
from renown.ledger.folding.fold import begin, meant
from renown.ledger.folding.forms import NO_CONTRIBUTIONS, Applied, Earlier
from renown.ledger.folding.living import judged_basis, verdict_of
from renown.ledger.folding.past import StoredPast
from renown.ledger.views import basis_of, earlier_of
from renown.ledger.writing.access import Overtaken
from renown.ledger.writing.batch import Batch
from renown.ledger.writing.cache import Cache, Kind, Subject
from renown.ledger.writing.prepared import Prepared, rater_of
from renown.model import Basis, Event, kind_of
from renown.policy import STEPS, Policies, Policy
from renown.stores import EventRow, Reader

__all__ = ["Again", "softened"]

_OWN: Final = "renown."
_event: Final = msgspec.json.Decoder(Event)


def softened(policy: Policy) -> Policy:
    """Return a policy whose guards hold what they would refuse: what is in the ledger cannot be refused."""
    guards = [
        msgspec.structs.replace(guard, action="hold") if guard.action == "reject" else guard
        for guard in policy.guards
    ]
    return msgspec.structs.replace(policy, guards=tuple(guards))


class Again(Batch):
    """Some rows of a ledger, `source`, one after the other. Used once.

    Beside each event is recorded what lies outside its subject now that all before it have been taken, with
    three exceptions, for what cannot be found out or must not be undone:

    - An event whose giver was erased keeps the weight and what guards were told and said.
    - An event from which something has followed (a person has decided about it, or it makes events for
      others) stays held or not held as it was.
    - Where both sides of a blind review had spoken they have.
    """

    _remembers = True

    def __init__(self, cache: Cache, source: Reader, rows: Sequence[EventRow]) -> None:
        self._source = source
        self._taken = rows
        self._meaningless: set[int] = set()
        self.refused: list[EventRow] = []
        """Those that the rules do not take: they count for nothing."""
        self.kept = 0
        """Those that stay held, or not held, because of what has followed."""
        super().__init__(cache, [_event.decode(row.body) for row in rows])

    def _prepare(self, slot: int, event: Event) -> Prepared | None:
        row = self._taken[slot]
        policy = self._cache.policies.get(kind_of(row.subject))
        if policy is None:
            return None
        try:
            effect = scoring.interpret(policy, event, row.at)
        except EventError:
            self._meaningless.add(slot)
            effect = scoring.Effect()
        place = -1 - slot if _is_own(row, self._cache.policies) else slot
        return Prepared(
            place, event, row.id, row.at, row.body, policy, effect, rater_of(policy, event, effect)
        )

    def _take(self, prepared: Prepared) -> None:
        slot = prepared.slot if prepared.slot >= 0 else -1 - prepared.slot
        self._row = row = self._taken[slot]
        self._recorded = judged_basis(basis_of(row))
        self._outcome.seq = row.seq - 1
        if slot not in self._meaningless:
            try:
                super()._take(prepared)
            except EventError:
                pass
            except (LedgerError, Overtaken):
                raise
            except Exception as error:
                raise LedgerError(f"the event `{row.id}` cannot be weighed anew: {error}") from error
            else:
                return
        self._pass_over(prepared, row)

    def _pass_over(self, prepared: Prepared, row: EventRow) -> None:
        """Let an event count for nothing, as any rebuild does with what the rules do not take."""
        cache, policy, basis = self._cache, prepared.policy, self._recorded
        subject = cache.subjects.get(row.subject)
        if subject is None:
            subject = Subject(row.subject, policy, begin(policy, basis.prior, row.at), 0, b"")
        before = subject.folded
        folded = msgspec.structs.replace(before, version=before.version + 1, at=max(before.at, row.at))
        applied = Applied(folded, None, 0.0, None, basis, NO_CONTRIBUTIONS, ())
        made = self._outcome.row(prepared, applied)
        self._outcome.record(subject, applied, made)
        self._lookup.remember(made, applied)
        kind = cache.kinds.get(policy.kind) or Kind.new(policy)
        kind.count(made)
        cache.kinds[kind.name] = kind
        self.refused.append(row)

    def _weight(self, prepared: Prepared, kind: Kind) -> float:
        if ERASED in self._row.body:
            return self._recorded.weight
        return super()._weight(prepared, kind)

    def _judged(self, prepared: Prepared, subject: Subject, basis: Basis, past: StoredPast) -> Basis:
        recorded = Basis(basis.weight, basis.prior, self._recorded.facts, self._recorded.verdict)
        if ERASED in self._row.body:
            return recorded
        judged = super()._judged(prepared, subject, basis, past) if prepared.policy.guards else basis
        if _holds(judged) != _holds(recorded) and self._is_settled(prepared, past):
            self.kept += 1
            return recorded
        return judged

    def _is_settled(self, prepared: Prepared, past: StoredPast) -> bool:
        """Tell whether something has followed from an event, or from its not being held."""
        effect, policy = prepared.effect, prepared.policy
        said = meant(policy, prepared, past) if effect.amends and policy.guards else None
        if effect.also or (said is not None and said.effect.also):
            return True
        return any(row.type in STEPS for row in self._about(prepared))

    def _about(self, prepared: Prepared) -> Iterator[EventRow]:
        """Yield what may be about an event: it names it, or what that amends, by id or by ref."""
        subject = prepared.event.subject
        for name in dict.fromkeys((prepared.id, prepared.event.ref)):
            for row in () if name is None else self._source.referred(subject, name):
                yield row
                yield from self._source.referred(subject, row.id)

    def _others(self, prepared: Prepared) -> Sequence[Earlier]:
        others = super()._others(prepared)
        return [earlier_of(self._row)] if self._recorded.met and not others else others

    def _end_holds(self, subject: Subject, prepared: Prepared) -> None:
        """Leave it to the event by which time did."""

    def _follow(self, prepared: Prepared, applied: Applied, past: StoredPast) -> None:
        """Make nothing: what was made comes in its turn."""

    def _open(self, others: Sequence[Earlier], prepared: Prepared) -> None:
        """Leave it to the event by which it was opened."""


def _holds(basis: Basis) -> bool:
    return verdict_of(basis).action == "hold"


def _is_own(row: EventRow, policies: Policies) -> bool:
    """Tell whether the ledger has made an event itself; older ones have made some of another form of id."""
    if row.id.startswith(_OWN):
        return True
    if row.ref is None or not row.id.startswith(f"{row.ref}/"):
        return False
    role = row.id[len(row.ref) + 1 :]
    return any(role == also.to for policy in policies for rule in policy.rules.values() for also in rule.also)
