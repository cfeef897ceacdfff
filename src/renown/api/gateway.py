"""`GET /v1/gateway`: the realtime side of all processes as it is now, for those who run it."""

from collections.abc import Mapping
from math import inf
from typing import Annotated, Final, TypeVar

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from renown.api.problem import documented
from renown.api.reading import AnyRequest, guard, json_response
from renown.api.services import Services, Use
from renown.errors import ForbiddenError
from renown.gateway.course import Latency, Sample, latency_of
from renown.gateway.loops import MOST
from renown.gateway.nodes.figures import Seen, together
from renown.gateway.nodes.messages import Figures
from renown.protocol.codes import DISCONNECTS, ERRORS, Disconnect, Error

__all__ = ["get_gateway"]

K = TypeVar("K")
_TOLD: Final = 1.0
"""Seconds after which a sample is told: by then the processes have told each other what they noted."""
_NAMELESS = "~"
"""How a namespace without a name sorts: last."""
_REASONS = {why.code: why.reason for why in vars(DISCONNECTS).values() if isinstance(why, Disconnect)}
_MEANINGS = _REASONS | {e.code: e.message for e in vars(ERRORS).values() if isinstance(e, Error)}


class Totals(msgspec.Struct, frozen=True):
    """Counts since each of the processes started."""

    opened: int
    """Connections."""
    messages: int
    """Received from clients."""
    publications: int
    """Each counted once, however many watch."""
    deliveries: int
    """Publications written to connections."""
    conflated: int
    """States replaced by a newer one before they were due."""
    dropped: int
    """States not written to slow connections."""


class Connections(msgspec.Struct, frozen=True):
    """Open connections of one kind of client."""

    transport: str
    protocol: str
    sdk: str
    """As the client calls itself; empty where it does not."""
    version: str
    count: int


class Namespace(msgspec.Struct, frozen=True):
    """What goes on in the channels of one namespace."""

    namespace: str
    subscriptions: int
    """Standing now."""
    publications: int


class Closed(msgspec.Struct, frozen=True):
    """Connections the server ended with one code."""

    code: int
    reason: str
    count: int


class Queues(msgspec.Struct, frozen=True):
    """What waits to be sent now, in bytes."""

    waiting: int
    """Connections for which something waits."""
    slow: int
    """Connections that are given only the newest, for they read too slowly."""
    total: int
    largest: int


class Outcomes(msgspec.Struct, frozen=True):
    """How attempts ended, by a word, or a code with what it means; counts since the processes started."""

    connect: dict[str, int]
    """`ok`, or the error or close that refused it."""
    subscribe: dict[str, int]
    """`new`, `recovered` without a gap, or `unrecovered`: missed publications were gone."""
    errors: dict[str, int]
    """Errors in replies to any command."""


class Loop(msgspec.Struct, frozen=True):
    """A user who connects again and again."""

    user: str
    connects: int
    """Within the last minute."""


class Node(msgspec.Struct, frozen=True):
    """One of the processes on the same data."""

    node: str
    pid: int
    worker: int
    """Its number among the workers of a server; 0: it is a server of its own."""
    version: str
    uptime: float
    """Seconds."""
    connections: int
    """Open."""
    subscriptions: int
    """Standing."""
    draining: bool
    """Whether it stops."""
    leads: bool
    """Whether it keeps the rooms in memory for all."""
    age: float
    """Seconds since these figures were told: more than a moment when the process does not answer."""


class GatewayView(msgspec.Struct, frozen=True):
    """The realtime side of all processes on the same data. What a process counted goes with it."""

    at: float
    """POSIX seconds."""
    node: str
    """The process that answers."""
    nodes: list[Node]
    """All processes, by worker and age; the figures below are theirs together."""
    draining: bool
    """Whether the process that answers stops."""
    totals: Totals
    connections: list[Connections]
    namespaces: list[Namespace]
    closes: list[Closed]
    outcomes: Outcomes
    queues: Queues
    latency: Latency | None
    loops: list[Loop]
    samples: list[Sample]
    """The last five minutes, oldest first; only those after `since`. Of processes that are gone, too."""


@get(
    "/v1/gateway",
    summary="The realtime side of all processes",
    tags=["server"],
    responses={200: ResponseSpec(GatewayView, generate_examples=False), **documented(400, 401, 403)},
)
async def get_gateway(
    request: AnyRequest,
    services: Use,
    since: Annotated[float, Parameter(description="POSIX seconds: only samples taken after it")] = 0.0,
) -> Response[bytes]:
    """Return who is connected by what, what is sent, how fast, and what goes wrong. For API keys only."""
    await guard(request, services)
    if not services.access.may_read_whole(request.scope["headers"]):
        raise ForbiddenError(
            "How the gateway does is told to API keys only.",
            code="missing_scope",
            field="Authorization",
            expected="an API key with the scope read",
        )
    seen = await services.figures.gather()
    return json_response(_view(services, seen, since), headers={"cache-control": "no-store"})


def _view(services: Services, seen: list[Seen], since: float) -> GatewayView:
    gateway = services.gateway
    figures = together(*(each.process.figures for each in seen))
    now = services.clock()
    return GatewayView(
        at=now,
        node=gateway.node,
        nodes=sorted(
            (_node(each, gateway.nodes.leader) for each in seen),
            key=lambda node: (node.worker, -node.uptime, node.pid),
        ),
        draining=gateway.draining,
        totals=Totals(
            figures.opened,
            figures.messages,
            figures.publications,
            figures.deliveries,
            figures.conflated,
            figures.dropped,
        ),
        connections=[Connections(*client, count) for client, count in _most(figures.clients)],
        namespaces=_namespaces(figures),
        closes=[Closed(code, _REASONS.get(code, ""), count) for code, count in _most(figures.closes)],
        outcomes=_outcomes(figures),
        queues=Queues(figures.waiting, figures.slow, figures.unsent, figures.largest),
        latency=latency_of(figures.latencies),
        loops=[Loop(user, connects) for user, connects in _most(figures.returning) if connects > MOST],
        samples=services.course.since(since, inf if len(seen) == 1 else now - _TOLD),
    )


def _node(seen: Seen, leader: str | None) -> Node:
    process = seen.process
    figures = process.figures
    return Node(
        node=seen.node,
        pid=process.pid,
        worker=process.worker,
        version=process.version,
        uptime=round(process.uptime + seen.age, 1),
        connections=figures.connections,
        subscriptions=sum(standing for standing, _ in figures.namespaces.values()),
        draining=process.draining,
        leads=seen.node == leader,
        age=round(seen.age, 3),
    )


def _most(counts: Mapping[K, int]) -> list[tuple[K, int]]:
    return sorted(counts.items(), key=lambda item: -item[1])


def _outcomes(figures: Figures) -> Outcomes:
    connects = {_meaning(code) if code.isdigit() else code: n for code, n in _most(figures.connects)}
    errors = {_meaning(str(code)): n for code, n in _most(figures.errors)}
    return Outcomes(connects, dict(_most(figures.subscribes)), errors)


def _meaning(code: str) -> str:
    return f"{code} {_MEANINGS[int(code)]}" if int(code) in _MEANINGS else code


def _namespaces(figures: Figures) -> list[Namespace]:
    return [
        Namespace(name, *figures.namespaces[name])
        for name in sorted(figures.namespaces, key=lambda name: name or _NAMELESS)
    ]
