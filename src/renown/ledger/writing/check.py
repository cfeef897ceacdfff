"""Checking one event before anything else looks at it, and its canonical body."""

import os
import re
import time
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final

import msgspec

from renown.errors import EventError
from renown.model import KEY_PATTERN, Event, is_key

__all__ = [
    "FUTURE_SECONDS",
    "MAX_DATA_BYTES",
    "MAX_ID",
    "MAX_REF",
    "MAX_TYPE",
    "body_of",
    "checked",
    "new_id",
]

MAX_ID: Final = 128
MAX_TYPE: Final = 64
MAX_REF: Final = 128
MAX_CATEGORIES: Final = 64
MAX_DATA_BYTES: Final = 16 * 1024
"""Of the JSON of `data`."""
FUTURE_SECONDS: Final = 300.0
"""How far ahead of this machine's clock an event's time may be."""

_KEY_FORM: Final = "kind:id, the kind in lower case, the id up to 128 printable characters without spaces"
_OWN: Final = "renown"
"""What types, ids and actors begin with that only the ledger itself uses, before a dot or a colon."""
_NAMES: Final = re.compile(
    r"\n".join(
        (
            f"(?!{_OWN})[ -~]{{1,{MAX_TYPE}}}",
            f"(?!{_OWN})[ -~]{{1,{MAX_ID}}}",
            f"[ -~]{{1,{MAX_REF}}}",
            KEY_PATTERN,
            f"(?!{_OWN}){KEY_PATTERN}\\Z",
        )
    )
)
"""Type, id, ref, subject and actor on a line each, all in ASCII and nothing of the ledger's own."""

_encoder: Final = msgspec.json.Encoder(order="deterministic")


def checked(event: Event, now: float) -> tuple[Event, bytes, float | None]:
    """Return the event in normal form, its canonical body as sent, and its time if it has one.

    Two sendings of the same event give the same bytes: mappings are sorted, times are in UTC,
    numbers are floats, and nothing the server fills in is part of it.

    Raises:
        EventError: a field is malformed; `code`, `field` and `expected` say which and how.

    """
    if type(event) is not Event:
        raise EventError("not an event", code="invalid_event", expected="an Event")
    try:
        if not _has_plain_names(event):
            _check_names(event)
            _check_own(event)
        if not _has_plain_numbers(event):
            event = _numbers(event)
        at = None
        if event.occurred_at is not None:
            event, at = _when(event, event.occurred_at, now)
        if event.data is not None:
            _check_data(event)
        return event, _encoder.encode(event), at
    except (TypeError, ValueError, OverflowError, AttributeError, RecursionError) as error:
        raise EventError(
            f"the event is malformed: {error}", code="invalid_event", expected="fields of the declared types"
        ) from error


def body_of(event: Event) -> bytes:
    """Return the canonical body of an event that the ledger makes itself."""
    return _encoder.encode(event)


def _has_plain_names(event: Event) -> bool:
    """Tell in few operations what the checks find out field by field: most events have good names."""
    event_id, ref, actor = event.id, event.ref, event.actor
    given = (
        event.type,
        "-" if event_id is None else event_id,
        "-" if ref is None else ref,
        event.subject,
        "none:-" if actor is None else actor,
    )
    try:
        return _NAMES.match("\n".join(given)) is not None
    except TypeError:
        # One of them is no text: the checks find out which.
        return False


def _has_plain_numbers(event: Event) -> bool:
    """Tell in few operations whether `_numbers` would neither refuse nor change anything."""
    value, categories = event.value, event.categories
    if value is not None and not (type(value) is float and value and isfinite(value)):
        return False
    if categories is not None:
        if len(categories) > MAX_CATEGORIES:
            return False
        for name, given in categories.items():
            if type(given) is not float or not given or not isfinite(given):
                return False
            if not 0 < len(name) <= MAX_TYPE or not name.isprintable():
                return False
    return True


