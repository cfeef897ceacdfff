"""Filters over tags: which publications a subscriber wants (spec section 16)."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from operator import ge, gt, le, lt
from typing import Final

from renown.protocol.commands import FilterNode

__all__ = ["MAX_DEPTH", "MAX_NODES", "MAX_VALUES", "BadFilter", "check", "passes"]

MAX_DEPTH: Final = 16
"""How deep nodes may be nested, the outermost counted."""
MAX_NODES: Final = 256
"""How many nodes a filter may have in all."""
MAX_VALUES: Final = 1024
"""How many values `in` and `nin` may list in all of a filter."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_LONGEST_NUMBER = 128


class BadFilter(Exception):
    """A filter that means nothing, or is too large."""


def check(node: FilterNode) -> None:
    """Check that `node` is a filter of sensible size.

    Raises:
        BadFilter: It is not; the text says why.

    """
    nodes = values = 0
    rest = [(node, 1)]
    while rest:
        each, depth = rest.pop()
        _check_node(each)
        children = each.nodes or []
        nodes += 1
        values += len(each.vals or ())
        if depth > MAX_DEPTH or nodes + len(children) > MAX_NODES or values > MAX_VALUES:
            raise BadFilter("the filter is too large")
        rest += [(child, depth + 1) for child in children]


def _check_node(node: FilterNode) -> None:
    children = len(node.nodes or ())
    if not node.op:
        _check_leaf(node)
        if children:
            raise BadFilter("a comparison has no nodes")
        return
    if node.key or node.cmp or node.val or node.vals:
        raise BadFilter(f"{node.op!r} compares nothing itself")
    if node.op in ("and", "or"):
        if children < 1:
            raise BadFilter(f"{node.op!r} wants nodes")
    elif node.op == "not":
        if children != 1:
            raise BadFilter("'not' wants one node")
    else:
        raise BadFilter(f"no operation {node.op!r}")


def _check_leaf(node: FilterNode) -> None:
    if not node.key:
        raise BadFilter("a comparison wants a key")
    cmp = node.cmp or ""
    if cmp in ("in", "nin"):
        if not node.vals or node.val:
            raise BadFilter(f"{cmp!r} wants vals")
    elif cmp in ("ex", "nex"):
        if node.val or node.vals:
            raise BadFilter(f"{cmp!r} wants no value")
    elif cmp not in _COMPARISONS:
        raise BadFilter(f"no comparison {cmp!r}")
    elif node.vals:
        raise BadFilter(f"{cmp!r} wants one value")


def passes(node: FilterNode, tags: Mapping[str, str] | None) -> bool:
    """Tell whether a checked filter lets a publication with `tags` through."""
    if not node.op:
        return _compare(node, (tags or {}).get(node.key or ""))
    nodes = node.nodes or []
    if node.op == "and":
        return all(passes(each, tags) for each in nodes)
    if node.op == "or":
        return any(passes(each, tags) for each in nodes)
    return not passes(nodes[0], tags)


def _compare(node: FilterNode, tag: str | None) -> bool:
    cmp = node.cmp or ""
    if tag is None:
        return cmp in ("neq", "nin", "nex")
    if cmp == "in":
        return tag in (node.vals or ())
    if cmp == "nin":
        return tag not in (node.vals or ())
    if cmp in ("ex", "nex"):
        return cmp == "ex"
    return _COMPARISONS[cmp](tag, node.val or "")


@lru_cache(maxsize=4096)
def _number(text: str) -> Decimal | None:
    # Decimals: ids and sums of money are compared to the last digit.
    if len(text) > _LONGEST_NUMBER or _NUMBER.fullmatch(text) is None:
        return None
    return Decimal(text)


def _numeric(holds: Callable[[Decimal, Decimal], bool]) -> Callable[[str, str], bool]:
    def compare(tag: str, value: str) -> bool:
        left, right = _number(tag), _number(value)
        return left is not None and right is not None and holds(left, right)

    return compare


_COMPARISONS: Final[dict[str, Callable[[str, str], bool]]] = {
    "eq": lambda tag, value: tag == value,
    "neq": lambda tag, value: tag != value,
    "sw": lambda tag, value: tag.startswith(value),
    "ew": lambda tag, value: tag.endswith(value),
    "ct": lambda tag, value: value in tag,
    "lt": _numeric(lt),
    "lte": _numeric(le),
    "gt": _numeric(gt),
    "gte": _numeric(ge),
}
"""Those that compare a tag with one value."""
