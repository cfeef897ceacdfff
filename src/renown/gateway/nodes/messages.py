"""What nodes say to each other. Packed; within a version of Renown, as all nodes of a data folder run one."""

import msgspec

from renown.gateway.course import Row
from renown.gateway.nodes.packing import (
    Packed,
    PackedInfo,
    PackedPublication,
    Tagged,
    bytes_of,
    raw_of,
)
from renown.gateway.nodes.room_messages import RoomAnswer, RoomAsk
from renown.protocol.access import Override, ServerSubscription
from renown.protocol.effects import Position

__all__ = [
    "Act",
    "ActPart",
    "Alive",
    "Bring",
    "Brought",
    "Change",
    "Changed",
    "Count",
    "Counted",
    "CourseIs",
    "CourseNews",
    "Describe",
    "Described",
    "Disconnecting",
    "Done",
    "Envelope",
    "Failed",
    "Figures",
    "KeptAt",
    "Look",
    "Measure",
    "Measured",
    "Message",
    "Part",
    "Process",
    "Refreshing",
    "StandsAt",
    "Stirred",
    "Subscribing",
    "Target",
    "TellCourse",
    "TellFigures",
    "TellPart",
    "Told",
    "Unsubscribing",
    "Value",
]


class Target(msgspec.Struct, frozen=True):
    """Which connections are meant: all of a user, or one of them."""

    user: str
    client: str = ""
    session: str = ""
    keep: tuple[str, ...] = ()
    """Client ids that are left alone."""


# Of all


class Alive(Tagged, frozen=True):
    """Said once a second: whoever says nothing for long has no part in anything."""

    leads: bool


class Done(Tagged, frozen=True):
    """The answer to what only has to be done."""


class Failed(Tagged, frozen=True):
    """The answer when something cannot be done."""

    code: str
    detail: str = ""


class Describe(Tagged, frozen=True):
    """Asks a node how it does."""


class Described(Tagged, frozen=True):
    """How a node does."""

    version: str
    clients: int
    users: tuple[str, ...]
    """Who is connected: somebody may be with several nodes."""
    subscriptions: int
    channels: int
    uptime: int


class Count(Tagged, frozen=True):
    """Asks which channels are watched."""

    pattern: str


class Counted(Tagged, frozen=True):
    """The subscribers of each channel."""

    channels: dict[str, int]


class Measure(Tagged, frozen=True):
    """Asks a worker of the same parent for its metrics."""

    group: str


class Measured(Tagged, frozen=True):
    """A worker's metrics, in the text form of Prometheus; none of another parent's."""

    worker: int
    text: bytes


# What all nodes together have counted


class Figures(Packed, frozen=True):
    """What a node has counted of its realtime side, in a form that can be added up: see `metrics`."""

    connections: int
    opened: int
    messages: int
    publications: int
    deliveries: int
    conflated: int
    dropped: int
    clients: dict[tuple[str, str, str, str], int]
    """Open connections, by transport, protocol, SDK and its version."""
    namespaces: dict[str, tuple[int, int]]
    """Standing subscriptions and publications, by namespace."""
    closes: dict[int, int]
    connects: dict[str, int]
    subscribes: dict[str, int]
    errors: dict[int, int]
    waiting: int
    """Connections for which something waits to be sent."""
    slow: int
    """Connections that read too slowly."""
    unsent: int
    """Bytes that wait."""
    largest: int
    """The most bytes that wait for one connection."""
    latencies: tuple[int, ...]
    """Publications of the last minute by how long they took: one count for each range."""
    returning: dict[str, int]
    """How often users connected within a minute, of those who came back: a loop may be spread over nodes."""


class TellFigures(Tagged, frozen=True):
    """Asks a node for its figures."""


class Process(Tagged, frozen=True):
    """A node with its figures."""

    version: str
    pid: int
    worker: int
    """Its number among the workers of a server; 0: it is none."""
    uptime: float
    """Seconds."""
    draining: bool
    figures: Figures


class CourseNews(Tagged, frozen=True):
    """What a node noted of its counts last."""

    rows: tuple[Row, ...]


