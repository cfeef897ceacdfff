"""Lets the other processes look at once into a file that this one has committed to.

Of events they would find out by themselves within a fraction of a second: what they are told only makes it
sooner. Not so of persons who were forgotten, which is no event.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from renown.gateway.nodes.messages import Stirred
from renown.gateway.nodes.nodes import Nodes

__all__ = ["LEDGER", "PERSONS", "ROOMS", "Stirring"]

LEDGER: Final = "ledger"
ROOMS: Final = "rooms"
PERSONS: Final = "persons"
"""What the ledger says of who did something."""
_LOG = logging.getLogger("renown.gateway")
_PAUSE: Final = 0.01
"""Seconds between two looks into a file, at least: commits may follow each other closely."""


class Stirring:
    """Tells of own commits, and looks after those of others."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._untold: set[str] = set()
        self._looks: dict[str, Callable[[], Awaitable[None]]] = {}
        self._wanted: set[str] = set()
        self._looking: set[str] = set()
        nodes.hear(Stirred, self._hear)

    def look(self, what: str, sweep: Callable[[], Awaitable[None]]) -> None:
        """Have `sweep` look into a file whenever another process has committed to it."""
        self._looks[what] = sweep

    def stir(self, what: str) -> None:
        """Tell the others of a commit, once in a tick."""
        if self._nodes.alone or what in self._untold:
            return
        if not self._untold:
            asyncio.get_running_loop().call_soon(self._tell)
        self._untold.add(what)

    def _tell(self) -> None:
        untold, self._untold = self._untold, set()
        for what in untold:
            self._nodes.tell(Stirred(what))

    def _hear(self, _node: str, stirred: Stirred) -> None:
        what = stirred.what
        if what not in self._looks:
            return
        self._wanted.add(what)
        if what not in self._looking:
            self._looking.add(what)
            self._nodes.run(self._look(what))

    async def _look(self, what: str) -> None:
        try:
            while what in self._wanted:
                self._wanted.discard(what)
                await self._looks[what]()
                await asyncio.sleep(_PAUSE)
        except Exception:
            # It is looked for several times a second anyhow, and said there what is wrong.
            _LOG.debug("cannot look into the %s now", what, exc_info=True)
        finally:
            self._looking.discard(what)
