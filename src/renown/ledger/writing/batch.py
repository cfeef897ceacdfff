"""One transaction: the events of many requests, checked, folded, stored and told."""

import contextlib
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

import msgspec
import structlog

from renown import scoring
from renown.errors import ConflictError, EventError, LedgerError, PolicyError
from renown.ledger.erasing import ERASED
from renown.ledger.folding.carried import decode_carried
from renown.ledger.folding.checkpoints import Checkpoints
from renown.ledger.folding.fold import apply, begin, meant
from renown.ledger.folding.forms import Applied, Earlier, Folded
from renown.ledger.folding.lineage import said_blindly
from renown.ledger.folding.living import face_of, waits
from renown.ledger.folding.past import StoredPast
from renown.ledger.folding.replay import replay, standing_row
from renown.ledger.policies.switched import switch_event
from renown.ledger.rebuild import write_replay
from renown.ledger.views import activity_json, alarms_of, basis_json, cause_of, earlier_of, encode
from renown.ledger.writing.access import Access, Overtaken
from renown.ledger.writing.cache import Cache, Kind, Subject
from renown.ledger.writing.check import body_of, checked, new_id
from renown.ledger.writing.deriving import counts_at_once, made_by, made_ids, made_late, undoing
from renown.ledger.writing.guarding import asks_of_others, facts_about, knows_actors, refused, returned_pair
from renown.model import (
    Alarm,
    Answer,
    Basis,
    Change,
    Event,
    Problem,
    Status,
    Update,
    instant,
    kind_of,
    timestamp,
)
from renown.policy import Policy
from renown.scoring.guards import NOTHING, Facts, Guards, begin_guards, judge, wants
from renown.stores import ActorRow, DueRow, EndRow, EventRow, HoldRow, KindRow, Reader, StandingRow, Writer

__all__ = ["SYSTEM", "Batch", "Prepared", "Work"]

_log = structlog.get_logger(__name__)
SYSTEM: Final = "renown:system"
"""The actor of what the ledger itself does."""

_PLAIN: Final = Basis()
_NO_FACTS: Final = Facts()
_PLAIN_JSON: Final = basis_json(_PLAIN)


class Prepared(msgspec.Struct, gc=False, eq=False):
    """An event that passed all checks that need no store."""

    slot: int
    """Its place among the events of the batch."""
    event: Event
    id: str
    at: float
    body: bytes
    policy: Policy
    effect: scoring.Effect
    rater: str | None
    """The actor, where its own standing says how much its word weighs."""
    made: tuple["Prepared", ...] = ()
    """What it makes for others."""
    returned: tuple[str, str] | None = None
    """(subject, pair) of what the subject has said of the actor, where guards ask for that."""


class _Touched:
    """A subject that changed in this batch, by what was applied last."""

    applied: Applied
    row: EventRow

    __slots__ = ("activity", "alarms", "applied", "row", "subject")

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.activity: list[tuple[int, int, bytes]] = []
        self.alarms: tuple[Alarm, ...] = ()


class Work(NamedTuple):
    """What a folded batch wants stored, and what is to be said once it is."""

    events: Sequence[EventRow]
    ends: Sequence[EndRow]
    holds: Sequence[HoldRow]
    standings: Sequence[StandingRow]
    kinds: Sequence[KindRow]
    actors: Sequence[ActorRow]
    dues: Sequence[DueRow]
    """Of subjects to which nothing else happened."""
    checkpoints: Checkpoints
    newest_seq: int
    updates: Sequence[Update]
    """One per subject, in order of their newest event."""

    @property
    def due(self) -> float | None:
        """When the first of its subjects is due."""
        return min([row.due for row in (*self.standings, *self.dues) if row.due is not None], default=None)

    def store(self, writer: Writer) -> None:
        """Write all of it within the writer's transaction."""
        if self.events:
            writer.add_events(self.events)
        if self.ends:
            writer.end_events(self.ends)
        if self.holds:
            writer.hold_events(self.holds)
        self.checkpoints.store(writer)
        if self.standings:
            writer.put_standings(self.standings)
            writer.put_kinds(self.kinds)
        if self.actors:
            writer.put_actors(self.actors)
        if self.dues:
            writer.put_due(self.dues)


