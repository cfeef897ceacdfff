"""What users may, for backends: rights that are stored, connections that are ended, tokens that are revoked.

All of it holds at once: for open connections too, on every process that shares the ledger, within a second.
"""

from typing import Annotated, Final
from urllib.parse import unquote

import msgspec
import structlog
from litestar import Response, delete, get, post, put
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from renown.api.access import USERS
from renown.api.bodies import decoded
from renown.api.problem import documented
from renown.api.reading import NO_STORE, AnyRequest, ParameterError, json_response, moment
from renown.api.services import Services, Use
from renown.errors import EventError, NotFoundError, RoomError
from renown.gateway.admission.rights import Departure, check_rights
from renown.ledger import UserRecord
from renown.model import timestamp
from renown.protocol.access import Rights

__all__ = ["delete_rights", "disconnect_user", "get_rights", "put_rights", "revoke_tokens"]

_log = structlog.get_logger("renown.api")

_LONGEST_USER: Final = 128
_LONGEST_ID: Final = 255
_ERRORS = documented(400, 401, 403, 422, 503)


class StoredRights(msgspec.Struct, frozen=True):
    """What is stored about a user."""

    user: str
    version: int
    """Grows by one with every change."""
    updated_at: str
    rights: Rights


class _RawRights(msgspec.Struct, frozen=True):
    user: str
    version: int
    updated_at: str
    rights: msgspec.Raw


class RightsChanged(msgspec.Struct, frozen=True):
    """What `user:<id>` is told when the user's stored rights change."""

    type: str
    rights: Rights | None


class Revocation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which tokens are no good any more: one by its id, or those of a user."""

    token_id: Annotated[str, msgspec.Meta(min_length=1, max_length=_LONGEST_ID)] | None = None
    """The `jti` of one token."""
    user: Annotated[str, msgspec.Meta(min_length=1, max_length=_LONGEST_USER)] | None = None
    """All tokens of this user that were issued before `issued_before`, or do not say when."""
    issued_before: str | float | None = None
    """RFC 3339 or POSIX seconds; now when absent."""
    expires_at: str | float | None = None
    """When what is revoked ends by itself: it need not be remembered for longer. For good when absent."""


class Revoked(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is revoked now."""

    token_id: str | None = None
    user: str | None = None
    issued_before: str | None = None


class Disconnected(msgspec.Struct, frozen=True):
    """Every process closes this user's connections within a second."""

    user: str
    code: int


_User = Annotated[str, Parameter(description="The user's id, as in the `sub` of tokens")]


@get(
    "/v1/users/{user:str}/rights",
    summary="The stored rights of a user",
    tags=["users"],
    responses={200: ResponseSpec(StoredRights, generate_examples=False), **documented(404), **_ERRORS},
)
async def get_rights(request: AnyRequest, services: Use, user: _User) -> Response[bytes]:
    """Return what is stored; without anything the rights in the user's token hold."""
    services.access.check(request.scope["headers"], USERS)
    user = _user_in(request)
    return _stored(user, services.ledger.rights.of(user))


@put(
    "/v1/users/{user:str}/rights",
    summary="Store the rights of a user",
    tags=["users"],
    status_code=200,
    responses={200: ResponseSpec(StoredRights, generate_examples=False), **_ERRORS},
)
async def put_rights(request: AnyRequest, services: Use, user: _User) -> Response[bytes]:
    """Store what a user may; it holds instead of what tokens say, whole, from now on.

    Open connections lose what they may no longer see, and are told on `user:<id>`.
    """
    services.access.check(request.scope["headers"], USERS)
    user = _user_in(request)
    rights = check_rights(decoded(await request.body(), Rights))
    record = await services.ledger.rights.put(user, msgspec.json.encode(rights))
    await _tell(services, user, rights)
    return _stored(user, record)


