"""Who is in a channel, and the news of who comes and goes."""

from collections.abc import Callable, Iterable

from renown.gateway.channels import Address
from renown.gateway.hub.member import Member
from renown.gateway.options import RoomRule
from renown.gateway.wires import Wire
from renown.protocol.codec import Unspeakable
from renown.protocol.codes import DISCONNECTS
from renown.protocol.effects import Attach
from renown.protocol.replies import ClientInfo

__all__ = ["Presence", "Presences"]


class Presence:
    """The clients in one channel. News gathers over one tick and is told at once to all who asked."""

    __slots__ = ("_here", "_listeners", "_news", "_told", "channel")

    def __init__(self, channel: str, told: bool) -> None:
        """`told`: whether who joins and leaves is told to anybody."""
        self.channel = channel
        self._told = told
        self._here: dict[Member, ClientInfo] = {}
        self._listeners: dict[Member, int] = {}
        """With the number of this tick's news that each need not be told: older than its subscription."""
        self._news: list[tuple[bool, ClientInfo]] = []

    @property
    def clients(self) -> dict[str, ClientInfo]:
        """Everybody here, by client id."""
        return {info.client: info for info in self._here.values()}

    @property
    def empty(self) -> bool:
        """Whether there is nobody here, nobody to be told, and nothing to tell."""
        return not (self._here or self._listeners)

    def join(self, member: Member, info: ClientInfo | None, joins: bool) -> bool:
        """Take a new subscriber; return whether news begins to gather."""
        if joins:
            self._listeners[member] = len(self._news)
        if info is None:
            return False
        self._here[member] = info
        return self._tell(True, info)

    def leave(self, member: Member) -> bool:
        """Take a subscriber that is gone; return whether news begins to gather."""
        self._listeners.pop(member, None)
        info = self._here.pop(member, None)
        return info is not None and self._tell(False, info)

    def _tell(self, joined: bool, info: ClientInfo) -> bool:
        if not self._told or not self._listeners:
            return False
        self._news.append((joined, info))
        return len(self._news) == 1

    def flush(self) -> Iterable[tuple[Member, list[bytes] | None]]:
        """Return the gathered news as frames for each listener; None: its codec cannot say it."""
        news, self._news = self._news, []
        made: dict[tuple[Wire, int], list[bytes] | None] = {}
        due: list[tuple[Member, list[bytes] | None]] = []
        for member, known in self._listeners.items():
            if known < len(news):
                key = (member.wire, known)
                if key not in made:
                    made[key] = self._frames(member.wire, news[known:])
                due.append((member, made[key]))
        for member in self._listeners:
            self._listeners[member] = 0
        return due

    def _frames(self, wire: Wire, news: list[tuple[bool, ClientInfo]]) -> list[bytes] | None:
        codec = wire.codec
        try:
            return wire.frames(
                [
                    codec.joined(self.channel, info) if joined else codec.left(self.channel, info)
                    for joined, info in news
                ]
            )
        except Unspeakable:
            return None


class Presences:
    """Who is in which channel: only of channels where that is known. Nothing else costs anything."""

    def __init__(self, soon: Callable[[Callable[[], None]], object]) -> None:
        """`soon` runs something once the current tick is over."""
        self._soon = soon
        self._channels: dict[str, Presence] = {}
        self._gathering: list[Presence] = []

    def clients(self, channel: str) -> dict[str, ClientInfo]:
        """Return who is in a channel, by client id."""
        presence = self._channels.get(channel)
        return {} if presence is None else presence.clients

    def join(self, member: Member, address: Address, wanted: Attach) -> None:
        """Count a new subscriber as present, and tell those who asked."""
        rule = address.rule
        if not isinstance(rule, RoomRule) or not (wanted.info or wanted.joins):
            return
        presence = self._channels.get(address.channel)
        if presence is None:
            told = rule.join_leave or rule.force_join_leave
            presence = self._channels[address.channel] = Presence(address.channel, told)
        self._gather(presence, presence.join(member, wanted.info, wanted.joins))

    def leave(self, member: Member, channel: str) -> None:
        """Count a subscriber as gone, and tell those who asked."""
        presence = self._channels.get(channel)
        if presence is None:
            return
        self._gather(presence, presence.leave(member))
        if presence.empty:
            del self._channels[channel]

    def _gather(self, presence: Presence, begun: bool) -> None:
        if not begun:
            return
        if not self._gathering:
            self._soon(self._flush)
        self._gathering.append(presence)

    def _flush(self) -> None:
        gathering, self._gathering = self._gathering, []
        for member, frames in [due for presence in gathering for due in presence.flush()]:
            if frames is None:
                member.close(DISCONNECTS.INAPPROPRIATE_PROTOCOL)
                continue
            for frame in frames:
                member.write(frame)
            if member.paused:
                member.crowded()
