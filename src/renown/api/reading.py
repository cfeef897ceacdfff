"""What the reading handlers share: subjects in paths, times in queries, bodies that are JSON already."""

from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import unquote

import msgspec
from litestar import Request, Response
from litestar.params import Parameter

from renown.api.services import Services
from renown.errors import EventError, ForbiddenError, NotFoundError, RenownError
from renown.gateway.admission.permissions import Permissions
from renown.gateway.channels import Source
from renown.model import OVERALL, YEAR_10000, is_key, kind_of
from renown.policy import Policies, Policy, View
from renown.policy.nearest import expected_one_of
from renown.protocol.access import ConnectionClaims, KeysPending

__all__ = [
    "NO_CACHE",
    "NO_STORE",
    "AnyRequest",
    "At",
    "KeysUnavailableError",
    "ParameterError",
    "Reader",
    "category_in",
    "check_kind",
    "check_scope",
    "check_subject",
    "guard",
    "json_response",
    "moment",
    "policy_of",
    "subject_in",
]

AnyRequest = Request[Any, Any, Any]
At = Annotated[str | None, Parameter(description="As of this time: RFC 3339 with zone, or POSIX seconds")]
"""The query parameter of reads that can tell the past."""
NO_CACHE: Final = {"cache-control": "no-cache"}
"""Headers of what may be kept, and asked for again."""
NO_STORE: Final = {"cache-control": "no-store"}
"""Headers of what nobody is to keep."""
_JSON: Final = "application/json"
_encoder = msgspec.json.Encoder()


class ParameterError(RenownError):
    """A parameter in the path or the query is wrong."""

    code = "invalid_parameter"
    status = 400


class KeysUnavailableError(RenownError):
    """The key that would verify a token cannot be fetched now."""

    code = "keys_unavailable"
    status = 503


class Reader:
    """Who reads, and what that somebody may see."""

    def __init__(self, claims: ConnectionClaims | None, permissions: Permissions) -> None:
        """Take who reads; None: somebody who sees everything."""
        self._claims = claims
        self._permissions = permissions

    @property
    def who(self) -> ConnectionClaims | None:
        """Whose token it is that reads; None: somebody who sees everything."""
        return self._claims

    def sees(self, subject: str, *views: View) -> bool:
        """Tell whether all these views of a subject may be seen."""
        who = self._claims
        return who is None or all(self._permissions.sees(view, subject, who) for view in views)

    def sees_kind(self, kind: str) -> bool:
        """Tell whether all standings of a kind may be seen."""
        return self._sees_all(Source.STANDINGS, kind)

    def check(self, subject: str, *views: View) -> None:
        """Return when all these views of a subject may be seen.

        Raises:
            ForbiddenError: they may not, whether or not there is anything to see.

        """
        if not self.sees(subject, *views):
            raise _not_visible(f"{subject[:80]} is not for everybody to see.", "subject")

    def check_board(self, kind: str) -> None:
        """Return when the board of a kind may be seen; raise `ForbiddenError` like `check`."""
        if not self._sees_all(Source.BOARD, kind):
            raise _not_visible(f"The board of {kind[:40]} is not for everybody to see.", "kind")

    def _sees_all(self, source: Source, kind: str) -> bool:
        who = self._claims
        return who is None or self._permissions.sees_kind(source, kind, who)


def _not_visible(detail: str, field: str) -> ForbiddenError:
    return ForbiddenError(
        detail,
        code="not_visible",
        field=field,
        expected="a token of a user who may see it, or an API key with the scope read",
    )


async def guard(request: AnyRequest, services: Services) -> Reader:
    """Let only those through who may read; return who it is.

    Raises:
        AuthenticationError: nothing, or nothing good, was presented.
        ForbiddenError: an API key that may not read, or a user who is blocked.
        KeysUnavailableError: a token's key cannot be fetched now.

    """
    headers = request.scope["headers"]
    try:
        who = services.access.reader(headers)
    except KeysPending:
        await services.tokens.refreshed()
        try:
            who = services.access.reader(headers)
        except KeysPending as pending:
            raise KeysUnavailableError(
                "The keys that verify tokens cannot be fetched now; try again soon.", field="Authorization"
            ) from pending
    return Reader(who, services.permissions)


