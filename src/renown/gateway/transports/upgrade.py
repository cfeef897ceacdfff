"""The opening handshake as nearly every client sends it, read and answered at once.

`websockets` reads requests line by line, and can say of each what is wrong with it. Where nothing is wrong,
and the whole head arrives in one piece, that is most of what a handshake costs; so such heads are taken here,
and all others are left to it.
"""

import re
from email.utils import formatdate
from typing import Final

from websockets.utils import accept_key

__all__ = ["accepted", "is_plain_upgrade", "read_head"]

_LONGEST: Final = 4_096
_PLAIN: Final = re.compile(
    rb"GET [!-~]+ HTTP/1\.1\r\n(?:[A-Za-z][A-Za-z0-9-]*:[ \t]*(?:[!-~](?:[ -~]*[!-~])?)?[ \t]*\r\n)+\r\n"
)
_KEY: Final = re.compile(r"[A-Za-z0-9+/]{21}[AQgw]==")

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


def accepted(key: str, subprotocol: str | None) -> list[tuple[str, str]]:
    """Return the header fields that accept a handshake (RFC 6455, section 4.2.2)."""
    fields = [
        ("Date", formatdate(usegmt=True)),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Accept", accept_key(key)),
    ]
    return fields if subprotocol is None else [*fields, ("Sec-WebSocket-Protocol", subprotocol)]
