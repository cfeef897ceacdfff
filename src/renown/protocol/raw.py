"""JSON that is passed on as it came: whether it is JSON at all, and how it becomes one line."""

import re

import msgspec

__all__ = ["Undecodable", "Unspeakable", "as_text", "compact", "is_json", "mended"]

_VALUE = msgspec.json.Decoder(msgspec.Raw)
_BACKSLASHES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
"""Escaped backslashes and whole surrogate pairs, which are fine; in a group, half pairs."""


class Undecodable(Exception):
    """What a client sent is no command."""


class Unspeakable(Exception):
    """What is to be sent cannot be said in the client's codec: bytes that are no JSON, to a JSON client."""


def is_json(raw: bytes | msgspec.Raw) -> bool:
    """Tell whether `raw` is one JSON value in UTF-8."""
    try:
        _VALUE.decode(raw)
        # What is not looked into is not checked for UTF-8.
        str(raw, "utf-8")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def compact(raw: bytes) -> bytes:
    """Return the JSON value `raw` on one line: itself if it is.

    Half surrogate pairs, which browsers make of cut emoji, become U+FFFD: not every reader takes
    them. Do this once where something is accepted that others will be sent.

    Raises:
        Unspeakable: `raw` is no JSON.

    """
    if not is_json(raw):
        raw = mended(raw)
        if not is_json(raw):
            raise Unspeakable("these bytes are no JSON")
    return msgspec.json.format(raw, indent=-1) if b"\n" in raw or b"\r" in raw else raw


def mended(raw: bytes) -> bytes:
    """Return `raw` with each escaped half of a surrogate pair replaced by an escaped U+FFFD."""
    return _BACKSLASHES.sub(lambda found: rb"\ufffd" if found[1] else found[0], raw) if b"\\u" in raw else raw


def as_text(data: bytes) -> bytes:
    """Return `data` as a JSON string.

    Raises:
        Unspeakable: `data` is no UTF-8.

    """
    try:
        return msgspec.json.encode(str(data, "utf-8"))
    except UnicodeDecodeError as error:
        raise Unspeakable("these bytes are no text") from error
