"""What a subscribe result says about a position."""

from hypothesis import given, settings
from hypothesis import strategies as st

from renown.protocol.effects import Log, Newest, Position
from renown.protocol.recovery import newest_result, stream_result
from tests.unit.protocol_talk import pub

EPOCHS = st.sampled_from(["", "e", "_"])


@settings(deadline=None)
@given(st.integers(0, 5), EPOCHS, st.integers(0, 5))
def test_newest_state_is_given_unless_it_is_held(top: int, epoch: str, offset: int) -> None:
    result = newest_result(Newest("e", top, b"{}"), Position(epoch, offset))
    held = (epoch, offset) == ("e", top)
    assert [pub.offset for pub in result.publications] == ([] if held or not top else [top])
    assert (result.was_recovering, result.offset, result.epoch) == (True, top, "e")
    assert result.recovered == (top > 0 or (offset == 0 and epoch != "_"))


def test_newest_state_is_given_to_new_subscribers() -> None:
    result = newest_result(Newest("e", 3, b"{}"), None)
    assert [pub.offset for pub in result.publications] == [3]
    assert (result.was_recovering, result.recovered) == (False, False)
    assert (result.recoverable, result.positioned) == (True, True)


@settings(deadline=None)
@given(st.integers(0, 8), EPOCHS, st.integers(0, 10), st.sets(st.integers(1, 8)))
def test_a_stream_is_recovered_only_without_a_hole(top: int, epoch: str, offset: int, lost: set[int]) -> None:
    entries = tuple(pub(n) for n in range(offset + 1, top + 1) if n not in lost)
    result = stream_result(Log("e", top, entries), Position(epoch, offset))
    complete = epoch in ("", "e") and offset <= top and not lost & set(range(offset + 1, top + 1))
    assert result.recovered == complete
    assert result.was_recovering
    if complete:
        assert result.offset == offset
        assert [pub.offset for pub in result.publications] == list(range(offset + 1, top + 1))
    else:
        assert (result.offset, result.publications) == (top, ())


def test_what_a_filter_took_out_is_no_hole() -> None:
    result = stream_result(Log("e", 9, (pub(6), pub(9)), skipped=3), Position("e", 4))
    assert (result.recovered, result.offset) == (True, 4)
    assert not stream_result(Log("e", 9, (pub(6), pub(9)), skipped=2), Position("e", 4)).recovered
