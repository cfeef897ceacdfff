"""One process's table of channels and who watches them.

Updates come in from the bus, publications go out through `Delivery`. A channel exists while somebody
watches it. Everything runs on the event loop; what must be read from the ledger is asked of the
`Librarian`, which hands it back through the methods under "What was read".
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from renown.gateway.hub.channels import Address, Source
from renown.gateway.hub.conflation import Pacer
from renown.gateway.hub.delivery import Delivery
from renown.gateway.hub.views import BoardChannel, FeedChannel
from renown.gateway.hub.watched import Entry, Member, NewestChannel, StreamChannel, WatchedChannel
from renown.gateway.metrics import GatewayMetrics
from renown.gateway.options import GatewayOptions
from renown.model import Update, kind_of
from renown.protocol.effects import Log, Newest, Position
from renown.protocol.replies import Publication

__all__ = ["Hub", "Librarian"]


class Librarian(Protocol):
    """Reads what the hub lacks."""

    def load(self, channel: WatchedChannel) -> None:
        """Read a channel's first state."""
        ...

    def fill(self, channel: StreamChannel) -> None:
        """Read what is missing above a stream's offset."""
        ...

    def behind(self) -> bool:
        """Tell at once whether something is committed that no update has told yet."""
        ...

    def check(self, channel: WatchedChannel, member: Member) -> None:
        """Compare a channel with the ledger before `member` is answered."""
        ...

    def catch_up(self, channel: StreamChannel, member: Member, after: int) -> None:
        """Read a stream's log for one joining member."""
        ...

    def refresh(self, channel: BoardChannel) -> None:
        """Read a board anew."""
        ...


