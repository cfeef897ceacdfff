"""What is told of a `renown.policy` event: that the rules changed, and what that did."""

from collections.abc import Mapping
from typing import Any

from renown.model import Change, Event

__all__ = ["new_rules"]


def new_rules(event: Event) -> tuple[float, tuple[Change, ...]]:
    """Return by how much the shown score moved, as it was recorded then, and a sentence about it."""
    said = event.data or {}
    before, after = _number(said, "before"), _number(said, "after")
    name, old, new = (str(said.get(key, "")) for key in ("policy", "from", "to"))
    words = [] if before == after else [f"the score goes from {before:.6g} to {after:.6g}"]
    match said.get("tiers"):
        case [one, other]:
            words.append(f"the tier from {one or 'none'} to {other or 'none'}")
        case _:
            pass
    what = "All events were weighed anew" if said.get("reweighed") else f"The rules of {name} changed"
    why = what + (": " + " and ".join(words) if words else "") + "."
    return after - before + 0.0, (Change("policy", name, old, new, why),)


def _number(said: Mapping[str, Any], key: str) -> float:
    found = said.get(key)
    return float(found) if isinstance(found, int | float) else 0.0
