"""`POST /api/<method>`: what backends do to rooms and connections, in the form that the official server
libraries of the client protocol speak (specification, section 22).

What is asked for and cannot be is answered with status 200 and an `error`; a bad key is 401.
"""

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, TypeVar

import msgspec
from litestar import Response, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from renown import __version__
from renown.api.access import ROOMS
from renown.api.problem import documented
from renown.api.reading import AnyRequest, json_response
from renown.api.services import Services, Use
from renown.gateway.admission.rights import Departure
from renown.gateway.operations import Operations, Target
from renown.intake import DECODING_ERRORS
from renown.protocol.access import Override, ServerSubscription
from renown.protocol.codes import DISCONNECTS, ERRORS, Disconnect, Error
from renown.protocol.effects import Position, ReadHistory
from renown.protocol.replies import ClientInfo
from renown.rooms.room import Draft

__all__ = ["METHODS", "ApiAnswer", "call_server_api"]

_MOST_CHANNELS: Final = 10_000
T = TypeVar("T", bound=msgspec.Struct)


class _Data(msgspec.Struct, frozen=True, kw_only=True):
    data: msgspec.Raw = msgspec.Raw()
    skip_history: bool | None = None
    tags: dict[str, str] | None = None
    b64data: str | None = None
    idempotency_key: str | None = None
    version: int | None = None
    version_epoch: str | None = None


class PublishRequest(_Data, frozen=True, kw_only=True):
    """Publish into one channel; with a key into its map."""

    channel: str
    key: str | None = None


class BroadcastRequest(_Data, frozen=True, kw_only=True):
    """Publish the same into several channels."""

    channels: list[str]


class _Flag(msgspec.Struct, frozen=True):
    value: bool


class _Overrides(msgspec.Struct, frozen=True):
    presence: _Flag | None = None
    join_leave: _Flag | None = None
    force_push_join_leave: _Flag | None = None
    force_positioning: _Flag | None = None
    force_recovery: _Flag | None = None


class _Since(msgspec.Struct, frozen=True):
    offset: int = 0
    epoch: str = ""


class _User(msgspec.Struct, frozen=True, kw_only=True):
    user: str
    client: str | None = None
    session: str | None = None

    def target(self, keep: tuple[str, ...] = ()) -> Target:
        return Target(self.user, self.client or "", self.session or "", keep)


class SubscribeRequest(_User, frozen=True, kw_only=True):
    """Subscribe a user's connections."""

    channel: str
    info: msgspec.Raw = msgspec.Raw()
    b64info: str | None = None
    data: msgspec.Raw = msgspec.Raw()
    b64data: str | None = None
    recover_since: _Since | None = None
    override: _Overrides | None = None


class UnsubscribeRequest(_User, frozen=True, kw_only=True):
    """End a user's subscriptions of a channel."""

    channel: str


class _Code(msgspec.Struct, frozen=True):
    code: int = 0
    reason: str = ""


class DisconnectRequest(_User, frozen=True, kw_only=True):
    """Close a user's connections."""

    whitelist: list[str] | None = None
    disconnect: _Code | None = None


class RefreshRequest(_User, frozen=True, kw_only=True):
    """Prolong a user's connections, or end them as expired."""

    expired: bool | None = None
    expire_at: float | None = None


class ChannelRequest(msgspec.Struct, frozen=True):
    """Name a channel."""

    channel: str


class HistoryRequest(msgspec.Struct, frozen=True):
    """Read a channel's log."""

    channel: str
    limit: int | None = None
    since: _Since | None = None
    reverse: bool | None = None


class ChannelsRequest(msgspec.Struct, frozen=True):
    """List channels."""

    pattern: str | None = None


class MapPublishRequest(_Data, frozen=True, kw_only=True):
    """Set a key of a map."""

    channel: str
    key: str


class MapRemoveRequest(msgspec.Struct, frozen=True):
    """Remove a key of a map."""

    channel: str
    key: str


class BatchRequest(msgspec.Struct, frozen=True):
    """Several commands, each an object with the method's name."""

    commands: list[dict[str, msgspec.Raw]]
    parallel: bool | None = None


class ApiError(msgspec.Struct, frozen=True):
    """Why it was not done; the codes are those of the client protocol."""

    code: int
    message: str


class ApiAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to one method."""

    error: ApiError | None = None
    result: msgspec.Raw | None = None


class _Refused(Exception):
    def __init__(self, error: Error) -> None:
        super().__init__(error.message)
        self.error = error


Method = Callable[["_Api", bytes], Awaitable[object]]


class _Api:
    """One method each: takes the body, returns the result, raises `_Refused`."""

    def __init__(self, services: Services, operations: Operations) -> None:
        self._services = services
        self._operations = operations

    async def publish(self, body: bytes) -> object:
        wanted = _decoded(body, PublishRequest)
        return await self._publish(wanted.channel, wanted, wanted.key or "")

    async def broadcast(self, body: bytes) -> object:
        wanted = _decoded(body, BroadcastRequest)
        if len(wanted.channels) > _MOST_CHANNELS:
            raise _Refused(ERRORS.LIMIT_EXCEEDED)
        responses: list[dict[str, object]] = []
        for channel in wanted.channels:
            try:
                responses.append({"result": await self._publish(channel, wanted)})
            except _Refused as refused:
                responses.append({"error": _said(refused.error)})
        return {"responses": responses}

    async def subscribe(self, body: bytes) -> object:
        wanted = _decoded(body, SubscribeRequest)
        since = wanted.recover_since
        terms = ServerSubscription(
            _raw(wanted.info, wanted.b64info),
            _raw(wanted.data, wanted.b64data),
            _override(wanted.override),
        )
        position = None if since is None else Position(since.epoch, since.offset)
        _unless(self._operations.subscribe(wanted.target(), wanted.channel, terms, position))
        return {}

    async def unsubscribe(self, body: bytes) -> object:
        wanted = _decoded(body, UnsubscribeRequest)
        self._operations.unsubscribe(wanted.target(), wanted.channel)
        return {}

    async def disconnect(self, body: bytes) -> object:
        wanted = _decoded(body, DisconnectRequest)
        why, keep = _code(wanted.disconnect), tuple(wanted.whitelist or ())
        if wanted.client or wanted.session:
            self._operations.disconnect(wanted.target(keep), why)
        else:
            # Through the ledger it reaches the user's connections to other processes, too.
            departure = msgspec.json.encode(Departure(why.code, why.reason, keep))
            await self._services.ledger.rights.disconnect(wanted.user, departure)
        return {}

    async def refresh(self, body: bytes) -> object:
        wanted = _decoded(body, RefreshRequest)
        until = wanted.expire_at or 0
        ttl = until - self._services.clock() if until > 0 else None
        expired = bool(wanted.expired) or (ttl is not None and ttl <= 0)
        self._operations.refresh(wanted.target(), ttl, expired=expired)
        return {}

    async def presence(self, body: bytes) -> object:
        return {"presence": self._present(body)}

    async def presence_stats(self, body: bytes) -> object:
        present = self._present(body)
        return {"num_clients": len(present), "num_users": len({info.user for info in present.values()})}

    async def history(self, body: bytes) -> object:
        wanted = _decoded(body, HistoryRequest)
        since = wanted.since
        question = ReadHistory(
            wanted.channel,
            None if since is None else since.offset,
            self._most(wanted.limit or 0),
            bool(wanted.reverse),
            "" if since is None else since.epoch,
        )
        found = await self._operations.history(question)
        if isinstance(found, Error):
            raise _Refused(found)
        return {"publications": found.publications, "offset": found.top, "epoch": found.epoch}

    async def history_remove(self, body: bytes) -> object:
        _unless(await self._operations.forget(_decoded(body, ChannelRequest).channel))
        return {}

    async def channels(self, body: bytes) -> object:
        found = self._operations.channels(_decoded(body, ChannelsRequest).pattern or "")
        return {"channels": {name: {"num_clients": number} for name, number in found.items()}}

    async def info(self, body: bytes) -> object:
        del body
        gateway = self._services.gateway
        node = {
            "uid": gateway.node,
            "name": "renown",
            "version": __version__,
            "num_clients": gateway.metrics.connections,
            "num_users": len(gateway.users),
            "num_subs": gateway.metrics.subscriptions,
            "num_channels": gateway.metrics.channels,
            "uptime": int(gateway.uptime),
        }
        return {"nodes": [node]}

    async def map_publish(self, body: bytes) -> object:
        wanted = _decoded(body, MapPublishRequest)
        return await self._publish(wanted.channel, wanted, wanted.key)

    async def map_remove(self, body: bytes) -> object:
        wanted = _decoded(body, MapRemoveRequest)
        done = await self._operations.publish(wanted.channel, Draft(key=wanted.key, removed=True))
        return _position(done)

    async def map_read_stream(self, body: bytes) -> object:
        return await self.history(body)

    async def batch(self, body: bytes) -> object:
        replies: list[dict[str, object]] = []
        for command in _decoded(body, BatchRequest).commands:
            name = next(iter(command), "")
            method = METHODS.get(name)
            if len(command) != 1 or method is None or name == "batch":
                raise _Refused(ERRORS.BAD_REQUEST)
            try:
                replies.append({name: await method(self, bytes(command[name]))})
            except _Refused as refused:
                replies.append({"error": _said(refused.error)})
        return {"replies": replies}

    async def _publish(self, channel: str, wanted: _Data, key: str = "") -> object:
        data = _raw(wanted.data, wanted.b64data)
        if not channel or data is None:
            raise _Refused(ERRORS.BAD_REQUEST)
        draft = Draft(
            data,
            tags=wanted.tags,
            key=key,
            idempotency_key=wanted.idempotency_key or "",
            version=wanted.version or 0,
            version_epoch=wanted.version_epoch or "",
        )
        return _position(await self._operations.publish(channel, draft, keep=not wanted.skip_history))

    def _present(self, body: bytes) -> dict[str, ClientInfo]:
        found = self._operations.presence(_decoded(body, ChannelRequest).channel)
        if isinstance(found, Error):
            raise _Refused(found)
        return found

    def _most(self, limit: int) -> int:
        most = self._services.gateway.options.recovery_limit
        return most if limit < 0 else min(limit, most)


METHODS: Final[dict[str, Method]] = {
    name: method for name, method in vars(_Api).items() if not name.startswith("_")
}
"""What can be asked for, by name."""


@post(
    "/api/{method:str}",
    summary="Act on rooms and connections",
    tags=["server"],
    status_code=200,
    responses={
        200: ResponseSpec(ApiAnswer, generate_examples=False),
        404: ResponseSpec(ApiAnswer, generate_examples=False, description="No such method"),
        **documented(401, 403),
    },
)
async def call_server_api(
    request: AnyRequest,
    services: Use,
    method: Annotated[
        str,
        Parameter(description="publish, broadcast, subscribe, disconnect, presence, history …"),
    ],
) -> Response[bytes]:
    """Do what an official server library asks for; needs an API key with the scope `rooms`.

    The channels of the ledger (`standing:`, `board:`, `activity:`, `alerts:` …) cannot be published into.
    """
    services.access.check(request.scope["headers"], ROOMS)
    known = METHODS.get(method)
    if known is None:
        return json_response(ApiAnswer(error=_said(ERRORS.METHOD_NOT_FOUND)), status=404)
    try:
        api = _Api(services, Operations(services.gateway))
        result = await known(api, await request.body())
    except _Refused as refused:
        return json_response(ApiAnswer(error=_said(refused.error)))
    return json_response({"result": result} if method != "batch" else result)


def _decoded(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except DECODING_ERRORS as error:
        raise _Refused(ERRORS.BAD_REQUEST) from error


def _raw(data: msgspec.Raw, encoded: str | None) -> msgspec.Raw | None:
    """Return what was given as compact JSON, or as any bytes in base64, which wins; None: nothing."""
    if encoded:
        try:
            return msgspec.Raw(base64.b64decode(encoded, validate=True))
        except (binascii.Error, ValueError) as error:
            raise _Refused(ERRORS.BAD_REQUEST) from error
    given = bytes(data)
    if given in (b"", b"null"):
        return None
    return msgspec.Raw(given if b"\n" not in given else msgspec.json.format(given, indent=-1))


def _override(given: _Overrides | None) -> Override:
    if given is None:
        return Override()
    flags: dict[str, Any] = msgspec.structs.asdict(given)
    return Override(**{name: None if flag is None else flag.value for name, flag in flags.items()})


def _code(given: _Code | None) -> Disconnect:
    if given is None or not given.code:
        return DISCONNECTS.FORCE_DISCONNECT
    if not 3000 <= given.code <= 4999:
        raise _Refused(ERRORS.BAD_REQUEST)
    return Disconnect(given.code, given.reason[:120] or "disconnected")


def _position(done: Position | Error) -> object:
    if isinstance(done, Error):
        raise _Refused(done)
    return {"offset": done.offset, "epoch": done.epoch} if done.offset else {}


def _unless(error: Error | None) -> None:
    if error is not None:
        raise _Refused(error)


def _said(error: Error) -> ApiError:
    return ApiError(error.code, error.message)
