"""Counts that limits are about, of all processes together."""

from collections import defaultdict
from typing import Final

from renown.gateway.admission.counts import Counts
from renown.gateway.nodes.messages import Value
from renown.gateway.nodes.mirror import Mirrors, Where
from renown.gateway.nodes.nodes import Nodes

__all__ = ["Tallies"]

_WHAT: Final = "counts"


class Tallies:
    """Tells the others the counts of this process, and keeps in `counts` what theirs come to."""

    def __init__(self, nodes: Nodes, mirrors: Mirrors, counts: Counts) -> None:
        self._nodes = nodes
        self._counts = counts
        self._mirror = mirrors.add(_WHAT, self._here, self._show)
        counts.moved = self._moved
        counts.look = self._look

    def _moved(self, what: str, name: str, count: int) -> None:
        self._mirror.change(what, name, count or None)

    def _here(self) -> dict[str, dict[str, Value]]:
        here: defaultdict[str, dict[str, Value]] = defaultdict(dict)
        for (what, name), count in self._counts.here.items():
            here[what][name] = count
        return here

    def _show(self, where: Where, before: Value | None, after: Value | None) -> None:
        self._counts.move_far(where, _number(after) - _number(before))

    def _look(self, where: Where) -> None:
        for node in self._mirror.holders(where):
            self._nodes.look(node)


def _number(value: Value | None) -> int:
    return value if isinstance(value, int) else 0
