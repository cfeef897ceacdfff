"""What the server sends: a `Reply` with the command's id, or a push.

Fields at their default are left out of the JSON; a result that is present but empty is `{}`.
"""

from math import ceil

import msgspec

from renown.protocol.codes import Error, Unsubscribed

__all__ = [
    "ConnectResult",
    "EmptyResult",
    "HistoryResult",
    "Publication",
    "Push",
    "RefreshResult",
    "Reply",
    "SubscribeResult",
    "lifetime",
    "whole_seconds",
]

_LONGEST = 2**31 - 1


class Publication(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry of a channel's log; `data` is JSON as it stands."""

    data: msgspec.Raw
    offset: int = 0


class ConnectResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """The connection is open. `ttl`, `ping` in seconds."""

    client: str
    version: str
    expires: bool = False
    ttl: int = 0
    ping: int = 0
    pong: bool = False


class SubscribeResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """The subscription stands, at this position."""

    expires: bool = False
    ttl: int = 0
    recoverable: bool = False
    epoch: str = ""
    publications: tuple[Publication, ...] = ()
    recovered: bool = False
    offset: int = 0
    positioned: bool = False
    data: msgspec.Raw | None = None
    was_recovering: bool = False


class EmptyResult(msgspec.Struct, frozen=True):
    """A result that says only that it is done."""


class HistoryResult(msgspec.Struct, frozen=True):
    """Part of a channel's log, with its top position. All fields are always present."""

    publications: tuple[Publication, ...]
    epoch: str
    offset: int


class RefreshResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """The new lifetime, in seconds."""

    expires: bool = False
    ttl: int = 0


class Push(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the server says unasked about a channel. Publications are encoded apart."""

    channel: str = ""
    unsubscribe: Unsubscribed | None = None


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """One reply. Without id and push it is the server's ping."""

    id: int = 0
    error: Error | None = None
    push: Push | None = None
    connect: ConnectResult | None = None
    subscribe: SubscribeResult | None = None
    unsubscribe: EmptyResult | None = None
    history: HistoryResult | None = None
    refresh: RefreshResult | None = None
    sub_refresh: RefreshResult | None = None


def whole_seconds(ttl: float | None) -> int:
    """Return a lifetime as results say it: whole seconds, at least one; 0 is for ever."""
    return 0 if ttl is None else max(1, ceil(min(ttl, _LONGEST)))


def lifetime(ttl: float | None) -> RefreshResult:
    """Return the result of a refresh for `ttl` more seconds; None: for ever."""
    return RefreshResult(expires=ttl is not None, ttl=whole_seconds(ttl))
