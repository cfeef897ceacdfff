"""What a standing carries besides its score, as bytes."""

from typing import Any, Final

import msgspec

from renown.errors import PolicyError
from renown.ledger.folding.forms import Folded
from renown.policy import Policy
from renown.scoring.guards import Guards, begin_guards, decode_guards
from renown.scoring.life import Life, begin_life, decode_life, has_life

__all__ = ["decode_carried", "encode_carried", "guards_in", "life_in"]


class _Carried(msgspec.Struct, frozen=True, array_like=True, gc=False):
    held: int = 0
    hold_until: float | None = None
    life: msgspec.Raw = msgspec.Raw(b"null")
    guards: msgspec.Raw = msgspec.Raw(b"null")
    prior: dict[str, float] = {}


class _Carrying(msgspec.Struct, array_like=True, gc=False):
    """The same on its way out: all of it is written in one go."""

    held: int
    hold_until: float | None
    life: Any
    guards: Any
    prior: dict[str, float]


_DECODER: Final = msgspec.json.Decoder(_Carried)
_NOTHING: Final = _Carried()
_NULL: Final = b"null"
_encode: Final = msgspec.json.Encoder().encode


def encode_carried(folded: Folded) -> bytes | None:
    """Return what is carried; None for nothing, as most standings have it."""
    life, guards = folded.life, folded.guards
    nothing = life is None and guards is None and not folded.held and folded.hold_until is None
    if nothing and not folded.prior:
        return None
    return _encode(_Carrying(folded.held, folded.hold_until, life, guards, folded.prior))


def decode_carried(policy: Policy, folded: Folded, data: bytes | None) -> None:
    """Put what is carried into `folded`.

    Raises:
        PolicyError: it was made under another form of policy; then fold the subject anew.

    """
    carried = _carried(data)
    folded.held, folded.hold_until, folded.prior = carried.held, carried.hold_until, carried.prior
    if has_life(policy):
        folded.life = _life(policy, carried)
    if policy.guards:
        folded.guards = _guards(policy, carried)


def life_in(policy: Policy, data: bytes | None) -> Life | None:
    """Return the life in what is carried, None under a policy without any; raise as `decode_carried`."""
    return _life(policy, _carried(data)) if has_life(policy) else None


def guards_in(policy: Policy, data: bytes | None) -> Guards:
    """Return what guards remember of what is carried; raise as `decode_carried`."""
    return _guards(policy, _carried(data))


def _carried(data: bytes | None) -> _Carried:
    try:
        return _NOTHING if data is None else _DECODER.decode(data)
    except msgspec.DecodeError as error:
        raise PolicyError(f"what is carried cannot be read: {error}", code="state_mismatch") from None


def _life(policy: Policy, carried: _Carried) -> Life:
    life = bytes(carried.life)
    return begin_life(policy) if life == _NULL else decode_life(policy, life)


def _guards(policy: Policy, carried: _Carried) -> Guards:
    guards = bytes(carried.guards)
    return begin_guards(policy) if guards == _NULL else decode_guards(policy, guards)