def _check_names(event: Event) -> None:
    event_id, ref, actor = event.id, event.ref, event.actor
    if not is_key(event.subject):
        raise EventError(
            "the subject is not a key", code="invalid_subject", field="subject", expected=_KEY_FORM
        )
    if actor is not None and not is_key(actor):
        raise EventError("the actor is not a key", code="invalid_actor", field="actor", expected=_KEY_FORM)
    _check_text("type", event.type, MAX_TYPE)
    if event_id is not None:
        _check_text("id", event_id, MAX_ID)
    if ref is not None:
        _check_text("ref", ref, MAX_REF)


def _check_own(event: Event) -> None:
    own = {"type": event.type, "id": event.id or "", "actor": event.actor or ""}
    for field, text in own.items():
        if text.startswith((f"{_OWN}.", f"{_OWN}:")):
            raise EventError(
                f"`{text[:64]}` is for the ledger's own events",
                code=f"reserved_{field}",
                field=field,
                expected=f"one that does not begin with `{_OWN}.` or `{_OWN}:`",
            )


def _check_text(field: str, text: str, longest: int) -> None:
    if not 0 < len(text) <= longest or not text.isprintable():
        raise EventError(
            f"{field} is empty, too long or has control characters",
            code=f"invalid_{field}",
            field=field,
            expected=f"1 to {longest} printable characters",
        )


def _is_odd(number: float | None) -> bool:
    """Tell whether a number is not in normal form: a finite float other than -0.0, or None."""
    if number is None:
        return False
    return type(number) is not float or number == 0.0 or not isfinite(number)


def _number(field: str, number: float) -> float:
    if type(number) not in (int, float) or not isfinite(number):
        raise EventError(
            f"{field} is not a finite number", code="invalid_value", field=field, expected="a finite number"
        )
    # Adding zero makes -0.0 and 0.0 the same, as the store does, and a float of an int.
    return number + 0.0


def _numbers(event: Event) -> Event:
    value, categories = event.value, event.categories
    changed: dict[str, Any] = {}
    if value is not None and _is_odd(value):
        changed["value"] = _number("value", value)
    if categories is not None:
        if len(categories) > MAX_CATEGORIES:
            raise EventError(
                "too many categories",
                code="invalid_categories",
                field="categories",
                expected=f"at most {MAX_CATEGORIES}",
            )
        for name in categories:
            _check_text("categories", name, MAX_TYPE)
        if any(map(_is_odd, categories.values())):
            changed["categories"] = {
                name: _number(f"categories.{name}", given) for name, given in categories.items()
            }
    return msgspec.structs.replace(event, **changed) if changed else event


def _when(event: Event, moment: datetime, now: float) -> tuple[Event, float]:
    if moment.tzinfo is not UTC and moment.utcoffset() is None:
        raise EventError(
            "occurred_at has no time zone",
            code="time_without_zone",
            field="occurred_at",
            expected="an RFC 3339 time with Z or an offset",
        )
    at = moment.timestamp()
    if at > now + FUTURE_SECONDS:
        raise EventError(
            "occurred_at lies in the future",
            code="occurred_in_future",
            field="occurred_at",
            expected="a time not after now",
        )
    if at < 0.0:
        raise EventError(
            "occurred_at lies before 1970",
            code="occurred_too_early",
            field="occurred_at",
            expected="1970-01-01T00:00:00Z or later",
        )
    if moment.tzinfo is not UTC:
        event = msgspec.structs.replace(event, occurred_at=moment.astimezone(UTC))
    return event, at


def _check_data(event: Event) -> None:
    if not isinstance(event.data, dict):
        raise EventError("data is not an object", code="invalid_data", field="data", expected="an object")
    if len(_encoder.encode(event.data)) > MAX_DATA_BYTES:
        raise EventError(
            "data is too large",
            code="data_too_large",
            field="data",
            expected=f"at most {MAX_DATA_BYTES} bytes of JSON",
        )


def new_id() -> str:
    """Return an id for an event that came without one: unique, and growing with time."""
    return f"ev-{time.time_ns():016x}{os.urandom(6).hex()}"
