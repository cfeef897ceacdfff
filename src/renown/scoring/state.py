"""The state of a standing: one small cell per category, and its encoding."""

import msgspec

from renown.errors import PolicyError
from renown.policy import Policy
from renown.scoring.aggregators import Aggregator, Cell
from renown.scoring.plan import plan_of

__all__ = ["State", "decode_state", "empty", "encode_state"]


class State(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What folding remembers of a subject. A value: folding makes a new one."""

    cells: tuple[Cell, ...]
    """One per category in the policy's order, the overall one first; then one per hysteresis."""


_Depth1 = tuple[int | float, ...]
_Depth2 = tuple[int | float | _Depth1, ...]
_Depth3 = tuple[int | float | _Depth2, ...]
_Depth4 = tuple[int | float | _Depth3, ...]
_Depth5 = tuple[int | float | _Depth4, ...]
_DECODER = msgspec.json.Decoder(tuple[tuple[tuple[int | float | _Depth5, ...], ...]])
_ENCODER = msgspec.json.Encoder()


def empty(policy: Policy) -> State:
    """Return the state of a subject without events."""
    return State(plan_of(policy).empties)


def encode_state(state: State) -> bytes:
    """Return the state as bytes; `decode_state` gives back an equal one, to the last digit."""
    return _ENCODER.encode(state)


def decode_state(policy: Policy, data: bytes) -> State:
    """Return the encoded state; raise `PolicyError` when it was made under another form of policy."""
    try:
        (cells,) = _DECODER.decode(data)
    except msgspec.DecodeError as error:
        raise PolicyError(f"the state cannot be read: {error}", code="state_mismatch") from None
    plan = plan_of(policy)
    good = len(cells) == len(plan.empties) and all(map(_fits, plan.aggregators, cells))
    if not good or any(len(cells[place]) != 3 for place in plan.sticky.values()):
        raise PolicyError(
            f"the state was not made under the policy `{policy.name}` version {policy.version}",
            code="state_mismatch",
        )
    return State(cells)


def _fits(aggregator: Aggregator, cell: Cell) -> bool:
    return bool(cell) and aggregator.fits(cell)
