"""`POST /v1/events`: the short way from a request's bytes to the ledger and back.

It is plain ASGI because it is the hot path: no routing, injection or response objects per event.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from time import perf_counter
from typing import Final
from urllib.parse import parse_qs

import msgspec
import structlog
from litestar.types import HTTPScope, Receive, Scope, Send

from renown.api.access import EVENTS
from renown.api.answer import EdgeAnswer
from renown.api.problem import PROBLEM_JSON, ProblemDetails, details_of, encode, headers_of, unexpected
from renown.api.services import Services
from renown.errors import ConflictError, EventError, RenownError
from renown.intake import (
    EventStream,
    MalformedError,
    Spool,
    TooLargeError,
    decode_array,
    decode_event,
    is_array,
    merge,
)
from renown.model import Answer, Event, Status

__all__ = ["EventsEndpoint"]

_NDJSON: Final = frozenset(
    ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
)
_JSON_HEADERS: Final = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
_NDJSON_HEADERS: Final = [
    (b"content-type", b"application/x-ndjson"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
_encoder = msgspec.json.Encoder()
_log = structlog.get_logger("renown.intake")


class GoneError(Exception):
    """The client went away before its request was complete."""


class EventsEndpoint:
    """Answers `POST /v1/events`: one event, an array, or NDJSON."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every failure becomes problem details."""
        if scope["type"] != "http":
            return
        try:
            await self._answer(scope, receive, send)
        except GoneError:
            return
        except RenownError as error:
            await _send_problem(send, details_of(error))
        except Exception:
            _log.exception("request failed", method="POST", path="/v1/events")
            await _send_problem(send, unexpected())

    async def _answer(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        self._services.access.check(scope["headers"], EVENTS)
        standing = _asks_for_standing(scope["query_string"])
        media = _media_type(scope)
        if media in _NDJSON:
            await self._stream(receive, send, standing=standing)
            return
        body = await self._body(receive)
        if is_array(body):
            await self._many(body, send, standing=standing)
        else:
            await self._one(body, send, standing=standing)

    async def _body(self, receive: Receive) -> bytes:
        most = self._services.limits.body_bytes
        pieces: list[bytes] = []
        length, more = 0, True
        while more:
            chunk, more = await _chunk(receive)
            pieces.append(chunk)
            length += len(chunk)
            if length > most:
                raise TooLargeError(
                    f"A request may have {most} bytes. Send more as NDJSON, which may be of any length.",
                    expected=f"at most {most} bytes",
                )
        return b"".join(pieces)

    async def _one(self, body: bytes, send: Send, *, standing: bool) -> None:
        event = decode_event(body, self._services.limits)
        began = perf_counter()
        answers = await self._services.ledger.append((event,), standing=standing)
        self._services.metrics.answered(answers, perf_counter() - began)
        answer = answers[0]
        if answer.status is Status.REJECTED:
            await _send_problem(send, _as_details(answer))
            return
        await _send_json(send, _encoder.encode(answer))

    async def _many(self, body: bytes, send: Send, *, standing: bool) -> None:
        read = decode_array(body, self._services.limits)
        events = [item for item in read if isinstance(item, Event)]
        began = perf_counter()
        given = await self._services.ledger.append(events, standing=standing) if events else []
        answers = merge(read, given)
        self._services.metrics.answered(answers, perf_counter() - began)
        await _send_json(send, _encoder.encode(answers))

    async def _stream(self, receive: Receive, send: Send, *, standing: bool) -> None:
        stream = EventStream(
            self._services.ledger,
            self._services.limits,
            standing=standing,
            count=self._services.metrics.answered,
        )
        with Spool() as spool:
            reading = asyncio.create_task(_read_into(stream, receive, spool))
            try:
                await _send_spool(send, spool)
                await reading
            finally:
                reading.cancel()
                with suppress(asyncio.CancelledError, GoneError):
                    await reading


async def _read_into(stream: EventStream, receive: Receive, spool: Spool) -> None:
    """Feed the request into the stream; what fails on the way becomes the last line."""
    try:
        async with aclosing(_paced(receive, spool)) as chunks:
            await stream.run(chunks, spool.write)
    except* GoneError:
        pass
    except* Exception as failed:
        spool.write(encode(_last_words(failed)) + b"\n")
    finally:
        spool.end()


async def _paced(receive: Receive, spool: Spool) -> AsyncGenerator[bytes]:
    """Hand on the request's chunks, but none while too many answers wait for the client to read them."""
    async with aclosing(_chunks(receive)) as chunks:
        async for chunk in chunks:
            await spool.room()
            yield chunk


def _last_words(failed: BaseExceptionGroup[Exception]) -> ProblemDetails:
    known = failed.subgroup(RenownError)
    if known is None:
        _log.error("stream failed", exc_info=failed)
        return unexpected()
    error: RenownError | BaseExceptionGroup[RenownError] = known
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return details_of(error)


async def _send_spool(send: Send, spool: Spool) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": list(_NDJSON_HEADERS)})
    while data := await spool.read():
        await send({"type": "http.response.body", "body": data, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _chunks(receive: Receive) -> AsyncGenerator[bytes]:
    more = True
    while more:
        chunk, more = await _chunk(receive)
        if chunk:
            yield chunk


async def _chunk(receive: Receive) -> tuple[bytes, bool]:
    """Return the next piece of a body, and whether there is more."""
    message = await receive()
    if message["type"] != "http.request":
        raise GoneError
    return message["body"], message.get("more_body", False)


def _media_type(scope: HTTPScope) -> str:
    """Return the body's media type in lower case.

    Raises:
        UnsupportedError: the body is encoded, or of a type that holds no events.

    """
    media = ""
    for name, value in scope["headers"]:
        if name == b"content-type":
            media = value.decode("latin-1").partition(";")[0].strip().lower()
        elif name == b"content-encoding" and value.lower() != b"identity":
            raise UnsupportedError("A compressed body is not supported.", field="Content-Encoding")
    if media.startswith(("multipart/", "image/", "audio/", "video/")) or media == "text/csv":
        raise UnsupportedError(
            f"Events come as JSON or NDJSON, not as {media}.",
            field="Content-Type",
            expected="application/json or application/x-ndjson",
        )
    return media


class UnsupportedError(EventError):
    """The body is of a type that holds no events."""

    code = "unsupported_media_type"
    status = 415


def _asks_for_standing(query: bytes) -> bool:
    if not query:
        return False
    given = parse_qs(query.decode("latin-1"), keep_blank_values=True)
    word = given.pop("standing", ["false"])[-1].lower()
    if word not in ("", "1", "true", "0", "false"):
        raise MalformedError(
            "standing is true or false.", code="invalid_parameter", field="standing", expected="true or false"
        )
    return word in ("", "1", "true")


def _as_details(answer: Answer) -> ProblemDetails:
    problem = answer.problem
    if problem is None:
        raise RuntimeError("a rejected answer came without its problem")
    kind = ConflictError if problem.code == ConflictError.code else EventError
    error = kind(problem.detail, code=problem.code, field=problem.field, expected=problem.expected)
    return details_of(error, event_id=answer.id)


async def _send_json(send: Send, body: bytes) -> None:
    if isinstance(send, EdgeAnswer):
        await send.whole(_JSON_HEADERS, body)
        return
    headers = [*_JSON_HEADERS, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _send_problem(send: Send, details: ProblemDetails) -> None:
    body = encode(details)
    headers = [(name.encode(), value.encode()) for name, value in headers_of(details.status).items()]
    headers += [(b"content-type", PROBLEM_JSON.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": details.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
