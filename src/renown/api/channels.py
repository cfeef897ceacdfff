"""`GET /v1/channels`: the namespaces with their rules, for whoever draws what a channel carries."""

from typing import Any

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec

from renown.api.problem import documented
from renown.api.reading import AnyRequest, guard, json_response
from renown.api.services import Use
from renown.gateway.options import RoomRule

__all__ = ["get_channels"]


class Namespace(msgspec.Struct, frozen=True):
    """One namespace."""

    namespace: str
    """Empty for channels without one."""
    room: bool
    """Whether it carries what people and backends publish, rather than the ledger."""
    rule: dict[str, Any]
    """As in the settings; `shown` says what a viewer should see while a connection is in doubt or lost."""


class NamespaceList(msgspec.Struct, frozen=True):
    """All namespaces."""

    channels: list[Namespace]


@get(
    "/v1/channels",
    summary="The namespaces of channels and their rules",
    tags=["server"],
    responses={200: ResponseSpec(NamespaceList, generate_examples=False), **documented(401, 403)},
)
async def get_channels(request: AnyRequest, services: Use) -> Response[bytes]:
    """Return how each namespace delivers, what is kept of it, and who may do what in it."""
    await guard(request, services)
    rules = services.gateway.channels.rules()
    found = [
        Namespace(name, isinstance(rule, RoomRule), msgspec.to_builtins(rule)) for name, rule in rules.items()
    ]
    return json_response(NamespaceList(found), headers={"cache-control": "private, max-age=60"})
