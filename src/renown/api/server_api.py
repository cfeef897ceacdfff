"""`POST /api/<method>`: what backends do to rooms and connections, in the form that the official server
libraries of the client protocol speak (specification, section 22).

What is asked for and cannot be is answered with status 200 and an `error`; a bad key is 401.
"""

from typing import Annotated

from litestar import Response, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from renown.api.access import ROOMS
from renown.api.problem import documented
from renown.api.reading import AnyRequest, json_response
from renown.api.server_methods import METHODS, ApiAnswer, Methods, Refused, said
from renown.api.services import Use
from renown.gateway.operations import Operations
from renown.protocol.codes import ERRORS

__all__ = ["call_server_api"]


@post(
    "/api/{method:str}",
    summary="Act on rooms and connections",
    tags=["server"],
    status_code=200,
    responses={
        200: ResponseSpec(ApiAnswer, generate_examples=False),
        404: ResponseSpec(ApiAnswer, generate_examples=False, description="No such method"),
        **documented(401, 403),
    },
)
async def call_server_api(
    request: AnyRequest,
    services: Use,
    method: Annotated[
        str,
        Parameter(description="publish, broadcast, subscribe, disconnect, presence, history …"),
    ],
) -> Response[bytes]:
    """Do what an official server library asks for; needs an API key with the scope `rooms`.

    The channels of the ledger (`standing:`, `board:`, `activity:`, `alerts:` …) cannot be published into.
    """
    services.access.check(request.scope["headers"], ROOMS)
    known = METHODS.get(method)
    if known is None:
        return json_response(ApiAnswer(error=said(ERRORS.METHOD_NOT_FOUND)), status=404)
    try:
        api = Methods(services, Operations(services.gateway))
        result = await known(api, await request.body())
    except Refused as refused:
        return json_response(ApiAnswer(error=said(refused.error)))
    return json_response({"result": result} if method != "batch" else result)