class TellCourse(Tagged, frozen=True):
    """Asks what a node noted in the last minutes; `whole`: and others of whom it knows."""

    whole: bool


class CourseIs(Tagged, frozen=True):
    """What was noted in the last minutes, by node."""

    rows: dict[str, tuple[Row, ...]]


# Commands of clients whose stream another node holds


class Bring(Tagged, frozen=True):
    """Asks a node to take commands for one of its sessions."""

    session: str
    data: bytes


class Brought(Tagged, frozen=True):
    """Whether they were taken; else too much waits already."""

    taken: bool


# What backends do to connections


class Subscribing(Tagged, frozen=True):
    """Subscribes connections."""

    channel: str
    info: bytes | None
    data: bytes | None
    override: Override
    since: Position | None
    ttl: float | None

    @property
    def terms(self) -> ServerSubscription:
        """What the subscriptions are made with."""
        return ServerSubscription(raw_of(self.info), raw_of(self.data), self.override)

    @classmethod
    def on(
        cls, channel: str, terms: ServerSubscription, since: Position | None, ttl: float | None
    ) -> "Subscribing":
        """Return what subscribes on these terms, for `ttl` seconds; None: for as long as connections last."""
        return cls(channel, bytes_of(terms.info), bytes_of(terms.data), terms.override, since, ttl)


class Unsubscribing(Tagged, frozen=True):
    """Ends subscriptions."""

    channel: str


class Disconnecting(Tagged, frozen=True):
    """Closes connections."""

    code: int
    reason: str


class Refreshing(Tagged, frozen=True):
    """Lets connections live `ttl` seconds from now, None: for ever; or ends them as expired."""

    ttl: float | None
    expired: bool


ActPart = Subscribing | Unsubscribing | Disconnecting | Refreshing


class Act(Tagged, frozen=True):
    """Asks a node to do something to those of its connections that are meant."""

    target: Target
    part: ActPart


# What each node has a part of: see `mirror`

Value = PackedInfo | int
"""Who somebody is, or how many there are."""


class Change(Packed, frozen=True):
    """An entry of a part as it is now; None: it is gone."""

    name: str
    key: str
    value: Value | None


class Changed(Tagged, frozen=True):
    """What happened to a node's part, between two states of it."""

    what: str
    before: int
    after: int
    changes: tuple[Change, ...]


class StandsAt(Tagged, frozen=True):
    """Says which state a node's part is at."""

    what: str
    state: int


class TellPart(Tagged, frozen=True):
    """Asks for a node's part."""

    what: str


class Part(Tagged, frozen=True):
    """A node's part: its entries, by both of their names."""

    state: int
    entries: dict[str, dict[str, Value]]


# Publications


class Told(Tagged, frozen=True):
    """A publication. What the leader keeps is counted by `serial`; 0: nobody keeps it."""

    serial: int
    channel: str
    publication: PackedPublication
    epoch: str


class KeptAt(Tagged, frozen=True):
    """Says how many publications the leader has kept and told."""

    serial: int


class Look(Tagged, frozen=True):
    """Says that a room may have begun anew."""

    channel: str


class Stirred(Tagged, frozen=True):
    """Says that a file that all share was committed to: the `ledger` or the `rooms`."""

    what: str


Message = (
    Alive
    | Done
    | Failed
    | Describe
    | Described
    | Count
    | Counted
    | Measure
    | Measured
    | TellFigures
    | Process
    | CourseNews
    | TellCourse
    | CourseIs
    | Bring
    | Brought
    | Act
    | Changed
    | StandsAt
    | TellPart
    | Part
    | Told
    | KeptAt
    | Look
    | Stirred
    | RoomAsk
    | RoomAnswer
)


class Envelope(Packed, frozen=True):
    """A message with what belongs it to others."""

    number: int
    """Of the sender's messages, in the order in which they were said."""
    question: int
    """The number of a question that wants an answer; 0: none does."""
    answer: int
    """The number of the question that is answered; 0: none is."""
    body: Message
