"""The rules of each kind over HTTP: reading them, trying others on the whole ledger, switching to them."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post, put
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter
from litestar.response import Stream

from renown.api.access import POLICIES
from renown.api.problem import documented
from renown.api.reading import NO_STORE, AnyRequest, check_kind, guard, json_response
from renown.api.services import Services, Use
from renown.errors import NotFoundError, PolicyError, RenownError
from renown.intake import TooLargeError
from renown.ledger import InForce, Kept, PolicyBook, Trial
from renown.model import Problem, stamped, timestamp
from renown.policy import Policy, differences, load

__all__ = ["check_policy", "get_policy", "put_policy", "try_policy"]

MOST_BYTES: Final = 1024 * 1024
"""Of one policy's text."""
_TELL_EVERY: Final = 0.1
"""Seconds between two lines of progress."""
_NDJSON: Final = "application/x-ndjson"
_encode = msgspec.json.Encoder().encode

_Kind = Annotated[str, Parameter(description="A kind of subject, such as seller")]


class Switching(msgspec.Struct, frozen=True):
    """How far the subjects of a kind are under its newest rules."""

    done: int
    subjects: int


class PolicyVersion(msgspec.Struct, frozen=True):
    """One version of a kind's rules."""

    version: int
    name: str
    since: str
    """When it came into force."""


class PolicyState(msgspec.Struct, frozen=True):
    """The rules of a kind: those in force, or those of a version that it has had."""

    kind: str
    name: str
    version: int
    since: str | None
    switching: Switching | None
    """None once all subjects are under these rules, and of rules that are not in force."""
    versions: list[PolicyVersion]
    """All that the kind has had, oldest first."""
    text: str
    """The policy as TOML."""
    policy: dict[str, object] | None
    """The policy with every default filled in; null of an old version that this server cannot read."""


class Going(msgspec.Struct, frozen=True):
    """How far a trial has come."""

    done: int
    """Events."""
    total: int


class TrialLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a trial's answer: progress, and at the end what came of it or what went wrong."""

    progress: Going | None = None
    trial: Trial | None = None
    problem: Problem | None = None


@get(
    "/v1/policies/{kind:str}",
    summary="The rules of a kind",
    tags=["policies"],
    responses={200: ResponseSpec(PolicyState, generate_examples=False), **documented(400, 401, 403, 404)},
)
async def get_policy(
    request: AnyRequest,
    services: Use,
    kind: _Kind,
    version: Annotated[
        int | None, Parameter(ge=1, le=2**53, description="One of `versions`; the rules in force when absent")
    ] = None,
) -> Response[bytes]:
    """Return the policy in force, its text and its versions, and how far a switch to it is.

    With `version` it is the text and the rules of that version, whether they are in force or were once.
    """
    await guard(request, services)
    check_kind(kind, services.policies)
    book = services.ledger.policies
    state = book.of(kind)
    if version is None or version == state.policy.version:
        return _state(state)
    kept = await book.kept(kind, version)
    if kept is None:
        had = ", ".join(str(each.version) for each in state.versions[-20:])
        raise NotFoundError(
            f"The rules of {kind[:40]} have had no version {version}.",
            code="unknown_version",
            field="version",
            expected=f"one of {had}",
        )
    return _state(state, kept)


@put(
    "/v1/policies/{kind:str}",
    summary="Put new rules in force",
    tags=["policies"],
    status_code=200,
    responses={
        200: ResponseSpec(PolicyState, generate_examples=False),
        **documented(400, 401, 403, 404, 409, 413, 503),
    },
)
async def put_policy(request: AnyRequest, services: Use, kind: _Kind) -> Response[bytes]:
    """Take a policy as TOML, with a higher `version` than the kind has had, and put it in force.

    From the answer on nothing is folded under older rules. Subjects are brought under the new ones in the
    background; those that show something else get a new version, which watchers are told.
    """
    policy = await _policy_in(request, services, kind)
    return _state(await services.ledger.policies.put(policy))


class Checked(msgspec.Struct, frozen=True):
    """What a policy that has no mistakes is, beside the one in force."""

    kind: str
    name: str
    version: int
    at_least: int
    """The lowest version with which other rules than those in force could be put in force."""
    same: bool
    """Whether these are the very rules in force."""
    differences: list[str]
    """What says something else than in force, a line each."""


