"""What is new in the channels that are watched, and who is told of it when.

Updates come in from the bus, publications from the rooms, and what was read from the librarian; they go out
through `Delivery`, channel by channel as turns are given.
"""

from collections.abc import Callable, Mapping, Sequence
from time import time

import msgspec

from renown.gateway.hub.delivery import Delivery
from renown.gateway.hub.librarian import Librarian
from renown.gateway.hub.room_channels import LooseChannel, NewestRoom, StreamRoom
from renown.gateway.hub.turns import Turns
from renown.gateway.hub.views import DetailChannel, FeedChannel, RereadChannel
from renown.gateway.hub.watched import Entry, NewestChannel, StreamChannel, WatchedChannel
from renown.gateway.metrics import GatewayMetrics
from renown.model import Update, kind_of
from renown.protocol.replies import Publication

__all__ = ["News"]


class News:
    """Takes what is new into the channels, and has them say it."""

    def __init__(
        self,
        channels: Mapping[str, WatchedChannel],
        delivery: Delivery,
        metrics: GatewayMetrics,
        give_up: Callable[[StreamChannel | NewestRoom], None],
    ) -> None:
        """`channels` are those that are watched; `give_up` ends what cannot be told in order any more."""
        self._channels = channels
        self._delivery = delivery
        self._metrics = metrics
        self._give_up = give_up
        self._turns = Turns(self._speak)
        self._librarian: Librarian | None = None

    def start(self, librarian: Librarian) -> None:
        """Begin; `librarian` reads what is lacking."""
        self._librarian = librarian

    def stop(self) -> None:
        """Say nothing more."""
        self._turns.stop()

    def wanted(self, channel: WatchedChannel) -> None:
        """Have a channel say what it has to say when its turn comes."""
        self._turns.wanted(channel)

    # What comes in

    def take(self, updates: Sequence[Update]) -> None:
        """Take the updates of one commit, as the bus hands them over."""
        channels = self._channels
        of_kinds: dict[str, list[WatchedChannel]] = {}
        for update in updates:
            # Of most subjects nobody watches anything: that must cost next to nothing.
            subject = update.subject
            channel = channels.get("standing:" + subject)
            if isinstance(channel, NewestChannel):
                self._offer(channel, update.version, update.standing, update.at)
            channel = channels.get("activity:" + subject)
            if channel is not None:
                entries = [
                    Publication(msgspec.Raw(data), offset=version) for version, _, data in update.activity
                ]
                self.extend(channel, entries, update.at)
            kind = kind_of(subject)
            watched = of_kinds.get(kind)
            if watched is None:
                names = ("feed:all", "feed:" + kind, "board:" + kind)
                watched = of_kinds[kind] = [channels[name] for name in names if name in channels]
            for channel in (*watched, channels.get("detail:" + subject)):
                if isinstance(channel, FeedChannel):
                    self._add_changes(channel, update)
                elif isinstance(channel, RereadChannel):
                    self.look_again(channel)

    def publish(self, name: str, publication: Publication, epoch: str) -> None:
        """Take a publication that a room has accepted: each once, in the order of its offsets."""
        channel = self._channels.get(name)
        if isinstance(channel, LooseChannel):
            channel.publish(publication)
            channel.since = channel.since or time()
            self._turns.wanted(channel)
        elif not publication.offset:
            self._pass_on(channel, publication)
        elif isinstance(channel, StreamRoom):
            if self.same_life(channel, epoch):
                self.extend(channel, [publication], time())
        elif isinstance(channel, NewestRoom) and self.same_life(channel, epoch):
            self.put(channel, publication, time())

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

    def put(self, channel: NewestRoom, publication: Publication, at: float = 0.0) -> None:
        """Take the newest publication of a room, or an older one."""
        unsent = channel.offset > channel.sent and channel.loaded
        if channel.put(publication):
            self._newer(channel, unsent, at)

    def _add_changes(self, channel: FeedChannel, update: Update) -> None:
        offset = channel.offset
        unsent = offset > channel.sent and channel.loaded
        quiet = update.quiet
        added = [channel.add(seq, data) for _, seq, data in update.activity if seq not in quiet]
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

    def same_life(self, channel: StreamRoom | NewestRoom, epoch: str) -> bool:
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

    # What was read

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

    def _correct(self, channel: FeedChannel | RereadChannel) -> None:
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
        self._replace(channel, offset, data)
        if channel.offset > channel.sent:
            self._delivery.send([channel])
        self.reread_ended(channel)

    def read_between(self, channel: RereadChannel, offset: int, data: bytes) -> None:
        """Take what was read for somebody who joins; those who watch are told in their turn."""
        self._replace(channel, offset, data)
        if channel.offset > channel.sent:
            self._turns.wanted(channel)

    def _replace(self, channel: RereadChannel, offset: int, data: bytes) -> None:
        before = channel.offset
        if channel.replace(offset, data) and channel.offset == before:
            # It changed without an event: somebody was forgotten, or something was repaired.
            self._correct(channel)

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

    # Turns

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

    @property
    def _reader(self) -> Librarian:
        if self._librarian is None:
            raise RuntimeError("the hub was not started")
        return self._librarian
