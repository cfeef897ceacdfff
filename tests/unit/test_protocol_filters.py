"""Tag filters: what is refused, and what passes, against an evaluator written another way."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renown.protocol.commands import FilterNode
from renown.protocol.filters import MAX_DEPTH, MAX_NODES, MAX_VALUES, BadFilter, check, passes

NUMERIC = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
ONE_VALUE = ["eq", "neq", "sw", "ew", "ct", *NUMERIC]
KEYS = st.sampled_from(["a", "b", "c"])
TEXTS = st.sampled_from(["", "1", "2.0", "10", "-1", "x", "xy", "1e2", "nan", "1_0", " 1"])


def leaf(key: str = "a", cmp: str = "eq", **more: object) -> FilterNode:
    return msgspec.convert({"key": key, "cmp": cmp, **more}, FilterNode)


LEAVES = st.one_of(
    st.builds(lambda key, cmp, val: leaf(key, cmp, val=val), KEYS, st.sampled_from(ONE_VALUE), TEXTS),
    st.builds(
        lambda key, cmp, vals: leaf(key, cmp, vals=vals),
        KEYS,
        st.sampled_from(["in", "nin"]),
        st.lists(TEXTS, min_size=1, max_size=3),
    ),
    st.builds(leaf, KEYS, st.sampled_from(["ex", "nex"])),
)
FILTERS = st.recursive(
    LEAVES,
    lambda children: st.one_of(
        st.builds(
            lambda op, nodes: FilterNode(op=op, nodes=nodes),
            st.sampled_from(["and", "or"]),
            st.lists(children, min_size=1, max_size=3),
        ),
        children.map(lambda node: FilterNode(op="not", nodes=[node])),
    ),
    max_leaves=8,
)
TAGS = st.none() | st.dictionaries(KEYS, TEXTS)


def number(text: str) -> float | None:
    known = {"1": 1.0, "2.0": 2.0, "10": 10.0, "-1": -1.0, "1e2": 100.0}
    return known.get(text)


def naive(node: FilterNode, tags: dict[str, str]) -> bool:
    """Every rule spelt out."""
    if node.op:
        results = [naive(child, tags) for child in node.nodes or []]
        return {"and": False not in results, "or": True in results, "not": results == [False]}[node.op]
    assert node.key is not None
    there = node.key in tags
    tag, val, vals = tags.get(node.key, ""), node.val or "", node.vals or []
    left, right = number(tag), number(val)
    if left is None or right is None:
        order = dict.fromkeys(NUMERIC, False)
    else:
        order = {"lt": left < right, "lte": left <= right, "gt": left > right, "gte": left >= right}
    return {
        "eq": there and tag == val,
        "neq": not there or tag != val,
        "in": there and tag in vals,
        "nin": not there or tag not in vals,
        "ex": there,
        "nex": not there,
        "sw": there and tag[: len(val)] == val,
        "ew": there and tag[len(tag) - len(val) :] == val and len(tag) >= len(val),
        "ct": there and tag.find(val) >= 0,
        **{cmp: there and holds for cmp, holds in order.items()},
    }[node.cmp or ""]


@settings(deadline=None)
@given(FILTERS, TAGS)
def test_what_passes(node: FilterNode, tags: dict[str, str] | None) -> None:
    check(node)
    assert passes(node, tags) is naive(node, tags or {})


@pytest.mark.parametrize(
    "node",
    [
        FilterNode(),
        leaf("", "eq", val="x"),
        leaf(cmp=""),
        leaf(cmp="like", val="x"),
        leaf(cmp="eq", vals=["x"]),
        leaf(cmp="in", val="x"),
        leaf(cmp="in", vals=["x"], val="x"),
        leaf(cmp="nin", vals=[]),
        leaf(cmp="ex", val="x"),
        leaf(cmp="nex", vals=["x"]),
        leaf(nodes=[{"key": "a", "cmp": "ex"}]),
        leaf(op="and"),
        FilterNode(op="and"),
        FilterNode(op="or", nodes=[]),
        FilterNode(op="xor", nodes=[leaf()]),
        FilterNode(op="not"),
        FilterNode(op="not", nodes=[leaf(), leaf()]),
        FilterNode(op="and", key="a", nodes=[leaf()]),
        FilterNode(op="and", nodes=[FilterNode()]),
        FilterNode(op="or", nodes=[leaf()] * MAX_NODES),
        leaf(cmp="in", vals=["x"] * (MAX_VALUES + 1)),
    ],
)
def test_what_is_refused(node: FilterNode) -> None:
    with pytest.raises(BadFilter):
        check(node)


def test_sizes_at_their_bounds() -> None:
    def nested(depth: int) -> FilterNode:
        node = leaf()
        for _ in range(depth - 1):
            node = FilterNode(op="not", nodes=[node])
        return node

    check(nested(MAX_DEPTH))
    check(FilterNode(op="or", nodes=[leaf()] * (MAX_NODES - 1)))
    check(leaf(cmp="in", vals=["x"] * MAX_VALUES))
    with pytest.raises(BadFilter):
        check(nested(MAX_DEPTH + 1))


@pytest.mark.parametrize(
    "tag, cmp, value, holds",
    [
        ("9007199254740993", "gt", "9007199254740992", True),
        ("0.1", "gte", "0.10", True),
        ("1e9999", "gt", "1e9998", True),
        ("1e99999", "gt", "1", False),
        ("inf", "gt", "1", False),
        ("nan", "lte", "nan", False),
        ("٣", "gt", "1", False),
        ("1" * 129, "gt", "1", False),
        ("", "gte", "", False),
    ],
)
def test_numbers(tag: str, cmp: str, value: str, holds: bool) -> None:
    assert passes(leaf(cmp=cmp, val=value), {"a": tag}) is holds


def test_filters_of_the_official_client() -> None:
    from centrifuge.filter import Filter

    built = Filter.all(
        Filter.eq("ticker", "AAPL"),
        Filter.negate(Filter.is_in("source", ["NYSE", "LSE"])),
        Filter.any(Filter.gte("price", "100"), Filter.exists("urgent")),
    )
    node = msgspec.convert(built.node, FilterNode)
    check(node)
    assert passes(node, {"ticker": "AAPL", "price": "100.5"})
    assert passes(node, {"ticker": "AAPL", "urgent": ""})
    assert not passes(node, {"ticker": "AAPL", "price": "100.5", "source": "LSE"})
    assert not passes(node, None)
