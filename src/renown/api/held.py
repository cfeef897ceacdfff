"""What is under review: what guards, moderators and disputes hold, and releasing or dismissing it."""

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from renown.api.access import EVENTS, actor_of
from renown.api.bodies import decoded
from renown.api.problem import documented
from renown.api.reading import (
    NO_STORE,
    AnyRequest,
    At,
    Reader,
    check_scope,
    guard,
    json_response,
    moment,
)
from renown.api.services import Services, Use
from renown.errors import EventError, ForbiddenError
from renown.ledger import Ledger
from renown.model import Answer, Change, Entry, Event, Problem, Status, stamped, timestamp
from renown.protocol.access import ConnectionClaims

__all__ = ["dismiss_held", "get_held", "release_held"]

MOST: Final = 200
"""Most events that are decided on at once."""
_SAID_BY_GUARDS: Final = ("flag", "weigh")


class HeldEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event that does not count, or not wholly, until somebody decides or time is up."""

    seq: int
    """Its position in the ledger; give the last one's back as `before` for the next page."""
    event: Event
    why: str
    """`dispute`, `moderator` or `guard:<name>`."""
    held_at: str
    by: str
    """The id of the event that holds it; its own when a guard held it on arrival."""
    until: str | None = None
    """When the hold ends by itself."""
    share: float = 0.0
    """What share of its weight counts meanwhile."""
    reasons: tuple[str, ...] = ()
    """What was found, in sentences with figures."""


class HeldPage(msgspec.Struct, frozen=True):
    """What is under review, newest first."""

    held: list[HeldEvent]
    counts: dict[str, dict[str, int]]
    """How much is held, per kind of subject and reason."""
    before: int | None
    """For the next, older page; null on the last."""


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which held events are decided on."""

    ids: tuple[str, ...]
    reason: str | None = None
    """Told in the history and in explanations."""
    actor: str | None = None
    """Who decides, `kind:id`; of a client token it is its user."""


async def _held(ledger: Ledger, entry: Entry, makers: Mapping[str, Entry] | None) -> HeldEvent:
    """Return a held event with its reasons, told by `makers` where they are given, else by the ledger."""
    by: Entry | None = entry
    # A guard holds an event as it comes; disputes and moderators do it by an event of their own.
    if entry.held_by not in (None, entry.event.id):
        by = await ledger.event(entry.held_by) if makers is None else makers.get(entry.held_by)
    changes = () if by is None else by.changes
    if by is not entry:
        changes += tuple([change for change in entry.changes if change.kind in _SAID_BY_GUARDS])
    return HeldEvent(
        entry.seq,
        entry.event,
        entry.held_why or "",
        timestamp(entry.held_at or entry.at),
        entry.held_by or "",
        stamped(entry.held_until),
        entry.held_share,
        tuple(change.why for change in changes if change.why is not None and _tells(change, entry)),
    )


def _tells(change: Change, entry: Entry) -> bool:
    return change.kind in _SAID_BY_GUARDS or (
        change.kind in ("hold", "dispute") and change.name == entry.event.id
    )


@get(
    "/v1/held",
    summary="What is under review",
    tags=["moderation"],
    responses={200: ResponseSpec(HeldPage, generate_examples=False), **documented(400, 401, 403, 404)},
)
async def get_held(
    request: AnyRequest,
    services: Use,
    *,
    kind: Annotated[str | None, Parameter(description="Only subjects of this kind")] = None,
    subject: Annotated[str | None, Parameter(description="Only this subject, kind:id")] = None,
    before: Annotated[int | None, Parameter(ge=1, le=2**53, description="`before` of the last page")] = None,
    limit: Annotated[int, Parameter(ge=1, le=200, description="Most events")] = 50,
    at: At = None,
) -> Response[bytes]:
    """Return what is held and why, newest first; of a client token what its user sees the detail of.

    With `at` it is told what was held at that time.
    """
    reader = await guard(request, services)
    check_scope(reader, kind, subject, services.policies)
    ledger, when = services.ledger, moment(at)
    if when is None:
        entries, makers = await ledger.held(kind, subject, before, limit), None
        counts = await ledger.held_counts()
    else:
        then = await ledger.reviews_at(kind, subject, before, limit, when)
        entries, makers, counts = then.entries, then.makers, then.counts
    following = entries[-1].seq if len(entries) == limit else None
    seen = [
        await _held(ledger, each, makers) for each in entries if reader.sees(each.event.subject, "detail")
    ]
    return json_response(HeldPage(seen, _seen_of(counts, reader, kind), following), headers=NO_STORE)


def _seen_of(
    counts: Mapping[str, dict[str, int]], reader: Reader, kind: str | None
) -> dict[str, dict[str, int]]:
    return {
        name: found
        for name, found in counts.items()
        if kind in (None, name) and reader.sees(f"{name}:*", "detail")
    }


@post(
    "/v1/held/release",
    summary="Let held events count",
    tags=["moderation"],
    status_code=200,
    responses={
        200: ResponseSpec(list[Answer], generate_examples=False),
        **documented(400, 401, 403, 422, 503),
    },
)
async def release_held(request: AnyRequest, services: Use) -> Response[bytes]:
    """Let held events count, one or many: `{"ids", "reason", "actor"}`; each gets its answer."""
    return await _decide(request, services, "release")


@post(
    "/v1/held/dismiss",
    summary="Let held events never count",
    tags=["moderation"],
    status_code=200,
    responses={
        200: ResponseSpec(list[Answer], generate_examples=False),
        **documented(400, 401, 403, 422, 503),
    },
)
async def dismiss_held(request: AnyRequest, services: Use) -> Response[bytes]:
    """Let held events never count, one or many: `{"ids", "reason", "actor"}`; each gets its answer."""
    return await _decide(request, services, "dismiss")


async def _decide(request: AnyRequest, services: Services, what: str) -> Response[bytes]:
    who = await _who(request, services)
    wanted = _decision(await request.body())
    actor = wanted.actor if who is None else actor_of(who.user)
    data = None if wanted.reason is None else {"reason": wanted.reason}
    steps: list[Event | Answer] = []
    for each in wanted.ids:
        entry = await services.ledger.event(each)
        if entry is None:
            problem = Problem("ref_not_found", f"`{each[:80]}` is no event", "ids", "ids of held events")
            steps.append(Answer(Status.REJECTED, each, problem=problem))
            continue
        subject = entry.event.subject
        if who is not None and not services.permissions.may_submit(what, subject, who):
            problem = Problem(
                "may_not_submit", f"This token may not {what} what {subject[:80]} is told", "ids"
            )
            steps.append(Answer(Status.REJECTED, each, problem=problem))
            continue
        steps.append(Event(what, subject, actor=actor, ref=each, data=data))
    answers = iter(await services.ledger.append([step for step in steps if isinstance(step, Event)]))
    told = [next(answers) if isinstance(step, Event) else step for step in steps]
    return json_response(told, headers=NO_STORE)


async def _who(request: AnyRequest, services: Services) -> ConnectionClaims | None:
    """Return whose token decides; None: an API key that may send events."""
    try:
        services.access.check(request.scope["headers"], EVENTS)
    except ForbiddenError:
        who = (await guard(request, services)).who
        if who is None:
            raise
        return who
    return None


def _decision(body: bytes) -> Decision:
    wanted = decoded(body, Decision, '{"ids": ["…"]}')
    if not 1 <= len(wanted.ids) <= MOST:
        raise EventError(
            f"Decide on 1 to {MOST} events at once.",
            code="invalid_request",
            field="ids",
            expected=f"1 to {MOST} ids",
        )
    return wanted
