"""Actors: persons who ask to be forgotten."""

from typing import Annotated
from urllib.parse import unquote

import msgspec
from litestar import Response, delete
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from renown.api.access import USERS
from renown.api.problem import documented
from renown.api.reading import NO_STORE, AnyRequest, json_response
from renown.api.services import Use

__all__ = ["erase_actor"]


class Erased(msgspec.Struct, frozen=True):
    """What became of an actor's events."""

    pseudonym: str
    """The random key that stands in the actor's place."""
    events: int
    subjects: int
    """How many subjects they are about."""


@delete(
    "/v1/actors/{actor:str}",
    summary="Erase a person",
    tags=["users"],
    status_code=200,
    responses={200: ResponseSpec(Erased, generate_examples=False), **documented(401, 403, 422, 503)},
)
async def erase_actor(
    request: AnyRequest,
    services: Use,
    actor: Annotated[str, Parameter(description="kind:id, such as buyer:7")],
) -> Response[bytes]:
    """Make an actor anonymous in every event and drop what the events' data says; no score changes.

    It cannot be undone. Who the pseudonym was is kept nowhere.
    """
    services.access.check(request.scope["headers"], USERS)
    erasure = await services.ledger.erase(unquote(actor))
    await services.gateway.forgotten()
    found = Erased(erasure.pseudonym, erasure.events, erasure.subjects)
    return json_response(found, headers=NO_STORE)
