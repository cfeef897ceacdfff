"""Turns what the JSON decoder says into problems a producer can act on."""

import re
from typing import Final

import msgspec

from renown.errors import EventError
from renown.model import Event, Problem
from renown.policy.nearest import nearest

__all__ = ["MalformedError", "TooLargeError", "problem_of"]

_EVENT_FIELDS: Final = tuple(field.name for field in msgspec.structs.fields(Event))
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`(?: - at `(.*)`)?\Z", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`(?: - at `(.*)`)?\Z", re.DOTALL)
_EXPECTED = re.compile(r"Expected `(.*?)`(?:, got `(.*?)`)?(?: - at `(.*)`)?\Z", re.DOTALL)
_ELSEWHERE = re.compile(r"(.*?)(?: - at `(.*)`)?\Z", re.DOTALL)
_NAMES: Final = {
    "str": "a string",
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "object": "an object",
    "array": "an array",
    "null": "null",
    "datetime": "an RFC 3339 time with zone",
}


class MalformedError(EventError):
    """The request holds no JSON of the form that was announced."""

    code = "malformed_json"
    status = 400


class TooLargeError(EventError):
    """The request, one event of it or the number of its events is over the limit."""

    code = "too_large"
    status = 413


def problem_of(error: Exception) -> Problem:
    """Return what a failed decoding of an event means.

    A document that is no JSON has the code `malformed_json`; JSON that is no event `invalid_event`.
    """
    if isinstance(error, msgspec.ValidationError):
        return _mismatch(str(error))
    if isinstance(error, RecursionError):
        return Problem("malformed_json", "The JSON is nested too deeply.")
    if isinstance(error, UnicodeDecodeError):
        return Problem("malformed_json", "The text is not UTF-8.")
    return Problem("malformed_json", _sentence(str(error)))


def _mismatch(message: str) -> Problem:
    if found := _UNKNOWN.match(message):
        return _unknown(found[1])
    if found := _MISSING.match(message):
        return Problem("invalid_event", f"The field {found[1]} is required.", found[1], "a string")
    if found := _EXPECTED.match(message):
        return _wrong_type(found[1], found[2], _path(found[3]))
    found = _ELSEWHERE.match(message)
    text, path = (found[1], _path(found[2])) if found else (message, None)
    expected = _NAMES["datetime"] if "datetime" in text else None
    return Problem("invalid_event", _sentence(text), path, expected)


def _unknown(name: str) -> Problem:
    guess = nearest(name, _EVENT_FIELDS)
    hint = f" Did you mean {guess}?" if guess else ""
    expected = guess or "one of " + ", ".join(_EVENT_FIELDS)
    return Problem("invalid_event", f"An event has no field {name[:64]}.{hint}", name[:64], expected)


def _wrong_type(expected: str, got: str | None, path: str | None) -> Problem:
    wanted = " or ".join(_NAMES.get(part, part) for part in expected.split(" | "))
    given = _NAMES.get(got, got) if got else "something else"
    where = path or "An event"
    return Problem("invalid_event", f"{where} must be {wanted}, not {given}.", path, wanted)


def _path(path: str | None) -> str | None:
    """Return the decoder's path `$.categories[...]` as people write it, `categories`."""
    if path is None:
        return None
    return path.removeprefix("$").removeprefix(".").replace("[...]", "") or None


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
