"""The JSON of boards and feeds, and the channels that carry it."""

from bisect import insort
from collections.abc import Sequence

import msgspec

from renown.gateway.channels import Address
from renown.gateway.hub.watched import NewestChannel
from renown.model import Standing

__all__ = ["Board", "BoardChannel", "BoardRow", "FeedChannel", "board_rows", "board_view", "feed_view"]


class BoardRow(msgspec.Struct, frozen=True):
    """One place of a board."""

    rank: int
    subject: str
    score: float
    low: float
    high: float
    count: int
    tier: str | None
    version: int
    provisional: bool


class Board(msgspec.Struct, frozen=True):
    """The best of a kind; who is still provisional is not on it."""

    board: str
    rows: list[BoardRow]


class _Feed(msgspec.Struct, frozen=True):
    changes: list[msgspec.Raw]


_STANDING = msgspec.json.Decoder(Standing)


def _row(rank: int, encoded: bytes) -> BoardRow:
    s = _STANDING.decode(encoded)
    return BoardRow(rank, s.subject, s.score, s.low, s.high, s.count, s.tier, s.version, s.provisional)


def board_view(kind: str, standings: Sequence[bytes]) -> bytes:
    """Return the JSON of a `Board` over the JSON of standings, best first."""
    return msgspec.json.encode(Board(kind, [_row(rank, each) for rank, each in enumerate(standings, 1)]))


def board_rows(standings: Sequence[bytes]) -> dict[str, bytes]:
    """Return the JSON of each `BoardRow` by subject, over the JSON of standings, best first."""
    rows = (_row(rank, each) for rank, each in enumerate(standings, 1))
    return {row.subject: msgspec.json.encode(row) for row in rows}


def feed_view(changes: Sequence[bytes]) -> bytes:
    """Return the JSON of a feed, newest change first: `{"changes"}`."""
    return msgspec.json.encode(_Feed([msgspec.Raw(change) for change in changes]))


class RereadChannel(NewestChannel):
    """A view that is read anew from the ledger, as a whole, when something in it may have changed."""

    __slots__ = ("outdated", "refreshing")

    def __init__(self, address: Address, interval: float, epoch: str) -> None:
        super().__init__(address, interval, epoch)
        self.refreshing = False
        """Whether it is being read."""
        self.outdated = False
        """Whether something changed while it was being read."""

    @property
    def stale(self) -> bool:
        """Whether it was heard that something changed, and that was not read yet."""
        return self.waiting or self.refreshing or self.outdated

    def replace(self, offset: int, data: bytes) -> bool:
        """Take what was read at position `offset`; return whether it says something new."""
        if data == self.data or offset < self.offset:
            return False
        self.offset, self.data = offset, data
        return True


class BoardChannel(RereadChannel):
    """A leaderboard. Its offset is the ledger's position at the reading."""

    __slots__ = ()


class DetailChannel(RereadChannel):
    """All about one subject. Its offset is the standing's version."""

    __slots__ = ()


class FeedChannel(NewestChannel):
    """The newest changes, kept from updates after one read."""

    __slots__ = ("_base", "_changes", "_rendered", "_size")

    def __init__(self, address: Address, interval: float, epoch: str, size: int) -> None:
        super().__init__(address, interval, epoch)
        self._size = size
        self._changes: list[tuple[int, bytes]] = []
        """(ledger position, JSON) ascending."""
        self._base = 0
        """Everything up to this ledger position came with the read."""
        self._rendered = False

    def begin(self, position: int, newest_first: Sequence[bytes]) -> None:
        """Start from what the ledger says at `position`; go on from there, if it was read anew.

        An older reading than the one before says nothing.
        """
        if position < self._base:
            return
        newer = [change for change in self._changes if change[0] > position]
        read = [(position, change) for change in reversed(newest_first)]
        self._base = position
        self._changes = (read + newer)[-self._size :]
        self.offset = max(self.offset, position)
        self._rendered = False
        self.loaded = True

    def add(self, position: int, change: bytes) -> bool:
        """Take one change; return whether the feed is another one now."""
        if position <= self._base or any(known == position for known, _ in self._changes):
            return False
        insort(self._changes, (position, change))
        del self._changes[: -self._size]
        self._rendered = False
        self.offset = max(self.offset, position)
        return position >= self._changes[0][0]

    def state(self) -> bytes:
        """Return the feed's JSON, made when it is asked for."""
        if not self._rendered:
            self.data = feed_view([change for _, change in reversed(self._changes)])
            self._rendered = True
        return self.data
