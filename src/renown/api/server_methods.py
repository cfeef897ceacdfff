"""The methods of `POST /api/<method>`, one each."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec

from renown.api.server_forms import (
    BatchRequest,
    BroadcastRequest,
    ChannelRequest,
    ChannelsRequest,
    Code,
    Content,
    DisconnectRequest,
    HistoryRequest,
    MapPublishRequest,
    MapRemoveRequest,
    Overrides,
    PublishRequest,
    RefreshRequest,
    SubscribeRequest,
    UnsubscribeRequest,
)
from renown.api.services import Services
from renown.gateway.admission.rights import Departure
from renown.gateway.nodes.messages import Described
from renown.gateway.operations import Operations
from renown.intake import DECODING_ERRORS
from renown.protocol.access import Override, ServerSubscription
from renown.protocol.codes import DISCONNECTS, ERRORS, Disconnect, Error, disconnect
from renown.protocol.effects import Position, ReadHistory
from renown.protocol.raw import compact
from renown.protocol.replies import ClientInfo
from renown.rooms.room import Draft

__all__ = ["METHODS", "ApiAnswer", "ApiError", "Methods", "Refused", "said"]

_MOST_CHANNELS: Final = 10_000
T = TypeVar("T", bound=msgspec.Struct)


class ApiError(msgspec.Struct, frozen=True):
    """Why it was not done; the codes are those of the client protocol."""

    code: int
    message: str


class ApiAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to one method."""

    error: ApiError | None = None
    result: msgspec.Raw | None = None


class Refused(Exception):
    """Why a method was not done."""

    def __init__(self, error: Error) -> None:
        super().__init__(error.message)
        self.error = error


Method = Callable[["Methods", bytes], Awaitable[object]]


class Methods:
    """One method each: takes the body, returns the result, raises `Refused`."""

    def __init__(self, services: Services, operations: Operations) -> None:
        self._services = services
        self._operations = operations

    async def publish(self, body: bytes) -> object:
        """Publish into one channel."""
        wanted = _decoded(body, PublishRequest)
        return await self._publish(wanted.channel, wanted, wanted.key or "")

    async def broadcast(self, body: bytes) -> object:
        """Publish the same into several channels; each has its own answer."""
        wanted = _decoded(body, BroadcastRequest)
        if len(wanted.channels) > _MOST_CHANNELS:
            raise Refused(ERRORS.LIMIT_EXCEEDED)
        responses: list[dict[str, object]] = []
        for channel in wanted.channels:
            try:
                responses.append({"result": await self._publish(channel, wanted)})
            except Refused as refused:
                responses.append({"error": said(refused.error)})
        return {"responses": responses}

    async def subscribe(self, body: bytes) -> object:
        """Subscribe a user's connections to a channel."""
        wanted = _decoded(body, SubscribeRequest)
        since = wanted.recover_since
        terms = ServerSubscription(
            _raw(wanted.info, wanted.b64info),
            _raw(wanted.data, wanted.b64data),
            _override(wanted.override),
        )
        position = None if since is None else Position(since.epoch, since.offset)
        ttl = self._until(wanted.expire_at)
        if ttl is not None and ttl <= 0:
            raise Refused(ERRORS.EXPIRED)
        _unless(await self._operations.subscribe(wanted.target(), wanted.channel, terms, position, ttl))
        return {}

    async def unsubscribe(self, body: bytes) -> object:
        """End a user's subscriptions of a channel."""
        wanted = _decoded(body, UnsubscribeRequest)
        _unless(await self._operations.unsubscribe(wanted.target(), wanted.channel))
        return {}

    async def disconnect(self, body: bytes) -> object:
        """Close a user's connections."""
        wanted = _decoded(body, DisconnectRequest)
        why, keep = _code(wanted.disconnect), tuple(wanted.whitelist or ())
        if wanted.client or wanted.session:
            _unless(await self._operations.disconnect(wanted.target(keep), why))
        else:
            # Through the ledger it reaches the user's connections to other processes, too.
            departure = msgspec.json.encode(Departure(why.code, why.reason, keep))
            await self._services.ledger.rights.disconnect(wanted.user, departure)
        return {}

    async def refresh(self, body: bytes) -> object:
        """Prolong a user's connections, or end them as expired."""
        wanted = _decoded(body, RefreshRequest)
        ttl = self._until(wanted.expire_at)
        expired = bool(wanted.expired) or (ttl is not None and ttl <= 0)
        _unless(await self._operations.refresh(wanted.target(), ttl, expired=expired))
        return {}

    async def presence(self, body: bytes) -> object:
        """Tell who is in a channel."""
        return {"presence": self._present(body)}

    async def presence_stats(self, body: bytes) -> object:
        """Tell how many are in a channel."""
        present = self._present(body)
        return {"num_clients": len(present), "num_users": len({info.user for info in present.values()})}

    async def history(self, body: bytes) -> object:
        """Read a channel's log."""
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
            raise Refused(found)
        return {"publications": found.publications, "offset": found.top, "epoch": found.epoch}

    async def history_remove(self, body: bytes) -> object:
        """Forget a room's log."""
        _unless(await self._operations.forget(_decoded(body, ChannelRequest).channel))
        return {}

    async def channels(self, body: bytes) -> object:
        """List the channels that are watched, in any process."""
        found = await self._operations.all_channels(_decoded(body, ChannelsRequest).pattern or "")
        if isinstance(found, Error):
            raise Refused(found)
        return {"channels": {name: {"num_clients": number} for name, number in found.items()}}

    async def info(self, body: bytes) -> object:
        """Tell about each process."""
        del body
        found = await self._operations.describe()
        if isinstance(found, Error):
            raise Refused(found)
        return {"nodes": [_node(uid, told) for uid, told in found.items()]}

    async def map_publish(self, body: bytes) -> object:
        """Set a key of a map."""
        wanted = _decoded(body, MapPublishRequest)
        return await self._publish(wanted.channel, wanted, wanted.key)

    async def map_remove(self, body: bytes) -> object:
        """Remove a key of a map."""
        wanted = _decoded(body, MapRemoveRequest)
        done = await self._operations.publish(wanted.channel, Draft(key=wanted.key, removed=True))
        return _position(done)

    async def map_read_stream(self, body: bytes) -> object:
        """Read the log of a map."""
        return await self.history(body)

    async def batch(self, body: bytes) -> object:
        """Do several commands in order."""
        replies: list[dict[str, object]] = []
        for command in _decoded(body, BatchRequest).commands:
            name = next(iter(command), "")
            method = METHODS.get(name)
            if len(command) != 1 or method is None or name == "batch":
                raise Refused(ERRORS.BAD_REQUEST)
            try:
                replies.append({name: await method(self, bytes(command[name]))})
            except Refused as refused:
                replies.append({"error": said(refused.error)})
        return {"replies": replies}

    async def _publish(self, channel: str, wanted: Content, key: str = "") -> object:
        data = _raw(wanted.data, wanted.b64data)
        longest = self._services.gateway.options.channel_name_limit
        if data is None or not 0 < len(channel.encode(errors="replace")) <= longest:
            raise Refused(ERRORS.BAD_REQUEST)
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
            raise Refused(found)
        return found

    def _until(self, expire_at: float | None) -> float | None:
        """Return how many seconds are left; None, as for a time of 0: any number."""
        return expire_at - self._services.clock() if expire_at and expire_at > 0 else None

    def _most(self, limit: int) -> int:
        most = self._services.gateway.options.recovery_limit
        return most if limit < 0 else min(limit, most)


