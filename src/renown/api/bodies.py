"""Bodies of requests that are JSON of a known form."""

from typing import TypeVar

import msgspec

from renown.errors import EventError
from renown.intake import DECODING_ERRORS, MalformedError

__all__ = ["decoded"]

T = TypeVar("T", bound=msgspec.Struct)


def decoded(body: bytes, kind: type[T], expected: str | None = None) -> T:
    """Return a body as a struct; an empty one is an empty object.

    Raises:
        EventError: a field is wrong (`invalid_request`).
        MalformedError: it is no JSON.

    """
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        raise EventError(
            f"{text}.",
            code="invalid_request",
            field=path.strip("`.") or None,
            expected=expected or "see /schema",
        ) from error
    except DECODING_ERRORS as error:
        raise MalformedError(str(error), expected=expected) from error
