"""`GET /v1/gateway`: the realtime side of this process as it is now, for those who run it."""

from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from renown.api.problem import documented
from renown.api.reading import AnyRequest, guard, json_response
from renown.api.services import Services, Use
from renown.errors import ForbiddenError
from renown.gateway import Gateway
from renown.gateway.course import Latency, Sample
from renown.gateway.metrics import GatewayMetrics
from renown.protocol.codes import DISCONNECTS, ERRORS, Disconnect, Error

__all__ = ["get_gateway"]

_NAMELESS = "~"
"""How a namespace without a name sorts: last."""
_REASONS = {why.code: why.reason for why in vars(DISCONNECTS).values() if isinstance(why, Disconnect)}
_MEANINGS = _REASONS | {e.code: e.message for e in vars(ERRORS).values() if isinstance(e, Error)}


class Totals(msgspec.Struct, frozen=True):
    """Counts since the process started."""

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
    """How attempts ended, by a word, or a code with what it means; counts since the process started."""

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


class GatewayView(msgspec.Struct, frozen=True):
    """The realtime side of the process that answers."""

    at: float
    """POSIX seconds."""
    node: str
    """This process; counts begin anew with another."""
    draining: bool
    totals: Totals
    connections: list[Connections]
    namespaces: list[Namespace]
    closes: list[Closed]
    outcomes: Outcomes
    queues: Queues
    latency: Latency | None
    loops: list[Loop]
    samples: list[Sample]
    """The last five minutes, oldest first; only those after `since`."""


@get(
    "/v1/gateway",
    summary="The realtime side of this process",
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
    return json_response(_view(services, since), headers={"cache-control": "no-store"})


def _view(services: Services, since: float) -> GatewayView:
    gateway = services.gateway
    metrics = gateway.metrics
    return GatewayView(
        at=services.clock(),
        node=gateway.node,
        draining=gateway.draining,
        totals=Totals(
            metrics.connected,
            metrics.messages,
            metrics.publications,
            metrics.deliveries,
            metrics.conflated,
            metrics.dropped,
        ),
        connections=[Connections(*client, count) for client, count in metrics.clients.most_common()],
        namespaces=_namespaces(metrics),
        closes=[Closed(code, _REASONS.get(code, ""), count) for code, count in metrics.closes.most_common()],
        outcomes=_outcomes(metrics),
        queues=_queues(gateway),
        latency=services.course.latency(),
        loops=[Loop(user, connects) for user, connects in metrics.loops.flagged.items()],
        samples=services.course.since(since),
    )


def _queues(gateway: Gateway) -> Queues:
    unsent = [waiting for waiting in gateway.metrics.unsent() if waiting]
    slow = sum(client.paused for clients in gateway.users.values() for client in clients)
    return Queues(len(unsent), slow, sum(unsent), max(unsent, default=0))


def _outcomes(metrics: GatewayMetrics) -> Outcomes:
    connects = {_meaning(code) if code.isdigit() else code: n for code, n in metrics.connects.most_common()}
    errors = {_meaning(str(code)): n for code, n in metrics.errors.most_common()}
    return Outcomes(connects, dict(metrics.subscribes.most_common()), errors)


def _meaning(code: str) -> str:
    return f"{code} {_MEANINGS[int(code)]}" if int(code) in _MEANINGS else code


def _namespaces(metrics: GatewayMetrics) -> list[Namespace]:
    names = {*metrics.subscriptions_in, *metrics.publications_in}
    return [
        Namespace(name, metrics.subscriptions_in[name], metrics.publications_in[name])
        for name in sorted(names, key=lambda name: name or _NAMELESS)
    ]
