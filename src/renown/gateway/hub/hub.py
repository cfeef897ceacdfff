"""One process's table of channels and who watches them.

Updates come in from the bus and publications from the rooms, and go out through `Delivery`. A channel exists
while somebody watches it. Everything runs on the event loop; what must be read is asked of the `Librarian`,
which hands it back through the methods under "What was read".
"""

import asyncio
from collections.abc import Sequence
from time import time

import msgspec

from renown.gateway.channels import Address, Source
from renown.gateway.hub.delivery import Delivery
from renown.gateway.hub.fitting import fitting_in
from renown.gateway.hub.forms import wanted_form
from renown.gateway.hub.librarian import Librarian, Maps
from renown.gateway.hub.member import Member
from renown.gateway.hub.presence import Presences
from renown.gateway.hub.room_channels import LooseChannel, NewestRoom, StreamRoom
from renown.gateway.hub.turns import Turns
from renown.gateway.hub.views import BoardChannel, DetailChannel, FeedChannel, RereadChannel
from renown.gateway.hub.watched import Entry, NewestChannel, StreamChannel, WatchedChannel
from renown.gateway.metrics import GatewayMetrics
from renown.gateway.options import GatewayOptions, RoomRule
from renown.model import Update, kind_of
from renown.protocol.codec import Unspeakable
from renown.protocol.codes import DISCONNECTS, ERRORS
from renown.protocol.effects import Attach, Log, Newest, Position
from renown.protocol.replies import ClientInfo, Publication

__all__ = ["Hub"]


