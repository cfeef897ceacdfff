"""Reads the settings' structs: which names there are, of which type, with which documentation."""

import ast
import inspect
import textwrap
from enum import Enum
from functools import cache
from itertools import pairwise
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, cast, get_args, get_origin, get_type_hints

import msgspec

__all__ = ["ANY", "Leaf", "Tree", "leaf_at", "leaves", "named_tables", "tables", "value_at"]

ANY: Final = "*"
"""In dotted names: whatever the user calls a table."""


class Leaf(msgspec.Struct, frozen=True):
    """One setting."""

    path: str
    type: Any
    default: Any
    doc: str
    is_text: bool
    is_list: bool

    @property
    def shape(self) -> str:
        """What a value may be, for people."""
        return _shape(self.type)

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return "RENOWN_" + self.path.upper().replace(".", "__")


Tree = dict[str, Leaf]
"""Settings by dotted name."""


@cache
def leaves(struct: type[msgspec.Struct]) -> Tree:
    """Return every setting below `struct`."""
    return _leaves(struct, "", None)


def _leaves(struct: type[msgspec.Struct], prefix: str, within: msgspec.Struct | None) -> Tree:
    """Return the settings below a table; `within` is the instance whose values are the defaults."""
    found: Tree = {}
    docs = _attribute_docs(struct)
    hints = get_type_hints(struct)
    for field in msgspec.structs.fields(struct):
        kind = hints[field.name]
        path = f"{prefix}{field.name}"
        default = _default(field) if within is None else getattr(within, field.name)
        if named := named_tables(kind):
            found |= _leaves(named, f"{path}.{ANY}.", None)
            continue
        if nested := _nested(kind):
            found |= _leaves(nested, f"{path}.", default)
            continue
        found[path] = Leaf(
            path,
            kind,
            default,
            docs.get(field.name, ""),
            is_text=_is_text(kind),
            is_list=any(get_origin(one) in (tuple, list) for one in (kind, *get_args(kind))),
        )
    return found


def leaf_at(tree: Tree, path: str) -> Leaf | None:
    """Return the setting `path`, where any name stands for the one in a table of named tables."""
    if path in tree:
        return tree[path]
    names = path.split(".")
    for place in range(1, len(names) - 1):
        leaf = tree.get(".".join([*names[:place], ANY, *names[place + 1 :]]))
        if leaf is not None:
            return leaf
    return None


def value_at(settings: msgspec.Struct, path: str) -> Any:
    """Return the value of the setting `path`; None within a table that is absent.

    Of a setting that any named table may have, `…*…`, it is the default.
    """
    if ANY in path.split("."):
        return leaves(type(settings))[path].default
    value: Any = settings
    for name in path.split("."):
        if isinstance(value, dict):
            value = cast("dict[str, Any]", value).get(name)
        else:
            value = None if value is None else getattr(value, name)
    return value


def named_tables(kind: Any) -> type[msgspec.Struct] | None:
    """Return the struct that `kind` holds by names of the user's choice, or None."""
    if get_origin(kind) is not dict:
        return None
    of = get_args(kind)[1]
    return of if isinstance(of, type) and issubclass(of, msgspec.Struct) else None


def tables(struct: type[msgspec.Struct], prefix: str = "") -> dict[str, str]:
    """Return the names of the tables below `struct` with what each is about."""
    found: dict[str, str] = {}
    for name, kind in get_type_hints(struct).items():
        if named := named_tables(kind):
            found[f"{prefix}{name}.{ANY}"] = inspect.cleandoc(named.__doc__ or "")
            found |= tables(named, f"{prefix}{name}.{ANY}.")
        elif nested := _nested(kind):
            found[f"{prefix}{name}"] = inspect.cleandoc(nested.__doc__ or "")
            found |= tables(nested, f"{prefix}{name}.")
    return found


def _default(field: Any) -> Any:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return None


def _alternatives(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def _nested(kind: Any) -> type[msgspec.Struct] | None:
    for one in _alternatives(kind):
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            return one
    return None


def _is_text(kind: Any) -> bool:
    return any(
        get_origin(one) is Literal or (isinstance(one, type) and issubclass(one, str | Enum))
        for one in _alternatives(kind)
    )


def _attribute_docs(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Return the strings that stand under the attributes of `struct`."""
    docs: dict[str, str] = {}
    for base in struct.__bases__:
        if issubclass(base, msgspec.Struct) and base is not msgspec.Struct:
            docs |= _attribute_docs(base)
    tree = ast.parse(textwrap.dedent(inspect.getsource(struct)))
    (body,) = [node.body for node in tree.body if isinstance(node, ast.ClassDef)]
    for node, after in pairwise(body):
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
            and isinstance(after.value.value, str)
        ):
            docs[node.target.id] = inspect.cleandoc(after.value.value)
    return docs


_NAMES: dict[Any, str] = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def _shape(kind: Any) -> str:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " | ".join(str(member.value) for member in kind)
    if get_origin(kind) is Literal:
        return " | ".join(str(word) for word in get_args(kind))
    alternatives = [one for one in _alternatives(kind) if one is not NoneType]
    if len(alternatives) > 1:
        return " or ".join(_shape(one) for one in alternatives)
    (only,) = alternatives
    if get_origin(only) in (tuple, list):
        return f"list of {_shape(get_args(only)[0])}"
    if only is not kind:
        return _shape(only)
    return _NAMES.get(only, "value")
