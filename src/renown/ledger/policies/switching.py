"""Changing the rules of a kind while everything runs, and bringing every subject under them.

The `policies` table says which versions a kind has had; the newest is in force, for every process on the
file. A process learns of a new one before it folds anything after it: whatever it has not seen committed
makes it drop its cache and look its rules up again. So nothing is folded under older rules once a
newer version is stored, and a subject that gets an event is brought under the new rules first.

All others are brought under them page by page, each page one transaction together with how far it has come:
killed at any moment, whoever runs next goes on from there. A subject whose shown standing changes gets a
new version through an event of the type `renown.policy`, so that watchers and caches learn of it.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, NamedTuple

import msgspec
import structlog

from renown.errors import ConflictError, LedgerError
from renown.ledger.folding.replay import Replay, replay
from renown.ledger.policies.switched import switch_event
from renown.ledger.policies.trying import Progress, Trial, try_policy
from renown.ledger.policies.versions import adopt, newest_rows, read_row
from renown.ledger.rebuild import see_event, write_replay
from renown.ledger.writing.access import Within
from renown.ledger.writing.batch import Batch
from renown.ledger.writing.cache import Cache, Kind
from renown.model import Event, kind_of
from renown.policy import Policies, Policy, Visibility, alike, text_of, toml_of
from renown.scoring import needs_kind_state
from renown.stores import EventRow, KindRow, PolicyRow, Reader, StandingRow, Store, Writer

__all__ = ["InForce", "Kept", "PolicyBook", "Version"]

_PAGE: Final = 500
_EVENTS: Final = 5_000
"""Of one transaction, about: then others may write."""
_SCAN: Final = 5_000
_LOOK_EVERY: Final = 0.5
"""Seconds between two looks for what is to be switched."""
_log: Final = structlog.get_logger(__name__)


class Version(msgspec.Struct, frozen=True):
    """One version of a kind's rules."""

    version: int
    name: str
    since: float
    """When it came into force, POSIX seconds."""


class InForce(msgspec.Struct, frozen=True):
    """The rules of a kind as of now."""

    policy: Policy
    text: str
    """TOML."""
    since: float | None
    """POSIX seconds; None: the ledger has not seen it yet."""
    done: int | None
    """How many subjects are under these rules already, while they are being switched; None once all are."""
    subjects: int
    versions: tuple[Version, ...]
    """All that the kind has had, oldest first."""


class Kept(msgspec.Struct, frozen=True):
    """One version of a kind's rules, with what it says."""

    version: Version
    text: str
    """TOML."""
    policy: Policy | None
    """None when this version of the software cannot read it."""


