"""Every exception Renown raises on purpose.

    RenownError
    ├── PolicyError          a policy file is wrong
    ├── SettingsError        a setting is wrong
    ├── EventError           an event cannot be applied (422)
    │   └── ConflictError    its id is in use with another body (409)
    ├── NotFoundError        no such subject, board, event … (404)
    ├── AuthenticationError  no or bad key or token (401)
    ├── ForbiddenError       a good key without the scope (403)
    ├── LedgerError          the ledger cannot be opened or does not accept events now (503)
    └── RoomError            a channel's log or map cannot be reached, or cannot keep this (503)

Each carries a stable `code`, and where it helps the `field` that is wrong and what was `expected`.
"""

from typing import ClassVar

from renown.model import Problem

__all__ = [
    "AuthenticationError",
    "ConflictError",
    "EventError",
    "ForbiddenError",
    "LedgerError",
    "NotFoundError",
    "PolicyError",
    "RenownError",
    "RoomError",
    "SettingsError",
]


class RenownError(Exception):
    """Base of all errors raised on purpose; `code` is stable, `detail` is for people."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    """The HTTP status of the problem details made from it."""

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        field: str | None = None,
        expected: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.problem_code = code or self.code
        self.field = field
        self.expected = expected

    @property
    def problem(self) -> Problem:
        """The error as the struct that answers carry."""
        return Problem(self.problem_code, self.detail, self.field, self.expected)


class PolicyError(RenownError):
    """A policy is wrong; `field` is the key's dotted path."""

    code = "invalid_policy"


class SettingsError(RenownError):
    """A setting is wrong; `field` is the key's dotted path."""

    code = "invalid_settings"


class EventError(RenownError):
    """An event cannot be applied; it changed nothing."""

    code = "invalid_event"
    status = 422


class ConflictError(EventError):
    """An event id is in use with a different body."""

    code = "id_conflict"
    status = 409


class NotFoundError(RenownError):
    """There is nothing under that name."""

    code = "not_found"
    status = 404


class AuthenticationError(RenownError):
    """A key or token is missing, malformed, unknown, revoked or expired."""

    code = "unauthenticated"
    status = 401


class ForbiddenError(RenownError):
    """The key or token is good but lacks the scope."""

    code = "forbidden"
    status = 403


class LedgerError(RenownError):
    """The ledger cannot be opened, or cannot take events now."""

    code = "ledger_unavailable"
    status = 503


class RoomError(RenownError):
    """What rooms keep cannot be reached now, or is nothing they can keep."""

    code = "rooms_unavailable"
    status = 503
