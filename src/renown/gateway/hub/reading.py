"""What the gateway reads: the part of the ledger it depends on."""

from typing import Protocol

from renown.model import Entry

__all__ = ["Reading"]


class Reading(Protocol):
    """Read access to standings and events; everything is JSON as it goes to clients."""

    @property
    def id(self) -> str:
        """The epoch of all channels."""
        ...

    def behind(self) -> bool:
        """Tell at once whether something is committed that the bus has not told yet."""
        ...

    async def snapshots(self, subjects: list[str]) -> dict[str, tuple[int, bytes]]:
        """Return version and standing of each subject that has one."""
        ...

    async def activity(self, subject: str, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Return up to `limit` events with a version above `after`, ascending."""
        ...

    async def recent(self, kind: str | None, limit: int) -> tuple[int, list[bytes]]:
        """Return the newest ledger position and the newest changes, newest first."""
        ...

    async def board(self, kind: str, limit: int) -> tuple[int, list[bytes]]:
        """Return the newest ledger position and the best standings, best first."""
        ...

    async def page(self, kind: str, after: str, limit: int) -> tuple[int, list[tuple[str, int, bytes]]]:
        """Return the newest ledger position and standings of a kind whose keys are above `after`, by key.

        Rows are (subject, position of its newest event, standing).
        """
        ...

    async def changed(self, kind: str, after: int, limit: int) -> tuple[int, list[tuple[str, int, bytes]]]:
        """Return the newest ledger position and standings of a kind that changed after one, by position."""
        ...

    async def events(self, subject: str, before: int | None, limit: int) -> list[Entry]:
        """Return a subject's events below a version, or from the newest, newest first."""
        ...

    def confidence(self, subject: str) -> float:
        """Return the probability with which a subject's score lies within its bounds."""
        ...
