"""The Protobuf form of a standing holds all that its JSON holds."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renown.model import Category, Cause, Standing, timestamp
from renown.protocol.raw import Undecodable
from renown.protocol.standing_form import pack, unpack

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
COUNTS = st.integers(0, 2**53)
NAMES = st.text(st.characters(codec="utf-8"), max_size=12)
STANDINGS = st.builds(
    Standing,
    subject=NAMES,
    version=COUNTS,
    score=NUMBERS,
    low=NUMBERS,
    high=NUMBERS,
    count=COUNTS,
    categories=st.dictionaries(NAMES, st.builds(Category, NUMBERS, COUNTS), max_size=6),
    tier=st.none() | NAMES,
    badges=st.lists(NAMES, max_size=4).map(tuple),
    status=NAMES,
    provisional=st.booleans(),
    updated_at=st.floats(-1e9, 1e10).map(timestamp),
    cause=st.none() | st.builds(Cause, NAMES, NUMBERS),
    held=COUNTS,
    status_until=st.none() | st.floats(-1e9, 1e10).map(timestamp),
)


@settings(deadline=None)
@given(STANDINGS)
def test_packed_and_unpacked(standing: Standing) -> None:
    encoded = msgspec.json.encode(standing)
    assert msgspec.json.encode(unpack(pack(encoded))) == encoded


@pytest.mark.parametrize("text", [b"", b"{}", b"[", b"null", b'"\xff"'])
def test_what_is_no_standing_is_not_packed(text: bytes) -> None:
    with pytest.raises(Undecodable):
        pack(text)


def test_a_standing_with_a_bad_time_is_not_packed() -> None:
    standing = Standing("a:b", 1, 0.5, 0.4, 0.6, 1, {}, None, (), "active", False, "yesterday", None)
    for updated_at in ("yesterday", "2026-01-01T00:00:00"):
        with pytest.raises(Undecodable):
            pack(msgspec.json.encode(msgspec.structs.replace(standing, updated_at=updated_at)))


def test_a_standing_with_a_negative_version_is_not_packed() -> None:
    standing = Standing("a:b", -1, 0.5, 0.4, 0.6, 1, {}, None, (), "active", False, timestamp(0), None)
    with pytest.raises(Undecodable):
        pack(msgspec.json.encode(standing))


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_any_bytes_are_a_standing_or_undecodable(packed: bytes) -> None:
    with suppress(Undecodable):
        assert isinstance(unpack(packed), Standing)
