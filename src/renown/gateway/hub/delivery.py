"""Encode once, frame once, write many: the path every publication takes to its watchers.

Each publication is encoded and framed once for each form; all members of a form are written the same
bytes. A member that is due several channels' publications in one tick gets them in one frame, made once for
all members with the same selection.
"""

from collections.abc import Collection, Sequence
from time import time

import msgspec

from renown.gateway.hub.forms import Batch, Form
from renown.gateway.hub.member import Member
from renown.gateway.hub.spreading import Outlets, Spreader
from renown.gateway.hub.watched import NewestChannel, StreamChannel, WatchedChannel
from renown.gateway.metrics import GatewayMetrics
from renown.protocol.codec import Unspeakable
from renown.protocol.codes import DISCONNECTS
from renown.protocol.replies import Publication

__all__ = ["Delivery"]


class _Outgoing(msgspec.Struct, frozen=True):
    form: Form
    members: list[Member]
    """As of now: a write may pause its member, which then leaves the channel's own."""
    outlets: Outlets | None
    pushes: list[bytes]


class _Missed(msgspec.Struct, frozen=True):
    frames: list[bytes]
    count: int
    """Publications in them."""


class Delivery:
    """Writes what channels have to say."""

    def __init__(self, metrics: GatewayMetrics) -> None:
        self._metrics = metrics
        self.spreader = Spreader()

    def send(self, channels: Sequence[WatchedChannel]) -> None:
        """Write the pending publications of `channels` to everyone who watches them."""
        if len(channels) == 1:
            for outgoing in self._prepare(channels[0]):
                self._send_one(outgoing)
        else:
            self._send_many([outgoing for channel in channels for outgoing in self._prepare(channel)])
        now = time()
        for channel in channels:
            if channel.since:
                self._metrics.delivered(now - channel.since)
                channel.since = 0.0

    def pass_on(self, channel: NewestChannel, publication: Publication) -> None:
        """Write a publication that is not to be kept, to those who read as fast as it comes."""
        batch = Batch(channel.address.channel, [(channel.offset + 0.5, publication)], None)
        channel.unsettle()
        for outgoing in self._groups(channel, batch):
            self._send_one(outgoing)

    def resend(self, member: Member, pushes: list[bytes]) -> list[bytes]:
        """Return the frames of publications that `member` missed, and count them."""
        if not pushes:
            return []
        self._metrics.deliveries += len(pushes)
        return member.wire.frames(pushes)

    def _prepare(self, channel: WatchedChannel) -> list[_Outgoing]:
        if not isinstance(channel, NewestChannel | StreamChannel):
            return []
        batch = channel.take()
        groups = self._groups(channel, batch)
        channel.settle()
        if channel.late or channel.paused:
            self._catch_up(channel, batch)
        return groups

    def _groups(self, channel: WatchedChannel, batch: Batch) -> list[_Outgoing]:
        self._metrics.published(channel.address, len(batch.entries))
        outgoing: list[_Outgoing] = []
        for form, group in list(channel.groups.items()):
            pushes = self._say(batch, form, group.members)
            if pushes:
                outlets = group.outlets(self.spreader)
                members = list(group.members) if outlets is None else outlets.members
                outgoing.append(_Outgoing(form, members, outlets, pushes))
        return outgoing

    def _say(self, batch: Batch, form: Form, members: Collection[Member]) -> list[bytes]:
        try:
            pushes = batch.pushes(form)
        except Unspeakable:
            self._refuse(list(members))
            return []
        self._metrics.deliveries += len(pushes) * len(members)
        return pushes

    def _refuse(self, members: list[Member]) -> None:
        for member in members:
            member.close(DISCONNECTS.INAPPROPRIATE_PROTOCOL)

    def _send_one(self, outgoing: _Outgoing) -> None:
        for frame in outgoing.form.wire.frames(outgoing.pushes):
            self.spreader.write(frame, outgoing.members, outgoing.outlets)

    def _send_many(self, outgoing: list[_Outgoing]) -> None:
        due: dict[Member, tuple[int, ...]] = {}
        for number, out in enumerate(outgoing):
            this = (number,)
            for member in out.members:
                due[member] = due.get(member, ()) + this
        shared: dict[tuple[int, ...], list[Member]] = {}
        for member, selection in due.items():
            shared.setdefault(selection, []).append(member)
        for selection, members in shared.items():
            pushes = [push for number in selection for push in outgoing[number].pushes]
            for frame in outgoing[selection[0]].form.wire.frames(pushes):
                self.spreader.write(frame, members)

    def _catch_up(self, channel: NewestChannel | StreamChannel, batch: Batch) -> None:
        if isinstance(channel, NewestChannel):
            self._metrics.dropped += len(channel.paused)
            slow: list[tuple[Member, int]] = []
        else:
            slow = list(channel.paused.items())
        made: dict[tuple[Form, int], _Missed] = {}
        for member, position in channel.admit_late() + slow:
            self._write_missed(channel, member, position, batch, made)
        for member, _ in slow:
            if member in channel.paused:
                channel.paused[member] = channel.sent
            member.crowded()

    def _write_missed(
        self,
        channel: NewestChannel | StreamChannel,
        member: Member,
        position: int,
        batch: Batch,
        made: dict[tuple[Form, int], "_Missed"],
    ) -> None:
        """Write what `member` lacks. Those who lack the same share the frames, which wait unsent for long."""
        form = channel.form(member)
        missed = made.get((form, position))
        if missed is None:
            try:
                pushes = [push for place, push in batch.said(form) if place > position]
            except Unspeakable:
                self._refuse([member])
                return
            missed = made[form, position] = _Missed(form.wire.frames(pushes) if pushes else [], len(pushes))
        self._metrics.deliveries += missed.count
        for frame in missed.frames:
            member.write(frame)
