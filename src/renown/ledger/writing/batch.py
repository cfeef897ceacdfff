"""One transaction: the events of many requests, checked, folded, stored and told."""

from collections.abc import Collection, Sequence
from typing import Final

import msgspec
import structlog

from renown import scoring
from renown.errors import ConflictError, EventError, LedgerError
from renown.ledger.erasing import ERASED
from renown.ledger.folding.fold import apply, begin, meant
from renown.ledger.folding.forms import Applied, Earlier
from renown.ledger.folding.lineage import said_blindly
from renown.ledger.folding.living import face_of, facts_of, waits
from renown.ledger.folding.past import StoredPast, Unwritten
from renown.ledger.writing.access import Access, Overtaken
from renown.ledger.writing.cache import Cache, Kind, Subject
from renown.ledger.writing.check import checked, new_id
from renown.ledger.writing.deriving import counts_at_once, found_made, made_by, made_late, redoing, undoing
from renown.ledger.writing.guarding import asks_of_others, facts_about, knows_actors, refused, spent_by
from renown.ledger.writing.lookup import Lookup
from renown.ledger.writing.outcome import PLAIN, Outcome, Work
from renown.ledger.writing.prepared import SYSTEM, Prepared, internal, rater_of
from renown.ledger.writing.unsaved import Unsaved
from renown.model import (
    Answer,
    Basis,
    Change,
    Event,
    Problem,
    Status,
    instant,
    kind_of,
    timestamp,
)
from renown.scoring.guards import NOTHING, Facts, Guards, begin_guards, judge, spend, wants
from renown.stores import EventRow, Reader

__all__ = ["Batch"]

_log = structlog.get_logger(__name__)
_NO_FACTS: Final = Facts()
_APPLIED: Final = Status.APPLIED
"""By a name of its own: asking an enumeration for a member takes half as long as making the answer."""


