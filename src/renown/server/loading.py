"""Puts settings together: defaults, then a TOML file, then `RENOWN_…` variables, then flags."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Any, Final, TypeVar, cast, get_args, get_type_hints

import msgspec

from renown.errors import SettingsError
from renown.policy.nearest import expected_one_of
from renown.server.schema import ANY, Leaf, Tree, leaf_at, leaves, named_tables, tables, value_at
from renown.server.settings import Settings

__all__ = ["Loaded", "load"]

Struct = TypeVar("Struct", bound=msgspec.Struct)
PREFIX: Final = "RENOWN_"
_OWN: Final = frozenset({"RENOWN_CONFIG", "RENOWN_URL", "RENOWN_KEY"})
"""Variables of the command line, not of the server."""


class Loaded(msgspec.Struct, frozen=True):
    """The settings and where each value came from."""

    settings: Settings
    origins: dict[str, str]
    """By dotted name: `default`, a file, a variable or a flag."""


def load(
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Loaded:
    """Return the settings from all sources, the later ones winning.

    Args:
        file: A TOML file.
        environment: Where to look for `RENOWN_A__B`.
        flags: Values by dotted name; those that are None were not given.

    Raises:
        SettingsError: a key is unknown, a value is wrong, or a file cannot be read.

    """
    tree = leaves(Settings)
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    sources = [_from_file(file), _from_environment(environment or {}, tree), _from_flags(flags or {})]
    for source in sources:
        for path, (value, origin) in source.items():
            if value == {} and _is_table(path):
                values[path] = {}
                continue
            name, checked, place = _resolved(tree, path, value, origin)
            values[name], origins[name] = checked, place
    settings = _build(values)
    return Loaded(settings, {path: origins.get(path, "default") for path in sorted(_paths(tree, settings))})


def _from_file(file: Path | None) -> dict[str, tuple[Any, str]]:
    if file is None:
        return {}
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"Cannot read {file}: {error.strerror}.", code="unreadable_file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not TOML: {error}.", code="malformed_file") from error
    return {path: (value, str(file)) for path, value in _flat(content)}


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Return the values with their dotted names; a table without any counts as one, since it may be said
    that there is a namespace and nothing else of it.
    """
    for key, value in table.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and value:
            yield from _flat(cast("dict[str, Any]", value), f"{path}.")
        else:
            yield path, value


def _from_environment(environment: Mapping[str, str], tree: Tree) -> dict[str, tuple[Any, str]]:
    found: dict[str, tuple[Any, str]] = {}
    for name, text in environment.items():
        if name.startswith(PREFIX) and name not in _OWN:
            path = name.removeprefix(PREFIX).lower().replace("__", ".")
            found[path] = (_parsed(text, leaf_at(tree, path)), name)
    return found


def _parsed(text: str, leaf: Leaf | None) -> Any:
    """Return the value a variable's text stands for: lists as TOML or with commas between."""
    if leaf is None or (leaf.is_text and not (leaf.is_list and text.startswith("["))):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return [part.strip() for part in text.split(",") if part.strip()] if leaf.is_list else text


def _from_flags(flags: Mapping[str, Any]) -> dict[str, tuple[Any, str]]:
    return {
        path: (value, f"--{path.replace('.', '-').replace('_', '-')}")
        for path, value in flags.items()
        if value is not None
    }


def _resolved(tree: Tree, path: str, value: Any, origin: str) -> tuple[str, Any, str]:
    """Return name, value and origin of one setting, its file read and its value checked."""
    leaf = leaf_at(tree, path)
    if leaf is None and path.endswith("_file"):
        secret = leaf_at(tree, path.removesuffix("_file"))
        if secret is not None and secret.is_text:
            path, value, leaf = path.removesuffix("_file"), _content(path, value), secret
            origin = f"{origin} (file)"
    if leaf is None:
        hint = expected_one_of(path, tree)
        near = f" Did you mean {hint}?" if not hint.startswith("one of") else ""
        raise SettingsError(
            f"There is no setting {path} (from {origin}).{near}",
            code="unknown_setting",
            field=path,
            expected=hint if near else None,
        )
    try:
        return path, msgspec.convert(value, leaf.type, strict=not isinstance(value, str)), origin
    except msgspec.ValidationError as error:
        raise SettingsError(
            f"{path} (from {origin}): {str(error)[:1].lower()}{str(error)[1:]}.",
            field=path,
            expected=leaf.shape,
        ) from error


def _is_table(path: str) -> bool:
    known = tables(Settings)
    return path in known or f"{path.rpartition('.')[0]}.{ANY}" in known


def _paths(tree: Tree, settings: Settings) -> Iterator[str]:
    """Return the names of all settings that there are, those of each named table included."""
    for path in tree:
        before, of_any, after = path.partition(f".{ANY}.")
        if not of_any:
            yield path
            continue
        for name in value_at(settings, before):
            yield f"{before}.{name}.{after}"


def _content(path: str, file: Any) -> str:
    try:
        return Path(str(file)).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path}: cannot read {file}: {error}.", code="unreadable_file", field=path
        ) from error


def _build(values: Mapping[str, Any]) -> Settings:
    nested: dict[str, Any] = {}
    for path, value in values.items():
        *parents, last = path.split(".")
        table = nested
        for parent in parents:
            table = table.setdefault(parent, {})
        if value == {}:
            table.setdefault(last, {})
        else:
            table[last] = value
    return _over(Settings(), nested)


def _over(struct: Struct, changes: Mapping[str, Any]) -> Struct:
    """Return `struct` with the changes in it, tables within tables."""
    changed: dict[str, Any] = {}
    for name, value in changes.items():
        before = getattr(struct, name)
        kind = get_type_hints(type(struct))[name]
        named = named_tables(kind)
        if named is not None:
            tables = {key: _over(before.get(key, named()), table) for key, table in value.items()}
            changed[name] = {**before, **tables}
        elif isinstance(value, dict):
            if before is None:
                before = next(one for one in get_args(kind) if one is not NoneType)()
            changed[name] = _over(before, cast("dict[str, Any]", value))
        else:
            changed[name] = value
    return msgspec.convert({**msgspec.structs.asdict(struct), **changed}, type(struct))
