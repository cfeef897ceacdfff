"""From problem details back to exceptions."""

from typing import Final

import msgspec

from renown.errors import (
    AuthenticationError,
    ConflictError,
    EventError,
    ForbiddenError,
    LedgerError,
    NotFoundError,
    RenownError,
)

__all__ = ["RefusedError", "UnreachableError", "error_of"]


class UnreachableError(RenownError):
    """There is no server, or it went away before it answered."""

    code = "unreachable"
    status = 503


class RefusedError(RenownError):
    """The server turned the request down for a reason without a class of its own."""

    code = "refused"


class _Problem(msgspec.Struct):
    code: str = "error"
    detail: str = ""
    status: int = 0
    field: str | None = None
    expected: str | None = None


_problem = msgspec.json.Decoder(_Problem)
_CLASSES: Final[dict[int, type[RenownError]]] = {
    401: AuthenticationError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    413: EventError,
    422: EventError,
    503: LedgerError,
}


def error_of(status: int, body: bytes) -> RenownError:
    """Return the exception that an error response stands for."""
    try:
        problem = _problem.decode(body)
    except msgspec.DecodeError:
        problem = _Problem(detail=f"The server answered {status}: {body[:200].decode(errors='replace')}")
    kind = _CLASSES.get(problem.status or status, RefusedError)
    detail = problem.detail or f"The server answered {status}."
    return kind(detail, code=problem.code, field=problem.field, expected=problem.expected)
