"""Maps: one subscription that follows the newest state of very many keys.

A member's place in a map is a single number, the offset as of which it knows every key. Whatever it lacks is
read from what keeps the map, newest per key: so a turn sends each changed key once however often it changed,
a slow member costs its number only, and whoever comes back is given the same as whoever never left.

Publications and updates say only that there is something new; if one is lost, the next one brings it.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from time import time
from typing import Any, Final

import msgspec

from renown.errors import RenownError
from renown.gateway.channels import Address, Source
from renown.gateway.hub.forms import Form, form_of, wanted_form
from renown.gateway.hub.map_patches import Bases
from renown.gateway.hub.map_reads import MapSource, Part, Stretch, find_part
from renown.gateway.hub.member import Member
from renown.gateway.metrics import GatewayMetrics
from renown.model import Update, kind_of
from renown.protocol.codec import Unspeakable
from renown.protocol.codes import DISCONNECTS, ERRORS, Error
from renown.protocol.effects import Attach, MapPage, MapWish, Position
from renown.protocol.replies import Publication

__all__ = ["MapChannel", "MapTable"]

_LOG = logging.getLogger("renown.gateway")
_CHUNK: Final = 200
"""Changes that are sent in one piece; then others have their turn."""
_STATE: Final = 2
"""The phase in which a map's state is read page by page."""
_AGAIN: Final = 1.0
"""Seconds until a failed read is tried again."""


class _Place:
    """How far a member is."""

    __slots__ = ("form", "position", "running", "since")

    def __init__(self, form: Form, position: int, since: int = -1) -> None:
        self.form = form
        self.since = since
        """This subscription told it every change after this offset; -1: and the state before."""
        self.position = position
        """It knows every key as of this offset."""
        self.running = False
        """Whether it is being brought up to date on its own."""


class MapChannel:
    """A map with watchers. A member is in one of three: `live`, `slow` (on its own, or paused), `joining`."""

    __slots__ = (
        "address",
        "bases",
        "epoch",
        "joining",
        "live",
        "news",
        "sent",
        "since",
        "slow",
        "source",
        "turning",
    )

    def __init__(self, address: Address, source: MapSource) -> None:
        self.address = address
        self.source = source
        self.bases = Bases() if address.rule.delta else None
        """What patches are made against, where there may be any."""
        self.epoch = ""
        """Of all places; empty until the first member is there."""
        self.sent = 0
        """Of the newest change sent to the live members."""
        self.live: dict[Member, _Place] = {}
        self.slow: dict[Member, _Place] = {}
        self.joining: dict[Member, Attach] = {}
        self.news = False
        """Whether something may have changed since the last turn began."""
        self.turning = False
        self.since = 0.0
        """When the oldest news was committed that the live members were not told; 0: not known."""

    @property
    def abandoned(self) -> bool:
        """Whether nobody is interested any more."""
        return not (self.live or self.slow or self.joining)

    @property
    def members(self) -> list[Member]:
        """All who are subscribed."""
        return [*self.live, *self.slow]

    @property
    def crowd(self) -> int:
        """How many are subscribed, or about to be."""
        return len(self.live) + len(self.slow) + len(self.joining)

    def leave(self, member: Member) -> bool:
        """Take `member` out; return whether it was subscribed."""
        self.joining.pop(member, None)
        return self.live.pop(member, None) is not None or self.slow.pop(member, None) is not None


