"""The methods that connected clients may call: `standing.get`, `standing.explain`, `event.submit`.

Parameters and results are JSON, in Protobuf connections too. What goes wrong is an error whose code is the
HTTP status that the same request would have had.
"""

from typing import Annotated, TypeVar

import msgspec

from renown.api.access import actor_of
from renown.api.public import without_persons
from renown.api.reading import ParameterError, category_in, check_subject, moment, unknown_subject
from renown.api.services import Services
from renown.errors import EventError, ForbiddenError
from renown.gateway.client import Method
from renown.gateway.gateway import Gateway
from renown.intake import DECODING_ERRORS, decode_event
from renown.model import Event, Status
from renown.protocol.access import Action, ConnectionClaims

__all__ = ["methods"]

T = TypeVar("T", bound=msgspec.Struct)


class StandingRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`standing.get`: whose standing is wanted."""

    subject: str
    at: str | float | None = None
    """As of this time: RFC 3339 with zone, or POSIX seconds."""


class ExplainRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`standing.explain`: what is to be explained, and which page of it."""

    subject: str
    category: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 50
    cursor: str | None = None
    at: str | float | None = None
    """As of this time, as above."""


def methods(services: Services, gateway: Gateway) -> dict[str, Method]:
    """Return the methods by name."""
    calls = _Calls(services, gateway)
    return {
        "standing.get": calls.get,
        "standing.explain": calls.explain,
        "event.submit": calls.submit,
    }


class _Calls:
    def __init__(self, services: Services, gateway: Gateway) -> None:
        self._services = services
        self._gateway = gateway

    async def get(self, data: bytes, who: ConnectionClaims) -> bytes:
        """Return the public standing, now or as of a time."""
        wanted = _decoded(data, StandingRequest)
        subject, when = self._visible(wanted.subject, "standing", who), _moment(wanted.at)
        if when is not None:
            standing = await self._services.ledger.standing_at(subject, when)
            if standing is None:
                raise unknown_subject(subject)
            return msgspec.json.encode(standing)
        found = await self._services.ledger.snapshot(subject)
        if found is None:
            raise unknown_subject(subject)
        return found[1]

    async def explain(self, data: bytes, who: ConnectionClaims) -> bytes:
        """Return a page of the explanation; persons are in it for those who may see the detail."""
        wanted = _decoded(data, ExplainRequest)
        subject = self._visible(wanted.subject, "standing", who)
        category = category_in(wanted.category, self._services.policies.for_subject(subject))
        ledger = self._services.ledger
        if await ledger.snapshot(subject) is None:
            raise unknown_subject(subject)
        when = _moment(wanted.at)
        page = await ledger.explain(
            subject, category, wanted.limit, wanted.cursor, when, now=self._services.clock()
        )
        whole = self._gateway.access.may(Action.SUBSCRIBE, f"detail:{subject}", who, subscribed=False)
        return msgspec.json.encode(page if whole else without_persons(page))

    async def submit(self, data: bytes, who: ConnectionClaims) -> bytes:
        """Take one event of the connected user, who is its actor; return its answer after the commit."""
        if not data:
            raise EventError(
                "There is no event in the call: its data must be an object with at least type and subject.",
                field="data",
                expected="an event",
            )
        event = decode_event(data, self._services.limits)
        if not self._services.permissions.may_submit(event.type, event.subject, who):
            raise ForbiddenError(
                f"The rights of this connection do not allow {event.type[:64]} about {event.subject[:80]}.",
                code="may_not_submit",
                field="type",
                expected="rights with a matching entry in submit",
            )
        (answer,) = await self._services.ledger.append([_signed(event, who)])
        if answer.status is Status.REJECTED and answer.problem is not None:
            problem = answer.problem
            raise EventError(
                problem.detail, code=problem.code, field=problem.field, expected=problem.expected
            )
        return msgspec.json.encode(answer)

    def _visible(self, subject: str, namespace: str, who: ConnectionClaims) -> str:
        check_subject(subject, self._services.policies)
        if not self._gateway.access.may(Action.SUBSCRIBE, f"{namespace}:{subject}", who, subscribed=False):
            raise ForbiddenError(f"The rights of this connection do not allow to read {subject}.")
        return subject


def _decoded(data: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data or b"{}", type=kind)
    except DECODING_ERRORS as error:
        raise ParameterError(f"The parameters are wrong: {error}.", field="data") from error


def _moment(at: str | float | None) -> float | None:
    return None if at is None else moment(str(at))


def _signed(event: Event, who: ConnectionClaims) -> Event:
    """Return the event with the user as its actor; nobody speaks for somebody else."""
    actor = actor_of(who.user)
    if event.actor not in (None, actor):
        raise ForbiddenError(
            "An event that a client submits is the user's own.",
            code="not_the_actor",
            field="actor",
            expected=actor[:140],
        )
    return msgspec.structs.replace(event, actor=actor)
