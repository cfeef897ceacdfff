"""Frame once, write many: the path every publication takes to its watchers.

Each publication is encoded and framed once; all members are written the same bytes. A member that
is due several channels' publications in one tick gets them in one frame, made once for all members
with the same selection.
"""

from collections.abc import Sequence

import msgspec

from renown.gateway.hub.watched import Member, NewestChannel, StreamChannel, WatchedChannel, Writer
from renown.gateway.metrics import GatewayMetrics
from renown.gateway.transports.wires import text_frame
from renown.protocol.codec import Codec

__all__ = ["Delivery"]

_FRAME_LIMIT = 65_536


class _Outgoing(msgspec.Struct, frozen=True):
    channel: WatchedChannel
    members: dict[Member, Writer]
    pushes: list[bytes]


class Delivery:
    """Writes what channels have to say."""

    def __init__(self, codec: Codec, metrics: GatewayMetrics) -> None:
        self._codec = codec
        self._metrics = metrics

    def send(self, channels: Sequence[WatchedChannel]) -> None:
        """Write the pending publications of `channels` to everyone who watches them."""
        outgoing = [self._prepare(channel) for channel in channels]
        if len(outgoing) == 1:
            self._send_one(outgoing[0])
        else:
            self._send_many(outgoing)

    def frames(self, pushes: list[bytes]) -> list[bytes]:
        """Return frames holding `pushes` in order."""
        return [text_frame(message) for message in self._codec.messages(pushes, _FRAME_LIMIT)]

    def _prepare(self, channel: WatchedChannel) -> _Outgoing:
        # A copy: a write may pause its member, which then leaves the channel's own.
        members = channel.members.copy()
        if isinstance(channel, StreamChannel):
            entries = channel.take(self._codec)
            pushes = [push for _, push in entries]
            self._catch_up_stream(channel, entries)
        elif isinstance(channel, NewestChannel):
            pushes = [channel.take(self._codec)]
            self._catch_up_newest(channel)
        else:
            pushes = []
        self._metrics.publications += len(pushes)
        self._metrics.deliveries += len(pushes) * len(members)
        return _Outgoing(channel, members, pushes)

    def _send_one(self, outgoing: _Outgoing) -> None:
        for frame in self.frames(outgoing.pushes):
            for write in outgoing.members.values():
                write(frame)

    def _send_many(self, outgoing: list[_Outgoing]) -> None:
        due: dict[Member, tuple[int, ...]] = {}
        for number, out in enumerate(outgoing):
            this = (number,)
            for member in out.members:
                due[member] = due.get(member, ()) + this
        prepared: dict[tuple[int, ...], list[bytes]] = {}
        for member, selection in due.items():
            frames = prepared.get(selection)
            if frames is None:
                pushes = [push for number in selection for push in outgoing[number].pushes]
                frames = prepared[selection] = self.frames(pushes)
            for frame in frames:
                member.write(frame)

    def _catch_up_newest(self, channel: NewestChannel) -> None:
        self._metrics.dropped += len(channel.paused)
        for member, position in channel.admit_late():
            if position < channel.sent:
                self._write(member, [channel.push])

    def _catch_up_stream(self, channel: StreamChannel, entries: list[tuple[int, bytes]]) -> None:
        slow = list(channel.paused.items())
        for member, position in channel.admit_late() + slow:
            self._write(member, [push for offset, push in entries if offset > position])
        for member, _ in slow:
            if member in channel.paused:
                channel.paused[member] = channel.sent
            member.crowded()

    def _write(self, member: Member, pushes: list[bytes]) -> None:
        self._metrics.deliveries += len(pushes)
        for frame in self.frames(pushes):
            member.write(frame)