class Batch:
    """The events of one transaction, folded. Used once, on the writer's thread.

    `before` is the batch folded last, when it may not be committed yet: what it holds and the store does
    not is looked up in it.
    """

    _access: Access

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
        self.looked_back = False
        """Whether it needed more of the past than what lies in memory afterwards."""
        self._answers: dict[int, Answer] = {}
        # As fine as the wire is, so that what is told is what was folded.
        self._now = round(cache.clock.now(), 6)
        self._prepared = [p for i, e in enumerate(events) if (p := self._prepare(i, e)) is not None]
        made = [each for p in self._prepared if p.made for each in p.made]
        self._coming = [*self._prepared, *made] if made else self._prepared
        # A subject is read as a whole once, for what will most likely be its last event.
        self._last = {p.event.subject: p.slot for p in self._coming}
        self._known: dict[str, tuple[str, int, bytes]] = {}
        self._pairs: dict[tuple[str, str], Earlier | None] = {}
        self._touched: dict[str, _Touched] = {}
        self._rows: list[EventRow] = []
        self._ends: list[EndRow] = []
        self._holds: list[HoldRow] = []
        self._actors: dict[str, ActorRow] = {}
        self._dues: list[DueRow] = []
        self._checkpoints = Checkpoints()
        self._seq = 0
        self._switched = list(news)
        """What is to be told of subjects that were found under other rules than those in force."""

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
        rater = _rater(policy, event, effect)
        return Prepared(slot, event, event_id, at, body, policy, effect, rater, made)

    def _made(self, maker: str, also: Sequence[scoring.Derived], at: float) -> tuple[Prepared, ...]:
        made = made_by(self._cache.policies, maker, also, at)
        return tuple([_internal(each.event, each.policy, each.effect, at) for each in made])

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
        self._before = None
        return self._work()

    def _load(self) -> None:
        """Look up, each with one statement, all that the events of the batch may need."""
        cache, reader = self._cache, self._access.reader
        if not cache.valid:
            cache.newest_seq = reader.newest_seq()
            cache.see_kinds(reader.kind_rows())
            cache.valid = True
        self._seq = cache.newest_seq
        sent = [p.id for p in self._coming if p.event.id is not None]
        if sent:
            self._known = {row[0]: row[1:] for row in reader.known(sent)}
        wanted = {p.event.subject for p in self._coming}
        wanted.update(p.rater for p in self._coming if p.rater is not None)
        guarded = [p for p in self._coming if asks_of_others(p.policy)]
        if guarded:
            wanted.update(self._inform(guarded))
        wanted.update(self._switching)
        missing = cache.missing(wanted)
        if missing:
            found = {row.subject: row for row in reader.standings(missing)}
            for key in missing:
                row = found.get(key)
                cache.subjects[key] = None if row is None else self._subject(row)
        pairs = {
            (p.event.subject, p.effect.one_per)
            for p in self._coming
            if p.effect.one_per is not None and cache.subjects[p.event.subject] is not None
        }
        pairs.update(p.returned for p in guarded if p.returned is not None)
        if pairs:
            for row in reader.live_pairs(list(pairs)):
                self._pairs[row.subject, row.pair or ""] = earlier_of(row)
        if self._before is not None:
            self._see(self._before, sent, pairs)
        self._tell_switched()

    def _inform(self, guarded: Sequence[Prepared]) -> set[str]:
        """Look up the actors that guards ask for; return those whose own standing they ask for."""
        actors: set[str] = set()
        subjects: set[str] = set()
        for prepared in guarded:
            actor, policy = prepared.event.actor, prepared.policy
            if actor is None or not prepared.effect.speaks:
                continue
            if knows_actors(policy):
                actors.add(actor)
            if not policy.guards:
                continue
            wanted = wants(policy)
            if wanted.kin and kind_of(actor) == policy.kind:
                subjects.add(actor)
            prepared.returned = returned_pair(policy, prepared.event, prepared.at)
        missing = [actor for actor in actors if actor not in self._cache.actors]
        if missing:
            found = {row.actor: row for row in self._access.reader.actors(missing)}
            self._cache.actors.update({actor: found.get(actor) for actor in missing})
        return subjects

    def _see(self, before: "Batch", sent: Sequence[str], pairs: set[tuple[str, str]]) -> None:
        """Look ids and pairs up in the batch before, which knows better than the store."""
        self._known.update({id_: before._known[id_] for id_ in sent if id_ in before._known})
        self._pairs.update({pair: before._pairs[pair] for pair in pairs if pair in before._pairs})

    def _subject(self, row: StandingRow) -> Subject | None:
        policy = self._cache.policies.get(row.kind)
        if policy is None:
            return None
        if (row.policy, row.policy_version) == (policy.name, policy.version):
            with contextlib.suppress(PolicyError):
                state = scoring.decode_state(policy, row.state)
                folded = Folded(row.version, state, row.updated_at, row.score)
                decode_carried(policy, folded, row.life)
                return Subject(row.subject, policy, folded, row.seq, row.view)
        # The policy has changed since: what is folded next must be folded onto the same rules.
        writer = self._access.writer()
        self.looked_back = True
        rows = writer.ascending(row.subject, 0, -1)
        made = replay(policy, rows)
        write_replay(writer, rows, made)
        told = switch_event(policy, row, made, self._now)
        if told is not None:
            self._switched.append(told)
        return Subject(row.subject, policy, made.folded, row.seq, made.standing.view)

    def _take(self, prepared: Prepared) -> None:
        before = self._known.get(prepared.id)
        if before is not None:
            self._repeat(prepared, *before)
            return
        if prepared.made:
            self._must_be_new(prepared.made)
        cache, event, policy = self._cache, prepared.event, prepared.policy
        kind = cache.kinds.get(policy.kind) or Kind.new(policy)
        state, prior, weight = kind.state, kind.prior, 1.0
        speaks = prepared.effect.speaks
        if speaks:
            if state is not None:
                state = scoring.observe(policy, state, event.actor, prepared.effect.contributions)
                prior = state.prior()
            if policy.raters is not None:
                weight = self._weight(prepared, kind)
        basis = Basis(weight, prior) if weight != 1.0 or prior else _PLAIN
        subject = cache.subjects.get(event.subject)
        if subject is None:
            subject = Subject(event.subject, policy, begin(policy, prior, prepared.at), 0, b"")
        elif subject.folded.hold_until is not None and prepared.effect.step != scoring.TIME:
            self._end_holds(subject, min(prepared.at, self._now))
        past = StoredPast(policy, event.subject, self._pairs, self._flush)
        if not speaks and prepared.effect.step == scoring.TIME:
            # Time alone changes nothing of what is believed of others.
            basis = Basis(1.0, subject.folded.prior)
        elif policy.guards and prepared.slot >= 0:
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
        row = self._row(prepared, applied)
        activity = activity_json(row, applied.changes)
        # From here on nothing may fail: the event is applied.
        self._record(prepared, subject, applied, row, activity)
        if state is not None and state is not kind.state:
            kind.state, kind.prior = state, prior
        kind.learn(applied.freed)
        kind.events += 1
        kind.recent.append(row.seq)
        kind.subjects += row.version == 1
        cache.kinds[kind.name] = kind
        if speaks and event.actor is not None and knows_actors(policy):
            self._count(event.actor, prepared.at)
        if prepared.made or ((applied.ends or applied.holds) and scoring.derives(policy)):
            self._follow(prepared, applied, past)
        if others and counts_at_once(applied):
            self._open(others, prepared)

    def _must_be_new(self, made: Sequence[Prepared]) -> None:
        for each in made:
            if each.id in self._known:
                raise _taken(each.id)

    def _end_holds(self, subject: Subject, until: float) -> None:
        """Carry out first what time was to do to a subject before its next event."""
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
        prepared = _internal(event, subject.policy, scoring.interpret(subject.policy, event, at), at)
        self._fetch(prepared)
        if prepared.id in self._known:
            # Two holds that end at the same time, the second one made after the first had ended.
            prepared.id = f"{prepared.id}/{subject.folded.version + 1}"
        self._take(prepared)

    def _others(self, prepared: Prepared) -> Sequence[Earlier]:
        """Return what the other side of a blind review has said of its giver under the same ref."""
        event, actor = prepared.event, prepared.event.actor or ""
        policy = self._cache.policies.get(kind_of(actor))
        if policy is None:
            return ()
        past = StoredPast(policy, actor, self._pairs, self._flush)
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
                opening = _internal(event, policy, effect, prepared.at)
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
            self._acquaint(prepared)
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
            returned=None if prepared.returned is None else self._pairs.get(prepared.returned),
            guards=guards,
            of_actor=None if giver is None else giver.folded.guards,
            weight=weight,
        )
        return _NO_FACTS if facts == _NO_FACTS else facts

    def _acquaint(self, prepared: Prepared) -> None:
        """Look up whom guards ask for about one more event."""
        missing = self._cache.missing(self._inform([prepared]))
        for row in self._flush().standings(missing) if missing else ():
            self._cache.subjects[row.subject] = self._subject(row)
        self._tell_switched()
        returned = prepared.returned
        if returned is not None and returned not in self._pairs:
            live = self._flush().live_pairs([returned])
            self._pairs[returned] = earlier_of(live[0]) if live else None

    def _count(self, actor: str, at: float) -> None:
        known = self._cache.actors.get(actor)
        row = ActorRow(actor, at, 1)
        if known is not None:
            row = ActorRow(actor, min(known.first_at, at), known.events + 1)
        self._cache.actors[actor] = self._actors[actor] = row

    def _follow(self, prepared: Prepared, applied: Applied, past: StoredPast) -> None:
        """Make for others what an event makes, and take back what was made by what it takes back."""
        if counts_at_once(applied):
            for made in prepared.made:
                self._take_internal(made)
        policies = self._cache.policies
        if applied.ends or applied.holds:
            for maker, also, at in made_late(prepared, prepared.policy, applied, past):
                for each in self._made(maker, also, at):
                    self._fetch(each)
                    if each.id not in self._known:
                        self._take_internal(each)
        ids = made_ids(prepared.policy, [end.id for end in applied.ends if end.seq is not None])
        for made_id, key, _, _ in self._flush().known(ids) if ids else ():
            policy = policies.get(kind_of(key))
            if policy is not None:
                event = undoing(made_id, key, prepared.at)
                undone = _internal(event, policy, scoring.interpret(policy, event, prepared.at), prepared.at)
                self._fetch(undone)
                self._take_internal(undone)

    def _take_internal(self, prepared: Prepared) -> None:
        try:
            self._take(prepared)
        except EventError as error:
            # Somebody took it back by hand, say. What it follows from holds all the same.
            _log.info("what an event makes was refused", id=prepared.id, reason=error.detail)

    def _fetch(self, prepared: Prepared) -> None:
        """Look up what one more event needs, which nobody could know of before."""
        reader, key, pair = self._flush(), prepared.event.subject, prepared.effect.one_per
        if prepared.policy.guards:
            self._inform([prepared])
        self._known.update({row[0]: row[1:] for row in reader.known([prepared.id])})
        if key not in self._cache.subjects:
            found = reader.standings([key])
            self._cache.subjects[key] = self._subject(found[0]) if found else None
            self._tell_switched()
        if pair is not None and (key, pair) not in self._pairs:
            live = reader.live_pairs([(key, pair)])
            self._pairs[key, pair] = earlier_of(live[0]) if live else None

    def _tell_switched(self) -> None:
        while self._switched:
            event = self._switched.pop(0)
            policy = self._cache.policies.for_subject(event.subject)
            self._take_internal(_internal(event, policy, scoring.interpret(policy, event), self._now))

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

    def _row(self, prepared: Prepared, applied: Applied) -> EventRow:
        event, folded = prepared.event, applied.folded
        own = next((end for end in applied.ends if end.seq is None), None) if applied.ends else None
        hold = next((each for each in applied.holds if each.seq is None), None) if applied.holds else None
        return EventRow(
            self._seq + 1,
            prepared.id,
            event.subject,
            folded.version,
            event.type,
            event.actor,
            applied.pair,
            event.ref,
            event.value,
            prepared.at,
            self._now,
            prepared.body,
            _PLAIN_JSON if applied.basis is _PLAIN else basis_json(applied.basis),
            encode(applied.contributions),
            folded.score,
            applied.delta,
            None if own is None else own.at,
            None if own is None else own.by,
            None if own is None else folded.version,
            encode(applied.changes) if applied.changes else None,
            *(
                (None, None, None, None, None)
                if hold is None
                else (hold.at, hold.by, hold.until, hold.share, hold.why)
            ),
        )

    def _record(
        self, prepared: Prepared, subject: Subject, applied: Applied, row: EventRow, activity: bytes
    ) -> None:
        key = row.subject
        self._seq = row.seq
        subject.folded = applied.folded
        subject.seq = row.seq
        self._cache.subjects[key] = subject
        touched = self._touched.pop(key, None) or _Touched(subject)
        # Put last again, so that updates are in the order of their newest event.
        self._touched[key] = touched
        touched.applied = applied
        touched.row = row
        touched.activity.append((row.version, row.seq, activity))
        if row.changes is not None:
            touched.alarms += alarms_of(row, applied.changes)
        self._rows.append(row)
        self._checkpoints.note(subject.policy, key, applied.folded, applied.changed)
        self._known[row.id] = (key, row.version, row.body)
        for end in applied.ends:
            if end.seq is not None:
                self._ends.append((end.at, end.by, row.version, end.seq))
                if end.pair is not None:
                    current = self._pairs.get((key, end.pair))
                    if current is not None and current.id == end.id:
                        self._pairs[key, end.pair] = None
        for hold in applied.holds:
            if hold.seq is not None:
                self._holds.append((hold.at, hold.by, hold.until, hold.share, hold.why, hold.seq))
                current = None if hold.pair is None else self._pairs.get((key, hold.pair))
                if current is not None and current.id == hold.id:
                    hold.mark(current)
        if applied.pair is not None and row.ended_version is None:
            earlier = Earlier(
                row.seq,
                row.id,
                row.version,
                row.at,
                applied.pair,
                applied.basis,
                applied.contributions,
                row.body,
            )
            for hold in applied.holds:
                hold.mark(earlier)
            self._pairs[key, applied.pair] = earlier
        held = row.held_at is not None and row.ended_at is None
        self._answers[prepared.slot] = (
            Answer(Status.HELD, row.id, key, row.version, reasons=_reasons(row.id, applied.changes))
            if held
            else Answer(Status.APPLIED, row.id, key, row.version)
        )

    def _flush(self) -> Reader:
        """Write the events of the batch so far; return a reader that sees them and all before."""
        writer = self._access.writer()
        self.looked_back = True
        if self._rows:
            writer.add_events(self._rows)
            self._rows = []
        if self._ends:
            writer.end_events(self._ends)
            self._ends = []
        if self._holds:
            writer.hold_events(self._holds)
            self._holds = []
        self._checkpoints.store(writer)
        return writer

    def _work(self) -> Work:
        cache = self._cache
        rows: list[StandingRow] = []
        for key, touched in self._touched.items():
            subject, applied = touched.subject, touched.applied
            folded, policy = subject.folded, subject.policy
            reading = applied.reading or scoring.read(policy, folded.state, folded.at, applied.basis.prior)
            cause = cause_of(touched.row)
            row = standing_row(policy, key, subject.seq, folded=folded, reading=reading, cause=cause)
            subject.view = row.view
            rows.append(row)
        changed = {touched.subject.policy.kind for touched in self._touched.values()}
        cache.newest_seq = self._seq
        kinds = [cache.kinds[name].row() for name in changed]
        kept = self._checkpoints
        actors = list(self._actors.values())
        return Work(
            self._rows,
            self._ends,
            self._holds,
            rows,
            kinds,
            actors,
            self._dues,
            kept,
            self._seq,
            self._updates(),
        )

    def _updates(self) -> list[Update]:
        return [
            Update(
                key, t.subject.folded.version, t.subject.seq, t.subject.view, tuple(t.activity), 0.0, t.alarms
            )
            for key, t in self._touched.items()
        ]

    def answers(self, with_standing: Sequence[bool]) -> list[Answer]:
        """Return the answers in order of the events, where wanted with the subject's newest standing."""
        return [
            self._with_standing(self._answers[i]) if wanted else self._answers[i]
            for i, wanted in enumerate(with_standing)
        ]

    def _with_standing(self, answer: Answer) -> Answer:
        subject = self._cache.subjects.get(answer.subject or "")
        if answer.status is Status.REJECTED or subject is None:
            return answer
        return msgspec.structs.replace(answer, standing=msgspec.Raw(subject.view))


def _reasons(event_id: str, changes: Sequence[Change]) -> tuple[str, ...]:
    return tuple([each.why for each in changes if each.kind == "hold" and each.name == event_id and each.why])


def _unheard(prepared: Prepared, subject: Subject, basis: Basis, prior: dict[str, float]) -> Basis:
    """Return the basis with what is believed of the kind without this event."""
    if not subject.folded.version:
        subject.folded = begin(subject.policy, prior, prepared.at)
    return msgspec.structs.replace(basis, prior=prior)


def _rater(policy: Policy, event: Event, effect: scoring.Effect) -> str | None:
    if policy.raters is None or event.actor is None or not effect.speaks:
        return None
    return event.actor if kind_of(event.actor) == policy.kind else None


def _internal(event: Event, policy: Policy, effect: scoring.Effect, at: float) -> Prepared:
    """Return an event that the ledger makes itself; nobody waits for its answer."""
    rater = _rater(policy, event, effect)
    return Prepared(-1, event, event.id or new_id(), at, body_of(event), policy, effect, rater)


def _taken(event_id: str) -> ConflictError:
    return ConflictError(
        f"the event makes another with the id `{event_id}`, which is in use",
        field="id",
        expected="a new id",
    )