class PolicyBook:
    """The policies of a ledger, and how they change. Belongs to one event loop.

    Longer work is done in threads of its own. All methods raise `LedgerError` when the file fails.
    """

    def __init__(self, store: Store, policies: Policies) -> None:
        self._store = store
        self._policies = policies
        self._look: Callable[[], Awaitable[None]] | None = None
        self._switching: asyncio.Task[None] | None = None
        self._due = asyncio.Event()
        self._reveal: Callable[[], None] | None = None
        self._visible: dict[str, Visibility] = {}
        self._stopping = False
        self._trial = asyncio.Lock()
        adopt(store.near, policies)

    async def start(self) -> None:
        """Enter the policies of this process that the ledger has not seen; newer ones of the ledger hold."""
        await asyncio.to_thread(self._enter_all)

    def follow(self, look: Callable[[], Awaitable[None]], reveal: Callable[[], None]) -> None:
        """Begin to bring subjects under new rules.

        `look` has this process learn of commits at once. `reveal` is called when other people than before
        may see subjects of some kind, within half a second of that.
        """
        self._look, self._reveal = look, reveal
        self._visible = self._visibilities()
        self._switching = asyncio.get_running_loop().create_task(self._switch_often(), name="renown-policies")

    async def stop(self) -> None:
        """Stop after the page at hand; what is not done is done by whoever runs next."""
        self._stopping = True
        self._due.set()
        if self._switching is not None:
            await self._switching
            self._switching = None

    def of(self, kind: str) -> InForce:
        """Return the rules of a kind.

        Raises:
            EventError: `unknown_kind`.

        """
        policy = self._policies.for_kind(kind)
        near = self._store.near
        with near.snapshot():
            rows = [row for row in near.policy_rows() if row.kind == kind]
            counts = {row.kind: row.subjects for row in near.kind_rows()}
            newest = rows[-1] if rows and rows[-1].version == policy.version else None
            switched = None if newest is None else newest.switched
            done = None if switched is None else near.subjects_between(f"{kind}:", switched)
        return InForce(
            policy=policy,
            text=text_of(policy) or toml_of(policy),
            since=None if newest is None else newest.since,
            done=done,
            subjects=counts.get(kind, 0),
            versions=tuple(Version(row.version, row.name, row.since) for row in rows),
        )

    async def kept(self, kind: str, version: int) -> Kept | None:
        """Return what a kind's rules of a version say, None when the ledger has had no such version.

        Raises:
            EventError: `unknown_kind`.

        """
        self._policies.for_kind(kind)
        rows = self._store.near.policy_rows()
        row = next((row for row in rows if (row.kind, row.version) == (kind, version)), None)
        if row is None:
            return None
        policy = await asyncio.to_thread(read_row, row)
        return Kept(Version(row.version, row.name, row.since), row.text, policy)

    async def put(self, policy: Policy) -> InForce:
        """Put new rules in force, for every process on the file; return when this one goes by them.

        Its subjects are brought under them from then on, in the background. The very rules that hold are
        taken without doing anything.

        Raises:
            EventError: `unknown_kind`.
            ConflictError: `version_taken`, when the version is not above all that the kind has had.

        """
        self._policies.for_kind(policy.kind)
        await asyncio.to_thread(self._enter, policy)
        if self._look is not None:
            await self._look()
        else:
            adopt(self._store.near, self._policies)
        self._heed()
        self._due.set()
        return self.of(policy.kind)

    def check_free(self) -> None:
        """Return when no policy is being tried now.

        Raises:
            ConflictError: `trial_running`, otherwise.

        """
        if self._trial.locked():
            raise ConflictError(
                "another policy is being tried", code="trial_running", expected="try again when that is done"
            )

    async def try_out(
        self, policy: Policy, progress: Progress | None = None, stop: threading.Event | None = None
    ) -> Trial:
        """Say what a policy would change, without changing anything. One at a time.

        Raises:
            ConflictError: `trial_running`, when another one is being tried.
            Stopped: `stop` was set meanwhile.

        """
        self.check_free()
        stop = threading.Event() if stop is None else stop
        async with self._trial:
            trying = asyncio.to_thread(try_policy, self._store, policy, progress=progress, stop=stop)
            running = asyncio.ensure_future(trying)
            try:
                return await asyncio.shield(running)
            except asyncio.CancelledError:
                # The thread reads from the store: nobody may close that under it.
                stop.set()
                with suppress(LedgerError):
                    await running
                raise

    def _enter_all(self) -> None:
        writer = self._store.writer()
        try:
            for policy in tuple(self._policies):
                row = newest_rows(writer).get(policy.kind)
                if row is None or row.version < policy.version:
                    _store_policy(writer, policy)
                elif row.version > policy.version:
                    _log.warning(
                        "the ledger has a newer policy than the settings; that one holds",
                        kind=policy.kind,
                        settings=policy.version,
                        ledger=row.version,
                    )
                elif not _same(row, policy):
                    _log.warning(
                        "a policy changed without a new version: what was folded stays as it was until it is"
                        " rebuilt; raise its version",
                        kind=policy.kind,
                        version=policy.version,
                    )
                    _store_policy(writer, policy, again=True)
            adopt(writer, self._policies)
        finally:
            writer.close()

    def _enter(self, policy: Policy) -> None:
        writer = self._store.writer()
        try:
            row = newest_rows(writer).get(policy.kind)
            if row is None or row.version < policy.version:
                _store_policy(writer, policy)
            elif not _same(row, policy):
                raise _version_taken(policy, row)
        finally:
            writer.close()

    async def _switch_often(self) -> None:
        seen: dict[str, str] = {}
        while not self._stopping:
            more = False
            try:
                more = await asyncio.to_thread(self._pages, seen)
            except LedgerError as error:
                _log.warning("the switch of a policy goes on later", reason=error.detail)
            except Exception:
                _log.exception("the switch of a policy goes on later")
            self._heed()
            if not more and not self._stopping:
                self._due.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._due.wait(), _LOOK_EVERY)

    def _heed(self) -> None:
        """Tell when it has changed who may see what."""
        now = self._visibilities()
        if self._reveal is not None and now != self._visible:
            self._visible = now
            self._reveal()

    def _visibilities(self) -> dict[str, Visibility]:
        return {policy.kind: policy.visibility for policy in tuple(self._policies)}

    def _pages(self, seen: dict[str, str]) -> bool:
        """Bring a page of each kind under its rules; tell whether there is more to do at once.

        `seen` is how far each kind was when this process looked last.
        """
        more = False
        with self._store.reader() as reader:
            states = reader.policy_states()
        for kind, version, switched in states:
            policy = self._policies.get(kind)
            if switched is None or policy is None or policy.version != version:
                seen.pop(kind, None)
            elif switched != seen.get(kind, switched):
                # Another process is at it, and goes on unless it dies.
                seen[kind] = switched
            else:
                seen[kind] = _page(self._store, policy)
                more = True
        return more


