"""A channel with watchers: its position, its newest state, and who gets what next.

Nothing here does I/O. A member is in exactly one of four places: `members` (gets every frame),
`late` (joined ahead of what is about to be sent), `paused` (reads too slowly), `joining` (its
subscription is being made).
"""

from typing import Protocol

import msgspec

from renown.gateway.hub.channels import Address
from renown.protocol.codec import Codec
from renown.protocol.effects import Log, Newest, Position
from renown.protocol.replies import Publication

__all__ = ["Entry", "Member", "NewestChannel", "StreamChannel", "WatchedChannel", "Writer"]

Entry = Publication


class Writer(Protocol):
    """Writes a whole frame."""

    def __call__(self, data: bytes, /) -> None:
        """Write."""
        ...


class Member(Protocol):
    """A connection, as channels see it."""

    @property
    def paused(self) -> bool:
        """Whether it reads too slowly now."""
        ...

    @property
    def write(self) -> Writer:
        """Writes a whole frame: the transport's own method."""
        ...

    def crowded(self) -> None:
        """Called after a write while paused: end the connection when too much is unsent."""
        ...

    def found(self, channel: str, state: Newest | Log | None) -> bool:
        """Take the answer to a subscription; None: it cannot be had. Return whether it stands."""
        ...

    def lost_track(self, channel: str) -> None:
        """End a subscription whose publications can no longer be had in order."""
        ...


class WatchedChannel:
    """What newest-state channels and streams have in common."""

    __slots__ = (
        "address",
        "interval",
        "joining",
        "late",
        "loaded",
        "members",
        "offset",
        "paused",
        "sent",
        "silent_until",
        "waiting",
    )

    def __init__(self, address: Address, interval: float) -> None:
        self.address = address
        self.interval = interval
        self.silent_until = 0.0
        self.waiting = False
        self.loaded = False
        self.offset = 0
        """Of the newest publication known."""
        self.sent = 0
        """Of the newest publication sent to the members."""
        self.members: dict[Member, Writer] = {}
        """With what writes to each, so that delivery need not touch the members themselves."""
        self.late: dict[Member, int] = {}
        self.paused: dict[Member, int] = {}
        self.joining: dict[Member, Position | None] = {}

    @property
    def abandoned(self) -> bool:
        """Whether nobody is interested any more."""
        return not (self.members or self.late or self.paused or self.joining)

    def join(self, member: Member) -> None:
        """Let `member`, which holds everything up to `offset`, get what comes next."""
        self.joining.pop(member, None)
        self._place(member, self.offset)

    def leave(self, member: Member) -> bool:
        """Take `member` out; return whether it was subscribed."""
        self.joining.pop(member, None)
        for place in (self.members, self.late, self.paused):
            if member in place:
                del place[member]
                return True
        return False

    def pause(self, member: Member) -> None:
        """Stop sending every frame to `member`, which has become slow."""
        if member in self.members:
            del self.members[member]
            self.paused[member] = self.sent
        elif member in self.late:
            self.paused[member] = self.late.pop(member)

    def _place(self, member: Member, position: int) -> None:
        if member.paused:
            self.paused[member] = position
        elif position > self.sent:
            self.late[member] = position
        else:
            self.members[member] = member.write

    def admit_late(self) -> list[tuple[Member, int]]:
        """Make full members of the late ones; return them with the position each holds."""
        late = list(self.late.items())
        self.late.clear()
        for member, _ in late:
            self.members[member] = member.write
        return late


class NewestChannel(WatchedChannel):
    """A channel of which only the newest publication counts."""

    __slots__ = ("data", "push")

    def __init__(self, address: Address, interval: float) -> None:
        super().__init__(address, interval)
        self.data = b""
        self.push = b""
        """The newest publication sent, as sent."""

    def offer(self, offset: int, data: bytes) -> bool:
        """Take a state; return whether it is newer than what was known."""
        if offset <= self.offset:
            return False
        self.offset, self.data = offset, data
        return True

    def state(self) -> bytes:
        """Return the newest state as JSON."""
        return self.data

    def found(self, epoch: str) -> Newest:
        """Return the state for a subscriber."""
        return Newest(epoch, self.offset, self.state())

    def take(self, codec: Codec) -> bytes:
        """Return the push of the newest state and count it as sent."""
        self.push = codec.publication(
            self.address.channel, Publication(msgspec.Raw(self.state()), offset=self.offset)
        )
        self.sent = self.offset
        return self.push

    def resume(self, member: Member) -> bytes | None:
        """Send every frame to `member` again; return the push it missed, if any."""
        position = self.paused.pop(member, None)
        if position is None:
            return None
        self._place(member, position)
        return self.push if position < self.sent else None


class StreamChannel(WatchedChannel):
    """A channel of which every publication counts, in order."""

    __slots__ = ("ahead", "buffers", "filling", "held", "pending")

    def __init__(self, address: Address, interval: float) -> None:
        super().__init__(address, interval)
        self.pending: list[Entry] = []
        """Accepted, not sent yet."""
        self.ahead = 0
        """The highest offset heard of."""
        self.filling = False
        """Whether a hole is being read from the ledger."""
        self.buffers: dict[Member, list[Entry]] = {}
        """What came while a joining member's log was being read."""
        self.held: list[Member] = []
        """Joining members that wait until nothing is missing any more."""

    @property
    def has_hole(self) -> bool:
        """Whether publications are known to be missing."""
        return self.ahead > self.offset

    def accept(self, entries: tuple[Entry, ...] | list[Entry]) -> bool:
        """Take ascending publications; return whether there is something to send.

        What is known already is skipped; what does not follow on what is known is left to be read
        from the ledger, see `has_hole`.
        """
        for entry in entries:
            offset = entry.offset
            self.ahead = max(self.ahead, offset)
            if offset != self.offset + 1:
                continue
            self.offset = offset
            self.pending.append(entry)
            for buffer in self.buffers.values():
                buffer.append(entry)
        return bool(self.pending)

    def begin(self, top: int) -> None:
        """Start at the log's top."""
        self.offset = self.sent = self.ahead = max(top, self.ahead)
        self.loaded = True

    def log(self, epoch: str, member: Member, rows: list[Entry]) -> Log:
        """Return what a joining member missed: `rows` of the ledger, then what came meanwhile."""
        last = rows[-1].offset if rows else 0
        newer = [entry for entry in self.buffers.pop(member, []) if entry.offset > last]
        return Log(epoch, self.offset, (*rows, *newer))

    def take(self, codec: Codec) -> list[tuple[int, bytes]]:
        """Return the pushes of all pending publications and count them as sent."""
        name = self.address.channel
        pushes = [(entry.offset, codec.publication(name, entry)) for entry in self.pending]
        self.pending = []
        self.sent = self.offset
        return pushes

    def resume(self, member: Member) -> None:
        """Send every frame to `member` again. It missed nothing: streams are queued."""
        position = self.paused.pop(member, None)
        if position is not None:
            self._place(member, position)

    def leave(self, member: Member) -> bool:
        """Take `member` out; return whether it was subscribed."""
        self.buffers.pop(member, None)
        return super().leave(member)
