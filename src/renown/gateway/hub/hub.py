"""One process's table of channels and who watches them.

A channel exists while somebody watches it. What is new goes to its watchers by way of `News`. Everything
runs on the event loop. What must be read is asked of the `Librarian`, which hands it back through the methods
under "What was read": here for those who join, in `News` for those who are there.
"""

import asyncio
from collections.abc import Sequence

from renown.gateway.admission.counts import CHANNEL, Counts
from renown.gateway.channels import Address
from renown.gateway.hub.delivery import Delivery
from renown.gateway.hub.fitting import fitting_in
from renown.gateway.hub.forms import wanted_form
from renown.gateway.hub.librarian import Librarian, Maps
from renown.gateway.hub.making import make
from renown.gateway.hub.member import Member
from renown.gateway.hub.news import News
from renown.gateway.hub.presence import Presences
from renown.gateway.hub.room_channels import LooseChannel, NewestRoom, StreamRoom
from renown.gateway.hub.views import RereadChannel
from renown.gateway.hub.watched import Entry, NewestChannel, StreamChannel, WatchedChannel
from renown.gateway.metrics import GatewayMetrics
from renown.gateway.options import GatewayOptions
from renown.model import Update
from renown.protocol.codec import Unspeakable
from renown.protocol.codes import DISCONNECTS, ERRORS
from renown.protocol.effects import Attach, Log, Newest, Position
from renown.protocol.replies import ClientInfo, Publication

__all__ = ["Hub"]


