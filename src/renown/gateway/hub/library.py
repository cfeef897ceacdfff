"""Reads from the ledger what the hub lacks, in few and shared reads."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import msgspec

from renown.errors import RenownError
from renown.gateway.channels import EVERYTHING
from renown.gateway.hub.detail import read_detail
from renown.gateway.hub.hub import Hub
from renown.gateway.hub.member import Member
from renown.gateway.hub.reading import Reading
from renown.gateway.hub.room_channels import LooseChannel, NewestRoom, StreamRoom
from renown.gateway.hub.room_library import RoomLibrary
from renown.gateway.hub.rooms import RoomKeeper
from renown.gateway.hub.views import BoardChannel, DetailChannel, FeedChannel, RereadChannel, board_view
from renown.gateway.hub.watched import NewestChannel, StreamChannel, WatchedChannel
from renown.gateway.options import GatewayOptions
from renown.protocol.codes import ERRORS, Error
from renown.protocol.effects import History, ReadHistory
from renown.protocol.replies import Publication

__all__ = ["Library"]

_LOG = logging.getLogger("renown.gateway")
_BATCH = 200
"""Subjects in one read: after a restart thousands of watchers come back at once."""
_FILL = 1_000


class Library:
    """Runs reads as tasks and hands their results to the hub. A failed read is told, not raised."""

    def __init__(
        self, ledger: Reading, hub: Hub, options: GatewayOptions, rooms: RoomKeeper | None = None
    ) -> None:
        """Without `rooms` there are none to read from."""
        self._ledger = ledger
        self._rooms = None if rooms is None else RoomLibrary(rooms, hub, options)
        self._hub = hub
        self._options = options
        self._tasks: set[asyncio.Task[None]] = set()
        self._wanted: list[WatchedChannel] = []
        self._doubtful: dict[WatchedChannel, list[Member]] = {}

    async def close(self) -> None:
        """Give up the reads in progress."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` to its end, unless the gateway closes first."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # For the hub

    def load(self, channel: WatchedChannel) -> None:
        """Read a channel's first state; standings and streams of one tick share a read."""
        if isinstance(channel, StreamRoom | NewestRoom):
            if not self._of_rooms.load_at_once(channel):
                self.run(self._of_rooms.load(channel))
        elif isinstance(channel, FeedChannel):
            self.run(self._load_feed(channel))
        elif isinstance(channel, RereadChannel):
            self.run(self._load_whole(channel))
        else:
            if not self._wanted:
                asyncio.get_running_loop().call_soon(self._load_wanted)
            self._wanted.append(channel)

    def fill(self, channel: StreamChannel) -> None:
        """Read what is missing above a stream's offset."""
        if isinstance(channel, StreamRoom):
            self.run(self._of_rooms.fill(channel))
        else:
            self.run(self._fill(channel))

    def behind(self) -> bool:
        """Ask the ledger; when it fails, the read that follows says so."""
        try:
            return self._ledger.behind()
        except RenownError:
            return True

    def check(self, channel: WatchedChannel, member: Member) -> None:
        """Compare a channel with the ledger before `member` is answered; those of one tick share a read."""
        if isinstance(channel, StreamRoom | NewestRoom):
            self.run(self._of_rooms.check(channel, member))
            return
        if not self._doubtful:
            asyncio.get_running_loop().call_soon(self._check_doubtful)
        self._doubtful.setdefault(channel, []).append(member)

    def catch_up(self, channel: StreamChannel, member: Member, after: int) -> None:
        """Read a stream's log for one joining member."""
        if isinstance(channel, StreamRoom):
            self.run(self._of_rooms.catch_up(channel, member, after))
        else:
            self.run(self._catch_up(channel, member, after))

    def refresh(self, channel: RereadChannel) -> None:
        """Read anew what is read as a whole."""
        self.run(self._refresh(channel))

    # For the gateway

    async def history(self, subject: str, wanted: ReadHistory) -> History | Error:
        """Read part of a stream's log."""
        if wanted.epoch and wanted.epoch != self._ledger.id:
            return ERRORS.UNRECOVERABLE_POSITION
        found = await self._ledger.snapshots([subject])
        top = found[subject][0] if subject in found else 0
        if wanted.limit == 0:
            return History(self._ledger.id, top)
        if not wanted.reverse:
            rows = await self._activity(subject, wanted.after or 0, wanted.limit)
            return History(self._ledger.id, max([top, *(row.offset for row in rows)]), tuple(rows))
        last = top if wanted.after is None else min(top, wanted.after - 1)
        first = max(0, last - wanted.limit)
        rows = await self._activity(subject, first, last - first) if last > first else []
        return History(self._ledger.id, top, tuple(reversed(rows)))

    async def _activity(self, subject: str, after: int, limit: int) -> list[Publication]:
        rows = await self._ledger.activity(subject, after, limit)
        return [Publication(msgspec.Raw(data), offset=version) for version, data in rows]

    @property
    def _of_rooms(self) -> RoomLibrary:
        if self._rooms is None:
            raise RuntimeError("there are no rooms")
        return self._rooms

    async def sweep(self) -> None:
        """Compare every watched channel with the ledger: repairs what the bus may have lost."""
        channels = [channel for channel in self._hub.channels.values() if channel.loaded]
        by_subject: dict[str, list[WatchedChannel]] = {}
        for channel in channels:
            if isinstance(channel, StreamRoom | NewestRoom):
                await self._compare_room(channel)
            elif isinstance(channel, BoardChannel):
                self._hub.news.look_again(channel)
            elif isinstance(channel, FeedChannel):
                await self._compare_feed(channel)
            elif not isinstance(channel, LooseChannel):
                by_subject.setdefault(channel.address.name, []).append(channel)
        subjects = list(by_subject)
        for start in range(0, len(subjects), _BATCH):
            found = await self._ledger.snapshots(subjects[start : start + _BATCH])
            for subject, (version, standing) in found.items():
                for channel in by_subject[subject]:
                    self._hub.news.compare(channel, version, standing)

    async def name_anew(self) -> None:
        """Have the views that name persons read anew."""
        for channel in self._hub.channels.values():
            if isinstance(channel, DetailChannel):
                self._hub.news.look_again(channel)

    async def look(self, name: str) -> None:
        """Compare a room with its log if it is watched: it may have begun anew."""
        channel = self._hub.channels.get(name)
        if isinstance(channel, StreamRoom | NewestRoom):
            await self._compare_room(channel)

    async def _compare_room(self, channel: StreamRoom | NewestRoom) -> None:
        try:
            await self._of_rooms.compare(channel)
        except RenownError:
            # The next sweep looks again; the other channels are not to wait for that.
            _LOG.exception("cannot compare the room %s", channel.address.channel)

    async def _compare_feed(self, channel: FeedChannel) -> None:
        try:
            self._hub.news.feed_read(channel, *await self._recent(channel))
        except RenownError:
            _LOG.exception("cannot compare the feed %s", channel.address.name)

    # Reads

    def _load_wanted(self) -> None:
        wanted, self._wanted = self._wanted, []
        for start in range(0, len(wanted), _BATCH):
            self.run(self._load_subjects(wanted[start : start + _BATCH]))

    async def _load_subjects(self, channels: list[WatchedChannel]) -> None:
        try:
            found = await self._ledger.snapshots(list({c.address.name for c in channels}))
        except Exception:
            _LOG.exception("cannot read standings for subscribers")
            for channel in channels:
                self._hub.unreadable(channel)
            return
        for channel in channels:
            version, standing = found.get(channel.address.name, (0, b""))
            if isinstance(channel, StreamChannel):
                channel.begin(version)
            elif isinstance(channel, NewestChannel):
                channel.offer(version, standing)
            self._hub.loaded(channel)

    def _check_doubtful(self) -> None:
        doubtful, self._doubtful = self._doubtful, {}
        views = [each for each in doubtful.items() if isinstance(each[0], RereadChannel | FeedChannel)]
        rest = [each for each in doubtful.items() if not isinstance(each[0], RereadChannel | FeedChannel)]
        for each in views:
            self.run(self._check([each]))
        for start in range(0, len(rest), _BATCH):
            self.run(self._check(rest[start : start + _BATCH]))

    async def _check(self, doubtful: list[tuple[WatchedChannel, list[Member]]]) -> None:
        channels = [channel for channel, _ in doubtful]
        tell = self._hub.checked
        try:
            await self._read_again(channels)
        except Exception:
            _LOG.exception("cannot compare channels with the ledger for subscribers")
            tell = self._hub.unreadable
        for channel, members in doubtful:
            for member in members:
                tell(channel, member)

    async def _read_again(self, channels: list[WatchedChannel]) -> None:
        first = channels[0]
        if isinstance(first, FeedChannel):
            self._hub.news.feed_read(first, *await self._recent(first))
        elif isinstance(first, RereadChannel):
            self._hub.news.read_between(first, *await self._read_whole(first))
        else:
            found = await self._ledger.snapshots(list({c.address.name for c in channels}))
            for channel in channels:
                if channel.address.name in found:
                    self._hub.news.compare(channel, *found[channel.address.name])

    async def _recent(self, channel: FeedChannel) -> tuple[int, list[bytes]]:
        name = channel.address.name
        return await self._ledger.recent(None if name == EVERYTHING else name, self._options.feed_changes)

    async def _load_feed(self, channel: FeedChannel) -> None:
        try:
            position, changes = await self._recent(channel)
        except Exception:
            _LOG.exception("cannot read the feed %s", channel.address.name)
            self._hub.unreadable(channel)
            return
        channel.begin(position, changes)
        self._hub.loaded(channel)

    async def _load_whole(self, channel: RereadChannel) -> None:
        read = await self._whole(channel)
        if read is None:
            self._hub.unreadable(channel)
            return
        channel.replace(*read)
        self._hub.loaded(channel)

    async def _refresh(self, channel: RereadChannel) -> None:
        read = await self._whole(channel)
        if read is None:
            self._hub.news.reread_ended(channel)
        else:
            self._hub.news.reread(channel, *read)

    async def _whole(self, channel: RereadChannel) -> tuple[int, bytes] | None:
        try:
            return await self._read_whole(channel)
        except Exception:
            _LOG.exception("cannot read %s", channel.address.channel)
            return None

    async def _read_whole(self, channel: RereadChannel) -> tuple[int, bytes]:
        name = channel.address.name
        if isinstance(channel, DetailChannel):
            return await read_detail(self._ledger, name)
        position, standings = await self._ledger.board(name, self._options.board_rows)
        return position, board_view(name, standings)

    async def _fill(self, channel: StreamChannel) -> None:
        try:
            rows = await self._activity(channel.address.name, channel.offset, _FILL)
        except Exception:
            _LOG.exception("cannot read the activity of %s", channel.address.name)
            rows = []
        self._hub.filled(channel, rows)

    async def _catch_up(self, channel: StreamChannel, member: Member, after: int) -> None:
        try:
            rows = await self._activity(channel.address.name, after, self._options.recovery_limit)
        except Exception:
            _LOG.exception("cannot read the activity of %s", channel.address.name)
            self._hub.unreadable(channel, member)
            return
        self._hub.caught_up(channel, member, rows)