def subject_in(request: AnyRequest, services: Services, place: int = 3) -> str:
    """Return the subject that is segment `place` of the request's path.

    Raises:
        ParameterError: it is no `kind:id`.
        NotFoundError: no policy has that kind.

    """
    path = request.scope["raw_path"].decode("latin-1").partition("?")[0]
    try:
        subject = unquote(path.split("/")[place], errors="strict")
    except UnicodeDecodeError as error:
        raise ParameterError("The subject in the path is not UTF-8.", field="subject") from error
    return check_subject(subject, services.policies)


def check_subject(subject: str, policies: Policies) -> str:
    """Return `subject` when it is the key of a kind that has a policy."""
    if not is_key(subject):
        raise ParameterError(
            f"{subject[:80]!r} is no subject.",
            code="invalid_subject",
            field="subject",
            expected="kind:id, such as seller:42",
        )
    policy_of(policies, subject)
    return subject


def policy_of(policies: Policies, subject: str) -> Policy:
    """Return the policy of the subject's kind.

    Raises:
        NotFoundError: there is none.

    """
    try:
        return policies.for_subject(subject)
    except EventError as error:
        raise NotFoundError(
            error.detail, code=error.problem_code, field=error.field, expected=error.expected
        ) from error


def check_kind(kind: str, policies: Policies) -> Policy:
    """Return the policy of `kind`.

    Raises:
        NotFoundError: there is none.

    """
    return policy_of(policies, f"{kind}:x")


def check_scope(reader: Reader, kind: str | None, subject: str | None, policies: Policies) -> None:
    """Return when there is such a subject or kind, where one is asked for, and its detail may be seen.

    Raises:
        ParameterError: the subject is none.
        NotFoundError: no policy has that kind.
        ForbiddenError: the subject's detail is not for whoever asks.

    """
    if subject is not None:
        reader.check(check_subject(subject, policies), "detail")
    elif kind is not None:
        check_kind(kind, policies)


def category_in(name: str | None, policy: Policy) -> str:
    """Return the category that `name` means, the overall score when it is absent.

    Raises:
        ParameterError: the policy has none of that name.

    """
    if name is None or name in (OVERALL, "overall"):
        return OVERALL
    names = list(policy.categories)
    if name in names:
        return name
    raise ParameterError(
        f"The policy {policy.name} has no category {name[:64]!r}.",
        code="unknown_category",
        field="category",
        expected=expected_one_of(name, names),
    )


def moment(text: str | None) -> float | None:
    """Return the `at` of a query, RFC 3339 or POSIX seconds, as POSIX seconds.

    Raises:
        ParameterError: it is neither.

    """
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        pass
    else:
        if 0 <= seconds < YEAR_10000:
            return seconds
        raise _no_time(text)
    try:
        when = msgspec.convert(text.replace(" ", "+"), datetime)
    except msgspec.ValidationError as error:
        raise _no_time(text) from error
    if when.tzinfo is None:
        raise _no_time(text)
    # In UTC it may be later than any time that can be written.
    return min(when.timestamp(), YEAR_10000 - 1.0)


def _no_time(text: str) -> ParameterError:
    return ParameterError(
        f"{text[:40]!r} is no time.",
        field="at",
        expected="an RFC 3339 time with zone such as 2026-03-01T00:00:00Z, or POSIX seconds",
    )


def json_response(
    content: object, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response[bytes]:
    """Return `content` as JSON; bytes are taken for JSON already."""
    body = content if isinstance(content, bytes) else _encoder.encode(content)
    return Response(body, status_code=status, media_type=_JSON, headers=headers)


def unknown_subject(subject: str) -> NotFoundError:
    """Return the error for a subject about whom nothing is known."""
    return NotFoundError(f"Nothing has happened to {subject} yet.", code="unknown_subject", field="subject")


def kind_in(subject: str) -> str:
    """Return the kind of a checked subject."""
    return kind_of(subject)
