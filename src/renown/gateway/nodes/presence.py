"""Who is present with other processes.

Each node counts its own comings and goings: the count is its *state*. It tells what led from one state to the
next, and once a second which state it is at; whoever finds that it lacks something asks for the whole. So
nothing that is lost, repeated or comes late makes a lasting difference, and what is known of a node that is
gone is dropped as one.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import msgspec

from renown.gateway.channels import Address
from renown.gateway.hub.presence import Presences
from renown.gateway.nodes.messages import Moved, PresenceAt, PresenceNews, Present, WhoIsThere
from renown.gateway.nodes.nodes import Nodes, Unanswered
from renown.gateway.nodes.packing import PackedInfo, pack_info, unpack_info
from renown.protocol.codes import Error
from renown.protocol.replies import ClientInfo

__all__ = ["SharedPresence"]

_LOG = logging.getLogger("renown.gateway")
_UNKNOWN: Final = -1

Where = tuple[str, str]
"""Channel and client id."""


class _Known(msgspec.Struct):
    """Who is present with another node, as of a state of it."""

    state: int = _UNKNOWN
    there: dict[Where, PackedInfo] = {}
    asking: bool = False


class SharedPresence:
    """Tells the others who is present here, and keeps in `presences` who is present there."""

    def __init__(self, nodes: Nodes, presences: Presences, find: Callable[[str], Address | Error]) -> None:
        """`find` takes a channel's name apart."""
        self._nodes = nodes
        self._presences = presences
        self._find = find
        self._state = 0
        self._told = 0
        """The state that the others were told of last."""
        self._news: list[Moved] = []
        self._known: dict[str, _Known] = {}
        presences.moved = self._moved
        nodes.watch(self)
        nodes.hear(PresenceNews, self._hear_news)
        nodes.hear(PresenceAt, self._hear_state)
        nodes.answer(WhoIsThere, self._say_who)
        nodes.pulse(self._say_state)

    async def learn(self) -> None:
        """Return when it is known who is present with those who are there, or they do not say so."""
        await asyncio.gather(*(self._learn(node) for node in self._nodes.others))

    # What happens here

    def _moved(self, joined: bool, channel: str, info: ClientInfo) -> None:
        self._state += 1
        if self._nodes.alone:
            self._told = self._state
            return
        if not self._news:
            asyncio.get_running_loop().call_soon(self._tell)
        self._news.append(Moved(joined, channel, pack_info(info)))

    def _tell(self) -> None:
        news, self._news = self._news, []
        if news:
            before, self._told = self._told, self._state
            self._nodes.tell(PresenceNews(before, self._told, tuple(news)))

    def _say_state(self) -> PresenceAt:
        return PresenceAt(self._told)

    async def _say_who(self, _asker: str, _question: WhoIsThere) -> Present:
        self._tell()
        here = self._presences.here()
        return Present(self._state, {name: tuple(map(pack_info, each)) for name, each in here.items()})

    # What happens elsewhere

    def came(self, node: str) -> None:
        """Ask a new node who is present with it."""
        self._known[node] = _Known()
        self._nodes.run(self._learn(node))

    def left(self, node: str) -> None:
        """Let all be gone who were present with a node."""
        known = self._known.pop(node, None)
        if known is not None:
            self._replace(known, {})

    def led(self) -> None:
        """Nothing to note: who leads does not matter here."""

    def _hear_news(self, node: str, news: PresenceNews) -> None:
        known = self._known.get(node)
        if known is None or news.after <= known.state:
            return
        if news.before != known.state:
            self._lack(node, known)
            return
        known.state = news.after
        for move in news.moves:
            where = move.channel, move.info.client
            if move.joined:
                known.there[where] = move.info
            else:
                known.there.pop(where, None)
            self._show(move.joined, move.channel, move.info)

    def _hear_state(self, node: str, at: PresenceAt) -> None:
        known = self._known.get(node)
        if known is not None and known.state < at.state:
            self._lack(node, known)

    def _lack(self, node: str, known: _Known) -> None:
        if not known.asking:
            self._nodes.run(self._learn(node))

    async def _learn(self, node: str) -> None:
        known = self._known.get(node)
        if known is None or known.asking:
            return
        known.asking = True
        try:
            answer = await self._nodes.ask(node, WhoIsThere())
        except Unanswered:
            # It says once a second where it stands: then it is asked again.
            return
        finally:
            known.asking = False
        if self._known.get(node) is known and isinstance(answer, Present) and answer.state > known.state:
            known.state = answer.state
            there = {(name, info.client): info for name, each in answer.channels.items() for info in each}
            self._replace(known, there)

    def _replace(self, known: _Known, there: dict[Where, PackedInfo]) -> None:
        before, known.there = known.there, there
        for where, info in before.items():
            if where not in there:
                self._show(False, where[0], info)
        for where, info in there.items():
            if before.get(where) != info:
                self._show(True, where[0], info)

    def _show(self, joined: bool, channel: str, info: PackedInfo) -> None:
        address = self._find(channel)
        if isinstance(address, Error):
            _LOG.warning("another process has a channel that this one does not know: %s", channel)
        else:
            self._presences.move(joined, address, unpack_info(info))
