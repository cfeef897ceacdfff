"""What the hub leaves to others: reading, and maps."""

from collections.abc import Sequence
from typing import Protocol

from renown.gateway.channels import Address
from renown.gateway.hub.member import Member
from renown.gateway.hub.views import RereadChannel
from renown.gateway.hub.watched import StreamChannel, WatchedChannel
from renown.model import Update
from renown.protocol.effects import Attach

__all__ = ["Librarian", "Maps"]


class Librarian(Protocol):
    """Reads what the hub lacks, and hands it back through the hub's methods under "What was read"."""

    def load(self, channel: WatchedChannel) -> None:
        """Read a channel's first state."""
        ...

    def fill(self, channel: StreamChannel) -> None:
        """Read what is missing above a stream's offset."""
        ...

    def behind(self) -> bool:
        """Tell at once whether something is committed in the ledger that no update has told yet."""
        ...

    def check(self, channel: WatchedChannel, member: Member) -> None:
        """Compare a channel with where it is kept before `member` is answered."""
        ...

    def catch_up(self, channel: StreamChannel, member: Member, after: int) -> None:
        """Read a stream's log for one joining member."""
        ...

    def refresh(self, channel: RereadChannel) -> None:
        """Read anew what is read as a whole."""
        ...


class Maps(Protocol):
    """The channels that are had as maps. A member has a channel either as a map or plainly."""

    def attach(self, member: Member, address: Address, wanted: Attach) -> None:
        """Answer `member` with a part of the map; see `Hub.admitted` for when it stands."""
        ...

    def detach(self, member: Member, name: str) -> None:
        """Let `member` leave, if it is there."""
        ...

    def pause(self, member: Member, names: Sequence[str]) -> None:
        """Send `member`, which reads slowly, only what it must not miss."""
        ...

    def resume(self, member: Member, names: Sequence[str]) -> list[bytes]:
        """Send `member` everything again; return the pushes that it missed."""
        ...

    def take(self, updates: Sequence[Update]) -> None:
        """Take the updates of one commit."""
        ...

    def crowd(self, channel: str) -> None:
        """Note that somebody came to a channel, or left it."""
        ...

    def published(self, channel: str) -> None:
        """Note that something was published into a room."""
        ...
