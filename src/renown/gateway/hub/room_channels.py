"""The channels of rooms: what people and backends publish."""

from renown.gateway.channels import Address
from renown.gateway.hub.watched import Entry, NewestChannel, StreamChannel
from renown.protocol.effects import Log, Newest
from renown.protocol.replies import Publication

__all__ = ["LooseChannel", "NewestRoom", "StreamRoom"]


class LooseChannel(StreamChannel):
    """A room without log: what is published goes straight out and is gone.

    Its publications have no offsets. They are counted nevertheless, so that everyone gets what was published
    after the subscription, once.
    """

    __slots__ = ()

    def publish(self, publication: Publication) -> bool:
        """Take a publication; return whether there is somebody to send it to."""
        self.offset += 1
        self.ahead = self.offset
        self.pending.append((self.offset, publication))
        return True

    def found(self) -> Log:
        """Return that there is no position."""
        return Log("", 0)


class StreamRoom(StreamChannel):
    """A room of which every publication counts; its log is read through the librarian."""

    __slots__ = ()

    def begin_anew(self, epoch: str) -> None:
        """Forget what was heard of a former life, before the channel is loaded."""
        self.epoch, self.ahead = epoch, 0


class NewestRoom(NewestChannel):
    """A room of which the newest publication counts."""

    __slots__ = ("publication",)

    def __init__(self, address: Address, interval: float, epoch: str) -> None:
        super().__init__(address, interval, epoch)
        self.publication: Entry | None = None

    def put(self, publication: Publication) -> bool:
        """Take a publication; return whether it is newer than what was known."""
        if not self.offer(publication.offset, bytes(publication.data)):
            return False
        self.publication = publication
        return True

    def begin_anew(self, epoch: str) -> None:
        """Forget what was heard of a former life, before the channel is loaded."""
        self.epoch, self.offset, self.data, self.publication = epoch, 0, b"", None

    def found(self) -> Newest:
        """Return the newest publication for a subscriber."""
        return Newest(self.epoch, self.offset, self.data, self.publication)

    def newest(self) -> Publication:
        """Return the newest publication."""
        return self.publication or super().newest()
