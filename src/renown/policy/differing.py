"""What differs between two policies, key by key and in words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec

from renown.policy.schema import Policy

__all__ = ["Differing", "alike", "differences"]

_NAMED = ("name", "to", "type")
"""By which key the items of a list are told apart, where they all have it."""
_LONGEST = 120


class Differing(msgspec.Struct, frozen=True):
    """One key that says something else."""

    path: str
    """Dotted, as in the file; items of lists by their names where they have some."""
    before: Any
    """None: it was not there."""
    after: Any
    """None: it is not there any more."""

    @property
    def words(self) -> str:
        """One line for people."""
        if self.before is None:
            return f"{self.path}: new: {_shown(self.after)}"
        if self.after is None:
            return f"{self.path}: gone; it was {_shown(self.before)}"
        return f"{self.path}: {_shown(self.before)} → {_shown(self.after)}"


def differences(before: Policy, after: Policy) -> list[Differing]:
    """Return the keys that say something else, in the order of the file's reference."""
    return list(_of("", _plain(before), _plain(after)))


def alike(one: Policy, other: Policy) -> bool:
    """Tell whether two policies are the same to the last key."""
    return _plain(one) == _plain(other)


def _plain(policy: Policy) -> Any:
    return msgspec.json.decode(msgspec.json.encode(policy))


def _of(path: str, before: Any, after: Any) -> Iterator[Differing]:
    if before == after:
        return
    one, other = _as_table(before), _as_table(after)
    if one is None or other is None or (path and _of_other_method(one, other)):
        yield Differing(path, _without_defaults(before), _without_defaults(after))
        return
    for key in dict.fromkeys([*one, *other]):
        yield from _of(f"{path}.{key}" if path else str(key), one.get(key), other.get(key))


def _as_table(value: Any) -> Mapping[str, Any] | None:
    """Return a table as it is, and a list of named things as one by their names; None for all else."""
    if isinstance(value, dict):
        return cast(dict[str, Any], value)
    if isinstance(value, list) and value:
        items = cast(list[Any], value)
        for key in _NAMED:
            names = [_name(item, key) for item in items]
            if None not in names and len(set(names)) == len(names):
                return {str(name): item for name, item in zip(names, items, strict=True)}
    return None


def _name(item: Any, key: str) -> str | None:
    found = cast(dict[str, Any], item).get(key) if isinstance(item, dict) else None
    return found if isinstance(found, str) else None


def _of_other_method(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return any(one.get(key) != other.get(key) for key in ("method", "kind") if key in one and key in other)


def _without_defaults(value: Any) -> Any:
    """Drop what is empty: a new rule is shown by what it says."""
    if isinstance(value, dict):
        table = {key: _without_defaults(each) for key, each in cast(dict[str, Any], value).items()}
        return {key: each for key, each in table.items() if each not in (None, "", {}, [], False)}
    if isinstance(value, list):
        return [_without_defaults(each) for each in cast(list[Any], value)]
    return value


def _shown(value: Any) -> str:
    text = _toml(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        table = cast(Mapping[str, Any], value)
        return "{ " + ", ".join(f"{key} = {_toml(each)}" for key, each in table.items()) + " }"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_toml(each) for each in cast(Sequence[Any], value)) + "]"
    return msgspec.json.encode(value).decode()
