"""Puts the HTTP API together."""

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Litestar, Request, post
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter
from litestar.types import ASGIApp

from renown.api import (
    actors,
    badge,
    channels,
    detail,
    gateway,
    held,
    incidents,
    overview,
    policies,
    probes,
    server_api,
    standings,
    static,
    tokens,
    users,
)
from renown.api.edge import Edge
from renown.api.events import EventsEndpoint
from renown.api.openapi import config
from renown.api.problem import documented, handlers
from renown.api.services import Services
from renown.gateway.admission.origins import OriginRule
from renown.gateway.transports.asgi import GatewayApp
from renown.model import Answer

__all__ = ["make_app"]

_ROUTES: list[HTTPRouteHandler] = [
    standings.get_standing,
    standings.get_standings,
    detail.get_history,
    detail.get_explanation,
    detail.get_events,
    overview.get_board,
    overview.search_subjects,
    overview.get_policies,
    policies.get_policy,
    policies.put_policy,
    policies.check_policy,
    policies.try_policy,
    overview.get_info,
    channels.get_channels,
    gateway.get_gateway,
    tokens.create_token,
    users.get_rights,
    users.put_rights,
    users.delete_rights,
    users.disconnect_user,
    users.revoke_tokens,
    actors.erase_actor,
    held.get_held,
    held.release_held,
    held.dismiss_held,
    incidents.get_incidents,
    badge.get_badge,
    server_api.call_server_api,
    probes.get_live,
    probes.get_ready,
    probes.get_metrics,
    static.get_dashboard,
    static.get_widget,
    static.get_asset,
]


def make_app(services: Services, origins: Sequence[str] = ()) -> ASGIApp:
    """Return the ASGI application that answers over HTTP for `services`.

    Args:
        services: The running parts that it speaks to.
        origins: Browser origins that may call it besides its own pages; `*` for any.

    """
    events = EventsEndpoint(services)
    app = Litestar(
        route_handlers=[*_ROUTES, _events_route(events)],
        dependencies={"services": Provide(lambda: services, sync_to_thread=False, use_cache=True)},
        exception_handlers=handlers(),
        openapi_config=config(),
        logging_config=None,
        debug=False,
    )
    realtime = GatewayApp(services.gateway)
    return Edge(app, events, realtime, OriginRule(origins, dev=services.dev), services.metrics)


def _events_route(events: EventsEndpoint) -> HTTPRouteHandler:
    """Return the handler by which OpenAPI knows `POST /v1/events`; `Edge` takes the short way."""

    @post(
        "/v1/events",
        summary="Tell what happened",
        tags=["events"],
        status_code=200,
        responses={
            200: ResponseSpec(
                Answer | list[Answer],
                generate_examples=False,
                description="The answer to one event, or the answers to an array in its order",
            ),
            **documented(400, 401, 403, 409, 413, 415, 422, 503),
        },
    )
    async def create_events(
        request: Request[Any, Any, Any],
        standing: Annotated[
            bool, Parameter(description="Put the subject's newest standing into each answer")
        ] = False,
    ) -> ASGIApp:
        """Take one event, an array of them, or NDJSON of any length; answer each after its commit."""
        del request, standing
        return events

    return create_events
