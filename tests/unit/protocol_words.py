"""The words of the model of the protocol: codes, what is kept of subscriptions, how things are told."""

from collections.abc import Generator
from dataclasses import dataclass
from math import ceil, inf
from typing import Any, Final

from renown.protocol.access import Route
from renown.protocol.replies import ClientInfo, Publication
from tests.unit.protocol_reading import Value, value_of

__all__ = [
    "CODES",
    "Doing",
    "Ends",
    "Held",
    "Reading",
    "Refused",
    "Steps",
    "Told",
    "Wish",
    "channel_of",
    "entry",
    "is_filter",
    "lean",
    "life",
    "say",
    "seen",
]

Told = tuple[Any, ...]
"""Something that is done."""
Steps = Generator[Told, Any, None]
"""A command from its beginning to its end: it is sent the answers to what it asks."""

CODES: Final = {
    100: "internal server error",
    102: "unknown channel",
    103: "permission denied",
    104: "method not found",
    105: "already subscribed",
    106: "limit exceeded",
    107: "bad request",
    108: "not available",
    109: "token expired",
    110: "expired",
    111: "too many requests",
    112: "unrecoverable position",
    113: "concurrent pagination",
    2000: "server unsubscribe",
    2500: "insufficient state",
    2501: "subscription expired",
    2502: "state invalidated",
    3004: "internal server error",
    3005: "connection expired",
    3006: "subscription expired",
    3008: "slow",
    3010: "insufficient state",
    3012: "no pong",
    3013: "too many requests",
    3014: "state invalidated",
    3500: "invalid token",
    3501: "bad request",
    3502: "stale",
    3504: "connection limit",
    3505: "channel limit",
    3506: "inappropriate protocol",
    3507: "permission denied",
    3508: "not available",
}
"""Section 13."""
TEMPORARY: Final = {100, 111, 113}


class Refused(Exception):
    """An error is replied."""

    def __init__(self, code: int, *, temporary: bool = False) -> None:
        super().__init__(code)
        self.error = lean(code=code, message=CODES[code], temporary=temporary or code in TEMPORARY)


class Ends(Exception):
    """The connection is closed."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Held:
    """A subscription, or what is to become one."""

    by: str
    """Which of rights, token and server it stands by."""
    expires: float = inf
    token_id: str = ""
    info: Any = None


@dataclass
class Wish:
    """What somebody wants of a channel, as far as it is granted."""

    channel: str
    route: Route
    held: Held
    recovering: bool = False
    recoverable: bool = False
    positioned: bool = False
    strict: bool = False
    delta: bool = False
    filtered: bool = False
    joins: bool = False
    data: Any = None
    ttl: float | None = None
    since: tuple[str, int] | None = None
    """Where from, when there is anything to recover."""


@dataclass
class Reading:
    """A map of which a part was read."""

    wish: Wish
    epoch: str
    frozen: int
    finish_by: float
    catching_up: bool
    lost: bool = False


@dataclass
class Doing:
    """A question that waits for its answer."""

    channel: str = ""
    held: Held | None = None
    instead: int = 0
    """The error that counts instead of the answer: the channel was taken away."""


def say(**reply: Any) -> Told:
    return ("say", {name: value for name, value in reply.items() if name != "id" or value})


def lean(**fields: Any) -> Value:
    """Return what is said of `fields`: those at their default are left out."""
    return {
        name: value
        for name, value in fields.items()
        if (name == "data" and value is not None) or value not in (None, False, 0, "", [], {})
    }


def life(ttl: float | None) -> Value:
    return {} if ttl is None else {"expires": True, "ttl": max(1, ceil(ttl))}


def seen(info: ClientInfo, chan_info: Any = None) -> Value:
    here = info.chan_info if chan_info is None else chan_info
    said: Value = {"user": info.user, "client": info.client}
    if info.conn_info:
        said["conn_info"] = value_of(bytes(info.conn_info))
    if here:
        said["chan_info"] = value_of(bytes(here))
    return said


def entry(pub: Publication) -> Value:
    said = lean(offset=pub.offset, key=pub.key, removed=pub.removed, tags=pub.tags)
    if pub.data:
        said["data"] = value_of(bytes(pub.data))
    return said


def channel_of(told: Told) -> str:
    return str(told[1].get("push", {}).get("channel", "")) if told[0] == "say" else ""


def is_filter(node: Value) -> bool:
    """Tell whether a filter means something: section 16."""
    op, nodes = node.get("op", ""), node.get("nodes", [])
    if not op:
        one = node.get("cmp") in ("eq", "neq", "sw", "ew", "ct", "lt", "lte", "gt", "gte")
        many, none = node.get("cmp") in ("in", "nin"), node.get("cmp") in ("ex", "nex")
        return bool(node.get("key")) and not nodes and (one or none or (many and bool(node.get("vals"))))
    arity = {"and": len(nodes) >= 1, "or": len(nodes) >= 1, "not": len(nodes) == 1}
    return arity.get(op, False) and all(map(is_filter, nodes))
