"""RFC 9457 problem details: the one shape of every error over HTTP."""

import re
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec

from renown.errors import AuthenticationError, LedgerError, RenownError
from renown.model import Problem

__all__ = [
    "PROBLEM_JSON",
    "ProblemDetails",
    "details_of",
    "documented",
    "encode",
    "handlers",
    "headers_of",
    "problem_response",
    "unexpected",
]

PROBLEM_JSON: Final = "application/problem+json"
_CODES: Final = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    500: "internal_error",
}
_MISSING: Final = re.compile(r"Missing required query parameter '(\w+)'")
_WORDS: Final = {
    "`int | null`": "a whole number",
    "`int`": "a whole number",
    "`bool`": "true or false",
    "`str | null`": "text",
    "`str`": "text",
    " of length ": " with a length ",
    ">=": "of at least",
    "<=": "of at most",
}
_log = structlog.get_logger("renown.api")
_encoder = msgspec.json.Encoder()


class ProblemDetails(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Why a request failed. `code` is stable; `detail` is for people and may change."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    field: str | None = None
    """The field or parameter that is wrong."""
    expected: str | None = None
    """What would have been right there."""
    id: str | None = None
    """The id of the event that was turned down."""


def _details(status: int, problem: Problem, event_id: str | None = None) -> ProblemDetails:
    return ProblemDetails(
        type=f"urn:renown:problem:{problem.code}",
        title=HTTPStatus(status).phrase,
        status=status,
        code=problem.code,
        detail=problem.detail,
        field=problem.field,
        expected=problem.expected,
        id=event_id,
    )


def details_of(error: RenownError, *, event_id: str | None = None) -> ProblemDetails:
    """Return the problem details of an error raised on purpose, about the event `event_id` if it was one."""
    return _details(error.status, error.problem, event_id)


def encode(details: ProblemDetails) -> bytes:
    """Return the JSON of `details`."""
    return _encoder.encode(details)


def headers_of(status: int, extra: dict[str, str] | None = None) -> dict[str, str]:
    """Return the headers that belong to an error of `status`."""
    headers = {"cache-control": "no-store", **(extra or {})}
    if status == AuthenticationError.status:
        headers["www-authenticate"] = 'Bearer realm="renown"'
    if status == LedgerError.status:
        headers["retry-after"] = "1"
    return headers


def problem_response(details: ProblemDetails, headers: dict[str, str] | None = None) -> Response[bytes]:
    """Return the response that carries `details`."""
    return Response(
        encode(details),
        status_code=details.status,
        media_type=PROBLEM_JSON,
        headers=headers_of(details.status, headers),
    )


def _renown_error(_: Request[Any, Any, Any], error: RenownError) -> Response[bytes]:
    return problem_response(details_of(error))


def _invalid_parameter(_: Request[Any, Any, Any], error: ValidationException) -> Response[bytes]:
    wrong: list[Any] = error.extra if isinstance(error.extra, list) else []
    first: dict[str, Any] = wrong[0] if wrong else {}
    if missing := _MISSING.match(error.detail):
        problem = Problem("missing_parameter", f"The parameter {missing[1]} is required.", missing[1])
        return problem_response(_details(400, problem))
    field: str | None = first.get("key")
    expected = _plain(str(first.get("message") or error.detail))
    problem = Problem("invalid_parameter", f"{field or 'A parameter'} must be {expected}.", field, expected)
    return problem_response(_details(400, problem))


def _plain(message: str) -> str:
    """Return what the decoder expected in words for people."""
    text = message.removeprefix("Expected ").partition(", got ")[0]
    for code, words in _WORDS.items():
        text = text.replace(code, words)
    return text


def _http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    status = error.status_code
    code = _CODES.get(status, HTTPStatus(status).phrase.lower().replace(" ", "_"))
    detail = error.detail
    if status == 404:
        detail = f"There is nothing at {request.scope['path']}."
    elif status == 405:
        detail = f"{request.method} is not possible at {request.scope['path']}."
    return problem_response(_details(status, Problem(code, detail)), error.headers)


def _unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    _log.error("request failed", method=request.method, path=request.scope["path"], exc_info=error)
    return problem_response(unexpected())


def unexpected() -> ProblemDetails:
    """Return the problem details of an error nobody foresaw; the log has the cause."""
    return _details(
        500, Problem("internal_error", "Something went wrong inside the server; its log says what.")
    )


def handlers() -> dict[Any, Any]:
    """Return Litestar's table from exceptions to responses."""
    return {
        RenownError: _renown_error,
        ValidationException: _invalid_parameter,
        HTTPException: _http_error,
        Exception: _unexpected,
    }


def documented(*statuses: int) -> dict[int, ResponseSpec]:
    """Return the OpenAPI entries of the error `statuses`."""
    return {
        status: ResponseSpec(
            ProblemDetails,
            generate_examples=False,
            description=HTTPStatus(status).phrase,
            media_type=PROBLEM_JSON,  # pyright: ignore[reportArgumentType]  # Litestar's enum lacks it
        )
        for status in statuses
    }
