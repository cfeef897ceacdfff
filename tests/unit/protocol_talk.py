"""A session to talk with in tests, in JSON or Protobuf, and rules for it that are easy to read.

Tokens are JSON here: a session only cares what they say.
"""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from renown.protocol.access import (
    CLIENTS_MAP,
    Action,
    ConnectionClaims,
    KeysPending,
    Limits,
    Refusal,
    Route,
    ServerSubscription,
    Shape,
    SubscriptionClaims,
    TokenRefused,
)
from renown.protocol.codec import JSON, PROTOBUF, Codec
from renown.protocol.codes import ERRORS, Error
from renown.protocol.effects import Attach, Close, Effect, Log, MapPage, Newest, Send
from renown.protocol.replies import ClientInfo, Publication
from renown.protocol.session import Session
from renown.protocol.wire import client_pb2 as pb

__all__ = [
    "BOTH",
    "ROUTES",
    "Rules",
    "Talk",
    "claims",
    "code",
    "encoded",
    "found",
    "message",
    "pub",
    "varint",
]

ROUTES: dict[str, Route] = {
    "n": Route(Shape.NEWEST),
    "s": Route(Shape.STREAM, history=True, delta=True),
    "u": Route(Shape.NEWEST),
    "t": Route(Shape.NEWEST),
    "b": Route(Shape.NEWEST, packed=True),
    # Rooms.
    "r": Route(
        Shape.STREAM,
        recover=False,
        history=True,
        presence=True,
        join_leave=True,
        publish=True,
        delta=True,
        filters=True,
    ),
    "f": Route(Shape.STREAM, presence=True, join_leave=True, force_join_leave=True),
    "w": Route(Shape.STREAM, logged=False, recover=False, publish=True),
    "m": Route(Shape.STREAM, plain=False, map=True, publish=True, delta=True, filters=True),
    "k": Route(Shape.STREAM, plain=False, map=True, publish=True, client_key=True),
    # Who is in a room: `$p:r:1`.
    "p": Route(Shape.NEWEST, plain=False, map=True, map_type=CLIENTS_MAP, presence_of="r:1"),
}
"""By what stands before the first colon."""


class Rules:
    """Who may what: `u:` is for users, `t:` and `$` need a token, the rest is for everybody."""

    anonymous = True
    crowds: tuple[str, ...] = ()
    denied: tuple[Action, ...] = ()
    revocations: tuple[str, ...] = ()
    servers: Mapping[str, ServerSubscription] = {}
    keys_missing = 0
    """How many times keys are still to be fetched."""

    def _claims(self, token: str) -> dict[str, Any]:
        if self.keys_missing:
            self.keys_missing -= 1
            raise KeysPending
        if token == "expired":
            raise TokenRefused(Refusal.EXPIRED, "expired")
        try:
            found = json.loads(token)
        except ValueError as error:
            raise TokenRefused(Refusal.INVALID, "invalid") from error
        if not isinstance(found, dict):
            raise TokenRefused(Refusal.INVALID, "invalid")
        return {name: _raw(value) if name in ("data", "info") else value for name, value in found.items()}

    def connection(self, token: str) -> ConnectionClaims:
        said = self._claims(token)
        info = said.pop("info", None)
        return msgspec.structs.replace(msgspec.convert(said, ConnectionClaims), info=info)

    def subscription(self, token: str) -> SubscriptionClaims:
        said = self._claims(token)
        raws = {name: said.pop(name, None) for name in ("data", "info")}
        return msgspec.structs.replace(msgspec.convert(said, SubscriptionClaims), **raws)

    def blocked(self, claims: ConnectionClaims) -> bool:
        return claims.rights.blocked or claims.token_id in self.revocations

    def revoked(self, claims: SubscriptionClaims) -> bool:
        return claims.token_id in self.revocations

    def crowded(self, user: str) -> bool:
        return user in self.crowds

    def server_side(self, claims: ConnectionClaims) -> dict[str, ServerSubscription]:
        return {**claims.subs, **self.servers}

    def route(self, channel: str) -> Route | Error:
        return ROUTES.get(channel.lstrip("$").partition(":")[0], ERRORS.UNKNOWN_CHANNEL)

    def may(self, action: Action, channel: str, who: ConnectionClaims, *, subscribed: bool) -> bool:
        if action in self.denied:
            return False
        if channel.startswith("$"):
            return subscribed
        first = channel.partition(":")[0]
        return first != "t" and (first != "u" or bool(who.user))

    def may_call(self, method: str) -> Error | None:
        return None if method == "echo" else ERRORS.METHOD_NOT_FOUND

    def seen_as(self, who: ConnectionClaims, client: str) -> ClientInfo:
        return ClientInfo(who.user, client, who.info)


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


