"""Maps: one subscription that follows the newest state of very many keys.

A member's place in a map is a single number, the offset as of which it knows every key. Whatever it lacks is
read from what keeps the map, newest per key: so a turn sends each changed key once however often it changed,
a slow member costs its number only, and whoever comes back is given the same as whoever never left.

Publications and updates say only that there is something new; if one is lost, the next one brings it.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from time import time
from typing import Any, Final

from renown.errors import RenownError
from renown.gateway.admission.counts import CHANNEL, Counts
from renown.gateway.channels import Address, Source, presence_maps
from renown.gateway.hub.forms import Form, form_of, wanted_form
from renown.gateway.hub.map_channel import MapChannel, Place
from renown.gateway.hub.map_memory import Known
from renown.gateway.hub.map_parts import MapSource, Part, Stretch
from renown.gateway.hub.map_presence import LINGER, UsersMap
from renown.gateway.hub.map_reads import find_part
from renown.gateway.hub.member import Member
from renown.gateway.metrics import GatewayMetrics
from renown.model import Update, kind_of
from renown.protocol.codec import Unspeakable
from renown.protocol.codes import DISCONNECTS, ERRORS, Error
from renown.protocol.effects import Attach, MapPage, MapWish, Position

__all__ = ["MapTable"]

_LOG = logging.getLogger("renown.gateway")
_CHUNK: Final = 200
"""Changes that are sent in one piece; then others have their turn."""
_AGAIN: Final = 1.0
"""Seconds until a failed read is tried again."""


class MapTable:
    """All maps that somebody watches: what the hub wants of `librarian.Maps`."""

    def __init__(
        self,
        source: Callable[[Address], MapSource],
        admitted: Callable[[Member, Address, Attach], None],
        metrics: GatewayMetrics,
        counts: Counts | None = None,
    ) -> None:
        """`source` opens what a map is read from; `admitted` is told of every subscription that stands.

        `counts`: of subscribers; those of subscriptions that stand are counted by whom `admitted` tells.
        """
        self.channels: dict[str, MapChannel] = {}
        self._source = source
        self._admitted = admitted
        self._metrics = metrics
        self._counts = counts or Counts()
        self._of_kinds: dict[str, list[MapChannel]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._later: dict[str, asyncio.TimerHandle] = {}
        """By map of users, when it is looked at again."""

    async def close(self) -> None:
        """Give up the reads in progress."""
        for timer in self._later.values():
            timer.cancel()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.channels.clear()
        self._of_kinds.clear()

    # News

    def take(self, updates: Sequence[Update]) -> None:
        """Note that standings changed."""
        if self._of_kinds:
            for kind, at in {kind_of(update.subject): update.at for update in updates}.items():
                for channel in self._of_kinds.get(kind, ()):
                    self._news(channel, at)

    def published(self, channel: str) -> None:
        """Note that something was published into a room: it is read."""
        found = self.channels.get(channel)
        if found is not None:
            self._news(found, time())

    def crowd(self, channel: str) -> None:
        """Note that somebody came to a channel, or left it."""
        for name in presence_maps(channel):
            found = self.channels.get(name)
            if found is not None:
                self._news(found, time())
                self._look_later(name, LINGER)

    def _look_later(self, name: str, seconds: float) -> None:
        """Look at a map of users again once the first of those who linger is gone."""
        channel = self.channels.get(name)
        if channel is not None and isinstance(channel.source, UsersMap) and name not in self._later:
            loop = asyncio.get_running_loop()
            self._later[name] = loop.call_later(seconds, self._look_again, name)

    def _look_again(self, name: str) -> None:
        del self._later[name]
        channel = self.channels.get(name)
        if channel is not None and isinstance(channel.source, UsersMap):
            self._news(channel)
            lingering = channel.source.lingering
            if lingering is not None:
                # News is told once in an interval: nothing is gained by looking sooner.
                self._look_later(name, max(lingering, channel.address.rule.interval))

    def sweep(self) -> None:
        """Look everywhere: repairs what the bus may have lost."""
        for channel in self.channels.values():
            self._news(channel)

    def look(self, channel: str) -> None:
        """Look at a map that may have begun anew."""
        found = self.channels.get(channel)
        if found is not None:
            self._news(found)

    # Members

    def attach(self, member: Member, address: Address, wanted: Attach) -> None:
        """Answer `member` with a part of the map, and let it join when that was the last."""
        channel = self.channels.get(address.channel)
        most = address.rule.max_subscribers
        if most and self._counts.full(CHANNEL, address.channel, most, channel.crowd if channel else 0):
            member.found(address.channel, ERRORS.LIMIT_EXCEEDED)
            return
        if channel is None:
            channel = self._open(address)
        channel.joining[member] = wanted
        self._run(self._answer(channel, member, wanted))

    def detach(self, member: Member, name: str) -> None:
        """Let `member` leave, if it is there."""
        channel = self.channels.get(name)
        if channel is not None:
            if channel.leave(member):
                self._metrics.subscribed(channel.address, -1)
                self._counts.subscribed(channel.address, -1)
            self._drop_if_abandoned(channel)

    def pause(self, member: Member, names: Sequence[str]) -> None:
        """Send `member`, which reads slowly, nothing more for now."""
        for channel in self._of(names):
            place = channel.live.pop(member, None)
            if place is not None:
                channel.slow[member] = place

    def resume(self, member: Member, names: Sequence[str]) -> list[bytes]:
        """Send `member` what it lacks, as fast as it reads from now on; nothing is missed meanwhile."""
        for channel in self._of(names):
            self._hurry(channel, member)
        return []

    # Answers

    async def _answer(self, channel: MapChannel, member: Member, wanted: Attach) -> None:
        name = channel.address.channel
        try:
            found = await find_part(channel.source, wanted.map or MapWish(2), wanted.recover)
        except RenownError as error:
            found = ERRORS.BAD_REQUEST if error.problem_code == "bad_cursor" else ERRORS.INTERNAL
            if found is ERRORS.INTERNAL:
                _LOG.warning("cannot read the map %s: %s", name, error.detail)
        except Exception:
            found = ERRORS.INTERNAL
            _LOG.exception("cannot read the map %s", name)
        if channel.joining.get(member) is not wanted:
            return
        del channel.joining[member]
        try:
            stands = member.found(name, self._said(channel, member, wanted, found))
        except Unspeakable:
            stands = False
            member.close(DISCONNECTS.INAPPROPRIATE_PROTOCOL)
        if stands and isinstance(found, Part) and found.page.live:
            since = channel.told_since(found.page, wanted, more=found.more)
            place = Place(wanted_form(member.wire, wanted), found.page.offset, since)
            self._join(channel, member, place, found)
            self._admitted(member, channel.address, wanted)
        self._drop_if_abandoned(channel)

    def _said(
        self, channel: MapChannel, member: Member, wanted: Attach, found: Part | Error
    ) -> MapPage | Error:
        if isinstance(found, Error):
            return found
        page = found.page
        channel.note(page.epoch, page.state)
        form = form_of(member.wire, packed=wanted.packed, tags=wanted.filter)
        frozen = -1 if wanted.recover is None else wanted.recover.offset
        since = channel.told_since(page, wanted, more=found.more)
        said = channel.page(page, form, (since, frozen))
        channel.note(page.epoch, page.publications)
        return said

    def _join(self, channel: MapChannel, member: Member, place: Place, found: Part) -> None:
        page, before = found.page, channel.members
        channel.slow[member] = place
        if channel.epoch != page.epoch:
            # What is kept began anew, and who is here already knows its former life.
            channel.begin(page)
            self._give_up(channel, before)
        if found.more or member.paused:
            self._hurry(channel, member)
        elif channel.slow.pop(member, None) is not None:
            self._enter(channel, member, place)

    def _enter(self, channel: MapChannel, member: Member, place: Place) -> None:
        channel.live[member] = place
        if channel.news or place.position < channel.sent:
            self._news(channel)
        channel.sent = max(channel.sent, place.position)

    # Turns

    def _news(self, channel: MapChannel, at: float = 0.0) -> None:
        channel.news = True
        if channel.live:
            channel.since = channel.since or at
            if not channel.turning:
                channel.turning = True
                self._run(self._turns(channel))

    async def _turns(self, channel: MapChannel) -> None:
        """Speak while there is something new, no more often than the channel may."""
        try:
            while channel.news and channel.live:
                channel.news = False
                if await self._turn(channel):
                    await asyncio.sleep(channel.address.rule.interval)
                else:
                    channel.news = True
                    await asyncio.sleep(_AGAIN)
        finally:
            channel.turning = False

    async def _turn(self, channel: MapChannel) -> bool:
        """Tell the live members what is new as of now; return whether the map could be read."""
        since, channel.since = channel.since, 0.0
        goal = 0
        while channel.live:
            epoch, after = channel.epoch, min(place.position for place in channel.live.values())
            found = await self._changes(channel, after)
            if found is None:
                return False
            if channel.epoch != epoch:
                continue
            if found.lost:
                self._give_up(channel, channel.members)
                break
            self._send(channel, after, found)
            goal = goal or found.top
            if not found.more or found.reached >= goal:
                channel.news = channel.news or found.more
                if since and found.publications:
                    self._metrics.delivered(time() - since)
                break
            # Whoever is due something else has their turn.
            await asyncio.sleep(0)
        return True

    def _send(self, channel: MapChannel, after: int, found: Stretch) -> None:
        """Send all live members what each lacks, made once for those of one form at one place."""
        groups: dict[tuple[Form, int, int], list[Member]] = {}
        for member, place in channel.live.items():
            # Who came while this was read, with less than it begins with, has the next turn.
            if after <= place.position < found.reached:
                since = place.since if place.form.delta or place.form.filter else -1
                groups.setdefault((place.form, place.position, since), []).append(member)
                place.position = found.reached
        channel.sent = max(channel.sent, found.reached)
        for (form, position, since), members in groups.items():
            frames = self._frames(channel, form, (since, position), found, members)
            for member in members:
                write = member.write
                for frame in frames:
                    write(frame)
        channel.take(after, found)
        self._metrics.published(channel.address, len(found.publications))

    def _frames(
        self,
        channel: MapChannel,
        form: Form,
        known: Known,
        found: Stretch,
        members: list[Member],
    ) -> list[bytes]:
        """Return the frames for members that this subscription told all between two offsets."""
        name, encode = channel.address.channel, form.wire.codec.publication
        due = [each for each in found.publications if each.offset > known[1]]
        try:
            pushes = [encode(name, each) for each in channel.said(due, form, known)]
        except Unspeakable:
            for member in members:
                member.close(DISCONNECTS.INAPPROPRIATE_PROTOCOL)
            return []
        self._metrics.deliveries += len(pushes) * len(members)
        return form.wire.frames(pushes) if pushes else []

    async def _changes(self, channel: MapChannel, after: int) -> Stretch | None:
        try:
            return await channel.source.changes(Position(channel.epoch, after), _CHUNK)
        except Exception:
            _LOG.exception("cannot read the map %s", channel.address.channel)
            return None

    # Those who are on their own

    def _hurry(self, channel: MapChannel, member: Member) -> None:
        place = channel.slow.get(member)
        if place is not None and not place.running and not member.paused:
            place.running = True
            self._run(self._catch_up(channel, member, place))

    async def _catch_up(self, channel: MapChannel, member: Member, place: Place) -> None:
        """Send `member` what it lacks, piece by piece, until it has all or reads too slowly."""
        try:
            while channel.slow.get(member) is place and not member.paused:
                found = await self._changes(channel, place.position)
                if channel.slow.get(member) is not place:
                    return
                if found is None:
                    await asyncio.sleep(_AGAIN)
                    continue
                if found.lost:
                    member.lost_track(channel.address.channel)
                    return
                self._send_one(channel, member, place, found)
                if not found.more and not member.paused and channel.slow.pop(member, None):
                    self._enter(channel, member, place)
                    return
                await asyncio.sleep(0)
        finally:
            place.running = False

    def _send_one(self, channel: MapChannel, member: Member, place: Place, found: Stretch) -> None:
        frames = self._frames(channel, place.form, place.known, found, [member])
        channel.take(place.position, found)
        place.position = found.reached
        if found.more:
            place.since = found.reached
        for frame in frames:
            member.write(frame)

    # Ends

    def _give_up(self, channel: MapChannel, members: list[Member]) -> None:
        for member in members:
            member.lost_track(channel.address.channel)

    def _open(self, address: Address) -> MapChannel:
        channel = self.channels[address.channel] = MapChannel(address, self._source(address))
        self._metrics.channels += 1
        if address.source in (Source.STANDINGS, Source.BOARD):
            self._of_kinds.setdefault(address.name, []).append(channel)
        return channel

    def _drop_if_abandoned(self, channel: MapChannel) -> None:
        address = channel.address
        if channel.abandoned and self.channels.get(address.channel) is channel:
            del self.channels[address.channel]
            self._metrics.channels -= 1
            of_kind = self._of_kinds.get(address.name, [])
            if channel in of_kind:
                of_kind.remove(channel)
                if not of_kind:
                    del self._of_kinds[address.name]

    def _of(self, names: Sequence[str]) -> list[MapChannel]:
        if not self.channels:
            return []
        return [channel for name in names if (channel := self.channels.get(name)) is not None]

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