class Batch:
    """The events of one transaction, folded. Used once, on the writer's thread.

    `before` is the batch folded last, when it may not be committed yet: what it holds and the store does
    not is looked up in it.
    """

    _access: Access
    _remembers = False
    """Whether also what has no guards any more is to be judged: what was said of it once may stay."""

    def __init__(
        self,
        cache: Cache,
        events: Sequence[Event],
        before: "Batch | None" = None,
        *,
        switching: Collection[str] = (),
        news: Sequence[Event] = (),
    ) -> None:
        self._cache = cache
        self._switching = switching
        """Subjects to be brought under the rules in force, whether or not anything happens to them."""
        self._before = before
        self._answers: dict[int, Answer] = {}
        # As fine as the wire is, so that what is told is what was folded.
        self._now = round(cache.clock.now(), 6)
        self._prepared = [p for i, e in enumerate(events) if (p := self._prepare(i, e)) is not None]
        made = [each for p in self._prepared if p.made for each in p.made]
        self._coming = [*self._prepared, *made] if made else self._prepared
        # A subject is read as a whole once, for what will most likely be its last event.
        self._last = {p.event.subject: p.slot for p in self._coming}
        self._lookup = Lookup(cache, self._now, self)
        self._lookup.switched += news
        self._outcome = Outcome(cache, self._now)
        self._flushed = False

    @property
    def looked_back(self) -> bool:
        """Whether it needed more of the past than what lies in memory afterwards."""
        return self._flushed or self._lookup.looked_back

    def _prepare(self, slot: int, event: Event) -> Prepared | None:
        try:
            event, body, at = checked(event, self._now)
            policy = self._cache.policies.for_subject(event.subject)
            at = self._now if at is None else at
            effect = scoring.interpret(policy, event, at)
            event_id = event.id or new_id()
            made = self._made(event_id, effect.also, at) if effect.also else ()
        except EventError as error:
            self._reject(slot, event, error.problem)
            return None
        except Exception:
            self._fail(slot, event)
            return None
        rater = None if policy.raters is None else rater_of(policy, event, effect)
        return Prepared(slot, event, event_id, at, body, policy, effect, rater, made)

    def _made(self, maker: str, also: Sequence[scoring.Derived], at: float) -> tuple[Prepared, ...]:
        made = made_by(self._cache.policies, maker, also, at)
        return tuple([internal(each.event, each.policy, each.effect, at) for each in made])

    def _reject(self, slot: int, event: Event, problem: Problem) -> None:
        event_id, subject = getattr(event, "id", None), getattr(event, "subject", None)
        self._answers[slot] = Answer(
            Status.REJECTED,
            event_id if isinstance(event_id, str) else None,
            subject if isinstance(subject, str) else None,
            None,
            problem,
        )

    def _fail(self, slot: int, event: Event) -> None:
        _log.exception("an event failed unexpectedly", id=getattr(event, "id", None))
        self._reject(slot, event, Problem("internal", "the server failed on this event; it changed nothing"))

    def run(self, access: Access) -> Work:
        """Fold all events; return what is to be stored.

        Raises:
            LedgerError: the store failed; the cache has to be dropped.
            Overtaken: as `access` raises it.

        """
        self._access = access
        self._load()
        for prepared in self._prepared:
            try:
                self._take(prepared)
            except EventError as error:
                self._reject(prepared.slot, prepared.event, error.problem)
            except (LedgerError, Overtaken):
                raise
            except Exception:
                self._fail(prepared.slot, prepared.event)
        return self._work()

    def _work(self) -> Work:
        """Return what the batch has come to; nothing is looked up from here on."""
        # Else the batch and its look-ups would hold each other, and all rows would wait for the collector.
        self._before = None
        self._lookup.close()
        return self._outcome.work()

    def _load(self) -> None:
        before = None if self._before is None else self._before._lookup
        self._lookup.load(self._access, self._coming, self._switching, before)
        self._outcome.seq = self._cache.newest_seq
        self._tell_switched()

    def flush(self) -> Reader:
        """Write the events of the batch so far; return a reader that sees them and all before."""
        writer = self._access.writer()
        self._flushed = True
        self._outcome.flush(writer)
        return writer

    def unwritten(self) -> Unwritten:
        """Return what sees the events of the batch so far and all before, with nothing written."""
        if self.looked_back:
            # Something is written already that nobody but the transaction sees.
            return self.flush()
        before = self._before
        made = (self._outcome,) if before is None else (before._outcome, self._outcome)
        return Unsaved(self._access.reader, made)

    def _take(self, prepared: Prepared) -> None:
        before = self._lookup.known.get(prepared.id)
        if before is not None:
            self._repeat(prepared, *before)
            return
        if prepared.made:
            self._must_be_new(prepared.made)
        cache, event, policy = self._cache, prepared.event, prepared.policy
        subject = cache.subjects.get(event.subject)
        if subject is not None and subject.folded.hold_until is not None:
            # Before anything else is looked at: what counts from now on is believed of the kind, too.
            self._end_holds(subject, prepared)
        kind = cache.kinds.get(policy.kind) or Kind.new(policy)
        state, prior, weight = kind.state, kind.prior, 1.0
        speaks = prepared.effect.speaks
        if speaks:
            if state is not None:
                state = scoring.observe(policy, state, event.actor, prepared.effect.contributions)
                prior = state.prior()
            if policy.raters is not None:
                weight = self._weight(prepared, kind)
        basis = Basis(weight, prior) if weight != 1.0 or prior else PLAIN
        if subject is None:
            subject = Subject(event.subject, policy, begin(policy, prior, prepared.at), 0, b"")
        past = StoredPast(policy, event.subject, self._lookup.pairs, self, subject.trail)
        if not speaks and prepared.effect.step == scoring.TIME:
            # Time alone changes nothing of what is believed of others.
            basis = Basis(1.0, subject.folded.prior)
        elif (policy.guards or self._remembers) and prepared.slot >= 0:
            # What the ledger makes itself nobody needs to judge.
            basis = self._judged(prepared, subject, basis, past)
        others = self._others(prepared) if prepared.effect.blind is not None else ()
        if others:
            basis = msgspec.structs.replace(basis, met=True)
        if state is not None and speaks and waits(prepared.effect, basis):
            # What does not count yet says nothing of its kind either.
            state, prior = kind.state, kind.prior
            basis = _unheard(prepared, subject, basis, prior)
        applied = apply(
            policy,
            subject.folded,
            prepared,
            basis,
            past,
            whole=self._last.get(event.subject) == prepared.slot,
        )
        row = self._outcome.row(prepared, applied)
        # From here on nothing may fail: the event is applied.
        self._outcome.record(subject, applied, row)
        self._lookup.remember(row, applied)
        self._answers[prepared.slot] = _answer(row, applied)
        if state is not None and state is not kind.state:
            kind.state, kind.prior = state, prior
        kind.learn(applied.freed)
        kind.count(row)
        cache.kinds[kind.name] = kind
        if speaks and event.actor is not None and knows_actors(policy):
            self._count(prepared, event.actor, basis)
        if prepared.made or ((applied.ends or applied.holds) and scoring.derives(policy)):
            self._follow(prepared, applied, past)
        if others and counts_at_once(applied):
            self._open(others, prepared)

    def _count(self, prepared: Prepared, actor: str, basis: Basis) -> None:
        """Count an event of an actor, also against what it may send wherever it is."""
        self._outcome.count(actor, prepared.at)
        if prepared.slot < 0 or not wants(prepared.policy).spent:
            return
        before = spent_by(self._cache.actors.get(actor))
        facts = facts_of(basis)
        effect, at = prepared.effect, prepared.at
        after = spend(prepared.policy, before, prepared.event, effect, facts=facts, at=at)
        if after != before:
            self._outcome.spend(actor, after)

    def _must_be_new(self, made: Sequence[Prepared]) -> None:
        for each in made:
            if each.id in self._lookup.known:
                raise _taken(each.id)

    def _end_holds(self, subject: Subject, prepared: Prepared) -> None:
        """Carry out first what time was to do to a subject before its next event."""
        if prepared.effect.step == scoring.TIME:
            return
        until = min(prepared.at, self._now)
        while (end := subject.folded.hold_until) is not None and end <= until:
            self._pass_time(subject, end)

    def _pass_time(self, subject: Subject, at: float) -> None:
        """Make the event of what time does to a subject at `at`."""
        event = Event(
            scoring.TIME,
            subject.key,
            f"{scoring.TIME}/{subject.key}/{timestamp(at)}",
            occurred_at=instant(at),
        )
        prepared = internal(event, subject.policy, scoring.interpret(subject.policy, event, at), at)
        self._fetch(prepared)
        if prepared.id in self._lookup.known:
            # Two holds that end at the same time, the second one made after the first had ended.
            prepared.id = f"{prepared.id}/{subject.folded.version + 1}"
        self._take(prepared)

    def _others(self, prepared: Prepared) -> Sequence[Earlier]:
        """Return what the other side of a blind review has said of its giver under the same ref."""
        event, actor = prepared.event, prepared.event.actor or ""
        policy = self._cache.policies.get(kind_of(actor))
        if policy is None:
            return ()
        past = StoredPast(policy, actor, self._lookup.pairs, self)
        return [*said_blindly(policy, past, by=event.subject, ref=event.ref or "")]

    def _open(self, others: Sequence[Earlier], prepared: Prepared) -> None:
        """Open what the other side has said, now that both have spoken."""
        actor = prepared.event.actor or ""
        policy = self._cache.policies.for_subject(actor)
        for other in others:
            if other.held and other.held_why == "blind":
                event = Event(
                    "release",
                    actor,
                    f"renown.open/{other.id}",
                    actor=SYSTEM,
                    ref=other.id,
                    occurred_at=instant(prepared.at),
                )
                effect = scoring.interpret(policy, event, prepared.at)
                opening = internal(event, policy, effect, prepared.at)
                self._fetch(opening)
                self._take_internal(opening)

    def _judged(self, prepared: Prepared, subject: Subject, basis: Basis, past: StoredPast) -> Basis:
        """Return the basis with what the guards are told and what they say."""
        effect, policy, weight = prepared.effect, prepared.policy, basis.weight
        if effect.step is not None:
            return basis
        if effect.amends and (said := meant(policy, prepared, past)) is not None:
            # What it says is judged as if it came by itself.
            prepared = msgspec.structs.replace(prepared, event=said.event, effect=said.effect)
            weight = said.weight
            self._lookup.acquaint(prepared)
            self._tell_switched()
        event, effect = prepared.event, prepared.effect
        guards, facts = subject.folded.guards, _NO_FACTS
        if event.data is not None or asks_of_others(policy):
            facts = self._facts(prepared, guards, weight)
        remembered = begin_guards(policy) if guards is None else guards
        verdict = judge(policy, remembered, event, effect, facts=facts, at=prepared.at)
        if verdict is NOTHING:
            return basis if facts is _NO_FACTS else Basis(basis.weight, basis.prior, facts)
        error = refused(event, effect, verdict)
        if error is not None:
            raise error
        return Basis(basis.weight, basis.prior, None if facts is _NO_FACTS else facts, verdict)

    def _facts(self, prepared: Prepared, guards: Guards | None, weight: float) -> Facts:
        cache, actor = self._cache, prepared.event.actor or ""
        giver = cache.subjects.get(actor)
        facts = facts_about(
            prepared.policy,
            prepared.event,
            known=cache.actors.get(actor),
            returned=None if prepared.returned is None else self._lookup.pairs.get(prepared.returned),
            guards=guards,
            of_actor=None if giver is None else giver.folded.guards,
            weight=weight,
            at=prepared.at,
        )
        return _NO_FACTS if facts == _NO_FACTS else facts

    def _follow(self, prepared: Prepared, applied: Applied, past: StoredPast) -> None:
        """Make for others what an event makes, and take back what was made by what it takes back."""
        if counts_at_once(applied):
            for made in prepared.made:
                self._take_internal(made)
        policies = self._cache.policies
        if applied.ends or applied.holds:
            for maker, also, at in made_late(prepared, prepared.policy, applied, past):
                before = found_made(prepared.policy, [maker], self.flush())
                for each in self._made(maker, also, at):
                    self._fetch(each)
                    if each.id not in before:
                        self._take_internal(each)
                    elif prepared.effect.step is not None:
                        # It was taken back with what made it, perhaps, and that counts again.
                        self._answer_for(redoing(*before[each.id], prepared.at), prepared.at)
        ended = [end.id for end in applied.ends if end.seq is not None and end.at is not None]
        undone = found_made(prepared.policy, ended, self.flush()) if ended else {}
        for made_id, key in undone.values():
            if policies.get(kind_of(key)) is not None:
                self._answer_for(undoing(made_id, key, prepared.at), prepared.at)

    def _answer_for(self, event: Event, at: float) -> None:
        """Take back an event that another has made, or take it up again."""
        policy = self._cache.policies.for_subject(event.subject)
        prepared = internal(event, policy, scoring.interpret(policy, event, at), at)
        self._fetch(prepared)
        if prepared.id in self._lookup.known:
            # Not for the first time.
            subject = self._cache.subjects.get(event.subject)
            prepared.id = f"{prepared.id}/{1 if subject is None else subject.folded.version + 1}"
        self._take_internal(prepared)

    def _take_internal(self, prepared: Prepared) -> None:
        try:
            self._take(prepared)
        except EventError as error:
            # Somebody took it back by hand, say. What it follows from holds all the same.
            _log.info("what an event makes was refused", id=prepared.id, reason=error.detail)

    def _fetch(self, prepared: Prepared) -> None:
        self._lookup.fetch(prepared)
        self._tell_switched()

    def _tell_switched(self) -> None:
        switched = self._lookup.switched
        while switched:
            event = switched.pop(0)
            policy = self._cache.policies.for_subject(event.subject)
            self._take_internal(internal(event, policy, scoring.interpret(policy, event), self._now))

    def _weight(self, prepared: Prepared, kind: Kind) -> float:
        actor = prepared.event.actor
        is_seed = kind.state is not None and kind.state.is_seed(actor)
        known = None if prepared.rater is None else self._cache.subjects.get(prepared.rater)
        state, raters = None if known is None else known.folded.state, prepared.policy.raters
        tier = since = None
        if known is not None and raters is not None and raters.by_tier:
            reading = scoring.read(known.policy, known.folded.state, known.folded.at, kind.prior)
            face = face_of(known.policy, known.folded, reading)
            tier = (reading.tier if face is None else face.tier) or ""
        if scoring.asks_age(raters):
            row = self._cache.actors.get(actor or "")
            since = None if row is None else row.first_at
        return scoring.rater_weight(
            prepared.policy,
            state,
            is_seed,
            at=prepared.at,
            prior=kind.prior,
            tier=tier,
            known_since=since,
        )

    def _repeat(self, prepared: Prepared, subject: str, version: int, body: bytes) -> None:
        # What was erased cannot be compared any more, and stays what it was.
        if body != prepared.body and ERASED not in body:
            raise ConflictError(
                f"the id `{prepared.id}` is in use with a different body",
                field="id",
                expected="a new id, or the very same event",
            )
        self._answers[prepared.slot] = Answer(Status.DUPLICATE, prepared.id, subject, version)

    def answers(self, with_standing: Sequence[bool]) -> list[Answer]:
        """Return the answers in order of the events, where wanted with the subject's newest standing."""
        answers = self._answers
        if True not in with_standing:
            return [answers[i] for i in range(len(with_standing))]
        return [
            self._with_standing(answers[i]) if wanted else answers[i]
            for i, wanted in enumerate(with_standing)
        ]

    def _with_standing(self, answer: Answer) -> Answer:
        subject = self._cache.subjects.get(answer.subject or "")
        if answer.status is Status.REJECTED or subject is None:
            return answer
        return msgspec.structs.replace(answer, standing=msgspec.Raw(subject.view))


def _answer(row: EventRow, applied: Applied) -> Answer:
    if row.held_at is None or row.ended_at is not None:
        return Answer(_APPLIED, row.id, row.subject, row.version)
    return Answer(Status.HELD, row.id, row.subject, row.version, reasons=_reasons(row.id, applied.changes))


def _reasons(event_id: str, changes: Sequence[Change]) -> tuple[str, ...]:
    return tuple([each.why for each in changes if each.kind == "hold" and each.name == event_id and each.why])


def _unheard(prepared: Prepared, subject: Subject, basis: Basis, prior: dict[str, float]) -> Basis:
    """Return the basis with what is believed of the kind without this event."""
    if not subject.folded.version:
        subject.folded = begin(subject.policy, prior, prepared.at)
    return msgspec.structs.replace(basis, prior=prior)


def _taken(event_id: str) -> ConflictError:
    return ConflictError(
        f"the event makes another with the id `{event_id}`, which is in use",
        field="id",
        expected="a new id",
    )
