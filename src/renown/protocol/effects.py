"""What a session wants done, as values. Whoever runs the session does them in order.

Some are questions: `Attach`, `ReadHistory`, `ReadPresence`, `Publish`, `Call`, `Await`. A session asks one
question at a time and takes no further command until `Session.answered` has its answer: the struct named
with the question, or an `Error`.
"""

import msgspec

from renown.protocol.codes import Disconnect
from renown.protocol.commands import FilterNode
from renown.protocol.replies import ClientInfo, Publication, Reply

__all__ = [
    "Answer",
    "Attach",
    "Await",
    "Call",
    "Close",
    "Detach",
    "Done",
    "Effect",
    "History",
    "Log",
    "MapPage",
    "MapWish",
    "Newest",
    "Position",
    "Present",
    "Publish",
    "Question",
    "ReadHistory",
    "ReadPresence",
    "Release",
    "Returned",
    "Send",
    "State",
]


class Position(msgspec.Struct, frozen=True, gc=False):
    """A place in a channel's log. An empty epoch stands for any."""

    epoch: str
    offset: int


# What is done without an answer


class Send(msgspec.Struct, frozen=True, gc=False):
    """Send one encoded reply."""

    reply: bytes
    outcome: Reply | None = None
    """What it says, where that is worth counting: what became of a connect or subscribe command, an error."""
    channel: str = ""
    """What was subscribed to, if anything."""


class Close(msgspec.Struct, frozen=True, gc=False):
    """End the connection; nothing follows."""

    why: Disconnect


class Detach(msgspec.Struct, frozen=True, gc=False):
    """Deliver nothing more of the channel, and count the client as absent from it."""

    channel: str


class Release(msgspec.Struct, frozen=True, gc=False):
    """Send what was held back while the connect command was being answered, see `Attach.hold`."""


# Questions


class MapWish(msgspec.Struct, frozen=True, gc=False):
    """Which part of a map is wanted (spec section 17)."""

    phase: int
    """2: a page of the state; 1: what changed after `Attach.recover`."""
    cursor: str = ""
    limit: int = 100
    """1 to 1000; the session has clamped it."""


class Attach(msgspec.Struct, frozen=True, gc=False):
    """Hold back the channel's publications for this client, read the channel, and answer.

    Answer: `Newest`, `Log`, or for a map `MapPage`.
    """

    channel: str
    recover: Position | None = None
    """For streams and maps: the publications after this position are wanted."""
    map: MapWish | None = None
    """Set when the channel is wanted as a map."""
    delta: bool = False
    """Publications may be sent as patches."""
    filter: FilterNode | None = None
    """Checked already; send only publications whose tags pass."""
    packed: bool = False
    """Standings are wanted in their Protobuf form."""
    info: ClientInfo | None = None
    """Who is to be shown as present, and to be told as joined; None: nobody."""
    joins: bool = False
    """Who joins and leaves is to be told to this client."""
    hold: bool = False
    """Keep what the channel publishes until `Release`: the connect command is still being answered."""


class ReadHistory(msgspec.Struct, frozen=True, gc=False):
    """Read a stream's log. Answer: `History`.

    Without reverse: up to `limit` publications with an offset above `after` (None: from the
    start). With it: up to `limit` publications with an offset below `after` (None: from the top).
    """

    channel: str
    after: int | None
    limit: int
    reverse: bool
    epoch: str = ""
    """Of the position asked from; when it is another than the channel's the answer is error 112."""


class ReadPresence(msgspec.Struct, frozen=True, gc=False):
    """Read who is present. Answer: `Present`."""

    channel: str


class Publish(msgspec.Struct, frozen=True, gc=False):
    """Publish into a room. Answer: `Done` once it is accepted for good."""

    channel: str
    data: bytes
    info: ClientInfo
    key: str = ""
    """For maps: the key to set, or with `removed` to remove."""
    removed: bool = False


class Call(msgspec.Struct, frozen=True, gc=False):
    """Run a method. Answer: `Returned`."""

    method: str
    data: bytes


class Await(msgspec.Struct, frozen=True, gc=False):
    """Wait until the keys that verify tokens were fetched anew, for a second at most. Answer: `Done`."""


# Answers


class Newest(msgspec.Struct, frozen=True, gc=False):
    """The state of a channel of which only the newest publication counts."""

    epoch: str
    offset: int
    """0: nothing was published yet."""
    data: bytes
    """Empty: the newest publication is not for this client, its filter does not let it pass."""
    publication: Publication | None = None
    """The newest publication as a whole, when it says more than its data."""


class Log(msgspec.Struct, frozen=True):
    """A stretch of a stream's log up to its top."""

    epoch: str
    """Empty: the channel keeps no log; nothing can be recovered."""
    top: int
    publications: tuple[Publication, ...] = ()
    """Ascending, after the position asked for."""
    skipped: int = 0
    """How many of those were left out because the client's filter does not let them pass."""


class MapPage(msgspec.Struct, frozen=True):
    """Part of a map: what a subscribe result says, but for the client's own terms."""

    epoch: str
    offset: int
    """Before LIVE: where the first page froze; with LIVE: the top of the log."""
    live: bool
    """Whether this was the last answer: from here on changes are pushed."""
    state: tuple[Publication, ...] = ()
    publications: tuple[Publication, ...] = ()
    """What changed after the frozen, or the recovered, position, ascending."""
    cursor: str = ""
    """Where the next page begins; empty: there is none."""
    persistent: bool = True
    """Whether there is a log to recover from."""


class History(msgspec.Struct, frozen=True):
    """The answer to `ReadHistory`, in the order asked for."""

    epoch: str
    top: int
    publications: tuple[Publication, ...] = ()


class Present(msgspec.Struct, frozen=True):
    """The answer to `ReadPresence`."""

    clients: dict[str, ClientInfo]


class Returned(msgspec.Struct, frozen=True, gc=False):
    """The answer to `Call`."""

    data: bytes


class Done(msgspec.Struct, frozen=True, gc=False):
    """The answer to what returns nothing."""


State = Newest | Log | MapPage
"""A channel as it was found."""
Question = Attach | ReadHistory | ReadPresence | Publish | Call | Await
Answer = State | History | Present | Returned | Done
Effect = Send | Close | Detach | Release | Question
