"""Which attributes of an event's `data` a policy reads."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, cast

import msgspec

from renown.policy.rules.deriving import ATTRIBUTE
from renown.policy.schema import Policy

__all__ = ["attributes_of"]

_NAMING = ("attribute", "age_attribute", "owner_attribute", "verified")
"""Keys whose value names an attribute."""
_CONDITIONS = ("when", "unless", "data")
"""Keys whose table has attributes as its keys."""


@lru_cache(maxsize=256)
def attributes_of(policy: Policy) -> frozenset[str]:
    """Return the names of the attributes that any declaration of the policy looks at."""
    return frozenset(_named(msgspec.to_builtins(policy)))


def _named(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in cast(dict[str, Any], part).items():
            if key in _NAMING and isinstance(value, str):
                yield value
            elif key == "to" and isinstance(value, str):
                # Whom an event makes another one for: `actor`, `owner`, or an attribute with a key.
                yield value.removeprefix(ATTRIBUTE)
            elif key in _CONDITIONS and isinstance(value, dict):
                yield from cast(dict[str, Any], value)
            yield from _named(value)
    elif isinstance(part, list | tuple):
        for each in cast(list[Any], part):
            yield from _named(each)
