"""The nearest valid name, for errors that help."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["expected_one_of", "nearest"]


def nearest(name: str, valid: Iterable[str]) -> str | None:
    """Return the valid name that looks most like `name`, or None when none comes near."""
    found = get_close_matches(name[:80], list(valid), n=1, cutoff=0.5)
    return found[0] if found else None


def expected_one_of(name: str, valid: Iterable[str]) -> str:
    """Return the nearest valid name, or all of them when none comes near."""
    names = list(valid)
    return nearest(name, names) or ("one of " + ", ".join(names) if names else "nothing here")