class Hub:
    """Channels, their watchers, and the order in which they speak."""

    def __init__(
        self, epoch: str, options: GatewayOptions, delivery: Delivery, metrics: GatewayMetrics
    ) -> None:
        self.channels: dict[str, WatchedChannel] = {}
        self._epoch = epoch
        self._options = options
        self._delivery = delivery
        self._metrics = metrics
        self._pacer: Pacer[WatchedChannel] = Pacer()
        self._ready: list[WatchedChannel] = []
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._librarian: Librarian | None = None
        self._clock: Callable[[], float] = asyncio.get_running_loop().time

    def start(self, librarian: Librarian) -> None:
        """Begin to deliver; `librarian` reads what is lacking."""
        self._librarian = librarian

    def stop(self) -> None:
        """Deliver nothing more."""
        if self._timer is not None:
            self._timer.cancel()
        self.channels.clear()

    # Updates

    def take(self, updates: Sequence[Update]) -> None:
        """Take the updates of one commit, as the bus hands them over."""
        channels = self.channels
        if not channels:
            return
        for update in updates:
            subject = update.subject
            channel = channels.get("standing:" + subject)
            if channel is not None:
                self._offer(channel, update.version, update.standing)
            channel = channels.get("activity:" + subject)
            if channel is not None:
                self.extend(
                    channel,
                    [Publication(msgspec.Raw(data), offset=version) for version, _, data in update.activity],
                )
            kind = kind_of(subject)
            for name in ("feed:all", "feed:" + kind):
                channel = channels.get(name)
                if channel is not None:
                    self._add_changes(channel, update)
            channel = channels.get("board:" + kind)
            if isinstance(channel, BoardChannel):
                self.look_again(channel)

    def _offer(self, channel: WatchedChannel, offset: int, data: bytes) -> None:
        if not isinstance(channel, NewestChannel):
            return
        unsent = channel.offset > channel.sent and channel.loaded
        if not channel.offer(offset, data) or not channel.loaded:
            return
        self._metrics.conflated += unsent
        self._news(channel)

    def _add_changes(self, channel: WatchedChannel, update: Update) -> None:
        if not isinstance(channel, FeedChannel):
            return
        unsent = channel.offset > channel.sent and channel.loaded
        newest = [channel.add(seq, data) for _, seq, data in update.activity]
        if any(newest) and channel.loaded:
            self._metrics.conflated += unsent
            self._news(channel)

    def extend(self, channel: WatchedChannel, entries: list[Entry]) -> None:
        """Take publications of a stream; a hole is read from the ledger."""
        if not isinstance(channel, StreamChannel):
            return
        if not channel.loaded:
            channel.ahead = max([channel.ahead, *(entry.offset for entry in entries)])
            return
        if channel.accept(entries):
            self._news(channel)
        if channel.has_hole and not channel.filling:
            channel.filling = True
            self._reader.fill(channel)

    # Turns

    def _news(self, channel: WatchedChannel) -> None:
        if self._pacer.wants(channel, self._clock()):
            self._speak_soon(channel)
        elif self._pacer.next is not None:
            self._set_timer(self._pacer.next)

    def _speak_soon(self, channel: WatchedChannel) -> None:
        if not self._ready:
            asyncio.get_running_loop().call_soon(self._speak)
        self._ready.append(channel)

    def _speak(self) -> None:
        now = self._clock()
        ready, self._ready = self._ready, []
        speaking: list[WatchedChannel] = []
        for channel in ready:
            self._pacer.spoke(channel, now)
            if channel.abandoned:
                continue
            if isinstance(channel, BoardChannel):
                self._read_board(channel)
            else:
                speaking.append(channel)
        if speaking:
            self._delivery.send(speaking)

    def _read_board(self, channel: BoardChannel) -> None:
        if channel.refreshing:
            self._news(channel)
            return
        channel.refreshing = True
        self._reader.refresh(channel)

    def _set_timer(self, when: float) -> None:
        if self._timer is not None:
            if self._timer_at <= when:
                return
            self._timer.cancel()
        self._timer_at = when
        self._timer = asyncio.get_running_loop().call_at(when, self._turns)

    def _turns(self) -> None:
        self._timer = None
        for channel in self._pacer.due(max(self._clock(), self._timer_at)):
            self._speak_soon(channel)
        if self._pacer.next is not None:
            self._set_timer(self._pacer.next)

    # Members

    def attach(self, member: Member, address: Address, recover: Position | None) -> None:
        """Answer `member` with the channel's newest state, now if that is known, and let it join."""
        channel = self.channels.get(address.channel)
        if channel is None:
            channel = self.channels[address.channel] = self._make(address)
            self._metrics.channels = len(self.channels)
            self._reader.load(channel)
        channel.joining[member] = recover
        if not channel.loaded:
            return
        if self._reader.behind():
            self._reader.check(channel, member)
        else:
            self.checked(channel, member)

    def detach(self, member: Member, name: str) -> None:
        """Let `member` leave a channel."""
        channel = self.channels.get(name)
        if channel is None:
            return
        self._metrics.subscriptions -= channel.leave(member)
        self._drop_if_abandoned(channel)

    def pause(self, member: Member, names: Sequence[str]) -> None:
        """Send `member`, which reads slowly, only what it must not miss."""
        for name in names:
            channel = self.channels.get(name)
            if channel is not None:
                channel.pause(member)

    def resume(self, member: Member, names: Sequence[str]) -> list[bytes]:
        """Send `member` everything again; return the newest publications it missed."""
        missed: list[bytes] = []
        for name in names:
            channel = self.channels.get(name)
            if isinstance(channel, NewestChannel):
                push = channel.resume(member)
                if push is not None:
                    missed.append(push)
            elif isinstance(channel, StreamChannel):
                channel.resume(member)
        return missed

    # What was read

    def loaded(self, channel: WatchedChannel) -> None:
        """Answer those who waited for the channel's first state."""
        channel.loaded = True
        if isinstance(channel, NewestChannel):
            channel.sent = channel.offset
        for member in list(channel.joining):
            self._answer(channel, member)
        if isinstance(channel, BoardChannel) and channel.outdated:
            self._news(channel)
        self._drop_if_abandoned(channel)

    def unreadable(self, channel: WatchedChannel, member: Member | None = None) -> None:
        """Tell those who wait, or one of them, that the channel cannot be read now."""
        if member is None:
            # First of all: whoever asks again while being told must not join what nobody loads.
            self._forget(channel)
        for waiting in [member] if member is not None else list(channel.joining):
            channel.leave(waiting)
            waiting.found(channel.address.channel, None)
        self._drop_if_abandoned(channel)

    def checked(self, channel: WatchedChannel, member: Member) -> None:
        """Answer `member`: the channel knows all that was committed when it asked, or of its hole."""
        if member not in channel.joining:
            return
        if isinstance(channel, StreamChannel) and channel.has_hole:
            channel.held.append(member)
        else:
            self._answer(channel, member)

    def caught_up(self, channel: StreamChannel, member: Member, rows: list[Entry]) -> None:
        """Answer a joining member with its part of the log; rows news to the channel go to all."""
        if member not in channel.joining:
            channel.buffers.pop(member, None)
            return
        self.extend(channel, rows)
        self._settle(channel, member, channel.log(self._epoch, member, rows))

    def filled(self, channel: StreamChannel, rows: list[Entry]) -> None:
        """Close a stream's hole, or give the stream's watchers up if it cannot be closed."""
        channel.filling = False
        before = channel.offset
        self.extend(channel, rows)
        if channel.has_hole and channel.offset == before:
            self._give_up(channel)
        if not channel.has_hole:
            held, channel.held = channel.held, []
            for member in held:
                self.checked(channel, member)

    def feed_read(self, channel: FeedChannel, position: int, changes: list[bytes]) -> None:
        """Take a newly read feed, and publish it if there is a new change in it."""
        before = channel.state()
        channel.begin(position, changes)
        if channel.state() != before:
            self._news(channel)

    def board_read(self, channel: BoardChannel, offset: int, data: bytes) -> None:
        """Publish a newly read board if its rows changed."""
        channel.refreshing = False
        if channel.replace(offset, data):
            self._delivery.send([channel])

    def look_again(self, channel: BoardChannel) -> None:
        """Have a board read when its turn comes."""
        if channel.loaded:
            self._news(channel)
        else:
            channel.outdated = True

    def compare(self, channel: WatchedChannel, version: int, standing: bytes) -> None:
        """Take what the ledger says about a watched subject."""
        if isinstance(channel, StreamChannel):
            channel.ahead = max(channel.ahead, version)
            self.extend(channel, [])
        else:
            self._offer(channel, version, standing)

    def _give_up(self, channel: StreamChannel) -> None:
        channel.begin(channel.ahead)
        channel.pending.clear()
        for member in [*channel.members, *channel.late, *channel.paused]:
            member.lost_track(channel.address.channel)

    def _answer(self, channel: WatchedChannel, member: Member) -> None:
        if isinstance(channel, StreamChannel):
            recover = channel.joining[member]
            if recover is not None and self._worth_reading(channel, recover):
                channel.buffers[member] = []
                self._reader.catch_up(channel, member, recover.offset)
                return
            self._settle(channel, member, Log(self._epoch, channel.offset))
        elif isinstance(channel, NewestChannel):
            self._settle(channel, member, channel.found(self._epoch))

    def _worth_reading(self, channel: StreamChannel, recover: Position) -> bool:
        missed = channel.offset - recover.offset
        return recover.epoch in ("", self._epoch) and 0 < missed <= self._options.recovery_limit

    def _settle(self, channel: WatchedChannel, member: Member, state: Newest | Log) -> None:
        if member.found(channel.address.channel, state):
            channel.join(member)
            self._metrics.subscriptions += 1
        else:
            channel.leave(member)
            self._drop_if_abandoned(channel)

    def _make(self, address: Address) -> WatchedChannel:
        interval = address.rule.interval
        match address.source:
            case Source.STANDING:
                return NewestChannel(address, interval)
            case Source.BOARD:
                return BoardChannel(address, interval)
            case Source.FEED:
                return FeedChannel(address, interval, self._options.feed_changes)
            case Source.ACTIVITY:
                return StreamChannel(address, 0.0)
            case _:
                raise NotImplementedError(address.source)

    def _drop_if_abandoned(self, channel: WatchedChannel) -> None:
        if channel.abandoned:
            self._forget(channel)

    def _forget(self, channel: WatchedChannel) -> None:
        name = channel.address.channel
        if self.channels.get(name) is channel:
            del self.channels[name]
            self._metrics.channels = len(self.channels)

    @property
    def _reader(self) -> Librarian:
        if self._librarian is None:
            raise RuntimeError("the hub was not started")
        return self._librarian
