"""The client: sends events and reads standings over HTTP."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import httpx
import msgspec

from renown.client.answers import Answer
from renown.client.failures import UnreachableError, error_of
from renown.model import Event, Standing

__all__ = ["Renown"]


class _Standings(msgspec.Struct, frozen=True):
    standings: list[Standing]


_answer = msgspec.json.Decoder(Answer)
_standing = msgspec.json.Decoder(Standing)
_standings = msgspec.json.Decoder(_Standings)
_encoder = msgspec.json.Encoder()
_NDJSON: Final = {"content-type": "application/x-ndjson"}
_JSON: Final = {"content-type": "application/json"}
DEFAULT_URL: Final = "http://127.0.0.1:8000"


class Renown:
    """A connection to a Renown server. Safe to use from several threads.

    Every method raises a subclass of `RenownError` for what the server turns down, and
    `UnreachableError` when there is no server.
    """

    def __init__(
        self, url: str = DEFAULT_URL, key: str | Callable[[], str] | None = None, *, timeout: float = 30.0
    ) -> None:
        """Use the server at `url` with an API key, or a function that returns one or a client token.

        Args:
            url: Where the server is, without a path.
            key: `rk_…`; None for a server in dev mode.
            timeout: Seconds to wait for any step of a request.

        """
        self.url = url.rstrip("/")
        self._key = key
        self._http = httpx.Client(base_url=self.url, timeout=timeout, headers={"accept": "application/json"})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def event(
        self,
        subject: str,
        type: str,  # noqa: A002 (the event's own word)
        *,
        value: float | None = None,
        actor: str | None = None,
        categories: dict[str, float] | None = None,
        ref: str | None = None,
        occurred_at: datetime | None = None,
        data: dict[str, Any] | None = None,
        id: str | None = None,  # noqa: A002 (the event's own word)
        standing: bool = False,
    ) -> Answer:
        """Tell one event; return its answer after it is committed.

        Give it an `id` of your own: sending the same event again is then harmless.

        Raises:
            EventError: the event cannot be applied.
            ConflictError: its id is in use with another body.

        """
        event = Event(
            type=type,
            subject=subject,
            id=id,
            actor=actor,
            value=value,
            categories=categories,
            ref=ref,
            occurred_at=occurred_at,
            data=data,
        )
        return self.send(event, standing=standing)

    def send(self, event: Event, *, standing: bool = False) -> Answer:
        """Tell one event that is at hand as a struct; see `event`."""
        body = self._post("/v1/events", _encoder.encode(event), _JSON, standing=standing)
        return _answer.decode(body)

    def events(
        self,
        events: Iterable[Event | Mapping[str, Any] | bytes],
        *,
        batch: int = 2_000,
        standing: bool = False,
    ) -> Iterator[Answer]:
        """Tell any number of events in order; yield the answers in the same order.

        They go out as NDJSON, `batch` lines per request. Rejected events are answered, not raised.

        Args:
            events: Structs, mappings, or the JSON of one event without line breaks.
            batch: Events per request.
            standing: Whether to put the subject's newest standing into each answer.

        """
        source = iter(events)
        while lines := [_line(event) for event in islice(source, batch)]:
            body = self._post("/v1/events", b"\n".join(lines) + b"\n", _NDJSON, standing=standing)
            yield from _lines(body)

    def standing(self, subject: str, *, at: datetime | None = None) -> Standing:
        """Return a subject's standing, now or as of a time.

        Raises:
            NotFoundError: nothing has happened to it, or its kind has no policy.

        """
        return _standing.decode(self._get(f"/v1/standings/{_path(subject)}", {"at": _at(at)}))

    def standings(self, subjects: Sequence[str], *, at: datetime | None = None) -> list[Standing]:
        """Return the standings of up to 200 subjects, of those that have one, now or as of `at`."""
        body = self._get("/v1/standings", {"subject": list(subjects), "at": _at(at)})
        return _standings.decode(body).standings

    def search(
        self, text: str = "", *, kind: str | None = None, limit: int = 20, at: datetime | None = None
    ) -> list[Standing]:
        """Return the standings of subjects whose id begins with or contains a text, now or as of `at`."""
        query = {"q": text, "kind": kind, "limit": limit, "at": _at(at)}
        return _standings.decode(self._get("/v1/subjects", query)).standings

    def events_of(
        self, subject: str, *, before: int | None = None, limit: int = 50, at: datetime | None = None
    ) -> dict[str, Any]:
        """Return the events of a subject, newest first; `before` leads to older ones. With `at`, of then."""
        query = {"before": before, "limit": limit, "at": _at(at)}
        return msgspec.json.decode(self._get(f"/v1/standings/{_path(subject)}/events", query))

    def held(
        self,
        *,
        kind: str | None = None,
        subject: str | None = None,
        before: int | None = None,
        limit: int = 50,
        at: datetime | None = None,
    ) -> dict[str, Any]:
        """Return what is under review, newest first, now or at a past time; `before` leads to older ones."""
        query = {"kind": kind, "subject": subject, "before": before, "limit": limit, "at": _at(at)}
        return msgspec.json.decode(self._get("/v1/held", query))

    def incidents(
        self,
        *,
        kind: str | None = None,
        subject: str | None = None,
        limit: int = 50,
        at: datetime | None = None,
    ) -> dict[str, Any]:
        """Return guards in alarm, how much is under review and alerts, now or as of a past time."""
        query = {"kind": kind, "subject": subject, "limit": limit, "at": _at(at)}
        return msgspec.json.decode(self._get("/v1/incidents", query))

    def explain(
        self,
        subject: str,
        *,
        category: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
        at: datetime | None = None,
    ) -> dict[str, Any]:
        """Return what every event does to the score, newest first; `cursor` leads to older ones.

        With `at` it is told as of that time.
        """
        query = {"category": category, "limit": limit, "cursor": cursor, "at": _at(at)}
        return msgspec.json.decode(self._get(f"/v1/standings/{_path(subject)}/explain", query))

    def history(self, subject: str, *, points: int = 200, at: datetime | None = None) -> list[dict[str, Any]]:
        """Return the score over time: `version`, `at` and `score` per point, oldest first; as of `at`."""
        query = {"points": points, "at": _at(at)}
        body = self._get(f"/v1/standings/{_path(subject)}/history", query)
        return msgspec.json.decode(body)["points"]

    def board(self, kind: str, *, limit: int = 20, at: datetime | None = None) -> list[dict[str, Any]]:
        """Return the best of a kind, now or as of `at`."""
        query = {"limit": limit, "at": _at(at)}
        return msgspec.json.decode(self._get(f"/v1/boards/{quote(kind)}", query))["rows"]

    def info(self) -> dict[str, Any]:
        """Return what the server is and which kinds of subjects it knows."""
        return msgspec.json.decode(self._get("/v1/info", {}))

    def policy(self, kind: str, *, version: int | None = None) -> dict[str, Any]:
        """Return the rules of a kind with their text and all versions: those in force, or of one version.

        Raises:
            NotFoundError: there is no policy of that kind, or it has had no such version.

        """
        return msgspec.json.decode(self._get(f"/v1/policies/{quote(kind)}", {"version": version}))

    def channels(self) -> list[dict[str, Any]]:
        """Return the namespaces of channels with their rules; channels without one have an empty name."""
        return msgspec.json.decode(self._get("/v1/channels", {}))["channels"]

    def _get(self, path: str, query: Mapping[str, Any]) -> bytes:
        given = {name: value for name, value in query.items() if value is not None}
        return self._request("GET", path, params=given, headers=self._auth())

    def _post(self, path: str, body: bytes, headers: dict[str, str], *, standing: bool) -> bytes:
        params = {"standing": "true"} if standing else {}
        return self._request("POST", path, params=params, content=body, headers={**headers, **self._auth()})

    def _request(self, method: str, path: str, **rest: Any) -> bytes:
        try:
            response = self._http.request(method, path, **rest)
        except httpx.TransportError as error:
            raise UnreachableError(f"No answer from {self.url}: {error or 'connection lost'}.") from error
        if response.status_code >= 300:
            raise error_of(response.status_code, response.content)
        return response.content

    def _auth(self) -> dict[str, str]:
        key = self._key() if callable(self._key) else self._key
        return {} if key is None else {"authorization": f"Bearer {key}"}


def _at(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _path(subject: str) -> str:
    return quote(subject, safe=":")


def _line(event: Event | Mapping[str, Any] | bytes) -> bytes:
    return event if isinstance(event, bytes) else _encoder.encode(event)


def _lines(body: bytes) -> Iterator[Answer]:
    for line in body.splitlines():
        try:
            yield _answer.decode(line)
        except msgspec.ValidationError:
            # A failure in the middle of a stream is its last line, as problem details.
            raise error_of(503, line) from None
