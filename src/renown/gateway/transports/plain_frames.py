"""WebSocket frames as nearly every client sends them, read at once.

`websockets` keeps a parser per connection, which may stop anywhere and can say of each frame what is wrong
with it. Most connections never need one: each of their messages is one frame, and arrives in one piece. So
these are taken here, and a connection gets its parser when something else comes.
"""

from typing import Final

try:
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

__all__ = ["plain_messages"]

_TEXT, _BINARY = 0x81, 0x82
_MASKED: Final = 0x80
_MASK_SIZE: Final = 4


def plain_messages(data: bytes, longest: int) -> list[bytes] | None:
    """Return the messages in `data`; None unless it is whole data frames of a client, each one message.

    That is: final, masked, without extensions, with at most `longest` bytes (and no more than 65,535).
    """
    messages: list[bytes] = []
    at, end = 0, len(data)
    while at < end:
        if end - at < 2 + _MASK_SIZE or data[at] not in (_TEXT, _BINARY) or data[at + 1] < _MASKED:
            return None
        size, mask = data[at + 1] - _MASKED, at + 2
        if size == 126:
            size, mask = int.from_bytes(data[mask : mask + 2]), mask + 2
        elif size == 127:
            return None
        at = mask + _MASK_SIZE + size
        if at > end or size > longest:
            return None
        messages.append(apply_mask(data[mask + _MASK_SIZE : at], data[mask : mask + _MASK_SIZE]))
    return messages
