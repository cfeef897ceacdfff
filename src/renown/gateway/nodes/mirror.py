"""What each process knows of its own, and all must know of all: who is present, how many are connected.

Each node has its *part*, of entries by two names, and counts the changes to it: the count is the part's
*state*. It tells what led from one state to the next, and once a second which state it is at; whoever finds
that it lacks something asks for the whole. So nothing that is lost, repeated or comes late makes a lasting
difference, and the part of a node that is gone is dropped as one.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from renown.gateway.nodes.messages import Change, Changed, Part, StandsAt, TellPart, Value
from renown.gateway.nodes.nodes import Nodes, Unanswered

__all__ = ["Mirror", "Mirrors", "Where"]

_UNKNOWN: Final = -1

Where = tuple[str, str]
"""The two names of an entry."""
Show = Callable[[Where, Value | None, Value | None], None]
"""Is told what an entry of another node was and is; None: it was not there, or is not any more."""


class _Known(msgspec.Struct):
    """What is known of another node's part, as of a state of it."""

    state: int = _UNKNOWN
    entries: dict[Where, Value] = {}
    asking: bool = False


class Mirrors:
    """All that is mirrored, by name: hands each what is said of it."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._mirrors: dict[str, Mirror] = {}
        nodes.watch(self)
        nodes.hear(Changed, self._hear)
        nodes.hear(StandsAt, self._hear)
        nodes.answer(TellPart, self._tell)

    def add(self, what: str, here: Callable[[], dict[str, dict[str, Value]]], show: Show) -> "Mirror":
        """Mirror something. `here` returns this node's part; `show` is told of all changes of the others'."""
        mirror = self._mirrors[what] = Mirror(self._nodes, what, here, show)
        return mirror

    async def learn(self) -> None:
        """Return when the parts of those who are there are known, or they do not tell."""
        learning = (mirror.learn(node) for mirror in self._mirrors.values() for node in self._nodes.others)
        await asyncio.gather(*learning)

    def came(self, node: str) -> None:
        """Ask a new node for its parts."""
        for mirror in self._mirrors.values():
            mirror.came(node)

    def left(self, node: str) -> None:
        """Drop the parts of a node."""
        for mirror in self._mirrors.values():
            mirror.left(node)

    def led(self) -> None:
        """Nothing to note: who leads does not matter here."""

    def _hear(self, node: str, said: Changed | StandsAt) -> None:
        mirror = self._mirrors.get(said.what)
        if mirror is not None:
            mirror.hear(node, said)

    async def _tell(self, _node: str, asked: TellPart) -> Part:
        mirror = self._mirrors.get(asked.what)
        return Part(0, {}) if mirror is None else mirror.part()


class Mirror:
    """One thing that is mirrored."""

    def __init__(
        self, nodes: Nodes, what: str, here: Callable[[], dict[str, dict[str, Value]]], show: Show
    ) -> None:
        self._nodes = nodes
        self._what = what
        self._here = here
        self._show = show
        self._state = 0
        self._told = 0
        """The state that the others were told of last."""
        self._news: list[Change] = []
        self._known: dict[str, _Known] = {}
        nodes.pulse(lambda: StandsAt(what, self._told))

    # What happens here

    def change(self, name: str, key: str, value: Value | None) -> None:
        """Tell the others of an entry of this node as it is now; None: it is gone."""
        self._state += 1
        if self._nodes.alone:
            self._told = self._state
            return
        if not self._news:
            asyncio.get_running_loop().call_soon(self._tell)
        self._news.append(Change(name, key, value))

    def part(self) -> Part:
        """Return this node's part."""
        self._tell()
        return Part(self._state, self._here())

    def _tell(self) -> None:
        news, self._news = self._news, []
        if news:
            before, self._told = self._told, self._state
            self._nodes.tell(Changed(self._what, before, self._told, tuple(news)))

    # What happens elsewhere

    def holders(self, where: Where) -> Iterator[str]:
        """Return the other nodes that have an entry."""
        return (node for node, known in list(self._known.items()) if where in known.entries)

    def came(self, node: str) -> None:
        """Ask a new node for its part."""
        self._known[node] = _Known()
        self._nodes.run(self.learn(node))

    def left(self, node: str) -> None:
        """Drop the part of a node."""
        known = self._known.pop(node, None)
        if known is not None:
            self._replace(known, {})

    def hear(self, node: str, said: Changed | StandsAt) -> None:
        """Take what a node says of its part."""
        known = self._known.get(node)
        if known is None:
            return
        if isinstance(said, StandsAt):
            if known.state < said.state:
                self._lack(node, known)
        elif said.after > known.state:
            if said.before == known.state:
                known.state = said.after
                self._apply(known, said.changes)
            else:
                self._lack(node, known)

    def _apply(self, known: _Known, changes: tuple[Change, ...]) -> None:
        for change in changes:
            where = change.name, change.key
            before = known.entries.get(where)
            if change.value is None:
                known.entries.pop(where, None)
            else:
                known.entries[where] = change.value
            if before != change.value:
                self._show(where, before, change.value)

    def _lack(self, node: str, known: _Known) -> None:
        if not known.asking:
            self._nodes.run(self.learn(node))

    async def learn(self, node: str) -> None:
        """Return when a node's part is known, or it does not tell."""
        known = self._known.get(node)
        if known is None or known.asking:
            return
        known.asking = True
        try:
            answer = await self._nodes.ask(node, TellPart(self._what))
        except Unanswered:
            # It says once a second where it stands: then it is asked again.
            return
        finally:
            known.asking = False
        if self._known.get(node) is known and isinstance(answer, Part) and answer.state > known.state:
            known.state = answer.state
            entries = {(name, key): value for name, of in answer.entries.items() for key, value in of.items()}
            self._replace(known, entries)

    def _replace(self, known: _Known, entries: dict[Where, Value]) -> None:
        before, known.entries = known.entries, entries
        for where, value in before.items():
            if where not in entries:
                self._show(where, value, None)
        for where, value in entries.items():
            if before.get(where) != value:
                self._show(where, before.get(where), value)
