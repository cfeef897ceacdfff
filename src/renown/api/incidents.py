"""The abuse radar's read: guards in alarm, what is under review, and alerts."""

from typing import Annotated

from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from renown.api.problem import documented
from renown.api.reading import NO_STORE, AnyRequest, At, check_scope, guard, json_response, moment
from renown.api.services import Use
from renown.ledger import Incidents

__all__ = ["get_incidents"]


@get(
    "/v1/incidents",
    summary="Guards in alarm, what is under review, and alerts",
    tags=["moderation"],
    responses={200: ResponseSpec(Incidents, generate_examples=False), **documented(400, 401, 403, 404)},
)
async def get_incidents(
    request: AnyRequest,
    services: Use,
    *,
    kind: Annotated[str | None, Parameter(description="Only subjects of this kind")] = None,
    subject: Annotated[str | None, Parameter(description="Only this subject, kind:id")] = None,
    limit: Annotated[int, Parameter(ge=1, le=200, description="Most incidents")] = 50,
    at: At = None,
) -> Response[bytes]:
    """Return which guards are or were lately in alarm about whom; of a client token what its user sees.

    With `at` it is told as of that time.
    """
    reader = await guard(request, services)
    check_scope(reader, kind, subject, services.policies)
    when, book = moment(at), services.ledger.incidents
    if when is None:
        found = await book.look(kind, subject, limit, services.clock())
    else:
        found = await book.look_back(kind, subject, limit, when)
    seen = Incidents(
        tuple([each for each in found.incidents if reader.sees(each.subject, "detail")]),
        tuple([each for each in found.held if reader.sees(each.subject, "detail")]),
        tuple([each for each in found.alerts if reader.sees(each.subject, "alerts")]),
    )
    return json_response(seen, headers=NO_STORE)