class _Count:
    """The counts and running means of a kind under new rules, from all its events."""

    def __init__(self, policy: Policy, *, anew: bool) -> None:
        self._policy = policy
        self._kind = Kind.new(policy) if anew and needs_kind_state(policy) else None
        self._seq = 0

    def go_on(self, reader: Reader) -> None:
        """Count what was not counted yet."""
        while self._kind is not None and (rows := reader.since(self._seq, _SCAN)):
            for row in rows:
                if kind_of(row.subject) == self._policy.kind:
                    see_event(self._kind, self._policy, row)
            self._seq = rows[-1].seq

    def rows(self, reader: Reader) -> list[KindRow]:
        """Return the row to be stored; none of a kind without events."""
        found = [row for row in reader.kind_rows() if row.kind == self._policy.kind]
        return [(self._kind or Kind.of(row, self._policy)).row() for row in found]


def _store_policy(writer: Writer, policy: Policy, *, again: bool = False) -> None:
    """Store a policy, and with it the kind's running means under it; `again` writes over the same version.

    Raises:
        ConflictError: `version_taken`, by a process that was faster.

    """
    count = _Count(policy, anew=policy.kind in newest_rows(writer))
    # Most of it before anybody has to wait.
    count.go_on(writer)
    writer.begin()
    try:
        row = newest_rows(writer).get(policy.kind)
        if row is not None and row.version >= policy.version and not again:
            if not _same(row, policy):
                raise _version_taken(policy, row)
            return
        count.go_on(writer)
        text, kinds = text_of(policy) or toml_of(policy), count.rows(writer)
        since = time.time() if row is None or not again else row.since
        switched = "" if kinds else None
        writer.put_policy(PolicyRow(policy.kind, policy.version, policy.name, text, since, switched))
        writer.put_kinds(kinds)
        writer.commit()
    finally:
        writer.rollback()


class _Made(NamedTuple):
    """A subject folded under new rules, from what was stored when nobody had to wait."""

    standing: StandingRow
    rows: list[EventRow]
    made: Replay


def _page(store: Store, policy: Policy) -> str:
    """Bring some subjects under a policy, in one transaction; return how far that is.

    They are folded before it, so that others wait for no more than the writing; one to which something has
    happened in between is folded once more.
    """
    with store.reader() as reader:
        after = _mark(reader, policy)
        if after is None:
            return ""
        keys, last = _some(reader, policy, after)
        made = [each for key in keys if (each := _fold(reader, policy, key)) is not None]
    writer = store.writer()
    try:
        writer.begin()
        found = _mark(writer, policy)
        if found != after:
            # Another process was faster.
            return found or ""
        if keys:
            news = [told for each in made if (told := _write(writer, policy, each)) is not None]
            batch = Batch(Cache(Policies([policy])), (), switching=keys, news=news)
            batch.run(Within(writer)).store(writer)
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


def _write(writer: Writer, policy: Policy, made: _Made) -> Event | None:
    """Store a subject as it was folded, unless it is not what it was; return what is to be told."""
    standing, rows, replayed = made
    key = standing.subject
    if writer.standings([key]) != [standing] or writer.ascending(key, 0, -1) != rows:
        return None
    write_replay(writer, replayed)
    return switch_event(policy, standing, replayed, round(time.time(), 6))


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


def _same(row: PolicyRow, policy: Policy) -> bool:
    known = read_row(row)
    return known is not None and alike(known, policy)


def _version_taken(policy: Policy, row: PolicyRow) -> ConflictError:
    return ConflictError(
        f"the rules of `{policy.kind}` are at version {row.version}; other rules need a higher one",
        code="version_taken",
        field="version",
        expected=f"{row.version + 1} or more",
    )
