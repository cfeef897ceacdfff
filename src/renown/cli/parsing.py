"""Reads what people type into options."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from renown.errors import SettingsError

__all__ = ["categories_of", "moment_of", "object_of"]


def categories_of(given: list[str] | None) -> dict[str, float] | None:
    """Return the `name=value` options as one mapping."""
    if not given:
        return None
    categories: dict[str, float] = {}
    for text in given:
        name, equals, value = text.partition("=")
        try:
            categories[name] = float(value)
        except ValueError:
            equals = ""
        if not equals or not name:
            raise SettingsError(f"--category is of the form quality=5, not {text!r}.", field="category")
    return categories


def moment_of(text: str | None) -> datetime | None:
    """Return an RFC 3339 time; without a zone it is UTC."""
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(
            f"{text!r} is no time.", field="at", expected="a time such as 2026-03-01T10:00:00Z"
        ) from error
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def object_of(text: str | None) -> dict[str, Any] | None:
    """Return a JSON object."""
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise SettingsError(f"--data is no JSON object: {error}.", field="data") from error
