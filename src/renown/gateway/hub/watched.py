"""A channel with watchers: its position, its newest state, and who gets what next.

Nothing here does I/O. A member is in exactly one of four places: `groups` (gets every frame, with all
members of the same form), `late` (joined ahead of what is about to be sent), `paused` (reads too slowly),
`joining` (its subscription is being made).
"""

from collections.abc import Collection

import msgspec

from renown.gateway.channels import Address
from renown.gateway.hub.forms import Batch, Form, Placed, plain_form, wanted_form
from renown.gateway.hub.member import Member, Writer
from renown.gateway.hub.spreading import Group
from renown.protocol.effects import Attach, Log, Newest
from renown.protocol.replies import Publication

__all__ = ["Entry", "Member", "NewestChannel", "StreamChannel", "WatchedChannel", "Writer"]

Entry = Publication


class WatchedChannel:
    """What newest-state channels and streams have in common."""

    __slots__ = (
        "address",
        "asked_again",
        "epoch",
        "forms",
        "groups",
        "interval",
        "joining",
        "late",
        "loaded",
        "offset",
        "paused",
        "said",
        "sent",
        "silent_until",
        "since",
        "waiting",
    )

    def __init__(self, address: Address, interval: float, epoch: str) -> None:
        self.address = address
        self.interval = interval
        self.epoch = epoch
        self.silent_until = 0.0
        self.waiting = False
        self.loaded = False
        self.asked_again = False
        """Whether somebody came while it was being read: after a commit that the reading did not see?"""
        self.offset = 0
        """Of the newest publication known."""
        self.sent = 0
        """Of the newest publication sent to the members."""
        self.since = 0.0
        """When what is to be sent next was committed, POSIX seconds; 0: not known."""
        self.said: Publication | None = None
        """The newest publication sent."""
        self.groups: dict[Form, Group] = {}
        self.late: dict[Member, int] = {}
        self.paused: dict[Member, int] = {}
        self.joining: dict[Member, Attach] = {}
        self.forms: dict[Member, Form] | None = None
        """Of members with special wishes, the form of their first publication."""

    @property
    def abandoned(self) -> bool:
        """Whether nobody is interested any more."""
        return not (self.groups or self.late or self.paused or self.joining)

    @property
    def crowd(self) -> int:
        """How many are subscribed, or about to be."""
        standing = sum(len(group.members) for group in self.groups.values())
        return standing + len(self.late) + len(self.paused) + len(self.joining)

    @property
    def members(self) -> list[Member]:
        """All who are subscribed."""
        standing = [member for group in self.groups.values() for member in group.members]
        return [*standing, *self.late, *self.paused]

    def form(self, member: Member) -> Form:
        """Return the form in which `member` gets its first publication, and all that it missed."""
        special = self.forms.get(member) if self.forms else None
        return special or plain_form(member.wire)

    def join(self, member: Member, wanted: Attach) -> None:
        """Let `member`, which holds everything up to `offset`, get what comes next."""
        self._no_longer_joining(member)
        form = wanted_form(member.wire, wanted)
        if form is not plain_form(member.wire):
            self.forms = self.forms or {}
            self.forms[member] = form
        self._place(member, self.offset)

    def leave(self, member: Member) -> bool:
        """Take `member` out; return whether it was subscribed."""
        self._no_longer_joining(member)
        found = self._leave_group(member)
        for place in (self.late, self.paused):
            found = place.pop(member, None) is not None or found
        if self.forms:
            self.forms.pop(member, None)
        return found

    def pause(self, member: Member) -> None:
        """Stop sending every frame to `member`, which has become slow."""
        if self._leave_group(member):
            self.paused[member] = self.sent
        elif member in self.late:
            self.paused[member] = self.late.pop(member)

    def admit_late(self) -> list[tuple[Member, int]]:
        """Make full members of the late ones; return them with the position each holds."""
        if not self.late:
            return []
        late, self.late = list(self.late.items()), {}
        for member, _ in late:
            self._enter_group(member)
        return late

    def unsettle(self) -> None:
        """Have the next publication sent whole to everybody: not all hold the one before."""
        for member in list(self.forms or ()):
            if self._leave_group(member):
                self._enter_group(member)

    def settle(self) -> None:
        """Move members that were sent their first publication to where patches are sent."""
        for form in [form for form in self.groups if form.settled is not None]:
            if form.settled is not None:
                self._enter(form.settled, self.groups.pop(form).members)

    def _place(self, member: Member, position: int) -> None:
        if member.paused:
            self.paused[member] = position
        elif position > self.sent:
            self.late[member] = position
        else:
            self._enter_group(member)

    def _enter_group(self, member: Member) -> None:
        self._enter(self.form(member), (member,))

    def _enter(self, form: Form, members: Collection[Member]) -> None:
        group = self.groups.get(form)
        if group is None:
            group = self.groups[form] = Group()
        group.enter(members)

    def _leave_group(self, member: Member) -> bool:
        for form in self._forms_of(member):
            group = self.groups.get(form)
            if group and group.leave(member):
                if not group.members:
                    del self.groups[form]
                return True
        return False

    def _forms_of(self, member: Member) -> tuple[Form, ...]:
        form = self.form(member)
        return (form,) if form.settled is None else (form, form.settled)

    def _no_longer_joining(self, member: Member) -> None:
        if self.joining.pop(member, None) is not None and not self.joining:
            # A dict that was filled keeps its memory, and there may be very many channels.
            self.joining = {}

    def _batch(self, entries: list[Placed]) -> Batch:
        base = None if self.said is None else bytes(self.said.data)
        if entries:
            self.said = entries[-1][1]
        self.sent = self.offset
        return Batch(self.address.channel, entries, base)

    def again(self) -> Batch:
        """Return the newest publication sent, for those who missed it."""
        return Batch(self.address.channel, [] if self.said is None else [(self.sent, self.said)], None)


