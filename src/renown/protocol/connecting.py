"""Who may connect, and for how long: the rules of `connect` and `refresh`.

Everything here raises `Failed` where the client may go on, and `Ended` where it may not.
"""

from renown.protocol.access import Access, ConnectionClaims, Refusal, TokenRefused
from renown.protocol.codes import DISCONNECTS, ERRORS
from renown.protocol.commands import ConnectRequest, RefreshRequest
from renown.protocol.outcomes import Ended, Failed

__all__ = ["admit", "renew"]


def admit(access: Access, request: ConnectRequest) -> ConnectionClaims:
    """Return who connects."""
    if not request.token:
        if not access.anonymous:
            raise Ended(DISCONNECTS.BAD_REQUEST)
        return ConnectionClaims("")
    try:
        claims = access.connection(request.token)
    except TokenRefused as refused:
        if refused.why is Refusal.EXPIRED:
            raise Failed(ERRORS.TOKEN_EXPIRED) from refused
        raise Ended(DISCONNECTS.INVALID_TOKEN) from refused
    if not claims.user and not access.anonymous:
        raise Ended(DISCONNECTS.PERMISSION_DENIED)
    return _lasting(claims)


def renew(access: Access, request: RefreshRequest, user: str) -> ConnectionClaims:
    """Return the claims by which the connection of `user` goes on."""
    if not request.token:
        raise Ended(DISCONNECTS.BAD_REQUEST)
    try:
        claims = access.connection(request.token)
    except TokenRefused as refused:
        expired = refused.why is Refusal.EXPIRED
        raise Ended(DISCONNECTS.EXPIRED if expired else DISCONNECTS.INVALID_TOKEN) from refused
    if claims.user != user:
        raise Ended(DISCONNECTS.INVALID_TOKEN)
    return _lasting(claims)


def _lasting(claims: ConnectionClaims) -> ConnectionClaims:
    if claims.ttl is not None and claims.ttl <= 0:
        raise Failed(ERRORS.EXPIRED)
    return claims
