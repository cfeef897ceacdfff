"""What a batch knows of before: ids, pairs, subjects and actors, looked up with few statements."""

import contextlib
from collections.abc import Iterable, Sequence

from renown import scoring
from renown.errors import PolicyError
from renown.ledger.folding.carried import decode_carried
from renown.ledger.folding.forms import Applied, Earlier, Folded
from renown.ledger.folding.lineage import in_place
from renown.ledger.folding.past import Recall, Unwritten
from renown.ledger.folding.replay import replay
from renown.ledger.policies.switched import switch_event
from renown.ledger.rebuild import write_replay
from renown.ledger.views import earlier_of
from renown.ledger.writing.access import Access
from renown.ledger.writing.cache import Cache, Subject
from renown.ledger.writing.guarding import asks_of_others, knows_actors, returned_pair
from renown.ledger.writing.prepared import Prepared
from renown.model import Event, kind_of
from renown.scoring.guards import wants
from renown.stores import EventRow, StandingRow

__all__ = ["Lookup"]


class Lookup:
    """The ids, pairs, subjects and actors that the events of a batch may ask for.

    Subjects and actors go into the cache, which outlives the batch; ids and pairs live as long as it does.
    """

    _access: Access

    def __init__(self, cache: Cache, now: float, recall: Recall) -> None:
        self._cache = cache
        self._now = now
        self._recall = recall
        self.known: dict[str, tuple[str, int, bytes]] = {}
        """By id (subject, version, body) of the events there are."""
        self.pairs: dict[tuple[str, str], Earlier | None] = {}
        """By (subject, pair) the event that holds its place."""
        self.looked_back = False
        """Whether a subject was folded anew, which needs the batch's transaction."""
        self.switched: list[Event] = []
        """What is to be told of subjects that were found under other rules than those in force."""

    def load(
        self, access: Access, coming: Sequence[Prepared], others: Iterable[str], before: "Lookup | None"
    ) -> None:
        """Look up, each with one statement, all that the events of the batch may need.

        `others` are further subjects that are wanted; `before` is what the batch before knows, which may not
        be stored yet and knows better than the store.
        """
        self._access = access
        cache, reader = self._cache, access.reader
        if not cache.valid:
            cache.newest_seq = reader.newest_seq()
            cache.see_kinds(reader.kind_rows())
            cache.valid = True
        sent = [p.id for p in coming if p.event.id is not None]
        if sent:
            self.known = {row[0]: row[1:] for row in reader.known(sent)}
        wanted = {p.event.subject for p in coming}
        wanted.update(p.rater for p in coming if p.rater is not None)
        asking = {policy for policy in {p.policy for p in coming} if asks_of_others(policy)}
        guarded = [p for p in coming if p.policy in asking] if asking else ()
        if guarded:
            wanted.update(self._inform(guarded))
        wanted.update(others)
        missing = cache.missing(wanted)
        if missing:
            found = {row.subject: row for row in reader.standings(missing)}
            for key in missing:
                row = found.get(key)
                cache.subjects[key] = None if row is None else self._subject(row)
        pairs = {
            (p.event.subject, p.effect.one_per)
            for p in coming
            if p.effect.one_per is not None and cache.subjects[p.event.subject] is not None
        }
        pairs.update(p.returned for p in guarded if p.returned is not None)
        if pairs:
            for row in reader.live_pairs(list(pairs)):
                pair, earlier = (row.subject, row.pair or ""), earlier_of(row)
                if (other := self.pairs.get(pair)) is not None:
                    newest_first = sorted((earlier, other), key=lambda each: -each.version)
                    earlier = in_place(newest_first)
                self.pairs[pair] = earlier
        if before is not None:
            self.known.update({id_: before.known[id_] for id_ in before.known.keys() & sent})
            self.pairs.update({pair: before.pairs[pair] for pair in before.pairs.keys() & pairs})

    def close(self) -> None:
        """Let go of the batch; what is known stays, for the batch after it."""
        del self._recall

    def find(self, subjects: Iterable[str]) -> None:
        """Look up more subjects."""
        missing = self._cache.missing(set(subjects))
        for row in self._access.reader.standings(missing) if missing else ():
            self._cache.subjects[row.subject] = self._subject(row)

    def fetch(self, prepared: Prepared) -> None:
        """Look up what one more event needs, which nobody could know of before."""
        reader, key, pair = self._recall.flush(), prepared.event.subject, prepared.effect.one_per
        if prepared.policy.guards:
            self._inform([prepared])
        self.known.update({row[0]: row[1:] for row in reader.known([prepared.id])})
        if key not in self._cache.subjects:
            found = reader.standings([key])
            self._cache.subjects[key] = self._subject(found[0]) if found else None
        if pair is not None:
            self._fetch_pair(reader, (key, pair))

    def acquaint(self, prepared: Prepared) -> None:
        """Look up whom guards ask for about one more event."""
        missing = self._cache.missing(self._inform([prepared]))
        for row in self._recall.flush().standings(missing) if missing else ():
            self._cache.subjects[row.subject] = self._subject(row)
        if prepared.returned is not None:
            self._fetch_pair(self._recall.unwritten(), prepared.returned)

    def remember(self, row: EventRow, applied: Applied) -> None:
        """Take note of an event that was applied, as the store will know it.

        The batch after this one is to find all here that the store may not know of a pair by then.
        """
        key, own = row.subject, applied.pair
        self.known[row.id] = (key, row.version, row.body)
        if own is not None and row.ended_version is None and row.held_at is None:
            earlier = Earlier(
                row.seq, row.id, row.version, row.at, own, applied.basis, applied.contributions, row.body
            )
            for hold in applied.holds:
                if hold.seq is None:
                    hold.mark(earlier)
            self.pairs[key, own] = earlier
            own = None
        if not applied.ends and not applied.holds:
            return
        if any(end.at is None for end in applied.ends):
            # What is live again is not among the live rows of the store.
            self._recall.flush()
        several = bool(applied.holds) or applied.folded.held > 0 or applied.folded.hold_until is not None
        for pair in {each.pair for each in (*applied.ends, *applied.holds)} - {None, applied.pair} | {own}:
            if pair is None:
                continue
            place = key, pair
            if several:
                # One event of a pair has its place, others may wait for it until somebody decides.
                self.pairs.pop(place, None)
            elif (current := self.pairs.get(place)) is not None and any(
                end.id == current.id for end in applied.ends
            ):
                self.pairs[place] = None
            self._fetch_pair(self._recall.unwritten(), place)

    def _fetch_pair(self, rows: Unwritten, pair: tuple[str, str]) -> None:
        if pair not in self.pairs:
            live = sorted(map(earlier_of, rows.live_pairs([pair])), key=lambda each: -each.version)
            self.pairs[pair] = in_place(live)

    def _inform(self, guarded: Sequence[Prepared]) -> set[str]:
        """Look up the actors that guards ask for; return those whose own standing they ask for."""
        actors: set[str] = set()
        subjects: set[str] = set()
        for policy in {prepared.policy for prepared in guarded}:
            knows, wanted = knows_actors(policy), wants(policy) if policy.guards else None
            for prepared in guarded:
                actor = prepared.event.actor
                if prepared.policy is not policy or actor is None or not prepared.effect.speaks:
                    continue
                if knows:
                    actors.add(actor)
                if wanted is None:
                    continue
                if wanted.kin and kind_of(actor) == policy.kind:
                    subjects.add(actor)
                if wanted.returned:
                    prepared.returned = returned_pair(policy, prepared.event, prepared.at)
        missing = [actor for actor in actors if actor not in self._cache.actors]
        if missing:
            found = {row.actor: row for row in self._access.reader.actors(missing)}
            self._cache.actors.update({actor: found.get(actor) for actor in missing})
        return subjects

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
        made = replay(policy, writer.ascending(row.subject, 0, -1))
        write_replay(writer, made)
        kind = self._cache.kinds.get(policy.kind)
        told = switch_event(policy, row, made, self._now, {} if kind is None else kind.prior)
        if told is not None:
            self.switched.append(told)
        return Subject(row.subject, policy, made.folded, row.seq, made.standing.view)
