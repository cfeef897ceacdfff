"""Health probes and metrics."""

from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec

from renown.api.reading import NO_STORE, json_response
from renown.api.services import Use

__all__ = ["Health", "get_live", "get_metrics", "get_ready"]


class Health(msgspec.Struct, frozen=True):
    """Whether the server is well."""

    status: Annotated[str, msgspec.Meta(examples=["ok", "starting or stopping"])]


@get(
    "/health/live",
    summary="Is the process alive",
    tags=["server"],
    responses={200: ResponseSpec(Health, generate_examples=False)},
)
async def get_live() -> Response[bytes]:
    """Say that the event loop runs."""
    return json_response(Health("ok"), headers=NO_STORE)


@get(
    "/health/ready",
    summary="Does it take requests",
    tags=["server"],
    responses={
        200: ResponseSpec(Health, generate_examples=False),
        503: ResponseSpec(Health, generate_examples=False, description="Starting, or about to stop"),
    },
)
async def get_ready(services: Use) -> Response[bytes]:
    """Say whether to send traffic here: not while starting, nor once the server is stopping."""
    ready = services.ready
    health = Health("ok" if ready else "starting or stopping")
    return json_response(health, status=200 if ready else 503, headers=NO_STORE)


@get("/metrics", include_in_schema=False)
async def get_metrics(services: Use) -> Response[bytes]:
    """Expose the metrics in the text form of Prometheus, those of all workers."""
    body, media = await services.metrics.exposition()
    return Response(body, media_type=media, headers=NO_STORE)
