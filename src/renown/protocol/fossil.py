"""Patches from one publication to the next, in Fossil's delta format (spec section 15).

A patch says the new length, then copies of stretches of the base and new bytes by turns, then a
checksum. Copies begin and end between characters of UTF-8, so that the patch of a text is a text.
"""

import re
from array import array
from collections.abc import Iterator
from sys import byteorder
from typing import Final

__all__ = ["BadPatch", "apply", "checksum", "delta"]

_DIGITS: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~"
_VALUES: Final = {digit: value for value, digit in enumerate(_DIGITS)}
_STEP = re.compile(rb"([0-9A-Z_a-z~]{1,6})([\n@:,;])")
_BLOCK: Final = 8
_LONG: Final = 1024
_WINDOW: Final = 64
_WIDEST_WINDOW: Final = 8192


class BadPatch(Exception):
    """What is no patch, or none of this base."""


def delta(base: bytes, target: bytes, block: int = 0) -> bytes | None:
    """Return the patch that turns `base` into `target`; None when it would not be smaller than that.

    Stretches of at least `block` bytes are copied; by default of 8, or of 16 where the base is long.
    The time grows linearly with both sizes.
    """
    block = block or (_BLOCK if len(base) < _LONG else 2 * _BLOCK)
    parts = [_number(len(target)), b"\n"]
    said = 0
    for start, offset, count in _copies(base, target, block):
        if said < start:
            parts += (_number(start - said), b":", target[said:start])
        parts += (_number(count), b"@", _number(offset), b",")
        said = start + count
    if said < len(target):
        parts += (_number(len(target) - said), b":", target[said:])
    parts += (_number(checksum(target)), b";")
    patch = b"".join(parts)
    return patch if len(patch) < len(target) else None


def _copies(base: bytes, target: bytes, block: int) -> Iterator[tuple[int, int, int]]:
    """Yield what to copy, ascending: where it goes, where it is in the base, how many bytes it has."""
    blocks: dict[bytes, int] | None = None
    at = done = shift = misses = 0
    while at <= len(target) - block:
        here = target[at : at + block]
        # Mostly only values in place have changed: what follows is where it was.
        found = at + shift
        if not base.startswith(here, found):
            if blocks is None:
                blocks = {base[i : i + block]: i for i in range(0, len(base) - block + 1, block)}
            found = blocks.get(here, -1)
        if found < 0:
            # Where nothing matches look less often: a match is extended backwards.
            at += 1 + (misses >> 4)
            misses += 1
            continue
        back = _alike_before(base, found, target, at, done)
        start = at - back
        stop = _character(target, at + block + _alike_after(base, found + block, target, at + block), -1)
        shift = found - at
        start = _character(target, start, 1)
        if stop > start:
            yield start, start + shift, stop - start
            done = stop
        at = max(stop, at + 1)
        misses = 0


def _character(text: bytes, at: int, direction: int) -> int:
    """Return the nearest place in `direction` where a character begins, if `text` is UTF-8."""
    for place in range(at, at + 4 * direction, direction):
        if not 0 < place < len(text) or text[place] & 0xC0 != 0x80:
            return place
    return at


def _alike_after(base: bytes, i: int, target: bytes, j: int) -> int:
    """Return how many bytes from `i` and `j` on are alike."""
    alike, window = 0, _WINDOW
    while True:
        ours, theirs = base[i + alike : i + alike + window], target[j + alike : j + alike + window]
        size = min(len(ours), len(theirs))
        differing = 0 if ours == theirs else int.from_bytes(ours[:size]) ^ int.from_bytes(theirs[:size])
        alike += size - (differing.bit_length() + 7) // 8
        if differing or size < window:
            return alike
        window = min(2 * window, _WIDEST_WINDOW)


def _alike_before(base: bytes, i: int, target: bytes, j: int, least: int) -> int:
    """Return how many bytes right before `i` and `j` are alike, going back to `least` in the target."""
    alike = 0
    while alike < i and j - alike > least and base[i - alike - 1] == target[j - alike - 1]:
        alike += 1
    return alike


def apply(base: bytes, patch: bytes) -> bytes:
    """Return what `patch` makes of `base`.

    Raises:
        BadPatch: It is no patch, or none of this base.

    """
    size, sign, at = _step(patch, 0)
    if sign != b"\n":
        raise BadPatch("a patch begins with a length")
    parts: list[bytes] = []
    left = size
    while True:
        number, sign, at = _step(patch, at)
        if sign == b";":
            break
        if sign == b"@":
            offset, comma, at = _step(patch, at)
            part = base[offset : offset + number] if comma == b"," else b""
        elif sign == b":":
            part = patch[at : at + number]
            at += number
        else:
            raise BadPatch("neither a copy nor new bytes")
        left -= number
        if len(part) != number or left < 0:
            raise BadPatch("more than there is")
        parts.append(part)
    target = b"".join(parts)
    if left or number != checksum(target) or at != len(patch):
        raise BadPatch("not what was patched")
    return target


def _step(patch: bytes, at: int) -> tuple[int, bytes, int]:
    found = _STEP.match(patch, at)
    if found is None:
        raise BadPatch("no number where one is wanted")
    number = 0
    for digit in found[1]:
        number = number * 64 + _VALUES[digit]
    return number, found[2], found.end()


def checksum(data: bytes) -> int:
    """Return the sum of `data` as big-endian words of 32 bits, modulo 2**32."""
    words = array("I", data + bytes(-len(data) % 4))
    if byteorder == "little":
        words.byteswap()
    return sum(words) & 0xFFFFFFFF


def _number(number: int) -> bytes:
    """Return a natural number in base 64, the highest digit first."""
    if number < 64:
        return _DIGITS[number : number + 1]
    digits = bytearray()
    while number:
        digits.append(_DIGITS[number & 63])
        number >>= 6
    digits.reverse()
    return bytes(digits)
