"""One frame to many connections, with as little between the frame and their sockets as Python allows.

Nearly all that a delivery costs is the kernel's, and what a server adds counts more than it measures: the
longer a fan-out takes, the more receivers have gone to sleep meanwhile and must be woken. A transport's write
adds a fifth. So where a transport holds nothing back its socket is written to directly, in a loop that runs
in C. What a socket does not take its transport gets, as well as all that follows until it is sent.

`os.write` lets other threads run while it writes, which a transport's write does not. A thread that computes
keeps the interpreter for some milliseconds whenever it gets it (`sys.getswitchinterval`), and a fan-out among
such threads would wait that long for every few sockets. So waits are watched for, and for a while after
one transports do the writing again.
"""

import os
import resource
import time
from collections.abc import Callable, Collection
from itertools import repeat
from math import inf
from typing import Final

import msgspec

from renown.gateway.hub.member import Member

__all__ = ["MANY", "Group", "Outlets", "Spreader"]

MANY: Final = 16
"""Members from which on it pays to look for their sockets first."""
_CHUNK: Final = 64
"""Sockets written to between two looks at the clock."""
_LONG: Final = 0.002
"""Seconds that a chunk takes only when its thread did not run all the time."""
_THREAD: Final = getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)
_WARY: Final = 1.0
"""Seconds for which transports write after that."""


class Outlets(msgspec.Struct, frozen=True):
    """Through what the members of a group are written to, as of one moment."""

    version: int
    """Of all outlets; when there is a newer one, this may be wrong."""
    sockets: list[int]
    """File descriptors that take frames directly."""
    owners: list[Member]
    """Whose they are, in the same order."""
    others: list[Member]
    """Members that are written to through their transports."""
    members: list[Member]
    """All of them."""


class Group:
    """Members that get the same bytes."""

    __slots__ = ("_outlets", "members")

    def __init__(self) -> None:
        self.members: dict[Member, None] = {}
        self._outlets: Outlets | None = None

    def enter(self, members: Collection[Member]) -> None:
        """Take members in."""
        self._outlets = None
        self.members.update(dict.fromkeys(members))

    def leave(self, member: Member) -> bool:
        """Let a member go; tell whether it was there."""
        if member not in self.members:
            return False
        self._outlets = None
        del self.members[member]
        return True

    def outlets(self, spreader: "Spreader") -> Outlets | None:
        """Return through what the members are written to; None for few, for whom that is not kept."""
        if len(self.members) < MANY:
            return None
        if self._outlets is None or self._outlets.version != spreader.version:
            self._outlets = spreader.outlets(self.members)
        return self._outlets


class Spreader:
    """Writes frames to many members. One for all connections of a process."""

    def __init__(
        self, clock: Callable[[], float] = time.perf_counter, waits: Callable[[], int] | None = None
    ) -> None:
        """`waits` tells how often this thread has waited so far."""
        self.version = 0
        """Counts how often the outlet of some member has changed."""
        self._clock = clock
        self._waits = waits or _waits
        self._wary_until = -inf

    def changed(self) -> None:
        """Note that some member has another outlet from now on, or none: what is known of any is void.

        A closed connection's descriptor is given to the next one, so this must be called before it closes.
        """
        self.version += 1

    def outlets(self, members: Collection[Member]) -> Outlets:
        """Return through what members are written to now."""
        everybody = list(members)
        others = [member for member in everybody if member.outlet < 0]
        owners = [member for member in everybody if member.outlet >= 0] if others else everybody
        return Outlets(self.version, [member.outlet for member in owners], owners, others, everybody)

    def write(self, frame: bytes, members: Collection[Member], outlets: Outlets | None = None) -> None:
        """Write a whole frame to all members; `outlets` are theirs if known, and may be out of date."""
        if len(members) < MANY or self._clock() < self._wary_until:
            for member in members:
                member.write(frame)
            return
        if outlets is None or outlets.version != self.version:
            outlets = self.outlets(members)
        for member in outlets.others:
            member.write(frame)
        self._write_directly(frame, outlets)

    def _write_directly(self, frame: bytes, outlets: Outlets) -> None:
        size, frames = len(frame), repeat(frame)
        at, waits = self._clock(), self._waits()
        for start in range(0, len(outlets.sockets), _CHUNK):
            chunk = outlets.sockets[start : start + _CHUNK]
            taken: list[int] = []
            try:
                taken.extend(map(os.write, chunk, frames))
            except OSError:
                # It is full or broken, which its transport will see. Those after it were not tried.
                taken.append(0)
            if taken.count(size) != len(chunk):
                _complete(frame, outlets.owners[start : start + _CHUNK], taken)
            began, at = at, self._clock()
            if at - began > _LONG and self._waits() > waits:
                self._wary_until = at + _WARY
                for member in outlets.owners[start + _CHUNK :]:
                    member.write(frame)
                return


def _waits() -> int:
    """Return how often this thread has waited: writing does not make it, other threads do."""
    return resource.getrusage(_THREAD).ru_nvcsw


def _complete(frame: bytes, owners: list[Member], taken: list[int]) -> None:
    """Have the transports write what the sockets did not take."""
    untried = [0] * (len(owners) - len(taken))
    for member, done in zip(owners, taken + untried, strict=True):
        if done < len(frame):
            member.write(frame[done:] if done else frame)
