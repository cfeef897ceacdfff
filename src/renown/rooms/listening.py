"""Who is told of publications."""

from collections.abc import Callable

import structlog

from renown.protocol.replies import Publication
from renown.rooms.room import Heard

__all__ = ["Listeners"]

_log = structlog.get_logger(__name__)


class Listeners:
    """Tells each listener everything; one that fails does not keep the others from hearing."""

    def __init__(self) -> None:
        self._all: tuple[Heard, ...] = ()

    def add(self, heard: Heard) -> Callable[[], None]:
        """Add a listener; what is returned takes it away."""
        self._all = (*self._all, heard)

        def remove() -> None:
            self._all = tuple(each for each in self._all if each is not heard)

        return remove

    def tell(self, channel: str, publication: Publication, epoch: str) -> None:
        """Tell all."""
        for heard in self._all:
            try:
                heard(channel, publication, epoch)
            except Exception:
                _log.exception("a listener failed on a publication")
