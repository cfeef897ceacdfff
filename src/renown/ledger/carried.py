"""What a standing carries besides its score, as bytes."""

from typing import Final

import msgspec

from renown.ledger.forms import Folded

__all__ = ["decode_carried", "encode_carried"]


class _Carried(msgspec.Struct, frozen=True, array_like=True, gc=False):
    held: int = 0
    hold_until: float | None = None


_DECODER: Final = msgspec.json.Decoder(_Carried)
_encode: Final = msgspec.json.Encoder().encode


def encode_carried(folded: Folded) -> bytes | None:
    """Return what is carried; None for nothing, as most standings have it."""
    if not folded.held and folded.hold_until is None:
        return None
    return _encode(_Carried(folded.held, folded.hold_until))


def decode_carried(folded: Folded, data: bytes | None) -> None:
    """Put what is carried into `folded`."""
    if data is not None:
        carried = _DECODER.decode(data)
        folded.held, folded.hold_until = carried.held, carried.hold_until
