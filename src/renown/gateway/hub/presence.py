"""Who is in a channel, and the news of who comes and goes."""

from collections.abc import Callable, Collection, Iterable

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
    """The clients in one channel, whichever process holds them.

    News gathers over one tick and is told at once to all who asked.
    """

    __slots__ = ("_far", "_here", "_listeners", "_news", "_told", "channel")

    def __init__(self, channel: str, told: bool) -> None:
        """`told`: whether who joins and leaves is told to anybody."""
        self.channel = channel
        self._told = told
        self._here: dict[Member, ClientInfo] = {}
        self._far: dict[str, ClientInfo] = {}
        """Who is there by way of other processes, by client id."""
        self._listeners: dict[Member, int] = {}
        """With the number of this tick's news that each need not be told: older than its subscription."""
        self._news: list[tuple[bool, ClientInfo]] = []

    @property
    def clients(self) -> dict[str, ClientInfo]:
        """Everybody, by client id."""
        return self._far | {info.client: info for info in self._here.values()}

    @property
    def here(self) -> Collection[ClientInfo]:
        """Everybody who is there by way of this process."""
        return self._here.values()

    @property
    def empty(self) -> bool:
        """Whether there is nobody, and nobody to be told."""
        return not (self._here or self._listeners or self._far)

    def join(self, member: Member, info: ClientInfo | None, joins: bool) -> bool:
        """Take a new subscriber; return whether news begins to gather."""
        if joins:
            self._listeners[member] = len(self._news)
        if info is None:
            return False
        self._here[member] = info
        return self._tell(True, info)

    def leave(self, member: Member) -> tuple[ClientInfo | None, bool]:
        """Take a subscriber that is gone; return who it was, and whether news begins to gather."""
        self._listeners.pop(member, None)
        info = self._here.pop(member, None)
        return info, info is not None and self._tell(False, info)

    def move(self, joined: bool, info: ClientInfo) -> bool:
        """Take who comes or goes in another process; return whether news begins to gather."""
        if joined:
            if self._far.get(info.client) == info:
                return False
            self._far[info.client] = info
        elif self._far.pop(info.client, None) is None:
            return False
        return self._tell(joined, info)

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
        self.moved: Callable[[bool, str, ClientInfo], None] | None = None
        """Told of everybody who joins (True) or leaves a channel in this process."""
        self.changed: Callable[[str], None] | None = None
        """Told of each channel that somebody joined or left, in whichever process."""
        self._channels: dict[str, Presence] = {}
        self._gathering: list[Presence] = []

    def here(self) -> dict[str, Collection[ClientInfo]]:
        """Return who is in which channel by way of this process."""
        return {name: presence.here for name, presence in self._channels.items() if presence.here}

    def move(self, joined: bool, address: Address, info: ClientInfo) -> None:
        """Take who joins or leaves a channel in another process, and tell those who asked."""
        rule = address.rule
        presence = self._channels.get(address.channel)
        if presence is None:
            if not joined or not isinstance(rule, RoomRule):
                return
            presence = self._open(address.channel, rule)
        self._gather(presence, presence.move(joined, info))
        if presence.empty:
            del self._channels[address.channel]
        self._say_changed(address.channel)

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
            presence = self._open(address.channel, rule)
        self._gather(presence, presence.join(member, wanted.info, wanted.joins))
        if wanted.info is None:
            return
        self._say_changed(address.channel)
        if self.moved is not None:
            self.moved(True, address.channel, wanted.info)

    def leave(self, member: Member, channel: str) -> None:
        """Count a subscriber as gone, and tell those who asked."""
        presence = self._channels.get(channel)
        if presence is None:
            return
        info, begun = presence.leave(member)
        self._gather(presence, begun)
        if presence.empty:
            del self._channels[channel]
        if info is None:
            return
        self._say_changed(channel)
        if self.moved is not None:
            self.moved(False, channel, info)

    def _say_changed(self, channel: str) -> None:
        if self.changed is not None:
            self.changed(channel)

    def _open(self, channel: str, rule: RoomRule) -> Presence:
        presence = self._channels[channel] = Presence(channel, rule.join_leave or rule.force_join_leave)
        return presence

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
