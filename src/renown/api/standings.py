"""Reading standings: one, many, as of a time."""

from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from renown.api.problem import documented
from renown.api.reading import (
    NO_CACHE,
    AnyRequest,
    At,
    ParameterError,
    check_subject,
    guard,
    json_response,
    moment,
    subject_in,
    unknown_subject,
)
from renown.api.services import Services, Use
from renown.model import Standing

__all__ = ["Standings", "etag", "get_standing", "get_standings", "matches"]

MOST = 200
"""Most subjects of one request."""


class Standings(msgspec.Struct, frozen=True):
    """Several standings; subjects about whom nothing is known are listed as missing."""

    standings: list[Standing]
    missing: list[str] = []


class _RawStandings(msgspec.Struct, frozen=True):
    standings: list[msgspec.Raw]
    missing: list[str]


def etag(version: int) -> str:
    """Return the entity tag of a standing's version."""
    return f'"{version}"'


def matches(header: str | None, tag: str) -> bool:
    """Tell whether an If-None-Match header names `tag`."""
    if header is None:
        return False
    return any(part.strip().removeprefix("W/") in (tag, "*") for part in header.split(","))


@get(
    "/v1/standings/{subject:str}",
    summary="The standing of one subject",
    tags=["standings"],
    responses={
        200: ResponseSpec(
            Standing, generate_examples=False, description="The standing; its ETag is the version"
        ),
        304: ResponseSpec(None, generate_examples=False, description="The version is still the one you have"),
        **documented(400, 401, 403, 404),
    },
)
async def get_standing(
    request: AnyRequest,
    services: Use,
    subject: Annotated[str, Parameter(description="kind:id, such as seller:42")],
    at: At = None,
) -> Response[bytes]:
    """Return the standing of a subject, now or as it was known at a time."""
    reader = await guard(request, services)
    subject = subject_in(request, services)
    reader.check(subject, "standing")
    when = moment(at)
    if when is not None:
        return await _as_of(services, subject, when)
    found = await services.ledger.snapshot(subject)
    if found is None:
        raise unknown_subject(subject)
    version, body = found
    headers = {"etag": etag(version), "cache-control": "no-cache"}
    if matches(request.headers.get("if-none-match"), headers["etag"]):
        return Response(b"", status_code=304, headers=headers)
    return json_response(body, headers=headers)


async def _as_of(services: Services, subject: str, when: float) -> Response[bytes]:
    standing = await services.ledger.standing_at(subject, when)
    if standing is None:
        raise unknown_subject(subject)
    return json_response(standing, headers=NO_CACHE)


@get(
    "/v1/standings",
    summary="The standings of up to 200 subjects",
    tags=["standings"],
    responses={
        200: ResponseSpec(
            Standings, generate_examples=False, description="The standings in the order asked for"
        ),
        **documented(400, 401, 403, 404),
    },
)
async def get_standings(
    request: AnyRequest,
    services: Use,
    subject: Annotated[list[str], Parameter(description="kind:id; may be repeated", max_items=MOST)],
    at: At = None,
) -> Response[bytes]:
    """Return several standings at once, now or as they were known at a time."""
    reader = await guard(request, services)
    subjects = list(dict.fromkeys(check_subject(one, services.policies) for one in subject))
    if not subjects or len(subjects) > MOST:
        raise ParameterError(
            f"Ask for 1 to {MOST} subjects.", field="subject", expected=f"1 to {MOST} subjects"
        )
    for one in subjects:
        reader.check(one, "standing")
    when = moment(at)
    if when is None:
        found = {one: body for one, (_, body) in (await services.ledger.snapshots(subjects)).items()}
    else:
        then = await services.ledger.standings_at(subjects, when)
        found = {one.subject: msgspec.json.encode(one) for one in then}
    standings = [msgspec.Raw(found[one]) for one in subjects if one in found]
    missing = [one for one in subjects if one not in found]
    return json_response(_RawStandings(standings, missing), headers=NO_CACHE)
