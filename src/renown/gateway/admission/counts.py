"""How many there are of what is limited: here, and with the other processes on the same data.

What is here is counted as it happens. What is elsewhere is as the others told it last, some milliseconds ago:
two processes that let the last one in at the same moment have let in one too many, and nobody waits for
anybody.
"""

from collections.abc import Callable
from typing import Final

from renown.gateway.channels import Address

__all__ = ["ADDRESS", "CHANNEL", "USER", "Counts"]

USER: Final = "user"
"""Connections of a user."""
ADDRESS: Final = "address"
"""Connections from an address."""
CHANNEL: Final = "channel"
"""Subscribers of a channel that has a greatest number of them."""

Where = tuple[str, str]
"""What is counted, and of whom."""


class Counts:
    """Only of what has a limit: nothing else is counted."""

    def __init__(self) -> None:
        self.here: dict[Where, int] = {}
        """In this process."""
        self.far: dict[Where, int] = {}
        """In all others together."""
        self.moved: Callable[[str, str, int], None] | None = None
        """Told of each count of this process that is another now."""
        self.look: Callable[[Where], None] | None = None
        """Has those looked after whose counts are among the far ones: who has died counts no more."""

    def move(self, what: str, name: str, change: int) -> None:
        """Count more or fewer in this process."""
        count = _move(self.here, (what, name), change)
        if self.moved is not None:
            self.moved(what, name, count)

    def move_far(self, where: Where, change: int) -> None:
        """Count more or fewer elsewhere."""
        _move(self.far, where, change)

    def subscribed(self, address: Address, change: int) -> None:
        """Count subscribers of a channel, if it has a greatest number of them."""
        if address.rule.max_subscribers:
            self.move(CHANNEL, address.channel, change)

    def full(self, what: str, name: str, most: int, here: int | None = None) -> bool:
        """Tell whether there are as many as may be; `here`: in this process, if not as counted."""
        where = what, name
        if here is None:
            here = self.here.get(where, 0)
        if here >= most:
            return True
        if here + self.far.get(where, 0) < most:
            return False
        if self.look is not None:
            # Nobody is to be turned away for what a process held that is gone.
            self.look(where)
        return here + self.far.get(where, 0) >= most


def _move(counts: dict[Where, int], where: Where, change: int) -> int:
    count = counts.get(where, 0) + change
    if count > 0:
        counts[where] = count
        return count
    counts.pop(where, None)
    return 0
