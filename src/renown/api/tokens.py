"""`POST /v1/tokens`: client tokens for backends that hold an API key."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from litestar import Response, post
from litestar.openapi.datastructures import ResponseSpec

from renown.api.access import TOKENS
from renown.api.bodies import decoded
from renown.api.problem import documented
from renown.api.reading import NO_STORE, AnyRequest, json_response
from renown.api.services import Use
from renown.errors import AuthenticationError, EventError, ForbiddenError, RenownError
from renown.gateway.admission.permissions import Permissions
from renown.gateway.admission.rights import check_rights, claim_of
from renown.gateway.admission.tokens import LONGEST_TOKEN, Tokens
from renown.model import timestamp
from renown.protocol.access import ConnectionClaims, Rights, TokenRefused

__all__ = ["TokenRequest", "TokenResponse", "create_token", "verifier"]

MONTH = 31 * 86_400


class TokenRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom a token is for."""

    user: Annotated[str, msgspec.Meta(max_length=128)] = ""
    """The user's id; empty for an anonymous one."""
    channel: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | None = None
    """For a token that subscribes to this one channel; otherwise it opens connections."""
    lifetime: Annotated[float, msgspec.Meta(gt=0, le=MONTH)] | None = None
    """Seconds that it is good; the setting `tokens.lifetime` when absent."""
    info: dict[str, Any] | None = None
    """What others see of the connection, or of the subscription."""
    channels: tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=255)], ...] | None = None
    """Channels that the server subscribes the connection to."""
    rights: Rights | None = None
    """What the user may, unless rights are stored for the user: those hold instead."""


class TokenResponse(msgspec.Struct, frozen=True):
    """A signed client token."""

    token: str
    expires_at: str


class NotConfiguredError(RenownError):
    """There is no secret to sign with."""

    code = "tokens_not_configured"
    status = 503


def verifier(
    tokens: Tokens, permissions: Permissions, *, anonymous: bool
) -> Callable[[str], ConnectionClaims]:
    """Return the function that checks a client token presented over HTTP.

    It raises `AuthenticationError` for one that is not good, `ForbiddenError` for one that is revoked or of
    a blocked user, and lets `KeysPending` through. As over a WebSocket, a token that names no user is good
    only where anybody may read.
    """

    def verify(token: str) -> ConnectionClaims:
        try:
            claims = tokens.connection(token)
        except TokenRefused as refused:
            raise AuthenticationError(
                f"The token is refused: {refused}.", code=f"token_{refused.why.value}", field="Authorization"
            ) from refused
        if not claims.user and not anonymous:
            raise AuthenticationError(
                "The token names no user, and anonymous reading is off.",
                code="token_invalid",
                field="Authorization",
                expected="a token with a sub",
            )
        if permissions.blocked(claims):
            raise ForbiddenError(
                "The user is blocked, or the token is revoked.", code="blocked", field="Authorization"
            )
        return claims

    return verify


@post(
    "/v1/tokens",
    summary="Mint a client token",
    tags=["server"],
    status_code=200,
    responses={
        200: ResponseSpec(TokenResponse, generate_examples=False),
        **documented(400, 401, 403, 422, 503),
    },
)
async def create_token(request: AnyRequest, services: Use) -> Response[bytes]:
    """Sign a token for a user, for backends that hold an API key with the scope `tokens`."""
    services.access.check(request.scope["headers"], TOKENS)
    wanted = decoded(await request.body(), TokenRequest)
    if not services.tokens.can_issue:
        raise NotConfiguredError(
            "The server has no secret to sign tokens with; set tokens.secret or tokens.secret_file.",
            field="tokens.secret",
        )
    lifetime = services.token_lifetime if wanted.lifetime is None else wanted.lifetime
    if wanted.rights is not None:
        check_rights(wanted.rights)
    token = services.tokens.issue(
        wanted.user, channel=wanted.channel, lifetime=lifetime, claims=_further(wanted)
    )
    if len(token) > LONGEST_TOKEN:
        raise EventError(
            f"The token would be {len(token)} characters long.",
            code="invalid_request",
            expected=f"info, channels and rights that make at most {LONGEST_TOKEN}",
        )
    response = TokenResponse(token, timestamp(services.clock() + lifetime))
    return json_response(response, headers=NO_STORE)


def _further(wanted: TokenRequest) -> dict[str, Any]:
    """Return the claims that not every token has."""
    if wanted.channel is not None:
        for field in ("channels", "rights"):
            if getattr(wanted, field) is not None:
                raise EventError(
                    f"A token for one channel has no {field}.",
                    code="invalid_request",
                    field=field,
                    expected="nothing beside channel",
                )
    rights = None if wanted.rights is None else claim_of(wanted.rights)
    channels = None if wanted.channels is None else list(wanted.channels)
    return {"info": wanted.info, "channels": channels, "rights": rights}
