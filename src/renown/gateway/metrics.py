"""What the gateway counts: plain numbers on the hot path, read by Prometheus when it asks."""

import logging
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from typing import Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from renown.gateway.channels import Address
from renown.gateway.loops import Loops
from renown.gateway.wires import Wire
from renown.protocol.codes import Disconnect
from renown.protocol.replies import Reply, SubscribeResult

__all__ = ["LATENCY_BOUNDS", "GatewayMetrics"]

_LOG = logging.getLogger("renown.gateway")
_SDKS: Final = frozenset(
    ("js", "python", "go", "dart", "swift", "java", "csharp", "renown", "renown-live", "widget")
)
_VERSION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,23}\Z")
_VERSIONS: Final = 50
"""Versions told apart; clients could name any number of them."""
LATENCY_BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper ends of the ranges that delivery latencies are counted in, in seconds; the last has none."""

Client = tuple[str, str, str, str]
"""Transport, protocol, SDK, its version."""


class GatewayMetrics(Collector):
    """Counters since the start, and how much is open now."""

    def __init__(self) -> None:
        self.connections = 0
        """Open now."""
        self.connected = 0
        """Ever opened."""
        self.clients: Counter[Client] = Counter()
        """Open now and past their connect command."""
        self.connects: Counter[str] = Counter()
        """Connect commands, by outcome: `ok`, or the code of the error or the close."""
        self.subscribes: Counter[str] = Counter()
        """Subscriptions made, by what came of recovery: `new`, `recovered`, `unrecovered`."""
        self.errors: Counter[int] = Counter()
        """Errors in replies, by code."""
        self.loops = Loops()
        """Users that connect again and again."""
        self.subscriptions = 0
        """Standing now."""
        self.subscriptions_in: Counter[str] = Counter()
        """Standing now, by namespace."""
        self.channels = 0
        """Watched now."""
        self.publications = 0
        """Sent to a channel, each once however many watch it."""
        self.publications_in: Counter[str] = Counter()
        """The same, by namespace."""
        self.deliveries = 0
        """Publications written to connections."""
        self.conflated = 0
        """States replaced by a newer one before their channel spoke."""
        self.dropped = 0
        """Publications of newest-state channels not written to slow connections."""
        self.messages = 0
        """Received from clients."""
        self.closes: Counter[int] = Counter()
        """Connections ended by the server, by close code."""
        self.unsent: Callable[[], Iterable[int]] = tuple[int, ...]
        """Asks how many bytes wait to be sent to each connection."""
        self.joining: Callable[[], int] = int
        """Asks how many subscriptions are being made."""
        self.latency = [0] * (len(LATENCY_BOUNDS) + 1)
        """Publications by how long after their commit they were written: one count for each range."""
        self._latency_sum = 0.0
        self._versions: set[str] = set()

    # What connections tell

    def opened(self, wire: Wire, sdk: str, version: str, user: str, now: float) -> None:
        """Count a connection whose connect command succeeded."""
        client = self._client(wire, sdk, version)
        self.clients[client] += 1
        if self.loops.connected(user, now):
            _LOG.warning(
                "the user %r connects again and again, last by %s", user, " ".join(filter(None, client))
            )

    def left(self, wire: Wire, sdk: str, version: str) -> None:
        """Count a connection as gone that was `opened`."""
        client = self._client(wire, sdk, version)
        self.clients[client] -= 1
        if not self.clients[client]:
            del self.clients[client]

    def replied(self, reply: Reply, *, connected: bool) -> None:
        """Count what a reply says came of a command."""
        if reply.error is not None:
            self.errors[reply.error.code] += 1
            if not connected:
                self.connects[str(reply.error.code)] += 1
        elif reply.connect is not None:
            self.connects["ok"] += 1
            for result in reply.connect.subs.values():
                self._made(result)
        elif reply.subscribe is not None:
            self._made(reply.subscribe)

    def closed(self, why: Disconnect, *, connected: bool) -> None:
        """Count a connection that the server ends."""
        self.closes[why.code] += 1
        if not connected:
            self.connects[str(why.code)] += 1

    def _made(self, result: SubscribeResult) -> None:
        if not result.was_recovering:
            self.subscribes["new"] += 1
        else:
            self.subscribes["recovered" if result.recovered else "unrecovered"] += 1

    def _client(self, wire: Wire, sdk: str, version: str) -> Client:
        return (
            wire.name,
            "json" if wire.codec.json else "protobuf",
            sdk if sdk in _SDKS else "other" if sdk else "",
            self._known(version),
        )

    def _known(self, version: str) -> str:
        # Once a version is told apart it stays so, and so does one that came too late: what is counted up
        # under a name is counted down under it.
        if not version or version in self._versions:
            return version
        if len(self._versions) >= _VERSIONS or not _VERSION.match(version):
            return "other"
        self._versions.add(version)
        return version

    # What the hub tells

    def subscribed(self, address: Address, change: int) -> None:
        """Count subscriptions that were made, or are gone."""
        self.subscriptions += change
        self.subscriptions_in[address.namespace] += change

    def published(self, address: Address, count: int) -> None:
        """Count publications sent to a channel."""
        self.publications += count
        self.publications_in[address.namespace] += count

    def delivered(self, seconds: float) -> None:
        """Note how long after its commit a publication was written to its watchers."""
        self.latency[bisect_left(LATENCY_BOUNDS, seconds)] += 1
        self._latency_sum += seconds

    # What Prometheus asks

    def collect(self) -> Iterator[Metric]:
        """Yield the numbers in Prometheus' form."""
        yield from self._gauges()
        yield from self._counters()
        counts = list(accumulate(self.latency))
        buckets = [(str(bound), float(count)) for bound, count in zip(LATENCY_BOUNDS, counts, strict=False)]
        yield HistogramMetricFamily(
            "renown_gateway_delivery_seconds",
            "Time from commit to the writing of a publication.",
            buckets=[*buckets, ("+Inf", float(counts[-1]))],
            sum_value=self._latency_sum,
        )

    def _gauges(self) -> Iterator[Metric]:
        unsent = list(self.unsent())
        for name, what, value in (
            ("connections", "Open connections.", self.connections),
            ("channels", "Channels with watchers.", self.channels),
            ("joining", "Subscriptions being made.", self.joining()),
            ("unsent_bytes", "Bytes waiting to be sent.", sum(unsent)),
            ("unsent_bytes_largest", "The most that waits for one connection.", max(unsent, default=0)),
            ("reconnect_loops", "Users that connect again and again now.", len(self.loops.flagged)),
        ):
            yield GaugeMetricFamily(f"renown_gateway_{name}", what, value)
        labels = ["transport", "protocol", "sdk", "version"]
        clients = GaugeMetricFamily("renown_gateway_clients", "Connected clients.", labels=labels)
        for client, number in sorted(self.clients.items()):
            clients.add_metric(client, number)
        yield clients
        standing = GaugeMetricFamily(
            "renown_gateway_subscriptions", "Standing subscriptions.", labels=["namespace"]
        )
        for namespace, number in sorted(self.subscriptions_in.items()):
            standing.add_metric([namespace], number)
        yield standing

    def _counters(self) -> Iterator[Metric]:
        for name, what, value in (
            ("connected", "Connections opened.", self.connected),
            ("deliveries", "Publications written to connections.", self.deliveries),
            ("conflated", "States replaced by a newer one before their channel spoke.", self.conflated),
            ("dropped", "Publications not written to slow connections.", self.dropped),
            ("messages", "Messages received from clients.", self.messages),
        ):
            yield CounterMetricFamily(f"renown_gateway_{name}", what, value)
        yield _labelled("publications", "Publications sent, each once.", "namespace", self.publications_in)
        yield _labelled("connects", "Connect commands.", "outcome", self.connects)
        yield _labelled("subscribes", "Subscriptions made.", "outcome", self.subscribes)
        yield _labelled("errors", "Errors in replies.", "code", self.errors)
        yield _labelled("closes", "Connections ended by the server.", "code", self.closes)


def _labelled(name: str, what: str, label: str, counted: Counter[str] | Counter[int]) -> Metric:
    family = CounterMetricFamily(f"renown_gateway_{name}", what, labels=[label])
    for value, number in sorted(counted.items()):
        family.add_metric([str(value)], number)
    return family