class NewestChannel(WatchedChannel):
    """A channel of which only the newest publication counts."""

    __slots__ = ("data",)

    def __init__(self, address: Address, interval: float, epoch: str) -> None:
        super().__init__(address, interval, epoch)
        self.data = b""

    def offer(self, offset: int, data: bytes) -> bool:
        """Take a state; return whether it is newer than what was known."""
        if offset <= self.offset:
            return False
        self.offset, self.data = offset, data
        return True

    def state(self) -> bytes:
        """Return the newest state as JSON."""
        return self.data

    def found(self) -> Newest:
        """Return the state for a subscriber."""
        return Newest(self.epoch, self.offset, self.state())

    def newest(self) -> Publication:
        """Return the newest publication."""
        return Publication(msgspec.Raw(self.state()), offset=self.offset)

    def take(self) -> Batch:
        """Return the newest state and count it as sent."""
        return self._batch([(self.offset, self.newest())])

    def correction(self) -> Batch:
        """Return the state for those who were told another one under this very offset.

        It has no offset: no two publications may have the same. It counts as what was said last, also to
        those who do not read now.
        """
        self.said = Publication(msgspec.Raw(self.state()))
        self.paused = dict.fromkeys(self.paused, -1)
        return self.again()

    def resume(self, member: Member) -> list[bytes]:
        """Send every frame to `member` again; return the pushes it missed."""
        position = self.paused.pop(member, None)
        if position is None:
            return []
        self._place(member, position)
        return self.again().pushes(self.form(member)) if position < self.sent else []


class StreamChannel(WatchedChannel):
    """A channel of which every publication counts, in order."""

    __slots__ = ("ahead", "buffers", "filling", "held", "pending")

    def __init__(self, address: Address, interval: float, epoch: str) -> None:
        super().__init__(address, interval, epoch)
        self.pending: list[Placed] = []
        """Accepted, not sent yet."""
        self.ahead = 0
        """The highest offset heard of."""
        self.filling = False
        """Whether a hole is being read from the log."""
        self.buffers: dict[Member, list[Entry]] = {}
        """What came while a joining member's log was being read."""
        self.held: list[Member] = []
        """Joining members that wait until nothing is missing any more."""

    @property
    def has_hole(self) -> bool:
        """Whether publications are known to be missing."""
        return self.ahead > self.offset

    def accept(self, entries: tuple[Entry, ...] | list[Entry]) -> bool:
        """Take ascending publications; return whether there is something to send.

        What is known already is skipped; what does not follow on what is known is left to be read
        from the log, see `has_hole`.
        """
        for entry in entries:
            offset = entry.offset
            self.ahead = max(self.ahead, offset)
            if offset != self.offset + 1:
                continue
            self.offset = offset
            self.pending.append((offset, entry))
            for buffer in self.buffers.values():
                buffer.append(entry)
        return bool(self.pending)

    def pass_on(self, publication: Publication) -> None:
        """Take a publication that is not kept: it has no offset, and comes after the newest."""
        self.pending.append((self.offset + 0.5, publication))

    def begin(self, top: int) -> None:
        """Start at the log's top."""
        self.offset = self.sent = self.ahead = max(top, self.ahead)
        self.loaded = True

    def log(self, member: Member, rows: list[Entry]) -> Log:
        """Return what a joining member missed: `rows` of the log, then what came meanwhile."""
        last = rows[-1].offset if rows else 0
        newer = [entry for entry in self.buffers.pop(member, []) if entry.offset > last]
        return Log(self.epoch, self.offset, (*rows, *newer))

    def found(self) -> Log:
        """Return the position for a subscriber that missed nothing, or cannot be given it."""
        return Log(self.epoch, self.offset)

    def take(self) -> Batch:
        """Return all pending publications and count them as sent."""
        entries, self.pending = self.pending, []
        return self._batch(entries)

    def resume(self, member: Member) -> list[bytes]:
        """Send every frame to `member` again. It missed nothing: streams are queued."""
        position = self.paused.pop(member, None)
        if position is not None:
            self._place(member, position)
        return []

    def leave(self, member: Member) -> bool:
        """Take `member` out; return whether it was subscribed."""
        self.buffers.pop(member, None)
        return super().leave(member)
