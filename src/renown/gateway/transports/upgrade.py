"""The opening handshake as nearly every client sends it, read and answered at once.

`websockets` reads requests line by line, and can say of each what is wrong with it. Where nothing is wrong,
and the whole head arrives in one piece, that is most of what a handshake costs; so such heads are taken here,
and all others are left to it.
"""

import binascii
import hashlib
import re
import time
from email.utils import formatdate
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import parse_qs

from renown.gateway.admission.origins import OriginRule
from renown.gateway.transports.frame_pings import FRAME_PINGS
from renown.gateway.wires import WS_JSON, WS_PROTOBUF, Wire

__all__ = [
    "FIRST_FRAME",
    "Head",
    "Verdict",
    "Wanted",
    "is_plain_upgrade",
    "judge",
    "read_head",
    "upgrade_response",
]

FIRST_FRAME: Final = "first_frame"
"""In the URL: the client waits for a first frame before it believes that the connection works."""
_WIRES: Final[dict[str, Wire]] = {"centrifuge-json": WS_JSON, "centrifuge-protobuf": WS_PROTOBUF}
"""The subprotocols, by name."""
_FORMATS: Final = ("cf_protocol", "format")

_LONGEST: Final = 4_096
_PLAIN: Final = re.compile(
    rb"GET [!-~]+ HTTP/1\.1\r\n(?:[A-Za-z][A-Za-z0-9-]*:[ \t]*(?:[!-~](?:[ -~]*[!-~])?)?[ \t]*\r\n)+\r\n"
)
_KEY: Final = re.compile(r"[A-Za-z0-9+/]{21}[AQgw]==")
_WEBSOCKET: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""Says that a server means WebSocket (RFC 6455, section 1.3)."""
_SHA1: Final = hashlib.sha1(usedforsecurity=False)

Head = tuple[str, dict[str, str]]
"""Path with query, and header fields by lower-case name, each given once."""


def read_head(data: bytes) -> Head | None:
    """Return a request's head, or None where `data` is anything but one whole head without oddities."""
    if len(data) > _LONGEST or _PLAIN.fullmatch(data) is None:
        return None
    first, *lines = data.decode("ascii").split("\r\n")[:-2]
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        fields[name.lower()] = value.strip(" \t")
    return (first[4:-9], fields) if len(fields) == len(lines) else None


def is_plain_upgrade(fields: dict[str, str]) -> bool:
    """Tell whether a head asks for a WebSocket as RFC 6455, section 4.1, has it."""
    return (
        fields.get("upgrade", "").lower() == "websocket"
        and "upgrade" in [option.strip(" \t").lower() for option in fields.get("connection", "").split(",")]
        and fields.get("sec-websocket-version") == "13"
        and _KEY.fullmatch(fields.get("sec-websocket-key", "")) is not None
    )


class Verdict(NamedTuple):
    """What becomes of an upgrade."""

    status: int = 101
    """101, or with which HTTP status it is refused."""
    reason: str = ""
    """Why it is refused."""
    wire: Wire = WS_JSON
    """What the client asked for."""
    subprotocol: str | None = None
    """The name that is chosen among those offered."""
    first_frame: bool = False
    """Whether the client waits for a first frame, so that a proxy which swallows all is found out."""
    frame_pings: bool = False
    """Whether the client wants WebSocket's own pings instead of the protocol's."""


class Wanted(NamedTuple):
    """What a head says of the upgrade that it asks for."""

    target: str
    """Path with query."""
    host: str
    origin: str | None
    offered: str
    """Subprotocols, with commas between."""


@lru_cache(maxsize=256)
def judge(wanted: Wanted, at: str, origins: OriginRule) -> Verdict:
    """Decide about an upgrade; `at` is the path of the WebSocket.

    Of the subprotocols the first known one in the client's order is chosen; some clients send an empty list.
    """
    path, _, query = wanted.target.partition("?")
    if not origins.serves(wanted.host):
        return Verdict(403, "In dev mode only names of this machine are served.\n")
    if path != at:
        return Verdict(404, "There is no WebSocket here.\n")
    if wanted.origin is not None and not origins.allows(wanted.origin, wanted.host):
        return Verdict(403, "This origin may not connect.\n")
    asked = parse_qs(query) if query else {}
    wire = WS_PROTOBUF if any("protobuf" in asked.get(name, ()) for name in _FORMATS) else WS_JSON
    offered = (name.strip() for name in wanted.offered.split(","))
    chosen = next((name for name in offered if name in _WIRES), None)
    return Verdict(
        wire=_WIRES[chosen] if chosen is not None else wire,
        subprotocol=chosen,
        first_frame=FIRST_FRAME in asked,
        frame_pings=asked.get(FRAME_PINGS) == ["true"],
    )


def upgrade_response(key: str, subprotocol: str | None) -> bytes:
    """Return the response that accepts a handshake (RFC 6455, section 4.2.2)."""
    protocol = "" if subprotocol is None else f"Sec-WebSocket-Protocol: {subprotocol}\r\n"
    return (
        f"HTTP/1.1 101 Switching Protocols\r\nDate: {_date(int(time.time()))}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Accept: {_accepted(key)}\r\n{protocol}\r\n"
    ).encode("ascii")


def _accepted(key: str) -> str:
    digest = _SHA1.copy()
    digest.update(key.encode("ascii") + _WEBSOCKET)
    return binascii.b2a_base64(digest.digest(), newline=False).decode("ascii")


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)
