"""Patches between publications: they make the target again, are small, and the official client reads them."""

import random

import msgspec
import pytest
from centrifuge.fossil import apply_delta
from hypothesis import given, settings
from hypothesis import strategies as st

from renown.protocol.codec import JSON
from renown.protocol.fossil import BadPatch, apply, checksum, delta

BASE = b'{"score":0.731,"name":"a long and unchanged description of the rated item"}'
TARGET = BASE.replace(b"0.731", b"0.735")
WORKED = b'1B\nE:{"score":0.735y@E,2b6gWY;'

PIECES = st.sampled_from(["a", "é", "漢", "🏆", '"score":', "0.7311", "the same words again ", "x" * 40])
TEXTS = st.lists(PIECES, max_size=40).map("".join)


def mutated(text: str, changes: list[tuple[int, int, str]]) -> str:
    for start, length, piece in changes:
        at = start % (len(text) + 1)
        text = text[:at] + piece + text[at + length :]
    return text


CHANGES = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 60), PIECES), max_size=6)


def test_the_worked_example_byte_by_byte() -> None:
    assert delta(BASE, TARGET, block=16) == WORKED
    assert apply(BASE, WORKED) == TARGET
    assert checksum(TARGET) == 2786768930


def test_short_stretches_are_copied_too_where_that_is_smaller() -> None:
    patch = delta(BASE, TARGET)
    assert patch == b"1B\nD@0,1:5y@E,2b6gWY;"
    assert apply_delta(BASE, patch) == TARGET


@settings(deadline=None, max_examples=300)
@given(TEXTS, CHANGES)
def test_a_patch_of_a_text_is_a_smaller_text_and_makes_the_target(text: str, changes: list) -> None:
    base, target = text.encode(), mutated(text, changes).encode()
    patch = delta(base, target)
    if patch is None:
        return
    assert len(patch) < len(target)
    assert apply(base, patch) == target
    assert bytes(apply_delta(base, patch)) == target
    assert msgspec.json.decode(JSON.text(patch)).encode() == patch


@settings(deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=300), st.integers(1, 20))
def test_any_bytes(base: bytes, end: bytes, block: int) -> None:
    target = base + end + base[len(base) // 2 :]
    patch = delta(base, target, block)
    if patch is not None:
        assert len(patch) < len(target)
        assert apply(base, patch) == target
        assert bytes(apply_delta(base, patch)) == target


@pytest.mark.parametrize(
    "base, target",
    [(b"", b""), (b"abc", b""), (b"", b"abc"), (b"x" * 100, random.Random(1).randbytes(100))],
)
def test_no_patch_where_it_would_not_be_smaller(base: bytes, target: bytes) -> None:
    assert delta(base, target) is None


def test_what_is_the_same_costs_a_few_bytes() -> None:
    data = random.Random(2).randbytes(60_000)
    patch = delta(data, data)
    assert patch is not None
    assert len(patch) < 20
    assert apply(data, patch) == data


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=60), st.text("0123@:,;\nAz~", max_size=30).map(str.encode)))
def test_bad_patches_are_refused(patch: bytes) -> None:
    try:
        assert len(apply(BASE, patch)) <= 64**6
    except BadPatch:
        return


@pytest.mark.parametrize(
    "patch",
    [
        WORKED[:-1],
        WORKED[:-2] + b"Z;",
        WORKED + b"x",
        WORKED.replace(b"y@E", b"y@F"),
        WORKED.replace(b"y@E", b"~~~@E"),
        WORKED.replace(b"1B\n", b"1A\n"),
        WORKED.replace(b"y@E,", b"y@E:"),
        WORKED.replace(b"\n", b";"),
    ],
)
def test_a_damaged_patch_is_refused(patch: bytes) -> None:
    with pytest.raises(BadPatch):
        apply(BASE, patch)
