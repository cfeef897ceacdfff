"""What a process tells the others of itself."""

from collections import Counter
from collections.abc import Callable, Collection
from fnmatch import fnmatchcase

from renown import __version__
from renown.gateway.hub.hub import Hub
from renown.gateway.hub.maps import MapTable
from renown.gateway.metrics import GatewayMetrics
from renown.gateway.nodes.messages import Count, Counted, Describe, Described
from renown.gateway.nodes.nodes import Nodes

__all__ = ["Telling"]


class Telling:
    """How a process does, and what is watched in it."""

    def __init__(
        self,
        nodes: Nodes,
        hub: Hub,
        maps: MapTable,
        *,
        metrics: GatewayMetrics,
        users: Collection[str],
        uptime: Callable[[], float],
    ) -> None:
        """`users`: who is connected."""
        self._hub = hub
        self._maps = maps
        self._metrics = metrics
        self._users = users
        self._uptime = uptime
        nodes.answer(Describe, self._describe)
        nodes.answer(Count, self._count)

    def watched(self, pattern: str = "") -> dict[str, int]:
        """Return the channels that are watched in this process, with their number of subscribers."""
        watched: Counter[str] = Counter()
        for channels in (self._hub.channels, self._maps.channels):
            for name, channel in channels.items():
                if not pattern or fnmatchcase(name, pattern):
                    watched[name] += len(channel.members)
        return dict(watched)

    def describe(self) -> Described:
        """Tell how this process does."""
        metrics = self._metrics
        return Described(
            __version__,
            metrics.connections,
            tuple(self._users),
            metrics.subscriptions,
            metrics.channels,
            int(self._uptime()),
        )

    async def _describe(self, _node: str, _question: Describe) -> Described:
        return self.describe()

    async def _count(self, _node: str, wanted: Count) -> Counted:
        return Counted(self.watched(wanted.pattern))