@post(
    "/v1/policies/{kind:str}/check",
    summary="Check rules",
    tags=["policies"],
    status_code=200,
    responses={
        200: ResponseSpec(Checked, generate_examples=False),
        **documented(400, 401, 403, 404, 413),
    },
)
async def check_policy(request: AnyRequest, services: Use, kind: _Kind) -> Response[bytes]:
    """Take a policy as TOML and say what is wrong with it, or else what it would change of the rules.

    A mistake is answered with 400: `field` is the dotted path of the key, `expected` what it may say.
    """
    policy = await _policy_in(request, services, kind)
    state = services.ledger.policies.of(kind)
    found = differences(state.policy, policy)
    newest = max([state.policy.version, *(each.version for each in state.versions)])
    told = Checked(kind, policy.name, policy.version, newest + 1, not found, [each.words for each in found])
    return json_response(told, headers=NO_STORE)


@post(
    "/v1/policies/{kind:str}/try",
    summary="Try rules on the whole ledger",
    tags=["policies"],
    status_code=200,
    responses={
        200: ResponseSpec(
            TrialLine,
            generate_examples=False,
            media_type=_NDJSON,  # pyright: ignore[reportArgumentType]  # Litestar's enum lacks it
            description="Lines of progress; the last one has the trial, or the problem",
        ),
        **documented(400, 401, 403, 404, 409, 413),
    },
)
async def try_policy(request: AnyRequest, services: Use, kind: _Kind) -> Stream:
    """Take a policy as TOML and say what it would change, without changing anything.

    The answer is NDJSON: now and then `progress`, at last `trial`. One at a time; whoever leaves ends theirs.
    """
    policy = await _policy_in(request, services, kind)
    book = services.ledger.policies
    book.check_free()
    return Stream(_lines(book, policy), media_type=_NDJSON, headers={**NO_STORE, "x-accel-buffering": "no"})


async def _policy_in(request: AnyRequest, services: Services, kind: str) -> Policy:
    services.access.check(request.scope["headers"], POLICIES)
    check_kind(kind, services.policies)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise TooLargeError(
                f"A policy may have {MOST_BYTES} bytes.", expected=f"at most {MOST_BYTES} bytes"
            )
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise PolicyError("policy: not TOML: it is no UTF-8", code="invalid_toml") from None
    # Checking may take a while: a policy is as large as people write it.
    policy = await asyncio.to_thread(load, text)
    if policy.kind != kind:
        raise PolicyError(
            f"the policy is for `{policy.kind}`, not for `{kind}`",
            code="wrong_value",
            field="kind",
            expected=kind,
        )
    return policy


def _state(state: InForce, kept: Kept | None = None) -> Response[bytes]:
    """Return the rules in force, or what is `kept` of others beside the versions there are."""
    policy: Policy | None = state.policy
    name, version, since, text = state.policy.name, state.policy.version, state.since, state.text
    switching = None if state.done is None else Switching(min(state.done, state.subjects), state.subjects)
    if kept is not None:
        policy, text, switching = kept.policy, kept.text, None
        version, name, since = kept.version.version, kept.version.name, kept.version.since
    told = PolicyState(
        kind=state.policy.kind,
        name=name,
        version=version,
        since=stamped(since),
        switching=switching,
        versions=[PolicyVersion(each.version, each.name, timestamp(each.since)) for each in state.versions],
        text=text,
        policy=None if policy is None else msgspec.to_builtins(policy),
    )
    return json_response(told, headers=NO_STORE)


async def _lines(book: PolicyBook, policy: Policy) -> AsyncGenerator[bytes]:
    """Yield what a trial tells; whoever stops listening ends it."""
    newest: list[Going] = []
    stop = threading.Event()

    def tell(done: int, total: int) -> None:
        newest[:] = [Going(done, total)]

    trying = asyncio.ensure_future(book.try_out(policy, tell, stop))
    try:
        while not (await asyncio.wait([trying], timeout=_TELL_EVERY))[0]:
            if newest:
                yield _line(TrialLine(progress=newest[0]))
        yield _line(_outcome(trying))
    finally:
        stop.set()
        trying.cancel()
        with suppress(asyncio.CancelledError, RenownError):
            await trying


def _outcome(tried: asyncio.Future[Trial]) -> TrialLine:
    try:
        return TrialLine(trial=tried.result())
    except RenownError as error:
        return TrialLine(problem=error.problem)


def _line(line: TrialLine) -> bytes:
    return _encode(line) + b"\n"
