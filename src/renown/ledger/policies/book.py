"""The policies of a ledger as the API and the dashboard see them: which hold, which held, which would."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import msgspec
import structlog

from renown.errors import ConflictError, LedgerError
from renown.ledger.policies.entering import enter, enter_all
from renown.ledger.policies.switching import switch_page
from renown.ledger.policies.trying import Progress, Trial, try_policy
from renown.ledger.policies.versions import adopt, read_row
from renown.policy import Policies, Policy, Visibility, text_of, toml_of
from renown.stores import Store

__all__ = ["InForce", "Kept", "PolicyBook", "Version"]

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
        self._given = tuple(policies)
        adopt(store.near, policies)

    async def start(self) -> None:
        """Enter the policies of this process that the ledger has not seen; newer ones of the ledger hold."""
        await asyncio.to_thread(enter_all, self._store, self._policies, self._given)

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
        await asyncio.to_thread(enter, self._store, policy)
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
                seen[kind] = switch_page(self._store, policy)
                more = True
        return more
