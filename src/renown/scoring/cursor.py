"""Where a page of an explanation ended, as an opaque string."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from renown.errors import RenownError

__all__ = ["Cursor", "cursor_position", "decode_cursor", "encode_cursor"]


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """What the next, older page must know of the newer ones."""

    at: float
    version: int
    """Time and version of the last entry told; the next page holds what is older."""
    now: float
    """The time all pages are told for."""
    prior: float | None
    """The running mean all pages are told with."""
    standing: int
    """The subject's version the pages are of; 0 when it was not given."""
    passed: float
    """The weight of all entries told: what they have made older ones fade by."""
    told: float
    """The points of all entries told."""
    newer: int = 0
    """How many lines have been told."""


_DECODER = msgspec.json.Decoder(Cursor)


def encode_cursor(cursor: Cursor) -> str:
    """Return the cursor as an opaque string."""
    return urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def decode_cursor(text: str) -> Cursor:
    """Return the cursor of an opaque string; raise `RenownError` (`bad_cursor`) for anything else."""
    try:
        return _DECODER.decode(urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
    except (ValueError, msgspec.DecodeError):
        raise RenownError(
            "the cursor is not one of ours",
            code="bad_cursor",
            field="cursor",
            expected="the cursor of the page before, or none",
        ) from None


def cursor_position(text: str | None) -> tuple[float, int] | None:
    """Return (at, version) of the last entry told: the next page needs the live entries before it."""
    if text is None:
        return None
    cursor = decode_cursor(text)
    return cursor.at, cursor.version