@delete(
    "/v1/users/{user:str}/rights",
    summary="Forget the stored rights of a user",
    tags=["users"],
    status_code=204,
    responses={
        204: ResponseSpec(None, generate_examples=False, description="Forgotten"),
        **documented(404),
        **_ERRORS,
    },
)
async def delete_rights(request: AnyRequest, services: Use, user: _User) -> None:
    """Forget them: what the user's token says holds again."""
    services.access.check(request.scope["headers"], USERS)
    user = _user_in(request)
    if not await services.ledger.rights.drop(user):
        raise _no_rights(user)
    await _tell(services, user, None)


@post(
    "/v1/users/{user:str}/disconnect",
    summary="Disconnect a user",
    tags=["users"],
    status_code=200,
    responses={200: ResponseSpec(Disconnected, generate_examples=False), **_ERRORS},
)
async def disconnect_user(request: AnyRequest, services: Use, user: _User) -> Response[bytes]:
    """Close all connections of a user on every process; `{"code", "reason", "whitelist"}`, all optional."""
    services.access.check(request.scope["headers"], USERS)
    user = _user_in(request)
    how = decoded(await request.body(), Departure)
    await services.ledger.rights.disconnect(user, msgspec.json.encode(how))
    return json_response(Disconnected(user, how.code), headers=NO_STORE)


@post(
    "/v1/tokens/revoke",
    summary="Revoke client tokens",
    tags=["users"],
    status_code=200,
    responses={200: ResponseSpec(Revoked, generate_examples=False), **_ERRORS},
)
async def revoke_tokens(request: AnyRequest, services: Use) -> Response[bytes]:
    """Revoke one token by its id, or a user's tokens that were issued before a time.

    Connections that such a token opened are closed, subscriptions that one opened are ended.
    """
    services.access.check(request.scope["headers"], USERS)
    wanted = decoded(await request.body(), Revocation)
    until = _time(wanted.expires_at)
    book = services.ledger.rights
    if (wanted.token_id is None) == (wanted.user is None):
        raise EventError(
            "Say which token, or of which user.",
            code="invalid_request",
            field="token_id",
            expected="token_id, or user",
        )
    if wanted.user is None:
        await book.revoke_token(wanted.token_id or "", until)
        return json_response(Revoked(token_id=wanted.token_id), headers=NO_STORE)
    before = _time(wanted.issued_before)
    before = services.clock() if before is None else before
    await book.revoke_user(wanted.user, before, until)
    revoked = Revoked(user=wanted.user, issued_before=timestamp(before))
    return json_response(revoked, headers=NO_STORE)


def _stored(user: str, record: UserRecord) -> Response[bytes]:
    if record.body is None:
        raise _no_rights(user)
    found = _RawRights(user, record.version, timestamp(record.updated_at), msgspec.Raw(record.body))
    return json_response(found, headers=NO_STORE)


async def _tell(services: Services, user: str, rights: Rights | None) -> None:
    """Tell the user's own channel; None: what the token says holds again."""
    try:
        await services.gateway.tell(f"user:{user}", msgspec.json.encode(RightsChanged("rights", rights)))
    except RoomError as error:
        # They hold all the same: who asks again must not be told that they were not stored.
        _log.warning("changed rights were not told to their user", user=user, reason=error.detail)


def _no_rights(user: str) -> NotFoundError:
    return NotFoundError(f"No rights are stored for {user[:80]}.", code="no_rights", field="user")


def _user_in(request: AnyRequest) -> str:
    """Return the user in the request's path, which may hold encoded slashes."""
    path = request.scope["raw_path"].decode("latin-1").partition("?")[0]
    try:
        user = unquote(path.split("/")[3], errors="strict")
    except UnicodeDecodeError as error:
        raise ParameterError("The user in the path is not UTF-8.", field="user") from error
    if not 1 <= len(user) <= _LONGEST_USER:
        raise ParameterError(
            "That is no user's id.", field="user", expected=f"1 to {_LONGEST_USER} characters"
        )
    return user


def _time(value: str | float | None) -> float | None:
    return moment(str(value)) if value is not None else None
