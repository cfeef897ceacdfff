"""A policy as TOML: for those that were put together in code and have no text of their own."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import msgspec

from renown.policy.schema import Policy

__all__ = ["toml_of"]


def toml_of(policy: Policy) -> str:
    """Return TOML from which `load` makes a policy like this one."""
    table = cast(dict[str, Any], msgspec.to_builtins(policy, builtin_types=(datetime,)))
    return "".join(f"{_key(key)} = {_value(each)}\n" for key, each in table.items() if each is not None)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        table = cast(Mapping[str, Any], value)
        inner = ", ".join(f"{_key(key)} = {_value(each)}" for key, each in table.items() if each is not None)
        return "{ " + inner + " }"
    if isinstance(value, str):
        return _key(value)
    if isinstance(value, Sequence):
        return "[" + ", ".join(_value(each) for each in cast(Sequence[Any], value)) + "]"
    return repr(value)


def _key(text: str) -> str:
    # A JSON string is a TOML string, too, but for one character that JSON does not escape.
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")