class Talk:
    """A session with a short memory of what it asked."""

    def __init__(self, codec: Codec = JSON, rules: Rules | None = None, **limits: Any) -> None:
        self.rules = rules or Rules()
        self.codec = codec
        self.limits = Limits(**limits)
        self.session = Session("c", codec, self.rules, self.limits, now=0.0, spread=0.0)
        self.now = 0.0

    def say(self, *commands: dict[str, Any] | str) -> list[Any]:
        """Return what the session wants done: replies decoded, closes as their code."""
        return self.told(self.session.receive(message(self.codec, *commands), self.now))

    def told(self, effects: list[Effect]) -> list[Any]:
        return [self._told(effect) for effect in effects]

    def _told(self, effect: Effect) -> Any:
        if isinstance(effect, Close):
            return effect.why.code
        if not isinstance(effect, Send):
            return effect
        return json.loads(effect.reply) if self.codec.json else pb.Reply.FromString(effect.reply)

    def connect(self, **request: Any) -> list[Any]:
        return self.say({"id": 1, "connect": request})

    def answer(self, answer: Any) -> list[Any]:
        return self.told(self.session.answered(answer, self.now))

    def subscribe(self, channel: str = "n:1", **request: Any) -> list[Any]:
        """Subscribe, with the channel found at offset 4."""
        asked = self.say({"id": 2, "subscribe": {"channel": channel, **request}})
        if not asked or not isinstance(asked[-1], Attach):
            return asked
        return [*asked[:-1], *self.answer(found(asked[-1]))]

    def wait(self, seconds: float) -> list[Any]:
        self.now += seconds
        return self.told(self.session.tick(self.now))


def found(asked: Attach) -> Newest | Log | MapPage:
    """Return a state that answers `asked`, with its top at offset 4."""
    if asked.map is not None:
        return MapPage("e", 4, live=True)
    route = ROUTES[asked.channel.lstrip("$").partition(":")[0]]
    return Newest("e", 4, b"1") if route.shape is Shape.NEWEST else Log("e" if route.logged else "", 4)


def code(told: list[Any]) -> int:
    """Return the error of the only reply."""
    assert len(told) == 1, told
    number: int = told[0]["error"]["code"]
    return number


def claims(**values: Any) -> str:
    """Return a subscription token."""
    return json.dumps({"user": "", "channel": "n:1", **values})


def pub(offset: int, data: bytes = b"{}", **fields: Any) -> Publication:
    return Publication(msgspec.Raw(data), offset=offset, **fields)


def message(codec: Codec, *commands: dict[str, Any] | str) -> bytes:
    """Return one message of commands; texts are taken as they are in JSON."""
    if codec.json:
        return "\n".join(c if isinstance(c, str) else json.dumps(c) for c in commands).encode()
    return b"".join(
        varint(len(each)) + each
        for each in (encoded(json.loads(c) if isinstance(c, str) else c) for c in commands)
    )


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def encoded(command: dict[str, Any]) -> bytes:
    """Return a command in Protobuf; a `data` of any kind becomes its JSON."""
    said = pb.Command()
    _fill(said, command)
    return said.SerializeToString()


def _fill(said: Any, values: dict[str, Any]) -> None:
    """Fill a message of whatever type."""
    for name, value in values.items():
        if value is None or name not in said.DESCRIPTOR.fields_by_name:
            continue
        if name == "data":
            said.data = json.dumps(value).encode()
        elif name == "subs":
            for channel, request in value.items():
                _fill(said.subs[channel], request)
        elif name == "nodes":
            for node in value:
                _fill(said.nodes.add(), node)
        elif name == "vals":
            said.vals.extend(value)
        elif isinstance(value, dict):
            getattr(said, name).SetInParent()
            _fill(getattr(said, name), value)
        else:
            setattr(said, name, value)


BOTH = (JSON, PROTOBUF)
