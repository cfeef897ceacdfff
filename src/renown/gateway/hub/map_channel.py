"""A map with watchers: how far each is, and how it is told what it lacks."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from renown.gateway.channels import Address
from renown.gateway.hub.forms import Form
from renown.gateway.hub.map_memory import Known
from renown.gateway.hub.map_parts import MapSource, Stretch
from renown.gateway.hub.map_patches import Bases
from renown.gateway.hub.map_tags import Tags
from renown.gateway.hub.member import Member
from renown.gateway.options import RoomRule
from renown.protocol.effects import Attach, MapPage
from renown.protocol.replies import Publication

__all__ = ["MapChannel", "Place"]

_CHANGES: Final = 1
"""The phase in which what changed after a position is asked for."""


class Place:
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

    @property
    def known(self) -> Known:
        """Between which offsets this subscription told it everything."""
        return self.since, self.position


class MapChannel:
    """A map with watchers. A member is in one of three: `live`, `slow` (on its own, or paused), `joining`."""

    __slots__ = (
        "_bases",
        "_tags",
        "address",
        "covered",
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
        rule = address.rule
        self.address = address
        self.source = source
        self._bases = Bases() if rule.delta else None
        self._tags = Tags() if isinstance(rule, RoomRule) and rule.filters else None
        self.epoch = ""
        """Of all places; empty until the first member is there."""
        self.sent = 0
        """Of the newest change sent to the live members."""
        self.covered = 0
        """Up to here every change was read, or replaced by a later one, since the first member was there."""
        self.live: dict[Member, Place] = {}
        self.slow: dict[Member, Place] = {}
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

    # What was read

    def begin(self, page: MapPage) -> None:
        """Note that what is kept began anew, or that the first member is there, with the end of a page."""
        self.epoch = page.epoch
        self.sent = self.covered = page.offset
        for each in self._memories():
            each.memory.begin()
            each.note((*page.state, *page.publications))
            # The state of others may be older, and have keys that are gone since.
            each.memory.close(page.offset)

    def note(self, epoch: str, entries: Sequence[Publication]) -> None:
        """Remember what was read of the state."""
        if epoch == self.epoch:
            for each in self._memories():
                each.note(entries)

    def take(self, after: int, found: Stretch) -> None:
        """Remember the changes that were read after an offset, once they are said."""
        if found.epoch != self.epoch:
            return
        for each in self._memories():
            if found.more:
                each.memory.skip(after, found.reached, {entry.key for entry in found.publications})
            each.note(found.publications)
        if after <= self.covered:
            self.covered = max(self.covered, found.reached)

    def told_since(self, page: MapPage, wanted: Attach, *, more: bool) -> int:
        """Return after which offset a subscription that begins with a page told its member everything.

        -1: it told the state before, and what is remembered of it is true: no key may be gone unnoticed.
        """
        wish, known = wanted.map, wanted.recover
        if more:
            # A part of the changes leaves out keys that others were told of: they changed once more.
            return page.offset
        if known is not None and wish is not None and wish.phase == _CHANGES:
            return known.offset
        first = self.epoch != page.epoch
        return -1 if first or page.offset <= self.covered else page.offset

    def _memories(self) -> list[Bases | Tags]:
        return [each for each in (self._bases, self._tags) if each is not None]

    # What is said

    def said(self, due: Sequence[Publication], form: Form, known: Known) -> tuple[Publication, ...]:
        """Return changes as those are told them who know the map as of the second of two offsets."""
        if form.filter is not None and self._tags is not None:
            return self._placed(self._tags.said(due, form, known))
        if form.delta and self._bases is not None:
            return self._placed(self._bases.said(due, form, known))
        return self._placed(entry if entry.removed else form.whole(entry) for entry in due)

    def page(self, page: MapPage, form: Form, known: Known) -> MapPage:
        """Return a page as it is told. What patches need besides, the session sees to."""
        return msgspec.structs.replace(
            page,
            offset=page.offset if page.persistent or not page.live else 0,
            state=self._placed(form.whole(entry) for entry in page.state if form.passes(entry)),
            publications=self.said(page.publications, form, known),
        )

    def _placed(self, entries: Iterable[Publication]) -> tuple[Publication, ...]:
        if self.source.persistent:
            return tuple(entries)
        return tuple(msgspec.structs.replace(entry, offset=0) for entry in entries)
