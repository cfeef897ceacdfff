"""WebSocket text frames as the server sends them: unmasked, so equal for every receiver."""

__all__ = ["text_frame"]


def text_frame(payload: bytes) -> bytes:
    """Return `payload` as one whole text frame (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return b"\x81%c%b" % (size, payload)
    if size < 65_536:
        return b"\x81\x7e%b%b" % (size.to_bytes(2, "big"), payload)
    return b"\x81\x7f%b%b" % (size.to_bytes(8, "big"), payload)