class MapTable:
    """All maps that somebody watches: what the hub wants of `librarian.Maps`."""

    def __init__(
        self,
        source: Callable[[Address], MapSource],
        admitted: Callable[[Member, Address, Attach], None],
        metrics: GatewayMetrics,
    ) -> None:
        """`source` opens what a map is read from; `admitted` is told of every subscription that stands."""
        self.channels: dict[str, MapChannel] = {}
        self._source = source
        self._admitted = admitted
        self._metrics = metrics
        self._of_kinds: dict[str, list[MapChannel]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Give up the reads in progress."""
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

    def publish(self, channel: str, publication: Publication, epoch: str) -> None:  # noqa: ARG002 - it is read
        """Note that something was published into a room."""
        found = self.channels.get(channel)
        if found is not None:
            self._news(found, time())

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
        if channel is None:
            channel = self._open(address)
        elif most and channel.crowd >= most:
            member.found(address.channel, ERRORS.LIMIT_EXCEEDED)
            return
        channel.joining[member] = wanted
        self._run(self._answer(channel, member, wanted))

    def detach(self, member: Member, name: str) -> None:
        """Let `member` leave, if it is there."""
        channel = self.channels.get(name)
        if channel is not None:
            if channel.leave(member):
                self._metrics.subscribed(channel.address, -1)
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

    def rewire(self, member: Member, names: Sequence[str]) -> None:
        """Nothing to note: `member.write` is looked up at each write."""

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
        form = wanted_form(member.wire, wanted)
        if isinstance(found, Part):
            self._note(channel, found.page.epoch, (*found.page.state, *found.page.publications))
        try:
            answer = found if isinstance(found, Error) else _said(found.page, member, wanted)
            stands = member.found(name, answer)
        except Unspeakable:
            stands = False
            member.close(DISCONNECTS.INAPPROPRIATE_PROTOCOL)
        if stands and isinstance(found, Part) and found.page.live:
            self._join(channel, member, _Place(form, found.page.offset, _since(wanted)), found)
            self._admitted(member, channel.address, wanted)
        self._drop_if_abandoned(channel)

    def _join(self, channel: MapChannel, member: Member, place: _Place, found: Part) -> None:
        epoch, before = found.page.epoch, channel.members
        channel.slow[member] = place
        if channel.epoch != epoch:
            # What is kept began anew, and who is here already knows its former life.
            channel.epoch, channel.sent = epoch, place.position
            if channel.bases is not None:
                channel.bases.begin()
                channel.bases.note((*found.page.state, *found.page.publications))
            self._give_up(channel, before)
        if found.more or member.paused:
            self._hurry(channel, member)
        elif channel.slow.pop(member, None) is not None:
            self._enter(channel, member, place)

    def _enter(self, channel: MapChannel, member: Member, place: _Place) -> None:
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
                since = place.since if place.form.delta else -1
                groups.setdefault((place.form, place.position, since), []).append(member)
                place.position = found.reached
        channel.sent = max(channel.sent, found.reached)
        for (form, position, since), members in groups.items():
            frames = self._frames(channel, form, (since, position), found, members)
            for member in members:
                write = member.write
                for frame in frames:
                    write(frame)
        self._note(channel, found.epoch, found.publications)
        self._metrics.published(channel.address, len(found.publications))

    def _frames(
        self,
        channel: MapChannel,
        form: Form,
        known: tuple[int, int],
        found: Stretch,
        members: list[Member],
    ) -> list[bytes]:
        """Return the frames for members that this subscription told all between two offsets."""
        name, encode = channel.address.channel, form.wire.codec.publication
        due = [each for each in found.publications if each.offset > known[1]]
        persistent = channel.source.persistent
        try:
            if channel.bases is not None and form.delta:
                said = _placed(channel.bases.said(due, form, known), persistent)
            else:
                said = _entries(due, form, persistent)
            pushes = [encode(name, each) for each in said]
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

    async def _catch_up(self, channel: MapChannel, member: Member, place: _Place) -> None:
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

    def _send_one(self, channel: MapChannel, member: Member, place: _Place, found: Stretch) -> None:
        frames = self._frames(channel, place.form, (place.since, place.position), found, [member])
        self._note(channel, found.epoch, found.publications)
        place.position = found.reached
        for frame in frames:
            member.write(frame)

    def _note(self, channel: MapChannel, epoch: str, entries: Sequence[Publication]) -> None:
        if channel.bases is not None and epoch == channel.epoch:
            channel.bases.note(entries)

    # Ends

    def _give_up(self, channel: MapChannel, members: list[Member]) -> None:
        for member in members:
            member.lost_track(channel.address.channel)

    def _open(self, address: Address) -> MapChannel:
        channel = self.channels[address.channel] = MapChannel(address, self._source(address))
        self._metrics.channels += 1
        if address.source is not Source.ROOM:
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


def _said(page: MapPage, member: Member, wanted: Attach) -> MapPage:
    """Return a page as `member` is told it. What patches need besides, the session sees to."""
    form = form_of(member.wire, packed=wanted.packed, tags=wanted.filter)
    return msgspec.structs.replace(
        page,
        offset=page.offset if page.persistent or not page.live else 0,
        state=_entries(page.state, form, page.persistent),
        publications=_entries(page.publications, form, page.persistent),
    )


def _entries(entries: Iterable[Publication], form: Form, persistent: bool) -> tuple[Publication, ...]:
    """Return what a form lets pass, as it says it. Removals always pass: they bear no tags of their own."""
    passed = (
        entry if entry.removed else form.whole(entry)
        for entry in entries
        if entry.removed or form.passes(entry)
    )
    return _placed(passed, persistent)


def _placed(entries: Iterable[Publication], persistent: bool) -> tuple[Publication, ...]:
    if persistent:
        return tuple(entries)
    return tuple(msgspec.structs.replace(entry, offset=0) for entry in entries)


def _since(wanted: Attach) -> int:
    """Return after which offset a subscription that begins tells everything; -1: it began with the state."""
    wish, known = wanted.map, wanted.recover
    if wish is None or wish.phase == _STATE or known is None:
        return -1
    return known.offset