class Hub:
    """Channels and their watchers."""

    def __init__(
        self, epoch: str, options: GatewayOptions, delivery: Delivery, metrics: GatewayMetrics
    ) -> None:
        """`epoch` is that of the ledger's channels; rooms have their own."""
        self.channels: dict[str, WatchedChannel] = {}
        self.maps: Maps | None = None
        """Set before `start` where channels can be had as maps."""
        self.presences = Presences(asyncio.get_running_loop().call_soon)
        self.presences.changed = self._crowd
        self._epoch = epoch
        self._options = options
        self._delivery = delivery
        self._metrics = metrics
        self._turns = Turns(self._speak)
        self._librarian: Librarian | None = None
        metrics.joining = self._joining

    def start(self, librarian: Librarian) -> None:
        """Begin to deliver; `librarian` reads what is lacking."""
        self._librarian = librarian

    def stop(self) -> None:
        """Deliver nothing more."""
        self._turns.stop()
        self.channels.clear()

    # What comes in

    def take(self, updates: Sequence[Update]) -> None:
        """Take the updates of one commit, as the bus hands them over."""
        if self.maps is not None:
            self.maps.take(updates)
        if self.channels:
            for update in updates:
                self._take(update)

    def _take(self, update: Update) -> None:
        channels = self.channels
        subject = update.subject
        channel = channels.get("standing:" + subject)
        if isinstance(channel, NewestChannel):
            self._offer(channel, update.version, update.standing, update.at)
        channel = channels.get("activity:" + subject)
        if channel is not None:
            entries = [Publication(msgspec.Raw(data), offset=version) for version, _, data in update.activity]
            self.extend(channel, entries, update.at)
        kind = kind_of(subject)
        for name in ("feed:all", "feed:" + kind):
            channel = channels.get(name)
            if isinstance(channel, FeedChannel):
                self._add_changes(channel, update)
        for name in ("board:" + kind, "detail:" + subject):
            channel = channels.get(name)
            if isinstance(channel, RereadChannel):
                self.look_again(channel)

    def publish(self, name: str, publication: Publication, epoch: str) -> None:
        """Take a publication that a room has accepted: each once, in the order of its offsets."""
        if self.maps is not None:
            self.maps.publish(name, publication, epoch)
        channel = self.channels.get(name)
        if isinstance(channel, LooseChannel):
            channel.publish(publication)
            channel.since = channel.since or time()
            self._turns.wanted(channel)
        elif not publication.offset:
            self._pass_on(channel, publication)
        elif isinstance(channel, StreamRoom):
            if self._same_life(channel, epoch):
                self.extend(channel, [publication], time())
        elif isinstance(channel, NewestRoom) and self._same_life(channel, epoch):
            self._put(channel, publication, time())

    def _pass_on(self, channel: WatchedChannel | None, publication: Publication) -> None:
        """Send what the room does not keep to those who watch now."""
        if channel is None or not channel.loaded:
            return
        if isinstance(channel, StreamRoom):
            channel.pass_on(publication)
            self._turns.wanted(channel)
        elif isinstance(channel, NewestRoom):
            self._delivery.pass_on(channel, publication)

    def _offer(self, channel: NewestChannel, offset: int, data: bytes, at: float = 0.0) -> None:
        unsent = channel.offset > channel.sent and channel.loaded
        if channel.offer(offset, data):
            self._newer(channel, unsent, at)

    def _put(self, channel: NewestRoom, publication: Publication, at: float = 0.0) -> None:
        unsent = channel.offset > channel.sent and channel.loaded
        if channel.put(publication):
            self._newer(channel, unsent, at)

    def _add_changes(self, channel: FeedChannel, update: Update) -> None:
        offset = channel.offset
        unsent = offset > channel.sent and channel.loaded
        added = [channel.add(seq, data) for _, seq, data in update.activity]
        if channel.offset > offset:
            self._newer(channel, unsent, update.at)
        elif any(added) and channel.loaded:
            # It comes after what came after it.
            self._correct(channel)

    def _newer(self, channel: NewestChannel, unsent: bool, at: float) -> None:
        if channel.loaded:
            channel.since = at
            self._metrics.conflated += unsent
            self._turns.wanted(channel)

    def extend(self, channel: WatchedChannel, entries: list[Entry], at: float = 0.0) -> None:
        """Take publications of a stream that were committed `at`; a hole is read from its log."""
        if not isinstance(channel, StreamChannel):
            return
        if not channel.loaded:
            channel.ahead = max([channel.ahead, *(entry.offset for entry in entries)])
            return
        if channel.accept(entries):
            channel.since = channel.since or at
            self._turns.wanted(channel)
        if channel.has_hole and not channel.filling:
            channel.filling = True
            self._reader.fill(channel)

    def _same_life(self, channel: StreamRoom | NewestRoom, epoch: str) -> bool:
        """Tell whether a room goes on; if it was forgotten and begins anew its watchers are sent away."""
        if channel.epoch in ("", epoch):
            channel.epoch = epoch
            return True
        if channel.loaded:
            self._give_up(channel)
            return False
        # It is being read: what was heard of its former life counts no more.
        channel.begin_anew(epoch)
        return True

    def _speak(self, channels: list[WatchedChannel]) -> None:
        for channel in channels:
            if isinstance(channel, RereadChannel):
                self._read_again(channel)
        speaking = [channel for channel in channels if not isinstance(channel, RereadChannel)]
        if speaking:
            self._delivery.send(speaking)

    def _read_again(self, channel: RereadChannel) -> None:
        if channel.refreshing:
            channel.outdated = True
            return
        channel.refreshing = True
        self._reader.refresh(channel)

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
        if channel is None:
            channel = self.channels[address.channel] = self._make(address)
            self._metrics.channels += 1
            if not channel.loaded:
                # What can be read at once answers at once: whoever waits must be there already.
                channel.joining[member] = wanted
                self._reader.load(channel)
                return
        elif address.rule.max_subscribers and channel.crowd >= address.rule.max_subscribers:
            member.found(address.channel, ERRORS.LIMIT_EXCEEDED)
            return
        channel.joining[member] = wanted
        if not channel.loaded:
            return
        if self._in_doubt(channel, wanted):
            self._reader.check(channel, member)
        else:
            self.checked(channel, member)

    def admitted(self, member: Member, address: Address, wanted: Attach) -> None:
        """Note that a subscription stands: count it, and who is present by it."""
        self._metrics.subscribed(address, 1)
        self.presences.join(member, address, wanted)

    def detach(self, member: Member, name: str) -> None:
        """Let `member` leave a channel."""
        self.presences.leave(member, name)
        channel = self.channels.get(name)
        if channel is not None:
            if channel.leave(member):
                self._metrics.subscribed(channel.address, -1)
            self._drop_if_abandoned(channel)
        if self.maps is not None:
            self.maps.detach(member, name)

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
        for member in list(channel.joining):
            self._answer(channel, member)
        if isinstance(channel, RereadChannel) and channel.outdated:
            channel.outdated = False
            self._turns.wanted(channel)
        self._drop_if_abandoned(channel)

    def room_read(
        self, channel: StreamRoom | NewestRoom, top: Position, newest: Publication | None = None
    ) -> None:
        """Take a room's position, and its newest publication where only that counts."""
        if not channel.loaded and channel.epoch not in ("", top.epoch):
            # It began anew while it was read; which of the two lives is the newer one, another look tells.
            channel.begin_anew("")
            self._reader.load(channel)
        elif self._same_life(channel, top.epoch):
            self._read_on(channel, top, newest)

    def _read_on(self, channel: StreamRoom | NewestRoom, top: Position, newest: Publication | None) -> None:
        first = not channel.loaded
        if isinstance(channel, NewestRoom):
            if newest is not None:
                self._put(channel, newest)
            channel.offset = max(channel.offset, top.offset)
        elif not first:
            channel.ahead = max(channel.ahead, top.offset)
            self.extend(channel, [])
        else:
            channel.begin(top.offset)
        if first:
            self.loaded(channel)

    def unreadable(self, channel: WatchedChannel, member: Member | None = None) -> None:
        """Tell those who wait, or one of them, that the channel cannot be read now."""
        if member is None:
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
        self.extend(channel, rows)
        log = channel.log(member, rows)
        if len(fitting_in(log.publications, self._options.outbound_limit // 2)) < len(log.publications):
            # So long an answer would make the client count as slow, each time it comes back.
            log = channel.found()
        self._settle(channel, member, log)

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
        """Take a newly read feed, and publish it if it says something else than what was known."""
        offset, before = channel.offset, channel.state()
        channel.begin(position, changes)
        if channel.state() == before:
            return
        if channel.offset > offset:
            self._turns.wanted(channel)
        else:
            # An update was lost, and a later one was not.
            self._correct(channel)

    def _correct(self, channel: FeedChannel) -> None:
        correction = channel.correction()
        if channel.offset > channel.sent:
            # All but those who came ahead of it get the newest offset yet.
            self._turns.wanted(channel)
        else:
            for _, publication in correction.entries:
                self._delivery.pass_on(channel, publication)
        for member in list(channel.late):
            for frame in self._delivery.resend(member, correction.pushes(channel.form(member))):
                member.write(frame)

    def reread(self, channel: RereadChannel, offset: int, data: bytes) -> None:
        """Publish what was read anew if it says something new."""
        if channel.replace(offset, data):
            self._delivery.send([channel])
        self.reread_ended(channel)

    def reread_ended(self, channel: RereadChannel) -> None:
        """Note that a reading is over; what changed meanwhile makes another one."""
        channel.refreshing = False
        if channel.outdated:
            channel.outdated = False
            self._turns.wanted(channel)

    def look_again(self, channel: RereadChannel) -> None:
        """Have a view read when its turn comes."""
        if channel.loaded:
            self._turns.wanted(channel)
        else:
            channel.outdated = True

    def compare(self, channel: WatchedChannel, version: int, standing: bytes) -> None:
        """Take what the ledger says about a watched subject."""
        if isinstance(channel, StreamChannel):
            channel.ahead = max(channel.ahead, version)
            self.extend(channel, [])
        elif isinstance(channel, DetailChannel):
            if version > channel.offset:
                self.look_again(channel)
        elif isinstance(channel, NewestChannel):
            self._offer(channel, version, standing)

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
            self._metrics.subscribed(channel.address, -channel.leave(member))
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
        return self._reader.behind()

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

    def _make(self, address: Address) -> WatchedChannel:
        rule = address.rule
        if isinstance(rule, RoomRule):
            return self._make_room(address, rule)
        match address.source:
            case Source.BOARD:
                return BoardChannel(address, rule.interval, self._epoch)
            case Source.FEED:
                return FeedChannel(address, rule.interval, self._epoch, self._options.feed_changes)
            case Source.ACTIVITY:
                return StreamChannel(address, 0.0, self._epoch)
            case Source.DETAIL:
                return DetailChannel(address, rule.interval, self._epoch)
            case _:
                return NewestChannel(address, rule.interval, self._epoch)

    def _make_room(self, address: Address, rule: RoomRule) -> WatchedChannel:
        if not rule.history_size:
            channel = LooseChannel(address, 0.0, "")
            channel.loaded = True
            return channel
        if address.stream:
            return StreamRoom(address, 0.0, "")
        return NewestRoom(address, rule.interval, "")

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