METHODS: Final[dict[str, Method]] = {
    name: method for name, method in vars(Methods).items() if not name.startswith("_")
}
"""What can be asked for, by name."""


def _decoded(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except DECODING_ERRORS as error:
        raise Refused(ERRORS.BAD_REQUEST) from error


def _raw(data: msgspec.Raw, encoded: str | None) -> msgspec.Raw | None:
    """Return what was given as compact JSON, or as any bytes in base64, which wins; None: nothing."""
    if encoded:
        try:
            return msgspec.Raw(base64.b64decode(encoded, validate=True))
        except (binascii.Error, ValueError) as error:
            raise Refused(ERRORS.BAD_REQUEST) from error
    given = bytes(data)
    if given in (b"", b"null"):
        return None
    return msgspec.Raw(compact(given))


def _override(given: Overrides | None) -> Override:
    if given is None:
        return Override()
    flags: dict[str, Any] = msgspec.structs.asdict(given)
    return Override(**{name: None if flag is None else flag.value for name, flag in flags.items()})


def _code(given: Code | None) -> Disconnect:
    if given is None or not given.code:
        return DISCONNECTS.FORCE_DISCONNECT
    if not 3000 <= given.code <= 4999:
        raise Refused(ERRORS.BAD_REQUEST)
    return disconnect(given.code, given.reason)


def _node(uid: str, told: Described) -> dict[str, object]:
    return {
        "uid": uid,
        "name": "renown",
        "version": told.version,
        "num_clients": told.clients,
        "num_users": len(told.users),
        "num_subs": told.subscriptions,
        "num_channels": told.channels,
        "uptime": told.uptime,
    }


def _position(done: Position | Error) -> object:
    if isinstance(done, Error):
        raise Refused(done)
    return {"offset": done.offset, "epoch": done.epoch} if done.offset else {}


def _unless(error: Error | None) -> None:
    if error is not None:
        raise Refused(error)


def said(error: Error) -> ApiError:
    """Return an error as the API says it."""
    return ApiError(error.code, error.message)
