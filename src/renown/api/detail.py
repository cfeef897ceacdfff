"""What lies behind a standing: its history, its explanation, its events."""

from math import inf
from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from renown.api.problem import documented
from renown.api.public import ExplanationPage, activities_of, without_persons
from renown.api.reading import (
    NO_CACHE,
    AnyRequest,
    At,
    category_in,
    guard,
    json_response,
    moment,
    policy_of,
    subject_in,
    unknown_subject,
)
from renown.api.services import Services, Use
from renown.model import Activity, Change, Entry, Event, stamped, timestamp

__all__ = ["get_events", "get_explanation", "get_history"]


class Point(msgspec.Struct, frozen=True):
    """The score at one moment."""

    version: int
    at: str
    score: float


class History(msgspec.Struct, frozen=True):
    """The score over time, oldest first, thinned evenly to the number of points asked for."""

    subject: str
    points: list[Point]


class EventRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event as it is kept, for API keys; else its public face: subject, type, at, delta, value."""

    version: int
    """The subject's version that it made."""
    score: float
    """The overall score right after it."""
    event: Event | None = None
    received_at: str | None = None
    ended_at: str | None = None
    """When it was taken back, if it was."""
    ended_by: str | None = None
    """The id of the event that took it back."""
    subject: str | None = None
    type: str | None = None
    at: str | None = None
    delta: float | None = None
    value: float | None = None
    changes: tuple[Change, ...] | msgspec.UnsetType = msgspec.UNSET
    """What it did besides moving scores, and, for API keys, what guards said of it and why; left out when
    there is nothing."""
    held_why: str | None = None
    """Why it is under review now: `dispute`, `moderator` or `guard:<name>`."""


class EventPage(msgspec.Struct, frozen=True):
    """Events of one subject, newest first."""

    subject: str
    events: list[EventRecord]
    """Whole for an API key, else the public face of each."""
    before: int | None
    """Give it back as `before` for the next, older page; null on the last."""


def _record(entry: Entry) -> EventRecord:
    return EventRecord(
        version=entry.version,
        event=entry.event,
        received_at=timestamp(entry.received_at),
        score=entry.score,
        ended_at=stamped(entry.ended_at),
        ended_by=entry.ended_by,
        changes=entry.changes or msgspec.UNSET,
        held_why=entry.held_why if entry.held else None,
    )


def _public_record(activity: Activity) -> EventRecord:
    told = activity.changes or ()
    changes = tuple([Change(each.kind, each.name, each.before, each.after) for each in told])
    return EventRecord(
        version=activity.version,
        score=activity.score,
        subject=activity.subject,
        type=activity.type,
        at=activity.at,
        delta=activity.delta,
        value=activity.value,
        changes=changes or msgspec.UNSET,
    )


def _until(at: str | None) -> float:
    when = moment(at)
    return inf if when is None else when


async def _known(services: Services, subject: str) -> None:
    if await services.ledger.snapshot(subject) is None:
        raise unknown_subject(subject)


_PERSONAL = {"cache-control": "private, no-cache", "vary": "Authorization, X-API-Key"}
"""Headers of what is not the same for everybody."""
_ERRORS = documented(400, 401, 403, 404)


@get(
    "/v1/standings/{subject:str}/history",
    summary="The score over time",
    tags=["standings"],
    responses={200: ResponseSpec(History, generate_examples=False), **_ERRORS},
)
async def get_history(
    request: AnyRequest,
    services: Use,
    subject: Annotated[str, Parameter(description="kind:id")],
    *,
    points: Annotated[int, Parameter(ge=2, le=1_000, description="Most points")] = 200,
    at: At = None,
) -> Response[bytes]:
    """Return how the score came to be what it is."""
    reader = await guard(request, services)
    subject = subject_in(request, services)
    reader.check(subject, "standing")
    await _known(services, subject)
    found = await services.ledger.history(subject, points, _until(at))
    history = History(subject, [Point(point.version, timestamp(point.at), point.score) for point in found])
    return json_response(history, headers=NO_CACHE)


@get(
    "/v1/standings/{subject:str}/explain",
    summary="What every event does to the score",
    tags=["standings"],
    responses={200: ResponseSpec(ExplanationPage, generate_examples=False), **_ERRORS},
)
async def get_explanation(
    request: AnyRequest,
    services: Use,
    subject: Annotated[str, Parameter(description="kind:id")],
    *,
    category: Annotated[
        str | None, Parameter(description="A category of the policy; the overall score when absent")
    ] = None,
    limit: Annotated[int, Parameter(ge=1, le=500, description="Most lines")] = 50,
    cursor: Annotated[str | None, Parameter(description="The `cursor` of the page before")] = None,
    at: At = None,
) -> Response[bytes]:
    """Return why the score is what it is, newest event first.

    Its lines have the events' ids, actors and data only for an API key with the scope `read`, and for those
    who may see the subject's detail.
    """
    reader = await guard(request, services)
    subject = subject_in(request, services)
    reader.check(subject, "standing", "activity")
    name = category_in(category, policy_of(services.policies, subject))
    await _known(services, subject)
    page = await services.ledger.explain(subject, name, limit, cursor, moment(at), now=services.clock())
    whole = services.access.may_read_whole(request.scope["headers"]) or reader.sees(subject, "detail")
    return json_response(page if whole else without_persons(page), headers=_PERSONAL)


@get(
    "/v1/standings/{subject:str}/events",
    summary="The events of a subject",
    tags=["standings"],
    responses={200: ResponseSpec(EventPage, generate_examples=False), **_ERRORS},
)
async def get_events(
    request: AnyRequest,
    services: Use,
    subject: Annotated[str, Parameter(description="kind:id")],
    *,
    before: Annotated[
        int | None, Parameter(ge=1, le=2**53, description="Only events with a version below this one")
    ] = None,
    limit: Annotated[int, Parameter(ge=1, le=500, description="Most events")] = 50,
    at: At = None,
) -> Response[bytes]:
    """Return the events of a subject, newest first.

    They are whole, as the ledger keeps them, for an API key with the scope `read` and for those who may see
    the subject's detail; others get what the subject's `activity:` channel tells of each. Blind reviews that
    are not open are shown to API keys alone.
    """
    reader = await guard(request, services)
    subject = subject_in(request, services)
    reader.check(subject, "activity")
    await _known(services, subject)
    whole = services.access.may_read_whole(request.scope["headers"])
    entries = await services.ledger.events(subject, before, limit, _until(at), sealed=whole)
    last = entries[-1].version if len(entries) == limit else None
    following = last if last and last > 1 else None
    if whole or reader.sees(subject, "detail"):
        events = [_record(entry) for entry in entries]
    else:
        found = await activities_of(services.ledger, subject, entries)
        events = [_public_record(each) for each in found]
    page = EventPage(subject, events, following)
    return json_response(page, headers=_PERSONAL)
