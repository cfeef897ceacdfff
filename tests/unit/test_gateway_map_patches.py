"""What patches in maps are made against, in whatever order the map was read."""

import msgspec
import pytest

from renown.gateway.hub import map_patches
from renown.gateway.hub.forms import form_of
from renown.gateway.hub.map_patches import Bases
from renown.gateway.wires import WS_PROTOBUF
from renown.protocol.fossil import apply
from renown.protocol.replies import Publication

FORM = form_of(WS_PROTOBUF, patched=True)
EVERYTHING = (-1, 100)


def value(number: int) -> bytes:
    return b"a long text that stays as it is, but for its end: %d" % number


def put(key: str, offset: int) -> Publication:
    return Publication(msgspec.Raw(value(offset)), offset=offset, key=key)


def gone(key: str, offset: int) -> Publication:
    return Publication(msgspec.Raw(b""), offset=offset, key=key, removed=True)


def patched(bases: Bases, entry: Publication, known: tuple[int, int] = EVERYTHING) -> bytes | None:
    """Return the patch that a key's next publication is sent as; None: it is sent whole."""
    (said,) = bases.said([entry], FORM, known)
    return bytes(said.data) if said.delta else None


def test_a_patch_is_against_the_newest_that_was_read() -> None:
    bases = Bases()
    bases.note([put("a", 3), put("b", 2)])
    bases.note([put("a", 1)])
    patch = patched(bases, put("a", 9))
    assert patch is not None
    assert apply(value(3), patch) == value(9)
    assert patched(bases, put("c", 9)) is None


@pytest.mark.parametrize("known, whole", [((-1, 5), False), ((-1, 4), True), ((4, 9), False), ((5, 9), True)])
def test_only_what_a_subscription_was_told_is_built_upon(known: tuple[int, int], whole: bool) -> None:
    """Neither what came before it returned, nor what others know and it does not know yet."""
    bases = Bases()
    bases.note([put("a", 5)])
    assert (patched(bases, put("a", 10), known) is None) == whole


def test_the_end_of_a_key_ends_its_patches() -> None:
    bases = Bases()
    bases.note([put("a", 1)])
    bases.note([gone("a", 2)])
    assert patched(bases, put("a", 3)) is None
    # A read that began before the end was known brings nothing back.
    bases.note([put("a", 1)])
    assert patched(bases, put("a", 3)) is None
    bases.note([put("a", 3)])
    assert patched(bases, put("a", 4)) is not None


def test_several_changes_of_a_key_at_once() -> None:
    bases = Bases()
    bases.note([put("a", 1)])
    said = bases.said([put("a", 2), gone("a", 3), put("a", 4), put("a", 5)], FORM, (-1, 1))
    assert [(each.delta, each.removed) for each in said] == [
        (True, False),
        (False, True),
        (False, False),
        (True, False),
    ]
    assert apply(value(4), bytes(said[3].data)) == value(5)


def test_what_is_held_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_patches, "_MOST", 1_000)
    bases = Bases()
    for offset in range(1, 1_000):
        bases.note([put(f"k{offset}", offset)])
    held = [offset for offset in range(1, 1_000) if patched(bases, put(f"k{offset}", 2_000), (-1, 1_999))]
    assert 0 < len(held) <= 20
    # What was let go is not taken from an older read: it may be gone.
    bases.note([put("k1", 1)])
    assert patched(bases, put("k1", 2_000)) is None
    bases.memory.begin()
    bases.note([put("k1", 1)])
    assert patched(bases, put("k1", 2_000)) is not None
