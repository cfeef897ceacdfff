"""Across subjects: boards, search, the policies, the server itself."""

from typing import Annotated, Final

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from renown import __version__
from renown.api.access import EVENTS, POLICIES, credential
from renown.api.kinds import KindInfo, describe
from renown.api.problem import documented
from renown.api.reading import NO_CACHE, AnyRequest, At, Reader, check_kind, guard, json_response, moment
from renown.api.services import Services, Use
from renown.errors import AuthenticationError, ForbiddenError
from renown.gateway.admission.permissions import ANYBODY
from renown.gateway.channels import EVERYTHING, Source
from renown.gateway.hub.views import Board, board_view
from renown.model import Standing
from renown.protocol.access import ConnectionClaims

__all__ = ["get_board", "get_info", "get_policies", "search_subjects"]

MOST = 200
"""Most subjects that one search looks at."""
_DASHBOARD: Final = ConnectionClaims(user="dashboard")
"""As whom a page with an API key connects: it mints a token of that user, with no rights but stored ones."""


class Found(msgspec.Struct, frozen=True):
    """The standings of the subjects that match."""

    standings: list[Standing]


class _OfSubject(msgspec.Struct, frozen=True):
    subject: str


_subject = msgspec.json.Decoder(_OfSubject)


class _RawFound(msgspec.Struct, frozen=True):
    standings: list[msgspec.Raw]


class May(msgspec.Struct, frozen=True):
    """What whoever asks may do besides reading, so that a page can leave out what would be refused."""

    send: bool
    """Send events."""
    decide: bool
    """Release and dismiss what is held, of one kind of subjects at least."""
    policies: bool
    """Try rules and put them in force."""
    listen: list[str]
    """Hear alerts as they fire, on a connection: of these kinds, and `all`, as `alerts:` channels say it."""


class Info(msgspec.Struct, frozen=True):
    """What this server is and which kinds of subjects it knows."""

    version: str
    dev: bool
    ledger: str
    """The ledger's id: also the epoch of its channels."""
    kinds: list[KindInfo]
    may: May


class PolicyList(msgspec.Struct, frozen=True):
    """The policies that are loaded."""

    policies: list[dict[str, object]]


@get(
    "/v1/boards/{kind:str}",
    summary="The best of a kind",
    tags=["boards"],
    responses={200: ResponseSpec(Board, generate_examples=False), **documented(400, 401, 403, 404)},
)
async def get_board(
    request: AnyRequest,
    services: Use,
    kind: Annotated[str, Parameter(description="A kind of subject, such as seller")],
    limit: Annotated[int, Parameter(ge=1, le=200, description="Most rows")] = 20,
    at: At = None,
) -> Response[bytes]:
    """Return the top of a kind by score, now or as it was known at a time."""
    reader = await guard(request, services)
    check_kind(kind, services.policies)
    reader.check_board(kind)
    when = moment(at)
    if when is None:
        _, found = await services.ledger.board(kind, limit)
    else:
        found = [msgspec.json.encode(each) for each in await services.ledger.board_at(kind, when, limit)]
    return json_response(board_view(kind, found), headers=NO_CACHE)


@get(
    "/v1/subjects",
    summary="Search subjects",
    tags=["standings"],
    responses={200: ResponseSpec(Found, generate_examples=False), **documented(400, 401, 403, 404)},
)
async def search_subjects(
    request: AnyRequest,
    services: Use,
    *,
    q: Annotated[str, Parameter(max_length=160, description="What the subject begins with or contains")] = "",
    kind: Annotated[str | None, Parameter(description="Only subjects of this kind")] = None,
    limit: Annotated[int, Parameter(ge=1, le=200, description="Most subjects")] = 20,
    at: At = None,
) -> Response[bytes]:
    """Return the standings of subjects whose id starts with or contains the text, now or as of a time."""
    reader = await guard(request, services)
    kinds = [check_kind(kind, services.policies).kind] if kind is not None else services.policies.kinds
    sees_all = all(reader.sees_kind(one) for one in kinds)
    found = await _matching(services, q, kind, limit if sees_all else MOST, moment(at))
    if not sees_all:
        found = [body for body in found if reader.sees(_subject.decode(body).subject, "standing")]
    return json_response(_RawFound([msgspec.Raw(body) for body in found[:limit]]), headers=NO_CACHE)


async def _matching(
    services: Services, text: str, kind: str | None, limit: int, when: float | None
) -> list[bytes]:
    """Return the JSON of the standings that a search finds, now or as of a time."""
    if when is None:
        return await services.ledger.search(text, kind, limit)
    return [msgspec.json.encode(each) for each in await services.ledger.search_at(text, kind, limit, when)]


@get(
    "/v1/policies",
    summary="The policies that are loaded",
    tags=["server"],
    responses={200: ResponseSpec(PolicyList, generate_examples=False), **documented(401, 403)},
)
async def get_policies(request: AnyRequest, services: Use) -> Response[bytes]:
    """Return every policy, whole."""
    await guard(request, services)
    return json_response({"policies": [msgspec.to_builtins(policy) for policy in services.policies]})


@get(
    "/v1/info",
    summary="What this server is",
    tags=["server"],
    responses={200: ResponseSpec(Info, generate_examples=False), **documented(401, 403)},
)
async def get_info(request: AnyRequest, services: Use) -> Response[bytes]:
    """Return the server's version and the kinds of subjects it knows."""
    reader = await guard(request, services)
    counts = await services.ledger.kinds()
    kinds = [
        describe(policy, counts[policy.kind].subjects if policy.kind in counts else 0)
        for policy in services.policies
    ]
    info = Info(__version__, services.dev, services.ledger.id, kinds, _may(request, services, reader))
    return json_response(info, headers=NO_CACHE)


def _may(request: AnyRequest, services: Services, reader: Reader) -> May:
    send = _has(request, services, EVENTS)
    who = reader.who
    decide = who is not None and any(
        services.permissions.may_submit("release", f"{kind}:*", who) for kind in services.policies.kinds
    )
    return May(send, send or decide, _has(request, services, POLICIES), _listens(request, services, reader))


def _listens(request: AnyRequest, services: Services, reader: Reader) -> list[str]:
    """Return of whom alerts may be listened to.

    Connections are not let off in dev mode, nor by an API key: they are somebody's or anybody's.
    """
    nobody = ANYBODY if credential(request.scope["headers"]) is None else _DASHBOARD
    who = reader.who or nobody
    return [
        name
        for name in (EVERYTHING, *services.policies.kinds)
        if services.permissions.sees_kind(Source.ALERTS, name, who)
    ]


def _has(request: AnyRequest, services: Services, scope: str) -> bool:
    try:
        services.access.check(request.scope["headers"], scope)
    except (AuthenticationError, ForbiddenError):
        return False
    return True
