"""Turning a parsed TOML document into structs, with errors that name the key.

msgspec's own errors leave out the names of table keys, so tables are walked here and only plain
values are left to msgspec.
"""

import types
from datetime import UTC, date, datetime, time
from math import isfinite
from typing import Any, Union, cast, get_args, get_origin

import msgspec

from renown.errors import PolicyError
from renown.policy.nearest import expected_one_of

__all__ = ["to_struct"]

_A_MOMENT = "a date, or a time with its zone: 2019-11-13, 2019-11-13T12:00:00Z"
_WORDS = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "datetime": _A_MOMENT,
}


def to_struct(raw: object, struct: type[Any], path: str = "") -> Any:
    """Build `struct` from a parsed table; raise `PolicyError` naming the dotted path of what is wrong."""
    table = _table(raw, path)
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    tag_field = struct.__struct_config__.tag_field
    for key in table:
        if key not in fields and key != tag_field:
            raise PolicyError(
                f"unknown key `{key}`",
                code="unknown_key",
                field=_join(path, key),
                expected=expected_one_of(key, [tag_field, *fields] if tag_field else fields),
            )
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if name in table:
            values[field.name] = _value(table[name], field.type, _join(path, name))
        elif field.required:
            raise PolicyError(
                f"the key `{name}` is missing",
                code="missing_key",
                field=_join(path, name),
                expected=_words(field.type),
            )
    return struct(**values)


def _value(raw: object, kind: Any, path: str) -> Any:
    structs = [part for part in _parts(kind) if _is_struct(part)]
    plain = [part for part in _parts(kind) if not _is_struct(part)]
    if structs and plain and not _is_table(raw):
        return _plain(raw, kind, path)
    if len(structs) == 1:
        return to_struct(raw, structs[0], path)
    if structs:
        return _tagged(raw, structs, path)
    args = get_args(kind)
    if get_origin(kind) is dict:
        return {key: _value(item, args[1], _join(path, key)) for key, item in _table(raw, path).items()}
    if get_origin(kind) is tuple:
        if not isinstance(raw, list):
            raise _wrong(path, "a list", raw)
        items = cast(list[object], raw)
        if args[-1] is not ... and len(items) != len(args):
            raise _wrong(path, f"a list of {len(args)}", items)
        return tuple(_value(item, args[0], f"{path}[{i}]") for i, item in enumerate(items))
    return _plain(raw, kind, path)


def _moment(raw: object, path: str) -> datetime:
    """Return a moment; a date is its first one in UTC."""
    if isinstance(raw, datetime) and raw.utcoffset() is not None:
        return raw.astimezone(UTC)
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return datetime.combine(raw, time(), UTC)
    raise _wrong(path, _A_MOMENT, raw)


def _plain(raw: object, kind: Any, path: str) -> Any:
    if datetime in _parts(kind):
        return _moment(raw, path)
    try:
        value = msgspec.convert(raw, _without_structs(kind))
    except msgspec.ValidationError:
        raise _wrong(path, _words(kind), raw) from None
    if isinstance(value, float) and not isfinite(value):
        raise _wrong(path, "a finite number", raw)
    return value


def _tagged(raw: object, structs: list[Any], path: str) -> Any:
    table = _table(raw, path)
    tag_field: str = structs[0].__struct_config__.tag_field
    by_tag = {str(struct.__struct_config__.tag): struct for struct in structs}
    tag = table.get(tag_field)
    if not isinstance(tag, str) or tag not in by_tag:
        raise PolicyError(
            f"`{tag}` is no {tag_field}" if tag is not None else f"the key `{tag_field}` is missing",
            code="wrong_value" if tag is not None else "missing_key",
            field=_join(path, tag_field),
            expected=expected_one_of(str(tag), by_tag),
        )
    return to_struct(table, by_tag[tag], path)


def _table(raw: object, path: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise _wrong(path, "a table", raw)
    return cast(dict[str, Any], raw)


def _wrong(path: str, expected: str, raw: object) -> PolicyError:
    shown = repr(raw)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return PolicyError(f"`{path}` is {shown}", code="wrong_value", field=path, expected=expected)


def _words(kind: Any) -> str:
    words: list[str] = []
    for part in _parts(kind):
        if _is_struct(part) or get_origin(part) is dict:
            words.append("a table")
        elif get_origin(part) is tuple:
            words.append("a list")
        elif isinstance(part, type):
            words.append(_WORDS.get(part.__name__, part.__name__))
        else:
            words.extend(f'"{choice}"' for choice in get_args(part))
    return " or ".join(dict.fromkeys(words))


def _parts(kind: Any) -> list[Any]:
    if get_origin(kind) in (Union, types.UnionType):
        return [part for part in get_args(kind) if part is not type(None)]
    return [kind]


def _without_structs(kind: Any) -> Any:
    whole: Any = None
    for part in _parts(kind):
        if not _is_struct(part):
            whole = part if whole is None else whole | part
    return whole


def _is_table(raw: object) -> bool:
    return isinstance(raw, dict)


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