class Hub:
    """Channels and their watchers."""

    def __init__(
        self,
        epoch: str,
        options: GatewayOptions,
        delivery: Delivery,
        metrics: GatewayMetrics,
        counts: Counts | None = None,
    ) -> None:
        """`epoch` is that of the ledger's channels; rooms have their own. `counts`: of subscribers."""
        self.channels: dict[str, WatchedChannel] = {}
        self.maps: Maps | None = None
        """Set before `start` where channels can be had as maps."""
        self.presences = Presences(asyncio.get_running_loop().call_soon)
        self.presences.changed = self._crowd
        self._epoch = epoch
        self._options = options
        self._delivery = delivery
        self._metrics = metrics
        self._counts = counts or Counts()
        self.news = News(self.channels, delivery, metrics, self._give_up)
        """Where what is new is handed in."""
        self._librarian: Librarian | None = None
        metrics.joining = self._joining

    def start(self, librarian: Librarian) -> None:
        """Begin to deliver; `librarian` reads what is lacking."""
        self._librarian = librarian
        self.news.start(librarian)

    def stop(self) -> None:
        """Deliver nothing more."""
        self.news.stop()
        self.channels.clear()

    # What comes in

    def take(self, updates: Sequence[Update]) -> None:
        """Take the updates of one commit, as the bus hands them over."""
        if self.maps is not None:
            self.maps.take(updates)
        if self.channels:
            self.news.take(updates)

    def publish(self, name: str, publication: Publication, epoch: str) -> None:
        """Take a publication that a room has accepted: each once, in the order of its offsets."""
        if self.maps is not None:
            self.maps.published(name)
        self.news.publish(name, publication, epoch)

    # Members

    def attach(self, member: Member, address: Address, wanted: Attach) -> None:
        """Answer `member` with the channel's newest state, now if that is known, and let it join."""
        if wanted.map is not None:
            if self.maps is None:
                member.found(address.channel, ERRORS.BAD_REQUEST)
            else:
                self.maps.attach(member, address, wanted)
            return
        channel = self.channels.get(address.channel)
        most = address.rule.max_subscribers
        if most and self._counts.full(CHANNEL, address.channel, most, channel.crowd if channel else 0):
            member.found(address.channel, ERRORS.LIMIT_EXCEEDED)
            return
        if channel is None:
            channel = self.channels[address.channel] = make(address, self._epoch, self._options)
            self._metrics.channels += 1
            if not channel.loaded:
                # What can be read at once answers at once: whoever waits must be there already.
                channel.joining[member] = wanted
                self._reader.load(channel)
                return
        channel.joining[member] = wanted
        if not channel.loaded:
            channel.asked_again = True
        elif self._in_doubt(channel, wanted):
            self._reader.check(channel, member)
        else:
            self.checked(channel, member)

    def admitted(self, member: Member, address: Address, wanted: Attach) -> None:
        """Note that a subscription stands: count it, and who is present by it."""
        self._metrics.subscribed(address, 1)
        self._counts.subscribed(address, 1)
        self.presences.join(member, address, wanted)

    def detach(self, member: Member, name: str) -> None:
        """Let `member` leave a channel."""
        self.presences.leave(member, name)
        channel = self.channels.get(name)
        if channel is not None:
            if channel.leave(member):
                self._gone(channel.address)
            self._drop_if_abandoned(channel)
        if self.maps is not None:
            self.maps.detach(member, name)

    def _gone(self, address: Address) -> None:
        """Note that a subscription stands no more."""
        self._metrics.subscribed(address, -1)
        self._counts.subscribed(address, -1)

    def pause(self, member: Member, names: Sequence[str]) -> None:
        """Send `member`, which reads slowly, only what it must not miss."""
        for name in names:
            channel = self.channels.get(name)
            if channel is not None:
                channel.pause(member)
        if self.maps is not None:
            self.maps.pause(member, names)

    def resume(self, member: Member, names: Sequence[str]) -> list[bytes]:
        """Send `member` everything again; return the frames of the newest publications it missed."""
        missed: list[bytes] = []
        for name in names:
            channel = self.channels.get(name)
            if isinstance(channel, NewestChannel | StreamChannel):
                try:
                    missed += channel.resume(member)
                except Unspeakable:
                    member.close(DISCONNECTS.INAPPROPRIATE_PROTOCOL)
                    return []
        if self.maps is not None:
            missed += self.maps.resume(member, names)
        return self._delivery.resend(member, missed)

    def _crowd(self, channel: str) -> None:
        if self.maps is not None:
            self.maps.crowd(channel)

    def presence(self, channel: str) -> dict[str, ClientInfo]:
        """Return who is in a channel, by client id."""
        return self.presences.clients(channel)

    # What was read

    def loaded(self, channel: WatchedChannel) -> None:
        """Answer those who waited for the channel's first state."""
        channel.loaded = True
        if isinstance(channel, NewestChannel):
            channel.sent = channel.offset
        for member, wanted in list(channel.joining.items()):
            if channel.asked_again and self._in_doubt(channel, wanted):
                self._reader.check(channel, member)
            else:
                self._answer(channel, member)
        if isinstance(channel, RereadChannel) and channel.outdated:
            channel.outdated = False
            self.news.wanted(channel)
        self._drop_if_abandoned(channel)

    def room_read(
        self, channel: StreamRoom | NewestRoom, top: Position, newest: Publication | None = None
    ) -> None:
        """Take a room's position, and its newest publication where only that counts."""
        if not channel.loaded and channel.epoch not in ("", top.epoch):
            # It began anew while it was read; which of the two lives is the newer one, another look tells.
            channel.begin_anew("")
            self._reader.load(channel)
        elif self.news.same_life(channel, top.epoch):
            self._read_on(channel, top, newest)

    def _read_on(self, channel: StreamRoom | NewestRoom, top: Position, newest: Publication | None) -> None:
        first = not channel.loaded
        if isinstance(channel, NewestRoom):
            if newest is not None:
                self.news.put(channel, newest)
            channel.offset = max(channel.offset, top.offset)
        elif not first:
            channel.ahead = max(channel.ahead, top.offset)
            self.news.extend(channel, [])
        else:
            channel.begin(top.offset)
        if first:
            self.loaded(channel)

    def unreadable(self, channel: WatchedChannel, member: Member | None = None) -> None:
        """Tell those who wait, or one of them, that the channel cannot be read now."""
        if member is None:
            if channel.loaded:
                # Another look has read it meanwhile: who watches it would be left where nothing is told.
                return
            # First of all: whoever asks again while being told must not join what nobody loads.
            self._forget(channel)
        for waiting in [member] if member is not None else list(channel.joining):
            channel.leave(waiting)
            waiting.found(channel.address.channel, ERRORS.INTERNAL)
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
        self.news.extend(channel, rows)
        log = channel.log(member, rows)
        if len(fitting_in(log.publications, self._options.outbound_limit // 2)) < len(log.publications):
            # So long an answer would make the client count as slow, each time it comes back.
            log = channel.found()
        self._settle(channel, member, log)

    def filled(self, channel: StreamChannel, rows: list[Entry]) -> None:
        """Close a stream's hole, or give the stream's watchers up if it cannot be closed."""
        channel.filling = False
        before = channel.offset
        self.news.extend(channel, rows)
        if channel.has_hole and channel.offset == before:
            self._give_up(channel)
        if not channel.has_hole:
            held, channel.held = channel.held, []
            for member in held:
                self.checked(channel, member)

    # Helpers

    def _joining(self) -> int:
        return sum(len(channel.joining) for channel in self.channels.values())

    def _give_up(self, channel: StreamChannel | NewestRoom) -> None:
        """End all subscriptions: nobody can be told what comes next."""
        members = channel.members
        if channel.address.in_rooms:
            self._end(channel)
        elif isinstance(channel, StreamChannel):
            channel.begin(channel.ahead)
            channel.pending.clear()
        for member in members:
            member.lost_track(channel.address.channel)

    def _end(self, channel: WatchedChannel) -> None:
        """Forget a room that lives no more: its next life is another channel, for who is joining, too."""
        self._forget(channel)
        for member in channel.members:
            channel.leave(member)
            self._gone(channel.address)
        for member, wanted in list(channel.joining.items()):
            channel.leave(member)
            self.attach(member, channel.address, wanted)

    def _answer(self, channel: WatchedChannel, member: Member) -> None:
        if isinstance(channel, StreamChannel):
            recover = channel.joining[member].recover
            if recover is not None and self._worth_reading(channel, recover):
                channel.buffers[member] = []
                self._reader.catch_up(channel, member, recover.offset)
                return
            self._settle(channel, member, channel.found())
        elif isinstance(channel, NewestChannel):
            self._settle(channel, member, channel.found())

    def _worth_reading(self, channel: StreamChannel, recover: Position) -> bool:
        missed = channel.offset - recover.offset
        same = recover.epoch in ("", channel.epoch) and not isinstance(channel, LooseChannel)
        return same and 0 < missed <= self._options.recovery_limit

    def _in_doubt(self, channel: WatchedChannel, wanted: Attach) -> bool:
        """Tell whether the channel may not know yet what the member could have been told elsewhere."""
        if isinstance(channel, LooseChannel):
            return False
        if channel.address.in_rooms:
            recover = wanted.recover
            return recover is not None and recover.offset > channel.offset and recover.epoch == channel.epoch
        heard = isinstance(channel, RereadChannel) and channel.stale
        return heard or self._reader.behind()

    def _settle(self, channel: WatchedChannel, member: Member, state: Newest | Log) -> None:
        wanted = channel.joining[member]
        try:
            stands = member.found(channel.address.channel, wanted_form(member.wire, wanted).state(state))
        except Unspeakable:
            stands = False
            member.close(DISCONNECTS.INAPPROPRIATE_PROTOCOL)
        if stands:
            channel.join(member, wanted)
            self.admitted(member, channel.address, wanted)
        else:
            channel.leave(member)
            self._drop_if_abandoned(channel)

    def _drop_if_abandoned(self, channel: WatchedChannel) -> None:
        if channel.abandoned:
            self._forget(channel)

    def _forget(self, channel: WatchedChannel) -> None:
        name = channel.address.channel
        if self.channels.get(name) is channel:
            del self.channels[name]
            self._metrics.channels -= 1

    @property
    def _reader(self) -> Librarian:
        if self._librarian is None:
            raise RuntimeError("the hub was not started")
        return self._librarian
